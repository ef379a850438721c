"""Popular products for customers whose candidates do not fill their list, and for those who own nothing yet."""

from __future__ import annotations

from collections import Counter

import numpy as np

from affinity.ranking.reasons import Buyers
from affinity.settings import RankingSettings
from affinity.tables.eligibility import Eligibility
from affinity.tables.holdings import Holdings
from affinity.tables.table import once_a_table

#: Products looked at beyond those owned and wanted, before the rest of them are.
_FIRST_LOOK = 64


def popular_products(buyers: np.ndarray) -> np.ndarray:
    """int32 codes of the products that somebody bought, most buyers first, ties by code."""
    popular = np.argsort(-buyers, kind="stable")
    return popular[buyers[popular] > 0].astype(np.int32)


@once_a_table
def order_by_buyers(buyers: Buyers) -> np.ndarray:
    """The `popular_products` of the whole shop."""
    return popular_products(buyers.count)


def fill_with_popular(
    customer: np.ndarray,
    product: np.ndarray,
    *,
    holdings: Holdings,
    eligibility: Eligibility | None,
    buyers: Buyers,
    top_k: int,
    who: np.ndarray,
    category: np.ndarray,
    settings: RankingSettings,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(customer, product, segment) codes to append, most buyers first (ties by code), until all of ``who`` have ``top_k``.

    customer, product : what is recommended so far. Owned, not eligible and recommended ones are never added, nor
    products that nobody bought, nor more than ``max_per_category`` of one category (int32 codes, −1 none); customers
    for whom nothing is left stay short. Those who own nothing get first what ``min_evidence`` customers of their segment
    bought, most buyers there first; segment says which, −1 where the whole shop's buyers put the product there.
    """
    counts = np.bincount(customer, minlength=len(holdings.customers))
    short = who[counts[who] < top_k]
    if eligibility is not None:
        short = short[eligibility.customer_state[short] < 0]
    popular = _Popular(buyers, settings.min_evidence)
    order = np.argsort(customer, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])
    added: list[tuple[np.ndarray, ...]] = [(np.empty(0, dtype=np.int32),) * 3]

    def fill(c: int) -> tuple[np.ndarray, np.ndarray]:
        """The products added for one customer, and whether each is popular in his segment."""
        mine = product[order[starts[c] : starts[c + 1]]]
        taken = np.concatenate([holdings.of(c), mine])
        caps = None if settings.max_per_category is None else _Caps(category, settings.max_per_category, mine)
        segment = -1 if len(holdings.of(c)) else popular.segment_of(c)
        found = _first_open(popular.order(segment), taken, c, top_k - len(mine), eligibility, caps)
        of_segment = np.isin(found, popular.of_segment(segment))
        return found, np.where(of_segment, segment, -1).astype(np.int32)

    for alike in _group_alike(short, counts, holdings, eligibility, buyers):
        found, segment = fill(int(alike[0]))
        added.append((np.repeat(alike, len(found)), np.tile(found, len(alike)), np.tile(segment, len(alike))))
    customers, products, segments = (np.concatenate(column) for column in zip(*added))
    return customers, products, segments


def _group_alike(
    short: np.ndarray, counts: np.ndarray, holdings: Holdings, eligibility: Eligibility | None, buyers: Buyers
) -> list[np.ndarray]:
    """The customers ``short`` in groups for whom the same is popular and open: of one segment and plan, without anything of
    their own; the others each by himself."""
    plain = (np.diff(holdings.indptr)[short] == 0) & (counts[short] == 0)
    kind = np.zeros((len(short), 2), dtype=np.int64)
    if buyers.segments is not None:
        kind[:, 0] = buyers.segments.place[short]
    if eligibility is not None:
        plain &= np.diff(eligibility.indptr)[short] == 0
        kind[:, 1] = 0 if eligibility.plan is None else eligibility.plan[short]
    alike = short[plain].astype(np.int32)
    _, group = np.unique(kind[plain], axis=0, return_inverse=True)
    by = np.argsort(group.reshape(-1), kind="stable")
    groups = np.split(alike[by], np.flatnonzero(np.diff(group.reshape(-1)[by])) + 1)
    return [one for one in [*groups, *short[~plain].astype(np.int32)[:, None]] if len(one)]


class _Popular:
    """The popular products of the shop, and of a segment before those of the shop."""

    def __init__(self, buyers: Buyers, least: int) -> None:
        self._shop, self._segments, self._least = order_by_buyers(buyers), buyers.segments, least
        self._of_segment: dict[int, np.ndarray] = {-1: self._shop[:0]}
        self._order: dict[int, np.ndarray] = {-1: self._shop}

    def segment_of(self, customer: int) -> int:
        """Place of the customer's segment, −1 where it is not known."""
        return -1 if self._segments is None else int(self._segments.place[customer])

    def of_segment(self, segment: int) -> np.ndarray:
        """int32: what enough customers of the segment own, most owners first, ties by code."""
        if segment not in self._of_segment:
            assert self._segments is not None
            count = self._segments.count[segment]
            self._of_segment[segment] = popular_products(np.where(count >= self._least, count, 0))
        return self._of_segment[segment]

    def order(self, segment: int) -> np.ndarray:
        """int32: those, then the rest of the shop's."""
        if segment not in self._order:
            first = self.of_segment(segment)
            self._order[segment] = np.concatenate([first, self._shop[~np.isin(self._shop, first)]])
        return self._order[segment]


class _Caps:
    """How many of each category a list may still take."""

    def __init__(self, category: np.ndarray, most: int, held: np.ndarray) -> None:
        self._category, self._most = category, most
        self._held = Counter(category[held].tolist())

    def take(self, product: int) -> bool:
        """Whether the product still fits; then it counts."""
        group = int(self._category[product])
        if group >= 0 and self._held[group] >= self._most:
            return False
        self._held[group] += 1
        return True


def _first_open(
    popular: np.ndarray, taken: np.ndarray, customer: int, wanted: int, eligibility: Eligibility | None, caps: _Caps | None
) -> np.ndarray:
    """The first ``wanted`` popular ones that are not taken and may be offered, looked at in growing runs."""
    found: list[int] = []
    begin, size = 0, len(taken) + wanted + _FIRST_LOOK
    while begin < len(popular) and len(found) < wanted:
        run = popular[begin : begin + size]
        run = run[~np.isin(run, taken)]
        if eligibility is not None:
            run = run[eligibility.allowed(np.full(len(run), customer), run)]
        found += [product for product in run.tolist() if caps is None or caps.take(product)]
        begin, size = begin + size, 4 * size
    return np.array(found[:wanted], dtype=np.int32)
