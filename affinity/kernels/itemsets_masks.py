"""Itemsets of a small conditional database: at most 62 items, a basket is a mask of bits and a weight.

Small ends are counted all at once: the baskets are added into a table of 2**k masks, and a superset-sum
(zeta) transform turns it into the counts of all subsets.
"""

from __future__ import annotations

from numba import int32, njit, void

from affinity.kernels.array_types import MASKS, N32, N64, TRIE, N
from affinity.kernels.intrinsics import count_bits, get, highest_bit, lowest_bit
from affinity.kernels.itemsets_write import add_choices, add_itemset

#: Conditional databases of up to this many items always end in a table, and no larger ones than the second figure.
_SMALL, _LARGEST = 5, 14
#: A table of 2**k is worth it up to this many masks a basket.
_MASKS_A_ROW = 16


@njit(N(N, N64), nogil=True, cache=True)
def _pack(mask, bits):
    """``mask`` with its bit b moved to ``bits[b]``."""
    packed = 0
    while mask:
        packed |= 1 << bits[lowest_bit(mask)]
        mask &= mask - 1
    return packed


@njit(N(N64, N32, N32, N, N, N, N, N64), nogil=True, cache=True)
def _gather(masks, weights, following, row, end, j, keep, bits):
    """Copy behind ``end`` the listed rows that hold at least two of ``keep``, packed; −1 when there is no room."""
    straight = keep == (1 << j) - 1
    place = end
    while row >= 0:
        rest = masks[row] & keep
        if rest & (rest - 1):
            if place == len(masks):
                return -1
            masks[place] = rest if straight else _pack(rest, bits)
            weights[place] = weights[row]
            place += 1
        row = following[row]
    return place


@njit(void(N64, N32, N, N32), nogil=True, cache=True)
def _pass_on(masks, following, j, heads):
    """Take bit ``j`` off its listed rows, and list each under the highest bit it has left; rows of two bits are done."""
    row = heads[j]
    while row >= 0:
        after = following[row]
        rest = masks[row] ^ (1 << j)
        if count_bits(rest) >= 3:
            masks[row] = rest
            highest = highest_bit(rest)
            following[row] = heads[highest]
            heads[highest] = row
        row = after


@njit(N(N64, N32, N, N, N32), nogil=True, cache=True)
def merge_equal(masks, weights, begin, end, slots):
    """Merge equal masks of the rows, adding their weights; returns the new end. slots: int32, 2**n >= 2 rows."""
    rows = end - begin
    size = 16
    while size < 2 * rows:
        size *= 2
    slots[:size] = -1
    last = begin
    for row in range(begin, end):
        mask = masks[row]
        slot = ((mask * 0x2545F4914F6CDD1D) >> 28) & (size - 1)
        while slots[slot] >= 0 and masks[slots[slot]] != mask:
            slot = (slot + 1) & (size - 1)
        if slots[slot] >= 0:
            weights[slots[slot]] += weights[row]
        else:
            slots[slot] = last
            masks[last] = mask
            weights[last] = weights[row]
            last += 1
    return last


@njit(void(N64, N32, N, N, N, N, N64, int32[:, ::1], N32, N32), nogil=True, cache=True)
def _count_pairs(masks, weights, begin, end, least, k, places, pairs, following, heads):
    """pairs[i, j] for j < i, least <= i < k: weight of the rows that hold both; the diagonal is left as it is.

    Rows of three bits or more are listed under their highest bit: heads[bit], then following[row], −1 ends.
    """
    for i in range(k):
        pairs[i, :i] = 0
        heads[i] = -1
    for row in range(begin, end):
        mask = masks[row]
        held = 0
        while mask:
            bit = lowest_bit(mask)
            mask &= mask - 1
            if bit >= least:
                line = pairs[bit]
                for other in range(held):
                    line[places[other]] += weights[row]
            places[held] = bit
            held += 1
        if held >= 3:
            following[row] = heads[places[held - 1]]
            heads[places[held - 1]] = row


@njit(void(N32, N), nogil=True, cache=True)
def _sum_supersets(table, size):
    """table[m] becomes the sum of table[s] over all s that contain m."""
    if size >= 8:
        for at in range(0, size, 8):
            part = table[at : at + 8]
            t1, t2, t3, t4, t5, t6, t7 = part[1], part[2], part[3], part[4], part[5], part[6], part[7]
            part[0] += t1 + t2 + t3 + t4 + t5 + t6 + t7
            part[1] = t1 + t3 + t5 + t7
            part[2] = t2 + t3 + t6 + t7
            part[3] = t3 + t7
            part[4] = t4 + t5 + t6 + t7
            part[5] = t5 + t7
            part[6] = t6 + t7
    step = 8 if size >= 8 else 1
    while step < size:
        for block in range(0, size, 2 * step):
            low, high = table[block : block + step], table[block + step : block + 2 * step]
            for k in range(step):
                low[k] += high[k]
        step *= 2


