"""The marketing page: its shell, the overview, products, and what it looks like to everybody."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import affinity as af
from affinity.plots.conversion import bound_curve
from affinity.release import open_release
from affinity.serve.page.registry import PAGES
from affinity.serve.page.search import Finder
from affinity.serve.page.timing import half_of_converters, share_in_window
from affinity.serve.pages import STATIC
from tests.serve.conftest import Served, run_shop, scrolls_sideways, serving, violations, visiting

ROOT = Path(__file__).parents[2]
FROM, TO = "espresso machine", "descaling tablets"

#: What stands for the parameters of an address of the registry, and the query that an address needs.
EXAMPLES = {"{product_id:path}": "espresso%20machine"}
QUERIES = {"/page/pair": "?from=espresso+machine&to=descaling+tablets"}


def addresses(served: Served) -> list[str]:
    """Every address of the registry that shows a page, with examples for what it needs."""
    found = []
    for address, place in PAGES.items():
        asked = address
        for parameter, example in EXAMPLES.items():
            asked = asked.replace(parameter, example)
        if "GET" not in place.methods or "{" in asked or "." in asked:
            continue
        asked += QUERIES.get(address, "")
        assert served.client.get(asked).status_code == 200, asked
        found.append(asked)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(browser: Any, served: Served, scheme: str) -> None:
    with visiting(browser, served, color_scheme=scheme, bypass_csp=True) as page:
        for address in addresses(served):
            page.goto(address)
            assert violations(page) == [], address


def test_no_page_is_wider_than_a_phone_and_each_has_its_landmarks(browser: Any, served: Served) -> None:
    with visiting(browser, served, viewport={"width": 360, "height": 740}) as page:
        for address in addresses(served):
            page.goto(address)
            assert not scrolls_sideways(page), address
            assert page.locator("main h1").count() == 1, address
            assert page.get_by_role("navigation", name="Pages").locator("[aria-current=page]").count() <= 1
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.className") == "skip"


def test_light_and_dark_differ(browser: Any, served: Served) -> None:
    shades = []
    for scheme in ("light", "dark"):
        with visiting(browser, served, color_scheme=scheme) as page:
            page.goto("/page")
            shades.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            page.goto(f"/page/pair{QUERIES['/page/pair']}")
            page.wait_for_load_state("networkidle")  # the picture is loaded lazily
            assert ("dark=1" in page.evaluate("document.querySelector('picture img').currentSrc")) == (scheme == "dark")
    assert shades[0] != shades[1]


def test_products_are_found_while_one_types_and_followed_with_the_keyboard(browser: Any, served: Served) -> None:
    with visiting(browser, served) as page:
        page.goto("/page/products")
        page.get_by_label("Name or id").press_sequentially("espresso mach")
        page.locator("#found caption", has_text="with “espresso mach”").wait_for()
        assert page.url.endswith("?q=espresso+mach") or "q=espresso%20mach" in page.url
        assert "espresso mach" in page.locator("[data-announced]").inner_text()
        page.keyboard.press("Tab")  # the button
        for _ in range(8):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.getAttribute('href')") == "/page/products/espresso%20machine":
                break
        page.keyboard.press("Enter")
        page.locator("h1", has_text="Espresso machine").wait_for()
        page.locator("table a").first.focus()
        said = page.locator("table a").first.inner_text()
        page.keyboard.press("Enter")
        page.locator("h1", has_text=said).wait_for()


def test_the_network_is_drawn_as_the_table_says_and_leads_on(browser: Any, served: Served) -> None:
    with visiting(browser, served) as page:
        page.goto("/page/products/espresso%20machine")
        page.locator("#graph canvas").first.wait_for()
        drawn = json.loads(page.locator("#graph").get_attribute("data-graph"))
        near = page.locator("section:has(#near) tbody th a")
        assert [node["name"] for node in drawn["nodes"][1:]] == near.all_inner_texts()[: len(drawn["nodes"]) - 1]
        assert page.evaluate("document.querySelector('#graph').graph.edges().length") == len(drawn["edges"]) > 0
        spot = page.evaluate(
            "(() => { const node = document.querySelector('#graph').graph.nodes()[1]; const box ="
            " document.querySelector('#graph').getBoundingClientRect(); const at = node.renderedPosition();"
            " return [box.x + at.x, box.y + at.y, node.data('name')]; })()"
        )
        page.mouse.click(spot[0], spot[1])
        page.locator("h1", has_text=spot[2]).wait_for()


def test_help_opens_and_closes_with_the_keyboard(browser: Any, served: Served) -> None:
    with visiting(browser, served) as page:
        page.goto("/page/products/espresso%20machine")
        page.get_by_role("button", name="What “Shrunk lift” means").first.focus()
        page.keyboard.press("Enter")
        page.get_by_text("the raw lift is no ranking").first.wait_for(state="visible")
        page.keyboard.press("Escape")
        page.get_by_text("the raw lift is no ranking").first.wait_for(state="hidden")


def test_everything_is_there_without_javascript(browser: Any, served: Served) -> None:
    with visiting(browser, served, java_script_enabled=False) as page:
        page.goto("/page/products")
        page.get_by_label("Name or id").fill("espresso machine")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Espresso machine", exact=True).click()
        page.get_by_role("link", name="Curve to Descaling tablets").first.click()
        assert page.locator("h1").inner_text() == "From Espresso machine to Descaling tablets"
        page.get_by_role("link", name="Espresso machine", exact=True).click()


def test_the_numbers_are_those_of_the_release(served: Served, folder: Path) -> None:
    release = open_release(folder)
    pairs = release.pairs[release.pairs["antecedent"] == FROM]
    pairs = pairs.sort_values(["lift_eb_lower", "count", "consequent"], ascending=[False, False, True])
    html = served.client.get("/page/products/espresso%20machine").text
    table = html[html.index('id="near"') : html.index('id="to"')]
    shown = re.findall(r'<th scope="row"><a href="/page/products/([^"]+)"', table)
    assert shown == [name.replace(" ", "%20") for name in pairs["consequent"].head(20)]
    assert f"{pairs['confidence'].iloc[0]:.1%}" in table
    rates = release.conversions.query("antecedent == @FROM and consequent == @TO").sort_values("horizon_days")
    html = served.client.get(f"/page/pair{QUERIES['/page/pair']}").text
    for row in rates.itertuples():
        if row.rate == row.rate:  # noqa: PLR0124
            assert f"{row.rate:.1%}" in html
            assert f"{row.lower:.1%} to {row.upper:.1%}" in html
    metrics = release.metrics[release.metrics["segment_by"].isna()].set_index("metric")
    html = served.client.get("/page").text
    assert f"{metrics['value']['repeat_customer_rate']:.1%}" in html
    assert f"{release.report['rows_kept']:,}" in html
    for said in release.report["warnings"]:
        assert said[:1].upper() + said[1:] in html.replace("&#39;", "'")


def test_what_is_not_there_is_said(served: Served) -> None:
    for address, said in (
        ("/page/products/no-such", "no such product"),
        ("/page/pair?from=no&to=nothing", "no such product"),
        ("/page/products?q=zzzzzz", "No product has “zzzzzz”"),
        ("/page/trend.svg?metric=nothing", "Fewer than two of the kept releases"),
    ):
        assert said in served.client.get(address).text
    assert served.client.get("/page/products/no-such").status_code == 404
    assert "<script>" not in served.client.get("/page/products?q=<script>alert(1)</script>").text.replace("<script src", "")
    for odd in ("offset=-1", "offset=999999999999", "offset=x", "sort=nothing&down=maybe"):
        assert served.client.get(f"/page/products?{odd}").status_code == 200
    names = [row.split(">")[1] for row in re.findall(r'<th scope="row"><a [^<]+', served.client.get("/page/products").text)]
    assert len(names) == len(set(names)) == 25


def test_trends_stand_over_the_kept_releases(shop: dict[str, Path], tmp_path: Path) -> None:
    early = af.run(shop["orders"], products=shop["products"], customers=shop["customers"], as_of="2024-07-01", horizon_days=30)
    early.publish(tmp_path / "shop")
    run_shop(shop).publish(tmp_path / "shop")
    with serving(tmp_path / "shop", tmp_path / "events", clock=lambda: 1727913600.0) as served:
        html = served.client.get("/page").text
        assert "2 days ago" in html
        assert "month old" not in html
        assert html.count('<tr><th scope="row">1 July 2024</th>') > 5
        for asked in ("", "&dark=1", "&narrow=1"):
            answer = served.client.get(f"/page/trend.svg?metric=repeat_customer_rate{asked}")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert served.client.get("/page/trend.svg?metric=repeat_customer_rate").content != answer.content


def test_search_is_quick_and_puts_the_best_first() -> None:
    finder = Finder.__new__(Finder)
    finder.ids = [f"P{code:05d}" for code in range(50_000)]
    finder.names = [f"Cup no. {code} {'blue' if code % 2 else 'red'}" for code in range(50_000)]
    finder.names[7] = "Blue cup"
    finder._words = [f"{name.lower()}\0{one.lower()}" for name, one in zip(finder.names, finder.ids)]
    finder.columns = {"baskets": np.arange(50_000, dtype=np.float64)}
    began = time.process_time()
    assert finder.find("blue CUP", "", falling=False)[:2] == [7, 49_999]
    assert finder.find("p00012", "", falling=False) == [12]
    assert finder.find("cup", "baskets", falling=False)[:2] == [0, 1]
    assert finder.find("cup", "name", falling=True)[0] == 9999
    assert time.process_time() - began < 5


def test_the_half_and_the_best_time_are_counted_right() -> None:
    day, events = np.arange(1, 41), np.ones(40, dtype=np.int64)
    at_risk = np.arange(100, 60, -1)  # nobody is lost: the curve is events/100
    half = half_of_converters(bound_curve(day, at_risk, events, eligible=100), events, 40)
    assert half is not None
    assert (half.days, half.lower, half.upper) == (20, 14, 27)  # 40·(½ ± 0.98/√40)
    even = share_in_window(day, at_risk, events, first=1, last=20, last_day=40)
    assert even is not None
    assert (even.events, even.of, even.share) == (20, 40, 0.5)
    assert even.even == pytest.approx(sum(range(81, 101)) / sum(range(61, 101)))
    assert not even.stands_out
    early = share_in_window(
        day[:20], at_risk[:20], np.r_[np.full(5, 8), np.ones(15)].astype(np.int64), first=1, last=5, last_day=20
    )
    assert early is not None
    assert early.stands_out
    assert half_of_converters(bound_curve(day[:9], at_risk[:9], events[:9], eligible=100), events[:9], 9) is None
    assert share_in_window(day[:9], at_risk[:9], events[:9], first=1, last=5, last_day=9) is None


def test_files_of_others_are_as_published() -> None:
    for folder in (STATIC / "vendored", Path(__file__).parent / "vendored"):
        told = dict(re.findall(r"^\| (\S+\.js) .* ([0-9a-f]{64}) \|$", (folder / "README.md").read_text(), flags=re.MULTILINE))
        assert told == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.js")}
        for path in folder.glob("*.js"):
            assert (folder / f"{path.name.split('-')[0]}-LICENSE.txt").is_file()


def test_the_wheel_holds_templates_static_files_and_licences(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    home = tmp_path / "project"
    shutil.copytree(ROOT / "affinity", home / "affinity", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, home / name)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=home, check=True)
    held = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    serve = ROOT / "affinity" / "serve"
    for folder in ("templates", "static"):
        files = [path for path in (serve / folder).rglob("*") if path.is_file()]
        assert files
        assert {path.relative_to(ROOT).as_posix() for path in files} <= held
