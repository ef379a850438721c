"""The closed form and the cosines of a large shop, counted from the customers' lists: its matrices are never held.

The edges are, to the last bit, those of `affinity.fit.closed_form.solve_edges` and `similar_edges`.
"""

from __future__ import annotations

import numpy as np

from affinity.fit.closed_form import COSINES_PER_TARGET, Edges, by_antecedent
from affinity.tables.owned_lists import OwnedLists
from affinity.tables.transitions import WEIGHT_UNIT, Transitions
from affinity.threads import available_threads, map_blocks, split_by_work

#: Runs of targets or ranks a thread: their work is only roughly known.
RUNS_A_THREAD = 32


def solve_lists(
    transitions: Transitions,
    *,
    alpha: float,
    ridge: float,
    support: int,
    edges_per_target: int | None = None,
    threads: int | None = None,
) -> tuple[Edges, Edges]:
    """The edges of `solve_edges` and of `similar_edges` (see there), from ``transitions.lists``."""
    assert transitions.lists is not None
    threads = threads or available_threads()
    lists = transitions.lists()
    n = len(lists.products)
    support = max(1, min(support, n))
    alpha = float(alpha) if lists.has_transitions else 1.0
    units = (alpha / WEIGHT_UNIT, (1.0 - alpha) / WEIGHT_UNIT)
    rank = np.empty(n, dtype=np.int32)
    rank[lists.by_owners] = np.arange(n, dtype=np.int32)
    chosen, near = _choose(lists, rank, support, units, threads)
    ranked = _rank(chosen[0], chosen[2], rank)
    packed = _count_pairs(lists, ranked, chosen[2], units, threads)
    del lists
    solved = _solve(chosen, ranked, rank, packed, ridge, min(support, edges_per_target or support), threads)
    return by_antecedent(*solved), by_antecedent(near[2], near[0], near[1])


Strongest = tuple[np.ndarray, np.ndarray, np.ndarray]  # by target: int32 codes, float64 values, int64 how many


