"""Life tables -> Conversion: of the customers eligible to go from A to B, how many did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from affinity import mapped
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

#: Bytes of a column from which on it goes into a file, where columns may.
_COLUMN_BYTES = 1 << 22
#: Pairs whose event days are expanded at once.
PAIRS_AT_ONCE, DAYS_AT_ONCE = 200_000, 2_000_000


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

    Of life tables in files (`affinity.mapped`) the columns stand in files too, a block of pairs at a time is in memory.

    family             : int32[n_products] of each product (see `family_codes`); None: each product is its own
    offers, holdings   : in the codes of the life tables; both, or offers are not measured
    named_horizon_days : a horizon that the user asked for: HorizonUnobserved when nobody was followed to it
    Degenerate: no pair, or nobody entered (``info["note"]`` = SHORT_HISTORY): a table without rows.
    """
    settings = settings or ConversionSettings()
    check_named_horizon(life_tables, named_horizon_days)
    rows = np.flatnonzero(count_converted(life_tables) >= settings.min_converted)
    baseline = compare_with_similar(life_tables, rows, family=family)
    measured = _measure_offers(life_tables, offers, holdings, settings)
    best = find_best_time(life_tables, rows)
    ratio = baseline.hazard_ratio()
    of_pairs = {"best_from_day": best.from_day, "best_to_day": best.to_day, "best_lift": best.lift}
    of_pairs |= {"q_value": baseline.q_value}
    of_pairs |= dict(zip(("hazard_ratio", "hazard_ratio_lower", "hazard_ratio_upper"), ratio))
    n_horizons = len(life_tables.horizons_days)

    def columns_of(some: slice) -> dict[str, np.ndarray]:
        a, b = life_tables.antecedent[rows[some]], life_tables.consequent[rows[some]]
        known = {"antecedent": a, "consequent": b, "kind": name_kinds(is_upsell(family, a, b))}
        known |= {"churn": np.full(len(a), life_tables.churn, dtype=object)}
        known |= _offer_columns(measured, a, b) | {name: column[some] for name, column in of_pairs.items()}
        return {
            **{name: np.repeat(column, n_horizons) for name, column in known.items()},
            **_rates_of(life_tables, rows[some]),
            "horizon_days": np.tile(np.array(life_tables.horizons_days, dtype=np.int32), len(a)),
            "baseline": baseline.rate[some].ravel(),
        }

    columns = _put_together(map(columns_of, _pairs_at_once(life_tables, rows)), may_map=mapped.is_mapped(life_tables.exposure))
    info = _describe(life_tables, baseline, measured)
    return Conversion(**columns, products=life_tables.products, info=info)


def count_converted(life_tables: LifeTables) -> np.ndarray:
    """int64 a stored pair: events within the longest horizon."""
    longest, parts = life_tables.horizons_days[-1], []
    for some in _pairs_at_once(life_tables, np.arange(len(life_tables))):
        indptr = life_tables.indptr[some.start : some.stop + 1]
        days = slice(int(indptr[0]), int(indptr[-1]))
        parts.append(survival.sum_until(indptr - indptr[0], life_tables.day[days], life_tables.events[days], longest))
    return np.concatenate(parts)


def estimate_rows(life_tables: LifeTables, rows: np.ndarray, family: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """eligible, converted, censored, rate, lower, upper, median_days, note and baseline of the pairs ``rows``, flat: a pair's
    horizons one after the other (see `estimate_conversion`)."""
    baseline = expected_rates(life_tables, rows, expect_events(life_tables, family).level)
    return _rate_columns(life_tables, rows) | {"baseline": baseline.ravel()}


def _rate_columns(life_tables: LifeTables, rows: np.ndarray) -> dict[str, np.ndarray]:
    """eligible, converted, censored, rate, lower, upper, median_days, note: flat, pair by pair."""
    return _put_together((_rates_of(life_tables, rows[some]) for some in _pairs_at_once(life_tables, rows)), may_map=False)


def _pairs_at_once(life_tables: LifeTables, rows: np.ndarray) -> Iterator[slice]:
    """Blocks of the pairs ``rows``, at most PAIRS_AT_ONCE with about DAYS_AT_ONCE event days; at least one, perhaps empty."""
    indptr = np.concatenate([[0], np.cumsum(life_tables.indptr[rows + 1] - life_tables.indptr[rows])])
    for first, last in mapped.split_indptr(indptr, DAYS_AT_ONCE):
        yield from (slice(first + some.start, first + some.stop) for some in mapped.split_rows(last - first, PAIRS_AT_ONCE))


def _put_together(parts: Iterable[dict[str, np.ndarray]], *, may_map: bool) -> dict[str, np.ndarray]:
    """The columns of all ``parts``; where they ``may_map``, large ones in files, and texts that never change once only."""
    columns: dict[str, mapped.Growing | list[np.ndarray]] = {}
    for part in parts:
        for name, column in part.items():
            if name not in columns:
                least = min(_COLUMN_BYTES, mapped.LEAST_BYTES)  # there are many columns
                columns[name] = [] if column.dtype == object else mapped.Growing(column.dtype, may_map, least)
            columns[name].append(column)
    return {
        name: _join_texts(column, once=may_map) if isinstance(column, list) else column.whole()
        for name, column in columns.items()
    }


def _join_texts(parts: list[np.ndarray], *, once: bool) -> np.ndarray:
    """object: the ``parts`` end to end; ``once`` : one text of all rows is held but once."""
    if once and len({text for part in parts for text in set(part.tolist())}) == 1:
        return np.broadcast_to(parts[0][:1], sum(map(len, parts)))
    return np.concatenate(parts)


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
