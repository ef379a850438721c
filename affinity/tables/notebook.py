"""How a table shows itself in a notebook: most as `shown.show_table` has it, some with what matters first."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from affinity.tables.html import Cells, write_table
from affinity.tables.number_text import (
    MISSING,
    format_count,
    format_interval,
    format_number,
    format_share,
    format_share_interval,
)  # fmt: skip
from affinity.tables.shown import describe_columns, read_columns, show_table
from affinity.tables.tree_text import METHODS, format_change, format_part, format_value

if TYPE_CHECKING:
    from affinity.tables.backtest import Backtest
    from affinity.tables.campaign_plan import CampaignPlan
    from affinity.tables.campaign_result import CampaignResult
    from affinity.tables.ingest_report import IngestReport
    from affinity.tables.metric_tree import MetricTree, TreeChange, TreeNode
    from affinity.tables.metrics import Metrics
    from affinity.tables.pair_graph import PairGraph

#: How the names of metrics that are shares of one end.
SHARE_ENDINGS = ("_rate", "_share", "_rate_opening", "_revenue_retention")


def show(table: Any) -> str:
    """The HTML of any table."""
    special = SPECIAL.get(type(table).__name__)
    return special(table) if special else show_table(table)


def show_report(report: IngestReport) -> str:
    """Rows read = kept + set aside, then the reasons, largest first, and the warnings."""
    read, kept, aside = (format_count(n) for n in (report.rows_read, report.rows_kept, report.rows_set_aside))
    reasons = sorted(report.reasons.items(), key=lambda row: (-row[1], row[0]))
    columns = [
        Cells("reason", [name.replace("_", " ") for name, _ in reasons] or ["nothing was set aside"], numbers=False),
        Cells("rows", [format_count(count) for _, count in reasons] or ["0"]),
        Cells("of those read", [format_share(count / max(report.rows_read, 1)) for _, count in reasons] or ["0 %"]),
    ]
    first = (f"{read} rows read as {report.format} = {kept} kept + {aside} set aside",)
    caption = "A row: a reason why rows were set aside; each row is counted under its first reason."
    return write_table(columns, caption=caption, first=first, below=report.warnings)


def show_neighbors(graph: PairGraph, product: Any, edges: np.ndarray) -> str:
    """The given edges of a product, strongest first."""
    code = graph.products.code(product)
    owned = format_count(int(graph.n_item[code]))
    caption = (
        f"Bought together with {product} ({owned} baskets), by shrunk lift: the {len(edges)} strongest of "
        f"{int(graph.indptr[code + 1] - graph.indptr[code]):,} products. An association, no effect."
    )
    return show_table(graph, edges, caption=caption)


def show_reasons(customer: Any, columns: Mapping[str, np.ndarray]) -> str:
    """One customer's recommendations with their reasons and what each score is made of."""
    wanted = ("rank", "product_id", "fit", "reason", "because", "kind", "from_owned", "from_popularity", "evidence")
    kept = {name: columns[name] for name in wanted if name in columns}
    shown, _ = read_columns(kept, describe_columns("Recommendations"))
    fallbacks = int(np.count_nonzero(columns["is_fallback"]))
    below = ["fit is the probability of a purchase within the horizon; from owned and from popularity add up to the score."]
    if fallbacks:
        below.append(f"{fallbacks} of these are popular products, shown because there is no better evidence.")
    caption = f"What to show customer {customer}, {len(columns['rank'])} products, highest fit first"
    return write_table(shown, caption=caption, below=below)


