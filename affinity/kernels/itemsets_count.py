"""Counts of given itemsets in any baskets."""

from __future__ import annotations

from numba import njit

from affinity.kernels.intrinsics import get


@njit(nogil=True, cache=True)
def _holds(indptr, rank, basket, wanted):
    """Whether the rising ranks of a basket hold ``wanted``."""
    low, high = get(indptr, basket), get(indptr, basket + 1)
    while low < high:
        middle = (low + high) >> 1
        if get(rank, middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return low < get(indptr, basket + 1) and get(rank, low) == wanted


# Oracle: tests/naive.py::counts_of
@njit(nogil=True, cache=True)
def count_itemsets(indptr, rank, start, basket_of, itemset_start, itemset, first, last, halt, begin, held, count):
    """Baskets that hold each of the itemsets ``first`` to ``last`` (exclusive).

    indptr, rank   : int64, int32: baskets as CSR, ranks rising within each
    start, basket_of : int64[ranks + 1], int32: rank r is in the baskets basket_of[start[r] : start[r + 1]]
    itemset_start, itemset : int64, int32: itemsets as CSR of ranks; those that begin alike stand together
    begin          : int64[longest itemset + 2], held int32 : scratch, for each item but the first the baskets of the first
    count          : int64[itemsets] out
    """
    depth = (
        0  # so many items of the itemset before are still right: held[begin[d] : begin[d + 1]] has the baskets of d + 1 of them
    )
    for k in range(first, last):
        if halt[0]:
            return
        at, size = itemset_start[k], itemset_start[k + 1] - itemset_start[k]
        same = 0
        if k > first:
            before = itemset_start[k - 1]
            while same < min(depth, size) and itemset[before + same] == itemset[at + same]:
                same += 1
        for d in range(max(same, 1), size):
            wanted = itemset[at + d]
            if d == 1:
                source, low, high = basket_of, start[itemset[at]], start[itemset[at] + 1]
                begin[1] = 0
            else:
                source, low, high = held, begin[d - 1], begin[d]
            place = begin[d]
            for b in range(low, high):
                basket = source[b]
                held[place] = basket
                place += _holds(indptr, rank, basket, wanted)
            begin[d + 1] = place
        depth = size
        count[k] = start[itemset[at] + 1] - start[itemset[at]] if size == 1 else begin[size] - begin[size - 1]
