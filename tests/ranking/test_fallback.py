"""Lists filled up with what is popular: everybody at once as each by himself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.eligibility import judge_eligibility
from affinity.ranking import Buyers, SegmentBuyers
from affinity.ranking.fallback import fill_with_popular
from affinity.settings import RankingSettings
from affinity.tables import Customers, Products
from tests.ranking.tables import GOODS, PEOPLE, make_holdings

SEGMENTS = st.lists(st.sampled_from(["small", "large", None]), min_size=4, max_size=4)
PLANS = st.lists(st.sampled_from(["basic", None]), min_size=4, max_size=4)
STATUSES = st.lists(st.sampled_from(["active", "opt out"]), min_size=4, max_size=4)


@settings(deadline=None, max_examples=80)
@given(st.dictionaries(st.integers(0, 3), st.sets(st.integers(0, 5), max_size=2), max_size=2), SEGMENTS, PLANS, STATUSES)
def test_everybody_at_once_gets_what_each_gets_alone(
    owned: dict[int, set[int]], segment: list[str | None], plan: list[str | None], status: list[str]
) -> None:
    holdings = make_holdings({c: dict.fromkeys(goods, 50) for c, goods in owned.items()})
    objects = {"plan": np.array(plan, dtype=object), "status": np.array(status, dtype=object)}
    people = replace(Customers.bare(PEOPLE), **objects, plan_excludes={"basic": ("tea", "mug")})
    judged = judge_eligibility(holdings, products=Products.bare(GOODS), customers=people, as_of_day=100)
    count = np.array([[3, 0, 2, 0, 5, 1], [0, 4, 0, 2, 1, 6]])
    places = np.array([-1 if one is None else ["large", "small"].index(one) for one in segment], dtype=np.int32)
    by = SegmentBuyers("size", ("large", "small"), places, count, np.array([9, 9]))
    given_ = {
        "holdings": holdings, "eligibility": judged, "buyers": Buyers(count.sum(axis=0), 18, by), "top_k": 3,
        "category": np.zeros(6, dtype=np.int32), "settings": RankingSettings(min_evidence=2),
    }  # fmt: skip
    listed = np.zeros(1, dtype=np.int32), np.array([4], dtype=np.int32)  # somebody has a row already

    alone = [fill_with_popular(*listed, who=np.array([c]), **given_) for c in range(4)]
    together = fill_with_popular(*listed, who=np.arange(4), **given_)
    order = np.argsort(together[0], kind="stable")
    for number in range(3):
        assert together[number][order].tolist() == [value for one in alone for value in one[number].tolist()]
