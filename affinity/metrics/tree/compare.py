"""A change between two trees, attributed exactly to drivers and segments, mix and rate apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.errors import InputError
from affinity.statistics.attribution import Method, product_slopes, split_mix_rate
from affinity.tables.metric_tree import MetricTree, TreeChange, TreeNode

#: Segments that hold this share of the eligible customers, and moved against the total, are worth a warning.
MOST = 0.8


def compare_metric_trees(before: MetricTree, after: MetricTree, *, method: Method = "shapley") -> TreeChange:
    """The change of the root from ``before`` to ``after``, attributed to every node and segment; nothing is left over.

    method : "shapley" (default: every order of the drivers counts alike; zeros are no matter) or "lmdi" (log-mean Divisia)

    In each segment the drivers of a product get their parts by `affinity.statistics.attribution`, and pass them on to
    their own parts in the same way; a segment that is in one period only is one effect, `came_or_went`. What a segment
    cannot have (a conversion where nobody was offered anything) counts as unchanged. Segments are matched by label; a
    tree without segments is one segment. Raises InputError for trees of different nodes, or cut by different columns.

    >>> import affinity as af
    >>> nodes = [
    ...     af.TreeNode("revenue", "Revenue", "product", "money", "mine", ("buyers", "value")),
    ...     af.TreeNode("buyers", "Buyers", "leaf", "count", "mine"),
    ...     af.TreeNode("value", "Value each", "leaf", "money", "mine"),
    ... ]
    >>> def tree(buyers, revenue):
    ...     measures = {"buyers": af.Measure(np.array([buyers])), "value": af.Measure(np.array([revenue]), np.array([buyers]))}
    ...     return af.evaluate_metric_tree(nodes, measures)
    >>> change = compare_metric_trees(tree(600.0, 24000.0), tree(500.0, 25000.0))
    >>> change.contribution_of("buyers"), change.contribution_of("value"), change.change
    (-4500.0, 5500.0, 1000.0)
    """
    pair = _align(before, after)
    was, now = pair.was.filled, pair.now.filled
    slope = np.zeros_like(was)
    slope[0] = 1.0
    place = {node.name: i for i, node in enumerate(pair.nodes)}
    for i, node in enumerate(pair.nodes):
        parts = [place[part] for part in node.parts]
        if node.kind == "product":
            slope[parts] = slope[i] * product_slopes(was[parts].T, now[parts].T, method=method).T
        elif node.kind == "sum":
            slope[parts] = slope[i]
    contribution = np.where(pair.in_both, slope * (now - was), 0.0)
    whole = now[0] - was[0]
    came_or_went = np.where(pair.in_both, 0.0, whole)
    contribution[0] = whole
    rate, mix = _mix_and_rate(pair)
    size_effect, mix_effect, rate_effect = _root_effects(pair)
    single = not pair.segments
    return TreeChange(
        pair.nodes,
        pair.segments,
        before=_shown(before, pair.was, single),
        after=_shown(after, pair.now, single),
        contribution=_totalled(contribution, single),
        came_or_went=_totalled(came_or_went[None, :], single)[0],
        rate=_totalled(rate, single),
        mix=_totalled(mix, single),
        size_effect=size_effect,
        mix_effect=mix_effect,
        rate_effect=rate_effect,
        method=method,
        segment_by=after.segment_by,
        windows=(before.window, after.window),
        warnings=tuple(_warn(pair, before, after)),
        notes=tuple(_join_notes(before, after)),
    )


def _join_notes(before: MetricTree, after: MetricTree) -> list[str]:
    """What holds for both trees once, else with the tree it is of."""
    alike = [note for note in after.notes if note in before.notes]
    each = (("before", before), ("after", after))
    return alike + [f"{when}: {note}" for when, tree in each for note in tree.notes if note not in alike]


@dataclass(frozen=True, eq=False)
class _Period:
    """float64[n_nodes, n_segments] of one period; ``filled`` are the values with what is undefined taken as unchanged."""

    numerator: np.ndarray
    denominator: np.ndarray
    value: np.ndarray
    filled: np.ndarray


@dataclass(frozen=True, eq=False)
class _Pair:
    nodes: tuple[TreeNode, ...]
    segments: tuple[str, ...]
    was: _Period
    now: _Period
    in_both: np.ndarray

    @property
    def base(self) -> int | None:
        """The row of the customers to sell to: the first part of a product, where it is a count."""
        names = [node.name for node in self.nodes]
        first = self.nodes[0].parts[:1]
        row = names.index(first[0]) if first else 0
        return row if self.nodes[0].kind == "product" and self.nodes[row].unit == "count" else None


def _align(before: MetricTree, after: MetricTree) -> _Pair:
    if [(n.name, n.kind, n.parts, n.definition) for n in before.nodes] != [
        (n.name, n.kind, n.parts, n.definition) for n in after.nodes
    ]:
        raise InputError(
            f"The trees are not alike: {[n.name for n in before.nodes]} and {[n.name for n in after.nodes]}.",
            why="Only figures of one definition can be compared.",
            do="Give both periods an offer log, or neither.",
        )
    if before.segment_by != after.segment_by:
        raise InputError(f"The trees are cut by different columns: {before.segment_by!r} and {after.segment_by!r}.")
    segments = tuple(dict.fromkeys([*after.segments, *before.segments]))
    width = max(len(segments), 1)
    old, new = _columns(before, segments), _columns(after, segments)
    raw = []
    for tree, column in ((before, old), (after, new)):
        known = column >= 0
        arrays = []
        for source in (tree.numerator, tree.denominator, tree.value):
            target = np.full((len(tree.nodes), width), np.nan)
            target[:, known] = source[:, column[known]]
            arrays.append(target)
        raw.append(arrays)
    leaf = np.array([node.kind == "leaf" for node in after.nodes])
    there = [(np.nan_to_num(arrays[0][leaf]) != 0).any(axis=0) for arrays in raw]
    was = _Period(raw[0][0], raw[0][1], raw[0][2], _fill(after.nodes, raw[0][2], raw[1][2], there[0]))
    now = _Period(raw[1][0], raw[1][1], raw[1][2], _fill(after.nodes, raw[1][2], raw[0][2], there[1]))
    return _Pair(after.nodes, segments, was, now, there[0] & there[1])


def _columns(tree: MetricTree, segments: tuple[str, ...]) -> np.ndarray:
    """int64: the column of each segment in the tree's arrays, −1 where it has none."""
    if not segments:
        return np.zeros(1, dtype=np.int64)
    number = {label: i for i, label in enumerate(tree.segments, start=1)}
    return np.fromiter((number.get(label, -1) for label in segments), dtype=np.int64, count=len(segments))


