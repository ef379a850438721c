"""How surprising a rule is: expected counts of two sets of items under independence, and p-values.

With the margins by basket size, independence means independence among baskets of about one size; without them
it is the classical one, which uneven sizes alone can break.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from affinity.rules.profiles import CELLS, SizeProfiles, add_item
from affinity.rules.subsets import SubsetIndex, Subsets
from affinity.statistics.expected_count import SizeStrata
from affinity.statistics.significance import binomial_mid_p
from affinity.tables import Margins


class RuleTests:
    """One-sided mid-p values of "more often together than independent"."""

    def __init__(self, index: SubsetIndex, margins: Margins | None) -> None:
        self.n_baskets = index.itemsets.n_baskets
        self.profiles = None
        if margins is not None:
            strata = SizeStrata.of(
                margins.stratum_item, margins.stratum_n, margins.stratum_size_sum, margins.stratum_size_square_sum
            )
            self.profiles = SizeProfiles(index, strata)

    def association(self, subsets: Subsets, x: int, y: int) -> np.ndarray:
        """p of "baskets with all of X hold all of Y more often than chance", for the masks x and y."""
        n_x, n_y, n_xy = subsets.count(x), subsets.count(y), subsets.count(x | y)
        return binomial_mid_p(n_xy, self.expected(subsets, x, y), np.minimum(n_x, n_y))

    def productivity(self, subsets: Subsets, x: int, y: int) -> np.ndarray:
        """The largest p over i ∈ X of "i raises Y among the baskets with the rest of X" (Webb 2007)."""
        if x.bit_count() == 1:
            return self.association(subsets, x, y)
        worst = np.zeros(len(subsets.rows))
        for part in (1 << place for place in range(subsets.size) if x >> place & 1):
            rest = x ^ part
            trials = np.minimum(subsets.count(x), subsets.count(y | rest))
            p = binomial_mid_p(subsets.count(x | y), self.expected_given(subsets, part, y, rest), trials)
            worst = np.maximum(worst, p)
        return worst

    def expected(self, subsets: Subsets, x: int, y: int) -> np.ndarray:
        """float64[n]: count of x ∪ y if x and y were independent; for two items the E* of the pair graph.

        Σ_k n_Xk·n_Yk/n_k·Π f_ijk over i ∈ X, j ∈ Y, k a size stratum; the classical n_x·n_y/n without margins.
        """
        classical = subsets.count(x) * (subsets.count(y) / self.n_baskets)
        if self.profiles is None:
            return classical

        def work(rows: slice) -> np.ndarray:
            assert self.profiles is not None
            n = np.maximum(self.profiles.strata.n, 1.0)
            cells = self._profile(subsets, x, rows) * (self._profile(subsets, y, rows) / n)
            return (cells * self._factors(subsets, x, y, rows)).sum(axis=1)

        expected = self._in_parts(len(classical), work)
        return np.where(expected > 0, expected, classical)

    def expected_given(self, subsets: Subsets, part: int, y: int, rest: int) -> np.ndarray:
        """float64[n]: count of part ∪ y ∪ rest if, where ``rest`` is held, ``part`` and y were independent."""
        n_x, n_y, n = subsets.count(part | rest), subsets.count(y | rest), subsets.count(rest)
        if self.profiles is None:
            return n_x * (n_y / n)

        def work(rows: slice) -> np.ndarray:
            assert self.profiles is not None
            sizes = np.maximum(self.profiles.strata.n, 1.0)
            base = self._profile(subsets, rest, rows)
            with_part = add_item(base, self._profile(subsets, part, rows) / sizes, n_x[rows])
            with_y = add_item(base, self._profile(subsets, y, rows) / sizes, n_y[rows])
            cells = with_part * (with_y / np.maximum(base, 1e-300)) * self._factors(subsets, part, y, rows)
            return np.minimum(cells, np.minimum(with_part, with_y)).sum(axis=1)

        return self._in_parts(len(n), work)

    def _in_parts(self, n: int, work: Callable[[slice], np.ndarray]) -> np.ndarray:
        assert self.profiles is not None
        step = max(CELLS // len(self.profiles.strata.n), 1)
        parts = [work(slice(first, first + step)) for first in range(0, n, step)]
        return np.concatenate([np.empty(0), *parts])

    def _profile(self, subsets: Subsets, mask: int, rows: slice) -> np.ndarray:
        assert self.profiles is not None
        return self.profiles.of(mask.bit_count(), subsets.row(mask)[rows])

    def _factors(self, subsets: Subsets, x: int, y: int, rows: slice) -> np.ndarray:
        """float64[n, K]: Π over i ∈ x, j ∈ y of what uneven sizes within a stratum and the room items take do."""
        assert self.profiles is not None
        strata = self.profiles.strata
        product = np.ones(1)
        for i in (place for place in range(subsets.size) if x >> place & 1):
            absent = 1.0 - strata.share[subsets.items[rows, i]]
            for j in (place for place in range(subsets.size) if y >> place & 1):
                taken = absent * ((1.0 - strata.share[subsets.items[rows, j]]) / strata.room)
                product = product * np.maximum(strata.spread - taken, 0.0)
        return product * (strata.weight > 0)
