"""Closed and maximal itemsets of all baskets, of which those of one prefix at a time are made rows of bits."""

from __future__ import annotations

from numba import njit

from affinity.kernels.intrinsics import get, prefetch
from affinity.kernels.itemsets_closed import add_set, close_rows, gather_rows, make_columns
from affinity.kernels.itemsets_rows import AHEAD, sort_run


# Oracle: tests/naive.py::transposed
@njit(nogil=True, cache=True)
def list_places(flat, next_free, place_of):
    """Write where each rank stands in ``flat`` (int32, −1 between rows): place_of[next_free[rank]], advancing it."""
    for at in range(len(flat)):
        rank = get(flat, at)
        if rank >= 0:
            place_of[next_free[rank]] = at
            next_free[rank] += 1


@njit(nogil=True, cache=True)
def _count_rows(flat, place_of, first, last, total, seen):
    """Add to ``total`` the rows at the listed places that hold each rank; the ranks met go to ``seen``."""
    met = 0
    for k in range(first, last):
        prefetch(flat, get(place_of, min(k + AHEAD, last - 1)))
        for step in (-1, 1):
            at = get(place_of, k) + step
            while 0 <= at < len(flat) and get(flat, at) >= 0:
                rank = get(flat, at)
                before = get(total, rank)
                seen[met] = rank
                met += before == 0
                total[rank] = before + 1
                at += step
    return met


@njit(nogil=True, cache=True)
def _same_next(flat, place_of, first, last):
    """Whether the same rank stands right behind all listed places: one look, where whole rows would show it too."""
    rank = flat[place_of[first] + 1] if place_of[first] + 1 < len(flat) else -1
    k = first
    while rank >= 0 and k < last and place_of[k] + 1 < len(flat) and flat[place_of[k] + 1] == rank:
        k += 1
    return k == last


@njit(nogil=True, cache=True)
def _number_frequent(node, n_rows, min_count, rank_names, total, seen, met, local, names, cands, cand_count, path):
    """Number the frequent ranks of the rows of a prefix from 0, rising, and list those below it as candidates.

    Ranks in all rows go to ``path`` behind the prefix; zeroes ``total`` and leaves the numbered ranks in ``seen``.
    Returns (numbers, candidates, size of the path), the path as 0 when a rank above the prefix is in all rows: its
    itemsets are found there.
    """
    size, kept = 1, 0
    path[0] = rank_names[node]
    for k in range(met):
        rank = get(seen, k)
        count = get(total, rank)
        if count == n_rows:
            path[size] = rank_names[rank]
            size = 0 if rank > node or size == 0 else size + 1
        seen[kept] = rank
        kept += min_count <= count < n_rows
        if not min_count <= count < n_rows:
            total[rank] = 0
    sort_run(seen, 0, kept)
    n_cands = 0
    for number in range(kept):
        rank = seen[number]
        local[rank] = number
        names[number] = rank_names[rank]
        if rank < node:
            cands[number] = number
            cand_count[number] = total[rank]
            n_cands += 1
        total[rank] = 0
    return kept, n_cands, size


@njit(nogil=True, cache=True)
def _set_bits(flat, place_of, first, last, local, width, words, weights, picked):
    """The rows at the listed places as bits of local numbers (−1: none), each picked, of weight 1."""
    for row in range(last - first):
        picked[row] = row
        weights[row] = 1
        words[row * width : (row + 1) * width] = 0
        for step in (-1, 1):
            at = get(place_of, first + row) + step
            while 0 <= at < len(flat) and get(flat, at) >= 0:
                number = get(local, get(flat, at))
                if number >= 0:
                    words[row * width + (number >> 6)] |= 1 << (number & 63)
                at += step


