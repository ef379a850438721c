"""Expected counts of item pairs under independence, basket sizes allowed for."""

from __future__ import annotations

from numba import njit


# Oracle: tests/naive.py::expected_count
@njit(nogil=True, cache=True)
def fill_expected_counts(a, b, share, weight, spread, room, first, last, expected, variance):
    """Fill ``expected`` and ``variance`` of the pairs ``first`` to ``last`` (exclusive); strata in rising order.

    a, b     : int32[n_pairs]         item codes
    share    : float64[n_items, K]    share of the baskets of a stratum that hold the item
    weight   : float64[K]             baskets of the stratum, 0 where it cannot hold a pair
    spread   : float64[K]             mean of squared size over squared mean size
    room     : float64[K]             Σ over items of share·(1 − share), at least 1e-9
    expected, variance : float64[n_pairs], overwritten
    """
    strata = len(weight)
    for pair in range(first, last):
        i, j = a[pair], b[pair]
        total = 0.0
        squares = 0.0
        for k in range(strata):
            p, q = share[i, k], share[j, k]
            if p == 0.0 or q == 0.0 or weight[k] == 0.0:
                continue
            rest = (1.0 - p) * (1.0 - q)
            factor = spread[k] - rest / room[k]
            if factor > 0.0:
                part = weight[k] * (p * q) * factor  # the same for (i, j) and (j, i)
                total += part
                squares += part * rest
        expected[pair] = total
        variance[pair] = squares
