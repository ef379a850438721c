"""Weighted counts of products owned together and of products newly bought by owners of others.

Three exact int64 sums over customers (units of 2**-20): AᵀA of what is owned now, HᵀRH of what was owned
strictly before each order that held something new, and HᵀRY towards what was new in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from affinity import mapped
from affinity.statistics.elementary import exp2
from affinity.tables.baskets import Baskets
from affinity.tables.holdings import Holdings
from affinity.tables.transitions import WEIGHT_UNIT, SquareCounts, Transitions
from affinity.threads import available_threads, map_blocks, split_by_work

#: Owned-at-order entries expanded at once (16 bytes each, twice); more are counted in runs of customers and added up.
ENTRIES_AT_ONCE = 30_000_000

#: Entries whose weights are summed by product at a time.
ENTRIES_SUMMED = 1 << 22

#: Entries of one output buffer (12 bytes each).
BUFFER_ENTRIES = 1 << 21


def count_transitions(
    steps: Baskets | None,
    holdings: Holdings,
    *,
    half_life: float,
    co_owned_half_life: float,
    row_half_life: float,
    lasting_half_life: float | None = None,
    max_products_per_customer: int | None = None,
    threads: int | None = None,
) -> Transitions:
    """The weighted pair counts of the fit model, up to the end of ``holdings``.

    co_owned = AᵀA, A[c, i] = 2^(−(end − last purchase of i)/co_owned_half_life); lasting_co_owned the same with
    lasting_half_life, where it is given.
    owned_at_order = HᵀRH and new_at_order = HᵀRY over the rows t: orders after a customer's first that hold a
    product new to him; H[t, i] = 2^(−(t − last purchase of i before t)/half_life) for what he owned strictly
    before, Y[t, j] = 1 for what is new, R[t] = 2^(−(end − t)/row_half_life). Weights are rounded to units of
    2**-20 by age; w₁·w₂ is (w₁·w₂) >> 20, the row weight entering last. Sums are int64: equal on any number of
    threads, and the counts of disjoint sets of customers add up.

    steps    : baskets by customer-day (clock "day") or by order (clock "order"), sorted by customer, then at;
               guests are left out. None without a clock: then every weight is 1 and there are no transitions.
    holdings : what those customers own at the end; half-lives are in days or in orders, as its clock.
    max_products_per_customer : customers who own more stay out of the pair counts (None: nobody); the result
               says how many (``left_out_customers``).
    """
    counts = count_by_product(
        steps, holdings, half_life=half_life, co_owned_half_life=co_owned_half_life, row_half_life=row_half_life
    )
    end_age = _ages(holdings)
    longest, clocked = longest_age(steps, holdings), holdings.clock is not None
    own, row = (weight_by_age(h, longest, clocked) for h in (half_life, row_half_life))
    threads = threads or available_threads()
    capped = owners_over(holdings, max_products_per_customer)
    n = len(holdings.products)
    kept = ~capped[holdings.customer]
    indptr = np.concatenate([[0], np.cumsum(np.where(capped, 0, np.diff(holdings.indptr)))]).astype(np.int64)
    item = np.ascontiguousarray(holdings.product[kept])
    whole = np.full(len(holdings.customers), WEIGHT_UNIT, dtype=np.int64)

    def count_co_owned(half_life: float) -> SquareCounts:
        weight = weight_by_age(half_life, longest, clocked)[end_age[kept]].astype(np.int32)
        owned = (indptr, item, weight)
        return _count_pairs(_transpose(owned, n), owned, whole, upper=True, threads=threads)

    identified = None if steps is None or not clocked else identified_steps(steps)
    if identified is None:
        before, new = _empty(n), _empty(n)
    else:
        before, new = _count_orders(identified, holdings, own, row, capped, threads)
    return replace(
        counts,
        co_owned=count_co_owned(co_owned_half_life),
        owned_at_order=before,
        new_at_order=new,
        left_out_customers=int(capped.sum()),
        lasting_co_owned=None if lasting_half_life is None else count_co_owned(lasting_half_life),
        lasting_half_life=lasting_half_life,
    )


def count_by_product(
    steps: Baskets | None, holdings: Holdings, *, half_life: float, co_owned_half_life: float, row_half_life: float
) -> Transitions:
    """What `count_transitions` says of each product by itself; the matrices are empty."""
    n, clocked = len(holdings.products), holdings.clock is not None
    row = weight_by_age(row_half_life, longest_age(steps, holdings), clocked)
    identified = None if steps is None or not clocked else identified_steps(steps)
    first, lines = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for some, end in _in_blocks(holdings.indptr, holdings.end):
        age = end - holdings.first_at[some] if clocked else np.zeros(len(end), dtype=np.int32)
        first += _sum_by_product(holdings.product[some], row[age], n)
        if identified is None:
            lines += _sum_by_product(holdings.product[some], holdings.times[some].astype(np.int64) * WEIGHT_UNIT, n)
    if identified is not None:
        assert identified.customer is not None
        assert identified.at is not None
        by_step = row[np.maximum(holdings.end[identified.customer] - identified.at, 0)]
        for some, weight in _in_blocks(identified.indptr, by_step):
            lines += _sum_by_product(identified.item[some], weight, n)
    return Transitions(
        co_owned=_empty(n),
        owned_at_order=_empty(n),
        new_at_order=_empty(n),
        first_purchases=first,
        recent_lines=lines,
        buyers=np.bincount(holdings.product, minlength=n).astype(np.int64),
        products=holdings.products,
        clock=holdings.clock,
        half_life=half_life,
        co_owned_half_life=co_owned_half_life,
        row_half_life=row_half_life,
    )


def _in_blocks(indptr: np.ndarray, by_row: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Runs of the entries of a CSR, each with ``by_row`` of the row of each entry."""
    for first, last in mapped.split_indptr(indptr, ENTRIES_SUMMED):
        yield slice(indptr[first], indptr[last]), np.repeat(by_row[first:last], np.diff(indptr[first : last + 1]))


