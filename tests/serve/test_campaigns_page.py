"""The campaign planner on the page: what it plans, what it refuses, what can be downloaded, without a mouse."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.campaigns import read_plan
from affinity.serve.page import campaigns
from affinity.serve.page.campaigns import write_audience
from affinity.serve.page.planner import MOST_WAITING, Job, Planner
from tests.serve.conftest import Served, serving, violations, visiting

ASKED = {"plan": "1", "name": "June", "size": "120", "cost": "0.5", "capacity": "60", "n_products": "3"}


def ask(served: Served, **changes: Any) -> Any:
    """The page with a plan asked for, once it is made."""
    given = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    until = time.monotonic() + 60
    while True:
        answer = served.client.get(f"/page/campaigns?{urlencode(given, doseq=True)}")
        if "is in the making" not in answer.text or time.monotonic() > until:
            return answer


def plan_id(text: str) -> str:
    """The id of the plan that a page links to."""
    return text.split("/audience.csv", maxsplit=1)[0].rsplit("/", 1)[1]


def test_a_page_that_looks_again_waits_for_no_plan(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "PATIENCE", 600.0)
    given = urlencode(ASKED | {"name": "somebody waits"})
    with campaigns.PLANNER._turn:  # another plan is in the making
        answer = served.client.get(f"/page/campaigns?{given}", headers={"HX-Request": "true"}, timeout=60)
    assert "is in the making" in answer.text


@pytest.fixture(scope="module")
def previewed(served: Served) -> str:
    """The page of a plan."""
    answer = ask(served)
    assert answer.status_code == 200
    return str(answer.text)


def test_the_preview_is_the_plan_of_the_release(served: Served, folder: Path, previewed: str) -> None:
    plan = af.plan_campaign(folder, name="June", size=120, cost=0.5, capacity=60, n_products=3)
    whole = plan.expected[0]
    assert f"<dd>{len(plan):,}<small>{plan.info['sizes']['treated']:,} are offered" in previewed
    assert f"<dd>{whole['cost']:,.2f}<small>" in previewed
    for label in plan.info["picked"]:
        assert f'<th scope="row">{label[0].upper()}' in previewed
    assert "Expected conversions are not effects." in previewed
    assert "would most likely miss the rise" in previewed
    assert "Eligible, but beyond the size, budget or places" in previewed
    direct = read_plan(_file(served, previewed, "plan.json"))
    assert direct.to_pandas().equals(plan.to_pandas())
    assert direct.info["power"] == plan.info["power"]


def _file(served: Served, page: str, name: str) -> Any:
    import tempfile

    answer = served.client.get(f"/page/campaigns/{plan_id(page)}/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="June-{name}"'
    assert answer.headers["cache-control"] == "no-store"
    path = Path(tempfile.mkdtemp()) / name
    path.write_bytes(answer.content)
    return path


def test_the_audience_is_downloaded_with_arms_and_reasons(served: Served, previewed: str) -> None:
    rows = pd.read_csv(_file(served, previewed, "audience.csv"))
    exact = pd.read_parquet(_file(served, previewed, "audience.parquet"))
    assert len(rows) == len(exact) == 120
    assert rows["arm"].value_counts().to_dict() == {"treated": 108, "control": 12}
    assert exact["reason"].notna().all()
    assert rows["customer_id"].tolist() == exact["customer_id"].tolist()
    for missing in ("ffff/plan.json", f"{plan_id(previewed)}/secrets.txt", "ffff/power.svg"):
        assert served.client.get(f"/page/campaigns/{missing}").status_code == 404


def test_a_spreadsheet_runs_no_formula_of_the_audience(folder: Path) -> None:
    plan = af.plan_campaign(folder, size=5)
    reasons = np.array(["=1+1", "+1+1", "-1-1", "@SUM(A1)", "\t=cmd"], dtype=object)
    written = write_audience(plan.because(reasons), "audience.csv")
    assert pd.read_csv(io.BytesIO(written))["reason"].tolist() == [f"'{text}" for text in reasons]
    kept = write_audience(plan.because(reasons), "audience.parquet")
    assert pd.read_parquet(io.BytesIO(kept))["reason"].tolist() == reasons.tolist()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limit": "budget", "budget": "-1"}, "“-1” is out of range"),
        ({"limit": "budget", "budget": "abc"}, "“abc” is no number"),
        ({"limit": "budget", "budget": "1000000000000"}, "“1000000000000” is out of range"),
        ({"limit": "budget", "budget": "nan"}, "“nan” is no number"),
        ({"limit": "budget", "budget": "50", "cost": "0"}, "A budget needs the cost of an offer"),
        ({"size": "1.5"}, "“1.5” is no whole number"),
        ({"size": ""}, "Say how many offers."),
        ({"how": "named", "product": ["nothing"]}, "There is no product “nothing”"),
        ({"how": "named"}, "Tick at least one product"),
        ({"category": "nowhere"}, "There is no category “nowhere”"),
        ({"where": "region=nowhere"}, "Nobody in this release has “region=nowhere”"),
        ({"where": "planet"}, "Nobody in this release has “planet”"),
        ({"strata": "planet"}, "There is no segment column “planet”"),
        ({"horizon_days": "30"}, "This release counts 90 days; “30” days need"),
        ({"holdout": "100"}, "“100” is out of range"),
        ({"how": "all"}, "“all” is none of choose, named"),
        ({"name": "x" * 90}, "At most 80 characters"),
        ({"name": "two\nlines"}, "At most 80 characters, on one line"),
        ({"salt": "\u202ebackwards"}, "At most 80 characters, on one line"),
        ({"maximise": "profit"}, "“profit” is none of"),
    ],
)
def test_what_cannot_be_planned_is_said_in_the_form(served: Served, changes: dict[str, Any], words: str) -> None:
    answer = ask(served, **changes)
    assert answer.status_code == 400
    assert words in answer.text
    assert 'role="alert"' in answer.text
    assert "<form" in answer.text


def test_script_is_text_and_a_budget_may_reach_nobody(served: Served) -> None:
    answer = ask(served, name="<script>alert(1)</script>", limit="budget", budget="0.1")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "the budget of 0.1 pays no offer" in answer.text
    asked = ask(served, salt="<b>&", where=["region=north"], strata="region", min_fit="1", maximise="value", holdout="0")
    assert asked.status_code == 200
    assert "This campaign cannot be measured" in asked.text


def test_a_cost_that_nothing_expected_covers_is_said(served: Served) -> None:
    assert "more than all the revenue expected" in ask(served, cost="500", size="50").text
    assert "more than all the revenue expected" not in ask(served, cost="0.01", size="50").text


def test_two_plans_at_once_are_made_one_after_the_other(served: Served) -> None:
    answers: dict[str, Any] = {}

    def plan(name: str) -> None:
        answers[name] = ask(served, name=name, size="40")

    threads = [threading.Thread(target=plan, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    widget = served.ask(context="product", product_ids=["dish soap"])
    for thread in threads:
        thread.join()
    assert widget["items"]
    assert {answer.status_code for answer in answers.values()} == {200}
    assert len({plan_id(answer.text) for answer in answers.values()}) == 2


def test_plans_wait_for_their_turn_up_to_a_number_and_few_are_kept() -> None:
    planner, go = Planner(), threading.Event()

    def work(job: Job) -> Any:
        go.wait(30)
        return []

    begun = [planner._begin(str(number), work) for number in range(MOST_WAITING + 3)]
    assert [job is None for job in begun] == [False] * (MOST_WAITING + 1) + [True] * 2
    go.set()
    for job in begun:
        if job is not None:
            assert job.over.wait(30)
    for number in range(20):
        more = planner._begin(f"more {number}", work)
        assert more is not None
        assert more.over.wait(30)
    time.sleep(0.05)
    assert planner.find("0") is None
    assert planner.find("more 19") == []


def test_a_widget_key_sees_no_audience(folder: Path, tmp_path: Path, previewed: str) -> None:
    from affinity.serve.keys import add_key, read_keys

    keys = tmp_path / "keys"
    widget = add_key(keys, "widget")
    page = add_key(keys, "page", "page")
    with serving(folder, tmp_path / "events", keys=read_keys(keys)) as closed:
        address = f"/page/campaigns/{plan_id(previewed)}/audience.csv"
        for key, status in (("", (303, 307, 401)), (widget, (303, 307, 401, 403))):
            answer = closed.client.get(address, headers={"X-API-Key": key} if key else {})
            assert answer.status_code in status
            assert "customer_id" not in answer.text
        assert closed.client.get(address, headers={"X-API-Key": page}).status_code in (200, 303, 307, 401, 404)


def test_choose_preview_and_download_with_the_keyboard_only(browser: Any, served: Served, tmp_path: Path) -> None:
    with visiting(browser, served, accept_downloads=True, bypass_csp=True) as page:
        page.goto("/page/campaigns")
        assert violations(page) == []
        page.get_by_label("These products", exact=True).focus()
        page.keyboard.press("Space")
        page.get_by_label("Find a product").focus()
        page.keyboard.type("dish")
        page.wait_for_function("document.querySelectorAll('#products input').length < 10")
        page.get_by_label("Dish soap").focus()
        page.keyboard.press("Space")
        page.get_by_label("Customers, held out included").fill("60")
        page.get_by_role("button", name="Preview the plan").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".downloads")
        assert violations(page) == []
        assert page.locator("#plan tbody th").first.inner_text() == "Dish soap"
        with page.expect_download() as found:
            page.get_by_role("link", name="Audience (CSV)").focus()
            page.keyboard.press("Enter")
        rows = pd.read_csv(found.value.path())
        assert set(rows["product_id"]) == {"dish soap"}
        assert len(rows) == 60


def test_the_planner_works_without_scripts(browser: Any, served: Served) -> None:
    with visiting(browser, served, java_script_enabled=False, viewport={"width": 360, "height": 740}) as page:
        page.goto("/page/campaigns")
        page.get_by_label("Customers, held out included").fill("50")
        page.get_by_role("button", name="Preview the plan").click()
        for _ in range(20):
            if page.locator(".downloads").count():
                break
            again = page.get_by_role("link", name="Look again")
            if again.count():
                again.click()
            else:  # such as while plans of other tests wait for their turn
                page.wait_for_timeout(1000)
                page.reload()
        assert page.locator(".downloads").count() == 1
