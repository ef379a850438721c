"""Pairs of items that occur together, row by row of the upper triangle: no hashing, no sorting.

An accumulator never overflows int32: a count is at most the number of sets, and places in them are below 2**31.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from affinity.kernels.baskets_csr import END
from affinity.kernels.intrinsics import prefetch

#: Items that share a flag are 2**SHIFT.
SHIFT = 4
#: So many places ahead are asked for: sets stand apart in memory, and waiting for them took half the time.
AHEAD = 16


@njit(nogil=True, cache=True)
def _add_followers(flat, position, first, last, total):
    """Add to ``total`` every item from each place ``position[first:last]`` to the end of its set."""
    one = np.uint64(1)
    end = len(position) - 1
    for line in range(np.uint64(first), np.uint64(last)):
        prefetch(flat, np.int64(position[min(np.int64(line) + AHEAD, end)]))
        place = np.uint64(position[line])
        other = flat[place]
        while other != END:
            total[other] += 1
            place += one
            other = flat[place]


@njit(nogil=True, cache=True)
def _add_flagged(flat, position, first, last, total, touched):
    """The same, and flag what was added to."""
    one = np.uint64(1)
    end = len(position) - 1
    for line in range(np.uint64(first), np.uint64(last)):
        prefetch(flat, np.int64(position[min(np.int64(line) + AHEAD, end)]))
        place = np.uint64(position[line])
        other = flat[place]
        while other != END:
            total[other] += 1
            touched[other >> np.uint32(SHIFT)] = 1
            place += one
            other = flat[place]


@njit(nogil=True, cache=True)
def _take_run(total, owned_total, cells, first_code, least, written, other, count, customers):
    """Write the cells ``cells[0]:cells[1]`` that reach ``least`` and set all to zero; without a branch in the loop."""
    code = np.int64(first_code)
    for cell in range(cells[0], cells[1]):
        other[written] = code
        count[written] = total[cell]
        customers[written] = owned_total[cell]
        written += np.uint64(max(total[cell], owned_total[cell]) >= least)
        total[cell] = 0
        owned_total[cell] = 0
        code += 1
    return written


@njit(nogil=True, cache=True)
def _size_run(total, owned_total, cells, least, histogram):
    """Add the pairs of a run to ``histogram``, by what the larger count has above ``least``, and set all to zero."""
    for cell in range(cells[0], cells[1]):
        above = max(total[cell], owned_total[cell]) - least
        if above >= 0:
            histogram[min(above, len(histogram) - 1)] += 1
        total[cell] = 0
        owned_total[cell] = 0


# Oracle: tests/naive.py::pair_counts
@njit(nogil=True, cache=True)
def count_sparse_rows(
    rows, least, flat, starts, position, owned_flat, owned_starts, owned_position, following, total, owned_total,
    touched, row_size, other, count, customers, histogram,
):  # fmt: skip
    """Pairs (a, b), a < b, of the items ``rows[0]`` to ``rows[1]`` (exclusive): an accumulator a row, at two grains.

    A row with many followers is read from end to end, another one by its flags only.

    rows, least : int64[2]; a pair is written if it reaches ``least`` at either grain
    flat, starts, position : baskets by ``keep_items`` and ``index_heads``; starts int64[n_items + 1]
    owned_flat, owned_starts, owned_position : the same of what customers own
    following   : int64[n_items], followers of each item at both grains
    total, owned_total : int32[len(touched) << SHIFT] at least n_items, zeros, left so
    touched     : uint8, zeros, left so
    row_size    : int64[rows[1] - rows[0]]  out: pairs of each a
    other, count, customers : int32[capacity + 1]  out: b and the counts of each pair, by (a, b)
    histogram   : int64[n], where n > 0 no pair is written: how many have each count from ``least`` on (the larger of
                  the two grains; the last bin is open) is added to it
    Returns the number of pairs written; the caller bounds it beforehand.
    """
    n_items = len(following)
    shift = np.uint64(SHIFT)
    one = np.uint64(1)
    written = np.uint64(0)
    for a in range(rows[0], rows[1]):
        begun = written
        whole = following[a] * 16 >= n_items - a
        if whole:
            _add_followers(flat, position, starts[a], starts[a + 1], total)
            _add_followers(owned_flat, owned_position, owned_starts[a], owned_starts[a + 1], owned_total)
        else:
            _add_flagged(flat, position, starts[a], starts[a + 1], total, touched)
            _add_flagged(owned_flat, owned_position, owned_starts[a], owned_starts[a + 1], owned_total, touched)
        first = np.uint64(a + 1) if whole else np.uint64(a + 1) >> shift
        last = np.uint64(n_items if whole else len(touched))
        block = first
        while block < last:
            cells = (first, last)
            if whole:
                block = last
            else:
                flagged = touched[block]
                touched[block] = 0
                cells = (block << shift, (block + one) << shift)
                block += one
                if flagged == 0:
                    continue
            if len(histogram) > 0:
                _size_run(total, owned_total, cells, least, histogram)
            else:
                written = _take_run(total, owned_total, cells, cells[0], least, written, other, count, customers)
        row_size[a - rows[0]] = np.int64(written - begun)
    return np.int64(written)


@njit(nogil=True, cache=True)
def _add_block(flat, cursor, first, last, n_items, table):
    """Add the pairs whose first item is in ``first:last`` to their rows in ``table``; cursors move behind these items."""
    one = np.uint64(1)
    width = np.uint64(n_items - first)
    base = np.uint64(first)
    for k in range(len(cursor)):
        place = np.uint64(cursor[k])
        while flat[place] < base:
            place += one
        a = flat[place]
        while a < last:
            row = (a - base) * width
            behind = place + one
            b = flat[behind]
            while b != END:
                table[row + (b - base)] += 1
                behind += one
                b = flat[behind]
            place += one
            a = flat[place]
        cursor[k] = place


# Oracle: tests/naive.py::pair_counts
@njit(nogil=True, cache=True)
def count_dense_rows(
    rows, least, n_items, flat, cursor, owned_flat, owned_cursor, table, owned_table, row_size, other, count, customers
):  # fmt: skip
    """The same pairs in the same order from whole blocks of rows, each block in one pass over the sets.

    cursor, owned_cursor : uint32[n_sets], where each set begins in ``flat``; moved
    table, owned_table   : int32[cells], zeros, left so; as many rows at a time as fit, at least one must
    The rest is as in ``count_sparse_rows``.
    """
    written = np.uint64(0)
    first = rows[0]
    while first < rows[1]:
        width = n_items - first
        last = min(rows[1], first + max(1, len(table) // width))
        _add_block(flat, cursor, first, last, n_items, table)
        _add_block(owned_flat, owned_cursor, first, last, n_items, owned_table)
        for a in range(first, last):
            begun = written
            cells = (np.uint64((a - first) * width + a - first + 1), np.uint64((a - first + 1) * width))
            written = _take_run(table, owned_table, cells, a + 1, least, written, other, count, customers)
            row_size[a - rows[0]] = np.int64(written - begun)
        first = last
    return np.int64(written)
