"""The evidence of product pairs at one grain: expected counts, shrunk lifts, q-values."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affinity.statistics.expected_count import SizeStrata, count_candidates, expected_counts
from affinity.statistics.false_discovery import benjamini_hochberg
from affinity.statistics.shrinkage import GammaMixture, fit_gamma_poisson_mixture
from affinity.statistics.significance import binomial_mid_p
from affinity.tables import Margins
from affinity.threads import map_rows

#: A pair is tested only where independent products would give at least this count (a filter blind to the count).
LEAST_EXPECTED = 0.05
#: Below this many pairs seen, the prior is fitted on all pairs, seen or not, while there are not too many of them.
FEW_PAIRS, MOST_CANDIDATES = 1000, 1_000_000


@dataclass(frozen=True, eq=False)
class GrainEvidence:
    """Evidence of the pairs seen at one grain (baskets, or customers).

    expected : float64[n_pairs], E*; the classical n_a·n_b/n where E* is 0 though the two were seen together
    prior    : of observed over expected, over all pairs
    q_value  : float64[n_pairs], NaN where not tested; candidates : tests counted; exact : or an upper bound
    """

    expected: np.ndarray
    prior: GammaMixture
    q_value: np.ndarray
    candidates: int
    exact: bool

    def only(self, rows: np.ndarray) -> GrainEvidence:
        """The evidence of some of the pairs (indices); the prior and the number of tests stay those of all."""
        return replace(self, expected=self.expected[rows], q_value=self.q_value[rows])


def weigh_pairs(a: np.ndarray, b: np.ndarray, count: np.ndarray, margins: Margins, *, test: bool) -> GrainEvidence:
    """E* of each pair, the prior of count / E*, fitted on the pairs seen at this grain, and, to ``test``, q-values.

    One-sided q-values of "together more often than independent" over all candidate pairs, seen or not. Pairs with
    E* < .05 are not tested (NaN): the filter looks at E*, never at the count.
    """
    strata = SizeStrata.of(margins.stratum_item, margins.stratum_n, margins.stratum_size_sum, margins.stratum_size_square_sum)
    expected = expected_counts(a, b, strata).expected
    impossible = np.flatnonzero((expected <= 0.0) & (count > 0))
    n_item = margins.n_item.astype(np.float64)
    expected[impossible] = n_item[a[impossible]] * n_item[b[impossible]] / max(margins.n, 1)
    prior = _fit_prior(a, b, count, expected, strata)
    p = np.full(len(count), np.nan)
    candidates, exact = 0, True
    if test:
        tested = np.flatnonzero(expected >= LEAST_EXPECTED)
        trials = np.minimum(margins.n_item[a[tested]], margins.n_item[b[tested]])
        p[tested] = map_rows(binomial_mid_p, count[tested], expected[tested], trials)
        candidates, exact = count_candidates(strata, LEAST_EXPECTED)
    return GrainEvidence(expected, prior, benjamini_hochberg(p, candidates), candidates, exact)


def _fit_prior(a: np.ndarray, b: np.ndarray, count: np.ndarray, expected: np.ndarray, strata: SizeStrata) -> GammaMixture:
    seen = count > 0
    if np.count_nonzero(seen) >= FEW_PAIRS:
        whole = bool(seen.all())
        return fit_gamma_poisson_mixture(count if whole else count[seen], expected if whole else expected[seen], truncated=True)
    a, b, count, expected = a[seen], b[seen], count[seen], expected[seen]
    present = np.flatnonzero((strata.share > 0).any(axis=1)).astype(np.int32)
    n = len(present)
    if not 0 < n * (n - 1) // 2 <= MOST_CANDIDATES:
        return fit_gamma_poisson_mixture(count, expected, truncated=True)
    first, second = np.triu_indices(n, 1)
    every = expected_counts(present[first], present[second], strata)
    counts = np.zeros(len(first))
    i, j = np.searchsorted(present, a), np.searchsorted(present, b)
    row = i * (2 * n - i - 1) // 2 + (j - i - 1)
    counts[row] = count
    every.expected[row] = expected
    return fit_gamma_poisson_mixture(counts, every.expected, truncated=False, variance=every.variance)
