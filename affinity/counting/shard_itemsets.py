"""Frequent itemsets of baskets that lie in several parts: each part proposes, all parts count what is not decided by that.

An itemset of count c or more in all parts together has its share of c in at least one of them (Savasere, Omiecinski and
Navathe, 1995). With every part complete from its own count c_p on, the proposals hold every itemset of
Σ(c_p − 1) + 1 baskets or more. One that every part proposes is counted by that; one that a part does not propose is in at
most c_p − 1 of its baskets, and only where that leaves it open are the baskets counted again. So that it hardly ever does, a
part proposes from somewhat below its share on, as far as an itemset that is as frequent everywhere varies by chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from affinity.counting.basket_checks import as_csr, count_checked_items
from affinity.counting.given_itemsets import count_rows
from affinity.counting.itemsets import mine_itemsets
from affinity.counting.mining_limits import best_of
from affinity.tables import Baskets
from affinity.tables.itemset_rows import ItemsetRows

#: Standard deviations below its share of a count from which on a part proposes, where they are at most half of the share.
_DEVIATIONS_BELOW = 4


@dataclass(frozen=True, eq=False)
class Proposal:
    """The itemsets of one part, complete from ``complete_from`` of its baskets on."""

    found: ItemsetRows
    complete_from: int


def propose_itemsets(baskets: Baskets, *, least: int, of: int, max_size: int | None, limit: int) -> Proposal:
    """The itemsets of a part in at least its share of ``least`` of all ``of`` baskets, or less; the ``limit`` most frequent."""
    begin = propose_from(least, len(baskets), of)
    mined = mine_itemsets(
        baskets, min_count=begin, max_size=max_size, max_itemsets=limit, on_limit="keep_most_frequent", threads=1
    )
    cut = mined.info["cut"]
    return Proposal(mined.found.rows, int(cut["complete_from_count"]) if isinstance(cut, dict) else begin)


def propose_from(least: int, baskets: int, of: int) -> int:
    """The count from which on a part of ``baskets`` of all ``of`` proposes: at most its share s of ``least``, at least 1.

    Of ``least`` baskets dealt at random it gets s ± √(s·(1 − baskets/of)); four of these deviations below s are proposed too,
    where that is no less than s/2. A part that is the whole proposes from ``least`` on.

    >>> propose_from(400, 500, 1000), propose_from(40, 500, 1000), propose_from(40, 1000, 1000)
    (160, 20, 40)
    """
    share = max(-(-least * baskets // max(of, 1)), 1)
    below = math.ceil(_DEVIATIONS_BELOW * math.sqrt(share * (1 - baskets / max(of, 1))))
    return share - below if 2 * below <= share else share


@dataclass(frozen=True, eq=False)
class Proposed:
    """Every itemset that a part proposed, by size, then codes.

    rows          : counts are the sums over the parts that proposed it
    at_most       : int64[n]: no more baskets than this hold it
    complete_from : the count over all parts from which on none is missing
    """

    rows: ItemsetRows
    at_most: np.ndarray
    complete_from: int

    def open(self, least: int) -> np.ndarray:
        """bool[n]: whether it may be in ``least`` baskets, and in how many is not known."""
        return (self.at_most >= least) & (self.at_most > self.rows.count)

    def counted(self, which: np.ndarray, count: np.ndarray) -> ItemsetRows:
        """The rows, those of the mask ``which`` with ``count``."""
        exact = self.rows.count.copy()
        exact[which] = count
        return ItemsetRows(self.rows.indptr, self.rows.item, exact)


def unite_proposals(parts: list[Proposal]) -> Proposed:
    """What any of the parts proposed."""
    slack = [part.complete_from - 1 for part in parts]
    item, lengths, counts, room = [], [], [], []
    for size in range(1, 1 + max((int(part.found.sizes.max(initial=0)) for part in parts), default=0)):
        places = [np.flatnonzero(part.found.sizes == size) for part in parts]
        rows = [part.found.item[part.found.indptr[at][:, None] + np.arange(size)] for part, at in zip(parts, places)]
        count = np.concatenate([part.found.count[at] for part, at in zip(parts, places)])
        spare = np.repeat(slack, [len(at) for at in places])
        both = np.concatenate(rows)
        order = np.lexsort(both.T[::-1])
        both = both[order]
        new = np.concatenate([[True], (both[1:] != both[:-1]).any(axis=1)])
        first = np.flatnonzero(new)
        item.append(both[first].ravel())
        lengths.append(np.full(len(first), size, dtype=np.int64))
        counts.append(np.add.reduceat(count[order], first))
        room.append(sum(slack) - np.add.reduceat(spare[order], first))
    none = np.empty(0, dtype=np.int64)
    count = np.concatenate([none, *counts])
    indptr = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.concatenate([none, *lengths]))])
    found = ItemsetRows(indptr, np.concatenate([none, *item]).astype(np.int32), count)
    return Proposed(found, count + np.concatenate([none, *room]), sum(slack) + 1)


def count_proposed(baskets: Baskets, proposed: ItemsetRows) -> np.ndarray:
    """int64[n]: the baskets of a part that hold each of the itemsets."""
    indptr, item = as_csr(baskets.indptr, baskets.item, len(baskets.products))
    return count_rows(indptr, item, count_checked_items(indptr, item, len(baskets.products)), proposed, 1)


def choose_itemsets(
    counted: ItemsetRows, *, least: int, complete_from: int, keep: int
) -> tuple[ItemsetRows, dict[str, int] | None] | None:
    """The itemsets in at least ``least`` baskets, the ``keep`` most frequent of them, and what was cut (`mine_itemsets`).

    None where the proposals, complete from ``complete_from`` on, do not decide it: more are needed.
    """
    found = counted.take(counted.count >= least)
    if len(found) <= keep:
        return (found, None) if complete_from <= least else None
    falling = np.sort(found.count)[::-1]
    complete = int(falling[keep]) + 1  # the smallest count that no more than ``keep`` reach
    if complete_from > (complete if np.count_nonzero(falling >= complete) == keep else complete - 1):
        return None
    best = best_of(found, keep)
    kept = best if isinstance(best, ItemsetRows) else best.rows
    return kept, {"kept": keep, "complete_from_count": complete, "least_count": int(kept.count.min())}
