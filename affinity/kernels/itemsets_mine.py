"""Frequent itemsets by occurrence deliver: for each prefix, read the rows that hold it, then go on with what is frequent.

Items are ranks, 0 the most frequent; a prefix is extended by smaller ranks, so rare items have short lists
and frequent items few partners. A conditional database of at most 62 items goes on as masks of bits, a larger
one as rows of its own.
"""

from __future__ import annotations

from numba import njit

from affinity.kernels.intrinsics import get, prefetch
from affinity.kernels.itemsets_masks import merge_equal, mine_masks, mine_table, table_is_worth_it
from affinity.kernels.itemsets_rows import AHEAD, sort_run
from affinity.kernels.itemsets_write import add_choices, add_itemset

#: A conditional database of so many items is one of masks; it leaves 64-bit masks a sign and a bit to spare.
MASK_ITEMS = 62


@njit(nogil=True, cache=True)
def _count_smaller(flat, place_of, first, last, total, seen):
    """Add to ``total`` the rows that hold each rank before the listed places.

    Returns how many ranks were met; they stand in ``seen`` (as long as total, and one more) in any order.
    """
    size = 0
    for k in range(first, last):
        prefetch(flat, get(place_of, min(k + AHEAD, last - 1)) - 1)
        at = get(place_of, k) - 1
        code = get(flat, at)
        while code >= 0:  # a row has −1 before it
            before = get(total, code)
            seen[size] = code
            size += before == 0
            total[code] = before + 1
            at -= 1
            code = get(flat, at)
    return size


@njit(nogil=True, cache=True)
def _take_frequent(total, seen, size, rank, count, min_count, found, found_count, names, perfect, n_perfect):
    """Frequent ranks among the ``size`` seen, rising, into ``found`` and ``found_count``; zeroes ``total``.

    Those in all ``count`` baskets of the prefix are perfect. Returns how many were found, and how many are perfect now.
    """
    if size < rank >> 3:
        kept = 0
        for k in range(size):
            code = get(seen, k)
            seen[kept] = code
            kept += get(total, code) >= min_count
            if get(total, code) < min_count:
                total[code] = 0
        sort_run(seen, 0, kept)
    else:
        kept = 0
        for code in range(rank):
            n_both = total[code]
            seen[kept] = code
            kept += n_both >= min_count
            total[code] = n_both if n_both >= min_count else 0
    size, kept = kept, 0
    for k in range(size):
        code = get(seen, k)
        if total[code] == count:
            perfect[n_perfect] = names[code]
            n_perfect += 1
        else:
            found[kept] = code
            found_count[kept] = total[code]
            kept += 1
        total[code] = 0
    return kept, n_perfect


@njit(nogil=True, cache=True)
def _make_masks(flat, place_of, first, last, bit_of, masks, weights):
    """The rows before the listed places as masks, where they hold at least two ranks that have a bit; −1: no room."""
    if len(masks) < last - first + 1:
        return -1
    made = 0
    for k in range(first, last):
        prefetch(flat, get(place_of, min(k + AHEAD, last - 1)) - 1)
        at = get(place_of, k) - 1
        code = get(flat, at)
        mask = 0
        while code >= 0:
            mask |= get(bit_of, code)
            at -= 1
            code = get(flat, at)
        masks[made] = mask
        weights[made] = 1
        made += (mask & (mask - 1)) != 0
    return made


@njit(nogil=True, cache=True)
def _project(flat, place_of, first, last, local, to_flat, to_place_of, to_start, begin, kept, bottom, top):
    """Conditional database: the rows before the listed places, cut to ranks with a local number, and their lists.

    Rows are written from ``bottom`` of ``to_flat`` downwards. Lists are made of the numbers that have no bit in a
    mask (rows without one are left out), from ``top`` of ``to_place_of`` upwards: number n is listed in
    to_place_of[to_start[begin + n] : to_start[begin + n + 1]]. Returns bottom and top then; −1 where there is no room.
    """
    to_start[begin : begin + kept + 2] = 0
    end = bottom
    for k in range(first, last):
        at = get(place_of, k) - 1
        code = get(flat, at)
        if bottom < kept + 1:
            return -1, -1
        place, highest = bottom, -1
        while code >= 0:
            number = get(local, code)
            if number >= 0:
                place -= 1
                to_flat[place] = number
                to_start[begin + number + 2] += number >= MASK_ITEMS
                highest = max(highest, number)
            at -= 1
            code = get(flat, at)
        if highest >= MASK_ITEMS:
            bottom = place - 1
            to_flat[bottom] = -1
    to_start[begin + 1] = top
    for number in range(kept):
        to_start[begin + number + 2] += to_start[begin + number + 1]
    top = to_start[begin + kept + 1]
    if top > len(to_place_of):
        return -1, -1
    for at in range(bottom, end):
        number = get(to_flat, at)
        if number >= MASK_ITEMS:
            to_place_of[to_start[begin + number + 1]] = at
            to_start[begin + number + 1] += 1
    to_start[begin] = to_start[begin + 1]
    return bottom, top


