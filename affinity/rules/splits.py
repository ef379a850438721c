"""The ways to split itemsets in two sides, and the rules among them that pass the filters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TypeVar

import numpy as np

from affinity.errors import TooLarge
from affinity.progress import track
from affinity.threads import map_blocks, split_by_work

T = TypeVar("T")

#: Candidate rules that are looked at, at most (8 to 16 bytes and a microsecond each where they are tested).
MOST_CANDIDATES = 200_000_000
#: Candidates that a thread takes at a time, and blocks between two looks at the progress bar.
BLOCK, BLOCKS_PER_STEP = 1 << 18, 32
#: Up to so many candidates the rules are written at once, with room for all of them; beyond, they are counted first.
ONE_PASS = 1 << 22


@dataclass(frozen=True, eq=False)
class Splits:
    """Masks of the antecedents wanted of the itemsets of each size.

    mask  : int64, those of size s at first[s:s + 2]
    place : int64 beside ``mask``, number in ``tested[s]`` of the test that is the split's own
    tested: of each size int64 masks; where Y ⇒ X is a candidate too they share a test, and one of both is there
    """

    mask: np.ndarray
    first: np.ndarray
    place: np.ndarray
    tested: list[np.ndarray]


def make_splits(largest: int, consequent_size: int | None, one_test_both_ways: bool) -> Splits:
    """All splits of itemsets of up to ``largest`` items, or those with ``consequent_size`` items in Y."""
    masks, tested, places = [], [], []
    for size in range(largest + 1):
        mask = _masks(size, consequent_size)
        full = (1 << size) - 1
        shared = one_test_both_ways and len(mask) > 0 and (consequent_size is None or 2 * consequent_size == size)
        if not shared:
            own = mask
        elif consequent_size is None:
            own = mask[mask < (full + 1) // 2]
        else:
            own = mask[mask & 1 == 0]
        number = np.full(full + 1, -1)
        number[own] = np.arange(len(own))
        masks.append(mask)
        tested.append(own)
        places.append(np.where(number[mask] >= 0, number[mask], number[full ^ mask]))
    first = np.concatenate([[0], np.cumsum([len(mask) for mask in masks])]).astype(np.int64)
    return Splits(np.concatenate(masks), first, np.concatenate(places), tested)


def _masks(size: int, consequent_size: int | None) -> np.ndarray:
    full = (1 << size) - 1
    if consequent_size is None:
        return np.arange(1, max(full, 1), dtype=np.int64)
    sides = combinations(range(size), consequent_size) if consequent_size < size else ()
    return np.array([full ^ sum(1 << place for place in side) for side in sides], dtype=np.int64)


def count_candidates(first: np.ndarray, consequent_size: int | None) -> int:
    """Rules that are tested: all splits of itemsets of three and more items, all ordered pairs of single items.

    first : row at which the itemsets of each size begin. TooLarge where the splits would not fit.
    """
    by_size = np.diff(first).tolist()
    singles = by_size[1]
    splits = sum(
        n * ((1 << size) - 2 if consequent_size is None else comb(size, consequent_size) * (consequent_size < size))
        for size, n in enumerate(by_size)
        if size > 2
    )
    if splits > MOST_CANDIDATES:
        raise TooLarge(
            f"{splits:,} candidate rules from itemsets of up to {len(by_size) - 1} items.",
            why=f"More than {MOST_CANDIDATES:,} would not fit.",
            do="Pass consequent_size=1, or mine with a smaller max_size or a larger min_support.",
        )
    return splits + (singles * (singles - 1) if consequent_size in (None, 1) else 0)


@dataclass(frozen=True, eq=False)
class Filters:
    """Which rules are kept: see the ``limits`` of `split_itemsets`; ``allowed`` is bool[n_items], or empty for all."""

    n: float
    factor: float = 1.0
    min_confidence: float = -np.inf
    min_lift: float = -np.inf
    general: int = 0
    improvement: float = 0.0
    allowed: np.ndarray | None = None

    @property
    def limits(self) -> tuple[float, ...]:
        figures = (self.n, self.factor, self.min_confidence, self.min_lift, self.general, self.improvement)
        return tuple(float(figure) for figure in figures)


@dataclass(frozen=True, eq=False)
class Found:
    """Rules as int32 rows of the table: both sides together, the antecedent, the consequent; and their split's number."""

    xy: np.ndarray
    x: np.ndarray
    y: np.ndarray
    split: np.ndarray

    def take(self, order: np.ndarray) -> Found:
        return Found(self.xy[order], self.x[order], self.y[order], self.split[order])


def find_rules(
    order: np.ndarray,
    csr: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    weight: np.ndarray,
    splits: Splits,
    filters: Filters,
    place: np.ndarray | None = None,
) -> Found:
    """The rules that pass ``filters``, in the order of the itemsets, then of the splits; in threads.

    order : int64, rows of the itemsets, by size; csr : (indptr, item, drop, single) of `split_itemsets`
    weight: float64[rows], count or support; place : see `split_itemsets`
    """
    from affinity.kernels.rules_split import split_itemsets

    indptr, item, drop, single = csr
    sizes = (indptr[1:] - indptr[:-1])[order]
    largest = int(sizes.max(initial=0))
    places = np.empty(0, dtype=np.int8) if place is None else place
    allowed = np.empty(0, dtype=bool) if filters.allowed is None else filters.allowed

    def run(first: int, last: int, fill: bool, out: tuple[np.ndarray, ...]) -> int:
        cells = 1 << largest
        scratch = np.empty(cells, dtype=np.int32), np.empty(cells), np.empty(cells if len(places) else 1, dtype=np.int64)
        return split_itemsets(
            first, last, fill, order, indptr, item, drop, single, weight, places, splits.mask, splits.first, allowed,
            filters.limits, *scratch, *out,
        )  # fmt: skip

    candidates = np.diff(splits.first)[sizes]
    bounds = split_by_work(candidates + 1, int((candidates + 1).sum() // BLOCK) + 1)
    ends = np.concatenate([[0], np.cumsum(candidates)])[bounds]
    if ends[-1] > ONE_PASS:
        nothing = (np.empty(0, dtype=np.int32),) * 4
        counts = run_blocks(lambda first, last: run(first, last, False, nothing), bounds, "rules counted")
        ends = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    columns = tuple(np.empty(ends[-1], dtype=np.int32) for _ in range(4))
    begin = dict(zip(bounds[:-1].tolist(), ends.tolist()))
    counts = run_blocks(
        lambda first, last: run(first, last, True, tuple(column[begin[first] :] for column in columns)), bounds, "rules written"
    )
    written = [slice(start, start + n) for start, n in zip(ends.tolist(), counts)]
    if len(written) == 1 or sum(counts) == ends[-1]:
        return Found(*(column[: sum(counts)] for column in columns))
    return Found(*(np.concatenate([column[part] for part in written]) for column in columns))


def run_blocks(function: Callable[[int, int], T], bounds: np.ndarray, label: str) -> list[T]:
    """`map_blocks` some blocks at a time, with a progress bar over them."""
    done: list[T] = []
    for start in track(range(0, len(bounds) - 1, BLOCKS_PER_STEP), label):
        done += map_blocks(function, bounds[start : start + BLOCKS_PER_STEP + 1])
    return done