@njit(nogil=True, cache=True)
def _make_rows(
    flat, place_of, first, last, local, width, n_bits, n_cands, maximal, words, weights, picked, keep, slots,
    columns, planes, inside,
):  # fmt: skip
    """The first rows of ``close_rows`` for the listed places, and the columns where they are needed.

    Returns (rows, −1 without room; words of a column; planes).
    """
    begin = last - first
    if (begin + 1) * width > len(words) or begin > len(weights):
        return -1, 0, 0
    _set_bits(flat, place_of, first, last, local, width, words, weights, picked)
    keep[:width] = -1
    low_words = min((n_cands >> 6) + 1, width)
    n_picked, n_column, n_planes = begin, 0, 0
    if maximal:
        end = gather_rows(words, weights, width, picked, n_picked, n_cands, keep, width, -1, begin, slots)
        if end < 0:
            return -1, 0, 0
        n_picked = end - begin
        for k in range(n_picked):
            picked[k] = begin + k
        n_column = (n_picked + 63) >> 6
        n_planes = make_columns(
            words[begin * width : end * width], weights[begin:end], width, n_picked, n_bits, columns, planes
        )
        if n_planes < 0:
            return -1, 0, 0
        inside[:n_column] = -1
        begin = end
    end = gather_rows(
        words, weights, width, picked, n_picked, n_cands, keep, low_words, (1 << (n_cands & 63)) - 1, begin, slots
    )
    if end < 0:
        return -1, 0, 0
    for k in range((end - begin) * width):
        words[k] = words[begin * width + k]
    for k in range(end - begin):
        weights[k] = weights[begin + k]
    return end - begin, n_column, n_planes


# Oracle: tests/naive.py::closed_itemsets
@njit(nogil=True, cache=True)
def close_prefixes(
    task, halt, flat, place_of, start, rank_names, seen, local, names, words, weights, picked, slots, cands, cand_count,
    frames, total, both, keep, path, columns, planes, inside, chosen, out_item, out_size, out_count, state,
):  # fmt: skip
    """Write the closed or maximal itemsets whose largest rank is from ``task[0]`` to ``task[1]`` (exclusive).

    task     : int64[6], the others as in ``close_rows``, and so are halt, the scratch and the results
    flat     : int32, rows of ranks with −1 between; rank r stands at place_of[start[r] : start[r + 1]] (int32, int64)
    rank_names : int32[ranks], items; seen int32[ranks + 1], local int32[ranks], −1 : scratch
    state    : int64[5] out: next prefix, itemsets written, their items, why it stopped (0 done or halted, 1 no room for
               results, 2 for scratch), itemsets there with those of an unfinished prefix, which do not count
    A prefix is written whole or not at all.
    """
    made = state[1:3]
    state[0:5] = 0
    for node in range(task[0], task[1]):
        state[0] = node
        sets, items = made[0], made[1]
        first, last = start[node], start[node + 1]
        if _same_next(flat, place_of, first, last):
            continue
        met = _count_rows(flat, place_of, first, last, total, seen)
        numbers, n_cands, size = _number_frequent(
            node, last - first, task[2], rank_names, total, seen, met, local, names, cands, cand_count, path
        )  # fmt: skip
        width = max((numbers + 63) >> 6, 1)
        stopped = 0
        if 0 < size <= task[4]:
            if size >= task[3] and (task[5] == 0 or numbers == 0):
                add_set(out_item, out_size, out_count, made, path, size, last - first)
            if n_cands > 0 and size < task[4]:
                n_rows, n_column, n_planes = _make_rows(
                    flat, place_of, first, last, local, width, numbers, n_cands, task[5] == 1, words, weights, picked, keep,
                    slots, columns, planes, inside,
                )  # fmt: skip
                stopped = 2
                if n_rows >= 0:
                    stopped = close_rows(
                        task, halt, n_rows, width, 0, n_cands, size, numbers, n_column, n_planes, names, words, weights,
                        picked, slots, cands, cand_count, frames, total, both, keep, path, columns, planes, inside, chosen,
                        out_item, out_size, out_count, made,
                    )  # fmt: skip
        for k in range(numbers):
            local[seen[k]] = -1
        if stopped == 0 and (made[0] > len(out_size) or made[1] > len(out_item)):
            stopped = 1
        state[4] = made[0] - stopped % 2
        if stopped:
            made[0], made[1], state[3] = sets, items, stopped
            return
        if halt[0]:
            return
    state[0] = task[1]


# Oracle: tests/naive.py::sets_by_size
@njit(nogil=True, cache=True)
def deal_by_size(item, size, count, place_of, next_place, next_row, to_item, to_count):
    """Write itemsets, the places of their items rising, behind those of the same size.

    item, size, count : int32, itemsets one behind the other; place_of : int32[n_items], what to write for an item
    next_place, next_row : int64[largest size + 1], where the next one of a size goes in ``to_item`` and ``to_count``
    """
    begin = 0
    for row in range(len(size)):
        n = size[row]
        to = next_place[n]
        for k in range(n):
            to_item[to + k] = place_of[item[begin + k]]
        sort_run(to_item, to, to + n)
        to_count[next_row[n]] = count[row]
        next_place[n] = to + n
        next_row[n] += 1
        begin += n
