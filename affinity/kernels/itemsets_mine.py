"""Frequent itemsets by occurrence deliver: for each prefix, read the rows that hold it, then go on with what is frequent.

Items are ranks, 0 the most frequent; a prefix is extended by smaller ranks, so rare items have short lists and
frequent items few partners. The conditional database of a prefix goes on as columns of bits or as masks of bits.
"""

from __future__ import annotations

from numba import njit, void

from affinity.kernels.array_types import COLUMNS, MASKS, N32, N64, TRIE, N
from affinity.kernels.intrinsics import get, prefetch, put
from affinity.kernels.itemsets_columns import make_columns, masks_are_worth_it, mine_columns, mine_small
from affinity.kernels.itemsets_rows import AHEAD, sort_run
from affinity.kernels.itemsets_write import add_choices, add_itemset

#: All ranks below a prefix are looked through when its rows are at least one in so many of them.
_RANKS_A_ROW = 8


@njit(void(N32, N32, N, N, N32), nogil=True, cache=True)
def _count_smaller(flat, place_of, first, last, total):
    """Add to ``total`` the rows that hold each rank before the listed places."""
    for k in range(first, last):
        prefetch(flat, get(place_of, min(k + AHEAD, last - 1)) - 1)
        at = get(place_of, k) - 1
        code = get(flat, at)
        while code >= 0:  # a row has −1 before it
            put(total, code, get(total, code) + 1)
            at -= 1
            code = get(flat, at)


@njit(N(N32, N32, N, N, N32, N32), nogil=True, cache=True)
def _count_and_list_smaller(flat, place_of, first, last, total, seen):
    """The same, and the ranks met into ``seen`` (as long as total, and one more) in any order; returns how many."""
    size = 0
    for k in range(first, last):
        prefetch(flat, get(place_of, min(k + AHEAD, last - 1)) - 1)
        at = get(place_of, k) - 1
        code = get(flat, at)
        while code >= 0:
            before = get(total, code)
            put(seen, size, code)
            size += before == 0
            put(total, code, before + 1)
            at -= 1
            code = get(flat, at)
    return size


@njit(N(N32, N32, N, N, N, N, N32, N32), nogil=True, cache=True)
def _find_frequent(flat, place_of, first, last, rank, min_count, total, seen):
    """Ranks below ``rank`` in at least ``min_count`` of the rows before the listed places, rising, into ``seen``.

    total : zeros, left as the counts of the ranks found and zeros. Returns how many were found.
    """
    kept = 0
    if (last - first) * _RANKS_A_ROW < rank:
        size = _count_and_list_smaller(flat, place_of, first, last, total, seen)
        for k in range(size):
            code = get(seen, k)
            count = get(total, code)
            put(seen, kept, code)
            put(total, code, count if count >= min_count else 0)
            kept += count >= min_count
        sort_run(seen, 0, kept)
        return kept
    _count_smaller(flat, place_of, first, last, total)
    for code in range(rank):
        count = get(total, code)
        put(seen, kept, code)
        put(total, code, count if count >= min_count else 0)
        kept += count >= min_count
    return kept


@njit(N(N32, N32, N, N, N64, N64, N32), nogil=True, cache=True)
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
        put(masks, made, mask)
        put(weights, made, 1)
        made += (mask & (mask - 1)) != 0
    return made


