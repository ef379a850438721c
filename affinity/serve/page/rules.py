"""The rules table: what is bought with what, sorted, filtered, paged and taken away."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from affinity.serve.page.asked import Unclear, read_name, read_number, read_text, read_whole
from affinity.serve.page.desk import Desk
from affinity.serve.page.formats import between, percent, times, words
from affinity.serve.page.network import product_href
from affinity.serve.page.rule_query import (
    ALWAYS,
    CONTROLLED,
    RuleFilter,
    RuleQuery,
    count_rules,
    export_question,
    formula_of,
    list_rules,
    measure_columns,
    shrunk_lifts,
)
from affinity.serve.page.shell import View

#: Rules on a page, and rows of a release that are looked at, at most.
A_PAGE, MOST = 50, 10**9

#: What hides a rule, for people.
HIDDEN = {
    "antecedent": "the text looked for on the left",
    "consequent": "the text looked for on the right",
    "min_count": "too few baskets",
    "min_confidence": "too low a confidence",
    "max_q": "too large a q-value, or none",
    "max_size": "too many products",
}

_TITLES = {
    "gain": "Gain over chance, at least",
    "q_value": "q-value",
    "count": "Baskets together",
    "size": "Products in the rule",
}
_SHARES = {"support", "confidence"}


def view(desk: Desk, request: Request) -> View:
    """A page of the rules that the query asks for."""
    asked = read_query(desk, request)
    counts = count_rules(desk, asked.filter)
    offset = read_whole(request, "offset", 0, MOST) or 0
    offset = min(offset, max(counts["matched"] - 1, 0)) // A_PAGE * A_PAGE
    rules = list_rules(desk, asked, offset, A_PAGE)
    lifts = shrunk_lifts(desk, rules)
    extra = None if asked.sort in ALWAYS else asked.sort
    values = {
        "given": _given(request, asked),
        "rows": [_row(desk, rule, lifts, extra) for rule in rules],
        "extra": None if extra is None else {"name": extra, "title": title_of(extra)},
        "counts": counts,
        "hidden": [(counts[name], said) for name, said in HIDDEN.items() if counts.get(name)],
        "offset": offset,
        "limit": A_PAGE,
        "measures": [{"name": name, "title": title_of(name)} for name in measure_columns(desk)],
        "formulas": [(title_of(name), *formula_of(name)) for name in measure_columns(desk) if formula_of(name)[0]],
        "controlled": CONTROLLED,
    }
    return View("rules.html", values)


def as_csv(desk: Desk, request: Request) -> Response:
    """The rules asked for as CSV, all of them."""
    return _file(desk, request, ".csv", "text/csv; charset=utf-8")


def as_parquet(desk: Desk, request: Request) -> Response:
    """The rules asked for as Parquet, all of them."""
    return _file(desk, request, ".parquet", "application/vnd.apache.parquet")


def read_query(desk: Desk, request: Request) -> RuleQuery:
    """The filter and the order that the query of an address means; Unclear for what it cannot mean."""
    found = RuleFilter(
        antecedent=read_text(request, "antecedent"),
        consequent=read_text(request, "consequent"),
        min_count=read_whole(request, "min_count", 0, MOST),
        min_confidence=_share(read_number(request, "min_confidence", 0, 100)),
        max_q=read_number(request, "max_q", 0, 1),
        max_size=read_whole(request, "max_size", 2, 1000),
    )
    sort = read_name(request, "sort", measure_columns(desk), "gain")
    down = read_text(request, "down")
    if down not in ("", "0", "1"):
        raise Unclear(f"Down is {down!r}. It must be 1 or 0.")
    first = "" if "sort" in request.query_params or "down" in request.query_params else "1"
    return RuleQuery(found, sort, (down or first) == "1")


def title_of(measure: str) -> str:
    """A measure's name for people."""
    return _TITLES.get(measure, words(measure))


def _share(percents: float | None) -> float | None:
    return None if percents is None else percents / 100


def _given(request: Request, asked: RuleQuery) -> dict[str, str]:
    """The query as the template takes it on: what was typed, and the order that is in force."""
    names = ("antecedent", "consequent", "min_count", "min_confidence", "max_q", "max_size")
    typed = {name: request.query_params.get(name, "").strip() for name in names}
    return {**typed, "sort": asked.sort, "down": "1" if asked.down else "0"}


def _row(desk: Desk, rule: dict[str, Any], lifts: dict[Any, Any], extra: str | None) -> dict[str, Any]:
    lift = lifts.get((rule["antecedents"][0], rule["consequents"][0])) if rule["size"] == 2 else None
    q = rule["q_value"]
    return {
        "antecedents": [(product_href(one), desk.name(one)) for one in rule["antecedents"]],
        "consequents": [(product_href(one), desk.name(one)) for one in rule["consequents"]],
        "count": rule["count"],
        "of": rule["antecedent_count"],
        "confidence": rule["confidence"],
        "bounds": (rule["confidence_lower"], rule["confidence_upper"]),
        "expected": rule["expected"],
        "gain": rule["gain"],
        "q_value": q,
        "controlled": q is not None and q <= CONTROLLED,
        "lift": None if lift is None else times(lift["lift_eb"]),
        "lift_bounds": None if lift is None else between((lift["lift_eb_lower"], lift["lift_eb_upper"]), times),
        "extra": None if extra is None else percent(rule[extra]) if extra in _SHARES else rule[extra],
    }


def _file(desk: Desk, request: Request, ending: str, kind: str) -> Response:
    sql, values = export_question(desk, read_query(desk, request))
    with tempfile.NamedTemporaryFile(prefix="affinity-rules-", suffix=ending, delete=False) as file:
        path = Path(file.name)
    try:
        desk.write(sql, values, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    headers = {"Cache-Control": "no-store"}
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, headers=headers, media_type=kind, filename=f"rules-{desk.id}{ending}", background=gone)
