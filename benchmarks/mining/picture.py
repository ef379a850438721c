"""The ratios as a picture: PyFIM's best over ours on each row, on a logarithmic axis, with the geometric mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.mining.contender import Contender
from benchmarks.mining.report import Results, geometric_mean, speedup
from benchmarks.mining.rows import TITLES

#: Colours that stay apart for the colour-blind (Okabe and Ito), and shapes for those who see none.
_MARKS = (("#0072B2", "o"), ("#D55E00", "D"), ("#009E73", "s"))


def draw(tables: Mapping[str, Results], contenders: Mapping[str, Sequence[Contender]], path: Path, caption: str) -> bool:
    """One panel a table that PyFIM takes part in; False when there is none."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    panels = [name for name, results in tables.items() if any(speedup(f, contenders[name], "pyfim") for _, f in results)]
    if not panels:
        return False
    heights = [1.2 + 0.26 * len(tables[name]) for name in panels]
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(9, sum(heights) + 0.6), squeeze=False, height_ratios=heights, layout="constrained"
    )
    for axis, name in zip(axes[:, 0], panels):
        _draw_panel(axis, tables[name], contenders[name], TITLES[name])
    figure.supxlabel(caption, fontsize=8, color="#555555")
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return True


def _draw_panel(axis: Any, results: Results, contenders: Sequence[Contender], title: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ours = [c.name for c in contenders if c.group == "ours"]
    drawn = [(row, f) for row, f in results if speedup(f, contenders, "pyfim") is not None]
    drawn.sort(key=lambda one: speedup(one[1], contenders, "pyfim") or 0.0)
    for name, (colour, shape) in zip(ours, _MARKS):
        points = [(speedup(f, contenders, "pyfim", ours=name), at) for at, (_, f) in enumerate(drawn)]
        seen = [(ratio, at) for ratio, at in points if ratio is not None]
        if not seen:
            continue
        mean = geometric_mean(ratio for ratio, _ in seen)
        axis.scatter(*zip(*seen), s=26, color=colour, marker=shape, zorder=3, label=f"{name} (mean {mean:.1f}×)")
        axis.axvline(mean, color=colour, linewidth=1, linestyle="--", zorder=1)
    axis.axvline(1.0, color="black", linewidth=1)
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.set_xlim(min(low, 0.8), max(high, 12.0))
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_yticks(range(len(drawn)), [f"{row.data} @ {row.min_count:,}" for row, _ in drawn], fontsize=8)
    axis.set_ylim(-0.7, len(drawn) - 0.3)
    axis.grid(axis="x", which="both", linewidth=0.4, color="#DDDDDD")
    axis.set_title(f"{title}: wall seconds, PyFIM's best algorithm over ours", fontsize=9, loc="left", pad=24)
    axis.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(_MARKS), frameon=False, borderaxespad=0.2)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