@njit(N(N32, N, N32, N, N, N, N32, N, *TRIE, N), nogil=True, cache=True)
def _write_table(
    table, k, names, depth, min_count, max_size, perfect, n_perfect, out_item, out_depth, out_count, written
):  # fmt: skip
    """Write the frequent masks of a summed table; numeric order is depth-first order."""
    mask, size = 1, 1 << k
    while mask < size:  # [mask, mask + lowest) holds the subtree of mask
        deep = depth + count_bits(mask)
        count = get(table, mask)
        if count < min_count or deep > max_size:
            mask += mask & -mask
        else:
            written = add_itemset(out_item, out_depth, out_count, written, get(names, lowest_bit(mask)), deep, count)
            if n_perfect:
                written = add_choices(out_item, out_depth, out_count, written, deep, count, perfect, n_perfect, max_size)
            mask += 1
    return written


@njit(void(N64, N32, N32, N, N, N, N64, N, N32, N32), nogil=True, cache=True)
def _fill_table(masks, weights, following, row, j, keep, bits, k, pairs, table):
    """table[m]: rows of the list that hold all of mask m, among the ``k`` items of ``keep``."""
    size = 1 << k
    table[:size] = 0
    straight = keep == (1 << j) - 1
    while row >= 0:
        rest = masks[row] & keep
        if rest & (rest - 1):
            table[rest if straight else _pack(rest, bits)] += weights[row]
        row = following[row]
    _sum_supersets(table, size)
    for bit in range(j):  # rows of a single item were never carried along: their counts are known
        if (keep >> bit) & 1:
            table[1 << bits[bit]] = pairs[bit]


@njit(inline="always", nogil=True, cache=True)
def table_is_worth_it(k, n_rows):
    """Whether ``k`` items of ``n_rows`` rows are counted by a table of their subsets."""
    return k <= _SMALL or (k <= _LARGEST and (1 << k) <= _MASKS_A_ROW * n_rows)


# Oracle: tests/naive.py::frequent_itemsets
@njit(N(N, N, N, N, N, N32, N32, N, N32, N, N64, N32, N32, *TRIE, N), nogil=True, cache=True)
def mine_table(
    n_rows, k, depth, min_count, max_size, names, counts, first_count, perfect, n_perfect, masks, weights, table,
    out_item, out_depth, out_count, written,
):  # fmt: skip
    """Write every frequent itemset made of ``k`` items, all frequent, of the first ``n_rows`` masks.

    counts : int32, baskets of each item from ``first_count`` on; table : int32[2**k] scratch; the rest as in ``mine_masks``
    """
    size = 1 << k
    table[:size] = 0
    for row in range(n_rows):
        table[masks[row]] += weights[row]
    _sum_supersets(table, size)
    for bit in range(k):
        table[1 << bit] = counts[first_count + bit]
    return _write_table(
        table, k, names, depth, min_count, max_size, perfect, n_perfect, out_item, out_depth, out_count, written
    )


