"""The product explorer: search; a product's neighbours, what its buyers go on to buy and what leads to it; one pair in time."""

from __future__ import annotations

from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from affinity.plots.conversion import BoundedCurve, bound_curve, plot_curve, plot_horizons
from affinity.serve.page.desk import Desk
from affinity.serve.page.network import NEIGHBOURS, neighbourhood, product_href
from affinity.serve.page.pictures import draw
from affinity.serve.page.search import ORDERS, finder_of
from affinity.serve.page.shell import NotHere, View
from affinity.serve.page.timing import half_of_converters, share_in_window

#: Rows of a list of products, of neighbours, and of conversions shown.
LISTED, NEAR, LED = 25, 20, 15


def view(desk: Desk, request: Request) -> View:
    """The list of products, or those that are searched for (?q=, sort=, down=, offset=)."""
    asked = request.query_params
    said, order = asked.get("q", "")[:200], asked.get("sort", "")
    finder = finder_of(desk)
    codes = finder.find(said, order if order in ORDERS else "", falling=asked.get("down") == "1")
    offset = min(_whole(asked.get("offset")), max(len(codes) - 1, 0) // LISTED * LISTED)
    rows = [finder.row(code) | {"href": product_href(finder.ids[code])} for code in codes[offset : offset + LISTED]]
    given = {"q": said, "sort": order if order in ORDERS else "", "down": asked.get("down", "")}
    return View(
        "products.html",
        {
            "q": said,
            "rows": rows,
            "total": len(codes),
            "offset": offset,
            "limit": LISTED,
            "given": given,
            "columns": finder.columns,
        },
    )


def _whole(said: str | None) -> int:
    return min(int(said), 10**9) if said is not None and said.isascii() and said.isdigit() and len(said) < 12 else 0


def one(desk: Desk, request: Request) -> View:
    """The page of a product."""
    product_id = str(request.path_params["product_id"] or request.query_params.get("id", ""))
    facts = _facts(desk, product_id)
    offset = _whole(request.query_params.get("offset"))
    near = desk.once(("near", product_id, offset), lambda: _near(desk, product_id, offset))
    total = desk.once(("near", product_id), lambda: _count(desk, product_id))
    horizon = desk.once("horizon", lambda: _horizon(desk))
    first = near if not offset else desk.once(("near", product_id, 0), lambda: _near(desk, product_id, 0))
    return View(
        "product.html",
        {
            "product": facts,
            "near": near,
            "given": {"offset": offset or ""},
            "offset": offset,
            "limit": NEAR,
            "total": total,
            "network": desk.once(
                ("network", product_id),
                lambda: neighbourhood(desk, product_id, [row["consequent"] for row in first[:NEIGHBOURS]]),
            ),
            "horizon": horizon,
            "leads_to": desk.once(("from", product_id), lambda: _led(desk, "antecedent", product_id, horizon)),
            "led_by": desk.once(("to", product_id), lambda: _led(desk, "consequent", product_id, horizon)),
        },
    )


def _facts(desk: Desk, product_id: str) -> dict[str, Any]:
    """What is known of a product; NotHere for one that the release does not hold."""
    code = desk.code(product_id)
    if code < 0:
        raise NotHere("This release holds no such product. It may be in another release, or its id is written otherwise.")
    finder = finder_of(desk)
    rows = desk.ask("SELECT * FROM products WHERE product_id = ?", [product_id])
    known = rows[0] if rows else {}
    plain = {name: known.get(name) for name in ("category", "family", "tier", "available", "margin", "lasting_days")}
    return {
        **plain,
        **finder.row(code),
        "requires": [(desk.name(need), product_href(need)) for need in known.get("requires") or []],
    }


def _linked(desk: Desk, rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    return [row | {"name": desk.name(row[column]), "href": product_href(row[column])} for row in rows]


def _near(desk: Desk, product_id: str, offset: int) -> list[dict[str, Any]]:
    rows = desk.ask(
        "SELECT * FROM pairs WHERE antecedent = ? "
        "ORDER BY lift_eb_lower DESC NULLS LAST, count DESC, consequent LIMIT ? OFFSET ?",
        [product_id, NEAR, offset],
    )
    return _linked(desk, rows, "consequent")


def _count(desk: Desk, product_id: str) -> int:
    return int(desk.ask("SELECT count(*) AS n FROM pairs WHERE antecedent = ?", [product_id])[0]["n"])


def _horizon(desk: Desk) -> int | None:
    """The horizon of the lists: that of fit where conversions know it, else the shortest; None without conversions."""
    known = [row["h"] for row in desk.ask("SELECT DISTINCT horizon_days AS h FROM conversions ORDER BY h")]
    wanted = desk.settings.get("horizon_days")
    return wanted if wanted in known else known[0] if known else None


def _led(desk: Desk, side: str, product_id: str, horizon: int | None) -> list[dict[str, Any]]:
    """The conversions from (or to) a product with the strongest evidence: by the lower bound of the hazard ratio."""
    other = "consequent" if side == "antecedent" else "antecedent"
    rows = desk.ask(
        f"SELECT * FROM conversions WHERE {side} = ? AND horizon_days = ? "
        f"ORDER BY hazard_ratio_lower DESC NULLS LAST, converted DESC, {other} LIMIT {LED}",
        [product_id, horizon],
    )
    return _linked(desk, rows, other)


def pair(desk: Desk, request: Request) -> View:
    """One ordered pair (?from=, to=): together in baskets, conversion by horizon, its curve, the best time."""
    first, second = (str(request.query_params.get(name, "")) for name in ("from", "to"))
    facts = [_facts(desk, name) | {"href": product_href(name)} for name in (first, second)]
    together = desk.ask("SELECT * FROM pairs WHERE antecedent = ? AND consequent = ?", [first, second])
    rows = _rates(desk, first, second)
    curve = _curve(desk, first, second)
    by = "SELECT * FROM segment_conversions WHERE antecedent = ? AND consequent = ? ORDER BY horizon_days, segment"
    return View(
        "pair.html",
        {
            "a": facts[0],
            "b": facts[1],
            "together": together[0] if together else None,
            "rows": rows,
            "given": {"from": first, "to": second},
            "curve": None if curve is None else np.column_stack(curve).tolist(),
            "timing": _timing(desk, rows, curve, life=_life(desk, first, second)),
            "segments": desk.ask(by, [first, second]),
        },
    )


def _rates(desk: Desk, first: str, second: str) -> list[dict[str, Any]]:
    asked = "SELECT * FROM conversions WHERE antecedent = ? AND consequent = ? ORDER BY horizon_days"
    return desk.once(("rates", first, second), lambda: desk.ask(asked, [first, second]))


def _life(desk: Desk, first: str, second: str) -> dict[str, np.ndarray]:
    asked = "SELECT day, at_risk, events FROM curves WHERE antecedent = ? AND consequent = ? ORDER BY day"
    rows = desk.once(("life", first, second), lambda: desk.ask(asked, [first, second]))
    return {name: np.array([row[name] for row in rows], dtype=np.int64) for name in ("day", "at_risk", "events")}


def _curve(desk: Desk, first: str, second: str) -> BoundedCurve | None:
    """The curve as it was published, with bounds; None for a pair whose curve was not kept."""
    life, rates = _life(desk, first, second), _rates(desk, first, second)
    if not len(life["day"]) or not rates:
        return None
    return bound_curve(life["day"], life["at_risk"], life["events"], eligible=int(rates[0]["eligible"]))


def _last_day(rates: list[dict[str, Any]]) -> int:
    """The longest horizon that is identified, else the longest."""
    known = [row["horizon_days"] for row in rates if row["rate"] is not None]
    return int(max(known or [row["horizon_days"] for row in rates]))


def _timing(
    desk: Desk, rates: list[dict[str, Any]], curve: BoundedCurve | None, *, life: dict[str, np.ndarray]
) -> dict[str, Any] | None:
    """When B comes after A, as far as the release knows; None without any conversion."""
    if not rates:
        return None
    best, last, half, window = rates[-1], _last_day(rates), None, None
    seen, days = int(max(row["converted"] for row in rates)), None
    if best["best_from_day"] is not None and best["best_to_day"] is not None and best["best_from_day"] <= last:
        days = (int(best["best_from_day"]), min(int(best["best_to_day"]), last))
    if curve is not None:
        seen = int(life["events"][life["day"] <= last].sum())
        half = half_of_converters(curve, life["events"], last)
        if days is not None:
            window = share_in_window(**life, first=days[0], last=days[1], last_day=last)
    found = {"of": seen, "last": last, "half": half, "window": window, "curve": curve is not None, "days": days}
    return found | {"times": best["best_lift"]}


def picture(desk: Desk, request: Request) -> Response:
    """The conversion of a pair as a picture: its curve where it was kept, else its rates by horizon (?from=, to=)."""
    first, second = (str(request.query_params.get(name, "")) for name in ("from", "to"))
    rates = _rates(desk, first, second)
    if not rates:
        raise NotHere("No conversion of this pair is in the release.")
    curve = _curve(desk, first, second)

    def plot() -> Any:
        if curve is not None:
            return plot_curve(desk.name(first), desk.name(second), curve, last_day=_last_day(rates))
        return plot_horizons(desk.name(first), desk.name(second), rates)

    return draw(desk, request, plot)
