"""What broke the pages once: browsers' forms, ids of all kinds, releases that lack parts, damaged files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest

import affinity as af
from affinity.serve.keys import Keys, hash_key
from affinity.serve.page.network import product_href
from tests.serve.conftest import Served, serving, visiting

#: Ids that a shop may have and that a page may take for something else.
ODD = [
    "a/b",
    "a%2Fb",
    "a?b=c",
    "a#b",
    "../x",
    "..",
    ".",
    "{{7*7}}",
    '<i onclick="x">',
    "'\"",
    "=1+1",
    "😀",
    "\u202eb",
    "AB",
    "ab",
]

PAGES = (
    "/page", "/page/products", "/page/rules", "/page/segments", "/page/tree", "/page/campaigns", "/page/trust",
    "/page/tree.svg", "/page/tree/waterfall.svg", "/page/trust/calibration.svg", "/page/rules.csv",
)  # fmt: skip


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over a release whose products are called ODD, each pair of neighbours in six baskets."""
    rows = [
        {"order_id": f"o{one}-{n}", "product_id": name}
        for one in range(len(ODD))
        for n in range(6)
        for name in (ODD[one - 1], ODD[one])
    ]
    folder = tmp_path_factory.mktemp("odd")
    af.run(pd.DataFrame(rows), min_count=2).publish(folder / "shop")
    with serving(folder / "shop", folder / "events") as found:
        yield found


def test_people_sign_in_and_out_with_a_browser(browser: Any, folder: Path, tmp_path: Path) -> None:
    keys = Keys({"marketing": hash_key("ak_page")}, {"marketing": "page"})
    with serving(folder, tmp_path, keys=keys) as served, visiting(browser, served) as page:
        page.goto("/page/rules")
        page.fill("#key", "ak_page")
        page.click("main button")
        page.wait_for_url("**/page")
        assert page.title() == "Overview · Affinity"
        page.click("text=Sign out")
        page.wait_for_url("**/page/sign-in")
        page.goto("/page")
        assert page.title() == "Sign in · Affinity"


def test_on_a_phone_the_first_column_of_a_table_stays(browser: Any, odd: Served) -> None:
    with visiting(browser, odd, viewport={"width": 360, "height": 740}) as page:
        page.goto("/page/rules")
        frame, cell = page.locator(".scroll:has(#rules)"), page.locator("#rules tbody tr:first-child th")
        before = cell.bounding_box()["x"]
        frame.evaluate("frame => frame.scrollLeft = 150")
        assert frame.evaluate("frame => frame.scrollLeft") == 150
        assert cell.bounding_box()["x"] == before


def test_head_is_answered_as_get_is(served: Served) -> None:
    for address in ("/page", "/page/products", "/page/sign-in", "/v1/recommendations"):
        answer = served.client.head(address)
        assert (answer.status_code, answer.content) == (served.client.get(address).status_code, b"")


def test_a_body_that_no_page_asks_for_is_not_read_for_ever(served: Served) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(60):
            yield b"x" * 10_000

    for address in ("/page", "/page/rules"):
        answer = served.client.request("GET", address, content=parts())
        assert answer.status_code in (200, 413)
    assert served.client.get("/page").status_code == 200


def test_products_of_every_name_have_a_page_that_browsers_find(odd: Served, browser: Any) -> None:
    for name in ODD:
        answer = odd.client.get(product_href(name))
        assert answer.status_code == 200, name
        assert "<i onclick" not in answer.text
    with visiting(browser, odd) as page:
        page.goto("/page/products")
        names = page.locator("#found tbody th a").all_inner_texts()
        assert sorted(names) == sorted(ODD)
        page.goto("/page/rules")
        linked = {}
        for link in page.locator("#rules tbody th a").all():
            linked[link.inner_text()] = link.evaluate("link => link.href")
        assert set(linked) == set(ODD)
        for name in ODD:
            page.goto(linked[name])
            assert page.locator("h1").inner_text() == name


@pytest.mark.parametrize("lacking", [["ordered_at"], ["customer_id"], ["ordered_at", "customer_id"]], ids=" and ".join)
def test_pages_of_releases_without_dates_or_customers(lacking: list[str], tmp_path: Path) -> None:
    rows = [
        {"order_id": f"o{n}", "customer_id": f"c{n % 9}", "product_id": name, "ordered_at": f"2024-03-{1 + n % 28:02}"}
        for n in range(40)
        for name in (["x", "y"] if n % 3 else ["x", "z"])
    ]
    af.run(pd.DataFrame(rows).drop(columns=lacking)).publish(tmp_path / "shop")
    with serving(tmp_path / "shop", tmp_path / "events") as served:
        found = {
            address: served.client.get(address).status_code
            for address in (*PAGES, "/page/products/x", "/page/pair?from=x&to=y")
        }
    assert {address: status for address, status in found.items() if status not in (200, 404)} == {}


def test_a_plan_without_probabilities_says_why(tmp_path: Path) -> None:
    rows = [{"order_id": f"o{n}", "customer_id": f"c{n % 20}", "product_id": f"p{7 * n % 12}"} for n in range(60)]
    af.run(pd.DataFrame(rows)).publish(tmp_path / "shop")
    with serving(tmp_path / "shop", tmp_path / "events") as served:
        for chosen in ("", "&how=named&product=p1"):
            answer = served.client.get(f"/page/campaigns?plan=1{chosen}")
            assert answer.status_code == 400
            assert "Fit is no probability here" in answer.text


def test_pages_of_a_shop_of_one_product(tmp_path: Path) -> None:
    rows = [
        {"order_id": f"o{n}", "customer_id": f"c{n % 2}", "product_id": "x", "ordered_at": f"2024-03-0{1 + n}"}
        for n in range(4)
    ]
    af.run(pd.DataFrame(rows)).publish(tmp_path / "shop")
    assert failures(tmp_path, "/page/products/x", "/page/pair?from=x&to=x") == {}


def failures(home: Path, *more: str) -> dict[str, int]:
    """The pages of the release in home/shop that are neither shown nor said not to be there, with their status."""
    with serving(home / "shop", home / "events") as served:
        found = {address: served.client.get(address).status_code for address in (*PAGES, *more)}
    return {address: status for address, status in found.items() if status not in (200, 404)}


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"PAR1 nothing PAR1")], ids=["gone", "damaged"])
def test_a_file_that_is_gone_or_damaged_costs_its_own_pages_only(
    harm: Callable[[Path], Any], odd: Served, tmp_path: Path, result: af.Result
) -> None:
    result.publish(tmp_path / "shop")
    with serving(tmp_path / "shop", tmp_path / "events") as served:
        harm((tmp_path / "shop" / "current").resolve() / "rules.parquet")
        for address in ("/page/rules", "/page/rules.csv"):
            answer = served.client.get(address)
            assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
            assert "cannot be shown" in answer.text
            assert str(tmp_path) not in answer.text
        assert served.client.get("/page/products").status_code == 200
        assert served.client.get("/v1/recommendations").status_code == 200
        failed = [json.loads(line) for line in served.log.getvalue().splitlines() if "view_failed" in line]
    assert [line["view"].rpartition(":")[2] for line in failed] == ["view", "as_csv"]


def test_an_address_is_not_taken_for_another(odd: Served) -> None:
    for name in ("..%2F..%2Fetc%2Fpasswd", "%00", "%0d%0aSet-Cookie:%20a=b", quote("x" * 5000), "%ff%fe"):
        answer = odd.client.get(f"/page/products/{name}")
        assert answer.status_code == 404
        assert "set-cookie" not in answer.headers