def _show_metrics(table: Metrics) -> str:
    """The rows over everybody (else all), with the least and greatest segment; what has no value last, with its reason."""
    whole = np.flatnonzero([segment is None for segment in table.segment.tolist()])
    rows = whole if len(whole) else np.arange(len(table))
    rows = rows[np.argsort(~np.isfinite(table.value[rows]), kind="stable")][:60]
    helps = describe_columns("Metrics")
    says = [_metric_text(str(table.metric[row])) for row in rows.tolist()]
    values = zip(
        says, *(column[rows].tolist() for column in (table.value, table.lower, table.upper)), table.note[rows].tolist()
    )
    spreads = zip(
        says, *(getattr(table, f"spread_{end}")[rows].tolist() for end in ("low", "low_segment", "high", "high_segment"))
    )
    columns = [
        Cells("metric", [str(name).replace("_", " ") for name in table.metric[rows].tolist()], helps("metric"), numbers=False),
        Cells("value [95 %]", [_say_value(*each) for each in values], helps("value")),
        Cells("numerator", [format_number(x) for x in table.numerator[rows].tolist()], helps("numerator")),
        Cells("denominator", [format_number(x) for x in table.denominator[rows].tolist()], helps("denominator")),
        Cells("segments from … to", [_say_spread(*each) for each in spreads], "Least and greatest value over the segments.",
              numbers=False),
        Cells("note", [note or MISSING for note in table.note[rows].tolist()], helps("note"), numbers=False),
    ]  # fmt: skip
    if not len(whole):
        columns.insert(1, Cells("segment", [str(s) for s in table.segment[rows].tolist()], helps("segment"), numbers=False))
    window = next((text for text in table.window.tolist() if text), None)
    of = f"those over everybody ({len(rows)}) are shown" if len(whole) else f"the first {len(rows)} are shown"
    caption = f"Metrics, {len(table):,} rows; {of}" + (f"; window {window}" if window else "")
    return write_table(columns, caption=f"{caption}. A row: a named metric, over everybody or in one segment.")


def _metric_text(name: str) -> tuple[Callable[[float, float, float], str], Callable[[float], str]]:
    """How values of a metric read: (with an interval, alone)."""
    share = name.partition("(")[0].endswith(SHARE_ENDINGS)
    return (format_share_interval, format_share) if share else (format_interval, format_number)


def _say_value(says: Any, value: float, lower: float, upper: float, note: str | None) -> str:
    return f"{MISSING} {(note or '').partition(':')[0]}".strip() if math.isnan(value) else says[0](value, lower, upper)


def _say_spread(says: Any, low: float, low_segment: str | None, high: float, high_segment: str | None) -> str:
    if math.isnan(low) or math.isnan(high):
        return MISSING
    return f"{says[1](low)} ({low_segment}) to {says[1](high)} ({high_segment})"


def _walk(nodes: tuple[TreeNode, ...]) -> list[tuple[str, int]]:
    """(indented label, row) of each node, parts below their node."""
    place = {node.name: row for row, node in enumerate(nodes)}
    lines: list[tuple[str, int]] = []

    def down(name: str, lead: str, mark: str) -> None:
        node = nodes[place[name]]
        lines.append((f"{lead}{mark}{node.label}", place[name]))
        for part in node.parts:
            down(part, lead + "\u2003", "+ " if node.kind == "sum" else "× ")

    down(nodes[0].name, "", "")
    return lines


def _owners(nodes: tuple[TreeNode, ...], lines: list[tuple[str, int]]) -> list[Cells]:
    """Who answers for each node, where anybody does."""
    owners = [nodes[row].owner for _, row in lines]
    return [Cells("owner", [owner or "nobody" for owner in owners], numbers=False)] if any(owners) else []


def _show_tree(tree: MetricTree) -> str:
    lines = _walk(tree.nodes)
    figures = ([float(column[row, 0]) for _, row in lines] for column in (tree.value, tree.lower, tree.upper))
    units = [tree.nodes[row].unit for _, row in lines]
    columns = [
        Cells("node", [label for label, _ in lines], numbers=False),
        Cells("value [95 %]", [_in_unit(*each) for each in zip(units, *figures)]),
        *_owners(tree.nodes, lines),
    ]
    segments = f"; {len(tree.segments)} segments by {tree.segment_by} are in the rows" if tree.segments else ""
    caption = f"{tree.root.label}{f', {tree.window}' if tree.window else ''}, over everybody{segments}"
    return write_table(
        columns, caption=f"{caption}. A row: a node; × and + say how a node is made of its parts.", below=tree.notes
    )


