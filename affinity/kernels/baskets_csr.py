"""Baskets by item: where in the flat baskets each item stands."""

from __future__ import annotations

from numba import njit


# Oracle: tests/naive.py::item_positions
@njit(nogil=True, cache=True)
def index_items(indptr, item, next_free, flat, position):
    """Copy baskets with a −1 after each, and list every item's positions in that copy.

    indptr    : int64[n_baskets + 1]        where each basket begins in ``item``
    item      : int32[n_lines]              item codes, strictly increasing in a basket
    next_free : int64[n_items]              in: where each item's list begins in ``position``; out: where it ends
    flat      : int32[n_lines + n_baskets]  out: the baskets, each ended by −1
    position  : int32[n_lines]              out: places in ``flat``, by item, then by basket
    """
    place = 0
    for basket in range(len(indptr) - 1):
        for line in range(indptr[basket], indptr[basket + 1]):
            code = item[line]
            flat[place] = code
            position[next_free[code]] = place
            next_free[code] += 1
            place += 1
        flat[place] = -1
        place += 1
