"""Who is at risk: sale dates, plans, prerequisites, churn, windows of days; equal to the obvious count, and adding up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting import count_life_tables
from affinity.counting.life_table_sums import add_life_tables, unite_event_days
from affinity.errors import InputError, MissingPart, SettingsError
from affinity.tables import Customers, Products
from affinity.tables.life_tables import BASELINE_BINS
from tests import naive
from tests.counting.test_life_tables import (
    END,
    HORIZONS,
    PRODUCTS,
    cells_of,
    make_holdings,
    make_steps,
    random_world,
    rows_of,
    stratum_of,
    worlds,
)

#: Product 1 comes later, 2 ends early, 3 has both and needs 0; plan "small" excludes 4.
OPENS, CLOSES, NEEDS = {1: 40, 3: 21}, {2: 70, 3: 300}, {3: (0,)}


def facts_of(holdings, *, plans=(), ended=()):
    products, customers = Products.bare(holdings.products), Customers.bare(holdings.customers)
    opens, closes = products.on_sale_from.copy(), products.on_sale_to.copy()
    for p, day in OPENS.items():
        opens[p] = day
    for p, day in CLOSES.items():
        closes[p] = day
    indptr = np.zeros(len(products) + 1, dtype=np.int64)
    for p, required in NEEDS.items():
        indptr[p + 1 :] += len(required)
    requires = np.array([r for p in sorted(NEEDS) for r in NEEDS[p]], dtype=np.int32)
    products = replace(products, on_sale_from=opens, on_sale_to=closes, requires_indptr=indptr, requires=requires)
    plan, ended_at = customers.plan.copy(), customers.ended_at.copy()
    for c in plans:
        plan[c] = "small"
    for c, day in dict(ended).items():
        ended_at[c] = day
    return products, replace(customers, plan=plan, ended_at=ended_at, plan_excludes={"small": ("p4", "unknown")})


def rules_of(owned, b, plans, ended, wash_in):
    """The same rules as functions of the obvious count."""

    def enters(customer, day):
        needed = all(owned[customer].get(r, END) <= day for r in NEEDS.get(b, ()))
        on_sale = OPENS.get(b, 0) <= day < CLOSES.get(b, END)
        stays = day < ended.get(customer, END)
        return day >= wash_in and on_sale and needed and stays and not (b == 4 and customer in plans)

    def last_day_of(customer):
        return min(END, CLOSES.get(b, END), ended.get(customer, END)) - 1

    return enters, last_day_of


@st.composite
def ruled_worlds(draw):
    owned, days = draw(worlds())
    plans = draw(st.sets(st.sampled_from(sorted(owned))))
    ended = draw(st.dictionaries(st.sampled_from(sorted(owned)), st.integers(0, END), min_size=1))
    return owned, days, plans, ended


@settings(deadline=None, max_examples=40)
@given(ruled_worlds(), st.sampled_from([0, 3]), st.sampled_from(["crude", "net"]), st.sampled_from([0, 50]))
def test_every_rule_equals_the_obvious_count_day_by_day(world, gap, churn, since):
    owned, days, plans, ended = world
    holdings = make_holdings(owned)
    products, customers = facts_of(holdings, plans=plans, ended=ended)
    table = count_life_tables(
        holdings, make_steps(days, holdings), horizons_days=HORIZONS, start_day=0, wash_in_days=20, gap_days=gap,
        products=products, customers=customers, churn=churn, observed_from_day=since,
    )  # fmt: skip
    stratum, rows = stratum_of(days), rows_of(table)
    for b in range(PRODUCTS):
        enters, last_day_of = rules_of(owned, b, plans, ended if churn == "net" else {}, 20)
        every = naive.daily_index_lives(owned, b, enters, last_day_of, since, stratum, BASELINE_BINS, gap)
        cells_of(every, table.index_exposure[b], table.index_events[b])
        for a in set(range(PRODUCTS)) - {b}:
            expected = naive.daily_life_table(owned, a, b, enters, last_day_of, since, gap, HORIZONS[-1])
            event_days = sorted(u for u, (_, events) in expected.items() if events)
            if not event_days:
                assert (a, b) not in rows
                continue
            row = rows[a, b]
            here = slice(table.indptr[row], table.indptr[row + 1])
            assert table.day[here].tolist() == event_days
            assert [[n, d] for n, d in zip(table.at_risk[here], table.events[here])] == [expected[u] for u in event_days]
            assert table.followed[row].tolist() == [expected.get(h, [0])[0] for h in HORIZONS]
            assert table.eligible[row] == expected.get(gap + 1, [0])[0] == table.entered[row].sum()
            entering = [c for c in owned if a in owned[c] and owned[c][a] >= max(since, 20)]
            assert table.excluded[row] == sum(not enters(c, owned[c][a]) for c in entering)
            mine = {c: {p: day for p, day in owned[c].items() if p in (a, b)} for c in owned if a in owned[c]}
            pair_cells = naive.daily_index_lives(mine, b, enters, last_day_of, since, stratum, BASELINE_BINS, gap)
            cells_of(pair_cells, table.exposure[row], table.observed[row])
            outside = naive.daily_index_lives(
                owned, b, enters, last_day_of, since, stratum, BASELINE_BINS, gap, without_owners_of=a
            )
            exposure = table.index_exposure[b] - table.owner_exposure[row]
            cells_of(outside, exposure, table.index_events[b] - table.owner_events[row])


def same(one, two):
    names = [name for name, value in vars(one).items() if isinstance(value, np.ndarray)]
    return len(names) > 15 and all(np.array_equal(getattr(one, name), getattr(two, name)) for name in names)


@settings(deadline=None, max_examples=20)
@given(ruled_worlds(), st.integers(0, 9), st.sampled_from(["crude", "net"]))
def test_shards_of_customers_add_up(world, cut, churn):
    owned, days, plans, ended = world
    n = max(owned) + 1
    holdings = make_holdings(owned)
    products, customers = facts_of(holdings, plans=plans, ended=ended)
    steps = make_steps(days, holdings)
    rules = {"start_day": 0, "wash_in_days": 20, "as_of_day": END, "products": products, "customers": customers, "churn": churn}
    shards = [make_holdings({c: owned[c] for c in owned if (c < cut) == low}, customers=n) for low in (True, False)]
    wanted = unite_event_days([count_life_tables(shard, steps, **rules) for shard in shards])
    added = add_life_tables([count_life_tables(shard, steps, **rules, asked=wanted) for shard in shards])
    assert same(added, count_life_tables(holdings, steps, **rules))


@settings(deadline=None, max_examples=20)
@given(ruled_worlds(), st.lists(st.integers(1, END - 1), min_size=1, max_size=3, unique=True), st.sampled_from([0, 3]))
def test_days_that_follow_each_other_add_up(world, cuts, gap):
    owned, days, plans, ended = world
    holdings = make_holdings(owned)
    products, customers = facts_of(holdings, plans=plans, ended=ended)
    steps = make_steps(days, holdings)
    rules = {"start_day": 0, "wash_in_days": 20, "gap_days": gap, "products": products, "customers": customers}
    edges = [0, *sorted(cuts), END]
    windows = [{"observed_from_day": low, "as_of_day": high} for low, high in zip(edges, edges[1:])]
    wanted = unite_event_days([count_life_tables(holdings, steps, **rules, **window) for window in windows])
    added = add_life_tables([count_life_tables(holdings, steps, **rules, **window, asked=wanted) for window in windows])
    whole = count_life_tables(holdings, steps, **rules, as_of_day=END)
    assert same(added, whole)
    assert (added.as_of_day, added.longest_followed_days) == (END, whole.longest_followed_days)


def test_a_threshold_holds_for_the_sum_of_the_shards():
    owned = random_world(seed=5)
    shards = [make_holdings({c: owned[c] for c in owned if c % 3 == k}, customers=300, products=40) for k in range(3)]
    rules = {"start_day": 0, "wash_in_days": 20}
    wanted = unite_event_days([count_life_tables(shard, **rules) for shard in shards], min_converted=4)
    added = add_life_tables([count_life_tables(shard, **rules, asked=wanted) for shard in shards])
    whole = count_life_tables(make_holdings(owned, products=40), **rules, min_converted=4)
    assert len(whole) > 50
    assert same(added, whole)


def test_tables_that_cannot_be_added_are_refused():
    owned = random_world(customers=40)
    one, two = (count_life_tables(make_holdings(owned, products=40), wash_in_days=w) for w in (0, 30))
    with pytest.raises(InputError, match="wash_in_days=0 and 30 cannot be added"):
        add_life_tables([one, two])
    half = count_life_tables(make_holdings({c: owned[c] for c in range(20)}, customers=40, products=40), wash_in_days=0)
    with pytest.raises(InputError, match=r"different pairs or days .* asked=unite_event_days"):
        add_life_tables([one, half])


def test_many_sale_dates_are_moved_inwards_and_nothing_is_added(monkeypatch):
    owned = random_world(seed=9)
    holdings = make_holdings(owned, products=40)
    bare = Products.bare(holdings.products)
    rng = np.random.default_rng(0)
    dated = replace(
        bare, on_sale_from=rng.integers(0, 200, 40).astype(np.int32), on_sale_to=rng.integers(250, END, 40).astype(np.int32)
    )
    table = count_life_tables(holdings, products=dated, wash_in_days=0, start_day=0)
    assert table.sale_date_step_days == 1
    monkeypatch.setattr("affinity.counting.risk_classes.MOST_SALE_DATES", 20)
    moved = count_life_tables(holdings, products=dated, wash_in_days=0, start_day=0)
    assert moved.sale_date_step_days > 1
    exact, coarse = rows_of(table), rows_of(moved)
    assert set(coarse) < set(exact)
    assert all(moved.eligible[row] <= table.eligible[exact[pair]] for pair, row in coarse.items())


def test_net_churn_needs_to_know_who_left():
    holdings = make_holdings({0: {0: 1, 1: 5}})
    with pytest.raises(MissingPart, match='churn="net" needs to know who left when'):
        count_life_tables(holdings, churn="net", customers=Customers.bare(holdings.customers))
    with pytest.raises(SettingsError, match="churn='nett' is not known"):
        count_life_tables(holdings, churn="nett")