def _in_unit(unit: str, value: float, lower: float, upper: float) -> str:
    if unit == "share":
        return format_share_interval(value, lower, upper)
    return format_interval(value, lower, upper) if lower < upper else format_value(value, unit)


def _show_change(change: TreeChange) -> str:
    lines, root = _walk(change.nodes), change.nodes[0]
    rows = [
        (change.nodes[row], float(change.before[row, 0]), float(change.after[row, 0]), float(change.contribution[row, 0]))
        for _, row in lines
    ]
    columns = [
        Cells("node", [label for label, _ in lines], numbers=False),
        Cells("from → to", [format_change(before, after, node.unit) for node, before, after, _ in rows]),
        Cells("contributed", [format_part(part, root.unit) for *_, part in rows], "Part of the root's change, in its unit."),
        *_owners(change.nodes, lines),
    ]
    before, after = change.windows
    effects = (("size", change.size_effect), ("mix", change.mix_effect), ("rate", change.rate_effect))
    below = [f"Of the change: {', '.join(f'{name} {format_part(value, root.unit)}' for name, value in effects)}."]
    if change.came_or_went[0]:
        below.append(f"Segments in one window only: {format_part(float(change.came_or_went[0]), root.unit)}.")
    caption = f"{before or 'before'} against {after or 'after'}; contributions by {METHODS[change.method]} add up exactly"
    return write_table(
        columns, caption=caption, first=(f"{root.label}: {format_part(change.change, root.unit)}",),
        below=[*(below if change.segments else below[1:]), *change.warnings, *change.notes],
    )  # fmt: skip


def _show_plan(plan: CampaignPlan) -> str:
    """Who, what to expect, what can be told; then the likeliest of the audience."""
    info, sizes, power = plan.info, plan.info["sizes"], plan.info["power"]
    days = f" within {info['horizon_days']} days" if info.get("horizon_days") else ""
    said = [f"{info['name']}: {sizes['treated']:,} customers are offered a product, {sizes['control']:,} are held out."]
    if plan.expected:
        buyers, revenue = plan.expected[0]["conversions"], plan.expected[0]["revenue"]
        money = f", revenue {_bounds(revenue)}" if revenue is not None else ""
        said.append(f"To expect{days}, offer or not: {_bounds(buyers)} buyers{money}. It is no effect of the offer.")
    if power["smallest_detectable"] is None:
        said.append(f"What the test can tell: {power['note'] or 'nothing'}.")
    else:
        least = f"{100 * power['smallest_detectable']:.2f} points"
        said.append(
            f"Smallest detectable rise: {least} over {format_share(power['base_rate'])}, with {power['power']:.0%} power."
        )
    return show_table(plan, first=tuple(said))


def _bounds(found: Mapping[str, float]) -> str:
    return format_interval(found["value"], found["lower"], found["upper"])


def _show_result(result: CampaignResult) -> str:
    """The verdict, then every estimate: shares of customers as per cent, money as money."""
    rows = range(min(len(result), 30))
    segments = [
        "all" if result.segment_by[i] is None else f"{result.segment_by[i]} = {result.segment[i]}" for i in rows
    ]  # fmt: skip
    shares = [result.outcome[i] == "conversion" for i in rows]

    def mean(column: np.ndarray) -> list[str]:
        return [format_share(float(column[i])) if share else format_number(float(column[i])) for i, share in zip(rows, shares)]

    columns = [
        Cells("outcome", [str(result.outcome[i]) for i in rows], numbers=False),
        Cells("customers", segments, numbers=False),
        Cells("method", [str(result.method[i]) for i in rows], numbers=False),
        *(
            Cells(name, [format_count(n) for n in getattr(result, name)[: len(rows)].tolist()])
            for name in ("treated", "control")
        ),
        Cells("mean of treated", mean(result.treated_mean)),
        Cells("mean of control", mean(result.control_mean)),
        Cells(
            "effect",
            [_say_effect(result, i, share) for i, share in zip(rows, shares)],
            "Treated less control; – : none claimed.",
        ),
        Cells("adds up to", [_three_of(result, "incremental", i) for i in rows], "Effect times treated customers."),
    ]
    label = str(result.label).replace("_", " ")
    caption = f"CampaignResult, {len(result):,} rows. A row: an estimate, over all or in one segment."
    first = (result.verdict, f"How it is known: {label}; {result.info['level']:.0%} intervals.")
    return write_table(columns, caption=caption, first=first)


