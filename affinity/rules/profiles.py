"""How the baskets that hold an itemset spread over the basket sizes, from the margins of its items.

Only single items are counted by size. A larger set is built up item by item: among the baskets of one size that
hold the set so far, the odds of the next item are its odds among all baskets of that size times one constant,
chosen so that the sum is the count observed. So no size holds more of a set than of its parts.
"""

from __future__ import annotations

import numpy as np

from affinity.rules.subsets import Lattice
from affinity.statistics.elementary import exp
from affinity.statistics.expected_count import SizeStrata
from affinity.threads import map_blocks

#: Rows × strata worked on at a time; Newton steps at most.
CELLS, MOST_STEPS = 2_000_000, 40


class SizeProfiles:
    """Baskets by size stratum of the itemsets of the table that can be a side of a rule: all but the largest.

    singles : float64[n, K], of the single items, whose rows begin at begin[0]
    larger  : float32[n, K], of larger itemsets, whose rows begin at begin[1]: estimates, and there may be millions
    of(size, rows) : float64[len(rows), K], baskets of each stratum that hold the itemset; sums to its count
    """

    def __init__(self, lattice: Lattice, strata: SizeStrata) -> None:
        self.lattice, self.strata = lattice, strata
        first = lattice.first
        self.begin = first[1:3]
        singles = np.arange(first[1], first[2])
        self.singles = strata.share[lattice.items(singles, 1)[:, 0]] * strata.n
        self.larger = np.empty((max(int(first[max(lattice.largest, 2)] - first[2]), 0), len(strata.n)), dtype=np.float32)
        step = max(CELLS // len(strata.n), 1)
        for size in range(2, lattice.largest):
            bounds = np.append(np.arange(first[size], first[size + 1], step), first[size + 1])
            map_blocks(self._build, bounds)

    def of(self, size: int, rows: np.ndarray) -> np.ndarray:
        """The profiles of the itemsets of one size at table ``rows``."""
        if size == 1:
            return self.singles[rows - self.begin[0]]
        return self.larger[rows - self.begin[1]].astype(np.float64)

    def _build(self, first: int, last: int) -> None:
        """The profiles of the itemsets at rows [first, last), all of one size, from those of one item less."""
        lattice, share = self.lattice, self.strata.share
        rows = np.arange(first, last)
        end = lattice.indptr[rows + 1] - 1
        prefix, last_item = lattice.drop[end].astype(np.int64), lattice.item[end]
        size = int(lattice.indptr[first + 1] - lattice.indptr[first])
        base, added = self.of(size - 1, prefix), share[last_item]
        if size == 2:
            # The rarer of two items says more about where both are.
            rarer = lattice.count[lattice.single[last_item]] < lattice.count[prefix]
            other = share[lattice.items(rows, 2)[:, 0]]
            base, added = np.where(rarer[:, None], added * self.strata.n, base), np.where(rarer[:, None], other, added)
        self.larger[first - self.begin[1] : last - self.begin[1]] = add_item(base, added, lattice.count[rows])


def add_item(base: np.ndarray, share: np.ndarray, count: np.ndarray) -> np.ndarray:
    """float64[n, K] ≤ base, rows summing to ``count``: base · c·o / (1 + c·o), o the odds of ``share``, one c a row.

    base : float64[n, K] baskets that hold the set so far; share : float64[n, K] of all baskets that hold the item;
    count : baskets that hold both. Where the item's strata cannot hold ``count``, as much as they can.
    """
    from affinity.kernels.rules_expected import hold_at_ratio

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        odds = np.minimum(share / (1.0 - share), 1e12)
        ratio = count / np.maximum((base * odds).sum(axis=1), 1e-300)
        held, cells = np.empty(base.shape), np.empty(base.shape[1])
        total, slope, done = np.empty(len(base)), np.empty(len(base)), np.full(len(base), np.nan)
        for _ in range(MOST_STEPS):
            hold_at_ratio(base, odds, ratio, done, cells, held, total, slope)
            off = count - total
            if not (np.abs(off) > 1e-7 * np.maximum(count, 1)).any():
                break
            ratio = np.minimum(ratio * exp(np.clip(off / np.maximum(slope, 1e-300), -3.0, 3.0)), 1e15)
    return held
