"""What a miner finds: itemsets as sorted rows, or as the prefix trie that it wrote, which becomes rows when asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from affinity.threads import map_blocks

#: Itemsets fewer than one for so many items are sorted by NumPy.
_CODES_A_ROW = 16
#: Sorting fewer cells than this is not worth a second thread.
_CELLS_WORTH_A_THREAD = 1_000_000

#: item int32, depth uint8, count int32, of one length
TriePart = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class ItemsetRows:
    """Itemsets by size, then by codes: indptr int64[n + 1], item int32 rising within a set, count int64[n]."""

    indptr: np.ndarray
    item: np.ndarray
    count: np.ndarray

    def __post_init__(self) -> None:
        for column in (self.indptr, self.item, self.count):
            column.flags.writeable = False

    def __len__(self) -> int:
        return len(self.count)

    @property
    def rows(self) -> ItemsetRows:
        """Itself."""
        return self

    @property
    def sizes(self) -> np.ndarray:
        """int64[n]: items in each itemset."""
        return np.diff(self.indptr)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return int(self.indptr.nbytes + self.item.nbytes + self.count.nbytes)

    def take(self, kept: np.ndarray) -> ItemsetRows:
        """The itemsets where ``kept`` (bool) is true, in the same order."""
        sizes = self.sizes
        indptr = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes[kept])])
        return ItemsetRows(indptr, self.item[np.repeat(kept, sizes)], self.count[kept])


class ItemsetTrie:
    """Itemsets in depth-first order, as a miner wrote them: about 9 bytes each.

    parts    : runs of (item int32, depth uint8 from 1, count int32). An itemset is its item and the items of the
               nearest shallower entries before it in the run; each run begins at depth 1
    min_size : smaller itemsets are there as prefixes, but not among the rows
    """

    def __init__(self, parts: list[TriePart], n_items: int, min_size: int = 1) -> None:
        self.parts, self.n_items, self.min_size = parts, n_items, min_size
        self._size = sum(_number_from(depth, min_size) for _, depth, _ in parts)

    def __len__(self) -> int:
        return self._size

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return sum(column.nbytes for part in self.parts for column in part)

    @cached_property
    def rows(self) -> ItemsetRows:
        """The same itemsets sorted by size, then by codes."""
        return _sorted_rows(self.parts, self.n_items, self.min_size)

    @property
    def indptr(self) -> np.ndarray:
        """See `ItemsetRows`."""
        return self.rows.indptr

    @property
    def item(self) -> np.ndarray:
        """See `ItemsetRows`."""
        return self.rows.item

    @property
    def count(self) -> np.ndarray:
        """See `ItemsetRows`."""
        return self.rows.count

    @property
    def sizes(self) -> np.ndarray:
        """int64[n]: items in each itemset."""
        return self.rows.sizes

    def take(self, kept: np.ndarray) -> ItemsetRows:
        """See `ItemsetRows`."""
        return self.rows.take(kept)


def _number_from(depth: np.ndarray, min_size: int) -> int:
    return len(depth) if min_size <= 1 else int(np.count_nonzero(depth >= min_size))


def _sorted_rows(parts: list[TriePart], n_items: int, min_size: int) -> ItemsetRows:
    from affinity.kernels.itemsets_order import expand_trie

    by_size = sum((np.bincount(depth, minlength=256) for _, depth, _ in parts), start=np.zeros(256, dtype=np.int64))
    by_size[:min_size] = 0
    deepest = int(max((depth.max(initial=0) for _, depth, _ in parts), default=0))
    sizes = np.arange(256)
    row_bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(by_size)])
    place_bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(by_size * sizes)])
    item, count = np.empty(place_bounds[-1], dtype=np.int32), np.empty(row_bounds[-1], dtype=np.int32)
    next_place, next_row = place_bounds[:-1].copy(), row_bounds[:-1].copy()
    path = np.zeros((deepest + 1, deepest + 1), dtype=np.int32)
    codes, place_of = _present(parts, n_items)
    for part in parts:
        expand_trie(*part, place_of, min_size, path, next_place, next_row, item, count)
    all_counts = np.empty(len(count), dtype=np.int64)

    def sort_size(size: int, _: int) -> None:
        first, last = row_bounds[size], row_bounds[size + 1]
        values = item[place_bounds[size] : place_bounds[size + 1]]
        sort_one_size(values, count[first:last], size, codes, values, all_counts[first:last])

    map_blocks(sort_size, np.arange(1, deepest + 2), None if len(item) > _CELLS_WORTH_A_THREAD else 1)
    indptr = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.repeat(sizes, by_size))])
    return ItemsetRows(indptr, item, all_counts)


def sort_one_size(
    values: np.ndarray, count: np.ndarray, size: int, codes: np.ndarray, to_values: np.ndarray, to_count: np.ndarray
) -> None:
    """Sort itemsets of one size by their items; ``to_values`` may be ``values``.

    values : int32[n * size], rising places in ``codes`` (int32, rising); to_values takes the codes; count, to_count [n]
    """
    from affinity.kernels.itemsets_order import sort_rows

    if len(codes) > _CODES_A_ROW * len(count):  # counting sorts would look at more codes than there are rows
        rows = values.reshape(-1, size)
        few = np.lexsort(rows.T[::-1]) if len(rows) > 1 else slice(None)
        to_values[:], to_count[:] = codes[rows[few].ravel()], count[few]
        return
    digit, most = 1, min(1 << 16, 4 * len(count))
    while digit < size and len(codes) ** (digit + 1) <= most and len(codes) > 1:
        digit += 1
    order = np.empty((2, len(count)), dtype=np.int32)
    bucket = np.empty(len(codes) ** digit + 1, dtype=np.int64)
    sorted_values = np.empty_like(values)
    sort_rows(values, count, size, codes, digit, bucket, order, sorted_values, to_count)
    to_values[:] = sorted_values


def _present(parts: list[TriePart], n_items: int) -> tuple[np.ndarray, np.ndarray]:
    """int32 codes of the items in the trie, rising, and int32[n_items] where each stands among them."""
    there = np.zeros(n_items, dtype=bool)
    for item, depth, _ in parts:
        there[item[depth == 1]] = True  # a part of a frequent itemset is frequent, and stands at depth 1
    codes = np.flatnonzero(there).astype(np.int32)
    place_of = np.zeros(n_items, dtype=np.int32)
    place_of[codes] = np.arange(len(codes), dtype=np.int32)
    return codes, place_of