# Oracle: tests/naive.py::frequent_itemsets
@njit(N(N64, N, N, N, N, N, N, N32, N, *MASKS, *TRIE, N), nogil=True, cache=True)
def mine_masks(
    halt, n_rows, least, k, depth, min_count, max_size, perfect, n_perfect,
    names, pairs, heads, masks, weights, following, slots, bits, table, frames, out_item, out_depth, out_count, written,
):  # fmt: skip
    """Write the frequent itemsets made of the ``k`` items, all frequent, of the first ``n_rows`` masks.

    Only those whose highest bit is at least ``least``. Items are taken from the highest bit down. The rows of an item
    are those listed under it: when it is done they lose its bit and are listed under the next, so that a row is read
    once a bit, not once an item.

    halt    : int64[1], other than 0 from outside: stop soon; depth : items already fixed
    names   : int32[64, 64], names[0, :k] the items of the bits; pairs : int32[64, 64, 64], pairs[0, b, b] their counts
    perfect : int32[n_perfect and 64 more], items that are in all rows: each itemset is written with all choices of them
    masks   : int64[capacity], at least two bits each; weights : int32[capacity]; both scratch behind n_rows
    heads   : int32[64, 64]; following : int32[capacity]; slots : int32[2**n >= 2 n_rows]; bits : int64[64];
              table : int32[2**14]; frames : int64[64, 4]   scratch
    Returns the number of itemsets so far, also those for which there was no room; −1 when ``masks`` is too short.
    """
    frames[0, 0], frames[0, 1], frames[0, 2], frames[0, 3] = n_rows, n_rows, k - 1, n_perfect
    _count_pairs(masks, weights, 0, n_rows, least, k, bits, pairs[0], following, heads[0])
    level = 0
    while level >= 0 and written <= len(out_item) and halt[0] == 0:
        end, n_rows, j, n_perfect = frames[level, 0], frames[level, 1], frames[level, 2], frames[level, 3]
        if j < 0 or (level == 0 and j < least):
            level -= 1
            continue
        frames[level, 2] = j - 1
        deep = depth + level + 1
        row = pairs[level, j]
        keep = 0
        kept = 0
        for bit in range(j):
            if row[bit] >= min_count:
                if row[bit] == row[j]:
                    perfect[n_perfect] = names[level, bit]
                    n_perfect += 1
                else:
                    keep |= 1 << bit
                    bits[bit] = kept
                    names[level + 1, kept] = names[level, bit]
                    kept += 1
        written = add_itemset(out_item, out_depth, out_count, written, names[level, j], deep, row[j])
        if n_perfect:
            written = add_choices(out_item, out_depth, out_count, written, deep, row[j], perfect, n_perfect, max_size)
        if deep < max_size and kept > 0:
            if kept == 1 or deep + 1 == max_size:
                for bit in range(kept):
                    code, count = names[level + 1, bit], row[lowest_bit(keep)]
                    keep &= keep - 1
                    written = add_itemset(out_item, out_depth, out_count, written, code, deep + 1, count)
                    if n_perfect:
                        written = add_choices(
                            out_item, out_depth, out_count, written, deep + 1, count, perfect, n_perfect, max_size
                        )
            elif table_is_worth_it(kept, min(n_rows, row[j])):
                _fill_table(masks, weights, following, heads[level, j], j, keep, bits, kept, row, table)
                written = _write_table(
                    table, kept, names[level + 1], deep, min_count, max_size, perfect, n_perfect,
                    out_item, out_depth, out_count, written,
                )  # fmt: skip
            else:
                stop = _gather(masks, weights, following, heads[level, j], end, j, keep, bits)
                if stop < 0:
                    return -1
                for bit in range(j):
                    if (keep >> bit) & 1:
                        pairs[level + 1, bits[bit], bits[bit]] = row[bit]
                stop = merge_equal(masks, weights, end, stop, slots)
                level += 1
                frames[level, 0], frames[level, 1], frames[level, 2], frames[level, 3] = stop, stop - end, kept - 1, n_perfect
                _count_pairs(masks, weights, end, stop, 0, kept, bits, pairs[level], following, heads[level])
                _pass_on(masks, following, j, heads[level - 1])
                continue
        _pass_on(masks, following, j, heads[level])
    return written


# Oracle: tests/naive.py::frequent_itemsets
@njit(nogil=True, cache=True)
def mine_bits(
    task, halt, row_mask, row_weight, count, perfect,
    names, pairs, heads, masks, weights, following, slots, bits, table, frames, out_item, out_depth, out_count, state,
):  # fmt: skip
    """Write every frequent itemset whose highest bit is from ``task[0]`` to ``task[1]`` (exclusive).

    task     : int64[4], first and last bit, min_count, max_size; halt : as in ``mine_masks``, and so is the scratch
    row_mask : int64[rows], all baskets as masks; row_weight : int32[rows]; count : int32[items], baskets of each bit
    names    : int32[64, 64], names[0] the items of the bits
    state    : int64[3] out: first bit, itemsets written, why it stopped (0 done or halted, 1 no room for results, 2 for
               scratch); the block is written whole or not at all
    """
    first, last, min_count, max_size = task[0], task[1], task[2], task[3]
    below, high = (1 << last) - 1, (1 << last) - (1 << first)
    made = 0
    for row in range(len(row_mask)):
        mask = row_mask[row] & below
        masks[made] = mask
        weights[made] = row_weight[row]
        made += (mask & high) != 0 and (mask & (mask - 1)) != 0
    for bit in range(last):
        pairs[0, bit, bit] = count[bit]
    made = merge_equal(masks, weights, 0, made, slots)
    written = mine_masks(
        halt, made, first, last, 0, min_count, max_size, perfect, 0,
        names, pairs, heads, masks, weights, following, slots, bits, table, frames, out_item, out_depth, out_count, 0,
    )  # fmt: skip
    state[0] = last if 0 <= written <= len(out_item) else first
    state[1] = written if state[0] == last else 0
    state[2] = 2 if written < 0 else (1 if written > len(out_item) else 0)
