"""What was known on a day: the lines before it, net of the returns made by then, and who owned what."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from affinity import baskets
from affinity.tables import Baskets, Holdings, OrderLines
from affinity.tables.order_lines import MICROSECONDS_A_DAY


@dataclass(frozen=True)
class History:
    """The tables of one day.

    gross    : lines before the day, returns still in them
    lines    : the same net of returns
    steps    : one basket a customer-day (or customer-order); None without customers or time
    holdings : who owns what
    returned : (customers, products) codes bought and given back in full
    """

    gross: OrderLines
    lines: OrderLines
    steps: Baskets | None
    holdings: Holdings
    returned: tuple[np.ndarray, np.ndarray]

    @property
    def has_customers(self) -> bool:
        """Whether any customer is identified."""
        return len(self.lines.customers) > 0

    @property
    def what_is_missing(self) -> str:
        """ "customers", "dates" or both, for messages; empty when nothing is."""
        missing = [] if self.has_customers else ["customers"]
        missing += [] if self.lines.clock == "day" else ["dates"]
        return " and no ".join(missing)

    def describe(self) -> str:
        """How much history there is, for messages."""
        if self.first_day is None or self.gross.as_of_day is None:
            return f"the orders have no {self.what_is_missing}"
        return f"the orders of {self.gross.as_of_day - self.first_day} days before {self.as_of}"

    @property
    def as_of(self) -> str | None:
        """The first day not looked at, as text; None without dates."""
        return None if self.lines.as_of_day is None else str(np.datetime64(self.lines.as_of_day, "D"))

    @property
    def first_day(self) -> int | None:
        """The day of the first line (days since the epoch), None without dates or lines."""
        at = self.gross.ordered_at
        return None if at is None or not len(at) else int(at.min()) // MICROSECONDS_A_DAY


def look_back(lines: OrderLines, as_of: dt.date | None = None, *, with_steps: bool = True) -> History:
    """The history before ``as_of`` (default: all of it). Returns on or after it are the future and do not count.

    with_steps : False where nobody asks for the baskets; ``steps`` is then None
    """
    gross = baskets.cut_lines(lines, as_of)
    net = baskets.net_returns(gross)
    grouped = with_steps and len(net.customers) and net.clock
    steps = baskets.group_baskets(net, by="customer_day") if grouped else None
    return History(gross, net, steps, baskets.collect_holdings(net), baskets.returned_pairs(gross, net))
