"""Transitions of which no matrix is stored: lists of what each customer owned, which fit counts from as it goes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from affinity.counting.transitions import (
    count_by_product,
    identified_steps,
    longest_age,
    owners_over,
    row_sizes,
    weight_by_age,
)
from affinity.mapped import full, is_mapped
from affinity.tables.baskets import Baskets
from affinity.tables.holdings import Holdings
from affinity.tables.owned_lists import OwnedLists
from affinity.tables.transitions import Transitions
from affinity.threads import available_threads, map_blocks, split_by_work

#: The longest age that fits uint16 beside the one of what is not owned.
SHORT_AGES = np.iinfo(np.uint16).max - 1


def defer_transitions(
    steps: Baskets | None,
    holdings: Holdings,
    *,
    half_life: float,
    co_owned_half_life: float,
    row_half_life: float,
    lasting_half_life: float | None = None,
    max_products_per_customer: int | None = None,
) -> Transitions:
    """The transitions of `count_transitions` without its matrices; ``lists`` gives what they are counted from."""
    counts = count_by_product(
        steps, holdings, half_life=half_life, co_owned_half_life=co_owned_half_life, row_half_life=row_half_life
    )
    half_lives = (half_life, co_owned_half_life, row_half_life, lasting_half_life or co_owned_half_life)
    most = max_products_per_customer
    return replace(
        counts,
        lasting_half_life=lasting_half_life,
        left_out_customers=int(owners_over(holdings, most).sum()),
        lists=partial(arrange_lists, steps, holdings, half_lives=half_lives, max_products_per_customer=most),
    )


def arrange_lists(
    steps: Baskets | None,
    holdings: Holdings,
    *,
    half_lives: tuple[float, float, float, float],
    max_products_per_customer: int | None = None,
    threads: int | None = None,
) -> OwnedLists:
    """The lists of all customers, in files where the holdings stand in files.

    half_lives : of what is owned at an order, of what is owned at the end, of the order, and the lasting one
    """
    from affinity.kernels.owned_lists import order_lists

    n, clocked = len(holdings.products), holdings.clock is not None
    longest = longest_age(steps, holdings)
    own, co, row, lasting = (_weights(half_life, longest, clocked) for half_life in half_lives)
    capped = owners_over(holdings, max_products_per_customer)
    held = _held(holdings, capped)
    indptr, product = held[:2]
    owners = np.bincount(product, minlength=n)
    by_owners = np.lexsort((np.arange(n), -owners)).astype(np.int32)
    owner_indptr = np.concatenate([[0], np.cumsum(owners)]).astype(np.int64)
    in_files = is_mapped(holdings.product)
    owner, item, new_row = (full(len(product), 0, np.int32, in_files) for _ in range(3))
    order_lists(indptr, product, by_owners, owner_indptr[:-1].copy(), owner, indptr[:-1].copy(), item)
    given, row_indptr, row_weight = _rows(steps if clocked else None, holdings, own.astype(np.int64), row, capped)
    age_indptr = np.concatenate([[0], np.cumsum(np.diff(row_indptr) * np.diff(indptr))]).astype(np.int64)
    kind = np.uint16 if longest <= SHORT_AGES else np.int32
    out = (full(len(item), 0, kind, in_files), new_row, full(int(age_indptr[-1]), 0, kind, in_files))
    found = _fill(held, (by_owners, item), given, (row_indptr, age_indptr, row_weight), (own, longest), out, threads)
    return OwnedLists(
        by_owners=by_owners, indptr=indptr, item=item, end_age=out[0], new_row=out[1], row_indptr=row_indptr,
        row_weight=row_weight, age_indptr=age_indptr, age=out[2], owner_indptr=owner_indptr, owner=owner,
        own=own, co=co, lasting=lasting, has_transitions=found, products=holdings.products,
    )  # fmt: skip


def _held(holdings: Holdings, capped: np.ndarray) -> tuple[np.ndarray, ...]:
    """indptr, product, last_at and end of the customers who are not ``capped``; all times are 0 without a clock."""
    indptr, product, last_at = holdings.indptr, holdings.product, holdings.last_at
    if capped.any():
        kept = np.repeat(~capped, np.diff(indptr))
        indptr = np.concatenate([[0], np.cumsum(np.where(capped, 0, np.diff(indptr)))])
        product, last_at = product[kept], last_at[kept]
    end = holdings.end
    if holdings.clock is None:
        last_at, end = np.zeros(len(product)), np.zeros(len(end))
    kinds = (np.int64, np.int32, np.int32, np.int32)
    return tuple(np.ascontiguousarray(array, dtype=kind) for array, kind in zip((indptr, product, last_at, end), kinds))


def _weights(half_life: float, longest: int, clocked: bool) -> np.ndarray:
    """uint64[longest + 2]: the weight by age, and 0 for what is not owned."""
    return np.append(weight_by_age(half_life, longest, clocked), 0).astype(np.uint64)


def _rows(
    steps: Baskets | None, holdings: Holdings, own: np.ndarray, row: np.ndarray, capped: np.ndarray
) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    """The steps by customer, marked where they are rows; the rows of each customer and their weights."""
    people = len(holdings.customers)
    known = None if steps is None else identified_steps(steps)
    if known is None:
        none = np.zeros(0, dtype=np.int32)
        step = (np.zeros(people + 1, dtype=np.int64), np.zeros(1, dtype=np.int64), none, none, np.zeros(0, dtype=bool))
        return step, np.zeros(people + 1, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    assert known.customer is not None
    assert known.at is not None
    arrays = (
        np.ascontiguousarray(known.indptr, dtype=np.int64), np.ascontiguousarray(known.item, dtype=np.int32),
        np.ascontiguousarray(known.customer, dtype=np.int32), np.ascontiguousarray(known.at, dtype=np.int32),
    )  # fmt: skip
    weight = row[np.maximum(holdings.end[known.customer] - known.at, 0)]
    is_row = (row_sizes(arrays, own, len(holdings.products))[0] > 0) & (weight > 0) & ~capped[known.customer]
    begin = np.searchsorted(known.customer, np.arange(people + 1)).astype(np.int64)
    row_indptr = np.concatenate([[0], np.cumsum(is_row)])[begin].astype(np.int64)
    return (begin, arrays[0], arrays[1], arrays[3], is_row), row_indptr, weight[is_row]


def _fill(
    held: tuple[np.ndarray, ...],
    lists: tuple[np.ndarray, np.ndarray],
    steps: tuple[np.ndarray, ...],
    rows: tuple[np.ndarray, ...],
    weights: tuple[np.ndarray, int],
    out: tuple[np.ndarray, ...],
    threads: int | None,
) -> bool:
    from affinity.kernels.owned_lists import fill_lists

    n = len(lists[0])
    threads = threads or available_threads()

    def fill(first: int, last: int) -> Any:
        scratch = (np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32))
        return fill_lists(first, last, held, *lists, steps, rows, *weights, scratch, *out)

    work = np.diff(held[0]) + np.diff(rows[1]) + 1.0
    return any(map_blocks(fill, split_by_work(work, 4 * threads), threads))
