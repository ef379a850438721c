"""The closed form: what each product gains from owning each other product, all else owned considered.

W = G⁻¹C with G = α·AᵀA + (1−α)·HᵀRH + λI and C = α·AᵀA + (1−α)·HᵀRY (see `affinity.tables.Transitions`),
solved for each target on its strongest candidate antecedents only, the target itself left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from affinity.mapped import is_mapped
from affinity.tables.landmark import Landmark
from affinity.tables.transitions import WEIGHT_UNIT, SquareCounts, Transitions
from affinity.threads import available_threads, map_blocks, split_by_work

#: Most similar antecedents kept for each target.
COSINES_PER_TARGET = 20
#: Products up to which G is looked up through a bitmap of all pairs (1.9 GB); of more it is looked for in sorted columns.
BITMAP_PRODUCTS = 100_000
#: Entries (12 bytes each) that are turned from rows to columns at a time.
COLUMN_ENTRIES = 30_000_000


@dataclass(frozen=True, eq=False)
class Edges:
    """Weighted edges antecedent → consequent, CSR by antecedent, consequents rising (int64, int32, float64)."""

    indptr: np.ndarray
    consequent: np.ndarray
    weight: np.ndarray


def solve_edges(
    transitions: Transitions,
    *,
    alpha: float,
    ridge: float,
    support: int,
    edges_per_target: int | None = None,
    threads: int | None = None,
) -> Edges:
    """The closed-form edges W_AB > 0 into each target B.

    For each B, the ridge system G_SS w = C_SB over S = the ``support`` products A ≠ B with the largest C_AB (ties by
    code); leaving B out of S equals zeroing the diagonal of W as W − P·diag(diag(W)/diag(P)), P = G⁻¹.
    edges_per_target : only the largest so many are kept (None: every positive one; 50 cost .002 of NDCG@10).
    ridge : λ, in whole customers. Without transitions (no clock) α is 1. The digits do not depend on threads.
    """
    n = len(transitions.products)
    alpha = float(alpha) if len(transitions.new_at_order.column) else 1.0
    support = max(1, min(support, n))
    threads = threads or available_threads()
    co, new = _arrays(transitions.co_owned), _arrays(transitions.new_at_order)
    units = (alpha / WEIGHT_UNIT, (1.0 - alpha) / WEIGHT_UNIT)
    packed = _pack(co, _arrays(transitions.owned_at_order), units, threads)
    edges = min(support, edges_per_target or support, _most_antecedents(co, new))
    out = (np.zeros(n, dtype=np.int64), np.zeros((n, edges), dtype=np.int32), np.zeros((n, edges)))

    def solve(first: int, last: int, co_columns: Columns, new_columns: Columns) -> None:
        from affinity.kernels.closed_form import solve_targets

        scratch = (np.zeros((support, support)), np.zeros(support, dtype=np.int32), np.zeros(support))
        given = (co, co_columns, new_columns, *units, packed, float(ridge), edges)
        solve_targets(first, last, *given, _no_sums(n), scratch, *out)

    _map_targets(solve, (co, new), 8 * threads, threads)
    return by_antecedent(*out)


def _most_antecedents(co: Matrix, new: Matrix) -> int:
    """How many products speak for any one target, at most; never below 1."""
    from affinity.kernels.closed_form import count_columns

    sizes = np.diff(co[0])
    for _, column, _ in (co, new):
        count_columns(column, sizes)
    return int(sizes.max(initial=1))


def solving_bytes(landmark: Landmark, support: int) -> int:
    """Bytes that the edges of a landmark take beside its tables: at most where the matrices are stored; where they are
    counted from lists, about as many, but for G, of which nobody knows before how many pairs it needs. Lists in files
    (see `affinity.counting.owned_lists`) take none but the weights of the steps."""
    transitions, n = landmark.transitions, len(landmark.transitions.products)
    if transitions.lists is not None:
        steps, solved = landmark.steps, n * n // 8 + 40 * n * min(support, n)
        if is_mapped(landmark.holdings.product):
            return solved + 8 * (0 if steps is None else len(steps))
        rows = (
            0
            if steps is None or steps.customer is None
            else int(np.diff(landmark.holdings.indptr)[steps.customer[steps.customer >= 0]].sum())
        )
        return solved + 14 * len(landmark.holdings) + 2 * rows
    values = 8 * (len(transitions.co_owned.column) + len(transitions.owned_at_order.column))
    at_hand = 12 * min(COLUMN_ENTRIES, len(transitions.co_owned.column) + len(transitions.new_at_order.column))
    return values + (12 * n * (n // 64 + 1) if n <= BITMAP_PRODUCTS else values // 2) + at_hand


def similar_edges(transitions: Transitions, threads: int | None = None) -> Edges:
    """The 20 largest cosines co_AB/√(co_AA·co_BB) into each target B, from the lasting co-ownership AᵀA where it is counted."""
    n = len(transitions.products)
    lasting = transitions.lasting_co_owned
    co = _arrays(transitions.co_owned if lasting is None else lasting)
    out = (np.zeros(n, dtype=np.int64), np.zeros((n, COSINES_PER_TARGET), dtype=np.int32), np.zeros((n, COSINES_PER_TARGET)))
    diagonal = _diagonal(co)

    def choose(first: int, last: int, columns: Columns) -> None:
        from affinity.kernels.closed_form import strongest_cosines

        strongest_cosines(first, last, co, columns, diagonal, COSINES_PER_TARGET, _no_sums(n), *out)

    threads = threads or available_threads()
    _map_targets(choose, (co,), 4 * threads, threads)
    return by_antecedent(*out)


Matrix = tuple[np.ndarray, np.ndarray, np.ndarray]  # CSR: int64, int32, int64
Columns = tuple[np.ndarray, np.ndarray, np.ndarray, int]  # begin int64, row int32, total int64, the first column


def _arrays(counts: SquareCounts) -> Matrix:
    return counts.indptr, counts.column, counts.total


def _diagonal(counts: Matrix) -> np.ndarray:
    """float64[n], of an upper triangle: the diagonal is the first entry of a row that holds it."""
    indptr, column, total = counts
    row = np.flatnonzero(np.diff(indptr))
    row = row[column[indptr[row]] == row]
    diagonal = np.zeros(len(indptr) - 1)
    diagonal[row] = total[indptr[row]]
    return diagonal


def _no_sums(n: int) -> tuple[np.ndarray, ...]:
    """What `take_sums` of the kernels works in."""
    words = (np.zeros(n // each + 1, dtype=np.uint64) for each in (64, 4096))
    return np.zeros(n), next(words), np.empty(n, dtype=np.int32), np.empty(n), next(words)


def _map_targets(function: Callable[..., None], matrices: tuple[Matrix, ...], parts: int, threads: int) -> None:
    """``function(first, last, *columns)`` for runs of targets in threads, the columns of ``matrices`` at hand for a block."""
    from affinity.kernels.closed_form import count_columns, gather_columns

    n = len(matrices[0][0]) - 1
    sizes = np.zeros((len(matrices), n), dtype=np.int64)
    for size, (_, column, _) in zip(sizes, matrices):
        count_columns(column, size)
    before = np.concatenate([[0], np.cumsum(sizes.sum(axis=0))])
    bounds = np.searchsorted(before, np.arange(0, before[-1], COLUMN_ENTRIES), side="right") - 1
    bounds = np.unique(np.concatenate([[0], bounds, [n]]))
    next_entry = [indptr[:-1].copy() for indptr, _, _ in matrices]
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist()):
        columns = []
        for matrix, entry, size in zip(matrices, next_entry, sizes):
            begin = np.concatenate([[0], np.cumsum(size[first:last])]).astype(np.int64)
            row, total = np.empty(begin[-1], dtype=np.int32), np.empty(begin[-1], dtype=np.int64)
            gather_columns(first, last, *matrix, entry, begin[:-1].copy(), row, total)
            columns.append((begin, row, total, first))
        runs = first + split_by_work(sizes[0, first:last] + 1.0, parts)
        map_blocks(partial(_call, function, columns), runs, threads)


def _call(function: Callable[..., None], columns: list[Columns], first: int, last: int) -> None:
    function(first, last, *columns)


def _pack(co: Matrix, own: Matrix, units: tuple[float, float], threads: int) -> tuple[np.ndarray, ...]:
    """The upper triangle of α·co + (1−α)·own with a bitmap, for look-ups in any order (n²·12/64 bytes beside the values).

    Of more than BITMAP_PRODUCTS products with sorted columns instead (4 bytes a value).
    """
    n = len(co[0]) - 1
    most = np.diff(co[0]) + np.diff(own[0])
    start = np.concatenate([[0], np.cumsum(most)[:-1]]).astype(np.int64)
    words = n // 64 + 1 if n <= BITMAP_PRODUCTS else 0
    bits, rank = np.zeros((n, words), dtype=np.uint64), np.zeros((n, max(words, 1)), dtype=np.int32)
    value, column = np.empty(int(most.sum())), np.empty(0 if words else int(most.sum()), dtype=np.int32)

    def merge(first: int, last: int) -> None:
        from affinity.kernels.closed_form import merge_rows, merge_upper

        if words:
            merge_upper(first, last, *co, *own, *units, np.zeros(n), start, bits, rank, value)
        else:
            merge_rows(first, last, *co, *own, *units, start, rank, value, column)

    map_blocks(merge, split_by_work(most + 1.0, 4 * threads), threads)
    return start, bits, rank, value, column


def by_antecedent(count: np.ndarray, antecedent: np.ndarray, weight: np.ndarray) -> Edges:
    """Edges given by target (int64[n], int32 and float64[n, width]), sorted by antecedent, then target."""
    from affinity.kernels.transitions import transpose_rows

    n, width = antecedent.shape
    used = np.arange(width) < count[:, None]
    start, value = antecedent[used], weight[used]
    before = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(start, minlength=n))]).astype(np.int64)
    target, place = np.empty(len(start), dtype=np.int32), np.empty(len(start), dtype=np.int32)
    transpose_rows(before, start, indptr[:-1].copy(), target, place)
    return Edges(indptr, target, value[before[target] + place])
