"""Every pair has one state, and the ledger adds up: against the obvious grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from affinity.eligibility import PRESETS, EligibilityRules, judge_eligibility, make_rules
from affinity.errors import SettingsError, VocabularyMismatch
from affinity.settings import EligibilitySettings, make_section
from affinity.tables import Products
from affinity.vocabulary import Vocabulary
from tests.eligibility.worlds import AS_OF, check_ledger, grid, world
from tests.makers import make_offers


def test_the_first_state_that_holds_stands():
    holdings, products, customers = world([("o1", "c1", "A", "2011-01-01"), ("o2", "c2", "B", "2011-05-20")])
    products = replace(
        products,
        available=np.array([True, True, False, True]),
        requires_indptr=np.array([0, 0, 0, 0, 1], dtype=np.int64),
        requires=np.array([0], dtype=np.int32),
    )
    customers = replace(
        customers,
        plan=np.array(["basic", None, "basic"], dtype=object),
        plan_excludes={"basic": ("B",)},
        status=np.array([None, "Opted Out", None], dtype=object),
    )
    offers = make_offers([("c1", "B", "2011-05-30"), ("c3", "A", "2011-05-31")], customers.customers, products.products)
    rules = EligibilityRules(recently_offered_days=7)
    table = judge_eligibility(
        holdings,
        products=products,
        customers=customers,
        offers=offers,
        rules=rules,
        as_of_day=AS_OF,
        returned=(np.array([0], dtype=np.int32), np.array([2], dtype=np.int32)),
    )
    assert grid(table) == {
        ("c1", "A"): "owned",
        ("c1", "B"): "plan_excluded",
        ("c1", "C"): "returned",
        ("c1", "D"): "eligible",
        ("c2", "A"): "suppressed_opt_out",
        ("c2", "B"): "owned",
        ("c2", "C"): "not_on_sale",
        ("c2", "D"): "prerequisite_missing",
        ("c3", "A"): "offered_recently",
        ("c3", "B"): "plan_excluded",
        ("c3", "C"): "not_on_sale",
        ("c3", "D"): "prerequisite_missing",
    }
    check_ledger(table)
    assert table.blocked(0).tolist() == [0, 1, 2]
    assert table.blocked(0).dtype == np.int32
    assert table.allowed(np.array([0, 0]), np.array([2, 3])).tolist() == [False, True]
    assert table.to_pandas()["pairs"].sum() == 12


def test_sale_dates():
    holdings, products, customers = world([])
    days = [-1, AS_OF, AS_OF + 1, AS_OF - 9]
    begins = replace(products, on_sale_from=np.array(days, dtype=np.int32))
    ends = replace(products, on_sale_to=np.array(days, dtype=np.int32))
    for described, blocked in ((begins, [2]), (ends, [1, 3])):
        table = judge_eligibility(holdings, products=described, customers=customers, as_of_day=AS_OF)
        assert table.blocked(0).tolist() == blocked
        check_ledger(table)
        undated = judge_eligibility(holdings, products=described, customers=customers)
        assert undated.ledger["eligible"] == 12


def test_ownership_lapses():
    holdings, products, customers = world([("o1", "c1", "A", "2011-05-02"), ("o2", "c1", "B", "2011-05-03")])
    products = replace(products, lasting_days=np.array([30.0, 30.0, np.nan, np.nan]))
    table = judge_eligibility(holdings, products=products, customers=customers, as_of_day=AS_OF)
    assert table.blocked(0).tolist() == [1]


def test_customer_rules_in_their_order():
    holdings, products, customers = world(
        [("o1", "c1", "A", "2011-05-20"), ("o2", "c2", "A", "2011-01-20")], customers=("c1", "c2", "c3", "c4", "c5", "c6")
    )
    customers = replace(
        customers,
        started_at=np.array([-1, -1, AS_OF - 89, AS_OF - 90, -1, -1], dtype=np.int32),
        ended_at=np.array([-1, -1, -1, -1, AS_OF - 1, -1], dtype=np.int32),
        status=np.array([None, "In Onboarding", None, None, None, None], dtype=object),
        health=np.array([np.nan, 70, 70, 60, 60, 61]),
        usage=np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.5]),
    )
    rules = replace(PRESETS["b2b_saas"], suppressed_statuses=("in onboarding", "ended", "opt_out"))
    table = judge_eligibility(holdings, products=products, customers=customers, rules=rules, as_of_day=AS_OF)
    assert [grid(table)[c, "B"] for c in customers.customers.labels] == [
        "tenure_too_short",
        "suppressed_in_onboarding",
        "tenure_too_short",
        "health_too_low",
        "suppressed_ended",
        "usage_too_low",
    ]
    assert table.states.index("suppressed_opt_out") == 6
    assert table.notes == {
        "suppressed_escalation": "not applied: the customers have no column escalated_at",
        "suppressed_renewal_at_risk": "not applied: the customers have no column renewal_at",
        "tenure_too_short": "tenure of 2 customers is unknown and keeps nobody out",
        "health_too_low": "health of 1 customers is unknown and keeps nobody out",
        "not_active": "not applied: the customers have no column last_active_at",
    }
    check_ledger(table)


def test_rules_that_need_a_date_are_noted_without_one():
    holdings, products, customers = world([("o1", "c1", "A", "2011-05-20")])
    offers = make_offers([("c1", "B", "2011-05-30")], customers.customers, products.products, dated=False)
    table = judge_eligibility(holdings, products=products, customers=customers, offers=offers, rules="financial_services")
    assert table.ledger["eligible"] == 11
    assert table.notes == {
        "tenure_too_short": "not applied: without dates there is no as_of",
        "offered_recently": "not applied: the offers or the order lines have no dates",
    }


def test_offers_that_do_not_count_as_made():
    holdings, products, customers = world([])
    rows = [
        ("c1", "A", "2011-05-02"),  # 30 days ago
        ("c1", "B", "2011-05-01"),  # 31 days ago
        ("c1", "C", "2011-06-01"),  # the future
        ("c1", None, "2011-05-30"),  # names no product
        ("c1", "D", "2011-05-30", None, None, False),  # a control, so no offer was made
        ("nobody", "D", "2011-05-30"),
    ]
    offers = make_offers(rows, customers.customers, products.products)
    rules = EligibilityRules(recently_offered_days=30)
    table = judge_eligibility(holdings, products=products, customers=customers, offers=offers, rules=rules, as_of_day=AS_OF)
    assert table.blocked(0).tolist() == [0]


def test_an_unknown_prerequisite_is_owned_by_nobody():
    holdings, products, customers = world([("o1", "c1", "D", "2011-05-20"), ("o1", "c2", "A", "2011-05-20")])
    products = replace(
        products, requires_indptr=np.array([0, 0, 1, 1, 1], dtype=np.int64), requires=np.array([-1], dtype=np.int32)
    )
    table = judge_eligibility(holdings, products=products, customers=customers, as_of_day=AS_OF)
    assert table.ledger["prerequisite_missing"] == 3
    check_ledger(table)


def test_products_that_a_plan_excludes_and_nobody_knows_are_noted():
    holdings, products, customers = world([])
    customers = replace(customers, plan=np.array(["p", "p", "q"], dtype=object), plan_excludes={"p": ("Z", "A", "A")})
    table = judge_eligibility(holdings, products=products, customers=customers)
    assert table.ledger["plan_excluded"] == 2
    assert table.notes == {"plan_excluded": "1 products that plans exclude are not among the products"}


def test_tables_of_other_vocabularies_are_refused():
    holdings, products, customers = world([])
    other = Products.bare(Vocabulary.of("product", ["A", "Z"]))
    with pytest.raises(VocabularyMismatch):
        judge_eligibility(holdings, products=other, customers=customers)


def test_settings_replace_what_the_preset_says():
    chosen = make_section(EligibilitySettings, preset="b2b_saas", min_health=70, suppressed_statuses=["frozen"])
    assert make_rules(chosen) == replace(PRESETS["b2b_saas"], min_health=70, suppressed_statuses=("frozen",))
    with pytest.raises(SettingsError, match="no eligibility preset 'retial'. Did you mean 'retail'"):
        make_rules("retial")
    holdings, products, customers = world([])
    too_many = EligibilityRules(suppressed_statuses=tuple(map(str, range(200))))
    with pytest.raises(SettingsError, match="209 states that suppress are too many"):
        judge_eligibility(holdings, products=products, customers=customers, rules=too_many)
