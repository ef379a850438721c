"""Do customers of several products stay longer? The comparison without immortal time, and the naive one beside it.

A customer must live long enough to buy a second product, so "ever multi-product" customers stay longer even where the second
product does nothing. Two remedies: everybody is single-product until the day of the second family (time-varying), and both
kinds are compared from a landmark on, by what they were on it. What is left is an association: who cross-buys differs.
Sources: Suissa 2008, Anderson 1983 (landmark), Mantel & Haenszel 1959, VanderWeele & Ding 2017 (E-value).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from affinity.mapped import split_by_code, split_rows
from affinity.metrics.changes import LifetimeSplit, split_lifetime_value
from affinity.metrics.facts import NEVER, Facts
from affinity.metrics.pairs import enters
from affinity.metrics.recurring import NO_ENDS, spells_of
from affinity.metrics.tally import Cell, Undefined, join_notes
from affinity.metrics.value import MetricValue, share

BIN_DAYS = 30
_ORDER_EDGES, _RECENCY_EDGES = (1, 2, 5), (30, 90)
_Z = 1.959964


@dataclass(frozen=True)
class RateRatio:
    """Churn rate of multi- over single-product time: ratio, 95 % bounds, churned and customer-days of each kind.

    top, bottom : the Mantel–Haenszel sums Σ d₁T₀/T and Σ d₀T₁/T
    reversal    : strata that hold at least 80 % of the time point the other way than the whole (Simpson)
    """

    ratio: float
    lower: float
    upper: float
    top: float
    bottom: float
    churned: tuple[float, float]
    days: tuple[float, float]
    reversal: bool = False

    @property
    def e_value(self) -> float:
        """How strongly an unmeasured cause would have to go with both to explain the ratio: RR + √(RR(RR − 1)), RR ≥ 1."""
        ratio = 1 / self.ratio if 0 < self.ratio < 1 else self.ratio
        return ratio + math.sqrt(ratio * (ratio - 1)) if ratio >= 1 else math.nan


@dataclass(frozen=True)
class Retention:
    """Churn of customers with at least 2 families against those with one.

    adjusted          : from the landmark on, within tenure bins of 30 days and strata of orders × recency at the landmark
    unadjusted        : from the first day on, within tenure bins alone
    landmark          : (multi, single) churned within ``retention_days`` of the landmark, Kaplan–Meier
    naive             : "ever multi-product" over the others, as shares that churned: immortal time, never to be quoted
    lifetime          : yearly revenue / yearly churn of both kinds after the landmark, and the parts of their difference
    wording           : the sentence that the figures carry
    """

    adjusted: RateRatio
    unadjusted: RateRatio
    landmark: tuple[Cell, Cell]
    naive: float
    lifetime: LifetimeSplit | None
    wording: str
    customers: int


@dataclass(frozen=True)
class Lives:
    """Customers seen from their start: days from it to the second family, to the end and to each; a unit a customer.

    second   : int64[n] days to the second family, NEVER without one; 0 where the first day brought two
    end      : int64[n] days followed; churned : bool[n], followed to the churn
    stratum  : int64[n] orders before the landmark × recency at it
    revenue  : float64[n] money after the landmark
    """

    second: np.ndarray
    end: np.ndarray
    churned: np.ndarray
    stratum: np.ndarray
    revenue: np.ndarray
    customer: np.ndarray
    landmark_days: int
    retention_days: int
    window: str | None = None
    note: str | None = None
    line: None = None

    def of(self, rows: np.ndarray) -> Lives:
        """The lives ``rows`` alone."""
        names = ("second", "end", "churned", "stratum", "revenue", "customer")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def cells(self, group: np.ndarray | None = None, groups: int = 1) -> list[Cell]:
        """One cell a group: the adjusted rate ratio, with its Mantel–Haenszel sums."""
        group = np.zeros(len(self.end), dtype=np.int64) if group is None else group
        return [self.of(np.flatnonzero(group == i))._cell() for i in range(groups)]

    def _cell(self) -> Cell:
        found = rate_ratio(self, self.stratum, self.landmark_days)
        n = int(np.count_nonzero(self.end > self.landmark_days))
        if math.isnan(found.ratio):
            alone = rate_ratio(self, np.zeros(len(self.end), dtype=np.int64), self.landmark_days).ratio
            reason = "NO_OVERLAP: no stratum has churn and time of both kinds after the landmark"
            reason += f" (tenure alone gives {alone:.2f})" if not math.isnan(alone) else ""
            return Cell(found.top, found.bottom, math.nan, note=join_notes(reason, self.note), units=n)
        naive = _naive(self)
        flagged = f"E-value {found.e_value:.2f}; naive ratio {naive:.2f} (immortal time, not to be quoted)"
        reversed_note = "reversal: most strata point the other way" if found.reversal else None
        note = join_notes(f"association, not effect; {flagged}", reversed_note, self.note)
        interval = "Mantel–Haenszel rate ratio, log-normal"
        return Cell(found.top, found.bottom, found.ratio, found.lower, found.upper, note, interval, n)


def compare_churn(facts: Facts) -> Lives | Undefined:
    """The lives from which the retention gap is worked out; why not, where nothing says who left."""
    if len(facts.lines.customers) == 0:
        return Undefined("NO_CUSTOMERS: the order lines name no customers", facts.until)
    if facts.lines.clock != "day" or facts.as_of_day is None:
        return Undefined("NO_DATES: without dates nothing tells how long customers stayed", facts.until)
    if facts.n_families < 2:
        return Undefined("NO_COMPLEMENT: there is only one product family", facts.until)
    found = _ends(facts)
    if found is None:
        return Undefined(f"{NO_ENDS}; metrics.lapse_days would call customers lapsed", facts.until)
    ended, note = found
    bought = np.flatnonzero(facts.first_at < NEVER)
    bought = bought[enters(facts, facts.first_at[bought], bought)]
    start, landmark = facts.first_at[bought], facts.settings.landmark_days
    churned = (ended[bought] >= 0) & (ended[bought] < facts.as_of_day)
    end = np.where(churned, ended[bought], facts.as_of_day) - start
    return Lives(
        second=_days_to_second(facts, bought, start),
        end=np.maximum(end, 0),
        churned=churned,
        stratum=_strata(facts, bought, start, landmark),
        revenue=_revenue_after(facts, bought, start, landmark),
        customer=bought.astype(np.int32),
        landmark_days=landmark,
        retention_days=facts.settings.retention_days,
        window=facts.until,
        note=note,
    )


def rate_ratio(lives: Lives, stratum: np.ndarray, from_day: int) -> RateRatio:
    """Mantel–Haenszel ratio of churn rates over tenure bins of 30 days × ``stratum``, from ``from_day`` on.

    RR = Σ d₁T₀/T ÷ Σ d₀T₁/T, var(ln RR) = Σ d T₁T₀/T² ÷ (num · den); NaN where either sum is 0. A customer's days before
    the second family count as single-product days.
    """
    kinds = int(stratum.max(initial=0)) + 1
    bins = max(-(-(int(lives.end.max(initial=0)) - from_day) // BIN_DAYS), 0)
    d, t = np.zeros((2, bins, kinds)), np.zeros((2, bins, kinds))
    switch = np.minimum(lives.second, lives.end)
    multi = lives.second < lives.end
    for b in range(bins):
        low, high = from_day + b * BIN_DAYS, from_day + (b + 1) * BIN_DAYS
        single_days = np.clip(np.minimum(switch, high) - low, 0, None)
        all_days = np.clip(np.minimum(lives.end, high) - low, 0, None)
        here = lives.churned & (lives.end > low) & (lives.end <= high)
        t[0, b] = np.bincount(stratum, single_days, minlength=kinds)
        t[1, b] = np.bincount(stratum, all_days - single_days, minlength=kinds)
        for kind, which in enumerate((here & ~multi, here & multi)):
            d[kind, b] = np.bincount(stratum[which], minlength=kinds)
    whole = t.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        top, bottom = (np.where(whole > 0, x / whole, 0.0) for x in (d[1] * t[0], d[0] * t[1]))
        spread = np.where(whole > 0, d.sum(axis=0) * t[0] * t[1] / whole**2, 0.0)
    num, den = float(top.sum()), float(bottom.sum())
    churned, days = (tuple(float(x) for x in part.sum(axis=(1, 2))[::-1]) for part in (d, t))
    if num == 0 or den == 0:
        return RateRatio(math.nan, math.nan, math.nan, num, den, churned, days)  # type: ignore[arg-type]
    ratio, half = num / den, _Z * math.sqrt(float(spread.sum()) / (num * den))
    sums = top.sum(axis=0), bottom.sum(axis=0)
    other_way = (sums[0] > sums[1]) if ratio < 1 else (sums[0] < sums[1])
    weight = whole.sum(axis=0)
    turned = bool(weight[other_way].sum() >= 0.8 * weight.sum())
    return RateRatio(ratio, ratio * math.exp(-half), ratio * math.exp(half), num, den, churned, days, turned)  # type: ignore[arg-type]


def describe_retention(lives: Lives) -> Retention:
    """The whole comparison of ``lives``, with its wording."""
    from affinity.metrics.pairs import Follow

    landmark, days = lives.landmark_days, lives.retention_days
    there = lives.of(np.flatnonzero(lives.end > landmark))
    multi = there.second < landmark
    follow = Follow(there.end - landmark, there.churned, there.customer, days, note=lives.note)
    single_cell, multi_cell = follow.cells(multi.astype(np.int64), 2)
    adjusted = rate_ratio(lives, lives.stratum, landmark)
    return Retention(
        adjusted=adjusted,
        unadjusted=rate_ratio(lives, np.zeros(len(lives.end), dtype=np.int64), 0),
        landmark=(multi_cell, single_cell),
        naive=_naive(lives),
        lifetime=_lifetime(there, multi),
        wording=_word(lives, multi_cell, single_cell, adjusted),
        customers=len(lives.end),
    )


def _word(lives: Lives, multi: Cell, single: Cell, adjusted: RateRatio) -> str:
    """The sentence of a comparison; that nothing can be said where it cannot."""
    landmark, days = lives.landmark_days, lives.retention_days
    strata = "tenure and for orders and recency before the landmark"
    if math.isnan(adjusted.ratio):
        adjusted = rate_ratio(lives, np.zeros(len(lives.end), dtype=np.int64), landmark)
        strata = "tenure alone (no stratum has both)"
    gap = 1 - multi.value / single.value if single.value > 0 else math.nan
    if math.isnan(gap) or math.isnan(adjusted.ratio):
        return (
            f"Not identified: of the customers seen from their start and still there at day {landmark}, "
            f"{multi.denominator:,.0f} had at least 2 families and {single.denominator:,.0f} one, and too few of them were "
            f"followed for {days} days or churned."
        )
    chance = "Chance alone may give such a difference. " if adjusted.lower <= 1 <= adjusted.upper else ""
    return (
        f"Customers with at least 2 families by day {landmark} churned {abs(gap):.0%} {'more' if gap < 0 else 'less'} over the "
        f"next {days} days than those with one ({multi.value:.1%} of {multi.denominator:,.0f} against {single.value:.1%} of "
        f"{single.denominator:,.0f}); adjusted for {strata} the rate ratio is {adjusted.ratio:.2f} [{adjusted.lower:.2f}, "
        f"{adjusted.upper:.2f}], E-value {adjusted.e_value:.2f}. {chance}This is an association; part of it reflects "
        "who cross-buys."
    )


def _naive(lives: Lives) -> float:
    ever = lives.second < NEVER
    shares = [_share_churned(lives.churned[which]) for which in (ever, ~ever)]
    return shares[0].value / shares[1].value if shares[1].value else math.nan


def _share_churned(churned: np.ndarray) -> MetricValue:
    return share("customer_churn_rate", int(np.count_nonzero(churned)), len(churned))


def _lifetime(there: Lives, multi: np.ndarray) -> LifetimeSplit | None:
    """Yearly revenue and churn after the landmark of single- and of multi-product customers, as they were on it."""
    figures = []
    for which in (~multi, multi):
        years = float((there.end[which] - there.landmark_days).sum()) / 365.25
        churned = int(np.count_nonzero(there.churned[which]))
        if years == 0 or churned == 0 or not np.isfinite(there.revenue[which]).all():
            return None
        figures.append((float(there.revenue[which].sum()) / years, churned / years))
    return split_lifetime_value(*figures[0], *figures[1])


def _ends(facts: Facts) -> tuple[np.ndarray, str] | None:
    """(int64[n_customers] day of the churn, −1 none; how it is known), or None."""
    n, spells = len(facts.lines.customers), spells_of(facts)
    if spells is not None:
        paid = np.flatnonzero(~spells.trial)
        last = np.full(n, -1, dtype=np.int64)
        np.maximum.at(last, spells.customer[paid], spells.ended_at[paid])
        last[spells.customer[paid[spells.ended_at[paid] < 0]]] = -1  # something still runs
        return last, "churn: the end of the last subscription"
    if (facts.customers.ended_at >= 0).any():
        return facts.customers.ended_at.astype(np.int64), "churn: ended_at"
    if facts.settings.lapse_days is None:
        return None
    return _lapses(facts, facts.settings.lapse_days), f"churn: no purchase for {facts.settings.lapse_days} days"


def _lapses(facts: Facts, days: int) -> np.ndarray:
    """int64[n_customers]: the day on which the first pause of more than ``days`` became one, −1 without."""
    lines, lapsed = facts.lines, np.full(len(facts.lines.customers), NEVER)
    for _, _, rows in split_by_code(lines.customer, len(lines.customers)):
        by = np.lexsort((facts.at[rows], lines.customer[rows]))
        who, at = lines.customer[rows][by], facts.at[rows][by].astype(np.int64)
        following = np.full(len(at), facts.as_of_day or 0, dtype=np.int64)
        same = who[1:] == who[:-1]
        following[:-1][same] = at[1:][same]
        pause = np.flatnonzero(following - at > days)
        np.minimum.at(lapsed, who[pause], at[pause] + days)
    return np.where(lapsed < NEVER, lapsed, -1)


def _days_to_second(facts: Facts, bought: np.ndarray, start: np.ndarray) -> np.ndarray:
    pairs, n = facts.by_family, len(facts.lines.customers)
    second = np.full(n, NEVER)
    np.minimum.at(second, pairs.customer[facts.added], pairs.first_at[facts.added])
    at_once = np.bincount(pairs.customer[~facts.added], minlength=n) >= 2
    days = np.where(second[bought] < NEVER, second[bought] - start, NEVER)
    return np.where(at_once[bought], 0, days)


def _strata(facts: Facts, bought: np.ndarray, start: np.ndarray, landmark: int) -> np.ndarray:
    """int64[n]: orders before the landmark (1, 2, 3–5, more) × days since the last of them (≤ 30, ≤ 90, more)."""
    n, lines = len(facts.lines.customers), facts.lines
    limit = np.full(n, -1, dtype=np.int64)
    limit[bought] = start + landmark
    orders, last = np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    for _, _, rows in split_by_code(lines.order, len(lines.orders)):
        customer, at = lines.customer[rows], facts.at[rows].astype(np.int64)
        early = np.flatnonzero((customer >= 0) & (at < np.append(limit, -1)[customer]))
        _, first = np.unique(lines.order[rows][early], return_index=True)
        np.add.at(orders, customer[early[first]], 1)
        np.maximum.at(last, customer[early], at[early])
    orders = orders[bought]
    recency = start + landmark - last[bought]
    by_orders = np.searchsorted(_ORDER_EDGES, orders, side="left")
    return by_orders * (len(_RECENCY_EDGES) + 1) + np.searchsorted(_RECENCY_EDGES, recency, side="left")


def _revenue_after(facts: Facts, bought: np.ndarray, start: np.ndarray, landmark: int) -> np.ndarray:
    n, lines = len(facts.lines.customers), facts.lines
    limit = np.full(n, NEVER)
    limit[bought] = start + landmark
    revenue, limit = np.zeros(n), np.append(limit, NEVER)
    for rows in split_rows(len(lines)):
        customer = lines.customer[rows]
        late = np.flatnonzero((customer >= 0) & (facts.at[rows] >= limit[customer]))
        np.add.at(revenue, customer[late], lines.net_amount[rows][late])
    return revenue[bought]
