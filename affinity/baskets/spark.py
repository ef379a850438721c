"""Order lines in shards of the customers, on a Spark cluster."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.shard_rows import Arrays
from affinity.sharded import Sharded, spread
from affinity.tables import OrderLines
from affinity.vocabulary import Vocabulary

_COLUMNS = ("order", "customer", "product", "quantity", "net_amount", "row")
_WHEN = ("ordered_at", "order_seq")


def shard_lines(session: Any, lines: OrderLines, *, shards: int, most_rows: int) -> Sharded[OrderLines]:
    """The order lines, those of a customer in one shard, and those of an order too.

    Customers who share an order are kept together, so that every basket is whole; a guest's orders are spread one by one.
    However often a product is bought, its lines are spread as its buyers are: a popular product makes no shard larger.
    The lines of a shard stand in the order of the source. Its products are those of ``lines``; its customers and
    orders are numbered from 0, and the labels of their vocabularies are their codes in ``lines``. Where any customer is
    known, the last one of every shard is nobody (−1), who owns nothing: a shard of guests has customers too.
    """
    columns = {name: getattr(lines, name) for name in (*_COLUMNS, *_WHEN) if getattr(lines, name) is not None}
    products, as_of_day, nobody = lines.products, lines.as_of_day, [-1] if len(lines.customers) else []

    def make(found: Arrays) -> OrderLines:
        return _lines_of(found, products, as_of_day, nobody)

    return spread(session, columns, shard_keys(lines), shards=shards, most_rows=most_rows, make=make)


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


def _lines_of(found: Arrays, products: Vocabulary, as_of_day: int | None, nobody: list[int]) -> OrderLines:
    """The lines of one shard."""
    by = np.argsort(found["row"], kind="stable")
    columns: dict[str, Any] = {name: column[by] for name, column in found.items() if name in (*_COLUMNS, *_WHEN)}
    orders, columns["order"] = np.unique(columns["order"], return_inverse=True)
    known = columns["customer"] >= 0
    people, code = np.unique(columns["customer"][known], return_inverse=True)
    columns["customer"] = np.full(len(known), -1, dtype=np.int32)
    columns["customer"][known] = code
    columns["order"] = columns["order"].astype(np.int32)
    return OrderLines(
        **columns,
        orders=Vocabulary("order", orders.tolist()),
        customers=Vocabulary("customer", people.tolist() + nobody),
        products=products,
        as_of_day=as_of_day,
    )
