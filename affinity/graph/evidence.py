"""The evidence of product pairs at one grain: expected counts, shrunk lifts, q-values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from affinity import mapped
from affinity.statistics.expected_count import SizeStrata, count_candidates, expected_counts
from affinity.statistics.false_discovery import q_values_among
from affinity.statistics.shrinkage import GammaMixture, fit_gamma_poisson_mixture
from affinity.statistics.significance import binomial_mid_p, least_mid_p
from affinity.tables import Margins
from affinity.threads import map_rows

#: A pair is tested only where independent products would give at least this count (a filter blind to the count).
LEAST_EXPECTED = 0.05
#: Below this many pairs seen, the prior is fitted on all pairs, seen or not, while there are not too many of them.
FEW_PAIRS, MOST_CANDIDATES = 1000, 1_000_000
#: Pairs weighed at a time.
WEIGHED_AT_ONCE = 1 << 21
#: Beyond this much above the p from which on q is 1 whatever the other tests say, rounding cannot take it below 1.
_CERTAINLY_ABOVE = 1.0 + 1e-6


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
           8 bytes a pair are taken for it, and 8 a test; in files where the counts stand in files (`affinity.mapped`)
    """
    rows = np.arange(len(count)) if rows is None else rows
    strata = SizeStrata.of(margins.stratum_item, margins.stratum_n, margins.stratum_size_sum, margins.stratum_size_square_sum)
    expected = _expect(a, b, count, margins, strata, None if test else rows)
    prior = _fit_prior(a, b, count, expected, strata)
    if not test:
        return GrainEvidence(expected[rows], prior, np.full(len(rows), np.nan), 0, True)
    candidates, exact = count_candidates(strata, LEAST_EXPECTED)
    tests = sum(int(np.count_nonzero(expected[block] >= LEAST_EXPECTED)) for block in _blocks(len(count)))
    n_tests = max(candidates, tests)
    p, wanted = _test_pairs(a, b, count, margins.n_item, expected, rows, tests / max(n_tests, 1))
    return GrainEvidence(expected[rows], prior, q_values_among(p, wanted, n_tests), candidates, exact)


def _blocks(n: int) -> Iterator[slice]:
    return (slice(first, min(first + WEIGHED_AT_ONCE, n)) for first in range(0, n, WEIGHED_AT_ONCE))


def _expect(
    a: np.ndarray, b: np.ndarray, count: np.ndarray, margins: Margins, strata: SizeStrata, rows: np.ndarray | None
) -> np.ndarray:
    """float64[n_pairs], E*; the classical count where it is 0 though the two were seen together.

    rows : only of these pairs and of those seen, NaN otherwise; None: of all
    """
    found = mapped.full(len(count), 0, np.float64, mapped.is_mapped(count))
    n_item = margins.n_item.astype(np.float64)
    for block in _blocks(len(count)):
        needed = count[block] > 0
        if rows is None:
            needed[:] = True
        else:
            begin, end = np.searchsorted(rows, (block.start, block.stop))
            needed[rows[begin:end] - block.start] = True
        one, other = a[block][needed], b[block][needed]
        expected = expected_counts(one, other, strata).expected
        impossible = np.flatnonzero((expected <= 0.0) & (count[block][needed] > 0))
        expected[impossible] = n_item[one[impossible]] * n_item[other[impossible]] / max(margins.n, 1)
        found[block] = np.nan
        found[block][needed] = expected
    return found


def _test_pairs(
    a: np.ndarray, b: np.ndarray, count: np.ndarray, n_item: np.ndarray, expected: np.ndarray, rows: np.ndarray, one_from: float
) -> tuple[np.ndarray, np.ndarray]:
    """The p-values of the pairs that are tested, and those of ``rows``, NaN where not tested.

    one_from : from this p on q is 1; p-values that are certainly above it are left out, inf among those of ``rows``
    """
    p = mapped.Growing(np.float64, mapped.is_mapped(count))
    wanted = np.full(len(rows), np.nan)

    def test(n: np.ndarray, e: np.ndarray, trials: np.ndarray) -> np.ndarray:
        found = np.full(len(n), np.inf)
        open_ = np.flatnonzero(least_mid_p(n, e, trials) < one_from * _CERTAINLY_ABOVE + 1e-12)
        found[open_] = binomial_mid_p(n[open_], e[open_], trials[open_])
        return found

    for block in _blocks(len(count)):
        tested = block.start + np.flatnonzero(expected[block] >= LEAST_EXPECTED)
        trials = np.minimum(n_item[a[tested]], n_item[b[tested]])
        of_tested = map_rows(test, count[tested], expected[tested], trials)
        p.append(of_tested[of_tested < np.inf])
        found = np.full(block.stop - block.start, np.nan)
        found[tested - block.start] = of_tested
        begin, end = np.searchsorted(rows, (block.start, block.stop))
        wanted[begin:end] = found[rows[begin:end] - block.start]
    return p.whole(), wanted


def _fit_prior(a: np.ndarray, b: np.ndarray, count: np.ndarray, expected: np.ndarray, strata: SizeStrata) -> GammaMixture:
    if sum(int(np.count_nonzero(count[block])) for block in _blocks(len(count))) >= FEW_PAIRS:
        return fit_gamma_poisson_mixture(count, expected, truncated=True)
    seen = count > 0
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
