"""Trust: how well estimates were kept, who may be offered what and why not, and what backtests say beside baselines."""

from __future__ import annotations

from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from affinity.errors import ReleaseError
from affinity.release import latest_backtest
from affinity.serve.page.desk import Desk
from affinity.serve.page.pictures import draw
from affinity.serve.page.shell import NotHere, View
from affinity.statistics.intervals import wilson_interval
from affinity.tables import Backtest, Calibration
from affinity.tables.backtest import MINUS, POOLED

#: What a state of the ledger means, for people.
STATES = {
    "owned": "The customer has it already.",
    "returned": "Bought and given back.",
    "not_on_sale": "The product is not sold on this day.",
    "plan_excluded": "The customer’s plan excludes it.",
    "prerequisite_missing": "It needs a product that the customer does not own.",
    "same_family": "The customer owns another product of its family: that would be an upsell.",
    "suppressed_opt_out": "The customer does not want offers.",
    "suppressed_ended": "The customer has left.",
    "suppressed_escalation": "After a complaint nobody is sold to.",
    "suppressed_renewal_at_risk": "The renewal is near and at risk.",
    "suppressed_onboarding": "The customer is still being introduced.",
    "tenure_too_short": "The customer is too new.",
    "outside_best_time": "It is not the time at which such customers buy more.",
    "health_too_low": "The health score is too low.",
    "usage_too_low": "What the customer has is hardly used.",
    "not_active": "The customer has not been active of late.",
    "offered_recently": "It was offered a short time ago.",
    "eligible": "May be offered.",
}

PROTOCOLS = {
    "new_product": "New products: customers who then bought something that they did not own, judged by what that was.",
    "next_basket": "Next basket: the next order of each customer, repurchases too. Fit ranks new products only: it is no "
    "candidate to win it.",
}

SHOWN = ("ndcg", "hit_rate_at_1", "hit_rate", "recall", "coverage")


def view(desk: Desk, request: Request) -> View:
    """Calibration, ledger and backtest."""
    table, damage = find_backtest(desk)
    values = {
        "fit": describe_fit(desk),
        "no_fit": desk.report.get("notes", {}).get("recommendations", "This release holds no model of fit."),
        "ledger": list_states(desk),
        "backtest": None if table is None else describe_backtest(table, desk.as_of),
        "damage": damage,
        "folder": "FOLDER" if desk.folder is None else desk.folder.name,
    }
    return View("trust.html", values)


def calibration_picture(desk: Desk, request: Request) -> Response:
    """The calibration, drawn."""
    found = read_calibration(desk)
    if not len(found.rows):
        raise NotHere("This release holds no calibration.")

    def plot() -> Any:
        from affinity.plots import plot_calibration

        return plot_calibration(found)

    return draw(desk, request, plot)


def backtest_picture(desk: Desk, request: Request) -> Response:
    """The backtest, drawn."""
    table, damage = find_backtest(desk)
    if table is None:
        raise NotHere(damage or "There is no backtest beside this release.")
    return draw(desk, request, main_part(table).plot)


def main_part(table: Backtest) -> Backtest:
    """The first protocol over all landmarks, or at its only one, without the deciles: what one picture has room for."""
    group = min(table.groups(), key=lambda one: (one[0] != table.protocol[0], one[1] != POOLED))
    rows = (table.protocol == group[0]) & (table.at == group[1]) & np.isin(table.metric.astype(str), SHOWN)
    return Backtest(**{name: column[rows] for name, column in table.columns().items()}, info=table.info)  # type: ignore[index]


def read_calibration(desk: Desk) -> Calibration:
    """The calibration as it was published."""
    rows = desk.once("calibration", lambda: desk.ask("SELECT * FROM calibration ORDER BY bin"))
    fit = desk.report.get("fit", {})
    landmark = fit.get("landmark")
    numbers = (fit.get("calibration_slope"), fit.get("expected_calibration_error"))
    slope, error = (np.nan if one is None else float(one) for one in numbers)
    return Calibration(
        predicted=np.array([row["predicted"] for row in rows], dtype=np.float64),
        observed=np.array([row["observed"] for row in rows], dtype=np.float64),
        rows=np.array([row["rows"] for row in rows], dtype=np.int64),
        slope=slope,
        error=error,
        landmark_day=None if landmark is None else int(np.datetime64(landmark, "D").astype(np.int64)),
        note=fit.get("note"),
    )


