"""Pair counts: for every two products, the baskets and the customers that hold both.

Made from Baskets and Holdings, read by affinity.graph. Exact integers; nothing is estimated or hashed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from affinity.counting.basket_checks import require_sorted_rows
from affinity.errors import SettingsError
from affinity.tables import Baskets, Holdings, Margins, PairCounts
from affinity.threads import available_threads, map_blocks, split_by_work

#: Pairs that a block of rows may hold at most, where one row does not hold more by itself.
_PAIRS_PER_BLOCK = 4_000_000


def count_pairs(
    baskets: Baskets, owners: Holdings | None = None, *, max_products_per_customer: int = 500, threads: int | None = None
) -> PairCounts:
    """Count every unordered pair of products at basket grain and, with ``owners``, at customer grain.

    count = #{baskets ⊇ {a, b}}, customers = #{customers who own a and b}; a pair has a row when either is at least 1.
    Margins hold, for each size stratum (``SIZE_STRATA``; size s = distinct products of the basket or customer), the
    sets, Σs, Σs² and the sets that hold each product; ``Margins.n`` counts all baskets, empty ones too, and all
    customers who own something.

    owners                    : what customers own; None: ``customers`` is 0 everywhere and ``owners`` None
    max_products_per_customer : customers who own more are left out of the customer grain and counted in
                                ``left_out_customers`` (their pairs grow with the square of what they own)
    threads                   : the answer does not depend on it
    Degenerate: no baskets, or no basket of two products, gives a table without rows.

    Source: the counts behind Agrawal, Imieliński and Swami (1993), at two grains.

    >>> from affinity.vocabulary import Vocabulary
    >>> products = Vocabulary("product", ["bread", "butter", "jam"])
    >>> baskets = Baskets(np.array([0, 2, 5, 6]), np.array([0, 1, 0, 1, 2, 2], dtype=np.int32), products)
    >>> count_pairs(baskets).count.tolist()
    [2, 1, 1]
    """
    if max_products_per_customer < 1:
        raise SettingsError(
            f"max_products_per_customer={max_products_per_customer} would leave out every customer.",
            do="Use at least 1; the default is 500.",
        )
    n_items = len(baskets.products)
    indptr, item = _as_csr(baskets.indptr, baskets.item)
    require_sorted_rows(indptr, item, n_items)
    bought = _Rows(indptr, item, np.diff(indptr))
    owned, left_out = _Rows(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)), 0
    if owners is not None:
        baskets.products.require_same(owners.products)
        owned, left_out = _within_cap(*_as_csr(owners.indptr, owners.product), n_items, max_products_per_customer)
    a, b, count, customers = _count_rows(bought, owned, n_items, threads or available_threads())
    return PairCounts(
        a=a, b=b, count=count, customers=customers,
        baskets=Margins.of(bought.indptr, bought.item, n_items),
        owners=None if owners is None else Margins.of(owned.indptr, owned.item, n_items),
        products=baskets.products,
        left_out_customers=left_out,
    )  # fmt: skip


@dataclass(frozen=True)
class _Rows:
    """Sets of items as CSR, and how many each holds."""

    indptr: np.ndarray
    item: np.ndarray
    size: np.ndarray


def _as_csr(indptr: np.ndarray, item: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.ascontiguousarray(indptr, dtype=np.int64), np.ascontiguousarray(item, dtype=np.int32)


def _within_cap(indptr: np.ndarray, item: np.ndarray, n_items: int, cap: int) -> tuple[_Rows, int]:
    """The customers who own something and at most ``cap`` products; how many own more."""
    require_sorted_rows(indptr, item, n_items, "holdings")
    size = np.diff(indptr)
    kept = (size > 0) & (size <= cap)
    size_kept = size[kept]
    bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(size_kept)])
    return _Rows(bounds, item[np.repeat(kept, size)], size_kept), int((size > cap).sum())


def _index(rows: _Rows, n_items: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """flat, starts and position of ``kernels.baskets_csr.index_items``."""
    from affinity.kernels.baskets_csr import index_items

    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.bincount(rows.item, minlength=n_items))])
    flat = np.empty(len(rows.item) + len(rows.size), dtype=np.int32)
    position = np.empty(len(rows.item), dtype=np.int32)
    index_items(rows.indptr, rows.item, starts[:-1].copy(), flat, position)
    return flat, starts, position


def _following(rows: _Rows, n_items: int) -> np.ndarray:
    """int64[n_items]: how many items follow each item in its rows, summed: the work of a row of pairs."""
    after = np.repeat(rows.indptr[1:], rows.size) - np.arange(1, len(rows.item) + 1)
    return np.bincount(rows.item, weights=after, minlength=n_items).astype(np.int64)


def _count_rows(bought: _Rows, owned: _Rows, n_items: int, threads: int) -> tuple[np.ndarray, ...]:
    from affinity.kernels.pairs import count_pair_rows

    work = _following(bought, n_items) + _following(owned, n_items)
    if not work.any():
        return tuple(np.empty(0, dtype=kind) for kind in (np.int32, np.int32, np.int64, np.int64))
    most = np.minimum(work, np.arange(n_items - 1, -1, -1))
    baskets_index, owners_index = _index(bought, n_items), _index(owned, n_items)
    shift = max(4, n_items.bit_length() - 11)  # about 2,000 flags at most: looking for the set ones stays cheap

    def count_block(first: int, last: int) -> tuple[np.ndarray, ...]:
        capacity = int(most[first:last].sum())
        row_size = np.zeros(last - first, dtype=np.int64)
        found = [np.empty(capacity, dtype=np.int32) for _ in range(3)]
        totals = np.zeros(n_items, dtype=np.int32), np.zeros(n_items, dtype=np.int32)
        touched = np.zeros((n_items >> shift) + 1, dtype=np.uint8)
        rows = np.array([first, last], dtype=np.int64)
        size = count_pair_rows(rows, *baskets_index, *owners_index, shift, *totals, touched, row_size, *found)
        a = np.repeat(np.arange(first, last, dtype=np.int32), row_size)
        return (a, *(column[:size].copy() for column in found))

    parts = 1 if work.sum() < 200_000 else max(4 * threads, int(most.sum()) // _PAIRS_PER_BLOCK)
    return _stitch(map_blocks(count_block, split_by_work(work + 1, parts), threads))


def _stitch(blocks: list[Any]) -> tuple[np.ndarray, ...]:
    """Columns of all blocks in their order; a block is dropped once copied, so that memory is not held twice."""
    size = sum(len(block[0]) for block in blocks)
    columns = tuple(np.empty(size, dtype=kind) for kind in (np.int32, np.int32, np.int64, np.int64))
    place = 0
    for k in range(len(blocks)):
        block, blocks[k] = blocks[k], None
        for column, part in zip(columns, block):
            column[place : place + len(part)] = part
        place += len(block[0])
    return columns
