"""Itemset counts: sets of products and the baskets that hold all of them.

Made by affinity.counting, read by affinity.rules. Sorted by size, then by codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from affinity.frames import AnyColumn, LabelColumn, ListColumn
from affinity.tables.baskets import Baskets
from affinity.tables.itemset_rows import ItemsetRows, ItemsetTrie
from affinity.tables.margins import Margins
from affinity.tables.table import Table
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class ItemsetCounts(Table):
    """One row an itemset.

    found     : the itemsets, as rows or as the miner's trie; ``len`` and ``found`` cost nothing, while indptr, item,
                count and all that is made of them sort the trie into rows at their first use
    n_baskets : all baskets counted
    target : "frequent" | "closed" | "maximal"; info : which method ran and why, what a cap cut
    baskets : what was mined, for the margins of the rules; None when only counts are known
    known_margins : those margins, where they were counted and the baskets are elsewhere
    """

    found: ItemsetRows | ItemsetTrie
    n_baskets: int
    min_count: int
    products: Vocabulary
    max_size: int | None = None
    target: str = "frequent"
    info: Mapping[str, object] = field(default_factory=dict)
    baskets: Baskets | None = None
    known_margins: Margins | None = None

    def __len__(self) -> int:
        return len(self.found)

    @property
    def indptr(self) -> np.ndarray:
        """int64[n + 1]: where each itemset begins in ``item``."""
        return self.found.indptr

    @property
    def item(self) -> np.ndarray:
        """int32 product codes, strictly increasing within an itemset."""
        return self.found.item

    @property
    def count(self) -> np.ndarray:
        """int64[n]: baskets that hold the itemset."""
        return self.found.count

    @property
    def sizes(self) -> np.ndarray:
        """int64[n]: products in each itemset."""
        return np.diff(self.indptr)

    @cached_property
    def margins(self) -> Margins | None:
        """Baskets that hold each product, by basket size; None when the baskets are not known."""
        known = self.baskets
        return self.known_margins if known is None else Margins.of(known.indptr, known.item, len(known.products))

    @property
    def support(self) -> np.ndarray:
        """float64[n]: count / n_baskets, in (0, 1]; 0 without baskets."""
        return self.count / max(self.n_baskets, 1)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """itemset (list of labels), size, count, support."""
        return {
            "itemset": ListColumn(self.indptr, self.products.decode(self.item)),
            "size": self.sizes,
            "count": self.count,
            "support": self.support,
        }

    def coded_columns(self) -> dict[str, AnyColumn]:
        """The same rows, products as codes and labels."""
        return {**self.columns(), "itemset": ListColumn(self.indptr, LabelColumn(self.item, self.products.labels))}