def describe_fit(desk: Desk) -> dict[str, Any] | None:
    """What is known of fit: bins with Wilson intervals, slope, error, why it may be no probability; None without a model."""
    fit = desk.report.get("fit", {})
    if not fit:
        return None
    found = read_calibration(desk)
    lower, upper = wilson_interval(found.observed * found.rows, found.rows)
    bins = zip(found.rows.tolist(), found.predicted.tolist(), found.observed.tolist(), lower.tolist(), upper.tolist())
    rows = [
        {"bin": number, "rows": n, "predicted": p, "observed": o, "bounds": (low, high), "kept": bool(low <= p <= high)}
        for number, (n, p, o, low, high) in enumerate(bins, start=1)
        if n
    ]
    return {
        "rows": rows,
        "outside": sum(not row["kept"] for row in rows),
        "slope": fit.get("calibration_slope"),
        "error": fit.get("expected_calibration_error"),
        "note": fit.get("note"),
        "horizon": fit.get("horizon_days"),
        "landmark": fit.get("landmark"),
        "held_out": bool(fit.get("held_out")),
    }


def list_states(desk: Desk) -> dict[str, Any]:
    """The ledger: states with their pairs, the largest first, and what is in none of them left out."""
    rows = desk.once("ledger", lambda: desk.ask("SELECT state, pairs, note FROM ledger ORDER BY pairs DESC, state"))
    total = sum(row["pairs"] for row in rows)
    used = [{**row, "means": STATES.get(row["state"], ""), "share": row["pairs"] / total} for row in rows if row["pairs"]]
    unused = [row for row in rows if not row["pairs"]]
    return {"rows": used, "unused": unused, "total": total}


def find_backtest(desk: Desk) -> tuple[Backtest | None, str]:
    """The backtest of the release's day, else the latest one beside it; and what is wrong with it where it cannot be read."""
    if desk.folder is None:
        return None, ""
    try:
        return latest_backtest(desk.folder, desk.as_of), ""
    except ReleaseError as error:
        return None, str(error)


def describe_backtest(table: Backtest, as_of: str | None) -> dict[str, Any]:
    """Each protocol and landmark, pooled ones first: its methods, the best first, and the first method's lead."""
    groups = sorted(table.groups(), key=lambda group: group[1] != POOLED)
    left_out, implausible = table.info.get("left_out"), table.info.get("implausible")
    return {
        "as_of": table.info.get("as_of"),
        "other_day": table.info.get("as_of") != as_of,
        "horizon": table.info.get("horizon_days"),
        "cutoff": table.info.get("cutoff", 10),
        "groups": [_group(table, *group) for group in groups],
        "left_out": dict(left_out) if isinstance(left_out, dict) else {},
        "implausible": dict(implausible) if isinstance(implausible, dict) else {},
    }


def _group(table: Backtest, protocol: str, at: str) -> dict[str, Any]:
    methods = table.methods(protocol, at)
    rows = [_method(table, protocol, at, name, methods[0]) for name in methods]
    rows.sort(key=lambda row: -(row["ndcg"][0] or 0.0))
    mine = (table.protocol == protocol) & (table.at == at)
    return {
        "protocol": protocol,
        "said": PROTOCOLS.get(protocol, ""),
        "at": "" if at == POOLED else at,
        "first": methods[0],
        "customers": int(table.customers[mine][0]),
        "rows": rows,
    }


def _method(table: Backtest, protocol: str, at: str, name: str, first: str) -> dict[str, Any]:
    """name, each shown metric as (value, lower, upper), the lead of the first method over it, and whether that is a tie."""

    def find(method: str, metric: str) -> tuple[float | None, ...]:
        try:
            found = table.find(method, metric, protocol=protocol, at=at)
        except KeyError:
            return None, None, None
        return tuple(value if np.isfinite(value) else None for value in found)

    value, lower, upper = (None, None, None) if name == first else find(f"{first}{MINUS}{name}", "ndcg")
    tie = lower is not None and upper is not None and lower <= 0 <= upper
    better = "better" if value is not None and value > 0 else "worse"
    return {
        "name": name,
        "is_first": name == first,
        **{metric: find(name, metric) for metric in SHOWN},
        "lead": (value, lower, upper),
        "said": "" if value is None else "not told apart" if tie else f"{first} is {better}",
    }
