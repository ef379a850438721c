"""Baskets made ready for mining: frequent items only, by rank, where each is found, or whole baskets as masks of bits."""

from __future__ import annotations

from numba import njit, void

from affinity.kernels.array_types import N32, N
from affinity.kernels.intrinsics import get, prefetch

#: Rows asked for ahead of the one that is read.
AHEAD = 12


@njit(void(N32, N, N), nogil=True, cache=True)
def sort_run(values, first, last):
    """Sort ``values[first:last]`` in place (Shell's sort: a plain insertion sort where there are few)."""
    gap = 1
    while gap < (last - first) // 9:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(first + gap, last):
            value = get(values, i)
            k = i
            while k >= first + gap and get(values, k - gap) > value:
                values[k] = get(values, k - gap)
                k -= gap
            values[k] = value
        gap //= 3


# Oracle: tests/naive.py::item_counts
@njit(nogil=True, cache=True)
def count_items(indptr, item, first, last, count):
    """Add to ``count`` (int64[n_items]) the baskets ``first`` to ``last`` that hold each item.

    indptr, item : baskets as CSR (int64, int32), codes strictly increasing in a basket and below n_items
    Returns −1, or the first line that breaks this.
    """
    for basket in range(first, last):
        before = -1
        for line in range(indptr[basket], indptr[basket + 1]):
            code = get(item, line)
            if code <= before or code >= len(count):
                return line
            count[code] += 1
            before = code
    return -1


# Oracle: tests/naive.py::dealt_baskets
@njit(nogil=True, cache=True)
def deal_baskets(indptr, item, first, last, rank_of, next_free, basket_of, size, firsts):
    """List the baskets ``first`` to ``last`` under each of their ranks: ``basket_of[next_free[rank]] = basket``.

    indptr, item : baskets as CSR (int64, int32); rank_of : int32[n_items], −1 to drop an item
    next_free    : int64[ranks], advanced; basket_of : int32
    size         : int32[n_baskets] out, ranks in each basket
    firsts       : int64[ranks], added to: baskets whose smallest rank it is
    """
    for basket in range(first, last):
        kept, least = 0, len(firsts)
        for line in range(get(indptr, basket), get(indptr, basket + 1)):
            rank = get(rank_of, get(item, line))
            if rank >= 0:
                place = get(next_free, rank)
                basket_of[place] = basket
                next_free[rank] = place + 1
                kept += 1
                least = min(least, rank)
        size[basket] = kept
        if kept:
            firsts[least] += 1


# Oracle: tests/naive.py::ranked_rows
@njit(nogil=True, cache=True)
def rank_rows(first, last, size, place, dealt, basket_of, next_free, flat, place_of):
    """Write baskets as rows of rising ranks, a −1 before each, and list where each rank but a row's first stands.

    first, last : baskets; size : int32, as ``deal_baskets`` left it, becomes where the row's last rank stands
    place       : where the rows begin in ``flat`` (int32)
    dealt       : int64[2, ranks], rank r is in the baskets basket_of[dealt[0, r] : dealt[1, r]]
    next_free   : int64[ranks], advanced: place_of[next_free[rank]] = place of the rank in ``flat``
    """
    for basket in range(first, last):
        flat[place] = -1
        place += size[basket] + 1
        size[basket] = place - 1 - size[basket]
    for rank in range(len(next_free)):
        free, end = next_free[rank], dealt[1, rank]
        for k in range(dealt[0, rank], end):
            prefetch(flat, get(size, get(basket_of, min(k + AHEAD, end - 1))) + 1)
            basket = get(basket_of, k)
            before = get(size, basket)
            flat[before + 1] = rank
            size[basket] = before + 1
            if get(flat, before) >= 0:
                place_of[free] = before + 1
                free += 1
        next_free[rank] = free


# Oracle: tests/naive.py::basket_masks
@njit(nogil=True, cache=True)
def mask_rows(indptr, item, first, last, bit_of, place, masks):
    """Write baskets as masks, from ``place`` on; those with fewer than two bits vanish.

    bit_of : int64[n_items], the bit of an item, 0 to drop it; masks : int64 out. Returns the place behind the last one.
    """
    for basket in range(first, last):
        mask = 0
        for line in range(indptr[basket], indptr[basket + 1]):
            mask |= get(bit_of, get(item, line))
        if mask & (mask - 1):
            masks[place] = mask
            place += 1
    return place
