"""Sentences that say why: measured pair figures only, with their intervals, never a percentage of under 10."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affinity.ranking.evidence import BOUGHT_TOGETHER, CONVERTS_FROM, PairEvidence
from affinity.tables.conversion import Conversion
from affinity.tables.holdings import Holdings
from affinity.tables.pair_graph import PairGraph
from affinity.tables.products import Products
from affinity.tables.table import once_a_table

#: A share of fewer is shown as counts.
LEAST_SHOWN_AS_PERCENT = 10


@dataclass(frozen=True, eq=False)
class Buyers:
    """Distinct customers who own each product (int64[n_products]), and how many customers own anything; by segment too."""

    count: np.ndarray
    customers: int
    segments: SegmentBuyers | None = None

    @classmethod
    def of(cls, holdings: Holdings) -> Buyers:
        """The buyers among these customers."""
        count = np.bincount(holdings.product, minlength=len(holdings.products))
        return cls(count, int(np.count_nonzero(np.diff(holdings.indptr))))

    def for_customers(self, who: np.ndarray) -> Buyers:
        """The same buyers, for the customers ``who`` (int32 codes) alone."""
        return replace(self, segments=None if self.segments is None else self.segments.for_customers(who))


@dataclass(frozen=True, eq=False)
class SegmentBuyers:
    """What customers of each segment own, for those who own nothing yet.

    name, labels : the segment column, and its labels
    place        : int32 a customer who is ranked: his segment, −1 not known
    count        : int64[n_segments, n_products] distinct owners; customers : int64[n_segments] who own anything
    """

    name: str
    labels: tuple[str, ...]
    place: np.ndarray
    count: np.ndarray
    customers: np.ndarray

    @classmethod
    def of(cls, holdings: Holdings, name: str, label: np.ndarray) -> SegmentBuyers:
        """The buyers by the segment ``label`` (object a customer, None unknown)."""
        known = tuple(sorted({str(one) for one in label if one is not None}))
        place = _places(known, label)
        n, of_row = len(holdings.products), place[holdings.customer]
        rows = np.flatnonzero(of_row >= 0)
        key = of_row[rows].astype(np.int64) * n + holdings.product[rows]
        owning = place[(np.diff(holdings.indptr) > 0) & (place >= 0)]
        count = np.bincount(key, minlength=len(known) * n).reshape(len(known), n)
        return cls(name, known, place, count, np.bincount(owning, minlength=len(known)))

    def for_customers(self, who: np.ndarray) -> SegmentBuyers:
        """The same buyers, for the customers ``who`` (int32 codes) alone."""
        return replace(self, place=self.place[who])

    def seen_by(self, label: np.ndarray) -> SegmentBuyers:
        """The same buyers for other customers, of these segments (object, None unknown)."""
        return replace(self, place=_places(self.labels, label))


def _places(labels: tuple[str, ...], label: np.ndarray) -> np.ndarray:
    number = {one: code for code, one in enumerate(labels)}
    return np.fromiter((-1 if one is None else number.get(str(one), -1) for one in label), np.int32, len(label))


@once_a_table
def product_names(products: Products) -> np.ndarray:
    """object: the name of each product, or its id."""
    return np.array(
        [str(label) if name is None else str(name) for name, label in zip(products.name, products.products.labels)],
        dtype=object,
    )


def describe_pairs(
    antecedent: np.ndarray,
    consequent: np.ndarray,
    code: np.ndarray,
    evidence: PairEvidence,
    *,
    graph: PairGraph,
    conversion: Conversion | None,
    names: np.ndarray,
) -> np.ndarray:
    """object: what was measured of each (antecedent, consequent), one text a distinct pair."""
    key = antecedent.astype(np.int64) * len(names) + consequent
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    texts = np.empty(len(first), dtype=object)
    for k, i in enumerate(first.tolist()):
        row, edge = int(evidence.conversion_row[i]), int(evidence.edge[i])
        parts = []
        if code[i] == CONVERTS_FROM and conversion is not None:
            parts += _conversion_parts(conversion, row, names[consequent[i]])
        if edge >= 0 and (code[i] == BOUGHT_TOGETHER or evidence.together[i]):
            parts.append(_lift_part(graph, edge, "bought together: " if code[i] == BOUGHT_TOGETHER else ""))
        texts[k] = "; ".join(parts)
    return texts[which]


def _conversion_parts(conversion: Conversion, row: int, bought: str) -> list[str]:
    eligible, converted, days = int(conversion.eligible[row]), int(conversion.converted[row]), int(conversion.horizon_days[row])
    rate = float(conversion.rate[row])
    parts = []
    if eligible < LEAST_SHOWN_AS_PERCENT:
        parts.append(f"{converted} of {eligible} eligible owners bought {bought} within {days} days")
    elif not np.isnan(rate):
        low, high = 100 * conversion.lower[row], 100 * conversion.upper[row]
        parts.append(
            f"{_percent(100 * rate)}% of {eligible:,} eligible owners bought {bought} within {days} days "
            f"[{_percent(low)}%, {_percent(high)}%]"
        )
    else:
        parts.append(f"{converted:,} of {eligible:,} eligible owners bought {bought} so far")
    parts.append(
        f"×{conversion.hazard_ratio[row]:.1f} [{conversion.hazard_ratio_lower[row]:.1f}, "
        f"{conversion.hazard_ratio_upper[row]:.1f}] compared with similar buyers"
    )
    return parts


def _lift_part(graph: PairGraph, edge: int, prefix: str) -> str:
    lift = (float(graph.lift_eb[edge]), float(graph.lift_eb_lower[edge]), float(graph.lift_eb_upper[edge]))
    return prefix + say_lift(*lift, int(graph.count[edge]))


def say_lift(lift: float, lower: float, upper: float, orders: int) -> str:
    """ "basket lift 2.1 [1.5, 2.8], 40 orders" of a pair."""
    return f"basket lift {lift:.1f} [{lower:.1f}, {upper:.1f}], {orders:,} {'order' if orders == 1 else 'orders'}"


def say_popularity(buyers: int, customers: int) -> str:
    """ "Popular with customers: bought by 412 of 5,216" of a product."""
    return f"Popular with customers: bought by {buyers:,} of {customers:,}"


def _percent(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


def mark_related(names: np.ndarray, related: np.ndarray | None) -> np.ndarray:
    """object: the names, those that are ``related`` with ", same family"."""
    if related is None:
        return names
    return np.array([f"{name}, same family" if near else name for name, near in zip(names, related)], dtype=object)


def describe_popularity(product: np.ndarray, buyers: Buyers, segment: np.ndarray | None = None) -> np.ndarray:
    """object: "Popular with customers: bought by 412 of 5,216" of each product.

    segment : int32 place among ``buyers.segments`` of whose popularity it is, −1 everybody's: "Popular where size is SMB: …"
    """
    of = np.full(len(product), -1) if segment is None else segment
    width = len(buyers.count)
    both, which = np.unique((of.astype(np.int64) + 1) * width + product, return_inverse=True)
    found = zip((both // width - 1).tolist(), (both % width).tolist())
    texts = [_popularity(p, buyers, buyers.segments if place >= 0 else None, place) for place, p in found]
    return np.array(texts, dtype=object)[which.reshape(-1)]


def _popularity(product: int, buyers: Buyers, segments: SegmentBuyers | None, place: int) -> str:
    if segments is None:
        return f"Popular with customers: bought by {buyers.count[product]:,} of {buyers.customers:,}"
    bought, of = segments.count[place, product], segments.customers[place]
    return f"Popular where {segments.name} is {segments.labels[place]}: bought by {bought:,} of {of:,}"
