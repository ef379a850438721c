"""The evidence of product pairs at one grain: expected counts, shrunk lifts, q-values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.statistics.expected_count import SizeStrata, count_candidates, expected_counts
from affinity.statistics.false_discovery import q_values_among
from affinity.statistics.shrinkage import GammaMixture, fit_gamma_poisson_mixture
from affinity.statistics.significance import binomial_mid_p
from affinity.tables import Margins
from affinity.threads import map_rows

#: A pair is tested only where independent products would give at least this count (a filter blind to the count).
LEAST_EXPECTED = 0.05
#: Below this many pairs seen, the prior is fitted on all pairs, seen or not, while there are not too many of them.
FEW_PAIRS, MOST_CANDIDATES = 1000, 1_000_000
#: Pairs weighed at a time.
WEIGHED_AT_ONCE = 1 << 21


@dataclass(frozen=True, eq=False)
class GrainEvidence:
    """Evidence of some pairs at one grain (baskets, or customers), weighed among all pairs seen.

    expected : float64[n_rows], E*; the classical n_a·n_b/n where E* is 0 though the two were seen together
    prior    : of observed over expected, over all pairs
    q_value  : float64[n_rows], NaN where not tested; candidates : tests counted; exact : or an upper bound
    """

    expected: np.ndarray
    prior: GammaMixture
    q_value: np.ndarray
    candidates: int
    exact: bool


def weigh_pairs(
    a: np.ndarray, b: np.ndarray, count: np.ndarray, margins: Margins, *, test: bool, rows: np.ndarray | None = None
) -> GrainEvidence:
    """E* of each pair, the prior of count / E*, fitted on the pairs seen at this grain, and, to ``test``, q-values.

    One-sided q-values of "together more often than independent" over all candidate pairs, seen or not. Pairs with
    E* < .05 are not tested (NaN): the filter looks at E*, never at the count.
    rows : the pairs (indices, rising) that evidence is wanted of; None: all. All of them make the prior and the tests;
           16 bytes a pair are taken for it
    """
    rows = np.arange(len(count)) if rows is None else rows
    strata = SizeStrata.of(margins.stratum_item, margins.stratum_n, margins.stratum_size_sum, margins.stratum_size_square_sum)
    expected = _expect(a, b, count, margins, strata)
    prior = _fit_prior(a, b, count, expected, strata)
    if not test:
        return GrainEvidence(expected[rows], prior, np.full(len(rows), np.nan), 0, True)
    p, wanted = _test_pairs(a, b, count, margins.n_item, expected, rows)
    expected = expected[rows]
    candidates, exact = count_candidates(strata, LEAST_EXPECTED)
    return GrainEvidence(expected, prior, q_values_among(p, wanted, candidates), candidates, exact)


def _expect(a: np.ndarray, b: np.ndarray, count: np.ndarray, margins: Margins, strata: SizeStrata) -> np.ndarray:
    """float64[n_pairs], E*; the classical count where it is 0 though the two were seen together."""
    found = np.empty(len(count))
    n_item = margins.n_item.astype(np.float64)
    for first in range(0, len(count), WEIGHED_AT_ONCE):
        block = slice(first, first + WEIGHED_AT_ONCE)
        expected = expected_counts(a[block], b[block], strata).expected
        impossible = np.flatnonzero((expected <= 0.0) & (count[block] > 0))
        one, other = a[block][impossible], b[block][impossible]
        expected[impossible] = n_item[one] * n_item[other] / max(margins.n, 1)
        found[block] = expected
    return found


def _test_pairs(
    a: np.ndarray, b: np.ndarray, count: np.ndarray, n_item: np.ndarray, expected: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The p-values of the pairs that are tested, and those of ``rows``, NaN where not tested."""
    p, used = np.empty(np.count_nonzero(expected >= LEAST_EXPECTED)), 0
    wanted = np.full(len(rows), np.nan)
    for first in range(0, len(count), WEIGHED_AT_ONCE):
        tested = first + np.flatnonzero(expected[first : first + WEIGHED_AT_ONCE] >= LEAST_EXPECTED)
        trials = np.minimum(n_item[a[tested]], n_item[b[tested]])
        found = np.full(min(WEIGHED_AT_ONCE, len(count) - first), np.nan)
        found[tested - first] = map_rows(binomial_mid_p, count[tested], expected[tested], trials)
        p[used : used + len(tested)] = found[tested - first]
        used += len(tested)
        begin, end = np.searchsorted(rows, (first, first + WEIGHED_AT_ONCE))
        wanted[begin:end] = found[rows[begin:end] - first]
    return p, wanted


def _fit_prior(a: np.ndarray, b: np.ndarray, count: np.ndarray, expected: np.ndarray, strata: SizeStrata) -> GammaMixture:
    seen = count > 0
    if np.count_nonzero(seen) >= FEW_PAIRS:
        return fit_gamma_poisson_mixture(count, expected, truncated=True)
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
