"""Every pair has the first state that holds, against the obvious oracle, and the ledger counts them all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.eligibility import EligibilityRules, judge_eligibility
from tests import naive
from tests.eligibility.worlds import AS_OF, check_ledger, grid, world
from tests.makers import make_offers

NAMES, PEOPLE = "ABCDE", ["c0", "c1", "c2", "c3"]
PURCHASED, OFFERED = AS_OF - 100, AS_OF - 5
WINDOWS = {"smb": (90, 180), "enterprise": (180, 365), None: (0, 10**6)}

PRODUCT, CUSTOMER = st.sampled_from(NAMES), st.sampled_from(PEOPLE)
PAIRS = st.sets(st.tuples(CUSTOMER, PRODUCT), max_size=8)


def of_everybody(*values):
    """One of the values for each customer."""
    return st.lists(st.sampled_from(values), min_size=4, max_size=4)


def days_ago(*ages):
    """Days before as_of for each customer, −1 unknown."""
    return of_everybody(*[-1 if age is None else AS_OF - age for age in ages])


FACTS = st.fixed_dictionaries({
    "owned": PAIRS,
    "returned": PAIRS,
    "offered": PAIRS,
    "off_sale": st.sets(PRODUCT, max_size=2),
    "plan": of_everybody("p", "q", None),
    "excludes": st.dictionaries(st.sampled_from("pq"), st.sets(PRODUCT, max_size=3)),
    "requires": st.lists(st.sets(PRODUCT, max_size=2), min_size=5, max_size=5),
    "family": st.lists(st.sampled_from(["f", "g", None]), min_size=5, max_size=5),
    "same_family": st.sampled_from(["allowed", "excluded", "excluded"]),
    "status": of_everybody(None, None, None, "Opt out", "late", "at-risk"),
    "segment": of_everybody("SMB", "enterprise", None),
    "ended_at": days_ago(None, None, 1, 0),
    "started_at": days_ago(None, 0, 89, 90, 200),
    "health": of_everybody(np.nan, 60.0, 61.0, 90.0),
    "usage": of_everybody(np.nan, 0.5, 0.6, 0.9),
    "last_active_at": days_ago(None, 1, 7, 8),
    "renewal_at": days_ago(None, 1, 0, -90, -91),
    "escalated_at": days_ago(None, 0, 1, 30, 31),
})  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(FACTS)
def test_the_ledger_is_the_grid_of_the_oracle_counted(facts):
    table, rules = judge(facts), RULES | {"same_family": facts["same_family"]}
    assert grid(table) == {
        (c, p): naive.eligibility_state(person(facts, i, c), product(facts, j, p), rules, AS_OF)
        for i, c in enumerate(PEOPLE)
        for j, p in enumerate(NAMES)
    }
    check_ledger(table)


RULES = {"at_risk_health": 60, "escalation": 30, "renewal": 90, "tenure": 90, "health": 60, "usage": 0.5, "idle": 7, "again": 9}


def judge(facts):
    """The table of these facts."""
    holdings, products, customers = world(
        [(f"o{i}", c, p, str(np.datetime64(PURCHASED, "D"))) for i, (c, p) in enumerate(sorted(facts["owned"]))],
        products=NAMES,
        customers=PEOPLE,
    )
    products = replace(
        products,
        available=np.array([p not in facts["off_sale"] for p in NAMES]),
        family=np.array(facts["family"], dtype=object),
        requires_indptr=np.cumsum([0, *map(len, facts["requires"])]).astype(np.int64),
        requires=np.array([NAMES.index(a) for row in facts["requires"] for a in sorted(row)], dtype=np.int32),
    )
    whole = lambda name: np.array(facts[name], dtype=np.int32)  # noqa: E731
    customers = replace(
        customers,
        plan=np.array(facts["plan"], dtype=object),
        plan_excludes={plan: tuple(sorted(row)) for plan, row in facts["excludes"].items()},
        status=np.array(facts["status"], dtype=object),
        segments={"size": np.array(facts["segment"], dtype=object)},
        started_at=whole("started_at"),
        ended_at=whole("ended_at"),
        health=np.array(facts["health"]),
        usage=np.array(facts["usage"]),
        dates={name: whole(name) for name in ("last_active_at", "renewal_at", "escalated_at")},
    )
    day = str(np.datetime64(OFFERED, "D"))
    offers = make_offers([(c, p, day) for c, p in sorted(facts["offered"])], customers.customers, products.products)
    rules = EligibilityRules(
        same_family=facts["same_family"],
        suppressed_statuses=("late",),
        escalation_days=30,
        renewal_days=90,
        at_risk_health=60,
        min_tenure_days=90,
        best_time_by="size",
        min_health=60,
        min_usage=0.5,
        max_idle_days=7,
        recently_offered_days=9,
    )
    returned = [[PEOPLE.index(c), NAMES.index(p)] for c, p in sorted(facts["returned"])]
    return judge_eligibility(
        holdings,
        products=products,
        customers=customers,
        offers=offers,
        rules=rules,
        as_of_day=AS_OF,
        returned=tuple(np.array(returned, dtype=np.int32).reshape(-1, 2).T),
    )


def person(facts, i, name):
    """What the oracle is told of a customer."""
    known = lambda column: None if facts[column][i] in (-1, None) or facts[column][i] != facts[column][i] else facts[column][i]  # noqa: E731
    owned = {p: facts["family"][NAMES.index(p)] for c, p in facts["owned"] if c == name}
    starts = [day for day in (known("started_at"), PURCHASED if owned else None) if day is not None]
    segment = facts["segment"][i]
    return {
        "owned": owned,
        "returned": {p for c, p in facts["returned"] if c == name},
        "offered": {p: OFFERED for c, p in facts["offered"] if c == name},
        "excluded": facts["excludes"].get(facts["plan"][i], ()),
        "status": {"Opt out": "opt_out", "at-risk": "at_risk"}.get(facts["status"][i], facts["status"][i]),
        "ended": known("ended_at"),
        "started": min(starts, default=None),
        "window": WINDOWS[segment and segment.lower()],
        "health": known("health"),
        "usage": known("usage"),
        "active": known("last_active_at"),
        "renewal": known("renewal_at"),
        "escalated": known("escalated_at"),
    }


def product(facts, j, name):
    """What the oracle is told of a product."""
    return {
        "name": name,
        "on_sale": name not in facts["off_sale"],
        "requires": facts["requires"][j],
        "family": facts["family"][j],
    }
