"""An Altair chart in the house's plain look, its rows, and its tooltips."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from affinity.errors import MissingExtra
from affinity.plots.figure import DARK
from affinity.tables.number_text import format_count, format_share_interval

#: Rows that one picture holds at most (Altair's own limit): each is in the file and in the browser's memory.
MOST_ROWS = 5_000


def load_altair() -> Any:
    """The altair module; MissingExtra where it is not installed."""
    try:
        import altair
    except ModuleNotFoundError:
        raise MissingExtra("Altair is not installed.", do="pip install 'affinity-engine[plots]'") from None
    return altair


def make_rows(columns: Mapping[str, Sequence[Any] | np.ndarray]) -> Any:
    """The columns as the rows of a chart: plain values, None for what is no number."""
    lists = [column.tolist() if isinstance(column, np.ndarray) else list(column) for column in columns.values()]
    return load_altair().InlineData(values=[dict(zip(columns, map(_plain, row))) for row in zip(*lists)])


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return disarm(value)
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def disarm(text: str) -> str:
    """``text`` such that it cannot end the script that a saved page holds it in: an invisible joiner after such a "<"."""
    return re.sub(r"<(?=[/!sS])", "<\u2060", text)


def say_counts(column: np.ndarray) -> list[str]:
    """Each whole number with separators."""
    return [format_count(n) for n in column.tolist()]


def say_shares(value: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> list[str]:
    """Each share with its interval: "12 % [9, 15]"."""
    return [format_share_interval(*three) for three in zip(value.tolist(), lower.tolist(), upper.tolist())]


def tell(**names: str) -> list[Any]:
    """Tooltip lines: field -> what it is called."""
    altair = load_altair()
    return [altair.Tooltip(f"{field}:N", title=title) for field, title in names.items()]


def dress_chart(chart: Any, title: str, subtitle: str = "") -> Any:
    """The chart with a left-aligned title, a grey line under it, a white ground (also in a dark notebook) and a faint grid."""
    altair = load_altair()
    said = {"subtitle": disarm(subtitle).split("\n")} if subtitle else {}
    words = altair.TitleParams(disarm(title), anchor="start", frame="group", **said)
    menu = {"embedOptions": {"actions": {"export": True, "source": False, "compiled": False, "editor": False}}}  # no other site
    return (
        chart.properties(title=words, background="white", padding=12, usermeta=menu)
        .configure_title(fontSize=15, color=DARK, subtitleColor="#616e7c", subtitleFontSize=12, offset=12)
        .configure_view(stroke=None)
        .configure_axis(gridColor="#e4e7eb", domainColor="#9aa5b1", labelColor=DARK, titleColor=DARK, titleFontWeight="normal")
        .configure_legend(labelColor=DARK, titleColor=DARK, titleFontWeight="normal", labelLimit=260)
    )


def say_nothing(title: str, why: str) -> Any:
    """A chart that says why there is nothing to draw."""
    altair = load_altair()
    return dress_chart(altair.Chart(make_rows({"why": [why]})).mark_text(fontSize=13, color=DARK).encode(text="why:N"), title)
