"""Order lines, or plain lists, to baskets of distinct products."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from affinity import mapped
from affinity.baskets.position import distinct_sorted, line_positions, run_starts
from affinity.errors import InputError, MissingPart, SettingsError, did_you_mean
from affinity.mapped import Growing, is_mapped, rows_where, split_by_code, split_rows, take
from affinity.tables import Baskets, OrderLines
from affinity.vocabulary import Vocabulary

_BY = ("order", "customer_day", "session")


def group_baskets(
    source: OrderLines | Iterable[Iterable[Hashable]],
    *,
    by: str = "order",
    session_gap_minutes: int = 30,
    max_size: int | None = None,
) -> Baskets:
    """Baskets of the distinct products bought (quantity > 0) together.

    source   : order lines (net them first: here a return is only left out), or a list of lists of labels of any
               hashable kind; a list is a basket as it stands, also an empty one
    by       : "order": by order code, guests too. "customer_day": what a customer bought on a day (with a sequence and
               no dates: at a place of it), ordered by customer and day, guests left out. "session": lines of a
               customer, across orders, with pauses of at most ``session_gap_minutes``, ordered by customer and
               time; the order of a guest is a session, and these come last
    max_size : larger baskets are left out and counted in ``too_large``; None: none are

    A basket's ``at`` is that of its earliest line. Raises MissingPart when ``by`` needs customers or dates that the
    lines lack, InputError for a label that is missing or not hashable.

    >>> group_baskets([["bread", "milk", "milk"], ["milk"]]).sizes.tolist()
    [2, 1]
    """
    if by not in _BY:
        raise SettingsError(f"by={by!r} is no way to make baskets.", do=did_you_mean(by, _BY))
    if max_size is not None and max_size < 1:
        raise SettingsError(f"max_size={max_size} leaves no basket.", do="Use max_size >= 1, or None for no limit.")
    if isinstance(source, OrderLines):
        return _limited(_from_lines(source, by, session_gap_minutes), max_size)
    if by != "order":
        raise MissingPart(f"by={by!r} needs customers and dates, and lists of labels have none.", do="Use by='order'.")
    return _limited(_from_lists(source), max_size)


def _from_lines(lines: OrderLines, by: str, gap_minutes: int) -> Baskets:
    if by != "order":
        _require_customers(lines, by, gap_minutes)
    may_map = is_mapped(lines.order)
    whole = {
        name: Growing(dtype, may_map)
        for name, dtype in (("size", np.int64), ("item", np.int32), ("customer", np.int32), ("at", np.int32))
    }
    for part in _split_lines(lines, by):
        for name, column in zip(whole, _group_part(part, by, gap_minutes)):
            whole[name].append(column)
    columns = {name: column.whole() for name, column in whole.items()}
    return Baskets(
        indptr=_running_total(columns["size"], may_map),
        item=columns["item"],
        products=lines.products,
        customer=columns["customer"] if len(lines.customers) else None,
        customers=lines.customers if len(lines.customers) else None,
        at=columns["at"] if lines.clock else None,
        clock=lines.clock,
        by=by,
    )


def _split_lines(lines: OrderLines, by: str) -> Iterator[OrderLines]:
    """The lines in parts, each basket in one of them: by ranges of orders, or of customers and then guests."""
    if len(lines) <= mapped.BLOCK_ROWS or (by == "order" and lines.clock == "order"):  # ranks need all orders of a customer
        yield lines
        return
    code, n = (lines.order, len(lines.orders)) if by == "order" else (lines.customer, len(lines.customers))
    for _, _, rows in split_by_code(code, n):
        yield lines if isinstance(rows, slice) else lines.take(rows)
    if by == "session":
        yield lines.take(rows_where(lambda rows: lines.customer[rows] < 0, len(lines)))


def _group_part(lines: OrderLines, by: str, gap_minutes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Size, items, customer and time of the baskets of ``lines``; sizes and items one basket after the other."""
    bought = lines.take(lines.quantity > 0) if (lines.quantity <= 0).any() else lines
    at = line_positions(bought)
    if by == "order":
        group = bought.order.astype(np.int64)
    elif by == "customer_day":
        known = bought.customer >= 0
        bought, at = (bought, at) if known.all() else (bought.take(known), at[known])
        low, high = (int(at.min()), int(at.max())) if len(at) else (0, 0)
        group = bought.customer.astype(np.int64) * (high - low + 1) + (at - low)
    else:
        group = _sessions(bought, gap_minutes)
    n_products = max(len(lines.products), 1)
    key = distinct_sorted(group * n_products + bought.product)
    start = run_starts(key // n_products)
    row = _earliest_rows(group, key[start] // n_products, bought)
    return np.diff(start, append=len(key)), key % n_products, bought.customer[row], at[row]


def _running_total(sizes: np.ndarray, may_map: bool) -> np.ndarray:
    """int64[n + 1]: where each of ``sizes`` begins, and the end."""
    total, before = Growing(np.int64, may_map), 0
    total.append(np.zeros(1, dtype=np.int64))
    for rows in split_rows(len(sizes)):
        ends = np.cumsum(sizes[rows]) + before
        total.append(ends)
        before = int(ends[-1]) if len(ends) else before
    return total.whole()


def _earliest_rows(group: np.ndarray, groups: np.ndarray, lines: OrderLines) -> np.ndarray:
    """int64[len(groups)]: position of the earliest line of each group (ties: the first in the source)."""
    place = np.searchsorted(groups, group) if len(groups) != int(groups.max(initial=-1)) + 1 else group
    when = lines.ordered_at if lines.ordered_at is not None else lines.order_seq
    earliest = np.full(len(groups), np.iinfo(np.int64).max)
    if when is not None:
        np.minimum.at(earliest, place, when)
    candidates = np.arange(len(group)) if when is None else np.flatnonzero(when == earliest[place])
    row = np.empty(len(groups), dtype=np.int64)
    row[place[candidates[::-1]]] = candidates[::-1]  # the last assignment stands: the first line
    return row


def _sessions(lines: OrderLines, gap_minutes: int) -> np.ndarray:
    """int64[n]: the session of each line, numbered by customer and time; orders of guests after all customers."""
    assert lines.ordered_at is not None
    guest = lines.customer < 0
    who = np.where(guest, len(lines.customers) + lines.order.astype(np.int64), lines.customer)
    by = np.lexsort((lines.ordered_at, who))
    pause = np.diff(lines.ordered_at[by]) > gap_minutes * 60_000_000
    new = np.ones(len(by), dtype=bool)
    new[1:] = (who[by][1:] != who[by][:-1]) | (pause & ~guest[by][1:])
    session = np.empty(len(by), dtype=np.int64)
    session[by] = np.cumsum(new) - 1
    return session


def _require_customers(lines: OrderLines, by: str, gap_minutes: int) -> None:
    if by == "session" and lines.ordered_at is None:
        raise MissingPart("by='session' needs dates with times.", do="Use by='order'.")
    if by == "session" and gap_minutes < 1:
        raise SettingsError(f"session_gap_minutes={gap_minutes} is no pause.", do="Use a whole number of minutes, at least 1.")
    if by == "customer_day" and len(lines.customers) == 0:
        raise MissingPart(f"by={by!r} needs customers, and the order lines name none.", do="Use by='order'.")
    if by == "customer_day" and lines.clock is None:
        raise MissingPart("by='customer_day' needs dates or an order sequence.", do="Use by='order'.")


def _from_lists(source: Iterable[Iterable[Hashable]]) -> Baskets:
    baskets = [_as_basket(number, basket) for number, basket in enumerate(source)]
    products = Vocabulary.of("product", chain.from_iterable(baskets))
    sizes = np.fromiter((len(basket) for basket in baskets), dtype=np.int64, count=len(baskets))
    item = products.encode(chain.from_iterable(baskets)).astype(np.int64)
    n_products = max(len(products), 1)
    key = distinct_sorted(np.repeat(np.arange(len(baskets), dtype=np.int64), sizes) * n_products + item)
    held = np.bincount(key // n_products, minlength=len(baskets))
    indptr = np.concatenate([[0], np.cumsum(held)]).astype(np.int64)
    return Baskets(indptr, (key % n_products).astype(np.int32), products)


def _as_basket(number: int, basket: Any) -> list[Hashable]:
    if isinstance(basket, (str, bytes)):
        raise InputError(
            f"Basket {number} is the text {basket!r}, whose letters would be its products.",
            do="Make each basket a list of labels.",
        )
    try:
        labels = list(dict.fromkeys(basket))
    except TypeError:
        raise InputError(f"Basket {number} is {basket!r}, no list of hashable labels.", do="Use texts or numbers.") from None
    if any(label is None or label != label for label in labels):  # noqa: PLR0124 (NaN is what differs from itself)
        raise InputError(
            f"Basket {number} holds a missing label: {basket!r}.",
            why="Two unknown products would count as the same one.",
            do="Leave missing labels out of the lists.",
        )
    return labels


def _limited(baskets: Baskets, max_size: int | None) -> Baskets:
    sizes = baskets.sizes
    if max_size is None or sizes.max(initial=0) <= max_size:
        return replace(baskets, max_size=max_size)
    fits = sizes <= max_size
    return replace(
        baskets,
        indptr=_running_total(sizes[fits], is_mapped(baskets.indptr)),
        item=take(baskets.item, np.repeat(fits, sizes)),
        customer=None if baskets.customer is None else take(baskets.customer, fits),
        at=None if baskets.at is None else take(baskets.at, fits),
        too_large=int(np.count_nonzero(~fits)),
        max_size=max_size,
    )