# Oracle: tests/naive.py::frequent_itemsets
@njit(nogil=True, cache=True)
def mine_prefixes(
    task, halt, flat, place_of, start, count, names, own_flat, own_place_of, own_start, own_count, own_names, frames,
    total, seen, found, found_count, bit_of, local, perfect,
    mask_names, mask_pairs, heads, masks, weights, following, slots, bits, table, mask_frames,
    out_item, out_depth, out_count, state,
):  # fmt: skip
    """Write every frequent itemset whose largest rank is in ``task[0]`` to ``task[1]`` (exclusive), depth first.

    task   : int64[4], first and last prefix, min_count, max_size
    halt   : int64[1], other than 0 from outside: stop soon
    flat   : int32, rows of ranks as made by ``rank_rows``; place_of int32, start int64[ranks + 1] : where each rank
             stands behind another, rank r in place_of[start[r] : start[r + 1]]
    count, names : int32[ranks], baskets that hold each rank, and the item to write for it
    own_flat, own_place_of (int32), own_start (int64), own_count, own_names (int32), frames int64[ranks, 6] : scratch for
             the conditional databases of more than 62 items
    total (int32), bit_of (int64)[ranks], zeros; local int32[ranks], −1; seen, found, found_count int32[ranks + 1],
             perfect int32[ranks + 64] : scratch
    mask_names to mask_frames : scratch of ``mine_masks``
    out_item, out_depth, out_count : int32, uint8, int32 of one capacity
    state  : int64[3] out: next prefix, itemsets written, why it stopped (0 done or halted, 1 no room for results,
             2 none for scratch); a prefix is written whole or not at all
    """
    node, end, min_count, max_size = task[0], task[1], task[2], task[3]
    level, written, mark, prefix, failed = 0, 0, 0, node, False
    begin, bottom, top, n_perfect = 0, len(own_flat), 0, 0
    while True:
        if node == end or halt[0]:
            if level == 0 or halt[0]:
                break
            level -= 1
            node, end, begin, bottom = frames[level, 0], frames[level, 1], frames[level, 2], frames[level, 3]
            top, n_perfect = frames[level, 4], frames[level, 5]
            continue
        if level == 0:
            mark, prefix = written, node
            rows, lists, first, last = flat, place_of, start[node], start[node + 1]
            own, n_own, code_of = names[node], count[node], names
        else:
            rows, lists, first, last = own_flat, own_place_of, own_start[begin + node], own_start[begin + node + 1]
            own, n_own, code_of = own_names[begin + node], own_count[begin + node], own_names[begin : begin + end]
        rank, deep, n_more = node, level + 1, n_perfect
        node += 1
        kept = 0
        if deep < max_size and last - first >= min_count:
            size = _count_smaller(rows, lists, first, last, total, seen)
            kept, n_more = _take_frequent(
                total, seen, size, rank, n_own, min_count, found, found_count, code_of, perfect, n_perfect
            )
        written = add_itemset(out_item, out_depth, out_count, written, own, deep, n_own)
        if n_more:
            written = add_choices(out_item, out_depth, out_count, written, deep, n_own, perfect, n_more, max_size)
        if kept == 1 or (kept > 0 and deep + 1 == max_size):
            for k in range(kept):
                code, n_both = code_of[found[k]], found_count[k]
                written = add_itemset(out_item, out_depth, out_count, written, code, deep + 1, n_both)
                if n_more:
                    written = add_choices(out_item, out_depth, out_count, written, deep + 1, n_both, perfect, n_more, max_size)
        elif kept > 0:
            n_bits = min(kept, MASK_ITEMS)
            for k in range(n_bits):
                bit_of[found[k]] = 1 << k
                mask_names[0, k] = code_of[found[k]]
            made = _make_masks(rows, lists, first, last, bit_of, masks, weights)
            for k in range(n_bits):
                bit_of[found[k]] = 0
            failed = made < 0
            if made >= 0 and table_is_worth_it(n_bits, made):
                written = mine_table(
                    made, n_bits, deep, min_count, max_size, mask_names[0], found_count, perfect, n_more,
                    masks, weights, table, out_item, out_depth, out_count, written,
                )  # fmt: skip
            elif made >= 0:
                for k in range(n_bits):
                    mask_pairs[0, k, k] = found_count[k]
                made = merge_equal(masks, weights, 0, made, slots)
                deeper = mine_masks(
                    halt, made, 0, n_bits, deep, min_count, max_size, mask_names, mask_pairs, perfect, n_more,
                    heads, masks, weights, following, slots, bits, table, mask_frames,
                    out_item, out_depth, out_count, written,
                )  # fmt: skip
                failed = deeper < 0
                written = max(written, deeper)
            below = begin + end + 2 if level else 0
            if kept > n_bits and not failed:
                failed = below + kept + 2 > len(own_start)
            if kept > n_bits and not failed:
                for k in range(kept):
                    local[found[k]] = k
                    own_names[below + k] = code_of[found[k]]
                    own_count[below + k] = found_count[k]
                frames[level, 0], frames[level, 1], frames[level, 2], frames[level, 3] = node, end, begin, bottom
                frames[level, 4], frames[level, 5] = top, n_perfect
                bottom, top = _project(
                    rows, lists, first, last, local, own_flat, own_place_of, own_start, below, kept, bottom, top
                )
                failed = bottom < 0
                for k in range(kept):
                    local[found[k]] = -1
                level, node, end, begin, n_perfect = level + 1, n_bits, kept, below, n_more
        if failed or written > len(out_item):
            state[0], state[1], state[2] = prefix, mark, 2 if failed else 1
            return
    state[0], state[1], state[2] = task[1], written, 0
