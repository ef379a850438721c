"""Life tables A→B for every ordered pair of products: exact integer counts, from which conversion follows.

The dense part of a risk set depends on the antecedent alone; only co-owned pairs are looked at:
n_AB(u) = N_A(u) − [#{j < u} − #{f < u}] over the co-owners of A and B, N_A(u) the owners of A followed at
least u days, j the days until B (0 where B came before or with A), f the days followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from affinity.counting.life_table_blocks import count_classes
from affinity.counting.lives import Entry, Lives, Window
from affinity.counting.risk_classes import divide_products
from affinity.errors import InputError, MissingPart, SettingsError, did_you_mean
from affinity.tables.baskets import Baskets
from affinity.tables.customers import Customers
from affinity.tables.holdings import Holdings
from affinity.tables.life_tables import EventDays, LifeTables
from affinity.tables.products import Products

if TYPE_CHECKING:
    from affinity.kernels.life_tables import Rule

#: Days of purchases that show who owned what before the first counted life; at most a third of the history.
WASH_IN_DAYS = 365


def count_life_tables(
    holdings: Holdings,
    steps: Baskets | None = None,
    *,
    horizons_days: tuple[int, ...] = (30, 90, 365),
    as_of_day: int | None = None,
    start_day: int | None = None,
    wash_in_days: int | None = None,
    started_at: np.ndarray | None = None,
    products: Products | None = None,
    customers: Customers | None = None,
    churn: Literal["crude", "net"] = "crude",
    min_converted: int = 1,
    gap_days: int = 0,
    max_products_per_customer: int = 500,
    strata: np.ndarray | None = None,
    observed_from_day: int | None = None,
    asked: EventDays | None = None,
    max_table_bytes: int | None = None,
    threads: int | None = None,
) -> LifeTables:
    """The life tables of every ordered pair with ``min_converted`` converted within the longest horizon.

    With t_A, t_B first purchases, d = t_B − t_A, f = as_of − 1 − t_A (whole days): d < 0 prior owner,
    0 ≤ d ≤ gap simultaneous (in both directions when d = 0), gap < d ≤ h converted; at risk at u are those
    with f ≥ u who did not buy B before u. The counts do not depend on the order of customers or on threads.

    holdings   : clock "day"; days since the epoch
    steps      : baskets by customer-day of the same customers, for the order number at A; without them it is
                 the number of days on which something was bought for the first time
    as_of_day  : first day not looked at; default: the end of ``holdings``. start_day : first day of the data;
                 default: the earliest first purchase
    wash_in_days, started_at : a life enters when t_A ≥ start_day + wash_in_days (default 365, at most a third
                 of the history), or when the customer's ``started_at`` (int32 days, −1 unknown) ≥ start_day:
                 a first *seen* purchase is no start. Ownership is known from all purchases.
    products   : B not on sale on day t_A, or with a prerequisite not owned by then, is not open to that owner of A
                 (counted in ``excluded``); B's last day on sale ends follow-up
    customers  : products that the customer's plan excludes are not open to him
    churn      : "crude" keeps customers who left at risk ("of 100 owners, how many buy"); "net" ends their follow-up
                 on ``customers.ended_at`` ("how many would, if nobody left")
    max_products_per_customer : customers who own more are left out (and counted)
    strata     : int32 segment of each customer (0, 1, …), to compare like with like in the baseline
    observed_from_day, asked : count only what happened from this day on, on the pairs and days that were asked for:
                 such tables of disjoint customers, or of days that follow each other, add up (`add_life_tables`)
    max_table_bytes : what would take more stands in temporary files (`affinity.mapped`); None: all is in memory
    Degenerate: nobody enters, one product or nobody repeats: a table without rows. Raises MissingPart
    without dates, or for churn="net" when it is not known who left.
    """
    _require_days(holdings, steps)
    horizons = _check_horizons(horizons_days)
    end_day = _end_of(holdings) if as_of_day is None else int(as_of_day)
    first_day = int(holdings.first_at.min(initial=end_day)) if start_day is None else int(start_day)
    wash_in = min(WASH_IN_DAYS, max(end_day - first_day, 0) // 3) if wash_in_days is None else int(wash_in_days)
    entry = Entry(first_day, wash_in, started_at)
    lives = Lives.of(holdings, steps, entry, end_day=end_day, max_products=max_products_per_customer, strata=strata)
    begin = first_day + wash_in if started_at is None else first_day  # the same for every shard of the customers
    classes, step = divide_products(holdings, products, customers, first_day=min(begin, end_day), end_day=end_day)
    since = first_day if observed_from_day is None else int(observed_from_day)
    window = Window(min(since, lives.first_day), end_day, _left_at(customers, churn))
    if observed_from_day is not None:
        window = Window(since, end_day, window.left_at)
    rule = _rule(window.first_day, gap_days, horizons[-1], min_converted)
    owners = lives.owners(window.first_day)
    counted = count_classes(
        lives, classes, window, rule, horizons, asked=asked, max_table_bytes=max_table_bytes, threads=threads
    )
    return LifeTables(
        **counted,
        owners=owners,
        products=holdings.products,
        horizons_days=horizons,
        longest_followed_days=lives.longest_followed(end_day - 1),
        wash_in_days=wash_in,
        entry_rule=entry.rule,
        min_converted=min_converted,
        as_of_day=end_day,
        start_day=first_day,
        gap_days=gap_days,
        customers_left_out=lives.left_out,
        churn=churn,
        sale_date_step_days=step,
        observed_from_day=observed_from_day,
    )


def _left_at(customers: Customers | None, churn: str) -> np.ndarray | None:
    """int32[n_customers] for net churn, None for crude."""
    if churn == "crude":
        return None
    if churn != "net":
        raise SettingsError(f"churn={churn!r} is not known.", do=did_you_mean(churn, ("crude", "net")))
    if customers is None or not (customers.ended_at >= 0).any():
        raise MissingPart(
            'churn="net" needs to know who left when, and no customer has an ended_at.',
            why="Net conversion ends the follow-up of customers on the day they leave.",
            do='Give customers with a column ended_at, or churn="crude".',
        )
    return customers.ended_at


def _rule(first_day: int, gap: int, max_horizon: int, min_converted: int) -> Rule:
    from affinity.kernels.life_tables import Rule

    return Rule(first_day, gap, max_horizon, min_converted)


def _end_of(holdings: Holdings) -> int:
    return int(holdings.end.max(initial=0))


def _check_horizons(horizons_days: tuple[int, ...]) -> tuple[int, ...]:
    horizons = tuple(sorted({int(h) for h in horizons_days}))
    if not horizons or horizons[0] < 1:
        raise InputError(
            f"horizons_days={tuple(horizons_days)} is not valid.",
            why="A horizon is the number of days within which a purchase counts as converted.",
            do="Give whole days of at least 1, for example (30, 90, 365).",
        )
    return horizons


def _require_days(holdings: Holdings, steps: Baskets | None) -> None:
    if holdings.clock != "day":
        raise MissingPart(
            f"Conversion A→B needs dates, and these orders have {'only a sequence' if holdings.clock else 'none'}.",
            why="Who was followed for how many days cannot be known without them.",
            do="Give the order lines a column ordered_at.",
        )
    if steps is not None and steps.customers is not None:
        holdings.customers.require_same(steps.customers)
