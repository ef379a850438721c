"""Itemsets of a small conditional database: at most 62 items, a basket is a mask of bits and a weight.

Small ends are counted all at once: the baskets are added into a table of 2**k masks, and a superset-sum
(zeta) transform turns it into the counts of all subsets. Found itemsets are written as a trie in depth-first
order: item, depth and count; an itemset is its item and the items of the nearest shallower ones before it.
"""

from __future__ import annotations

from numba import njit

from affinity.kernels.itemsets_bits import count_bits, highest_bit, lowest_bit

#: Conditional databases of up to this many items always end in a table, and no larger ones than the second figure.
_SMALL, _LARGEST = 5, 14
#: A table of 2**k is worth it up to this many masks a basket.
_MASKS_A_ROW = 16


@njit(nogil=True, cache=True)
def add_itemset(out_item, out_depth, out_count, written, item, depth, count):
    """Write one itemset if there is room; returns how many there are so far, written or not."""
    if written < len(out_item):
        out_item[written] = item
        out_depth[written] = depth
        out_count[written] = count
    return written + 1


@njit(nogil=True, cache=True)
def _pack(mask, bits):
    """``mask`` with its bit b moved to ``bits[b]``."""
    packed = 0
    while mask:
        packed |= 1 << bits[lowest_bit(mask)]
        mask &= mask - 1
    return packed


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def _count_pairs(masks, weights, begin, end, k, places, pairs, following, heads):
    """pairs[i, j] for j < i < k: weight of the rows that hold both; the diagonal is left as it is.

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
            for other in range(held):
                pairs[bit, places[other]] += weights[row]
            places[held] = bit
            held += 1
        if held >= 3:
            following[row] = heads[places[held - 1]]
            heads[places[held - 1]] = row


@njit(nogil=True, cache=True)
def _sum_supersets(table, size):
    """table[m] becomes the sum of table[s] over all s that contain m."""
    if size >= 8:
        for at in range(0, size, 8):
            t1, t2, t3, t4 = table[at + 1], table[at + 2], table[at + 3], table[at + 4]
            t5, t6, t7 = table[at + 5], table[at + 6], table[at + 7]
            table[at] += t1 + t2 + t3 + t4 + t5 + t6 + t7
            table[at + 1] = t1 + t3 + t5 + t7
            table[at + 2] = t2 + t3 + t6 + t7
            table[at + 3] = t3 + t7
            table[at + 4] = t4 + t5 + t6 + t7
            table[at + 5] = t5 + t7
            table[at + 6] = t6 + t7
    step = 8 if size >= 8 else 1
    while step < size:
        for block in range(0, size, 2 * step):
            for at in range(block, block + step):
                table[at] += table[at + step]
        step *= 2


@njit(nogil=True, cache=True)
def _add_leaf(
    masks, weights, following, row, j, keep, bits, k, pairs, names, depth, min_count, max_size, table,
    out_item, out_depth, out_count, written,
):  # fmt: skip
    """Write all frequent subsets of the ``k`` items of ``keep`` beside bit ``j`` (itself at ``depth``)."""
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
    mask = 1
    while mask < size:  # numeric order is depth-first order, and [mask, mask + lowest) holds the subtree of mask
        lowest = mask & -mask
        deep = depth + count_bits(mask)
        if table[mask] < min_count or deep > max_size:
            mask += lowest
        else:
            written = add_itemset(out_item, out_depth, out_count, written, names[lowest_bit(mask)], deep, table[mask])
            mask += 1
    return written


# Oracle: tests/naive.py::frequent_itemsets
@njit(nogil=True, cache=True)
def mine_masks(
    n_rows, k, depth, min_count, max_size, names, pairs, heads, masks, weights, following, slots, bits, table, frames,
    out_item, out_depth, out_count, written,
):  # fmt: skip
    """Write every frequent itemset made of the ``k`` items, all frequent, of the first ``n_rows`` masks.

    Items are taken from the highest bit down. The rows of an item are those listed under it: when it is done they
    lose its bit and are listed under the next, so that a row is read once a bit, not once an item.
    depth   : items already fixed
    names   : int32[64, 64], names[0, :k] the items of the bits; pairs : int32[64, 64, 64], pairs[0, b, b] their counts
    masks   : int64[capacity], at least two bits each; weights : int32[capacity]; both scratch behind n_rows
    heads   : int32[64, 64]; following : int32[capacity]; slots : int32[2**n >= 2 n_rows]; bits : int64[64];
              table : int32[2**14]; frames : int64[64, 4]   scratch
    Returns the number of itemsets so far, also those for which there was no room; −1 when ``masks`` is too short.
    """
    frames[0, 0], frames[0, 1], frames[0, 2] = n_rows, n_rows, k - 1
    _count_pairs(masks, weights, 0, n_rows, k, bits, pairs[0], following, heads[0])
    level = 0
    while level >= 0 and written <= len(out_item):
        end, n_rows, j = frames[level, 0], frames[level, 1], frames[level, 2]
        if j < 0:
            level -= 1
            continue
        frames[level, 2] = j - 1
        deep = depth + level + 1
        row = pairs[level, j]
        written = add_itemset(out_item, out_depth, out_count, written, names[level, j], deep, row[j])
        if deep >= max_size:
            continue
        keep = 0
        kept = 0
        for bit in range(j):
            if row[bit] >= min_count:
                keep |= 1 << bit
                bits[bit] = kept
                names[level + 1, kept] = names[level, bit]
                kept += 1
        if kept == 1 or deep + 1 == max_size:
            for bit in range(kept):
                code, count = names[level + 1, bit], row[lowest_bit(keep)]
                keep &= keep - 1
                written = add_itemset(out_item, out_depth, out_count, written, code, deep + 1, count)
        elif kept <= _SMALL or (kept <= _LARGEST and (1 << kept) <= _MASKS_A_ROW * min(n_rows, row[j])):
            if kept > 0:
                written = _add_leaf(
                    masks, weights, following, heads[level, j], j, keep, bits, kept, row, names[level + 1], deep,
                    min_count, max_size, table, out_item, out_depth, out_count, written,
                )  # fmt: skip
        else:
            stop = _gather(masks, weights, following, heads[level, j], end, j, keep, bits)
            if stop < 0:
                return -1
            for bit in range(j):
                if (keep >> bit) & 1:
                    pairs[level + 1, bits[bit], bits[bit]] = row[bit]
            stop = merge_equal(masks, weights, end, stop, slots)
            frames[level + 1, 0], frames[level + 1, 1], frames[level + 1, 2] = stop, stop - end, kept - 1
            _count_pairs(masks, weights, end, stop, kept, bits, pairs[level + 1], following, heads[level + 1])
            _pass_on(masks, following, j, heads[level])
            level += 1
            continue
        _pass_on(masks, following, j, heads[level])
    return written
