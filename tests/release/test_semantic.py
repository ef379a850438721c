"""The Cube data model: its structure, its columns, and the SQL of its measures on a published release."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import yaml

from affinity.release import offer_columns, write_release
from affinity.release.schema import TABLES
from affinity.release.semantic import CUBES, VIEWS, cube_model
from tests.makers import make_lines, make_offers
from tests.release.content import REPORT, make_identity, make_tables

MEASURE_TYPES = {
    "sum": "SUM({})",
    "max": "MAX({})",
    "count": "COUNT(*)",
    "count_distinct": "COUNT(DISTINCT {})",
    "number": "{}",
}
DIMENSION_TYPES = {"string", "number", "time", "boolean"}
KEYS = {
    "cube": {"name", "sql_table", "title", "description", "measures", "dimensions", "joins"},
    "measure": {"name", "sql", "type", "title", "description"},
    "dimension": {"name", "sql", "type", "title", "description", "primary_key"},
    "join": {"name", "relationship", "sql"},
}

MODEL = yaml.safe_load(cube_model())


def render(cube: dict[str, Any], name: str) -> str:
    """A measure as SQL, the measures that it names put in."""
    measure = next(one for one in cube["measures"] if one["name"] == name)
    sql = measure.get("sql", "").replace("{CUBE}", cube["name"])
    sql = re.sub(r"\{(\w+)\}", lambda found: f"({render(cube, found[1])})", sql)
    return MEASURE_TYPES[measure["type"]].format(sql)


def ask(release: Path, cube: dict[str, Any], sql: str, where: str = "TRUE") -> Any:
    """The value of ``sql`` over the cube's published table."""
    table = f"read_parquet('{release}/{cube['sql_table']}.parquet')"
    return duckdb.sql(f'SELECT {sql} FROM {table} AS "{cube["name"]}" WHERE {where}').fetchall()[0][0]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with four offers made (and a control), of which one was accepted and one is too young to tell."""
    lines = make_lines([(f"o{i}", f"c{i}", "tea", "2024-01-01") for i in range(5)], products=["milk"])
    rows = [
        ("c0", "milk", "2024-02-01", 1, "spring"), ("c1", "milk", "2024-02-01", 0, "spring"),
        ("c1", "tea", "2024-02-02", None, "spring"), ("c2", "milk", "2024-03-28", None, "late"),
        ("c3", "milk", "2024-02-01", 0, "spring", False), ("c4", "milk", "2024-04-05", None, "future"),
    ]  # fmt: skip
    offers = make_offers(rows, lines.customers, lines.products)
    day = int(np.datetime64("2024-04-01", "D").astype(int))
    table = offer_columns(offers, offers.accepted == 1, window_days=14, as_of_day=day)
    tables = make_tables() | {"offers": table}
    return write_release(tmp_path_factory.mktemp("release") / "shop", tables, report=REPORT, identity=make_identity())


def test_a_campaign_of_the_future_is_not_even_named() -> None:
    lines = make_lines([("o1", "c1", "tea", "2024-01-01")])
    rows = [("c1", "tea", "2024-02-01", 1, "spring"), ("c1", "tea", "2024-05-05", None, "autumn")]
    offers = make_offers([*rows, ("c1", "tea", "2024-02-02", 0, None)], lines.customers, lines.products)
    day = int(np.datetime64("2024-04-01", "D").astype(int))
    campaign = offer_columns(offers, offers.accepted == 1, window_days=14, as_of_day=day)["campaign"]
    assert campaign.labels.tolist() == ["spring"]
    assert campaign.decode().tolist() == ["spring", None]


def test_the_model_says_in_yaml_what_it_says_in_python() -> None:
    assert {"cubes": [dict(cube) for cube in CUBES], "views": [dict(view) for view in VIEWS]} == MODEL


@pytest.mark.parametrize("cube", MODEL["cubes"], ids=lambda cube: cube["name"])
def test_a_cube_is_one_that_cube_would_compile(cube: dict[str, Any]) -> None:
    assert set(cube) <= KEYS["cube"]
    assert cube["sql_table"] in TABLES
    members = [one["name"] for kind in ("measures", "dimensions") for one in cube[kind]]
    assert len(set(members)) == len(members)
    assert all(re.fullmatch(r"[A-Za-z]\w*", name) for name in [cube["name"], *members])
    assert sum(one.get("primary_key", False) for one in cube["dimensions"]) == 1
    for measure in cube["measures"]:
        assert set(measure) <= KEYS["measure"]
        assert measure["type"] in MEASURE_TYPES
        assert ("sql" in measure) == (measure["type"] != "count")
        named = set(re.findall(r"\{(\w+)\}", measure.get("sql", ""))) - {"CUBE"}
        assert named <= set(members)
        assert bool(named) == (measure["type"] == "number")
    for dimension in cube["dimensions"]:
        assert set(dimension) <= KEYS["dimension"]
        assert dimension["type"] in DIMENSION_TYPES
    for join in cube.get("joins", []):
        assert set(join) == KEYS["join"]
        assert join["name"] in {one["name"] for one in MODEL["cubes"]}
    for text in [one.get("sql", "") for kind in ("measures", "dimensions", "joins") for one in cube.get(kind, [])]:
        for column in re.findall(r'\{CUBE\}\."?(\w+)', text):
            assert column in TABLES[cube["sql_table"]], column


def test_the_views_name_members_that_exist() -> None:
    members = {cube["name"]: {m["name"] for kind in ("measures", "dimensions") for m in cube[kind]} for cube in MODEL["cubes"]}
    for view in MODEL["views"]:
        for part in view["cubes"]:
            assert set(part["includes"]) <= members[part["join_path"].rpartition(".")[2]]


def test_every_measure_and_dimension_is_sql_that_runs(release: Path) -> None:
    for cube in MODEL["cubes"]:
        for measure in cube["measures"]:
            ask(release, cube, render(cube, measure["name"]))
        for dimension in cube["dimensions"]:
            ask(release, cube, f"COUNT({dimension['sql'].replace('{CUBE}', cube['name'])})")
        key = next(one for one in cube["dimensions"] if one.get("primary_key"))["sql"].replace("{CUBE}", cube["name"])
        assert ask(release, cube, f"COUNT(*) = COUNT(DISTINCT {key})"), cube["name"]


def test_the_measures_of_s4_count_offers_and_are_null_over_none(release: Path) -> None:
    cube = MODEL["cubes"][0]
    assert {one["name"] for one in cube["measures"]} >= {
        "crossSellPurchases",
        "totalCrossSellOffers",
        "crossSellConversionRate",
    }
    kinds = {one["name"]: one["type"] for one in cube["dimensions"]}
    assert (kinds["customerId"], kinds["offerDate"]) == ("string", "time")
    assert ask(release, cube, render(cube, "crossSellPurchases")) == 1
    assert ask(release, cube, render(cube, "totalCrossSellOffers")) == 4
    assert ask(release, cube, render(cube, "crossSellConversionRate")) == 25.0
    assert ask(release, cube, render(cube, "customersOffered")) == 3
    assert ask(release, cube, render(cube, "crossSellConversionRate"), "campaign = 'nothing'") is None
    assert ask(release, cube, "MIN(customer_id)") == "c0"


def test_an_offer_that_may_yet_be_accepted_is_null_and_what_is_published_is_the_model(release: Path) -> None:
    cube = MODEL["cubes"][0]
    assert ask(release, cube, "COUNT(*)", "accepted IS NULL") == 1
    assert ask(release, cube, "campaign", "accepted IS NULL") == "late"
    assert (release / "semantic" / "cubes.yml").read_text() == cube_model()