def longest_age(steps: Baskets | None, holdings: Holdings) -> int:
    """The longest age that a weight is looked up for, or more."""
    if holdings.clock is None:
        return 1 + _span(steps)
    ages = ((end - holdings.last_at[some]).max(initial=1) for some, end in _in_blocks(holdings.indptr, holdings.end))
    return max([1, *map(int, ages)]) + _span(steps)


def weight_by_age(half_life: float, longest: int, clocked: bool = True) -> np.ndarray:
    """int64[longest + 1]: 2^(−age/half_life) in units of 2**-20, rounded; all one without a clock."""
    ages = np.arange(longest + 1, dtype=np.float64)
    decay = exp2(-ages / half_life) if clocked else np.ones_like(ages)
    return np.rint(decay * WEIGHT_UNIT).astype(np.int64)


def _ages(holdings: Holdings) -> np.ndarray:
    """int64 age of the last purchase of each holding at the customer's end; 0 without a clock."""
    if holdings.clock is None:
        return np.zeros(len(holdings.product), dtype=np.int64)
    return (holdings.end[holdings.customer] - holdings.last_at).astype(np.int64)


def _span(steps: Baskets | None) -> int:
    """The longest time between two steps, or from a step to the end of the latest one."""
    return 0 if steps is None or steps.at is None or len(steps) == 0 else int(steps.at.max() - steps.at.min()) + 1


def owners_over(holdings: Holdings, most: int | None) -> np.ndarray:
    """bool by customer: who owns more than ``most`` products (None: nobody)."""
    sizes = np.diff(holdings.indptr)
    return np.zeros(len(sizes), dtype=bool) if most is None else sizes > most


