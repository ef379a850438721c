"""Itemsets of a sparse conditional database: an item is a column of bits, one a row; columns are intersected depth first.

Where a database gets small and dense, its columns become masks (itemsets_masks).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numba.types import UniTuple

from affinity.kernels.array_types import COLUMNS, MASKS, N32, N64, TRIE, N
from affinity.kernels.intrinsics import count_bits, get, lowest_bit, prefetch, put
from affinity.kernels.itemsets_masks import merge_equal, mine_masks, mine_table, table_is_worth_it
from affinity.kernels.itemsets_rows import AHEAD
from affinity.kernels.itemsets_write import add_choices, add_itemset

#: A mask holds at most so many items; it leaves 64-bit masks a sign and a bit to spare.
MASK_ITEMS = 62
#: Masks pay where a row holds at least one in so many of the items.
_SPARSEST = 4
#: So few items are always masks.
_FEW = 3
#: Pairs of places in rows of up to so many items, listed.
_SHORT = 24
_UPPER, _LOWER = (np.array(places) for places in np.tril_indices(_SHORT, -1))


@njit(inline="always", nogil=True, cache=True)
def masks_are_worth_it(k, n_rows, n_bits):
    """Whether ``k`` items, in ``n_rows`` rows with ``n_bits`` bits in all, go on as masks and not as columns."""
    return k <= MASK_ITEMS and (k <= _FEW or n_bits * _SPARSEST > k * n_rows)


# Oracle: tests/naive.py::frequent_itemsets
@njit(N(N64, N, N, N, N, N, N32, N, N32, N, *MASKS, *TRIE, N), nogil=True, cache=True)
def mine_small(
    halt, n_rows, k, depth, min_count, max_size, counts, first_count, perfect, n_perfect,
    names, pairs, heads, masks, weights, following, slots, bits, table, frames, out_item, out_depth, out_count, written,
):  # fmt: skip
    """The itemsets of ``mine_masks``, by a table where that is worth it; counts[first_count + bit] : baskets of a bit."""
    if table_is_worth_it(k, n_rows):
        return mine_table(
            n_rows, k, depth, min_count, max_size, names[0], counts, first_count, perfect, n_perfect, masks, weights, table,
            out_item, out_depth, out_count, written,
        )  # fmt: skip
    for bit in range(k):
        pairs[0, bit, bit] = counts[first_count + bit]
    n_rows = merge_equal(masks, weights, 0, n_rows, slots)
    return mine_masks(
        halt, n_rows, 0, k, depth, min_count, max_size, perfect, n_perfect,
        names, pairs, heads, masks, weights, following, slots, bits, table, frames, out_item, out_depth, out_count, written,
    )  # fmt: skip


@njit(N(N32, N32, N, N, N32, N, N32, N64, N32), nogil=True, cache=True)
def make_columns(flat, place_of, first, last, column_of, k, held, cells, both):
    """The rows before the listed places as bits of ``k`` columns, and in how many rows two columns both have a bit.

    column_of : int32[ranks], 1 to k of the ranks that have a column, 0 of the others; held : int32[k + 1] scratch
    cells     : int64 out, column i from i·words on
    both      : int32 out, columns i < j at j·k + i; left alone where it is shorter than k²
    Returns words a column, −1 where there is no room.
    """
    words = (last - first + 63) >> 6
    if k * words > len(cells):
        return -1
    cells[: k * words] = 0
    pairs = k * k if k * k <= len(both) else 0
    both[:pairs] = 0
    for row in range(last - first):
        prefetch(flat, get(place_of, min(first + row + AHEAD, last - 1)) - 1)
        at = get(place_of, first + row) - 1
        code = get(flat, at)
        size = 0
        while code >= 0:
            column = get(column_of, code)
            put(held, size, column - 1)
            size += column > 0
            at -= 1
            code = get(flat, at)
        bit, word = 1 << (row & 63), row >> 6
        for number in range(size):
            column = get(held, number)
            place = column * words + word
            put(cells, place, get(cells, place) | bit)
        if size > _SHORT:
            for number in range(size if pairs else 0):
                for other in range(number + 1, size):
                    place = get(held, number) * k + get(held, other)
                    put(both, place, get(both, place) + 1)
        else:  # one loop over the pairs of places: (0, 1), (0, 2), (1, 2), (0, 3) …
            for pair in range(size * (size - 1) // 2 if pairs else 0):
                place = get(held, get(_LOWER, pair)) * k + get(held, get(_UPPER, pair))
                put(both, place, get(both, place) + 1)
    return words


@njit(N(N64, N, N, N, N64, N32), nogil=True, cache=True)
def _columns_to_masks(cells, begin, words, k, masks, weights):
    """Rows that hold at least two of ``k`` columns as masks; −1 where there is no room."""
    if len(masks) < words * 64:
        return -1
    made = 0
    for word in range(words):
        masks[made : made + 64] = 0
        for column in range(k):
            cell = get(cells, begin + column * words + word)
            while cell:
                row = made + lowest_bit(cell)
                put(masks, row, get(masks, row) | (1 << column))
                cell &= cell - 1
        end = made + 64
        for row in range(made, end):
            mask = get(masks, row)
            put(masks, made, mask)
            put(weights, made, 1)
            made += (mask & (mask - 1)) != 0
    return made


@njit(N(N64, N, N64, N64, N), nogil=True, cache=True)
def _take_words(cells, begin, active, values, words):
    """The words of a column that are not 0 into ``values``, and where they are into ``active``; returns how many."""
    n_active = 0
    for word in range(words):
        value = get(cells, begin + word)
        put(active, n_active, word)
        put(values, n_active, value)
        n_active += value != 0
    return n_active


@njit(UniTuple(N, 3)(N64, N, N, N, N, N64, N64, N32, N, N32, N32, N32, N), nogil=True, cache=True)
def _intersect_known(
    cells, words, j, min_count, to, active, values, both, k, names, counts, perfect, n_perfect
):  # fmt: skip
    """``_intersect`` at the top, where ``both`` tells the counts before."""
    kept, row, own = 0, both[j * k : j * k + j], counts[j]
    for i in range(j):
        if row[i] >= min_count:
            if row[i] == own:
                perfect[n_perfect] = names[i]
                n_perfect += 1
            else:
                names[k + kept] = names[i]
                counts[k + kept] = row[i]
                active[kept] = i
                kept += 1
    if kept < 2:
        return kept, 0, n_perfect
    columns = len(active) - kept
    for number in range(kept):
        active[columns + number] = active[number]
    n_active = _take_words(cells, j * words, active, values, words)
    for number in range(kept):
        column, target = active[columns + number] * words, to + number * n_active
        for word in range(n_active):
            put(cells, target + word, get(cells, column + get(active, word)) & get(values, word))
    return kept, n_active, n_perfect


@njit(UniTuple(N, 3)(N64, N, N, N, N, N, N64, N64, N32, N32, N, N, N32, N), nogil=True, cache=True)
def _intersect(cells, begin, words, j, min_count, to, active, values, names, counts, first, first_new, perfect, n_perfect):
    """Columns below ``j`` within column ``j``, cut to its words that are not 0, from ``cells[to]`` on if frequent.

    names, counts : of columns from ``first`` on; those of the new columns from ``first_new`` on  out
    Columns as frequent as ``j`` are perfect. Returns how many columns were made, their words, and how many are perfect.
    """
    n_active = _take_words(cells, begin + j * words, active, values, words)
    kept, own = 0, counts[first + j]
    for i in range(j):
        column, target, count = begin + i * words, to + kept * n_active, 0
        for k in range(n_active):
            both = get(cells, column + get(active, k)) & get(values, k)
            put(cells, target + k, both)
            count += count_bits(both)
        if count >= min_count:
            if count == own:
                perfect[n_perfect] = names[first + i]
                n_perfect += 1
            else:
                names[first_new + kept] = names[first + i]
                counts[first_new + kept] = count
                kept += 1
    return kept, n_active, n_perfect


# Oracle: tests/naive.py::frequent_itemsets
@njit(N(N64, N, N, N, N, N, N32, N32, N32, N, *COLUMNS, *MASKS, *TRIE, N), nogil=True, cache=True)
def mine_columns(
    halt, words, k, depth, min_count, max_size, names, counts, perfect, n_perfect, cells, active, values, both, frames,
    mask_names, pairs, heads, masks, weights, following, slots, bits, table, mask_frames,
    out_item, out_depth, out_count, written,
):  # fmt: skip
    """Write every frequent itemset made of ``k`` items, all frequent, whose columns of ``words`` are in ``cells``.

    halt    : int64[1], other than 0 from outside: stop soon; depth : items already fixed
    names, counts : int32, items of the columns and baskets that hold each; scratch behind ``k``
    perfect : int32[n_perfect and more], items that are in all rows: each itemset is written with all choices of them
    cells   : int64, column i from i·words on; scratch behind; active, values : int64[words and k]; frames : int64[any, 6]
    both    : int32, as made by ``make_columns``
    mask_names to mask_frames : scratch of ``mine_masks``
    Returns the number of itemsets so far, also those for which there was no room; −1 when scratch is too short.
    """
    frames[0, 0], frames[0, 1], frames[0, 2], frames[0, 3], frames[0, 4], frames[0, 5] = 0, k, 0, words, 0, n_perfect
    level, known = 0, k * k <= len(both)
    while level >= 0 and written <= len(out_item) and halt[0] == 0:
        j, k, begin, words = frames[level, 0], frames[level, 1], frames[level, 2], frames[level, 3]
        first, n_perfect = frames[level, 4], frames[level, 5]
        if j == k:
            level -= 1
            continue
        frames[level, 0] = j + 1
        deep, end, new = depth + level + 1, begin + k * words, first + k
        if end + j * words > len(cells) or new + k > len(names) or level + 2 > len(frames):
            return -1
        kept, n_active = 0, 0
        if deep < max_size and j > 0:
            if level == 0 and known:
                kept, n_active, n_perfect = _intersect_known(
                    cells, words, j, min_count, end, active, values, both, k, names, counts, perfect, n_perfect
                )
            else:
                kept, n_active, n_perfect = _intersect(
                    cells, begin, words, j, min_count, end, active, values, names, counts, first, new, perfect, n_perfect
                )
        own = counts[first + j]
        written = add_itemset(out_item, out_depth, out_count, written, names[first + j], deep, own)
        if n_perfect:
            written = add_choices(out_item, out_depth, out_count, written, deep, own, perfect, n_perfect, max_size)
        if kept == 1 or deep + 1 == max_size:
            for i in range(new, new + kept):
                written = add_itemset(out_item, out_depth, out_count, written, names[i], deep + 1, counts[i])
                if n_perfect:
                    written = add_choices(
                        out_item, out_depth, out_count, written, deep + 1, counts[i], perfect, n_perfect, max_size
                    )
        elif kept > 1:
            n_bits = 0
            for i in range(new, new + kept):
                n_bits += counts[i]
            if kept > 3 and masks_are_worth_it(kept, own, n_bits):
                made = _columns_to_masks(cells, end, n_active, kept, masks, weights)
                if made < 0:
                    return -1
                for i in range(kept):
                    mask_names[0, i] = names[new + i]
                written = mine_small(
                    halt, made, kept, deep, min_count, max_size, counts, new, perfect, n_perfect,
                    mask_names, pairs, heads, masks, weights, following, slots, bits, table, mask_frames,
                    out_item, out_depth, out_count, written,
                )  # fmt: skip
                if written < 0:
                    return -1
            else:
                level += 1
                frames[level, 0], frames[level, 1], frames[level, 2], frames[level, 3] = 0, kept, end, n_active
                frames[level, 4], frames[level, 5] = new, n_perfect
    return written
