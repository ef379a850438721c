"""How surprising a rule is: expected counts of two sets of items under independence, and p-values.

With the margins by basket size, independence means independence among baskets of about one size; without them
it is the classical one, which uneven sizes alone can break.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from affinity.rules.profiles import CELLS, SizeProfiles, add_item
from affinity.rules.splits import BLOCK, Splits, run_blocks
from affinity.rules.subsets import Lattice, Subsets
from affinity.statistics.expected_count import SizeStrata
from affinity.statistics.significance import binomial_mid_p
from affinity.tables import Margins

#: Rows of parts of itemsets that a test of productivity holds at a time, so that memory does not follow the itemsets.
PART_CELLS = 4_000_000

Test = Literal["mid-p", "exact"]


def binomial_exact_p(count: np.ndarray, expected: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """P(N ≥ count) for N ~ Binomial(trials, expected / trials), float64 in [0, 1]; as `binomial_mid_p`, no half taken off.

    count, trials : int64, 1 ≤ count ≤ trials

    >>> float(binomial_exact_p(np.array([3]), np.array([1.5]), np.array([3]))[0])  # 3 of 3, chance ½
    0.125
    """
    from scipy.special import betainc

    return np.asarray(betainc(count, trials - count + 1.0, np.minimum(expected / trials, 1.0 - 1e-9)))


class RuleTests:
    """One-sided p-values of "more often together than independent"."""

    def __init__(self, lattice: Lattice, margins: Margins | None, test: Test = "mid-p") -> None:
        self.lattice, self.n_baskets = lattice, lattice.itemsets.n_baskets
        self.p_value = binomial_mid_p if test == "mid-p" else binomial_exact_p
        self.profiles = None
        if margins is not None:
            strata = SizeStrata.of(
                margins.stratum_item, margins.stratum_n, margins.stratum_size_sum, margins.stratum_size_square_sum
            )
            self.profiles = SizeProfiles(lattice, strata)
        self._strata = self._flat_strata()

    def run(self, splits: Splits, productive: bool) -> tuple[np.ndarray, np.ndarray]:
        """(p of every test of ``splits``; the place among them of the first test of each itemset of the table).

        The tests of an itemset lie together, in the order of ``splits.tested`` of its size.
        """
        first = self.lattice.first
        each = np.array([len(tested) for tested in splits.tested])
        sizes = np.repeat(np.arange(len(each)), np.diff(first))
        start = np.cumsum(each[sizes]) - each[sizes]
        p = np.empty(int((each * np.diff(first)).sum()))
        for size, masks in enumerate(splits.tested):
            if len(masks) == 0 or first[size] == first[size + 1]:
                continue
            step = max(PART_CELLS >> min(size, 20) if productive else BLOCK // len(masks), 1)
            bounds = np.append(np.arange(first[size], first[size + 1], step), first[size + 1])

            def fill(a: int, b: int, masks: np.ndarray = masks) -> None:
                found = self.productivity(a, b, masks) if productive else self.association(a, b, masks)
                p[start[a] : start[a] + len(found)] = found

            run_blocks(fill, bounds, f"rules of {size} products tested")
        return p, start

    def association(self, first: int, last: int, masks: np.ndarray) -> np.ndarray:
        """p of "baskets with all of X hold all of Y more often than chance", of the itemsets at rows [first, last) and
        each antecedent of ``masks``; the tests of an itemset lie together.
        """
        expected, n_xy, trials = self.expected(first, last, masks)
        return self.p_value(n_xy, expected, trials)

    def expected(self, first: int, last: int, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(count of X ∪ Y if X and Y were independent; the count; the most that it can be) of the same tests.

        Σ_k n_Xk·n_Yk/n_k·Π f_ijk over i ∈ X, j ∈ Y, k a size stratum; the classical n_x·n_y/n without margins.
        For two items it is the E* of the pair graph.
        """
        from affinity.kernels.rules_expected import expect_splits

        lattice, n = self.lattice, (last - first) * len(masks)
        out = np.empty(n), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
        size = int(lattice.indptr[first + 1] - lattice.indptr[first])
        scratch = np.empty(1 << size, dtype=np.int32), np.zeros(self._strata[1].shape[1])
        expect_splits(
            first, last, lattice.indptr, lattice.item, lattice.drop, lattice.count, self.n_baskets, masks, *self._strata,
            *scratch, *out,
        )  # fmt: skip
        return out

    def _flat_strata(self) -> tuple[np.ndarray, ...]:
        """singles, larger, begin, stratum, size, spread, absent and taken of `expect_splits`."""
        if self.profiles is None:
            none, one = np.empty((0, 0)), np.empty(0)
            return none, none.astype(np.float32), self.lattice.first[1:3], np.empty(0, dtype=np.int64), one, one, none, none
        profiles, strata = self.profiles, self.profiles.strata
        absent = 1.0 - strata.share
        return (
            profiles.singles, profiles.larger, profiles.begin, np.flatnonzero(strata.weight > 0), np.maximum(strata.n, 1.0),
            strata.spread, absent, absent / strata.room,
        )  # fmt: skip

    def productivity(self, first: int, last: int, masks: np.ndarray) -> np.ndarray:
        """The largest p over i ∈ X of "i raises Y among the baskets with the rest of X" (Webb 2007); as `association`."""
        subsets = Subsets(self.lattice, first, last, int(self.lattice.indptr[first + 1] - self.lattice.indptr[first]))
        worst = np.zeros((last - first, len(masks)))
        for number, x in enumerate(masks.tolist()):
            if x.bit_count() == 1:
                worst[:, number] = self.association(first, last, masks[number : number + 1])
                continue
            y = subsets.full ^ x
            for part in (1 << place for place in range(subsets.size) if x >> place & 1):
                rest = x ^ part
                trials = np.minimum(subsets.count(x), subsets.count(y | rest))
                p = self.p_value(subsets.count(subsets.full), self.expected_given(subsets, part, y, rest), trials)
                worst[:, number] = np.maximum(worst[:, number], p)
        return worst.ravel()

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