def identified_steps(steps: Baskets) -> Baskets | None:
    """The steps of known customers (guests come first, code −1); None when time or customers are unknown."""
    if steps.customer is None or steps.at is None:
        return None
    first = int(np.searchsorted(steps.customer, 0))
    if first == 0:
        return steps
    indptr = steps.indptr[first:] - steps.indptr[first]
    item = steps.item[steps.indptr[first] :]
    return Baskets(
        indptr, item, steps.products, steps.customer[first:], steps.customers, steps.at[first:], steps.clock, steps.by
    )


def _sum_by_product(product: np.ndarray, weight: np.ndarray, n: int) -> np.ndarray:
    """int64 sums; exact, since doubles hold integers up to 2**53."""
    return np.bincount(product, weights=weight, minlength=n).astype(np.int64)


def _empty(n: int) -> SquareCounts:
    return SquareCounts(np.zeros(n + 1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))


def _count_orders(
    steps: Baskets, holdings: Holdings, own: np.ndarray, row: np.ndarray, capped: np.ndarray, threads: int
) -> tuple[SquareCounts, SquareCounts]:
    """HᵀRH and HᵀRY, in runs of customers that bound the memory."""
    assert steps.customer is not None
    assert steps.at is not None
    n = len(holdings.products)
    arrays = (
        np.ascontiguousarray(steps.indptr, dtype=np.int64),
        np.ascontiguousarray(steps.item, dtype=np.int32),
        np.ascontiguousarray(steps.customer, dtype=np.int32),
        np.ascontiguousarray(steps.at, dtype=np.int32),
    )
    weight = row[np.maximum(holdings.end[steps.customer] - steps.at, 0)]
    owned_count, new_count = row_sizes(arrays, own, n)
    left_out = capped[steps.customer] | (weight == 0)
    owned_count[left_out] = 0
    new_count[left_out] = 0
    before, new = _empty(n), _empty(n)
    for first, last in _runs(arrays[2], owned_count):
        left, right = _expand(arrays, (first, last), (owned_count, new_count), own, n)
        row_weight = weight[first:last]
        by_product = _transpose(left, n)
        before += _count_pairs(by_product, left, row_weight, upper=True, threads=threads)
        new += _count_pairs(by_product, right, row_weight, upper=False, threads=threads)
    return before, new


Rows = tuple[np.ndarray, np.ndarray, np.ndarray]  # indptr int64, item int32, weight int32 (CSR by row)


def row_sizes(arrays: tuple[np.ndarray, ...], own: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """int64 products owned before and products new, by basket; 0 and 0 where it is no row."""
    from affinity.kernels.transitions import fill_owned_rows

    rows = len(arrays[2])
    owned_count, new_count = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    scratch = (np.full(n, -1, dtype=np.int32), np.zeros(n, dtype=np.int32))
    indptr, item = np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32)
    fill_owned_rows(0, rows, *arrays, own, owned_count, new_count, False, *scratch, indptr, item, item, indptr, item)
    return owned_count, new_count


def _expand(
    arrays: tuple[np.ndarray, ...],
    run: tuple[int, int],
    counts: tuple[np.ndarray, np.ndarray],
    own: np.ndarray,
    n: int,
) -> tuple[Rows, Rows]:
    """H and Y of the baskets of one run."""
    from affinity.kernels.transitions import fill_owned_rows

    first, last = run
    owned_indptr, new_indptr = _offsets(counts[0][first:last]), _offsets(counts[1][first:last])
    owned_item, owned_weight = np.empty(owned_indptr[-1], dtype=np.int32), np.empty(owned_indptr[-1], dtype=np.int32)
    new_item = np.empty(new_indptr[-1], dtype=np.int32)
    scratch = (np.full(n, -1, dtype=np.int32), np.zeros(n, dtype=np.int32))
    fill_owned_rows(first, last, *arrays, own, *counts, True, *scratch, owned_indptr, owned_item, owned_weight,
                    new_indptr, new_item)  # fmt: skip
    return (owned_indptr, owned_item, owned_weight), (new_indptr, new_item, np.full(len(new_item), WEIGHT_UNIT, np.int32))


