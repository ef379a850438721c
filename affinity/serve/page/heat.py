"""Cells of a heat map: which of them can be told apart from the whole, allowing for how many are looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from affinity.statistics.false_discovery import benjamini_hochberg

State = Literal["few", "none", "unjudged", "same", "chance", "low", "high"]

#: Share of chance findings that is put up with among the coloured cells.
ALLOWED = 0.05

#: Half the width of a 95 % interval in standard errors.
HALF = 1.959963984540054

#: Distance from the whole, as a share of it, from which a cell is of the second and of the third shade.
SHADES = (0.1, 0.25)


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % bounds; None where there is none."""

    value: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Cell:
    """What became of a cell.

    state : "few" (too few customers for a rate), "none" (no value), "unjudged" (a value without an interval), "same" (its
            interval overlaps that of the whole), "chance" (it does not, but among so many cells that may be chance),
            "low" or "high" (told apart); shade : 1 to 3 by the distance from the whole, 0 without colour
    """

    state: State
    shade: int = 0

    @property
    def style(self) -> str:
        """The class of the cell: "high2"; nothing without colour."""
        return f"{self.state}{self.shade}" if self.shade else self.state if self.state in ("few", "none") else ""


def judge_cells(cells: Sequence[tuple[Figure, Figure, bool]]) -> list[Cell]:
    """(cell, its whole, whether it rests on too few customers) -> what may be said of it, over all cells together.

    A cell is judged where it and its whole have a value and an interval. It is told apart where the two intervals do not
    overlap and its q-value is at most 5 %: Benjamini–Hochberg over all judged cells, of z = (cell − whole) / √(s² + w²), s
    and w a quarter of the widths. The cell is a part of the whole, which makes this strict rather than lax.
    """
    judged = [place for place, (cell, whole, few) in enumerate(cells) if not few and _known(cell) and _known(whole)]
    q_values = benjamini_hochberg([_p_value(*cells[place][:2]) for place in judged])
    q_of = dict(zip(judged, q_values.tolist()))
    return [_cell(*one, q_of.get(place)) for place, one in enumerate(cells)]


def _cell(cell: Figure, whole: Figure, few: bool, q_value: float | None) -> Cell:
    if few:
        return Cell("few")
    if cell.value is None:
        return Cell("none")
    if q_value is None or whole.value is None:
        return Cell("unjudged")
    if _overlap(cell, whole):
        return Cell("same")
    if q_value > ALLOWED:
        return Cell("chance")
    distance = abs(cell.value - whole.value) / abs(whole.value) if whole.value else math.inf
    return Cell("low" if cell.value < whole.value else "high", 1 + sum(distance >= bound for bound in SHADES))


def _known(figure: Figure) -> bool:
    return None not in (figure.value, figure.lower, figure.upper)


def _overlap(one: Figure, other: Figure) -> bool:
    assert one.lower is not None
    assert one.upper is not None
    assert other.lower is not None
    assert other.upper is not None
    return one.lower <= other.upper and other.lower <= one.upper


def _p_value(one: Figure, other: Figure) -> float:
    """Two-sided, of the difference under the normal distribution; 1 where neither has a width."""
    assert one.value is not None
    assert other.value is not None
    error = math.hypot(*((figure.upper - figure.lower) / (2 * HALF) for figure in (one, other)))  # type: ignore[operator]
    return math.erfc(abs(one.value - other.value) / error / math.sqrt(2)) if error > 0 else 1.0
