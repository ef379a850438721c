"""What the cross-sell tree counts, from the tables, a customer at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.errors import MissingPart
from affinity.metrics.facts import Facts
from affinity.metrics.registry import MEASURES, load
from affinity.metrics.tally import Tally, Undefined
from affinity.metrics.tree.evaluate import Measure


@dataclass(frozen=True, eq=False)
class Selling:
    """float64[n_customers], 1 or 0 or an amount: there at the start, could be sold more, offered (None: no offer log),
    bought; families added and their revenue in the window, of those who bought."""

    present: np.ndarray
    eligible: np.ndarray
    offered: np.ndarray | None
    bought: np.ndarray
    products: np.ndarray
    revenue: np.ndarray
    notes: tuple[str, ...]

    def measures(self, group: np.ndarray, groups: int) -> dict[str, Measure]:
        """node -> its counts, by the ``group`` (int64[n_customers] in [0, groups)) of each customer."""

        def of(x: np.ndarray, d: np.ndarray | None = None) -> Measure:
            return Measure.of_customers(x, d, group, groups)

        tried = self.eligible if self.offered is None else self.offered
        found = {
            "cross_sell_revenue": of(self.revenue),
            "eligible_customers": of(self.eligible),
            "customers": of(self.present),
            "eligible_share": of(self.eligible, self.present),
            "conversion": of(self.bought, tried),
            "value_each": of(self.revenue, self.bought),
            "products_each": of(self.products, self.bought),
            "revenue_per_product": of(self.revenue, self.products),
        }
        return found if self.offered is None else found | {"reach": of(self.offered, self.eligible)}


def count_selling(facts: Facts, *, through_offers: bool = True) -> Selling:
    """Who was there, could be sold more, was offered and bought, in the window of ``facts``.

    The populations are those of `eligible_conversion_rate`; the revenue is that of `cross_sell_revenue`, of the customers
    counted as buyers only. With an offer log a buyer is an eligible customer who accepted an offer of the window. Raises
    MissingPart with the reason where the input cannot give it.
    """
    converted = _count(facts, "eligible_conversion_rate")
    money = _count(facts, "cross_sell_revenue")
    n = len(facts.lines.customers)
    assert converted.denominator is not None
    eligible, bought = converted.denominator.astype(np.float64), converted.numerator.astype(np.float64)
    assert facts.start_day is not None
    known = money.customer >= 0
    all_revenue = np.bincount(money.customer[known], money.numerator[known], minlength=n)
    new = facts.added & (facts.by_family.first_at >= facts.start_day)
    families = np.bincount(facts.by_family.customer[new], minlength=n)
    offered, offer_note = _count_offered(facts, eligible) if through_offers else (None, None)
    if offered is not None:
        bought = eligible * offered[1]
    revenue, products = all_revenue * bought, families * bought
    rest = float(all_revenue.sum() - revenue.sum())
    notes = [offer_note] if offer_note else []
    if abs(rest) > 1e-9 * max(abs(float(all_revenue.sum())), 1.0):
        who = "customers who accepted no offer or" if offered is not None else "customers who"
        notes.append(f"{rest:,.2f} of cross-sell revenue more is of {who} came in the window")
    return Selling(
        present=facts.present_at_start.astype(np.float64),
        eligible=eligible,
        offered=None if offered is None else eligible * offered[0],
        bought=bought,
        products=products,
        revenue=revenue,
        notes=tuple(notes),
    )


def _count_offered(facts: Facts, eligible: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray] | None, str | None]:
    """((bool offered, bool accepted) of each customer, note); None where no offer of the window can be judged."""
    found = load(MEASURES, "offer_conversion_rate")(facts)
    if isinstance(found, Undefined) or not (found.customer >= 0).any():
        return None, None if facts.offers is None else "no offer of the window can be judged: reach left out"
    offered, accepted = np.zeros(len(eligible)), np.zeros(len(eligible))
    known = found.customer >= 0
    offered[found.customer[known]] = 1.0
    accepted[found.customer[known]] = found.numerator[known] > 0
    return (offered, accepted), found.note


def _count(facts: Facts, name: str) -> Tally:
    found = load(MEASURES, name)(facts)
    if isinstance(found, Undefined):
        raise MissingPart(
            f"The metric tree cannot be made: {found.note}.", do="Give order lines with customers, dates and prices."
        )
    assert isinstance(found, Tally)
    return found
