"""The widget and the demo shop: what is served, and what it does in a real browser (Debian's Chromium)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha384
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from affinity.errors import SettingsError
from affinity.serve.event_log import read_events
from affinity.serve.options import ServeOptions
from affinity.serve.pages import STATIC
from tests.serve.conftest import Served, run_shop, serving

WIDGET = "/static/affinity-recommendations.js"
EVIL = "<img src=x onerror=document.title='broken'>"


@pytest.fixture(scope="module")
def shown(shop: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the demo shop, whose products' names hold markup."""
    home = tmp_path_factory.mktemp("demo")
    products = pd.read_csv(shop["products"], dtype=str)
    products["name"] = products["name"] + EVIL
    run_shop({**shop, "products": products}).publish(home / "shop")  # type: ignore[dict-item]
    with serving(home / "shop", home / "events", demo=True) as found:
        yield found


def test_the_files_are_served_as_what_they_are(shown: Served, served: Served) -> None:
    for route, kind in ((WIDGET, "text/javascript"), ("/static/demo.css", "text/css"), ("/demo", "text/html")):
        answer = shown.client.get(route)
        assert (answer.status_code, answer.headers["content-type"]) == (200, f"{kind}; charset=utf-8")
        assert answer.headers["content-security-policy"].startswith("default-src 'self'; object-src 'none'")
        again = shown.client.get(route, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert served.client.get(WIDGET, headers={"Origin": "https://shop.example"}).headers["access-control-allow-origin"]
    for route in ("/demo", "/demo/shop.json", "/static/demo.html", "/static/", "/static/none.js"):
        assert served.client.get(route).status_code == 404


def test_no_file_needs_another_server_or_writes_markup() -> None:
    for path in (path for path in STATIC.iterdir() if path.is_file()):
        text = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), path.name
        spoken = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        assert not re.search(r"https?://", spoken), path.name
        if path.suffix == ".html":
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\bstyle=|javascript:", text), path.name
            assert set(re.findall(r'(?:src|href)="([^"#]+)"', text)) <= {f"/static/{one.name}" for one in STATIC.iterdir()}
        assert not re.search(r"^\s*import\b", text, flags=re.MULTILINE), path.name


def test_the_widget_has_an_address_that_never_changes_what_it_gives(shown: Served) -> None:
    tag = re.search(r"<script[^>]*integrity[^>]*>", shown.client.get("/demo").text)
    assert tag is not None
    source, integrity = (re.search(f'{name}="([^"]+)"', tag[0])[1] for name in ("src", "integrity"))  # type: ignore[index]
    answer, plain = shown.client.get(source), shown.client.get(WIDGET)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "public, max-age=600"
    assert answer.content == plain.content
    assert integrity == "sha384-" + b64encode(sha384(answer.content).digest()).decode()
    assert re.fullmatch(r"/static/affinity-recommendations\.[0-9.]+-[0-9a-f]{8}\.js", source)


def test_the_demo_is_for_this_machine_only() -> None:
    with pytest.raises(SettingsError, match="demo shop is for this machine"):
        ServeOptions(demo=True, keys=object())  # type: ignore[arg-type]


@pytest.fixture
def page(browser: Any, shown: Served) -> Iterator[Any]:
    """A page of a fresh visitor; every error and every address that it asks are kept."""
    context = browser.new_context(base_url=str(shown.client.base_url), reduced_motion="reduce")
    page = context.new_page()
    page.faults, page.asked = [], []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    context.close()


def names(page: Any) -> list[str]:
    """What the widget shows."""
    page.wait_for_selector("affinity-recommendations [part=list]")
    return list(page.locator("affinity-recommendations [part=name]").all_inner_texts())


def until(page: Any, expression: str) -> None:
    """Wait until an expression holds (by questions from outside: the page's policy forbids eval within)."""
    for _ in range(500):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(expression)


def test_the_demo_shows_each_context_as_the_api_answers(page: Any, shown: Served) -> None:
    product = shown.client.get("/demo/shop.json").json()["products"][0]["id"]
    customer = shown.client.get("/demo/shop.json").json()["customers"][0]

    def told(**asked: Any) -> list[str]:
        return [item["name"] for item in shown.ask(limit=6, **asked)["items"]]

    page.goto("/demo")
    assert names(page) == told()
    page.select_option("#customer", customer)
    page.wait_for_selector(f"affinity-recommendations[customer-id='{customer}'] [part=list]")
    assert names(page) == told(customer_id=customer)
    page.goto(f"/demo#product/{product}")
    page.wait_for_selector("affinity-recommendations[context=product] [part=list]")
    chosen = page.locator("#customer").input_value()
    assert names(page) == told(context="product", product_ids=[product], **({"customer_id": chosen} if chosen else {}))
    page.get_by_role("button", name="Add to the cart").click()
    page.wait_for_selector("affinity-recommendations[context=cart][products] [part=list]")
    asked = {"customer_id": page.locator("#customer").input_value()} if page.locator("#customer").input_value() else {}
    assert names(page) == told(context="cart", product_ids=[product], **asked)
    assert all(EVIL in name for name in names(page))
    assert page.title() == "Demo shop"
    assert page.faults == []
    assert {address.split("/")[2] for address in page.asked} == {f"127.0.0.1:{shown.client.base_url.port}"}