def _fill(nodes: tuple[TreeNode, ...], value: np.ndarray, other: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The values with undefined leaves as in the other period (else 0), and their nodes made of them; 0 where not there."""
    filled = np.where(np.isnan(value), np.nan_to_num(other), value)
    filled[:, ~there] = 0.0
    place = {node.name: i for i, node in enumerate(nodes)}
    for i, node in reversed(list(enumerate(nodes))):
        if node.parts:
            parts = filled[[place[part] for part in node.parts]]
            filled[i] = parts.sum(axis=0) if node.kind == "sum" else parts.prod(axis=0)
    return filled


def _shown(tree: MetricTree, period: _Period, single: bool) -> np.ndarray:
    """The values as they are: everybody's first, then each segment's, 0 in the root of a segment that was not there."""
    if single:
        return tree.value
    values = np.concatenate([tree.value[:, :1], period.value], axis=1)
    values[0, 1:] = period.filled[0]
    return values


def _totalled(rows: np.ndarray, single: bool) -> np.ndarray:
    return rows if single else np.concatenate([rows.sum(axis=1, keepdims=True), rows], axis=1)


def _mix_and_rate(pair: _Pair) -> tuple[np.ndarray, np.ndarray]:
    rate, mix = np.full_like(pair.was.value, np.nan), np.full_like(pair.was.value, np.nan)
    for i in range(len(pair.nodes)):
        counts = [
            np.nan_to_num(a[i]) for a in (pair.was.numerator, pair.was.denominator, pair.now.numerator, pair.now.denominator)
        ]
        if counts[1].any() and counts[3].any():
            found = split_mix_rate(*counts)
            rate[i], mix[i] = found.rate, found.mix
    return rate, mix


def _root_effects(pair: _Pair) -> tuple[float, float, float]:
    """The root's change by size, mix and rate: Δn·½(r̄₀+r̄₁), and ½(n₀+n₁) × the mix and rate effects of root / base."""
    if pair.base is None:
        return float("nan"), float("nan"), float("nan")
    n0, n1 = pair.was.filled[pair.base], pair.now.filled[pair.base]
    found = split_mix_rate(pair.was.filled[0], n0, pair.now.filled[0], n1)
    size, middle = float(n1.sum() - n0.sum()), 0.5 * float(n0.sum() + n1.sum())
    return size * 0.5 * (found.before + found.after), middle * float(found.mix.sum()), middle * float(found.rate.sum())


def _warn(pair: _Pair, before: MetricTree, after: MetricTree) -> list[str]:
    """A sentence for each node whose total moved against segments that hold most of the eligible customers."""
    if pair.base is None or not pair.segments:
        return []
    n0, n1 = pair.was.filled[pair.base], pair.now.filled[pair.base]
    if n0.sum() == 0 or n1.sum() == 0:
        return []
    weight = 0.5 * (n0 / n0.sum() + n1 / n1.sum())
    warnings = []
    for i, node in enumerate(pair.nodes):
        total = after.value[i, 0] - before.value[i, 0]
        moved = pair.now.value[i] - pair.was.value[i]
        against = float(weight[np.isfinite(moved) & (np.sign(moved) == -np.sign(total))].sum()) if total else 0.0
        if against >= MOST:
            ways = ("rose", "fell") if total > 0 else ("fell", "rose")
            warnings.append(
                f"{node.label} {ways[0]} over everybody, but {ways[1]} in segments that hold {against:.0%} of the eligible"
                " customers: who they are has changed. Look at the segments, not at the blend."
            )
    return warnings
