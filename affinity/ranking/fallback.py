"""Popular products for customers whose candidates do not fill their list, and for those who own nothing yet."""

from __future__ import annotations

from collections import Counter

import numpy as np

from affinity.tables.eligibility import Eligibility
from affinity.tables.holdings import Holdings

#: Products looked at beyond those owned and wanted, before the rest of them are.
_FIRST_LOOK = 64


def popular_products(buyers: np.ndarray) -> np.ndarray:
    """int32 codes of the products that somebody bought, most buyers first, ties by code."""
    popular = np.argsort(-buyers, kind="stable")
    return popular[buyers[popular] > 0].astype(np.int32)


def fill_with_popular(
    customer: np.ndarray,
    product: np.ndarray,
    *,
    holdings: Holdings,
    eligibility: Eligibility | None,
    buyers: np.ndarray,
    top_k: int,
    who: np.ndarray,
    category: np.ndarray,
    max_per_category: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(customer, product) codes to append, most buyers first (ties by code), until everybody in ``who`` has ``top_k``.

    customer, product : what is recommended so far. Owned, not eligible and recommended ones are never added, nor
    products that nobody bought, nor more than ``max_per_category`` of one category (int32 codes, −1 none); customers
    for whom nothing is left stay short.
    """
    counts = np.bincount(customer, minlength=len(holdings.customers))
    short = who[counts[who] < top_k]
    popular = popular_products(buyers)
    order = np.argsort(customer, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])
    added: list[tuple[np.ndarray, np.ndarray]] = []
    for c in short.tolist():
        mine = product[order[starts[c] : starts[c + 1]]]
        taken = np.concatenate([holdings.of(c), mine])
        caps = None if max_per_category is None else _Caps(category, max_per_category, mine)
        found = _first_open(popular, taken, c, top_k - len(mine), eligibility, caps)
        added.append((np.full(len(found), c, dtype=np.int32), found))
    if not added:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
    return np.concatenate([a[0] for a in added]), np.concatenate([a[1] for a in added])


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
    if eligibility is not None and eligibility.customer_state[customer] >= 0:
        return popular[:0]
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
