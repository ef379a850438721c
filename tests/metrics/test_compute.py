"""Metrics counted from order lines: against plain counting, by segment, and where the input lacks something."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.baskets import collect_holdings, cut_lines, describe_customers, net_returns
from affinity.eligibility import EligibilityRules, judge_eligibility
from affinity.errors import SettingsError, UnknownColumns, UnknownLabel, VocabularyMismatch
from affinity.metrics import MEASURES, compute_metrics
from affinity.settings import MetricSettings
from affinity.tables import Customers, Products
from tests.makers import day_number, make_lines


def blended(found):
    """{metric: row} of the rows over everybody."""
    frame = found.to_pandas()
    return {row.metric: row for row in frame[frame["segment_by"].isna()].itertuples()}


def segments(found, metric, column):
    frame = found.to_pandas()
    frame = frame[(frame["metric"] == metric) & (frame["segment_by"] == column)]
    return {row.segment: (row.numerator, row.denominator) for row in frame.itertuples()}


def day(number):
    return str(np.datetime64("2011-01-01") + number)


def with_families(lines, families):
    described = Products.bare(lines.products)
    labels = [families.get(label) for label in lines.products.labels]
    return replace(described, family=np.array(labels, dtype=object))


def plain_counts(rows, family, window):
    """{metric: (numerator, denominator)} by plain counting; rows are (order, customer, product, day, quantity, price)."""
    inside = [row for row in rows if window[0] <= row[3] < window[1]]
    customers = sorted({row[1] for row in rows if row[1]})
    began = {row[0]: min(r[3] for r in rows if r[0] == row[0]) for row in rows}
    orders = sorted(order for order, start in began.items() if start >= window[0])
    first = {c: min(row[3] for row in rows if row[1] == c) for c in customers}
    bought = {}
    for _, c, product, at, *_ in rows:
        if c:
            bought[c, family(product)] = min(at, bought.get((c, family(product)), at))
    held = {c: len([f for who, f in bought if who == c]) for c in customers}
    added = {pair: at for pair, at in bought.items() if at > first[pair[0]]}
    new = {pair for pair, at in added.items() if at >= window[0]}
    present = {c for c in customers if first[c] < window[0]}
    n_families = len({family(p) for p in "ABCDE"})
    base = {c for c in present if len([1 for pair, at in bought.items() if pair[0] == c and at < window[0]]) < n_families}
    per_customer = {c: {row[0] for row in rows if row[1] == c and row[0] in orders} for c in customers}
    cross = sum(q * p for _, c, product, _, q, p in inside if (c, family(product)) in new)
    total = sum(q * p for *_, q, p in inside)
    return {
        "repeat_customer_rate": (
            sum(len(o) > 1 for o in per_customer.values()),
            sum(len(o) > 0 for o in per_customer.values()),
        ),
        "average_order_value": (sum(row[4] * row[5] for row in rows if row[0] in orders), len(orders)),
        "multi_item_order_rate": (sum(len({r[2] for r in rows if r[0] == o}) > 1 for o in orders), len(orders)),
        "multi_product_rate": (sum(n >= 2 for n in held.values()), len(customers)),
        "third_given_second_rate": (sum(n >= 3 for n in held.values()), sum(n >= 2 for n in held.values())),
        "post_initial_adoption_rate": (len({c for c, _ in added}), len(customers)),
        "customer_cross_sell_rate": (len({c for c, _ in new} & present), len(present)),
        "eligible_conversion_rate": (len({c for c, _ in new} & base), len(base)),
        "cross_sell_revenue": (cross, None),
        "cross_sell_revenue_share": (cross, total),
    }


ORDERS = st.lists(
    st.tuples(
        st.integers(0, 8),
        st.sampled_from("ABCDE"),
        st.integers(1, 3),
        st.sampled_from([1.0, 2.5]),
    ),
    min_size=1,
    max_size=30,
)


@settings(deadline=None, max_examples=60)
@given(
    picks=ORDERS,
    days=st.lists(st.integers(0, 59), min_size=9, max_size=9),
    who=st.lists(st.sampled_from(["c1", "c2", "c3", None]), min_size=9, max_size=9),
    families=st.booleans(),
)
def test_counts_agree_with_plain_counting(picks, days, who, families):
    rows = [(f"o{o}", who[o], product, days[o], quantity, price) for o, product, quantity, price in picks]
    lines = make_lines([(*row[:3], day(row[3]), *row[4:]) for row in rows], products=list("ABCDE"), as_of=day(60))
    family = {"A": "F", "B": "F", "C": "G"} if families else {}
    found = blended(compute_metrics(lines, products=with_families(lines, family), settings=MetricSettings(window_days=20)))
    if not any(row[1] for row in rows):
        assert found["multi_product_rate"].note.startswith("NO_CUSTOMERS")
        return
    for name, (top, bottom) in plain_counts(rows, lambda p: family.get(p, p), (40, 60)).items():
        row = found[name]
        assert row.numerator == pytest.approx(top), name
        assert row.denominator == bottom if bottom is not None else math.isnan(row.denominator), name
        if bottom == 0:
            assert math.isnan(row.value), name
            assert row.note.startswith("ZERO_DENOMINATOR"), name
    assert found["multi_product_rate"].window == f"../{day(60)}"
    assert found["repeat_customer_rate"].window == f"{day(40)}/{day(60)}"


@settings(deadline=None, max_examples=60)
@given(
    picks=ORDERS,
    days=st.lists(st.integers(0, 59), min_size=9, max_size=9),
    who=st.lists(st.sampled_from(["c1", "c2", "c3", None]), min_size=9, max_size=9),
    country=st.lists(st.sampled_from(["UK", "FR", None]), min_size=9, max_size=9),
)
def test_segments_add_up_to_everybody(picks, days, who, country):
    rows = [(f"o{o}", who[o], product, day(days[o]), quantity, price) for o, product, quantity, price in picks]
    lines = make_lines(rows, attributes={"country": [country[pick[0]] for pick in picks]}, as_of=day(60))
    found = compute_metrics(lines, by="country", settings=MetricSettings(window_days=20))
    sums = found.to_pandas().query("segment_by == 'country'").groupby("metric")[["numerator", "denominator"]].sum()
    for name, row in blended(found).items():
        if name == "cohort_adoption_rate" or name not in sums.index:
            continue
        assert sums.loc[name, "numerator"] == pytest.approx(row.numerator), name
        if not math.isnan(row.denominator):
            assert sums.loc[name, "denominator"] == row.denominator, name


SHOP = [
    ("o1", "c1", "A", "2011-01-05", 1, 10.0),
    ("o2", "c1", "B", "2011-03-10", 2, 5.0),
    ("o3", "c2", "A", "2011-01-20", 1, 10.0),
    ("o4", "c3", "B", "2011-03-20", 1, 5.0),
    ("o4", "c3", "C", "2011-03-20", 1, 1.0),
    ("o5", None, "A", "2011-03-25", 1, 10.0),
]
SHOP_COUNTRY = ["UK", "FR", "UK", "FR", "FR", "UK"]


def shop(**more):
    return make_lines(SHOP, as_of="2011-04-01", **more)


def test_a_row_carries_what_it_takes_to_read_it():
    row = blended(compute_metrics(shop(), settings=MetricSettings(window_days=31)))["customer_cross_sell_rate"]
    assert (row.numerator, row.denominator, row.value) == (1, 2, 0.5)
    assert 0 < row.lower < 0.5 < row.upper < 1
    assert (row.as_of, row.window, row.source) == ("2011-04-01", "2011-03-01/2011-04-01", "S1")
    assert row.population.startswith("customers who bought before the window")


def test_every_measure_has_a_row_and_the_bare_rate_has_none():
    names = set(blended(compute_metrics(shop())))
    assert names == {*MEASURES, "attach_rate(C, B)", "pair_conversion_rate(C, B, 90 days)"}
    assert "cross_sell_rate" not in names
    with pytest.raises(SettingsError, match="no metric 'campaign_roi' that is counted from tables"):
        compute_metrics(shop(), settings=MetricSettings(names=("campaign_roi",)))
    assert set(blended(compute_metrics(shop(), settings=MetricSettings(names=("average_order_value",))))) == {
        "average_order_value"
    }


def test_the_default_window_is_the_90_days_before_as_of():
    lines = cut_lines(make_lines(SHOP))
    assert blended(compute_metrics(lines))["average_order_value"].window == "2010-12-26/2011-03-26"
    assert blended(compute_metrics(make_lines(SHOP)))["average_order_value"].window == "2010-12-26/2011-03-26"


def test_the_blend_names_its_spread():
    lines = shop(attributes={"country": SHOP_COUNTRY})
    chosen = MetricSettings(window_days=31, min_cell=1)
    found = compute_metrics(lines, customers=describe_customers(lines), by=["country"], settings=chosen)
    assert segments(found, "customer_cross_sell_rate", "country") == {"FR": (1, 1), "UK": (0, 1)}
    assert blended(found)["customer_cross_sell_rate"].note == "by country: 0 (UK) to 1 (FR)"
    # a guest's order is in the segment of its own line, a customer's in the customer's last
    assert segments(found, "average_order_value", "country") == {"FR": (16, 2), "UK": (10, 1)}
    same = compute_metrics(lines, settings=MetricSettings(window_days=31, min_cell=1, by=("country",)))
    assert same.to_pandas().equals(found.to_pandas())


def test_a_small_segment_is_no_extreme_of_the_spread():
    rows = [(f"o{i}", f"c{i}", "AB"[i % 2], "2011-03-01") for i in range(61)] + [("x", "c2", "B", "2011-03-02")]
    column = ["X" if i % 2 else "Y" for i in range(60)] + ["tiny", "Y"]
    found = compute_metrics(make_lines(rows, attributes={"kind": column}), by="kind")
    assert blended(found)["multi_product_rate"].note == "by kind: 0 (X) to 0.03333 (Y)"


def test_customers_of_unknown_segment_are_shown_as_such():
    lines = shop(attributes={"country": ["UK", "UK", None, "FR", "FR", None]})
    assert segments(compute_metrics(lines, by="country"), "multi_product_rate", "country") == {
        "FR": (1, 1),
        "UK": (1, 1),
        "(unknown)": (0, 1),
    }


def test_columns_that_are_not_there():
    lines = shop(attributes={"country": SHOP_COUNTRY, "product_name": ["x"] * 6})
    with pytest.raises(UnknownColumns, match="no column 'contry' to split by. Did you mean 'country'"):
        compute_metrics(lines, by="contry")
    with pytest.raises(UnknownColumns, match="Known: cohort, combination, country, employees, .* status"):
        compute_metrics(lines, by="xyz")


def test_status_and_plan_are_columns_too():
    lines = shop()
    customers = replace(Customers.bare(lines.customers), plan=np.array(["p", "q", None], dtype=object))
    found = compute_metrics(lines, customers=customers, by="plan")
    assert segments(found, "multi_product_rate", "plan") == {"p": (1, 1), "q": (0, 1), "(unknown)": (1, 1)}


def test_without_dates_windows_are_everything_and_the_rest_is_null():
    lines = make_lines([row[:3] for row in SHOP], clock=None)
    found = blended(compute_metrics(lines))
    assert (found["repeat_customer_rate"].numerator, found["repeat_customer_rate"].denominator) == (1, 3)
    assert (found["multi_product_rate"].numerator, found["multi_product_rate"].denominator) == (2, 3)
    assert found["multi_product_rate"].as_of is None
    for name in (
        "post_initial_adoption_rate",
        "customer_cross_sell_rate",
        "eligible_conversion_rate",
        "cross_sell_revenue",
        "cross_sell_revenue_rate_opening",
        "cross_sell_velocity_unconditional",
        "cohort_adoption_rate",
    ):
        assert math.isnan(found[name].value), name
        assert found[name].note.startswith("NO_DATES"), name


def test_an_order_sequence_tells_what_came_later():
    rows = [("o1", "c1", "A", 1), ("o2", "c1", "B", 2), ("o3", "c2", "A", 1), ("o3", "c2", "B", 1)]
    found = blended(compute_metrics(make_lines(rows, clock="order")))
    assert (found["post_initial_adoption_rate"].numerator, found["post_initial_adoption_rate"].denominator) == (1, 2)
    assert found["cross_sell_velocity_converters"].note.startswith("NO_DATES")


def test_guests_alone_have_orders_and_nothing_else():
    lines = make_lines([("o1", None, "A", "2011-01-01", 1, 4.0), ("o1", None, "B", "2011-01-01", 1, 2.0)])
    found = blended(compute_metrics(lines))
    assert found["average_order_value"].value == 6
    assert found["multi_item_order_rate"].value == 1
    nulls = {name for name, row in found.items() if isinstance(row.note, str) and row.note.startswith("NO_CUSTOMERS")}
    other_reasons = {"net_trial_conversion_rate", "customer_upsell_rate", "upsell_revenue", "expansion_revenue_share"}
    begins = ("offer", "campaign", "net_", "gross_")
    other_reasons |= {name for name in MEASURES if name.startswith(begins) or "recurring" in name}
    assert nulls >= set(MEASURES) - other_reasons - {"average_order_value", "multi_item_order_rate", "customer_lifetime_value"}
    assert all(math.isnan(found[name].value) for name in other_reasons)


def test_one_product_has_no_complement():
    found = blended(compute_metrics(make_lines([("o1", "c1", "A", "2011-01-01")])))
    for name in ("multi_product_rate", "customer_cross_sell_rate", "cross_sell_velocity_unconditional", "cohort_adoption_rate"):
        assert found[name].note.startswith("NO_COMPLEMENT"), name


def test_unknown_amounts_are_left_out_and_said():
    rows = [("o1", "c1", "A", "2011-01-01", 1, 4.0), ("o2", "c1", "B", "2011-01-02", 1, float("nan"))]
    found = blended(compute_metrics(make_lines(rows)))
    assert (found["average_order_value"].numerator, found["average_order_value"].denominator) == (4, 1)
    assert found["average_order_value"].note == "1 orders of unknown amount left out"
    assert found["cross_sell_revenue_share"].note == "1 lines of unknown amount left out"
    priceless = blended(compute_metrics(make_lines([(*row[:5], float("nan")) for row in rows])))
    assert priceless["average_order_value"].note.startswith("NO_AMOUNTS")
    assert priceless["cross_sell_revenue"].note.startswith("NO_AMOUNTS")


def test_revenue_of_added_products_and_of_their_own_family():
    rows = [
        ("o0", "c1", "A1", "2011-01-01", 1, 100.0),  # the period before: opening revenue
        ("o1", "c1", "A1", "2011-02-05", 1, 7.0),  # a repeat
        ("o2", "c1", "A2", "2011-02-10", 1, 20.0),  # upsell: new product, family owned
        ("o3", "c1", "B1", "2011-02-12", 1, 40.0),  # cross-sell
        ("o4", "c1", "B2", "2011-02-14", 1, 8.0),  # the same added family: still cross-sell
        ("o5", "c2", "A1", "2011-02-15", 1, 3.0),  # a first purchase is no cross-sell
        ("o6", None, "B1", "2011-02-16", 1, 2.0),
    ]
    lines = make_lines(rows, as_of="2011-03-01")
    families = with_families(lines, {"A1": "A", "A2": "A", "B1": "B", "B2": "B"})
    found = blended(compute_metrics(lines, products=families, settings=MetricSettings(window_days=28)))
    assert found["cross_sell_revenue"].value == 48
    assert (found["cross_sell_revenue_share"].numerator, found["cross_sell_revenue_share"].denominator) == (48, 80)
    assert (found["expansion_revenue_share"].numerator, found["expansion_revenue_share"].denominator) == (68, 80)
    month = MetricSettings(window_days=31)  # from 2011-01-29; the period before it begins 2010-12-29
    short = blended(compute_metrics(lines, settings=month))["cross_sell_revenue_rate_opening"]
    assert short.note.startswith("SHORT_HISTORY: the data begin")
    wider = make_lines([("o9", "c9", "A1", "2010-12-29", 1, 1.0), *rows], as_of="2011-03-01")
    opening = blended(compute_metrics(wider, settings=month))["cross_sell_revenue_rate_opening"]
    assert (opening.numerator, opening.denominator) == (68, 101)
    assert blended(compute_metrics(lines))["expansion_revenue_share"].note.startswith("NO_FAMILIES")


def test_who_has_left_is_not_active():
    lines = make_lines([(f"o{i}", f"c{i}", "AB"[i % 2], "2011-01-01") for i in range(5)], as_of="2011-02-01")
    customers = replace(
        Customers.bare(lines.customers),
        ended_at=np.array([day_number("2011-01-31"), day_number("2011-02-01"), -1, -1, -1], dtype=np.int32),
        status=np.array([None, None, "Churned", "trial", "active"], dtype=object),
    )
    assert blended(compute_metrics(lines, customers=customers))["multi_product_rate"].denominator == 2


def test_lapsed_products_are_not_held():
    lines = make_lines([("o1", "c1", "A", "2011-01-01"), ("o2", "c1", "B", "2011-01-20")], as_of="2011-02-01")
    products = replace(Products.bare(lines.products), lasting_days=np.array([31.0, np.nan]))
    row = blended(compute_metrics(lines, products=products))["multi_product_rate"]
    assert (row.numerator, row.denominator) == (0, 1)
    longer = replace(products, lasting_days=np.array([32.0, np.nan]))
    assert blended(compute_metrics(lines, products=longer))["multi_product_rate"].numerator == 1


def test_eligibility_shrinks_the_base_and_what_counts():
    rows = [(f"p{c}", f"c{c}", "A", "2011-01-01") for c in range(5)]
    rows += [("b0", "c0", "B", "2011-03-10"), ("b1", "c1", "B", "2011-03-10"), ("b2", "c2", "C", "2011-03-10")]
    lines = make_lines(rows, as_of="2011-04-01")
    products = replace(Products.bare(lines.products), available=np.array([True, True, False]))
    customers = replace(
        Customers.bare(lines.customers),
        status=np.array([None, "opt_out", None, None, None], dtype=object),
        plan=np.array([None, None, None, "p", None], dtype=object),
        plan_excludes={"p": ("B",)},
    )
    table = judge_eligibility(
        collect_holdings(lines), products=products, customers=customers, rules=EligibilityRules(), as_of_day=lines.as_of_day
    )
    window = MetricSettings(window_days=31)
    row = blended(compute_metrics(lines, eligibility=table, settings=window))["eligible_conversion_rate"]
    assert (row.numerator, row.denominator) == (1, 4)  # c1 opted out; what c2 bought is not on sale
    assert row.note == "rules as of the end of the window"
    open_to_all = blended(compute_metrics(lines, settings=window))["eligible_conversion_rate"]
    assert (open_to_all.numerator, open_to_all.denominator) == (3, 5)
    other = make_lines([("o", "c", "Z", "2011-01-01")])
    with pytest.raises(VocabularyMismatch):
        compute_metrics(other, eligibility=table)


def test_attach_rate_of_named_pairs():
    rows = [
        ("o1", "c", "A", "2011-01-01"),
        ("o1", "c", "B", "2011-01-01"),
        ("o2", None, "A", "2011-01-02"),
        ("o3", None, "B", "2011-01-02"),
    ]
    pairs = MetricSettings(attach_pairs=(("A", "B"), ("B", "A")), names=("attach_rate",))
    found = blended(compute_metrics(make_lines(rows), settings=pairs))
    assert {name: (row.numerator, row.denominator) for name, row in found.items()} == {
        "attach_rate(A, B)": (1, 2),
        "attach_rate(B, A)": (1, 2),
    }
    with pytest.raises(UnknownLabel, match="product 'Z'"):
        compute_metrics(make_lines(rows), settings=MetricSettings(attach_pairs=(("A", "Z"),)))


def test_an_empty_shop_is_null_throughout():
    found = blended(compute_metrics(make_lines([])))
    assert all(math.isnan(row.value) for row in found.values())
    assert all(isinstance(row.note, str) for row in found.values())


def test_returned_products_do_not_count():
    rows = [("o1", "c1", "A", "2011-01-01"), ("o2", "c1", "B", "2011-01-05"), ("o3", "c1", "B", "2011-01-06", -1)]
    lines = net_returns(make_lines([*rows, ("o4", "c2", "B", "2011-01-06")]))
    assert blended(compute_metrics(lines))["multi_product_rate"].numerator == 0


def test_nobody_eligible_is_null_and_nobody_converted_is_zero_with_a_bound():
    rows = [(f"a{i}", f"c{i:02}", "A", "2011-01-01") for i in range(20)]
    owned = make_lines([*rows, *[(f"b{i}", f"c{i:02}", "B", "2011-01-02") for i in range(20)]], as_of="2011-04-15")
    row = blended(compute_metrics(owned))["eligible_conversion_rate"]
    assert (row.numerator, row.denominator) == (0, 0)
    assert row.note.startswith("ZERO_DENOMINATOR")
    row = blended(compute_metrics(make_lines(rows, products=["B"], as_of="2011-04-15")))["eligible_conversion_rate"]
    assert (row.value, row.lower) == (0, 0)
    assert 0.1 < row.upper < 0.2


def test_products_without_a_family_are_flagged():
    rows = [("o1", "c1", "A", "2011-01-01"), ("o2", "c1", "B", "2011-01-02"), ("o3", "c1", "C", "2011-01-02")]
    lines = make_lines(rows)
    found = blended(compute_metrics(lines, products=with_families(lines, {"A": "F", "B": "F"})))
    assert found["multi_product_rate"].note == "1 products without a family count as their own"
    assert not isinstance(blended(compute_metrics(lines))["multi_product_rate"].note, str)


def test_no_metric_depends_on_which_others_were_counted_before_it():
    rows = [("o1", "c1", "A", day(0)), ("o2", "c2", "A", day(0)), ("o2", "c2", "B", day(0)), ("o3", "c3", "A", day(1)),
            ("o4", "c3", "B", day(50))]  # fmt: skip
    lines = make_lines(rows, as_of=day(60))
    customers = Customers.bare(lines.customers)
    ended = np.where(np.array(lines.customers.labels) == "c2", day_number(day(50)), -1).astype(np.int32)
    customers = replace(customers, ended_at=ended)
    judged = judge_eligibility(
        collect_holdings(lines),
        products=Products.bare(lines.products),
        customers=customers,
        offers=None,
        rules=EligibilityRules(),
        as_of_day=lines.as_of_day,
    )

    def measure(names):
        chosen = MetricSettings(window_days=20, min_cell=1, names=names)
        return blended(compute_metrics(lines, customers=customers, eligibility=judged, settings=chosen))

    together = measure(())
    assert (together["customer_churn_rate"].numerator, together["customer_churn_rate"].denominator) == (1, 3)
    assert together["eligible_conversion_rate"].denominator == 2  # c2 has all there is
    for name in MEASURES:
        alone = measure((name,))[name]
        assert str((alone.numerator, alone.denominator, alone.value)) == str(
            (together[name].numerator, together[name].denominator, together[name].value)
        ), name
