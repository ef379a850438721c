"""The figures as a picture: a panel a window, a dot and its interval a method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.quality.report import find, methods_of

OURS, OTHER = "#0072B2", "#7A7A7A"


def draw(found: list[dict[str, Any]], path: Path, caption: str) -> None:
    """NDCG@10 with 95 % intervals, the best method of each window on top."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    heights = [0.9 + 0.24 * len(methods_of([one])) for one in found]
    figure, axes = plt.subplots(
        len(found), 1, figsize=(8, sum(heights) + 0.4), squeeze=False, height_ratios=heights, layout="constrained"
    )
    for axis, one in zip(axes[:, 0], found):
        _draw_window(axis, one)
    figure.supxlabel(caption, fontsize=8, color="#555555")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _draw_window(axis: Any, one: dict[str, Any]) -> None:
    names = methods_of([one])
    rows = {name: find(one, name, "ndcg") for name in names}
    order = sorted(names, key=lambda name: rows[name]["value"])
    for place, name in enumerate(order):
        row, colour = rows[name], OURS if name == names[0] else OTHER
        axis.plot([row["lower"], row["upper"]], [place, place], color=colour, linewidth=2)
        axis.plot([row["value"]], [place], "o", color=colour, markersize=5)
    axis.set_yticks(range(len(order)), order, fontsize=8)
    axis.set_xlim(left=0)
    axis.grid(axis="x", linewidth=0.4, color="#DDDDDD")
    axis.set_title(f"{one['window']}: NDCG@10, {one['customers']:,} customers", fontsize=9, loc="left")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
