"""A packed shop: what a release keeps answers orders as the run itself does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.contexts import recommend_in
from affinity.packed import Packed
from affinity.sample_shop import write_shop

AS_OF = "2024-10-01"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> af.Result:
    """A run with segments, offers, and customers who gave things back."""
    files = write_shop(af.make_shop(seed=11, customers=700), tmp_path_factory.mktemp("shop"))
    facts = {name: files[name] for name in ("products", "customers", "offers")}
    return af.run(files["orders"], **facts, as_of=AS_OF, fit={"segment": "segment"}, eligibility={"recently_offered_days": 60})


@pytest.fixture(scope="module")
def packed(result: af.Result, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """The same shop read from its release."""
    serving = af.open_release(result.publish(tmp_path_factory.mktemp("out") / "shop")).serving
    return Packed(serving, serving.plain["shop"])


def test_an_order_confirmation_from_a_release_equals_that_of_the_run(result: af.Result, packed: Packed) -> None:
    products, people = result.holdings.products.labels, result.holdings.customers.labels
    random = np.random.default_rng(0)
    for code in [-1, -1, *random.integers(0, len(people), 25).tolist()]:
        order = random.choice(len(products), int(random.integers(1, 5)), replace=False)
        given, who = products[order].tolist(), None if code < 0 else people[code]
        shop = packed.shop_of(code, who or "guest", order)
        found = recommend_in(shop, "order_confirmation", given=given, customer=who)
        expected = result.recommend("order_confirmation", given=given, customer=who)
        pd.testing.assert_frame_equal(found.to_pandas(), expected.to_pandas())


def test_the_eligibility_of_each_customer_is_kept(result: af.Result, packed: Packed) -> None:
    every = np.arange(len(result.holdings.products))
    assert result.eligibility is not None
    for code in range(0, len(result.holdings.customers), 37):
        kept = packed.eligibility_of(code)
        assert kept is not None
        expected = result.eligibility.state_of(np.full(len(every), code), every)
        assert kept.state_of(np.zeros(len(every), int), every).tolist() == expected.tolist()


def test_the_facts_of_the_products_are_kept(result: af.Result, packed: Packed) -> None:
    pd.testing.assert_frame_equal(packed.products.to_pandas(), result.products.to_pandas())
    assert packed.has_model
