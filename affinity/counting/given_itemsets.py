"""Counts of itemsets that are known already, in any baskets: a later window, a holdout, the antecedents of rules."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np

from affinity.counting.basket_checks import as_csr, count_checked_items
from affinity.errors import SettingsError
from affinity.tables import Baskets, ItemsetCounts
from affinity.tables.itemset_rows import ItemsetRows
from affinity.threads import available_threads, map_blocks, split_by_work


def count_itemsets(
    baskets: Baskets, itemsets: ItemsetCounts | Iterable[Iterable[Hashable]], *, threads: int | None = None
) -> np.ndarray:
    """int64[n]: how many of the baskets hold all products of each itemset, in the order of the itemsets.

    itemsets : mined ones (their products are matched by label), or collections of labels, each of at least one product
    A product that the baskets do not know is in none of them: the count is 0. threads : the answer does not depend on it

    >>> from affinity.vocabulary import Vocabulary
    >>> products = Vocabulary("product", ["bread", "butter", "jam"])
    >>> later = Baskets(np.array([0, 2, 5]), np.array([0, 1, 0, 1, 2], dtype=np.int32), products)
    >>> count_itemsets(later, [["bread", "butter"], ["jam"], ["jam", "honey"]]).tolist()
    [2, 1, 0]
    """
    indptr, item = as_csr(baskets.indptr, baskets.item, len(baskets.products))
    item_count = count_checked_items(indptr, item, len(baskets.products))
    if isinstance(itemsets, ItemsetCounts):
        bounds = itemsets.indptr
        same = itemsets.products == baskets.products
        codes = itemsets.item if same else baskets.products.recode_from(itemsets.products)[itemsets.item]
    else:
        rows = [list(dict.fromkeys(itemset)) for itemset in itemsets]
        if not all(rows):
            raise SettingsError("An itemset has no products.", do="Every basket holds the empty set: count the baskets.")
        bounds = np.cumsum([0, *(len(row) for row in rows)])
        codes = baskets.products.encode(label for row in rows for label in row)
    known = np.logical_and.reduceat(codes >= 0, bounds[:-1]) if len(bounds) > 1 else np.empty(0, dtype=bool)
    sizes = np.diff(bounds)
    asked = ItemsetRows(
        np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes[known])]),
        codes[np.repeat(known, sizes)], np.zeros(int(known.sum()), dtype=np.int64),
    )  # fmt: skip
    count = np.zeros(len(sizes), dtype=np.int64)
    count[known] = count_rows(indptr, item, item_count, asked, threads or available_threads())
    return count


def count_rows(indptr: np.ndarray, item: np.ndarray, item_count: np.ndarray, asked: ItemsetRows, threads: int) -> np.ndarray:
    """int64[n]: baskets of the CSR that hold each of the itemsets, which are counted rarest item first, alike ones together."""
    from affinity.kernels.itemsets_count import count_itemsets as count_kernel

    if len(asked) == 0:
        return np.empty(0, dtype=np.int64)
    used = np.unique(asked.item)
    used = used[np.argsort(item_count[used], kind="stable")]
    rank_of = np.full(len(item_count), -1, dtype=np.int32)
    rank_of[used] = np.arange(len(used), dtype=np.int32)
    own_indptr, rank = _ranked(indptr, item, rank_of)
    basket = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(own_indptr))
    basket_of = basket[np.argsort(rank, kind="stable")]
    start = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.bincount(rank, minlength=len(used)))])
    row = np.repeat(np.arange(len(asked)), asked.sizes)
    wanted = rank_of[asked.item]
    wanted = wanted[np.lexsort([wanted, row])]
    order = _alike_together(asked.indptr, wanted)
    sizes = asked.sizes[order]
    itemset_start = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    places = np.repeat(asked.indptr[order] - itemset_start[:-1], sizes) + np.arange(itemset_start[-1])
    itemset = wanted[places]
    first_count = np.diff(start)[itemset[itemset_start[:-1]]]
    count, halt = np.zeros(len(asked), dtype=np.int64), np.zeros(1, dtype=np.int64)

    def count_block(first: int, last: int) -> None:
        room = int((first_count[first:last] * np.maximum(sizes[first:last] - 1, 0)).max()) + 1
        begin, held = np.zeros(int(sizes[first:last].max()) + 2, dtype=np.int64), np.empty(room, dtype=np.int32)
        count_kernel(own_indptr, rank, start, basket_of, itemset_start, itemset, first, last, halt, begin, held, count)

    map_blocks(count_block, split_by_work(first_count + 1, 4 * threads), threads, halt)
    result = np.empty_like(count)
    result[order] = count
    return result


def _ranked(indptr: np.ndarray, item: np.ndarray, rank_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The baskets as CSR of ranks that rise within each; items of rank −1 are left out."""
    n = len(indptr) - 1
    basket, rank = np.repeat(np.arange(n), np.diff(indptr)), rank_of[item]
    kept = rank >= 0
    basket, rank = basket[kept], rank[kept]
    rank = rank[np.lexsort([rank, basket])]
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.bincount(basket, minlength=n))]), rank


def _alike_together(indptr: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Order of the itemsets by their size, then their items."""
    sizes, parts = np.diff(indptr), []
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        items = wanted[indptr[rows][:, None] + np.arange(size)]
        parts.append(rows[np.lexsort(items.T[::-1])])
    return np.concatenate(parts)