def _offsets(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _runs(customer: np.ndarray, entries: np.ndarray) -> list[tuple[int, int]]:
    """Runs of baskets that end where a customer ends, of at most ENTRIES_AT_ONCE entries (or one customer)."""
    starts = np.flatnonzero(np.concatenate([[True], customer[1:] != customer[:-1]])) if len(customer) else np.zeros(0, int)
    by_customer = np.add.reduceat(entries, starts) if len(starts) else entries
    bounds, held = [0], 0
    for start, size in zip(starts.tolist(), by_customer.tolist()):
        if held and held + size > ENTRIES_AT_ONCE:
            bounds.append(start)
            held = 0
        held += size
    bounds.append(len(customer))
    return list(zip(bounds[:-1], bounds[1:]))


def _transpose(rows: Rows, n: int) -> tuple[np.ndarray, ...]:
    """By product: indptr, the rows that hold it, its place there, its weight."""
    from affinity.kernels.transitions import transpose_rows

    indptr, item, weight = rows
    by_product = _offsets(np.bincount(item, minlength=n))
    row, place = np.empty(len(item), dtype=np.int32), np.empty(len(item), dtype=np.int32)
    transpose_rows(indptr, item, by_product[:-1].copy(), row, place)
    return by_product, row, place, weight[indptr[row] + place].view(np.uint32)


def _count_pairs(
    left: tuple[np.ndarray, ...], right: Rows, row_weight: np.ndarray, *, upper: bool, threads: int
) -> SquareCounts:
    """leftᵀ · diag(row_weight) · right, left given by product; ``upper``: they are the same, one triangle is counted."""
    by_product, row, place, _ = left
    n = len(by_product) - 1
    length = np.diff(right[0])[row] - (place if upper else 0)
    work = np.diff(np.concatenate([[0], np.cumsum(length)])[by_product]) + 1.0
    arrays = (*left, row_weight.astype(np.uint64), right[0], right[1].view(np.uint32), right[2].view(np.uint32), upper)
    blocks = map_blocks(lambda first, last: _count_block(first, last, arrays, n), split_by_work(work, 8 * threads), threads)
    lengths = np.concatenate([np.zeros(0, dtype=np.int64), *(block[0] for block in blocks)])
    indptr = _offsets(lengths)
    columns, totals = ([piece for block in blocks for piece in block[part]] for part in (1, 2))
    blocks.clear()
    return SquareCounts(indptr, _join(columns, int(indptr[-1]), np.int32), _join(totals, int(indptr[-1]), np.int64))


def _join(pieces: list[np.ndarray], size: int, kind: type) -> np.ndarray:
    """The pieces, one after the other; each is let go as soon as it is copied."""
    whole: np.ndarray = np.empty(size, dtype=kind)
    used = 0
    pieces.reverse()
    while pieces:
        piece = pieces.pop()
        whole[used : used + len(piece)] = piece
        used += len(piece)
    return whole


def _count_block(
    first: int, last: int, arrays: tuple[Any, ...], n: int
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Lengths, columns and totals of the rows ``first`` to ``last`` of the product matrix."""
    from affinity.kernels.transitions import add_weighted_pairs

    total, lengths = np.zeros(n, dtype=np.uint64), np.zeros(n + 1, dtype=np.int64)
    column = np.empty(max(BUFFER_ENTRIES, n), dtype=np.int32)
    value = np.empty(len(column), dtype=np.int64)
    columns, totals = [], []
    at = first
    while at < last:
        stop = add_weighted_pairs(at, last, *arrays, total, lengths, column, value)
        used = int(lengths[at + 1 : stop + 1].sum())
        columns.append(column[:used].copy())
        totals.append(value[:used].copy())
        at = stop
    return lengths[first + 1 : last + 1], columns, totals
