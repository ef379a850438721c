"""Baskets made ready for mining: only frequent items, by rank, equal baskets merged with a weight."""

from __future__ import annotations

from numba import njit


@njit(nogil=True, cache=True)
def sort_run(values, first, last):
    """Sort ``values[first:last]`` in place (Shell's sort: a plain insertion sort where there are few)."""
    gap = 1
    while gap < (last - first) // 9:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(first + gap, last):
            value = values[i]
            k = i
            while k >= first + gap and values[k - gap] > value:
                values[k] = values[k - gap]
                k -= gap
            values[k] = value
        gap //= 3


# Oracle: tests/naive.py::merged_baskets
@njit(nogil=True, cache=True)
def recode_baskets(indptr, item, rank_of, slots, row_start, row_item, weight):
    """Keep the ranked items of each basket in rising rank, and merge equal baskets; empty ones vanish.

    indptr, item : baskets as CSR (int64, int32)
    rank_of      : int32[n_items], rank of an item, −1 to drop it
    slots        : int32[power of two above n_baskets], all −1: a hash table of rows
    row_start    : int64[n_baskets + 1], row_item : int32[kept lines], weight : int32[n_baskets]  out
    Returns the number of distinct rows.
    """
    mask = len(slots) - 1
    rows = 0
    row_start[0] = 0
    for basket in range(len(indptr) - 1):
        first = row_start[rows]
        last = first
        for line in range(indptr[basket], indptr[basket + 1]):
            rank = rank_of[item[line]]
            if rank >= 0:
                row_item[last] = rank
                last += 1
        if last == first:
            continue
        sort_run(row_item, first, last)
        mixed = 0
        for place in range(first, last):
            mixed = (mixed ^ row_item[place]) * 0x2545F4914F6CDD1D
            mixed ^= (mixed >> 29) & 0x7FFFFFFFF
        slot = mixed & mask
        while slots[slot] >= 0:
            row = slots[slot]
            size = row_start[row + 1] - row_start[row]
            same = size == last - first
            place = 0
            while same and place < size:
                same = row_item[row_start[row] + place] == row_item[first + place]
                place += 1
            if same:
                break
            slot = (slot + 1) & mask
        if slots[slot] >= 0:
            weight[slots[slot]] += 1
        else:
            slots[slot] = rows
            weight[rows] = 1
            rows += 1
            row_start[rows] = last
    return rows


# Oracle: tests/naive.py::item_rows
@njit(nogil=True, cache=True)
def list_rows(row_start, row_item, n_rows, next_free, row_of):
    """List the rows that hold each item: ``row_of[next_free[item]] = row``, advancing ``next_free`` (int64)."""
    for row in range(n_rows):
        for place in range(row_start[row], row_start[row + 1]):
            code = row_item[place]
            row_of[next_free[code]] = row
            next_free[code] += 1
