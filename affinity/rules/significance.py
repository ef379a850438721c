"""How surprising a rule is: expected counts of two sets of items under independence, and p-values.

With the margins by basket size, independence means independence among baskets of about one size; without them
it is the classical one, which uneven sizes alone can break.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from affinity.rules.subsets import Subsets
from affinity.statistics.expected_count import SizeStrata
from affinity.statistics.significance import binomial_mid_p
from affinity.tables import Margins

#: Rows × strata worked on at a time.
CELLS = 2_000_000


class RuleTests:
    """One-sided mid-p values of "more often together than independent"."""

    def __init__(self, n_baskets: int, margins: Margins | None) -> None:
        self.n_baskets = n_baskets
        self.strata = None
        if margins is not None:
            self.strata = SizeStrata.of(
                margins.stratum_item, margins.stratum_n, margins.stratum_size_sum, margins.stratum_size_square_sum
            )

    def association(self, subsets: Subsets, x: int, y: int) -> np.ndarray:
        """p of "baskets with all of X hold all of Y more often than chance", for the masks x and y."""
        return self._p(subsets, x, y, 0)

    def productivity(self, subsets: Subsets, x: int, y: int) -> np.ndarray:
        """The largest p over i ∈ X of "i raises Y among the baskets with the rest of X" (Webb 2007)."""
        if x.bit_count() == 1:
            return self.association(subsets, x, y)
        parts = [1 << place for place in range(subsets.size) if x >> place & 1]
        return np.maximum.reduce([self._p(subsets, part, y, x ^ part) for part in parts])

    def _p(self, subsets: Subsets, x: int, y: int, given: int) -> np.ndarray:
        """p of the count of x ∪ y among the baskets that hold ``given`` (0: all baskets)."""
        n_x, n_y, n_xy = subsets.count(x | given), subsets.count(y | given), subsets.count(x | y | given)
        n = subsets.count(given) if given else np.full(len(n_x), self.n_baskets)
        if self.strata is None:
            expected = n_x * (n_y / n)
        else:
            expected = np.empty(len(n_x))
            step = max(CELLS // len(self.strata.weight), 1)
            for first in range(0, len(n_x), step):
                rows = slice(first, first + step)
                expected[rows] = self._expected(subsets.items[rows], (x, y, given), n_x[rows], n_y[rows], n[rows])
        return binomial_mid_p(n_xy, expected, np.minimum(n_x, n_y))

    def _expected(
        self, items: np.ndarray, masks: tuple[int, int, int], n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray
    ) -> np.ndarray:
        """Σ_k n_Xk·n_Yk/n_k·Π f_ijk: a set's count is spread over the size strata as its items' shares say.

        For two single items and no condition this is the expected count of `affinity.statistics.expected_count`.
        """
        assert self.strata is not None
        x, y, given = masks
        share = {place: self.strata.share[items[:, place]] for place in range(items.shape[1]) if (x | y | given) >> place & 1}
        factors = {pair: self._factor(share[pair[0]], share[pair[1]]) for pair in combinations(share, 2)}

        def spread(mask: int, count: np.ndarray) -> np.ndarray:
            places = [place for place in share if mask >> place & 1]
            weight = np.broadcast_to(self.strata.weight, (len(items), len(self.strata.weight))).copy()  # type: ignore[union-attr]
            for place in places:
                weight *= share[place]
            for pair in combinations(places, 2):
                weight *= factors[pair]
            total = weight.sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(total > 0, count / total, 0.0)[:, None] * weight

        base = spread(given, n) if given else np.broadcast_to(self.strata.weight, (len(items), len(self.strata.weight)))
        with np.errstate(divide="ignore", invalid="ignore"):
            cells = np.where(base > 0, spread(x | given, n_x) * spread(y | given, n_y) / base, 0.0)
        for (i, j), factor in factors.items():
            if (x >> i & 1 and y >> j & 1) or (x >> j & 1 and y >> i & 1):
                cells = cells * factor
        expected = cells.sum(axis=1)
        return np.where(expected > 0, expected, n_x * (n_y / n))

    def _factor(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """What unevenness of sizes within a stratum, and the room that items take, do to a pair's count."""
        assert self.strata is not None
        return np.maximum(self.strata.spread - (1.0 - p) * (1.0 - q) / self.strata.room, 0.0)
