"""The baseline of similar buyers: what the owners of A would have converted if A said nothing about B.

λ_B(stratum, bin) = events / customer-days towards B after *any* index purchase, the owners of A left out
from their purchase of A on; expected events of a pair E = c_A · Σ λ_B · customer-days of A's owners, c_A how much more of
everything they buy (`activity_levels`); hazard ratio O/E.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity import mapped
from affinity.conversion.activity import activity_levels
from affinity.conversion.kinds import count_tests, is_upsell
from affinity.statistics.elementary import expm1
from affinity.statistics.false_discovery import benjamini_hochberg
from affinity.statistics.hazard import LEAST_EXPECTED, excess_p_values, robust_dispersion
from affinity.statistics.shrinkage import GammaMixture, fit_gamma_poisson_mixture
from affinity.tables.life_tables import BASELINE_BINS, LifeTables
from affinity.threads import map_blocks, map_rows


@dataclass(frozen=True)
class Baseline:
    """One row a pair. rate : float64[n, H] expected cumulative rate at each horizon; observed, expected : events within
    the last bin; prior : of observed/expected over pairs; without_antecedent : A's owners were left out; dispersion :
    variance of observed/expected of ordinary pairs beyond chance; p_value : float64[n] of "more events
    than expected"; q_value : float64[n], see `Conversion`."""

    rate: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    prior: GammaMixture
    without_antecedent: bool
    dispersion: float
    p_value: np.ndarray
    q_value: np.ndarray

    def hazard_ratio(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(shrunk ratio, 5 % bound, 95 % bound), NaN where nothing was expected."""
        ratio, lower, upper = (np.full(len(self.expected), np.nan) for _ in range(3))
        some = np.flatnonzero(self.expected > 0)

        def shrink(first: int, last: int) -> None:
            rows = some[first:last]
            o, e = self.observed[rows], self.expected[rows]
            ratio[rows] = self.prior.posterior_log_mean(o, e)
            lower[rows] = self.prior.quantile(o, e, 0.05)
            upper[rows] = self.prior.quantile(o, e, 0.95)

        map_blocks(shrink, np.unique([*range(0, len(some), PAIRS_AT_ONCE), len(some)]))
        return ratio, lower, upper


#: Pairs whose cells are expanded at once (25 cells of 8 bytes, a few times).
PAIRS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Expectation:
    """Of every stored pair, what its owners of A would have done if A said nothing about B.

    observed : int64[n] events; expected : float64[n]; noise : float64[n], variance of ``expected`` over its square
    level    : float64[n_products], c_A; ordinary : bool[n], pairs enough expected of to judge the others by
    """

    observed: np.ndarray
    expected: np.ndarray
    noise: np.ndarray
    level: np.ndarray
    ordinary: np.ndarray


def compare_with_similar(life_tables: LifeTables, rows: np.ndarray, *, family: np.ndarray | None = None) -> Baseline:
    """The baseline of the pairs ``rows``: expected rates by horizon, O, E, and the prior of O/E.

    The prior is fitted on every stored pair with something expected; pairs with fewer than
    ``life_tables.min_converted`` events exist and are not stored, which the likelihood allows for.
    family : int32[n_products], pairs within one are upsell: tested among themselves, and no part of A's activity level
    """
    found = expect_events(life_tables, family)
    observed, expected, ordinary = found.observed, found.expected, found.ordinary
    prior = fit_gamma_poisson_mixture(observed, expected, truncated=True, at_least=life_tables.min_converted)
    dispersion = robust_dispersion(observed[ordinary], expected[ordinary], found.noise[ordinary])
    p_value = map_rows(excess_p_values, observed, expected, dispersion + found.noise)
    q_value = np.full(len(p_value), np.nan)
    upsell = is_upsell(family, life_tables.antecedent, life_tables.consequent)
    for of_kind, n_tests in zip((~upsell, upsell), count_tests(family, len(found.level))):
        q_value[of_kind] = benjamini_hochberg(p_value[of_kind], n_tests)
    rate = expected_rates(life_tables, rows, found.level)
    left_out = life_tables.owner_exposure is not None
    return Baseline(rate, observed[rows], expected[rows], prior, left_out, dispersion, p_value[rows], q_value[rows])


def expect_events(life_tables: LifeTables, family: np.ndarray | None = None) -> Expectation:
    """The expected events of every stored pair within the last bin, at the activity of A's owners."""
    expected, noise, typical = (np.zeros(len(life_tables)) for _ in range(3))
    for first in range(0, len(life_tables), PAIRS_AT_ONCE):
        part = slice(first, first + PAIRS_AT_ONCE)
        outside = _outside(life_tables, part)
        cells = _hazards(*outside) * life_tables.exposure[part]
        expected[part] = cells.sum(axis=1)
        noise[part] = _relative_variance(life_tables, part, cells, outside[0])
        typical[part] = (_hazards_of_all(life_tables, part) * life_tables.exposure[part]).sum(axis=1)
    observed = life_tables.observed.sum(axis=1, dtype=np.int64)
    level = np.ones(len(life_tables.products))
    # Few expected events and a threshold of events would leave only the pairs that had many by chance. Chosen by what *all*
    # buyers do: of the pairs with the larger E, E is too large by chance, and the level would come out .03–.05 too low.
    upsell = is_upsell(family, life_tables.antecedent, life_tables.consequent)
    ordinary = ~upsell & (typical >= max(LEAST_EXPECTED, 3.0 * life_tables.min_converted))
    if life_tables.owner_exposure is not None:
        a = life_tables.antecedent
        level, unsure = activity_levels(a[ordinary], observed[ordinary], expected[ordinary], len(level))
        noise += unsure[a]
    return Expectation(observed, expected * level[life_tables.antecedent], noise, level, ordinary)


def expected_rates(life_tables: LifeTables, rows: np.ndarray, level: np.ndarray) -> np.ndarray:
    """float64[n, H]: mean over the eligible of each of ``rows`` of 1 − exp(−Λ_B(horizon)), at the activity ``level``."""
    overlaps = np.stack([_bin_days(h, life_tables.gap_days) for h in life_tables.horizons_days])  # [H, bins]
    rate = mapped.full(len(rows) * len(overlaps), 0, np.float64, mapped.is_mapped(life_tables.exposure))
    rate = rate.reshape(len(rows), len(overlaps))
    for first in range(0, len(rows), PAIRS_AT_ONCE):
        chosen = rows[first : first + PAIRS_AT_ONCE]
        hazard = hazards_of_others(life_tables, chosen) * level[life_tables.antecedent[chosen], None]
        by_stratum = hazard.reshape(len(hazard), -1, len(BASELINE_BINS))
        share = _stratum_shares(life_tables, chosen, by_stratum.shape[1])
        for h, days in enumerate(overlaps):
            cumulative = (by_stratum * days).sum(axis=2)
            rate[first : first + len(chosen), h] = (share * -expm1(-cumulative)).sum(axis=1)
    return rate


def _relative_variance(life_tables: LifeTables, part: slice, cells: np.ndarray, top: np.ndarray) -> np.ndarray:
    """float64[pairs]: variance of E over E², E known from the events of others only: Σ d_c·E_c²/o_c / E².

    o_c = ``top`` : the index events outside in cell c; d_c = Σ o_ic·o_i / Σ o_ic over the buyers i of B, of whom each counts
    once for each product that he had, o_i times in all. (Of the sum over cells of one buyer the square is at most this, by
    Cauchy and Schwarz.) With the mean of o_i in d_c's place, heavy buyers made the variance too small.
    """
    b = life_tables.consequent[part]
    repeats = np.ones_like(cells)
    if life_tables.index_repeats is not None:
        np.divide(life_tables.index_repeats[b], life_tables.index_events[b], out=repeats, where=life_tables.index_events[b] > 0)
    spread = np.divide(repeats * cells**2, top, out=np.zeros_like(cells), where=top > 0).sum(axis=1)
    whole = cells.sum(axis=1) ** 2
    return np.divide(spread, whole, out=np.zeros_like(spread), where=whole > 0)


def hazards_of_others(life_tables: LifeTables, part: slice | np.ndarray) -> np.ndarray:
    """float64[pairs, C]: events per customer-day towards B by cell, A's owners left out.

    (O − o + O/N) / (Y − y + Y/N): O, Y the index events and customer-days of B, o, y what A's owners add to
    them, N = ΣO: the whole table stands in with the weight of a single event, so that a baseline of few
    (or no) outside events is neither 0 nor undefined. 0 where nobody was ever at risk.
    """
    return _hazards(*_outside(life_tables, part))


def _hazards(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _hazards_of_all(life_tables: LifeTables, part: slice) -> np.ndarray:
    """float64[pairs, C]: events per customer-day towards B by cell, of all buyers, A's owners among them."""
    b = life_tables.consequent[part]
    events, days = life_tables.index_events[b], life_tables.index_exposure[b]
    return np.divide(events, days, out=np.zeros(days.shape), where=days > 0)


def _outside(life_tables: LifeTables, part: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64[pairs, C] ×2: the events and customer-days of `hazards_of_others`."""
    b = life_tables.consequent[part]
    events, days = life_tables.index_events[b].astype(np.float64), life_tables.index_exposure[b].astype(np.float64)
    weight = 1.0 / np.maximum(events.sum(axis=1, keepdims=True), 1.0)
    top, bottom = events * weight, days * weight
    if life_tables.owner_exposure is None or life_tables.owner_events is None:
        top, bottom = events, days
    else:
        top += events - life_tables.owner_events[part]
        bottom += days - life_tables.owner_exposure[part]
    return top, bottom


def _stratum_shares(life_tables: LifeTables, part: np.ndarray, strata: int) -> np.ndarray:
    """float64[pairs, S]: share of the eligible in each stratum (their exposure where ``entered`` is not known)."""
    if life_tables.entered is None:
        counts = life_tables.exposure[part].reshape(-1, strata, len(BASELINE_BINS)).sum(axis=2)
    else:
        counts = life_tables.entered[part]
    total = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)


def _bin_days(horizon_days: int, gap_days: int) -> np.ndarray:
    """float64[bins]: days of (gap, horizon] in each bin; beyond the last bin its hazard goes on."""
    edges = np.array((0, *BASELINE_BINS), dtype=np.float64)
    edges[-1] = max(edges[-1], horizon_days)
    return np.maximum(np.minimum(edges[1:], horizon_days) - np.maximum(edges[:-1], gap_days), 0.0)
