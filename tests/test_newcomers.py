"""Listed customers who have not bought: popular products, by segment first, flagged, under the same rules as everybody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity import contexts

AS_OF = "2024-04-01"
CUSTOMERS = pd.DataFrame(
    [
        ("new-smb", "smb", "active", "2024-03-01", None),
        ("new-big", "big", "active", "", None),
        ("new-odd", "odd", "active", "", None),
        ("new-none", None, "active", "", "basic"),
        ("new-out", "smb", "opt out", "", None),
        ("later", "smb", "active", "2024-04-01", None),
        ("gone", "smb", "active", "", None),
        *[(f"s{i}", "smb", "active", "", None) for i in range(12)],
        *[(f"b{i}", "big", "active", "", None) for i in range(20)],
    ],
    columns=["customer_id", "size", "status", "started_at", "plan"],
).assign(plan_excludes=lambda frame: np.where(frame["plan"] == "basic", "tea", None))


def make_orders() -> pd.DataFrame:
    """Small firms buy tea, and six of them mugs; large ones kettles, and three of them jars; pears are given back."""
    bought = [(f"s{i}", "tea") for i in range(12)] + [(f"s{i}", "mug") for i in range(6)]
    bought += [(f"b{i}", "kettle") for i in range(20)] + [(f"b{i}", "jar") for i in range(3)]
    rows = [(c, p, f"2024-0{1 + k % 3}-{1 + k % 28:02d}", 1) for k, (c, p) in enumerate(bought)]
    rows += [("s11", "pear", "2024-01-05", 1), ("s11", "pear", "2024-02-05", -1), ("later", "tea", "2024-05-01", 1)]
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "ordered_at", "quantity"])
    return frame.assign(order_id=[f"o{i}" for i in range(len(frame))], unit_price=1.0)


ASKED = {"customers": CUSTOMERS, "as_of": AS_OF, "horizon_days": 10, "fit": {"segment": "size"}, "ranking": {"min_evidence": 5}}


@pytest.fixture(scope="module")
def result() -> af.Result:
    """A run on these orders, without the customer who opted out before any count."""
    return af.run(make_orders(), exclude_customers=["gone"], **ASKED)


def test_newcomers_get_what_is_popular_in_their_segment_then_in_the_shop(result: af.Result) -> None:
    assert result.newcomers is not None
    frame = result.newcomers.to_pandas()
    lists = {name: list(rows["product_id"]) for name, rows in frame.groupby("customer_id")}
    assert lists == {
        "new-smb": ["tea", "mug", "kettle", "jar"],
        "new-big": ["kettle", "tea", "mug", "jar"],
        "new-odd": ["kettle", "tea", "mug", "jar"],
        "new-none": ["kettle", "mug", "jar"],  # the plan excludes tea
    }
    levels = {name: list(rows["fallback_level"]) for name, rows in frame.groupby("customer_id")}
    assert levels["new-smb"] == ["segment", "segment", "shop", "shop"]
    assert levels["new-big"] == ["segment", "shop", "shop", "shop"]  # three jars are no evidence
    assert set(levels["new-odd"] + levels["new-none"]) == {"shop"}
    mine = frame[frame["customer_id"] == "new-smb"]["reason"].tolist()
    assert mine[0] == "Popular where size is smb: bought by 12 of 12"
    assert mine[2] == "Popular with customers: bought by 20 of 32"
    assert frame["is_fallback"].all()
    assert frame["fit"].isna().all()
    assert set(frame["kind"]) == {"cross_sell"}


def test_they_are_published_and_answered_one_at_a_time(result: af.Result, tmp_path: Path) -> None:
    release = af.open_release(result.publish(tmp_path / "out"))
    published = release.recommendations
    assert set(published["customer_id"]) >= {"new-smb", "s0", "b0"}
    assert not set(published["customer_id"]) & {"new-out", "later", "gone"}
    everybody = result.recommend("customer")
    assert len(everybody) == len(published) == result.report()["found"]["recommendations"]
    for customer in ("new-smb", "s0"):
        one = result.recommend("customer", customer=customer)
        pd.testing.assert_frame_equal(one.to_pandas(), everybody.of(customer).to_pandas())
    parts = everybody.decompose()
    assert parts.customers.labels[parts.customer.max()] in set(make_orders()["customer_id"])  # popularity has no parts
    assert everybody.explain("new-smb")["reason"].notna().all()
    assert result.recommend("customer", customer="new-out").to_pandas().empty


def test_blocks_change_no_answer(result: af.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "CUSTOMERS_AT_ONCE", 2)
    again = result.recommend("customer").to_pandas()
    monkeypatch.undo()
    pd.testing.assert_frame_equal(again, result.recommend("customer").to_pandas())


def test_in_a_cart_and_after_an_order_they_are_guests_with_their_own_rules(result: af.Result) -> None:
    assert len(result.recommend("cart", given=["tea"], customer="new-smb"))
    after = result.recommend("order_confirmation", given=["kettle"], customer="new-none").to_pandas()
    assert len(after)
    assert not set(after["product_id"]) & {"tea", "kettle"}
    assert result.recommend("order_confirmation", given=["kettle"], customer="new-out").to_pandas().empty


def test_who_gave_everything_back_owns_nothing_and_hears_of_the_segment() -> None:
    lines = make_orders()
    back = lines[(lines["customer_id"] == "s10") & (lines["quantity"] > 0)].assign(quantity=-1, ordered_at="2024-03-30")
    back["order_id"] = [f"back{i}" for i in range(len(back))]
    found = af.recommend(pd.concat([lines, back]), customer="s10", **ASKED).to_pandas()
    assert list(found["product_id"]) == ["mug", "kettle", "jar"]  # not the tea that came back
    assert list(found["fallback_level"]) == ["segment", "shop", "shop"]


def test_newcomers_are_inputs_of_the_release(result: af.Result) -> None:
    fewer = CUSTOMERS[CUSTOMERS["customer_id"] != "new-odd"].reset_index(drop=True)
    other = af.run(make_orders(), exclude_customers=["gone"], **{**ASKED, "customers": fewer})
    assert other.inputs["newcomers"] != result.inputs["newcomers"]
    assert other.inputs["customers"] == result.inputs["customers"]