def test_it_can_be_read_and_used_without_a_mouse(page: Any) -> None:
    page.goto("/demo")
    shown = names(page)
    region = page.get_by_role("region", name="Popular now")
    assert region.get_by_role("heading", level=2).inner_text() == "Popular now"
    assert region.get_by_role("list").count() == 1
    assert region.get_by_role("listitem").count() == len(shown)
    region.get_by_role("link").first.focus()
    assert page.evaluate(
        "getComputedStyle(document.querySelector('affinity-recommendations').shadowRoot.activeElement).outlineWidth"
    )
    assert region.get_by_role("link").first.evaluate("a => getComputedStyle(a).transitionDuration") == "0s"
    page.keyboard.press("Enter")
    page.wait_for_url("**#product/*")


def test_what_is_seen_and_clicked_is_written_once(page: Any, shown: Served) -> None:
    page.goto("/demo")
    page.locator("affinity-recommendations [part=link]").first.wait_for()  # the page's own first answer has been heard of
    page.evaluate(
        "window.heard = []; for (const kind of ['loaded', 'click'])"
        " document.addEventListener('affinity:' + kind, (event) => window.heard.push([kind, event.detail.request_id]))"
    )
    page.evaluate("document.querySelector('affinity-recommendations').reload()")
    until(page, "window.heard.length == 1")
    with page.expect_response(lambda answer: "/v1/events" in answer.url and b"click" in answer.request.post_data_buffer):
        page.locator("affinity-recommendations [part=link]").first.click()
    (_, request), (kind, same) = page.evaluate("window.heard.slice(0, 2)")
    assert (kind, same) == ("click", request)
    for _ in range(100):
        events = [event for event in read_events(shown.app.state.events_folder) if event.get("request_id") == request]
        if {event["type"] for event in events} == {"impression", "click"}:
            break
        page.wait_for_timeout(20)
    clicks = [event for event in events if event["type"] == "click"]
    assert [(event["rank"], event["placement"]) for event in clicks] == [(1, "demo.customer")]
    seen = [event["product_id"] for event in events if event["type"] == "impression"]
    assert clicks[0]["product_id"] in seen
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("trouble", ["away", "refused", "empty", "nonsense"])
def test_it_draws_nothing_rather_than_something_broken(page: Any, trouble: str) -> None:
    body = {"empty": '{"items": [], "request_id": "r", "group": "control"}', "nonsense": "<html>"}.get(trouble, "{}")

    def answer(route: Any) -> None:
        if trouble == "away":
            route.abort()
        else:
            route.fulfill(status=500 if trouble == "refused" else 200, body=body, content_type="application/json")

    page.route("**/v1/recommendations", answer)
    with page.expect_request("**/v1/recommendations"):
        page.goto("/demo")
    until(page, "!document.querySelector('affinity-recommendations').hasAttribute('aria-busy')")
    assert page.locator("affinity-recommendations [part]").count() == 0
    page.evaluate("document.querySelector('affinity-recommendations').append('instead')")
    assert page.locator("affinity-recommendations").inner_text() == "instead"
    assert page.faults == []


def test_addresses_of_products_are_never_scripts(page: Any) -> None:
    page.goto("/demo")
    names(page)
    page.evaluate("document.querySelector('affinity-recommendations').setAttribute('href', 'javascript:alert(1)//{id}')")
    page.wait_for_selector("affinity-recommendations button[part=link]")
    assert page.locator("affinity-recommendations a").count() == 0


def test_after_an_order_the_widget_shows_what_follows_it(page: Any, shown: Served) -> None:
    first, second = (product["id"] for product in shown.client.get("/demo/shop.json").json()["products"][:2])
    page.goto(f"/demo#product/{first}")
    page.get_by_role("button", name="Add to the cart").click()
    page.wait_for_selector("affinity-recommendations[context=cart][products] [part=list]")
    page.goto(f"/demo#product/{second}")
    page.get_by_role("button", name="Add to the cart").click()
    page.get_by_role("button", name="Buy").click()
    page.wait_for_selector("affinity-recommendations[context=order_confirmation] [part=list]")
    told = shown.ask(context="order_confirmation", product_ids=[first, second], limit=6)["items"]
    assert names(page) == [item["name"] for item in told]
    reasons = page.locator("affinity-recommendations [part=reason]").all_inner_texts()
    assert reasons == [item["reason"] for item in told]
    assert not any("lift" in reason or "[" in reason.replace(EVIL, "") for reason in reasons)
    orders = [event for event in read_events(shown.app.state.events_folder) if event["type"] == "purchase"]
    assert {event["product_id"] for event in orders[-2:]} == {first, second}
    assert page.faults == []
