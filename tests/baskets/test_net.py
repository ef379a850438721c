"""Returns: what they undo, what is left, and that every row stays accounted for."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.baskets import collect_holdings, net_returns, returned_pairs
from tests import naive
from tests.makers import make_lines


def quantities(lines):
    return dict(zip(lines.row.tolist(), lines.quantity.tolist()))


def reasons(lines):
    return dict(zip(lines.report.quarantine.row.tolist(), lines.report.quarantine.reason.tolist()))


def test_a_return_takes_the_latest_earlier_purchase_first():
    net = net_returns(
        make_lines(
            [
                ("o1", "c1", "A", "2011-01-01", 2, 3.0),
                ("o2", "c1", "A", "2011-01-05", 2, 5.0),
                ("o3", "c1", "A", "2011-01-09", -3),
                ("o4", "c1", "A", "2011-01-20", 1, 7.0),
            ]
        )
    )
    assert quantities(net) == {0: 1.0, 3: 1.0}
    assert net.net_amount.tolist() == [3.0, 7.0]  # half of the first purchase's money is left
    assert reasons(net) == {1: "returned", 2: "return"}
    assert (net.report.rows_read, net.report.rows_kept, net.report.rows_set_aside) == (4, 2, 2)


def test_its_own_order_comes_before_earlier_ones():
    rows = [("o1", "c", "A", "2011-01-01", 1), ("o2", "c", "A", "2011-01-02", 1), ("o2", "c", "A", "2011-01-02", -1)]
    assert quantities(net_returns(make_lines(rows))) == {0: 1.0}


def test_an_order_is_as_early_as_its_first_line():
    rows = [
        ("o1", "c", "A", "2011-01-01T10:00", -1),
        ("o2", "c", "B", "2011-01-01T09:00", 1),
        ("o2", "c", "A", "2011-01-01T10:05", 1),
    ]
    assert quantities(net_returns(make_lines(rows))) == {1: 1.0}


def test_a_later_purchase_is_not_undone():
    rows = [("o1", "c", "A", "2011-01-01", -1), ("o2", "c", "A", "2011-01-02", 1)]
    net = net_returns(make_lines(rows))
    assert quantities(net) == {1: 1.0}
    assert reasons(net) == {0: "return_unmatched"}


def test_the_unmatched_part_of_a_return_is_told():
    net = net_returns(make_lines([("o1", "c", "A", "2011-01-01", 2), ("o2", "c", "A", "2011-01-02", -5, 1.25)]))
    assert len(net) == 0
    row = net.report.quarantine.to_pandas().set_index("row").loc[1]
    assert (row.reason, row.detail, row.quantity, row.unit_price) == (
        "return_unmatched",
        "3 of 5 found no purchase",
        "-5",
        "1.25",
    )
    assert (row.order_id, row.customer_id, row.product_id, row.ordered_at) == ("o2", "c", "A", "2011-01-02T00:00:00")


def test_a_guest_is_matched_within_the_order_only():
    rows = [
        ("o1", None, "A", "2011-01-01", 1),
        ("o2", None, "A", "2011-01-02", -1),
        ("o3", None, "B", "2011-01-02", 2),
        ("o3", None, "B", "2011-01-02", -1),
    ]
    net = net_returns(make_lines(rows))
    assert quantities(net) == {0: 1.0, 2: 1.0}
    assert reasons(net) == {1: "return_unmatched", 3: "return"}


def test_without_time_only_the_same_order_counts():
    rows = [("o1", "c", "A", None, 1), ("o2", "c", "A", None, -1), ("o3", "c", "A", None, 1), ("o3", "c", "A", None, -1)]
    assert quantities(net_returns(make_lines(rows, clock=None))) == {0: 1.0}


def test_an_order_sequence_is_time_enough():
    net = net_returns(make_lines([("o1", "c", "A", 1, 1), ("o2", "c", "A", 2, -1)], clock="order"))
    assert len(net) == 0
    assert net.report.quarantine.ordered_at.tolist() == ["1", "2"]


def test_fractions_that_add_up_to_the_whole_leave_nothing():
    rows = [("o1", "c", "A", "2011-01-01", 0.3), ("o2", "c", "A", "2011-01-02", -0.1), ("o3", "c", "A", "2011-01-03", -0.2)]
    net = net_returns(make_lines(rows))
    assert len(net) == 0
    assert set(reasons(net).values()) == {"returned", "return"}


def test_lines_without_returns_come_back_as_they_are():
    lines = make_lines([("o1", "c", "A", "2011-01-01", 1), ("o1", "c", "B", "2011-01-01", 0)])
    assert net_returns(lines) is lines


def test_what_was_fully_returned_is_known():
    before = make_lines(
        [
            ("o1", "c1", "A", "2011-01-01", 1),
            ("o1", "c1", "B", "2011-01-01", 2),
            ("o2", "c1", "A", "2011-01-02", -1),
            ("o2", "c1", "B", "2011-01-02", -1),
            ("o3", "c2", "C", "2011-01-02", 1),
            ("o3", "c2", "C", "2011-01-02", -1),
            ("o4", None, "C", "2011-01-02", 1),
            ("o4", None, "C", "2011-01-02", -1),
        ]
    )
    customer, product = returned_pairs(before, net_returns(before))
    labels = list(zip(before.customers.decode(customer).tolist(), before.products.decode(product).tolist()))
    assert labels == [("c1", "A"), ("c2", "C")]
    assert customer.dtype == product.dtype == np.int32


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["o1", "o2", "o3", "o4", "o5"]),
        st.sampled_from(["A", "B"]),
        st.integers(-4, 5).filter(bool),
    ),
    min_size=1,
    max_size=25,
)


@settings(deadline=None, max_examples=150)
@given(rows=ROWS, days=st.lists(st.integers(0, 3), min_size=5, max_size=5), clock=st.sampled_from(["day", "order", None]))
def test_netting_agrees_with_the_oracle_and_keeps_every_quantity(rows, days, clock):
    who = {"o1": "c1", "o2": "c1", "o3": "c1", "o4": "c2", "o5": None}
    when = dict(zip(who, days))
    moments = {"day": lambda o: f"2011-01-0{when[o] + 1}", "order": lambda o: when[o], None: lambda o: None}
    full = [(order, who[order], product, moments[clock](order), quantity) for order, product, quantity in rows]
    lines = make_lines(full, clock=clock)
    net = net_returns(lines)
    left = naive.net_returns([(o, c, p, None if clock is None else when[o], q) for o, c, p, _, q in full])
    assert quantities(net) == {i: q for i, q in enumerate(left) if q > 0}
    unmatched = {i for i, q in enumerate(left) if q < 0}
    assert {row for row, reason in reasons(net).items() if reason == "return_unmatched"} == unmatched
    assert (net.report.rows_kept, net.report.rows_read) == (len(net), len(full))
    assert sum(net.report.reasons.values()) == net.report.rows_set_aside
    assert sum(left) == sum(row[4] for row in full)
    assert net_returns(net) is net
    owned = collect_holdings(net)
    positive = {(c, p) for (_, c, p, _, _), q in zip(full, left) if q > 0 and c is not None}
    shown = owned.columns()
    assert set(zip(shown["customer_id"].tolist(), shown["product_id"].tolist())) == positive


@settings(deadline=None, max_examples=40)
@given(rows=ROWS, seed=st.integers(0, 99))
def test_shuffling_orders_of_different_days_changes_nothing(rows, seed):
    full = [(order, "c", product, f"2011-01-0{order[1]}", quantity) for order, product, quantity in rows]
    shuffled = np.random.default_rng(seed).permutation(len(full))

    def totals(rows):
        net = net_returns(make_lines(rows, products=["A", "B"]))
        pairs = {}
        for order, product, quantity in zip(net.orders.decode(net.order), net.products.decode(net.product), net.quantity):
            pairs[order, product] = pairs.get((order, product), 0) + quantity
        return pairs

    assert totals(full) == totals([full[i] for i in shuffled])
