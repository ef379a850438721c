"""Order lines in shards of the customers, on a Spark cluster."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from affinity.progress import step
from affinity.sharded import Sharded, spread
from affinity.tables import OrderLines
from affinity.vocabulary import PackedTexts, Vocabulary

_CODES = ("order", "customer", "product")
_WHEN = ("ordered_at", "order_seq")


def shard_lines(session: Any, lines: OrderLines, *, shards: int, most_rows: int) -> Sharded[OrderLines]:
    """The order lines, those of a customer in one shard, and those of an order too.

    Customers who share an order are kept together, so that every basket is whole; a guest's orders are spread one by one.
    However often a product is bought, its lines are spread as its buyers are: a popular product makes no shard larger.
    The lines of a shard stand in the order of the source, and are numbered so. Its products are those of ``lines``; its
    customers and orders are numbered from 0, and the labels of their vocabularies are their codes in ``lines`` (of orders
    in hexadecimal). Where any customer is known, the last one of every shard is nobody (−1), who owns nothing: a shard of
    guests has customers too. No count looks at money: net_amount is not sent.
    """
    key = shard_keys(lines)
    rows = divide_lines(lines, key, shards)
    nobody = [-1] if len(lines.customers) else []
    make = partial(_lines_of, products=lines.products, as_of_day=lines.as_of_day, nobody=nobody)
    with step(describe_shards(lines, key, len(rows))):
        return spread(session, (_pack(lines, some) for some in rows), make, most_rows)


def describe_shards(lines: OrderLines, key: np.ndarray, shards: int) -> str:
    """How the lines are sent, for who watches: with what makes one shard larger than its share, where something does."""
    values, sizes = np.unique(key, return_counts=True)
    said = f"sending {len(lines):,} lines in {shards:,} shards"
    if shards < 2 or sizes.max() <= 2 * len(lines) / shards:
        return said
    largest = key == values[np.argmax(sizes)]
    customers = np.unique(lines.customer[largest & (lines.customer >= 0)])
    why = f"{len(customers):,} customers share orders and stay together" if len(customers) > 1 else "one customer has them"
    return f"{said}, one of at least {sizes.max():,}: {why}"


def divide_lines(lines: OrderLines, key: np.ndarray, shards: int) -> list[np.ndarray]:
    """The rows of each shard, in the order of the source: at most ``shards`` of nearly equal size, at least one.

    key : `shard_keys`; lines with one key are never divided, so one shard may be larger than the others
    """
    together = np.unique(key, return_inverse=True)[1]
    sizes = np.bincount(together)
    ends = np.cumsum(sizes)
    shard = np.minimum((ends - sizes // 2 - 1) * shards // max(len(lines), 1), shards - 1)[together]
    in_source = lines.row if np.any(lines.row[1:] < lines.row[:-1]) else None
    by = np.argsort(shard, kind="stable") if in_source is None else np.lexsort((in_source, shard))
    return np.split(by, np.flatnonzero(np.diff(shard[by])) + 1)


def shard_keys(lines: OrderLines) -> np.ndarray:
    """int64[n]: a number that lines have in common which must be in one shard: those of a customer, and of an order."""
    n = len(lines.customers)
    holder = np.full(len(lines.orders), -1, dtype=np.int64)
    np.maximum.at(holder, lines.order, lines.customer)
    of_order = holder[lines.order]
    together = np.arange(n)
    shared = (lines.customer >= 0) & (lines.customer != of_order)
    if shared.any():
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        links = coo_array((np.ones(shared.sum(), dtype=bool), (lines.customer[shared], of_order[shared])), shape=(n, n))
        together = connected_components(links, directed=False)[1]
    return np.where(of_order >= 0, np.append(together, 0)[of_order], n + lines.order.astype(np.int64))


def _pack(lines: OrderLines, rows: np.ndarray) -> dict[str, tuple[np.ndarray, Any, Any]]:
    """Some lines as they travel: of each column the numbers in few bytes, and what to multiply them by and to add."""
    found = {name: (getattr(lines, name)[rows], 1, 0) for name in _CODES}
    found["quantity"] = _packed(lines.quantity[rows])
    return found | {name: _packed(getattr(lines, name)[rows]) for name in _WHEN if getattr(lines, name) is not None}


def _packed(numbers: np.ndarray) -> tuple[np.ndarray, Any, Any]:
    """(small, unit, least) of numbers that are exactly small × unit + least; whole numbers are packed, others are not."""
    if not len(numbers) or (numbers.dtype.kind == "f" and not _whole(numbers)):
        return numbers, 1, 0
    least = int(numbers.min())
    above = numbers.astype(np.int64) - least
    unit = max(int(np.gcd.reduce(above)), 1)
    small = above // unit
    return small.astype(np.min_scalar_type(int(small.max()))), unit, least


def _whole(numbers: np.ndarray) -> bool:
    """Whether all are whole numbers below 2^53, where float64 holds each one."""
    return bool(np.all((np.abs(numbers) < 2**53) & (numbers == np.trunc(numbers))))


def _unpacked(packed: tuple[np.ndarray, Any, Any], kind: Any) -> np.ndarray:
    small, unit, least = packed
    return small if small.dtype == kind else (small.astype(np.int64) * unit + least).astype(kind)


def _hexadecimal(codes: np.ndarray) -> PackedTexts:
    """The codes (int32, not negative) as texts of eight digits, made all at once."""
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    text = digits[(codes[:, None] >> np.arange(28, -1, -4)) & 15]
    return PackedTexts(np.arange(0, 8 * len(codes) + 1, 8, dtype=np.int64), text.ravel())


def _lines_of(
    found: dict[str, tuple[np.ndarray, Any, Any]], *, products: Vocabulary, as_of_day: int | None, nobody: list[int]
) -> OrderLines:
    """The lines of one shard."""
    when: dict[str, Any] = {name: _unpacked(packed, np.int64) for name, packed in found.items() if name in _WHEN}
    order, customer, product = (found[name][0] for name in _CODES)
    orders, order = np.unique(order, return_inverse=True)
    known = customer >= 0
    people, code = np.unique(customer[known], return_inverse=True)
    customer = np.full(len(known), -1, dtype=np.int32)
    customer[known] = code
    return OrderLines(
        order=order.astype(np.int32),
        customer=customer,
        product=product,
        quantity=_unpacked(found["quantity"], np.float64),
        net_amount=np.zeros(len(order)),
        row=np.arange(len(order)),
        **when,
        orders=Vocabulary("order", _hexadecimal(orders)),
        customers=Vocabulary("customer", people.tolist() + nobody),
        products=products,
        as_of_day=as_of_day,
    )
