"""Frequent itemsets of baskets that lie in several parts: each part proposes, all parts count what was proposed.

An itemset of count c or more in all parts together has its share of c in at least one of them (Savasere, Omiecinski and
Navathe, 1995). With every part complete from its own count c_p on, the proposals hold every itemset of
Σ(c_p − 1) + 1 baskets or more; how often they are held is then counted exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.counting.basket_checks import as_csr, count_checked_items
from affinity.counting.given_itemsets import count_rows
from affinity.counting.itemsets import mine_itemsets
from affinity.counting.mining_limits import best_of
from affinity.tables import Baskets
from affinity.tables.itemset_rows import ItemsetRows


@dataclass(frozen=True, eq=False)
class Proposal:
    """The itemsets of one part, complete from ``complete_from`` of its baskets on."""

    found: ItemsetRows
    complete_from: int


def propose_itemsets(baskets: Baskets, *, least: int, of: int, max_size: int | None, limit: int) -> Proposal:
    """The itemsets of a part in at least its share of ``least`` of all ``of`` baskets; the ``limit`` most frequent."""
    share = max(-(-least * len(baskets) // max(of, 1)), 1)
    mined = mine_itemsets(
        baskets, min_count=share, max_size=max_size, max_itemsets=limit, on_limit="keep_most_frequent", threads=1
    )
    cut = mined.info["cut"]
    return Proposal(mined.found.rows, int(cut["complete_from_count"]) if isinstance(cut, dict) else share)


def unite_proposals(parts: list[Proposal]) -> tuple[ItemsetRows, int]:
    """Every itemset proposed (counts 0), and the count over all parts from which on none is missing."""
    complete_from = sum(part.complete_from - 1 for part in parts) + 1
    sizes = [part.found.sizes for part in parts]
    item, lengths = [], []
    for size in range(1, 1 + max((int(part.max(initial=0)) for part in sizes), default=0)):
        rows = [part.found.item[np.repeat(of == size, of)].reshape(-1, size) for part, of in zip(parts, sizes)]
        distinct = np.unique(np.concatenate(rows), axis=0)
        item.append(distinct.ravel())
        lengths.append(np.full(len(distinct), size, dtype=np.int64))
    return _rows(item, lengths), complete_from


def count_proposed(baskets: Baskets, proposed: ItemsetRows) -> np.ndarray:
    """int64[n]: the baskets of a part that hold each of the itemsets."""
    indptr, item = as_csr(baskets.indptr, baskets.item, len(baskets.products))
    return count_rows(indptr, item, count_checked_items(indptr, item, len(baskets.products)), proposed, 1)


def choose_itemsets(
    proposed: ItemsetRows, count: np.ndarray, *, least: int, complete_from: int, keep: int
) -> tuple[ItemsetRows, dict[str, int] | None] | None:
    """The itemsets in at least ``least`` baskets, the ``keep`` most frequent of them, and what was cut (`mine_itemsets`).

    None where the proposals, complete from ``complete_from`` on, do not decide it: more are needed.
    """
    found = ItemsetRows(proposed.indptr, proposed.item, count).take(count >= least)
    if len(found) <= keep:
        return (found, None) if complete_from <= least else None
    falling = np.sort(found.count)[::-1]
    complete = int(falling[keep]) + 1  # the smallest count that no more than ``keep`` reach
    if complete_from > (complete if np.count_nonzero(falling >= complete) == keep else complete - 1):
        return None
    best = best_of(found, keep)
    kept = best if isinstance(best, ItemsetRows) else best.rows
    return kept, {"kept": keep, "complete_from_count": complete, "least_count": int(kept.count.min())}


def _rows(item: list[np.ndarray], lengths: list[np.ndarray]) -> ItemsetRows:
    sizes = np.concatenate([np.zeros(1, dtype=np.int64), *lengths])
    items = np.concatenate([np.empty(0, dtype=np.int32), *item]).astype(np.int32)
    return ItemsetRows(np.cumsum(sizes), items, np.zeros(len(sizes) - 1, dtype=np.int64))
