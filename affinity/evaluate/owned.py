"""Holdings as a sparse customer × product matrix, and what customers own in common."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from affinity.tables.holdings import Holdings

#: What "recent" means where there are days; in order sequences it is each customer's last order.
RECENT_DAYS = 30

#: One order in a sequence stands for so many days of a half-life.
DAYS_AN_ORDER = 40


def owned_matrix(holdings: Holdings, half_life_days: float | None = None) -> sparse.csr_array:
    """float64 CSR customer × product: 1 where he owns it, or 2^(−age of the last purchase / half-life).

    In order sequences an order counts as 40 days; without a clock everything is 1.
    """
    value = np.ones(len(holdings.product))
    if half_life_days is not None and holdings.clock is not None:
        half = half_life_days if holdings.clock == "day" else half_life_days / DAYS_AN_ORDER
        value = np.exp2(-(holdings.end[holdings.customer] - holdings.last_at) / half)
    shape = (len(holdings.customers), len(holdings.products))
    return sparse.csr_array((value, holdings.product.astype(np.int64), holdings.indptr), shape=shape)


def count_owners(holdings: Holdings) -> np.ndarray:
    """int64[n_products]: distinct customers who own each product."""
    return np.bincount(holdings.product, minlength=len(holdings.products)).astype(np.int64)


def is_recent(holdings: Holdings, at: np.ndarray) -> np.ndarray:
    """bool a holding: whether ``at`` lies in the last 30 days (sequences: in the customer's last order)."""
    if holdings.clock is None:
        return np.ones(len(at), dtype=bool)
    return np.asarray(holdings.end[holdings.customer] - at <= (RECENT_DAYS if holdings.clock == "day" else 1))


def count_recent(holdings: Holdings, at: np.ndarray) -> np.ndarray:
    """int64[n_products]: customers whose ``at`` (first or last purchase) is recent."""
    return np.bincount(holdings.product[is_recent(holdings, at)], minlength=len(holdings.products)).astype(np.int64)


def count_pairs(owned: sparse.csr_array) -> sparse.csr_array:
    """CSR product × product, Σ over customers of weight × weight, without its diagonal; columns rise."""
    pairs = sparse.csr_array(owned.T @ owned)
    pairs.setdiag(0)
    pairs.eliminate_zeros()
    pairs.sort_indices()
    return pairs


def keep_strongest(edges: sparse.csr_array, k: int) -> sparse.csr_array:
    """The ``k`` largest values of each row, ties by column. The columns of ``edges`` must rise within a row."""
    kept = np.ones(len(edges.data), dtype=bool)
    for row in np.flatnonzero(np.diff(edges.indptr) > k).tolist():
        mine = slice(edges.indptr[row], edges.indptr[row + 1])
        value = edges.data[mine]
        least = np.partition(value, len(value) - k)[len(value) - k]
        kept[mine] = value > least
        ties = np.flatnonzero(value == least)[: k - int(kept[mine].sum())]
        kept[mine.start + ties] = True
    indptr = np.concatenate([[0], np.cumsum(kept)])[edges.indptr]
    return sparse.csr_array((edges.data[kept], edges.indices[kept], indptr), shape=edges.shape)


def score_sums(owned: sparse.csr_array, edges: sparse.csr_array) -> Callable[[np.ndarray], np.ndarray]:
    """A scorer: Σ over owned A of weight × edge A→B."""
    return lambda who: (owned[who] @ edges).toarray()
