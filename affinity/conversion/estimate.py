"""Life tables -> Conversion: of the customers eligible to go from A to B, how many did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from affinity.conversion.baseline import Baseline, compare_with_similar, expect_events, expected_rates
from affinity.conversion.horizons import check_named_horizon
from affinity.conversion.kinds import is_upsell, name_kinds
from affinity.conversion.offers import OfferCounts, measure_offers
from affinity.conversion.timing import find_best_time
from affinity.settings import ConversionSettings
from affinity.statistics import survival
from affinity.statistics.intervals import wilson_interval
from affinity.tables.conversion import Conversion
from affinity.tables.holdings import Holdings
from affinity.tables.life_tables import LifeTables
from affinity.tables.offers import Offers

#: Reason codes of a null.
SHORT_FOLLOWUP, SHORT_HISTORY = "SHORT_FOLLOWUP", "SHORT_HISTORY"

#: What a rate means, by what happens to customers who left.
RISK = {
    "crude": "crude: customers who left stay at risk until as_of",
    "net": "net: customers who left are followed until they left; the rate is of a world in which nobody leaves",
}

#: Pairs whose event days are expanded at once.
PAIRS_AT_ONCE = 200_000


def estimate_conversion(
    life_tables: LifeTables,
    *,
    offers: Offers | None = None,
    holdings: Holdings | None = None,
    family: np.ndarray | None = None,
    settings: ConversionSettings | None = None,
    named_horizon_days: int | None = None,
) -> Conversion:
    """Conversion of every pair with ``settings.min_converted`` converted at some horizon, a row a horizon.

    rate          = Kaplan–Meier F(h) with the risk sets of `LifeTables`; customers who left stay at risk ("of 100
                    owners, how many buy"); null with note SHORT_FOLLOWUP when nobody was followed to h
    lower, upper  = Wilson 95 % on n_eff = min(eligible, F(1 − F)/V), V Greenwood's variance; without an event the
                    harmonic mean of the numbers at risk, taken as falling evenly
    converted + censored + (followed and not converted) = eligible
    baseline      = mean over the eligible of 1 − exp(−Λ_B), Λ_B the hazard of similar buyers who do not own A
    hazard_ratio  = observed/expected events within 365 days, shrunk over all pairs (GPS), with 5 % and 95 % bounds;
                    "compared with similar buyers", not causal. The same at every horizon of a pair
    q_value       = Benjamini–Hochberg over all ordered pairs of products of that kind; the p-value of O given E allows for
                    the variance of E and the spread of ordinary pairs (``info["dispersion"]``, see `robust_dispersion`)
    kind          = "upsell" where both are of one family, else "cross_sell"; never added together
    median_days   = smallest u with F(u) ≥ ½F(h)
    best_from_day, best_to_day, best_lift : when after A the purchase is likeliest (see `find_best_time`)
    offered, accepted, offer_rate : customers who owned A when B was offered (see `measure_offers`)

    family             : int32[n_products] of each product (see `family_codes`); None: each product is its own
    offers, holdings   : in the codes of the life tables; both, or offers are not measured
    named_horizon_days : a horizon that the user asked for: HorizonUnobserved when nobody was followed to it
    Degenerate: no pair, or nobody entered (``info["note"]`` = SHORT_HISTORY): a table without rows.
    """
    settings = settings or ConversionSettings()
    check_named_horizon(life_tables, named_horizon_days)
    longest = life_tables.horizons_days[-1]
    converted = survival.sum_until(life_tables.indptr, life_tables.day, life_tables.events, longest)
    rows = np.flatnonzero(converted >= settings.min_converted)
    baseline = compare_with_similar(life_tables, rows, family=family)
    measured = _measure_offers(life_tables, offers, holdings, settings)
    columns = _rate_columns(life_tables, rows) | _baseline_columns(life_tables, baseline)
    n_horizons = len(life_tables.horizons_days)
    a, b = life_tables.antecedent[rows], life_tables.consequent[rows]
    best = find_best_time(life_tables, rows)
    of_pairs = _offer_columns(measured, a, b)
    of_pairs |= {"best_from_day": best.from_day, "best_to_day": best.to_day, "best_lift": best.lift}
    of_pairs |= {"q_value": baseline.q_value, "kind": name_kinds(is_upsell(family, a, b))}
    of_pairs |= {"churn": np.full(len(rows), life_tables.churn, dtype=object)}
    columns |= {name: np.repeat(column, n_horizons) for name, column in of_pairs.items()}
    return Conversion(
        antecedent=np.repeat(a, n_horizons),
        consequent=np.repeat(b, n_horizons),
        horizon_days=np.tile(np.array(life_tables.horizons_days, dtype=np.int32), len(rows)),
        **columns,
        products=life_tables.products,
        info=_describe(life_tables, baseline, measured),
    )


def estimate_rows(life_tables: LifeTables, rows: np.ndarray, family: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """eligible, converted, censored, rate, lower, upper, median_days, note and baseline of the pairs ``rows``, flat: a pair's
    horizons one after the other (see `estimate_conversion`)."""
    baseline = expected_rates(life_tables, rows, expect_events(life_tables, family).level)
    return _rate_columns(life_tables, rows) | {"baseline": baseline.ravel()}


def _rate_columns(life_tables: LifeTables, rows: np.ndarray) -> dict[str, np.ndarray]:
    """eligible, converted, censored, rate, lower, upper, median_days, note: flat, pair by pair."""
    parts = [
        _rates_of(life_tables, rows[first : first + PAIRS_AT_ONCE]) for first in range(0, max(len(rows), 1), PAIRS_AT_ONCE)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _rates_of(life_tables: LifeTables, rows: np.ndarray) -> dict[str, np.ndarray]:
    indptr, position = slice_runs(life_tables.indptr, rows)
    day, at_risk, events = (getattr(life_tables, name)[position] for name in ("day", "at_risk", "events"))
    curve = survival.cumulative_curve(indptr, day, at_risk, events)
    eligible = life_tables.eligible[rows]
    shape = (len(rows), len(life_tables.horizons_days))
    floats = ("rate", "lower", "upper", "median_days")
    columns: dict[str, np.ndarray] = {name: np.full(shape, np.nan) for name in floats}
    columns |= {name: np.zeros(shape, dtype=np.int64) for name in ("eligible", "converted", "censored")}
    columns["note"] = np.full(shape, None, dtype=object)
    for h, horizon in enumerate(life_tables.horizons_days):
        rate, variance = curve.at(horizon)
        followed = life_tables.followed[rows, h]
        converted = survival.sum_until(indptr, day, events, horizon)
        on_the_day = converted - survival.sum_until(indptr, day, events, horizon - 1)
        unseen = (followed == 0) & (rate < 1.0)
        rate = np.where(unseen, np.nan, rate)
        size = survival.effective_size(rate, variance, eligible, survival.steady_size(eligible, followed))
        columns["rate"][:, h] = rate
        columns["lower"][:, h], columns["upper"][:, h] = survival.rate_bounds(rate, np.where(unseen, np.nan, size))
        columns["median_days"][:, h] = survival.velocity_days(curve, rate)
        columns["eligible"][:, h], columns["converted"][:, h] = eligible, converted
        columns["censored"][:, h] = eligible - converted - (followed - on_the_day)
        columns["note"][unseen, h] = SHORT_FOLLOWUP
    return {name: column.ravel() for name, column in columns.items()}


def _baseline_columns(life_tables: LifeTables, baseline: Baseline) -> dict[str, np.ndarray]:
    n_horizons = len(life_tables.horizons_days)
    ratio, lower, upper = (np.repeat(column, n_horizons) for column in baseline.hazard_ratio())
    return {
        "baseline": baseline.rate.ravel(),
        "hazard_ratio": ratio,
        "hazard_ratio_lower": lower,
        "hazard_ratio_upper": upper,
    }


def _measure_offers(
    life_tables: LifeTables, offers: Offers | None, holdings: Holdings | None, settings: ConversionSettings
) -> OfferCounts | None:
    if offers is None or holdings is None:
        return None
    return measure_offers(offers, holdings, window_days=settings.offer_window_days, as_of_day=life_tables.as_of_day)


def _offer_columns(measured: OfferCounts | None, a: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
    offered, accepted = np.zeros(len(a), dtype=np.int64), np.zeros(len(a), dtype=np.int64)
    if measured is not None:
        offered, accepted = measured.of_pairs(a, b)
    lower, upper = wilson_interval(accepted, offered)
    rate = np.divide(accepted, offered, out=np.full(len(a), np.nan), where=offered > 0)
    return {"offered": offered, "accepted": accepted, "offer_rate": rate, "offer_lower": lower, "offer_upper": upper}


def _describe(life_tables: LifeTables, baseline: Baseline, measured: OfferCounts | None) -> Mapping[str, Any]:
    """How the figures came about, and what to be careful with."""
    history = None
    if life_tables.as_of_day is not None and life_tables.start_day is not None:
        history = life_tables.as_of_day - life_tables.start_day
    info: dict[str, Any] = {
        "as_of": None if life_tables.as_of_day is None else str(np.datetime64(life_tables.as_of_day, "D")),
        "entry_rule": life_tables.entry_rule,
        "wash_in_days": life_tables.wash_in_days,
        "history_days": history,
        "longest_followed_days": life_tables.longest_followed_days,
        "customers_left_out": life_tables.customers_left_out,
        "risk": RISK[life_tables.churn],
        "hazard_ratio": "similar buyers who do not own A" if baseline.without_antecedent else "understated",
        "dispersion": baseline.dispersion,
        "prior": {"method": baseline.prior.method, "mean": baseline.prior.prior_mean, "pairs": baseline.prior.n_pairs},
    }
    warnings = []
    if life_tables.entry_rule != "started_at" and life_tables.wash_in_days < 365:
        warnings.append(
            f"wash-in of {life_tables.wash_in_days} days instead of 365: some first purchases may be repeats, "
            "which makes conversion look larger"
        )
    if history is not None and history < 2 * life_tables.wash_in_days:
        warnings.append(f"the history ({history} days) is shorter than two wash-ins")
    if life_tables.sale_date_step_days > 1:
        warnings.append(
            f"launches and discontinuations are moved inwards to every {life_tables.sale_date_step_days}th day: "
            "there are too many different dates to follow each"
        )
    if life_tables.owners.sum() == 0:
        info["note"] = SHORT_HISTORY
    if measured is not None:
        info["offers"] = measured.describe()
    return info | {"warnings": tuple(warnings)}


def slice_runs(indptr: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(indptr of the chosen runs, positions of their entries)."""
    lengths = indptr[rows + 1] - indptr[rows]
    chosen = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return chosen, np.arange(chosen[-1]) + np.repeat(indptr[rows] - chosen[:-1], lengths)
