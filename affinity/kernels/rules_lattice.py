"""Where the parts of every itemset stand in the table: one search an item, then only reads.

``drop`` lies beside the items of the table: at item j of an itemset, the row of that itemset without it. Every
part of an itemset is reached by dropping its items one at a time, so counts of parts need no further search.
The searches are exact: a key is the row of all items but the last, and the last item, whole.
"""

from __future__ import annotations

from numba import njit


@njit(nogil=True, cache=True)
def _slot_of(table, parent, item, n_items):
    """The place in ``table`` of the itemset made of the one at row ``parent`` (−1: none) and ``item``, or where it goes."""
    key = (parent + 1) * n_items + item
    mask = len(table) - 1
    mixed = key * -7046029254386353131
    slot = (mixed ^ (mixed >> 29)) & mask
    while table[slot, 0] >= 0 and table[slot, 0] != key:
        slot = (slot + 1) & mask
    return slot, key


# Oracle: tests/naive.py::rows_without_an_item
@njit(nogil=True, cache=True)
def link_parts(indptr, item, order, n_items, table, drop, same_as):
    """Fill ``drop``; the place in ``order`` and the item (j) whose part is missing, or (−1, −1).

    indptr, item : CSR of itemsets, items rising within each; order : int64, rows by size, none of size 0
    table        : int64[2**k, 2]  out, key and row, keys −1 on entry; more slots than rows
    drop         : int32[len(item)]  out, −1 for an itemset of one item
    same_as      : int32[rows]  out, the first row with the same items, the row itself unless it repeats one
    """
    before = -1
    for k in range(len(order)):
        row = order[k]
        first, size = indptr[row], indptr[row + 1] - indptr[row]
        parent = -1
        if size > 1:
            shared = before >= 0 and indptr[before + 1] - indptr[before] == size
            at = 0
            while shared and at < size - 1:
                shared = item[indptr[before] + at] == item[first + at]
                at += 1
            if shared:
                parent = drop[indptr[before] + size - 1]
            else:
                for at in range(size - 1):
                    slot, _ = _slot_of(table, parent, item[first + at], n_items)
                    if table[slot, 0] < 0:
                        return k, size - 1
                    parent = table[slot, 1]
        before = row
        slot, key = _slot_of(table, parent, item[first + size - 1], n_items)
        same_as[row] = row
        if table[slot, 0] >= 0:
            same_as[row] = table[slot, 1]
        else:
            table[slot, 0] = key
            table[slot, 1] = row
        drop[first + size - 1] = parent
        for j in range(size - 1):
            slot, _ = _slot_of(table, drop[indptr[parent] + j], item[first + size - 1], n_items)
            if table[slot, 0] < 0:
                return k, j
            drop[first + j] = table[slot, 1]
    return -1, -1


@njit(nogil=True, cache=True)
def find_parts(row, size, stop, indptr, drop, rows):
    """rows[mask], the row of each part of an itemset, for the masks of its items from all of them down to ``stop`` ≥ 1."""
    full = (1 << size) - 1
    rows[full] = row
    for mask in range(full - 1, stop - 1, -1):
        absent = 0  # the lowest item that is not in the part: all items below it are
        while (mask >> absent) & 1:
            absent += 1
        rows[mask] = drop[indptr[rows[mask | (1 << absent)]] + absent]


# Oracle: tests/naive.py::itemsets_at
@njit(nogil=True, cache=True)
def gather_itemsets(indptr, item, rows, to_indptr, to_item):
    """The itemsets at ``rows`` as a CSR of their own; ``to_indptr`` int64[len(rows) + 1] and ``to_item`` int32  out."""
    to_indptr[0] = 0
    for k in range(len(rows)):
        at = to_indptr[k]
        for place in range(indptr[rows[k]], indptr[rows[k] + 1]):
            to_item[at] = item[place]
            at += 1
        to_indptr[k + 1] = at


# Oracle: tests/naive.py::sorted_with_places
@njit(nogil=True, cache=True)
def sort_items(indptr, item, place):
    """Sort the items (int32) within each itemset, in place; place : int8  out, where each went among its itemset's."""
    for row in range(len(indptr) - 1):
        first = indptr[row]
        for k in range(first, indptr[row + 1]):
            new = item[k]
            smaller = 0
            for other in range(first, indptr[row + 1]):
                smaller += item[other] < new
            place[k] = smaller
        for k in range(first + 1, indptr[row + 1]):
            new = item[k]
            at = k
            while at > first and item[at - 1] > new:
                item[at] = item[at - 1]
                at -= 1
            item[at] = new
