"""`affinity recommend`: upsell apart from cross-sell, customers who have not bought yet, the example that summarises a run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import affinity as af
from affinity.cli.summary import describe_result
from affinity.sample_shop import make_shop, write_shop
from tests.cli.test_verbs import call

AS_OF = "2024-06-01"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a small sample shop, one of whose listed customers never bought."""
    files = write_shop(make_shop(seed=3, customers=600), tmp_path_factory.mktemp("shop"))
    listed = pd.read_csv(files["customers"], dtype=str, keep_default_na=False)
    new = listed.head(1).assign(customer_id="never-bought", started_at="")
    pd.concat([listed, new]).to_csv(files["customers"], index=False)
    return files


def test_upsell_is_named_and_left_out_on_request(shop: dict[str, Path]) -> None:
    asked = ["recommend", shop["orders"], "--as-of", AS_OF, "--product-facts", shop["products"]]
    both = pd.DataFrame(json.loads(call(*asked, "--json").out))
    only = pd.DataFrame(json.loads(call(*asked, "--cross-sell-only", "--json").out))
    assert set(both["kind"]) == {"cross_sell", "upsell"}
    assert set(only["kind"]) == {"cross_sell"}
    customer = both.loc[both["kind"] == "upsell", "customer_id"].iloc[0]
    said = call(*asked, "--customer", customer, "--explain").out
    assert "  upsell\n" in said
    beside = pd.DataFrame(json.loads(call(*asked, "--context", "product", "--cross-sell-only", "--json").out))
    assert set(beside["kind"]) == {"cross_sell"}


def test_a_listed_customer_who_never_bought(shop: dict[str, Path]) -> None:
    asked = ["recommend", shop["orders"], "--as-of", AS_OF, "--customer", "never-bought"]
    assert call(*asked).code == 1
    found = json.loads(call(*asked, "--customer-facts", shop["customers"], "--offers", shop["offers"], "--json").out)
    assert [row["rank"] for row in found] == list(range(1, 11))
    assert {row["fallback_level"] for row in found} == {"shop"}
    assert call(*asked, "--customer-facts", shop["customers"], "--explain").out.startswith("never-bought\n   1. ")


def test_bought_next_shows_other_families_only(shop: dict[str, Path]) -> None:
    result = af.run(shop["orders"], products=shop["products"], as_of=AS_OF)
    assert result.conversion is not None
    table = result.conversion
    best = table.to_pandas().query("horizon_days == 90 and converted >= 10").nlargest(1, "hazard_ratio_lower")
    names = dict(zip(result.products.products.labels, result.products.name))
    pair = [names[best.iloc[0][side]][:34] for side in ("antecedent", "consequent")]

    def is_shown(told: str) -> bool:
        section = told.split("Bought next, within 90 days, from another product family")[1].split("\n\n", maxsplit=1)[0]
        return any(line.find(pair[0]) >= 0 and line.rfind(pair[1]) > line.find(pair[0]) for line in section.splitlines())

    assert is_shown(describe_result(result))
    kind = table.kind.copy()
    kind[best.index] = "upsell"
    assert not is_shown(describe_result(replace(result, conversion=replace(table, kind=kind))))