def _choose(
    lists: OwnedLists, rank: np.ndarray, support: int, units: tuple[float, float], threads: int
) -> tuple[Strongest, Strongest]:
    """The strongest antecedents of each target, and the products most similar to it."""
    from affinity.kernels.edges_from_lists import choose_antecedents

    n = len(lists.products)
    chosen, near = (
        (np.zeros((n, k), dtype=np.int32), np.zeros((n, k)), np.zeros(n, dtype=np.int64)) for k in (support, COSINES_PER_TARGET)
    )
    ranks, owners = (lists.by_owners, rank), (lists.owner_indptr, lists.owner)
    given = (ranks, owners, *_kernel_lists(lists), units, _diagonal(lists))

    def choose(first: int, last: int) -> None:
        scratch = (
            np.zeros((n, 4), dtype=np.uint64), np.zeros(n // 64 + 1, dtype=np.uint64), np.zeros(n // 64 + 1, dtype=np.uint64),
            np.empty(n, dtype=np.int32),
            np.empty(n), np.empty(n), np.empty(support, dtype=np.int32), np.empty(COSINES_PER_TARGET, dtype=np.int32),
        )  # fmt: skip
        choose_antecedents(first, last, *given, scratch, *chosen, *near)

    map_blocks(choose, split_by_work(np.diff(lists.owner_indptr) + 1.0, RUNS_A_THREAD * threads), threads)
    return chosen, near


def _kernel_lists(lists: OwnedLists) -> tuple[tuple[np.ndarray, ...], ...]:
    """lists, rows and weights of the kernels."""
    return (
        (lists.indptr, lists.item, lists.end_age, lists.new_row),
        (lists.row_indptr, lists.row_weight, lists.age_indptr, lists.age),
        (lists.own, lists.co, lists.lasting),
    )


def _diagonal(lists: OwnedLists) -> np.ndarray:
    """float64[n_products]: lasting_AA by rank, whole numbers."""
    n = len(lists.products)
    squares = ((lists.lasting * lists.lasting) >> np.uint64(20)).astype(np.float64)
    total = np.zeros(n)
    for start in range(0, len(lists.item), 1 << 22):
        some = slice(start, start + (1 << 22))
        total += np.bincount(lists.item[some], weights=squares[lists.end_age[some]], minlength=n)
    return total


def _rank(support: np.ndarray, count: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """int32[n, K]: the ranks of each support, rising; what is not used comes last."""
    ranked = rank[support]
    ranked[np.arange(support.shape[1]) >= count[:, None]] = len(rank)
    ranked.sort(axis=1)
    return ranked


def _count_pairs(
    lists: OwnedLists,
    ranked: np.ndarray,
    count: np.ndarray,
    units: tuple[float, float],
    threads: int,
) -> tuple[np.ndarray, ...]:
    """G for the pairs of products that are antecedents of one target: (start_word, table, start, column, value).

    The table takes n²/8 bytes, a pair 12.
    """
    from affinity.kernels.edges_from_lists import count_marked, mark_pairs

    n = len(lists.products)
    held = (np.arange(n, dtype=np.int64) >> 5) + 1
    begin = np.concatenate([[0], np.cumsum(held)]).astype(np.int64)
    table = np.zeros(int(begin[-1]), dtype=np.uint64)
    pairs = np.bincount(ranked.ravel(), minlength=n + 1)[:n] + 1.0
    map_blocks(
        lambda first, last: mark_pairs(first, last, ranked, count, begin[:-1], table), split_by_work(pairs, threads), threads
    )
    given = (lists.by_owners, lists.owner_indptr, lists.owner, *_kernel_lists(lists), units, begin[:-1], table)
    start = np.zeros(n + 1, dtype=np.int64)

    def fill(first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        marked = int(np.bitwise_count(table[begin[first] : begin[last]]).sum())
        column, value = np.empty(marked, dtype=np.int32), np.empty(marked)
        used = count_marked(first, last, *given, np.zeros((n, 2), dtype=np.uint64), start, column, value)
        return column[:used].copy(), value[:used].copy()

    bounds = split_by_work(np.diff(lists.owner_indptr)[lists.by_owners] + held, RUNS_A_THREAD * threads)
    pieces: list[tuple[np.ndarray, np.ndarray]] = map_blocks(fill, bounds, threads)
    before = np.cumsum([0, *(len(piece[0]) for piece in pieces)])
    for first, last, used in zip(bounds[:-1], bounds[1:], before):
        start[first:last] += used
    start[n] = before[-1]
    column, value = np.empty(int(before[-1]), dtype=np.int32), np.empty(int(before[-1]))
    pieces.reverse()
    for first, last in zip(before[:-1], before[1:]):
        column[first:last], value[first:last] = pieces.pop()  # each is let go as soon as it is copied
    return begin[:-1], table, start, column, value


def _solve(
    chosen: Strongest,
    ranked: np.ndarray,
    rank: np.ndarray,
    packed: tuple[np.ndarray, ...],
    ridge: float,
    n_edges: int,
    threads: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many edges there are into each target, their antecedents and weights."""
    from affinity.kernels.edges_from_lists import solve_supports

    support, weight, count = chosen
    n, most = support.shape
    out = (np.zeros(n, dtype=np.int64), np.zeros((n, n_edges), dtype=np.int32), np.zeros((n, n_edges)))

    def solve(first: int, last: int) -> None:
        scratch = (np.zeros((most + 1, most + 1)), np.full(n, most, dtype=np.int32))
        solve_supports(first, last, support, weight, count, ranked, rank, packed, float(ridge), n_edges, scratch, *out)

    map_blocks(solve, split_by_work(count.astype(np.float64) ** 2 + 1.0, RUNS_A_THREAD * threads), threads)
    return out
