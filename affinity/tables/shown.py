"""What of each table a notebook shows: what a row is, which rows come first, and how its columns read."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from affinity.frames import AnyColumn, LabelColumn, ListColumn
from affinity.tables.html import Cells, write_table
from affinity.tables.number_text import (
    MISSING,
    format_count,
    format_interval,
    format_number,
    format_q,
    format_share,
    format_share_interval,
)  # fmt: skip

#: Rows and columns shown.
FIRST, MOST_COLUMNS = 10, 14

#: The file of a release that says what a row and each column of a table is.
RELEASED = {
    "AlsoBought": "also_bought", "Bundles": "bundles", "Conversion": "conversions", "Eligibility": "ledger",
    "ItemsetCounts": "itemsets", "Metrics": "metrics", "MetricTree": "metric_tree", "OfferConversion": "offer_conversions",
    "PairGraph": "pairs", "Products": "products", "Quarantine": "quarantine", "Recommendations": "recommendations",
    "Rules": "rules", "SegmentConversion": "segment_conversions", "TreeChange": "metric_change",
}  # fmt: skip

#: What a row of the other tables is.
ROWS = {
    "AdoptionCurves": "A segment and a day on which somebody added a family.",
    "Backtest": "A protocol, landmark, method and metric.",
    "Baskets": "A basket: products bought together.",
    "CampaignOutcomes": "A customer of the campaign and what became of them.",
    "CampaignPlan": "A customer of the audience: offered the product (treated) or held out (control).",
    "CampaignResult": "An estimate: treated against control, over all or in one segment.",
    "Candidates": "A product that a customer may be shown, with its fit.",
    "CohortTriangle": "A cohort and a month since its first purchase.",
    "Contributions": "A part of the score of a recommendation; the parts add up to it.",
    "Customers": "A customer.",
    "EventDays": "A pair and a day on which somebody converted.",
    "FitModel": "An edge: what owning A adds to the score of B.",
    "Holdings": "A customer and a product bought and kept.",
    "Impacts": "An intervention and what changed with it.",
    "LifeTables": "An ordered pair A → B and a day after A on which somebody first bought B.",
    "Meanings": "A named metric that a bare \u201ccross-sell rate\u201d may mean.",
    "MetricChanges": "A metric, over everybody or in one segment, in two windows.",
    "Offers": "An offer.",
    "OrderLines": "An order line.",
    "PairCounts": "An unordered pair of products and its counts.",
    "Prospects": "An offer that could be made.",
    "SubscriptionEvents": "An event of a customer's product family.",
    "Subscriptions": "A time in which a customer's product, price and seats stood still.",
    "Transitions": "A pair of products and how often the one led to the other.",
}  # fmt: skip

#: Columns that are shares of one.
SHARES = frozenset({
    "support", "confidence", "antecedent_support", "consequent_support", "rate", "baseline", "fit", "offer_rate",
    "organic_rate", "shrunk", "pooled_rate", "pooled_baseline", "standardised_rate", "predicted", "observed",
})  # fmt: skip

#: Columns that stand first, where a table has more than are shown.
LEADING = {
    "Conversion": (
        "antecedent", "consequent", "horizon_days", "eligible", "converted", "censored", "rate", "baseline", "hazard_ratio",
        "q_value", "kind", "median_days", "note",
    ),
    "Rules": (
        "antecedents", "consequents", "count", "antecedent_count", "consequent_count", "support", "confidence", "lift",
        "q_value",
    ),
}  # fmt: skip

#: The column that bounds called ``lower`` and ``upper`` belong to, the first that is there.
BOUNDED = ("rate", "value", "effect")

Evidence = Callable[[Any], np.ndarray]


def show_table(table: Any, rows: np.ndarray | None = None, *, first: tuple[str, ...] = (), caption: str = "") -> str:
    """A table as HTML: ``rows`` (else the first of most evidence), every column as people read it."""
    name = type(table).__name__
    helps = describe_columns(name)
    columns = table.coded_columns()
    if rows is None:
        length = len(next(iter(columns.values())))
        rows = ORDERS[name](table)[:FIRST] if name in ORDERS else np.arange(min(length, FIRST))
        more = f", by {SAID[name]}" if name in ORDERS else ""
        count = f"{length:,} rows" + (f"; the first {len(rows)}{more}" if length > len(rows) else "")
        caption = caption or f"{name}, {count}. A row: {describe_row(name)}"
    picked = pick_rows({each: columns[each] for each in [*LEADING.get(name, ()), *columns] if each in columns}, rows)
    shown, empty = read_columns(picked | (_bound_rules(table, rows) if name == "Rules" else {}), helps)
    left_out = [cells.header for cells in shown[MOST_COLUMNS:]]
    below = [f"Further columns: {', '.join(left_out)}."] if left_out else []
    if empty:
        below.append(f"Without a value in these rows: {', '.join(empty)}.")
    return write_table(shown[:MOST_COLUMNS], caption=caption, first=first, below=below)


def describe_row(name: str) -> str:
    """What a row of the table of that class is, in a sentence."""
    if name in RELEASED:
        return str(_release().ROWS[RELEASED[name]])
    return ROWS.get(name, "")


def describe_columns(name: str) -> Callable[[str], str]:
    """Column -> its sentence in a release, '' where the table is in none."""
    table = RELEASED.get(name)
    return (lambda column: "") if table is None else (lambda column: str(_release().describe_column(table, column)))


def _release() -> Any:
    """The descriptions of published columns: looked up by name, as `Table.plot` finds its picture."""
    return importlib.import_module("affinity.release.columns")


def pick_rows(columns: Mapping[str, AnyColumn], rows: np.ndarray) -> dict[str, np.ndarray]:
    """The picked rows of every column; labels decoded, lists joined by +."""
    picked: dict[str, np.ndarray] = {}
    for name, column in columns.items():
        if isinstance(column, ListColumn):
            picked[name] = np.array([_join(column, row) for row in rows.tolist()], dtype=object)
        elif isinstance(column, LabelColumn):
            picked[name] = LabelColumn(column.codes[rows], column.labels).decode()
        else:
            picked[name] = np.asarray(column)[rows]
    return picked


def _join(column: ListColumn, row: int) -> str:
    part = slice(int(column.indptr[row]), int(column.indptr[row + 1]))
    values = column.values
    found = LabelColumn(values.codes[part], values.labels).decode() if isinstance(values, LabelColumn) else values[part]
    return " + ".join(map(str, found.tolist()))


def read_columns(columns: Mapping[str, np.ndarray], helps: Callable[[str], str]) -> tuple[list[Cells], list[str]]:
    """(columns as people read them, names of those without any value): bounds join what they bound, a null says why."""
    bounds = _pair_bounds(columns)
    inner = {name for pair in bounds.values() for name in pair}
    note = columns.get("note")
    shown, empty = [], []
    for name, column in columns.items():
        if name in inner:
            continue
        if all(_is_missing(value) for value in column.tolist()) and not (name in bounds and note is not None):
            empty.append(name)
            continue
        if name in bounds:
            texts = _say_bounded(name, [columns[each].tolist() for each in (name, *bounds[name])], note)
        else:
            texts = [format_value(name, value) for value in column.tolist()]
        shown.append(Cells(name.replace("_", " "), texts, helps(name), column.dtype.kind in "iuf"))
    return shown, empty if len(next(iter(columns.values()), ())) else []


def _pair_bounds(columns: Mapping[str, np.ndarray]) -> dict[str, tuple[str, str]]:
    """Column -> its bounds: X_lower and X_upper, offer_… of offer_rate, lower and upper of what is first."""
    found = {name: (f"{name}_lower", f"{name}_upper") for name in columns}
    found["offer_rate"] = ("offer_lower", "offer_upper")
    whose = next((name for name in BOUNDED if name in columns), None)
    if whose:
        found[whose] = ("lower", "upper")
    return {name: pair for name, pair in found.items() if name in columns and set(pair) <= set(columns)}


def _say_bounded(name: str, values: list[list[float]], note: np.ndarray | None) -> list[str]:
    say = format_share_interval if name in SHARES else format_interval
    texts = [say(*three) for three in zip(*values)]
    if note is None:
        return texts
    return [f"{MISSING} {why}" if text == MISSING and why else text for text, why in zip(texts, note.tolist())]


def _is_missing(value: Any) -> bool:
    return value is None or value != value or str(value) == "NaT"  # noqa: PLR0124


def format_value(name: str, value: Any) -> str:
    """One value of the column ``name`` as text."""
    if _is_missing(value):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return format_count(value)
    if isinstance(value, float):
        if name == "q_value":
            return format_q(value)
        return format_share(value) if name in SHARES else format_number(value)
    return str(value)


def _by_bound(name: str) -> Evidence:
    """Rows by a column, largest first, ties in the order of the table; what is not known comes last."""

    def order(table: Any) -> np.ndarray:
        return np.argsort(-np.nan_to_num(getattr(table, name), nan=-np.inf), kind="stable")

    return order


def _order_pairs(graph: Any) -> np.ndarray:
    once = np.flatnonzero(graph.antecedent < graph.consequent)
    return once[np.lexsort((once, -graph.count[once], -graph.lift_eb_lower[once]))]


def _order_rules(rules: Any) -> np.ndarray:
    from affinity.statistics.intervals import gamma_interval

    lower = np.asarray(gamma_interval(rules.n_xy, rules.n_x * (rules.n_y / max(rules.n, 1)))[0])
    return np.argsort(-lower, kind="stable")


def _bound_rules(rules: Any, picked: np.ndarray) -> dict[str, np.ndarray]:
    """95 % bounds of confidence (Wilson) and lift (exact), which `Rules` does not keep."""
    from affinity.statistics.intervals import gamma_interval, wilson_interval

    both, given, follows = (column[picked] for column in (rules.n_xy, rules.n_x, rules.n_y))
    confidence = wilson_interval(both, np.maximum(given, 1))
    lift = gamma_interval(both, given * (follows / max(rules.n, 1)))
    named = {"confidence": confidence, "lift": lift}
    return {f"{name}_{end}": np.asarray(bound) for name, pair in named.items() for end, bound in zip(("lower", "upper"), pair)}


def _order_conversion(table: Any) -> np.ndarray:
    known = np.flatnonzero(np.isfinite(table.rate))
    surely = np.nan_to_num(table.hazard_ratio_lower[known], nan=-np.inf)
    return np.concatenate([known[np.argsort(-surely, kind="stable")], np.flatnonzero(~np.isfinite(table.rate))])


#: Class name -> its rows, those of most evidence first; the others stand in their own order.
ORDERS: dict[str, Evidence] = {
    "CampaignPlan": _by_bound("fit"),
    "Conversion": _order_conversion,
    "ItemsetCounts": _by_bound("count"),
    "PairCounts": _by_bound("count"),
    "PairGraph": _order_pairs,
    "Rules": _order_rules,
}

#: What each order goes by, in words.
SAID = {
    "CampaignPlan": "fit",
    "Conversion": "lower bound of the hazard ratio, so that little evidence does not come first",
    "ItemsetCounts": "count",
    "PairCounts": "count",
    "PairGraph": "lower bound of the shrunk lift, each pair once",
    "Rules": "lower bound of the lift, so that little evidence does not come first",
}
