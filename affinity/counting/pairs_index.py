"""Baskets, or what customers own, made ready for counting pairs: margins first, then only the items that count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.counting.basket_checks import as_csr, require_sorted_rows
from affinity.tables import Margins
from affinity.tables.margins import SIZE_STRATA


@dataclass(frozen=True, eq=False)
class Sets:
    """Checked sets of items as CSR (read-only int64 and int32), of which those of more than ``most`` items are left out."""

    indptr: np.ndarray
    item: np.ndarray
    most: int

    @classmethod
    def of(cls, indptr: np.ndarray, item: np.ndarray, n_items: int, what: str, most: int | None = None) -> Sets:
        """InputError unless the rows are sorted and their codes in range; ``most`` None: nothing is left out."""
        bounds, codes = as_csr(indptr, item, n_items, what)
        require_sorted_rows(bounds, codes, n_items, what)
        arrays = bounds.view(), codes.view()
        for array in arrays:
            array.flags.writeable = False  # one compiled signature, whatever the caller's arrays are
        return cls(*arrays, most=len(item) if most is None else most)

    def __len__(self) -> int:
        return len(self.indptr) - 1


@dataclass(frozen=True, eq=False)
class Tally:
    """Margins of the sets; how many were left out; the size of the largest of the others."""

    margins: Margins
    left_out: int
    largest: int

    @classmethod
    def of(cls, sets: Sets, n_items: int, *, with_empty: bool) -> Tally:
        """``with_empty``: empty sets count in ``margins.n``."""
        from affinity.kernels.baskets_csr import tally_margins

        edges = np.array(SIZE_STRATA, dtype=np.int64)
        stratum = np.zeros((3, len(edges)), dtype=np.int64)
        stratum_item = np.zeros((len(edges), n_items), dtype=np.int64)
        left_out, largest = tally_margins(sets.indptr, sets.item, sets.most, edges, stratum, stratum_item)
        n = len(sets) if with_empty else int(stratum[0].sum())
        margins = Margins(n, stratum_item.sum(axis=0), stratum[0], stratum[1], stratum[2], stratum_item)
        return cls(margins, int(left_out), int(largest))


@dataclass(frozen=True, eq=False)
class Index:
    """Sets with only the kept items, recoded, and where each item stands (see ``kernels.baskets_csr``)."""

    flat: np.ndarray
    begins: np.ndarray
    following: np.ndarray
    heads: np.ndarray

    @classmethod
    def of(cls, sets: Sets | None, code_of: np.ndarray, kept: np.ndarray, n_item: np.ndarray) -> Index:
        """The sets (None: no sets) with the items ``kept`` (their codes), of which ``n_item`` sets hold each."""
        from affinity.kernels.baskets_csr import keep_items

        following, heads = np.zeros(len(kept), dtype=np.int64), np.zeros(len(kept), dtype=np.int64)
        if sets is None:
            return cls(np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint32), following, heads)
        flat = np.empty(int(n_item[kept].sum()) + len(sets) + 1, dtype=np.uint32)
        begins = np.empty(len(sets), dtype=np.uint32)
        size, n_sets = keep_items(sets.indptr, sets.item, sets.most, code_of, flat, begins, following, heads)
        return cls(flat[:size], begins[:n_sets], following, heads)

    def positions(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """flat, starts and position, as ``kernels.pairs.count_sparse_rows`` reads them."""
        from affinity.kernels.baskets_csr import index_heads

        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.heads)])
        position = np.empty(int(starts[-1]), dtype=np.uint32)
        index_heads(self.flat, len(self.flat), starts[:-1].copy(), position)
        return self.flat, starts, position
