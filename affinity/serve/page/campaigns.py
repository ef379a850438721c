"""The campaign planner: choose products and customers, see what to expect and what can be measured, download the audience."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from affinity.campaigns import plan_text
from affinity.release.download import write_download
from affinity.serve.page.campaign_form import MOST_PRODUCTS, OBJECTIVES, Form, read_form, read_known
from affinity.serve.page.desk import Desk
from affinity.serve.page.pictures import draw
from affinity.serve.page.planner import Job, Planner
from affinity.serve.page.shell import PRIVATE, NotHere, View
from affinity.statistics.power import power_of, sample_size
from affinity.tables import CampaignPlan

#: Seconds that an answer waits for its plan before it says that the plan is still in the making.
PATIENCE = 2.0
#: Products listed to be ticked, rows of the audience shown, products in the table of what to expect.
LISTED, SHOWN, EXPECTED = 30, 8, 20

PLANNER = Planner()

#: Whether and how a release can be downloaded: ending -> media type.
KINDS = {
    "audience.csv": "text/csv; charset=utf-8",
    "audience.parquet": "application/vnd.apache.parquet",
    "plan.json": "application/json",
}


def view(desk: Desk, request: Request) -> View:
    """The form, and below it the plan where one was asked for (?plan=1)."""
    known = read_known(desk)
    if desk.shelf.packed is None or not desk.shelf.packed.has_model:
        return View("campaigns.html", {"form": None})
    form = read_form(request.query_params, known)
    asked = request.query_params.get("plan") == "1"
    values: dict[str, Any] = {
        "form": form, "known": known, "objectives": OBJECTIVES, "asked": asked, "job": None, "busy": False, "shown": None,
        "listed": _list_products(desk, form), "here": f"{request.url.path}?{request.url.query}", "most_products": MOST_PRODUCTS,
    }  # fmt: skip
    if not asked:
        return View("campaigns.html", values | {"form": _without_errors(form) if not request.url.query else form})
    if form.settings is None:
        return View("campaigns.html", values, 400)
    job = PLANNER.ask(form.key(desk.id), desk.release, form.settings)
    if job is None:
        return View("campaigns.html", values | {"busy": True}, 503)
    if "hx-request" not in request.headers:  # a page that looks again does not keep a worker from other pages
        job.over.wait(PATIENCE)
    if job.trouble is not None:
        form.errors["form"] = str(job.trouble)
        return View("campaigns.html", values, 400)
    shown = None if job.plan is None else _describe(desk, job, job.plan, form)
    return View("campaigns.html", values | {"job": job, "shown": shown})


def download(desk: Desk, request: Request) -> Response:
    """A plan's audience (.csv, .parquet) or its file (plan.json)."""
    plan, kind = _kept(request), request.path_params["file"]
    if kind not in KINDS:
        raise NotHere("There is no such file of a campaign: audience.csv, audience.parquet and plan.json are there.")
    body = plan_text(plan).encode() if kind == "plan.json" else write_audience(plan, kind)
    name = f"{_plain_name(plan.info['name'])}-{kind}"
    return Response(body, 200, {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}, KINDS[kind])


def power_picture(desk: Desk, request: Request) -> Response:
    """The power of a plan's test as a picture; ?rise= marks a rise hoped for."""
    plan = _kept(request)
    try:
        rise = min(max(float(request.query_params.get("rise", "0")), 0.0), 10.0)
    except ValueError:
        rise = 0.0

    def plot() -> Any:
        from affinity.plots.campaign import plot_power

        return plot_power(plan, rise=rise or None)

    return draw(desk, request, plot)