@njit(N(N64, N32, N32, N, N, N, N, N, N32, N32, N32, N32, N, N64, N32, *COLUMNS, *MASKS, *TRIE, N), nogil=True, cache=True)
def _mine_conditional(
    halt, flat, place_of, first, last, k, min_count, max_size, found, own_names, own_counts, perfect, n_perfect,
    bit_of, column_of, cells, active, values, both, frames,
    mask_names, pairs, heads, masks, weights, following, slots, bits, table, mask_frames,
    out_item, out_depth, out_count, written,
):  # fmt: skip
    """The itemsets of a prefix and one and more of ``k`` ranks ``found`` in its rows; see ``mine_columns``."""
    n_bits = 0
    for i in range(k):
        n_bits += own_counts[i]
    if masks_are_worth_it(k, last - first, n_bits):
        for i in range(k):
            bit_of[found[i]] = 1 << i
            mask_names[0, i] = own_names[i]
        made = _make_masks(flat, place_of, first, last, bit_of, masks, weights)
        for i in range(k):
            bit_of[found[i]] = 0
        if made < 0:
            return -1
        return mine_small(
            halt, made, k, 1, min_count, max_size, own_counts, 0, perfect, n_perfect,
            mask_names, pairs, heads, masks, weights, following, slots, bits, table, mask_frames,
            out_item, out_depth, out_count, written,
        )  # fmt: skip
    for i in range(k):
        column_of[found[i]] = i + 1
    words = make_columns(flat, place_of, first, last, column_of, k, found[k:], cells, both)
    for i in range(k):
        column_of[found[i]] = 0
    if words < 0:
        return -1
    return mine_columns(
        halt, words, k, 1, min_count, max_size, own_names, own_counts, perfect, n_perfect, cells, active, values, both, frames,
        mask_names, pairs, heads, masks, weights, following, slots, bits, table, mask_frames,
        out_item, out_depth, out_count, written,
    )  # fmt: skip


# Oracle: tests/naive.py::frequent_itemsets
@njit(nogil=True, cache=True)
def mine_prefixes(
    task, halt, flat, place_of, start, count, names, total, seen, own_names, own_counts, perfect, bit_of, column_of,
    cells, active, values, both, frames,
    mask_names, pairs, heads, masks, weights, following, slots, bits, table, mask_frames,
    out_item, out_depth, out_count, state,
):  # fmt: skip
    """Write every frequent itemset whose largest rank is in ``task[0]`` to ``task[1]`` (exclusive), depth first.

    task   : int64[4], first and last prefix, min_count, max_size; halt : int64[1], other than 0 from outside: stop soon
    flat   : int32, rows of ranks as made by ``rank_rows``; place_of int32, start int64[ranks + 1] : where each rank
             stands behind another, rank r in place_of[start[r] : start[r + 1]]
    count, names : int32[ranks], baskets that hold each rank, and the item to write for it
    total, column_of (int32), bit_of (int64)[ranks], zeros; seen, own_names, own_counts : int32[2·ranks and more];
             perfect int32[ranks + 64]; cells to mask_frames as in ``mine_columns``  : scratch
    out_item, out_depth, out_count : int32, uint8, int32 of one capacity
    state  : int64[3] out: next prefix, itemsets written, why it stopped (0 done or halted, 1 no room for results,
             2 none for scratch); a prefix is written whole or not at all
    """
    min_count, max_size, written = task[2], task[3], 0
    for rank in range(task[0], task[1]):
        mark, first, last, n_perfect, kept = written, start[rank], start[rank + 1], 0, 0
        if max_size > 1 and last - first >= min_count:
            size = _find_frequent(flat, place_of, first, last, rank, min_count, total, seen)
            for k in range(size):
                code = seen[k]
                if total[code] == count[rank]:
                    perfect[n_perfect] = names[code]
                    n_perfect += 1
                else:
                    seen[kept] = code
                    own_names[kept] = names[code]
                    own_counts[kept] = total[code]
                    kept += 1
                total[code] = 0
        written = add_itemset(out_item, out_depth, out_count, written, names[rank], 1, count[rank])
        if n_perfect:
            written = add_choices(out_item, out_depth, out_count, written, 1, count[rank], perfect, n_perfect, max_size)
        if kept == 1 or max_size == 2:
            for k in range(kept):
                written = add_itemset(out_item, out_depth, out_count, written, own_names[k], 2, own_counts[k])
                if n_perfect:
                    written = add_choices(
                        out_item, out_depth, out_count, written, 2, own_counts[k], perfect, n_perfect, max_size
                    )
        elif kept > 1:
            written = _mine_conditional(
                halt, flat, place_of, first, last, kept, min_count, max_size, seen, own_names, own_counts, perfect, n_perfect,
                bit_of, column_of, cells, active, values, both, frames,
                mask_names, pairs, heads, masks, weights, following, slots, bits, table, mask_frames,
                out_item, out_depth, out_count, written,
            )  # fmt: skip
        if halt[0]:
            break
        if written < 0 or written > len(out_item):
            state[0], state[1], state[2] = rank, mark, 2 if written < 0 else 1
            return
    state[0], state[1], state[2] = task[1], written, 0
