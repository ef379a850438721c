"""How the baskets that hold an itemset spread over the basket sizes, from the margins of its items.

Only single items are counted by size. A larger set is built up item by item: among the baskets of one size that
hold the set so far, the odds of the next item are its odds among all baskets of that size times one constant,
chosen so that the sum is the count observed. So no size holds more of a set than of its parts.
"""

from __future__ import annotations

import numpy as np

from affinity.rules.subsets import SubsetIndex
from affinity.statistics.expected_count import SizeStrata

#: Rows × strata worked on at a time; Newton steps at most.
CELLS, MOST_STEPS = 2_000_000, 40


class SizeProfiles:
    """Baskets by size stratum of every itemset of the table.

    of(size, rows) : float64[len(rows), K], baskets of each stratum that hold the itemset; sums to its count
    """

    def __init__(self, index: SubsetIndex, strata: SizeStrata) -> None:
        self.index, self.strata = index, strata
        singles = np.arange(index.first[min(1, index.largest)], index.first[min(2, index.largest + 1)])
        self._of_size: dict[int, np.ndarray] = {1: strata.share[index.items(singles, 1)[:, 0]] * strata.n}

    def of(self, size: int, rows: np.ndarray) -> np.ndarray:
        """The profiles of the itemsets of one size at table ``rows``."""
        if size not in self._of_size:
            self._of_size[size] = self._built(size)
        return self._of_size[size][rows - self.index.first[size]].astype(np.float64)

    def _built(self, size: int) -> np.ndarray:
        rows = np.arange(self.index.first[size], self.index.first[size + 1])
        counts = self.index.itemsets.count
        # Kept in single precision: these are estimates, and there may be millions.
        built = np.empty((len(rows), len(self.strata.n)), dtype=np.float32)
        step = max(CELLS // len(self.strata.n), 1)
        for first in range(0, len(rows), step):
            part = slice(first, first + step)
            prefix, last = np.divmod(self.index.keys[size][part], self.index.n_products)
            base, share = self.of(size - 1, prefix), self.strata.share[last]
            if size == 2:
                # The rarer of two items says more about where both are.
                rarer = counts[self.index.of_item[last]] < counts[prefix]
                other = self.strata.share[self.index.items(rows[part], 2)[:, 0]]
                base, share = np.where(rarer[:, None], share * self.strata.n, base), np.where(rarer[:, None], other, share)
            built[part] = add_item(base, share, counts[rows[part]])
        return built


def add_item(base: np.ndarray, share: np.ndarray, count: np.ndarray) -> np.ndarray:
    """float64[n, K] ≤ base, rows summing to ``count``: base · c·o / (1 + c·o), o the odds of ``share``, one c a row.

    base : float64[n, K] baskets that hold the set so far; share : float64[n, K] of all baskets that hold the item;
    count : baskets that hold both. Where the item's strata cannot hold ``count``, as much as they can.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        odds = np.minimum(share / (1.0 - share), 1e12)
        ratio = count / np.maximum((base * odds).sum(axis=1), 1e-300)
        for _ in range(MOST_STEPS):
            scaled = ratio[:, None] * odds
            held = base * (scaled / (1.0 + scaled))
            off = count - held.sum(axis=1)
            if not (np.abs(off) > 1e-7 * np.maximum(count, 1)).any():
                break
            slope = (held / (1.0 + scaled)).sum(axis=1)
            ratio = np.minimum(ratio * np.exp(np.clip(off / np.maximum(slope, 1e-300), -3.0, 3.0)), 1e15)
    return held
