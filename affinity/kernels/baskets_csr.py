"""Sets of items made ready for counting pairs: margins, only the items that count, and where each stands.

Codes and places are unsigned: without the test for negative indices the loops are up to three times as fast.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Ends a set in a flat copy; larger than any code.
END = np.uint32(0xFFFFFFFF)


# Oracle: tests/naive.py::size_strata
@njit(nogil=True, cache=True)
def tally_margins(indptr, item, most, edges, stratum, stratum_item):
    """Count the sets that hold each item, by the size of the set; sets of more than ``most`` items are left out.

    indptr, item : int64[n_sets + 1], int32: CSR, items strictly increasing in a set
    edges        : int64[K], lower edges of the size strata, the first 1
    stratum      : int64[3, K], zeros  out: sets, Σ size, Σ size² of each stratum
    stratum_item : int64[K, n_items], zeros  out: sets of the stratum that hold the item
    Returns (sets left out, size of the largest set not left out).
    """
    left_out = 0
    largest = 0
    for row in range(len(indptr) - 1):
        size = indptr[row + 1] - indptr[row]
        if size == 0:
            continue
        if size > most:
            left_out += 1
            continue
        largest = max(largest, size)
        k = 0
        while k + 1 < len(edges) and edges[k + 1] <= size:
            k += 1
        stratum[0, k] += 1
        stratum[1, k] += size
        stratum[2, k] += size * size
        held = stratum_item[k]
        for line in range(np.uint64(indptr[row]), np.uint64(indptr[row + 1])):
            held[np.uint32(item[line])] += 1
    return left_out, largest


# Oracle: tests/naive.py::kept_sets
@njit(nogil=True, cache=True)
def keep_items(indptr, item, most, code_of, flat, begins, following, heads):
    """Copy the sets with their kept items recoded and ``END`` after each; sets left with fewer than two vanish.

    indptr, item : int64[n_sets + 1], int32: CSR, items strictly increasing in a set
    most         : sets of more items are left out
    code_of      : uint32[n_items], new codes in the order of the old ones, ``END`` to drop an item
    flat         : uint32[kept lines + n_sets + 1]  out;  begins : uint32[n_sets]  out: where each set begins in it
    following    : int64[n_kept], zeros  out: items that follow each item in its sets, summed
    heads        : int64[n_kept], zeros  out: sets in which another item follows
    Returns (places written to ``flat``, sets).
    """
    one = np.uint64(1)
    place = np.uint64(0)
    kept_sets = 0
    for row in range(len(indptr) - 1):
        if indptr[row + 1] - indptr[row] > most:
            continue
        begun = place
        for line in range(np.uint64(indptr[row]), np.uint64(indptr[row + 1])):
            code = code_of[np.uint32(item[line])]
            flat[place] = code  # overwritten by the next item if this one is dropped
            place += np.uint64(code != END)
        if place - begun < np.uint64(2):
            place = begun
            continue
        for head in range(begun, place - one):
            following[flat[head]] += np.int64(place - one - head)
            heads[flat[head]] += 1
        flat[place] = END
        place += one
        begins[kept_sets] = begun
        kept_sets += 1
    return np.int64(place), kept_sets


# Oracle: tests/naive.py::item_positions
@njit(nogil=True, cache=True)
def index_heads(flat, size, next_free, position):
    """List, for every item, the places just after it where another item of its set stands.

    flat      : uint32, as made by ``keep_items``; size : its places in use
    next_free : int64[n_kept]  in: where each item's list begins in ``position``; out: where it ends
    position  : uint32[Σ heads]  out: by item, then by set
    """
    one = np.uint64(1)
    for place in range(np.uint64(1), np.uint64(size)):
        code = flat[place - one]
        if code != END and flat[place] != END:
            position[np.uint64(next_free[code])] = place
            next_free[code] += 1
