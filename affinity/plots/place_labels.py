"""Labels of points that do not cover each other: each takes the first free place around its point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

#: Directions tried, in this order: right, left, above, below, then the corners.
_PLACES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


def place_labels(
    axes: Any,
    points: np.ndarray,
    texts: Sequence[str],
    *,
    radius: np.ndarray,
    avoid: np.ndarray | None = None,
    fontsize: float = 8.0,
    keep_all: bool = False,
) -> None:
    """Write ``texts`` beside ``points`` on drawn ``axes``, the first ones first; what finds no free place is left out.

    points : float64[n, 2] in data units; radius : float64[n] of each point's mark, in points (1/72 inch)
    avoid    : float64[m, 2] further places in data units better not covered (along lines, say)
    keep_all : rather cover something than leave a label out
    """
    figure = axes.figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    scale = figure.dpi / 72.0
    centre = axes.transData.transform(points)
    reach = radius * scale
    marks = np.column_stack([centre - reach[:, None], centre + reach[:, None]])
    inside = axes.get_window_extent(renderer)
    lines = np.empty((0, 2)) if avoid is None else axes.transData.transform(avoid)
    taken: list[np.ndarray] = []
    for i, text in enumerate(texts):
        label = axes.annotate(text, points[i], xytext=(0, 0), textcoords="offset points", fontsize=fontsize, color="#323f4b")
        box = label.get_window_extent(renderer)
        size = np.array([box.width, box.height])
        costs = []
        for place in _PLACES:
            middle = centre[i] + np.array(place) * (reach[i] * (0.8 if all(place) else 1.0) + 2 * scale + size / 2)
            corners = np.concatenate([middle - size / 2, middle + size / 2])
            others = np.delete(marks, i, axis=0)
            crossed = int(((lines > corners[:2]) & (lines < corners[2:])).all(axis=1).sum())
            cost = _covered(corners, [*taken, *others]) + 4 * _outside(corners, inside) + 20 * scale**2 * crossed
            costs.append((cost, corners, middle))
        cost, corners, middle = min(costs, key=lambda option: option[0])
        if cost > 0.05 * size.prod() and not keep_all:
            label.remove()
            continue
        label.set_position(tuple((middle - centre[i]) / scale))
        label.set_horizontalalignment("center")
        label.set_verticalalignment("center")
        taken.append(corners)


def _covered(box: np.ndarray, others: Sequence[np.ndarray]) -> float:
    if not len(others):
        return 0.0
    other = np.array(others)
    overlap = np.minimum(box[2:], other[:, 2:]) - np.maximum(box[:2], other[:, :2])
    return float(np.prod(np.maximum(overlap, 0), axis=1).sum())


def _outside(box: np.ndarray, frame: Any) -> float:
    lost = np.maximum(0, [frame.x0 - box[0], frame.y0 - box[1], box[2] - frame.x1, box[3] - frame.y1])
    width, height = box[2] - box[0], box[3] - box[1]
    return float((lost[0] + lost[2]) * height + (lost[1] + lost[3]) * width)
