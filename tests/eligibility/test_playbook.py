"""The qualification playbook of a SaaS firm, read from a customer file; upsell kept apart; rules that cannot be applied."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from affinity.eligibility import PRESETS, EligibilityRules, judge_eligibility
from affinity.errors import SettingsError
from affinity.ingest import read_customers
from affinity.tables import Customers, Eligibility
from tests.eligibility.worlds import AS_OF, check_ledger, grid, world

READY = {
    "start_date": "2011-01-01",
    "health_score": 80,
    "core_usage": 0.8,
    "last_login": "2011-05-30",
    "renewal_date": "2012-01-01",
    "last_escalation": "2010-06-01",
    "status": "active",
}
TOLD_APART = {
    "ready": ({}, "eligible"),
    "new": ({"start_date": "2011-04-01"}, "tenure_too_short"),
    "onboarding": ({"status": "Onboarding"}, "suppressed_onboarding"),
    "unwell": ({"health_score": 60}, "health_too_low"),
    "idle": ({"core_usage": 0.5}, "usage_too_low"),
    "away": ({"last_login": "2011-05-24"}, "not_active"),
    "escalated": ({"last_escalation": "2011-05-02"}, "suppressed_escalation"),
    "escalated long ago": ({"last_escalation": "2011-05-01"}, "eligible"),
    "renews at risk": ({"renewal_date": "2011-08-30", "status": "at risk"}, "suppressed_renewal_at_risk"),
    "renews unwell": ({"renewal_date": "2011-06-01", "health_score": 55}, "suppressed_renewal_at_risk"),
    "renews well": ({"renewal_date": "2011-06-02"}, "eligible"),
    "renews later, at risk": ({"renewal_date": "2011-08-31", "status": "at_risk"}, "eligible"),
    "churned": ({"status": "churned"}, "suppressed_churned"),
}


def read_people() -> Customers:
    """The customers above, from a frame with the column names of an export."""
    rows = [{"customer_id": name, **READY, **changed} for name, (changed, _) in TOLD_APART.items()]
    return read_customers(pd.DataFrame(rows).astype(str))


def test_the_playbook_says_who_is_ready() -> None:
    holdings, products, _ = world([], customers=tuple(TOLD_APART))
    customers = read_people().recoded(holdings.customers)
    table = judge_eligibility(holdings, products=products, customers=customers, rules="b2b_saas", as_of_day=AS_OF)
    found = grid(table)
    assert {name: found[name, "A"] for name in TOLD_APART} == {name: state for name, (_, state) in TOLD_APART.items()}
    assert table.notes == {}
    check_ledger(table)


def test_what_the_customer_file_does_not_say_keeps_nobody_out_and_is_noted() -> None:
    holdings, products, customers = world([("o1", "c1", "A", "2011-01-01")], customers=("c1",))
    table = judge_eligibility(holdings, products=products, customers=customers, rules="b2b_saas", as_of_day=AS_OF)
    assert table.ledger["eligible"] == 3
    frame = table.to_pandas().set_index("state")["note"].dropna()
    assert frame["not_active"] == "not applied: the customers have no column last_active_at"
    assert frame["health_too_low"] == "not applied: health is not known of any customer"
    assert set(frame.index) == {
        "suppressed_escalation", "suppressed_renewal_at_risk", "health_too_low", "usage_too_low", "not_active",
    }  # fmt: skip


def test_the_best_time_depends_on_the_segment() -> None:
    holdings, products, customers = world([], customers=tuple("abcdef"))
    customers = replace(
        customers,
        started_at=np.array([AS_OF - days for days in (89, 90, 179, 180, 180, 400)], dtype=np.int32),
        segments={"size": np.array(["SMB", "Mid-Market", "smb", "smb", "Enterprise", "hobby"], dtype=object)},
    )
    rules = EligibilityRules(best_time_by="size")
    table = judge_eligibility(holdings, products=products, customers=customers, rules=rules, as_of_day=AS_OF)
    found = grid(table)
    assert [found[c, "A"] == "eligible" for c in "abcdef"] == [False, True, True, False, True, True]
    assert found["a", "A"] == "outside_best_time"
    assert table.notes == {"outside_best_time": "size of 1 customers has no best time and keeps nobody out"}
    own = replace(rules, best_time_days={"hobby": (0, 400)})
    table = judge_eligibility(holdings, products=products, customers=customers, rules=own, as_of_day=AS_OF)
    assert table.blocked(5).tolist() == [0, 1, 2, 3]
    with pytest.raises(SettingsError, match="no segment column 'sise' for best_time_by. Did you mean 'size'"):
        judge_eligibility(
            holdings, products=products, customers=customers, rules=EligibilityRules(best_time_by="sise"), as_of_day=AS_OF
        )


def judge_families(family: list[str | None], same_family: str, **columns: object) -> Eligibility:
    """c1 owns A and had C until it lapsed; c2 owns nothing."""
    holdings, products, customers = world(
        [("o1", "c1", "A", "2011-01-01"), ("o2", "c1", "C", "2011-01-01")], customers=["c1", "c2"]
    )
    lasting = np.array([np.nan, np.nan, 30.0, np.nan])
    products = replace(products, family=np.array(family, dtype=object), lasting_days=lasting, **columns)
    rules = EligibilityRules(same_family=same_family)
    return judge_eligibility(holdings, products=products, customers=customers, rules=rules, as_of_day=AS_OF)


def test_a_product_of_an_owned_family_is_an_upsell_and_excluded_where_the_rules_say_so() -> None:
    excluded = judge_families(["mail", "mail", "files", "files"], "excluded")
    assert grid(excluded) == {
        ("c1", "A"): "owned",
        ("c1", "B"): "same_family",
        ("c1", "C"): "eligible",  # owned no longer, and so its family neither
        ("c1", "D"): "eligible",
        **{("c2", p): "eligible" for p in "ABCD"},
    }
    check_ledger(excluded)
    allowed = judge_families(["mail", "mail", "files", "files"], "allowed")
    assert allowed.ledger["same_family"] == 0
    assert allowed.allowed(np.zeros(1, int), np.ones(1, int)).all()
    unshared = judge_families([None, None, "files", "mail"], "excluded")
    assert unshared.ledger["same_family"] == 0


def test_the_presets_that_sell_tiers_exclude_upsell() -> None:
    assert {name: rules.same_family for name, rules in PRESETS.items()} == {
        "retail": "allowed",
        "b2b_saas": "excluded",
        "financial_services": "excluded",
    }


def test_prerequisites_in_a_circle_are_noted() -> None:
    circle = {"requires_indptr": np.array([0, 0, 1, 2, 3], dtype=np.int64), "requires": np.array([2, 1, 0], dtype=np.int32)}
    table = judge_families([None] * 4, "allowed", **circle)
    assert table.ledger["prerequisite_missing"] == 2 * 2 + 1  # B and C of both, D of who has no A
    assert table.notes["prerequisite_missing"] == (
        "2 products can be offered only to those who own what they require already: that is not sold, or they require one "
        "another in a circle (B, C)"
    )
    check_ledger(table)