def _say_effect(result: CampaignResult, i: int, share: bool) -> str:
    effect, lower, upper = (float(column[i]) for column in (result.effect, result.lower, result.upper))
    if math.isnan(effect):
        return MISSING
    if not share:
        return format_interval(effect, lower, upper)
    return f"{100 * effect:+.2f} points [{100 * lower:+.2f}, {100 * upper:+.2f}]"


def _three_of(result: CampaignResult, name: str, i: int) -> str:
    return format_interval(*(float(getattr(result, f"{name}{end}")[i]) for end in ("", "_lower", "_upper")))


def _show_backtest(table: Backtest) -> str:
    """A row a method (of each protocol and landmark): NDCG with its interval, further metrics, the first method's lead."""
    wide = table.wide_columns()
    figures = [table.find(method, "ndcg", protocol=protocol, at=at) if _has(table, protocol, at, method) else (math.nan,) * 3
               for protocol, at, method in zip(wide["protocol"], wide["at"], wide["method"])]  # fmt: skip
    leads = zip(wide["ndcg_lead"].tolist(), wide["lead_lower"].tolist(), wide["lead_upper"].tolist())
    cutoff = table.info.get("cutoff", 10)
    shares = {
        "hit_rate_at_1": "hit at 1",
        "hit_rate": f"hit in {cutoff}",
        "recall": f"recall in {cutoff}",
        "coverage": "catalogue shown",
    }
    columns = [
        *(Cells(name, [str(text).replace("_", " ") for text in wide[name].tolist()], numbers=False)
          for name in ("protocol", "at", "method")),
        Cells(f"NDCG@{cutoff} [95 %]", [_three(*each) for each in figures]),
        *(Cells(title, [format_share(x) for x in wide[name].tolist()]) for name, title in shares.items()),
        Cells("first method's lead [95 %]", [_three(*each) for each in leads], "In NDCG, paired; no lead where it holds 0."),
    ]  # fmt: skip
    below = [f"Left out: {method} ({why})." for method, why in dict(table.info.get("left_out") or {}).items()]  # type: ignore[call-overload]
    customers = format_count(int(table.customers.max(initial=0)))
    tried = f"Backtest, {len(wide['method'])} methods tried on up to {customers} customers"
    caption = f"{tried}. A row: a method of a protocol and landmark."
    return write_table(columns, caption=caption, below=below)


def _has(table: Backtest, protocol: str, at: str, method: str) -> bool:
    rows = (table.protocol == protocol) & (table.at == at) & (table.method == method) & (table.metric == "ndcg")
    return bool(rows.any())


def _three(value: float, lower: float, upper: float) -> str:
    """A figure between 0 and 1 to three decimals, with its interval."""
    if math.isnan(value):
        return MISSING
    return f"{value:.3f}" + ("" if math.isnan(lower) else f" [{lower:.3f}, {upper:.3f}]")


#: Class name -> how it is shown, where `show_table` does not say enough.
SPECIAL: dict[str, Callable[[Any], str]] = {
    "Backtest": _show_backtest,
    "CampaignPlan": _show_plan,
    "CampaignResult": _show_result,
    "MetricTree": _show_tree,
    "Metrics": _show_metrics,
    "TreeChange": _show_change,
}
