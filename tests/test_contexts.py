"""Recommendations in their contexts, their reasons taken apart and derived again from a release; bad input."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import affinity as af
from affinity import contexts
from affinity.errors import InputError, SettingsError, UnknownLabel
from affinity.fit.features import customer_facts
from affinity.sample_shop import write_shop
from affinity.steps import read_past
from affinity.tables import Recommendations
from affinity.vocabulary import Vocabulary

AS_OF = "2024-10-01"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a small sample shop."""
    return write_shop(af.make_shop(seed=11, customers=700), tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def result(shop: dict[str, Path]) -> af.Result:
    """A run on its orders and facts."""
    return af.run(
        shop["orders"], products=shop["products"], customers=shop["customers"], as_of=AS_OF, fit={"segment": "segment"}
    )


@pytest.fixture(scope="module")
def asked(result: af.Result) -> contexts.Shop:
    """What the contexts are asked of."""
    return result.recommender.args[0]


def sums_of(recs: Recommendations) -> np.ndarray:
    """Per row of ``recs``, the sum of its contributions."""
    parts = recs.decompose().to_pandas().groupby(["customer_id", "rank"], dropna=False)["contribution"].sum()
    rows = recs.to_pandas()
    return parts.reindex(pd.MultiIndex.from_frame(rows[["customer_id", "rank"]])).to_numpy()


def test_the_contributions_of_a_score_add_up_to_it(result: af.Result) -> None:
    recs = result.recommendations
    scored = ~np.isnan(recs.score)
    assert scored.mean() > 0.9
    assert sums_of(recs)[scored] == pytest.approx(recs.score[scored], abs=1e-9)
    parts = recs.decompose()
    owned = parts.part == "owned"
    assert (parts.contribution[owned] > 0).all()
    assert parts.odds[owned] == pytest.approx(np.exp(result.model.slope * parts.contribution[owned]))
    held = result.holdings.customer.astype(np.int64) * len(recs.products) + result.holdings.product
    assert np.isin(parts.customer[owned].astype(np.int64) * len(recs.products) + parts.because[owned], held).all()


def test_one_customer_explained(result: af.Result) -> None:
    customer = result.sample_customer()
    frame = result.recommendations.explain(customer)
    assert (frame["from_owned"] + frame["from_popularity"]).to_numpy() == pytest.approx(frame["score"].to_numpy())
    assert frame["evidence"].str.contains("×").any()
    assert frame["reason"].notna().all()


def number(value: float) -> str:
    """A percentage as reasons show it."""
    return f"{100 * value:.0f}" if 100 * value >= 9.95 else f"{100 * value:.1f}"


def test_the_numbers_of_every_reason_stand_in_the_release(result: af.Result, tmp_path: Path) -> None:
    release = af.open_release(result.publish(tmp_path / "out"))
    recs = release.recommendations.query("not is_fallback")
    assert len(recs) > 500
    assert set(recs["reason_code"]) == {"converts_from", "bought_together"}
    names = release.products.set_index("product_id")["name"]
    conversions = release.conversions.set_index(["antecedent", "consequent", "horizon_days"])
    pairs = release.pairs.set_index(["antecedent", "consequent"])
    for row in recs.itertuples():
        _, _, said = row.reason.partition(" ago): ")
        if row.reason_code == "converts_from":
            c = conversions.loc[(row.because, row.product_id, 90)]
            if c.eligible < 10:
                expected = f"{c.converted} of {c.eligible} eligible owners bought {names[row.product_id]} within 90 days"
            else:
                expected = (
                    f"{number(c.rate)}% of {c.eligible:,} eligible owners bought {names[row.product_id]} within 90 days "
                    f"[{number(c.lower)}%, {number(c.upper)}%]"
                )
            expected += (
                f"; ×{c.hazard_ratio:.1f} [{c.hazard_ratio_lower:.1f}, {c.hazard_ratio_upper:.1f}] compared with similar buyers"
            )
            assert c.hazard_ratio_lower > 1
            assert c.converted >= 5
            assert said.startswith(expected)
            said = said.removeprefix(expected).removeprefix("; ")
        if said:
            p = pairs.loc[(row.because, row.product_id)]
            assert p.lift_eb_lower > 1
            lift = f"basket lift {p.lift_eb:.1f} [{p.lift_eb_lower:.1f}, {p.lift_eb_upper:.1f}], {int(p['count']):,} orders"
            assert said.removeprefix("bought together: ") == lift


def test_scoring_those_who_changed_equals_a_full_run(result: af.Result, asked: contexts.Shop) -> None:
    full = result.recommendations

    @settings(deadline=None, max_examples=10)
    @given(st.sets(st.integers(0, len(full.customers) - 1), min_size=1, max_size=40), st.integers(1, 20))
    def compare(who: set[int], at_once: int) -> None:
        before = contexts.CUSTOMERS_AT_ONCE
        contexts.CUSTOMERS_AT_ONCE = at_once
        try:
            some = contexts.recommend_customers(asked, np.array(sorted(who), dtype=np.int32))
        finally:
            contexts.CUSTOMERS_AT_ONCE = before
        rows = full.take(np.flatnonzero(np.isin(full.customer, sorted(who))))
        pd.testing.assert_frame_equal(some.to_pandas(), rows.to_pandas())

    compare()


@pytest.mark.parametrize("same_day", [False, True], ids=["first order of the day", "second order of the day"])
def test_an_order_confirmation_is_what_the_next_run_would_know_of_the_customer(
    result: af.Result, asked: contexts.Shop, shop: dict[str, Path], same_day: bool
) -> None:
    held, steps = result.holdings, asked.past.steps
    of_the_day = steps.customer[steps.at == int(held.end.max()) - 1]
    code = int(of_the_day[0]) if same_day else held.customers.code(result.sample_customer())
    assert (code in of_the_day) == same_day
    customer, owned, labels = held.customers.labels[code], held.of(code), held.products.labels
    fresh = [labels[p] for p in range(len(labels)) if p not in owned][:2]
    latest = np.argmax(held.last_at[held.indptr[code] : held.indptr[code + 1]])
    order = [*fresh, labels[owned[latest]]]
    bought = np.array([result.holdings.products.code(label) for label in order], dtype=np.int32)
    after = contexts._add_order(asked.learnt[1], code, bought, Vocabulary("customer", [customer]))
    lines = pd.read_csv(shop["orders"], dtype=str, keep_default_na=False)
    new = [
        {**lines.iloc[0], "order_id": "new", "customer_id": customer, "product_id": p, "ordered_at": "2024-09-30"}
        for p in order
    ]
    for row in new:
        row["quantity"] = "1"
    then = read_past(pd.concat([lines, pd.DataFrame(new)]), result.settings)
    rows = slice(int(then.holdings.indptr[code]), int(then.holdings.indptr[code + 1]))
    for name in ("product", "first_at", "last_at", "times"):
        assert getattr(after.holdings, name).tolist() == getattr(then.holdings, name)[rows].tolist(), name
    facts = customer_facts(replace(asked.learnt[1], holdings=then.holdings, steps=then.steps), np.array([code]))
    assert customer_facts(after, np.zeros(1, dtype=np.int32))[0] == pytest.approx(facts[0])

    found = result.recommend("order_confirmation", given=order, customer=customer)
    assert not np.isin(found.product, np.append(owned, bought)).any()
    assert sums_of(found) == pytest.approx(found.score)
    assert (np.diff(found.fit) <= 0).all()


def test_an_order_confirmation_of_a_guest_and_its_words(result: af.Result) -> None:
    source = result.recommendations.to_pandas().query("reason_code != 'popular'")["because"].mode()[0]
    found = result.recommend("order_confirmation", given=[source])
    frame = found.to_pandas()
    assert frame["customer_id"].isna().all()
    assert source not in set(frame["product_id"])
    assert frame["reason"].str.startswith("Just bought ").any()
    with pytest.raises(InputError, match="needs the products of the order"):
        result.recommend("order_confirmation")


def test_the_contexts_of_a_cart_and_a_product(result: af.Result) -> None:
    pair = result.also_bought.to_pandas().iloc[0]
    cart = result.recommend("cart", given=pair["product_id"])
    assert pair["product_id"] not in set(cart.to_pandas()["product_id"])
    assert sums_of(cart) == pytest.approx(cart.score)
    beside = result.recommend("product", given=[pair["product_id"]]).to_pandas()
    assert set(beside["product_id"]) == {pair["product_id"]}
    assert len(result.recommend("product")) == len(result.also_bought)
    with pytest.raises(UnknownLabel, match="product 'no such thing' is not among"):
        result.recommend("cart", given=["no such thing"])
    with pytest.raises(InputError, match="takes no products"):
        result.recommend("customer", given=[pair["product_id"]])
    with pytest.raises(InputError, match="no context 'shelf'"):
        result.recommend("shelf")


def test_a_notebook_asks_the_same(result: af.Result, shop: dict[str, Path]) -> None:
    product = result.holdings.products.labels[0]
    facts = {"products": shop["products"], "customers": shop["customers"]}
    alone = af.recommend(shop["orders"], **facts, as_of=AS_OF, context="cart", given=[product])
    pd.testing.assert_frame_equal(alone.to_pandas(), result.recommend("cart", given=[product]).to_pandas())


def test_the_report_says_what_options_cost(result: af.Result) -> None:
    plain = result.report()["ranking"]
    assert plain["mean_fit_given_up"] == 0
    assert plain["with_evidence"] + sum(plain["fallbacks"].values()) == len(result.everybody)
    spread = replace(
        result.recommender.args[0], settings=result.settings.changed(ranking={"diversity": 0.5, "max_per_category": 2})
    )
    found = contexts.recommend_customers(spread).describe()
    assert found["mean_fit_given_up"] > 0
    assert found["mean_fit"] + found["mean_fit_given_up"] == pytest.approx(plain["mean_fit"], rel=0.05)


DAYS = ["2024-01-01", "2024-01-20", "2024-02-10", "2024-03-01"]


def orders(rows: list[tuple[str, str, str, int]]) -> pd.DataFrame:
    """Order lines from (customer, product, day, quantity)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "ordered_at", "quantity"])
    return frame.assign(order_id=[f"o{i}" for i in range(len(frame))], unit_price=1.0)


def test_one_customer_one_product_and_everything_owned() -> None:
    one = af.recommend(orders([("c", "p", day, 1) for day in DAYS]), horizon_days=10)
    assert len(one) == 0
    everything = orders([(c, p, day, 1) for c in "abcd" for p, day in zip("wxyz", DAYS)])
    assert len(af.recommend(everything, horizon_days=10)) == 0
    assert len(af.recommend(everything, context="cart", given=list("wxyz"))) == 0
    alone = af.recommend(orders([("c", p, day, 1) for p, day in zip("wxyz", DAYS)]), horizon_days=10)
    assert len(alone) == 0


def test_customers_without_orders_and_products_never_sold() -> None:
    lines = orders([(c, p, day, 1) for c, p, day in zip("aabbcd", "xyxyyx", [*DAYS, *DAYS])] + [("e", "x", DAYS[0], 1)])
    back = lines.tail(1).assign(quantity=-1, ordered_at=DAYS[2], order_id="back")
    products = pd.DataFrame({"product_id": ["x", "y", "never sold"], "name": ["X", "Y", "N"]})
    customers = pd.DataFrame({"customer_id": ["a", "nobody"], "status": ["active", "active"]})
    found = af.recommend(pd.concat([lines, back]), products=products, customers=customers, horizon_days=10)
    frame = found.to_pandas()
    assert "never sold" not in set(frame["product_id"])
    unseen = frame[frame["customer_id"] == "nobody"]  # listed, and never bought: what is popular, and said to be
    assert unseen["product_id"].tolist() == ["x", "y"]
    assert set(unseen["fallback_level"]) == {"shop"}
    cold = frame[frame["customer_id"] == "e"]  # gave everything back: nothing owned, what was returned is not offered
    assert cold["product_id"].tolist() == ["y"]
    assert cold["fallback_level"].tolist() == ["shop"]
    assert np.isnan(cold["fit"]).all()


def test_a_horizon_of_nothing_and_a_day_in_the_future(shop: dict[str, Path]) -> None:
    lines = orders([(c, p, day, 1) for c, p, day in zip("aabbcd", "xyxyyx", [*DAYS, *DAYS])])
    with pytest.raises(SettingsError, match="horizon_days=0 is not valid"):
        af.recommend(lines, horizon_days=0)
    later = af.recommend(lines, as_of="2024-06-01", horizon_days=10)  # nothing is known of the days between
    assert set(later.to_pandas()["product_id"]) <= {"x", "y"}
    ages = [int(age) for reason in later.reason for age in re.findall(r"bought (\d+) days ago", reason)]
    assert all(age >= 92 for age in ages)
    for bad in ({"diversity": 2.0}, {"max_per_category": 0}, {"min_evidence": 0}):
        with pytest.raises(SettingsError, match=next(iter(bad))):
            af.recommend(lines, ranking=bad)


@pytest.fixture(scope="module")
def families(shop: dict[str, Path]) -> af.Result:
    """The same run where every category is a family, so that one product often speaks for another of its family."""
    products = pd.read_csv(shop["products"]).assign(family=lambda facts: facts["category"])
    return af.run(shop["orders"], products=products, customers=shop["customers"], as_of=AS_OF, fit={"segment": "segment"})


def test_who_owns_what_for_how_long_in_which_family(families: af.Result) -> None:
    last = families.holdings.to_pandas().set_index(["customer_id", "product_id"])["last_at"]
    facts = families.products.to_pandas().set_index("product_id")
    said = set()
    for row in families.recommendations.to_pandas().query("not is_fallback").itertuples():
        age = (pd.Timestamp(AS_OF) - pd.Timestamp(last[row.customer_id, row.because])).days
        related = facts.family[row.because] == facts.family[row.product_id]
        family, days = ", same family" if related else "", "1 day" if age == 1 else f"{age} days"
        assert row.reason.startswith(f"Owns {facts.name[row.because]}{family} (bought {days} ago): ")
        owned = set(facts.family[last[row.customer_id].index])
        assert row.kind == ("upsell" if facts.family[row.product_id] in owned else "cross_sell")
        said.add((related, row.kind, row.reason_code))
    assert said >= {
        (True, "upsell", "converts_from"),
        (False, "upsell", "converts_from"),
        (False, "cross_sell", "converts_from"),
    }
    assert {code for *_, code in said} == {"converts_from", "bought_together"}


def test_how_popular_in_the_shop_and_in_a_segment(result: af.Result, asked: contexts.Shop) -> None:
    held = result.holdings.to_pandas()
    people = pd.Series(asked.facts.customers.segments["segment"], index=result.holdings.customers.labels)
    segment, owners = held["customer_id"].map(people), held.groupby("product_id")["customer_id"].nunique()
    in_segment, sizes = held.groupby([segment, "product_id"]).size(), held.groupby(segment)["customer_id"].nunique()
    rows = result.everybody.to_pandas().query("is_fallback")
    assert set(rows["fallback_level"]) == {"scored", "shop", "segment"}
    for row in rows.itertuples():
        if row.fallback_level == "segment":
            where, _, counts = row.reason.removeprefix("Popular where segment is ").partition(": bought by ")
            assert counts == f"{in_segment[where, row.product_id]:,} of {sizes[where]:,}"
        else:
            of = held["customer_id"].nunique()
            assert row.reason == f"Popular with customers: bought by {owners[row.product_id]:,} of {of:,}"


@pytest.mark.parametrize("context", ["cart", "order_confirmation"])
def test_scores_of_other_contexts_are_taken_apart_too(result: af.Result, context: str) -> None:
    given_ids = list(result.holdings.products.labels[3:9])
    for customer in (None, result.sample_customer()):
        recs = result.recommend(context, given=given_ids, customer=customer)
        assert sums_of(recs) == pytest.approx(recs.score, abs=1e-9)
