"""Customers are judged, and the ledger is counted, in blocks: the same states as pair by pair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.eligibility import judge_eligibility
from affinity.eligibility.rules import EligibilityRules
from tests.eligibility.worlds import AS_OF, check_ledger, grid, world

PAIRS = st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=5)


@settings(deadline=None, max_examples=40)
@given(PAIRS, PAIRS, st.sampled_from(["allowed", "excluded"]), st.integers(1, 2))
def test_blocks_of_customers_are_judged_as_everybody(
    owned: set[tuple[int, int]], returned: set[tuple[int, int]], same_family: str, at_once: int
) -> None:
    rows = [(f"o{c}{p}", f"c{c + 1}", "ABCD"[p], "2011-04-01") for c, p in sorted(owned)]
    holdings, products, customers = world(rows)
    products = replace(products, family=np.array(["f", "f", None, None], dtype=object))
    back = tuple(np.array([pair[k] for pair in sorted(returned, key=lambda one: one[::-1])], dtype=np.int32) for k in (0, 1))
    given_ = {
        "products": products, "customers": customers, "as_of_day": AS_OF, "returned": back,
        "rules": EligibilityRules(same_family=same_family),
    }  # fmt: skip
    whole = judge_eligibility(holdings, **given_)
    with pytest.MonkeyPatch.context() as patch:
        for place in ("judge", "ledger"):
            patch.setattr(f"affinity.eligibility.{place}.CUSTOMERS_AT_ONCE", at_once)
        blocks = judge_eligibility(holdings, **given_)
    assert grid(blocks) == grid(whole)
    assert blocks.ledger == whole.ledger
    check_ledger(blocks)
    for c, p in owned:
        assert grid(blocks)[(f"c{c + 1}", "ABCD"[p])] == "owned"
