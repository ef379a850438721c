"""A figure without pyplot's global state, in the house's plain look."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from affinity.errors import MissingExtra, OutputError
from affinity.replacing import replacing

BLUE, ORANGE, GREY, DARK = "#2f6db3", "#d9822b", "#9aa5b1", "#323f4b"
#: Colours of groups, told apart also without full colour sight (Okabe & Ito).
GROUPS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c6bb1", "#7a7a00")


@dataclass(frozen=True)
class Look:
    """How figures are made for where they are shown. narrow : for a phone; titled : with title and subtitle"""

    narrow: bool = False
    titled: bool = True


_USUAL = Look()
_LOOK: ContextVar[Look] = ContextVar("look", default=_USUAL)

#: Width of a narrow figure in inches, and its least and greatest height.
NARROW, LOWEST, HIGHEST = 4.2, 3.2, 7.0


@contextlib.contextmanager
def look_of(*, narrow: bool = False, titled: bool = True) -> Iterator[None]:
    """Figures made within have this look."""
    token = _LOOK.set(Look(narrow, titled))
    try:
        yield
    finally:
        _LOOK.reset(token)


def new_figure(width: float = 8.0, height: float = 5.0) -> Any:
    """An empty matplotlib Figure of ``width`` × ``height`` inches that notebooks can show.

    Raises MissingExtra when matplotlib is not installed.
    """
    if _LOOK.get().narrow and width > NARROW:
        width, height = NARROW, min(max(height * NARROW / width, LOWEST), HIGHEST)
    figure = _figure_class()(figsize=(width, height), dpi=110, layout="constrained", facecolor="white")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    return figure


@cache
def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingExtra("Matplotlib is not installed.", do="pip install 'affinity-engine[plots]'") from None

    class Picture(Figure):
        """A Figure that a notebook shows without pyplot."""

        def _repr_png_(self) -> bytes:
            buffer = io.BytesIO()
            self.savefig(buffer, format="png")
            return buffer.getvalue()

    return Picture


def plain_axes(figure: Any, title: str, subtitle: str = "") -> Any:
    """One axes with a left-aligned title, a grey line under it, and no frame above and to the right."""
    return dress_axes(figure.subplots(), title, subtitle)


def dress_axes(axes: Any, title: str, subtitle: str = "") -> Any:
    """The same look for ``axes`` that are there already."""
    titled = _LOOK.get().titled
    if titled:
        axes.set_title(title, loc="left", fontsize=12, fontweight="bold", color=DARK, pad=24 if subtitle else 8)
    if subtitle and titled:
        line = axes.text(0, 1.02, subtitle, transform=axes.transAxes, fontsize=9, color="#616e7c", va="bottom")
        line.set_in_layout(False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high`` (> 0) for a log scale: 1, 2, 5, …; finer ones where these are fewer than three."""
    for steps in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7), tuple(1 + i / 10 for i in range(90))):
        ticks = [step * 10.0**power for power in range(-12, 13) for step in steps if low <= step * 10.0**power <= high]
        if len(ticks) >= 3:
            break
    return ticks[:: max(1, len(ticks) // 8)]


def save_figure(figure: Any, path: Path) -> None:
    """Write ``figure`` to ``path``; OutputError when it cannot be written there or in such a form."""
    try:
        with replacing(path) as aside:
            figure.savefig(aside, format=path.suffix.lstrip(".") or None)
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be written: {error}.", do="Give a file .png, .svg or .pdf in a folder.") from None


def shorten(text: object, length: int = 28) -> str:
    """``text`` cut to ``length`` characters; dollar signs are no formulas."""
    return cut(text, length).replace("$", r"\$")


def cut(text: object, length: int) -> str:
    """``text`` cut to ``length`` characters."""
    words = str(text)
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"
