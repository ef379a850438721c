"""A declared tree evaluated: leaves from counts, the rest from their parts, each figure with its bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from affinity.errors import InputError, SettingsError
from affinity.metrics.tree.declare import check_nodes
from affinity.tables.metric_tree import MetricTree, TreeNode

Z95 = 1.959963984540054

#: How far the parts may be from the figure that they make, relative: rounding only.
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Measure:
    """What a node counts in each segment.

    numerator   : float64[n]; denominator : float64[n], None where the node is a plain amount
    squares     : float64[3, n], Σx², Σxd and Σd² over the customers of a segment (x, d their numerator and denominator),
                  from which bounds are made; None: no bounds (a share needs none)
    """

    numerator: np.ndarray
    denominator: np.ndarray | None = None
    squares: np.ndarray | None = None

    @classmethod
    def of_customers(cls, x: np.ndarray, d: np.ndarray | None, group: np.ndarray, groups: int) -> Measure:
        """Sums over customers: x and d (None: a plain amount) of each, summed by their ``group``."""

        def total(values: np.ndarray) -> np.ndarray:
            return np.bincount(group, values, minlength=groups)

        if d is None:
            return cls(total(x), None, np.stack([total(x * x), np.zeros(groups), np.zeros(groups)]))
        return cls(total(x), total(d), np.stack([total(x * x), total(x * d), total(d * d)]))


def evaluate_metric_tree(
    nodes: Sequence[TreeNode],
    measures: Mapping[str, Measure],
    segments: Sequence[str] = (),
    *,
    segment_by: str | None = None,
    window: str | None = None,
    as_of: str | None = None,
    notes: Sequence[str] = (),
) -> MetricTree:
    """The tree over everybody and in each of ``segments``.

    measures : node name -> what it counts, an entry a segment (one entry without segments). Every leaf has one; a product
               or a sum may have one, and then its parts must make the same figure

    A leaf is numerator / denominator, NaN over 0. A product with a zero part is 0 whatever the other parts. Raises
    SettingsError for a declaration that is no tree or a leaf without a measure, InputError where the parts do not make
    the whole: in a tree each denominator is the numerator before it.

    >>> nodes = [
    ...     TreeNode("revenue", "Revenue", "product", "money", "mine", ("buyers", "value")),
    ...     TreeNode("buyers", "Buyers", "leaf", "count", "mine"),
    ...     TreeNode("value", "Value each", "leaf", "money", "mine"),
    ... ]
    >>> buyers, revenue = np.array([600.0, 100.0]), np.array([24000.0, 5000.0])
    >>> tree = evaluate_metric_tree(nodes, {"buyers": Measure(buyers), "value": Measure(revenue, buyers)}, ["old", "new"])
    >>> tree.value_of("value", "old"), tree.value_of("revenue")
    (40.0, 29000.0)
    """
    nodes = check_nodes(nodes)
    width = 1 + len(segments)
    shape = (len(nodes), width)
    numerator, denominator, value, lower, upper = (np.full(shape, np.nan) for _ in range(5))
    place = {node.name: i for i, node in enumerate(nodes)}
    for i, node in reversed(list(enumerate(nodes))):
        made = _from_parts(node, value[[place[part] for part in node.parts]]) if node.parts else None
        measure = measures.get(node.name)
        if measure is None:
            if made is None:
                raise SettingsError(f"The leaf {node.name!r} has no measure.", do="Count it, or leave it out of the tree.")
            value[i] = made
            continue
        numerator[i], denominator[i], value[i] = _figures(measure, width)
        lower[i], upper[i] = _bounds(node, measure, numerator[i], denominator[i], value[i])
        if made is not None:
            _check_parts(node, value[i], made, segments)
    if len(segments):
        _check_segments(nodes[0], value[0])
    return MetricTree(
        nodes, tuple(segments), numerator, denominator, value, lower, upper,
        segment_by=segment_by if segments else None, window=window, as_of=as_of, notes=tuple(notes),
    )  # fmt: skip


def _from_parts(node: TreeNode, parts: np.ndarray) -> np.ndarray:
    """Of the values of its parts, one row each: their sum, or their product (0 where one is 0)."""
    if node.kind == "sum":
        return np.asarray(parts.sum(axis=0))
    return np.where((parts == 0).any(axis=0), 0.0, parts.prod(axis=0))


def _figures(measure: Measure, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    top = _with_total(measure.numerator, width)
    if measure.denominator is None:
        return top, np.full(width, np.nan), top
    bottom = _with_total(measure.denominator, width)
    with np.errstate(divide="ignore", invalid="ignore"):
        return top, bottom, np.where(bottom == 0, np.nan, top / bottom)


def _with_total(values: np.ndarray, width: int) -> np.ndarray:
    """``values`` of the segments with their sum before them; without segments the one value stands alone."""
    values = np.asarray(values, dtype=np.float64)
    return values if width == 1 else np.concatenate([[values.sum()], values])


def _bounds(
    node: TreeNode, measure: Measure, top: np.ndarray, bottom: np.ndarray, value: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """95 %: Wilson for a share; else ± 1.96 √(Σ(x − r·d)²)/Σd over customers, where their squares are known."""
    if node.unit == "share" and measure.denominator is not None:
        from affinity.statistics.intervals import wilson_interval

        return wilson_interval(top, bottom)
    if measure.squares is None:
        return np.full(len(top), np.nan), np.full(len(top), np.nan)
    xx, xd, dd = (_with_total(row, len(top)) for row in measure.squares)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure.denominator is None:
            half = Z95 * np.sqrt(xx)
        else:
            half = Z95 * np.sqrt(np.maximum(xx - 2 * value * xd + value * value * dd, 0)) / bottom
    return value - half, value + half


def _check_parts(node: TreeNode, value: np.ndarray, made: np.ndarray, segments: Sequence[str]) -> None:
    """InputError unless the parts make the figure, where both are defined."""
    known = np.isfinite(value) & np.isfinite(made)
    off = np.flatnonzero(known & (np.abs(value - made) > TOLERANCE * np.maximum(np.abs(value), np.abs(made))))
    if len(off):
        where = "over everybody" if off[0] == 0 else f"in segment {segments[off[0] - 1]!r}"
        raise InputError(
            f"{node.name} is {value[off[0]]:g} {where}, but its parts {', '.join(node.parts)} make {made[off[0]]:g}.",
            why="A change could not be attributed to parts that do not make the whole.",
            do="Count each denominator as the numerator of the part before it.",
        )


def _check_segments(root: TreeNode, value: np.ndarray) -> None:
    """InputError unless the root's segments add up to the root."""
    parts = np.nan_to_num(value[1:])
    if abs(parts.sum() - np.nan_to_num(value[0])) > TOLERANCE * max(float(np.abs(parts).sum()), 1e-300):
        raise InputError(
            f"{root.name} is {value[0]:g} over everybody, but its segments add up to {parts.sum():g}.",
            why="The segments must split everybody, and each denominator be the numerator of the part before it.",
        )
