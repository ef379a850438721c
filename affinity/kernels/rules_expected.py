"""Expected counts of the two sides of a rule together, were they independent among baskets of one size."""

from __future__ import annotations

from numba import njit

from affinity.kernels.rules_lattice import find_parts


@njit(nogil=True, cache=True)
def _sum_in_lanes(values):
    """The sum in eight lanes, as arrays are summed along their last axis: the same figure to the last bit."""
    n = len(values)
    total = 0.0
    done = 0
    if n >= 8:
        a, b, c, d, e, f, g, h = values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7]
        done = 8
        while done + 8 <= n:
            a += values[done]
            b += values[done + 1]
            c += values[done + 2]
            d += values[done + 3]
            e += values[done + 4]
            f += values[done + 5]
            g += values[done + 6]
            h += values[done + 7]
            done += 8
        total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for k in range(done, n):
        total += values[k]
    return total


# Oracle: tests/naive.py::held_at_ratio
@njit(nogil=True, cache=True)
def hold_at_ratio(base, odds, ratio, done, cells, held, total, slope):
    """Of each row, base·c·o / (1 + c·o) with c its ``ratio``, the sum of that, and the slope of the sum against log c.

    base, odds : float64[n, K] ≥ 0; ratio : float64[n]; cells : float64[K]  scratch
    done : float64[n]  in and out, the ratio at which a row was last worked out (NaN: never): it is left as it is there
    held : float64[n, K], total, slope : float64[n]  out
    """
    for row in range(len(ratio)):
        if ratio[row] == done[row]:
            continue
        done[row] = ratio[row]
        for k in range(base.shape[1]):
            scaled = ratio[row] * odds[row, k]
            if base[row, k] == 0.0 and scaled < 1e300:
                held[row, k] = 0.0
                cells[k] = 0.0
            else:
                held[row, k] = base[row, k] * (scaled / (1.0 + scaled))
                cells[k] = held[row, k] / (1.0 + scaled)
        total[row] = _sum_in_lanes(held[row])
        slope[row] = _sum_in_lanes(cells)


# Oracle: tests/naive.py::expected_of_split
@njit(nogil=True, cache=True)
def expect_splits(
    first, last, indptr, item, drop, count, n_baskets, split, singles, larger, begin, stratum, size, spread, absent, taken,
    rows, cells, to_expected, to_count, to_trials,
):  # fmt: skip
    """What the test of each split of the itemsets at rows [first, last), all of one size, needs; splits lie together.

    E = Σ_k n_Xk·n_Yk/n_k·Π max(0, spread_k − (1 − p_ik)(1 − p_jk)/room_k) over i ∈ X, j ∈ Y; without strata, and
    where that is 0, n_x·n_y/n.
    count   : int64[rows], baskets that hold each itemset; split : int64, masks of the antecedents
    singles : float64[n, K], larger : float32[n, K], baskets by stratum of the itemsets of one and of more items, whose
              rows begin at begin[0] and begin[1]
    stratum : int64, strata that can hold a pair, of the K; size, spread : float64[K], n_k (at least 1) and spread_k
    absent, taken : float64[n_items, K], 1 − p_ik and (1 − p_ik)/room_k
    rows    : int32[2 ** largest], cells : float64[K], zeros  scratch
    to_expected : float64, to_count, to_trials : int64 (the most the count can be)  out, all [(last − first)·len(split)]
    """
    at = 0
    for row in range(first, last):
        start, items = indptr[row], indptr[row + 1] - indptr[row]
        find_parts(row, items, 1, indptr, drop, rows)
        for number in range(len(split)):
            x = split[number]
            y = ((1 << items) - 1) ^ x
            row_x, row_y = rows[x], rows[y]
            expected = 0.0
            for s in range(len(stratum)):
                k = stratum[s]
                in_x = singles[row_x - begin[0], k] if row_x < begin[1] else larger[row_x - begin[1], k]
                in_y = singles[row_y - begin[0], k] if row_y < begin[1] else larger[row_y - begin[1], k]
                factor = 1.0
                for i in range(items):
                    if (x >> i) & 1:
                        for j in range(items):
                            if (y >> j) & 1:
                                gap = spread[k] - absent[item[start + i], k] * taken[item[start + j], k]
                                factor *= max(gap, 0.0)
                cells[k] = in_x * (in_y / size[k]) * factor
            if len(stratum) > 0:
                expected = _sum_in_lanes(cells)
            if not expected > 0:
                expected = count[row_x] * (count[row_y] / n_baskets)
            to_expected[at] = expected
            to_count[at] = count[row]
            to_trials[at] = min(count[row_x], count[row_y])
            at += 1
