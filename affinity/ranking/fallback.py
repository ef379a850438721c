"""Popular products for customers whose candidates do not fill their list."""

from __future__ import annotations

import numpy as np

from affinity.tables.eligibility import Eligibility
from affinity.tables.holdings import Holdings


def fill_with_popular(
    customer: np.ndarray,
    product: np.ndarray,
    *,
    holdings: Holdings,
    eligibility: Eligibility | None,
    buyers: np.ndarray,
    top_k: int,
) -> tuple[np.ndarray, np.ndarray]:
    """(customer, product) codes to append, most buyers first (ties by code), until everybody with a purchase has ``top_k``.

    customer, product : what is recommended so far. Owned, not eligible and recommended ones are never added, nor
    products that nobody bought; customers for whom nothing is left stay short.
    """
    counts = np.bincount(customer, minlength=len(holdings.customers))
    short = np.flatnonzero((np.diff(holdings.indptr) > 0) & (counts < top_k))
    popular = np.argsort(-buyers, kind="stable")
    popular = popular[buyers[popular] > 0].astype(np.int32)
    order = np.argsort(customer, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])
    added: list[tuple[np.ndarray, np.ndarray]] = []
    for c in short.tolist():
        taken = np.zeros(len(buyers), dtype=bool)
        taken[holdings.of(c)] = True
        taken[product[order[starts[c] : starts[c + 1]]]] = True
        chosen = _first_allowed(popular[~taken[popular]], c, int(top_k - counts[c]), eligibility)
        added.append((np.full(len(chosen), c, dtype=np.int32), chosen))
    if not added:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
    return np.concatenate([a[0] for a in added]), np.concatenate([a[1] for a in added])


def _first_allowed(open_products: np.ndarray, customer: int, wanted: int, eligibility: Eligibility | None) -> np.ndarray:
    """The first ``wanted`` that may be offered, looked at in growing runs."""
    if eligibility is None:
        return open_products[:wanted]
    if eligibility.customer_state[customer] >= 0:
        return open_products[:0]
    found = np.empty(0, dtype=np.int32)
    begin, size = 0, 4 * wanted
    while begin < len(open_products) and len(found) < wanted:
        run = open_products[begin : begin + size]
        found = np.concatenate([found, run[eligibility.allowed(np.full(len(run), customer), run)]])
        begin, size = begin + size, 4 * size
    return found[:wanted]
