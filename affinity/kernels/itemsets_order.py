"""From the trie that a miner writes to itemsets in order: by size, then by items."""

from __future__ import annotations

from numba import njit


# Oracle: tests/naive.py::itemsets_of_trie
@njit(nogil=True, cache=True)
def expand_trie(item, depth, count, place_of, min_size, path, next_place, next_row, to_item, to_count):
    """Write the itemsets of a trie, each with the places of its items rising, behind those of the same size.

    item, depth, count   : int32, uint8, int32: depth-first order, depths from 1
    place_of             : int32[n_items], what to write for an item; rises with the items
    path                 : int32[deepest + 1, deepest + 1]  scratch, row d the sorted items of the path at depth d
    next_place, next_row : int64[deepest + 1], where the next itemset of a size goes in ``to_item`` and ``to_count``
    """
    for k in range(len(item)):
        size = depth[k]
        new = place_of[item[k]]
        at = size - 1
        while at > 0 and path[size - 1, at - 1] > new:
            path[size, at] = path[size - 1, at - 1]
            at -= 1
        path[size, at] = new
        for before in range(at):
            path[size, before] = path[size - 1, before]
        if size >= min_size:
            place = next_place[size]
            for k_item in range(size):
                to_item[place + k_item] = path[size, k_item]
            next_place[size] = place + size
            to_count[next_row[size]] = count[k]
            next_row[size] += 1


@njit(nogil=True, cache=True)
def _key(values, place, size, base):
    """The ``size`` values from ``place`` on as one number of that base."""
    key = 0
    for at in range(place, place + size):
        key = key * base + values[at]
    return key


# Oracle: tests/naive.py::sorted_rows
@njit(nogil=True, cache=True)
def sort_rows(values, count, columns, codes, digit, bucket, order, to_values, to_count):
    """Sort rows of ``columns`` items each, and write the code of each item.

    Counting sorts of ``digit`` columns at a time, from the last to the first.
    values : int32[rows * columns], indices into ``codes`` (int32, rising); count : int32[rows]
    to_values : int32[rows * columns], to_count : int64[rows]  out
    bucket : int64[len(codes) ** digit + 1]; order : int32[2, rows]  scratch
    """
    rows = len(count)
    turn = 0
    for row in range(rows):
        order[0, row] = row
    last = columns
    while last > 0:
        first = max(last - digit, 0)
        bucket[:] = 0
        for row in range(rows):
            bucket[_key(values, row * columns + first, last - first, len(codes)) + 1] += 1
        for key in range(1, len(bucket)):
            bucket[key] += bucket[key - 1]
        for k in range(rows):
            row = order[turn, k]
            key = _key(values, row * columns + first, last - first, len(codes))
            order[1 - turn, bucket[key]] = row
            bucket[key] += 1
        turn = 1 - turn
        last = first
    for k in range(rows):
        row = order[turn, k]
        to_count[k] = count[row]
        for column in range(columns):
            to_values[k * columns + column] = codes[values[row * columns + column]]
