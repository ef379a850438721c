"""Frequent itemsets by occurrence deliver: for each prefix, read the rows that hold it once, then recurse.

Items are ranks, 0 the most frequent; a prefix is extended by smaller ranks, so rare items have short lists
and frequent items few partners. A conditional database of at most 62 items goes on as masks of bits.
"""

from __future__ import annotations

from numba import njit

from affinity.kernels.itemsets_masks import add_itemset, merge_equal, mine_masks
from affinity.kernels.itemsets_recode import sort_run

_MASK_ITEMS = 62


@njit(nogil=True, cache=True)
def _count_smaller(starts, items, weights, rows, first, last, rank, min_count, total, found):
    """Sort into ``found`` the items below ``rank`` that at least ``min_count`` baskets of the listed rows hold.

    total : their counts; zeros before, and to be zeroed again for the items found. Returns how many there are.
    """
    size = 0
    for k in range(first, last):
        row = rows[k]
        weight = weights[row]
        place = starts[row]
        while items[place] < rank:  # the row holds rank itself, so this ends within it
            code = items[place]
            if total[code] == 0:
                found[size] = code
                size += 1
            total[code] += weight
            place += 1
    kept = 0
    for k in range(size):
        code = found[k]
        if total[code] >= min_count:
            found[kept] = code
            kept += 1
        else:
            total[code] = 0
    sort_run(found, 0, kept)
    return kept


@njit(nogil=True, cache=True)
def _make_masks(starts, items, weights, rows, first, last, rank, local, masks, mask_weights):
    """The listed rows, cut to items with a local number and holding at least two of them, as masks; −1: no room."""
    made = 0
    for k in range(first, last):
        row = rows[k]
        place = starts[row]
        mask = 0
        while items[place] < rank:
            number = local[items[place]]
            if number >= 0:
                mask |= 1 << number
            place += 1
        if mask & (mask - 1):
            if made == len(masks):
                return -1
            masks[made] = mask
            mask_weights[made] = weights[row]
            made += 1
    return made


@njit(nogil=True, cache=True)
def _deliver(starts, items, rows, source, rank, local, l_first, l_last, begin, kept):
    """List, behind the entries before ``begin``, the rows of entry ``source`` that hold each item with a local number.

    l_first, l_last : of the item with local number n at ``begin + n``  out. Returns whether there was room.
    """
    l_last[begin : begin + kept] = 0
    for k in range(l_first[source], l_last[source]):
        place = starts[rows[k]]
        while items[place] < rank:
            if local[items[place]] >= 0:
                l_last[begin + local[items[place]]] += 1  # the number of rows, for now
            place += 1
    row_top = l_last[begin - 1]
    for entry in range(begin, begin + kept):
        l_first[entry] = row_top
        row_top += l_last[entry]
        l_last[entry] = l_first[entry]
    if row_top > len(rows):
        return False
    for k in range(l_first[source], l_last[source]):
        place = starts[rows[k]]
        while items[place] < rank:
            if local[items[place]] >= 0:
                entry = begin + local[items[place]]
                rows[l_last[entry]] = rows[k]
                l_last[entry] += 1
            place += 1
    return True


# Oracle: tests/naive.py::frequent_itemsets
@njit(nogil=True, cache=True)
def mine_prefixes(
    task, starts, items, weights, names, l_item, l_count, l_first, l_last, rows, frames, total, local, found,
    mask_names, mask_pairs, heads, masks, mask_weights, following, slots, bits, table, mask_frames,
    out_item, out_depth, out_count, state,
):  # fmt: skip
    """Write every frequent itemset whose largest rank is in ``task[0]`` to ``task[1]`` (exclusive), depth first.

    task   : int64[4], first and last prefix, min_count, max_size
    starts, items, weights : rows (int64, int32 rising ranks) and how many baskets each stands for (int32)
    names  : int32[ranks], the item to write for a rank
    l_item, l_count (int32), l_first, l_last (int64), rows (int32) : lists of rows: entry e, of rank l_item[e] in
             l_count[e] baskets, is rows[l_first[e]:l_last[e]]. In: one entry a rank, in order; scratch behind them
    frames : int64[ranks + 1, 2]; total, found : int32[ranks] zeros; local : int32[ranks] −1      scratch
    mask_names to mask_frames : scratch of ``mine_masks``
    out_item, out_depth, out_count : int32, uint8, int32 of one capacity
    state  : int64[3] out: next prefix, itemsets written, why it stopped (0 done, 1 no room for results, 2 for scratch)
    A prefix is written whole or not at all.
    """
    entry, end, min_count, max_size = task[0], task[1], task[2], task[3]
    level, written, mark, prefix, failed = 0, 0, 0, entry, False
    while True:
        if entry == end:
            if level == 0:
                break
            level -= 1
            entry, end = frames[level, 0], frames[level, 1]
            continue
        if level == 0:
            mark, prefix = written, entry
        source, deep = entry, level + 1
        entry += 1
        rank = l_item[source]
        if l_count[source] < min_count:
            continue
        written = add_itemset(out_item, out_depth, out_count, written, names[rank], deep, l_count[source])
        if deep < max_size:
            kept = _count_smaller(starts, items, weights, rows, l_first[source], l_last[source], rank, min_count, total, found)
            if kept == 1 or deep + 1 == max_size:
                for k in range(kept):
                    written = add_itemset(out_item, out_depth, out_count, written, names[found[k]], deep + 1, total[found[k]])
            elif kept > 0:
                for k in range(kept):
                    local[found[k]] = k
                if kept <= _MASK_ITEMS:
                    made = _make_masks(
                        starts, items, weights, rows, l_first[source], l_last[source], rank, local, masks, mask_weights
                    )
                    failed = made < 0
                    if not failed:
                        for k in range(kept):
                            mask_names[0, k] = names[found[k]]
                            mask_pairs[0, k, k] = total[found[k]]
                        deeper = mine_masks(
                            merge_equal(masks, mask_weights, 0, made, slots), kept, deep, min_count, max_size,
                            mask_names, mask_pairs, heads, masks, mask_weights, following, slots, bits, table,
                            mask_frames, out_item, out_depth, out_count, written,
                        )  # fmt: skip
                        failed = deeper < 0
                        written = max(written, deeper)
                else:
                    begin = len(names) if level == 0 else end
                    failed = begin + kept > len(l_item)
                    if not failed:
                        for k in range(kept):
                            l_item[begin + k] = found[k]
                            l_count[begin + k] = total[found[k]]
                        failed = not _deliver(starts, items, rows, source, rank, local, l_first, l_last, begin, kept)
                        frames[level, 0], frames[level, 1] = entry, end
                        level, entry, end = level + 1, begin, begin + kept
                for k in range(kept):
                    local[found[k]] = -1
            for k in range(kept):
                total[found[k]] = 0
        if failed or written > len(out_item):
            state[0], state[1], state[2] = prefix, mark, 2 if failed else 1
            return
    state[0], state[1], state[2] = task[1], written, 0
