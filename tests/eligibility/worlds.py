"""Small worlds of who owns what, and the grid of states asked one pair at a time."""

from __future__ import annotations

import numpy as np

from affinity.baskets import collect_holdings
from affinity.tables import Customers, Products
from tests.makers import day_number, make_lines

AS_OF = day_number("2011-06-01")


def world(rows, products="ABCD", customers=("c1", "c2", "c3")):
    """Holdings of order rows, and bare products and customers."""
    lines = make_lines(rows, products=list(products), customers=list(customers))
    return collect_holdings(lines), Products.bare(lines.products), Customers.bare(lines.customers)


def grid(table):
    """{(customer, product): state} of every pair, asked one at a time."""
    return {
        (c, p): table.states[int(table.state_of(np.array([i]), np.array([j]))[0])]
        for i, c in enumerate(table.customers.labels)
        for j, p in enumerate(table.products.labels)
    }


def check_ledger(table):
    """The ledger is the grid counted, and adds up."""
    states = list(grid(table).values())
    assert table.ledger == {name: states.count(name) for name in table.states}
    assert sum(table.ledger.values()) == len(table.customers) * len(table.products)