def write_audience(plan: CampaignPlan, name: str) -> bytes:
    """The audience with arm and reason as the file ``name`` (.csv, where nothing is a formula, or .parquet)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_download(plan.to_arrow().to_reader(), path)
        return path.read_bytes()


def _kept(request: Request) -> CampaignPlan:
    plan = PLANNER.find(request.path_params["plan"])
    if plan is None:
        raise NotHere(
            "This plan is no longer kept: the server keeps the last few. Preview it again; the same form gives the same plan."
        )
    return plan


def _plain_name(text: str) -> str:
    """A name for a file: letters, digits and dashes of ``text``."""
    kept = "".join(one if one.isascii() and one.isalnum() else "-" for one in text).strip("-")
    return kept[:40] or "campaign"


def _without_errors(form: Form) -> Form:
    form.errors.clear()
    return form


def _list_products(desk: Desk, form: Form) -> list[dict[str, Any]]:
    """The products to tick: those ticked already, then those found (most buyers first)."""
    shelf, found = desk.shelf, form.typed["find"].casefold()
    buyers = shelf.arrays["product_buyers"]
    ticked, _ = shelf.find_products(form.products)
    rest = (code for code in desk.once("most bought", lambda: (-buyers).argsort(kind="stable").tolist()) if code not in ticked)
    hits: list[int] = []
    for code in rest:
        if len(hits) == LISTED:
            break
        if not found or found in f"{shelf.name(code)}\n{shelf.product(code)}".casefold():
            hits.append(code)
    return [
        {"id": shelf.product(code), "name": shelf.name(code), "price": shelf.price(code), "buyers": int(buyers[code]),
         "ticked": code in ticked}
        for code in [*ticked[: 2 * MOST_PRODUCTS], *hits]
    ]  # fmt: skip


def _describe(desk: Desk, job: Job, plan: CampaignPlan, form: Form) -> dict[str, Any]:
    """What the page says of a plan."""
    info, sizes, power = plan.info, plan.info["sizes"], plan.info["power"]
    whole, parts = plan.expected[0], plan.expected[1:]
    return {
        "id": job.id,
        "info": info,
        "sizes": sizes,
        "whole": whole,
        "parts": [part | {"name": desk.name(part["product_id"])} for part in parts[:EXPECTED]],
        "further": len(parts) - EXPECTED if len(parts) > EXPECTED else 0,
        "rows": [_row(desk, plan, at) for at in range(min(SHOWN, len(plan)))],
        "gap": info["optimum"]["gap"],
        "warnings": _warn(info, form.rise),
        "curve": _curve(sizes, power, form.rise),
        "power": power,
        "rise": form.rise,
        "left_out": [(_say_state(reason), number) for reason, number in info["left_out"].items()],
        "playbook": _playbook(desk),
        "not_applied": _not_applied(desk),
        "customers": len(plan.customers),
    }


def _row(desk: Desk, plan: CampaignPlan, at: int) -> dict[str, Any]:
    """A row of the audience: customer, product, arm, fit, reason."""
    return {
        "customer": plan.customers.labels[plan.customer[at]],
        "product": desk.name(plan.products.labels[plan.product[at]]),
        "arm": "treated" if plan.treated[at] else "control",
        "fit": float(plan.fit[at]),
        "reason": plan.reason[at],
    }


def _warn(info: Mapping[str, Any], rise: float) -> list[str]:
    """What the test of a plan cannot see, and a cost that nothing expected can cover, in sentences."""
    power, sizes, whole = info["power"], info["sizes"], info["expected"][0]
    base, least = power["base_rate"], power["smallest_detectable"]
    if not sizes["audience"]:
        return []
    said = []
    if least is None:
        said.append(f"This campaign cannot be measured: {power['note']}. Hold out some customers, or plan a larger audience.")
    elif base * (1 + rise) < 1 and base * rise < least:
        said.append(_warn_of_power(base, rise, (sizes["treated"], sizes["control"]), power))
    if whole["revenue"] is not None and whole["cost"] > whole["revenue"]["upper"]:
        said.append(
            f"The offers cost {whole['cost']:,.2f}, more than all the revenue expected of these customers "
            f"({whole['revenue']['value']:,.2f}), most of which would come without an offer. Offer dearer products, aim for "
            "revenue, or find a cheaper way to offer."
        )
    return said


def _warn_of_power(base: float, rise: float, arms: tuple[int, int], power: Mapping[str, Any]) -> str:
    hoped = base * (1 + rise)
    seen = power_of(base, hoped, *arms, alpha=power["alpha"])
    needed = sum(sample_size(base, hoped, ratio=arms[1] / arms[0], alpha=power["alpha"], power=power["power"]))
    return (
        f"The test would most likely miss the rise you hope for. From {100 * base:.2f}% to {100 * hoped:.2f}% ({rise:+.0%}) it "
        f"would be told with a chance of {seen:.0%}; for {power['power']:.0%} it takes {needed:,} customers in both arms "
        f"together, and this plan has {sum(arms):,}. A larger audience, a larger holdout or a bolder offer helps. "
        "Finding nothing with this plan would not mean that there was no effect."
    )


def _curve(sizes: Mapping[str, int], power: Mapping[str, Any], rise: float) -> list[tuple[float, float, float]]:
    """(rise as a share of the base rate, in points, chance to tell it) at a few rises, that hoped for among them."""
    base = power["base_rate"]
    if power["smallest_detectable"] is None or not base:
        return []
    rises = sorted({0.05, 0.1, 0.2, 0.5, 1.0, rise})
    tell = partial(power_of, base, treated=sizes["treated"], control=sizes["control"], alpha=power["alpha"])
    return [(share, base * share, tell(base * (1 + share))) for share in rises if base * (1 + share) <= 1]


#: States of eligibility as a marketer says them; others are said by their own words.
STATES = {
    "not in the segments asked for": "Not in the segments asked for",
    "opted out": "Opted out",
    "suppressed_opt_out": "Opted out of marketing",
    "suppressed_ended": "No longer a customer",
    "suppressed_escalation": "After a support escalation",
    "suppressed_renewal_at_risk": "Near renewal while at risk",
    "tenure_too_short": "Customer for too short a time",
    "outside_best_time": "Outside the best time for an offer",
    "health_too_low": "Health score too low",
    "usage_too_low": "Uses too little",
    "not_active": "Not active lately",
    "owns nothing any more": "Has bought nothing that was kept",
    "eligible for none of the products": "Owns the products already, or fit below the minimum",
    "beyond the limits": "Eligible, but beyond the size, budget or places",
}


def _say_state(state: str) -> str:
    return STATES.get(state, state.removeprefix("suppressed_").replace("_", " ").capitalize())


def _playbook(desk: Desk) -> list[tuple[str, str]]:
    """The qualification rules of the release that are on, (rule, value) in words."""
    from affinity.eligibility.rules import make_rules
    from affinity.settings import EligibilitySettings

    packed = desk.shelf.packed
    assert packed is not None
    settings: EligibilitySettings = packed.settings.eligibility
    rules = make_rules(settings)
    days = "{} days"
    said = (
        ("Playbook", settings.preset, "{}"),
        ("Customer for at least", rules.min_tenure_days, days),
        ("Health score above", rules.min_health, "{:g}"),
        ("Usage above", rules.min_usage, "{:g}"),
        ("Active within", rules.max_idle_days, days),
        ("No support escalation within", rules.escalation_days, days),
        ("Not at risk within this long of renewal", rules.renewal_days, days),
        ("Not offered the same product within", rules.recently_offered_days, days),
        ("Status is none of", ", ".join(rules.suppressed_statuses), "{}"),
        ("Never with status", ", ".join(rules.opt_out_statuses), "{}"),
        ("Another product of an owned family", "not offered" if rules.same_family == "excluded" else "may be offered", "{}"),
    )
    return [(rule, form.format(value)) for rule, value, form in said if value not in (None, "")]


def _not_applied(desk: Desk) -> list[tuple[str, str]]:
    """Rules that could not be applied, with the reason."""
    rows = desk.ask("SELECT state, note FROM ledger WHERE note IS NOT NULL ORDER BY state")
    return [(_say_state(row["state"]), row["note"]) for row in rows]
