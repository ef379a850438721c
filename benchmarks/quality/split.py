"""The windows: where history ends, how long what came is followed, and where peers' parameters are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from affinity.fit import cut_lines
from affinity.history import History, look_back
from affinity.settings import Settings
from affinity.tables import Landmark
from affinity.training import look_back_to
from benchmarks.quality.data import load

When = tuple[str | int, int]  # landmark (a date, or −k orders), horizon


@dataclass(frozen=True)
class Window:
    """One comparison: test and validation are (landmark, horizon); best: NDCG@10 of the best method measured before."""

    name: str
    data: str
    test: When
    validation: When
    best: float | None = None


WINDOWS = (
    Window("online_2011_09", "online", ("2011-09-01", 100), ("2011-06-01", 92), 0.1349),
    Window("online_2011_03", "online", ("2011-03-01", 92), ("2010-12-01", 90), 0.1146),
    Window("groceries_2015_07", "groceries", ("2015-07-01", 183), ("2015-01-01", 181), 0.3002),
    Window("tafeng_last_order", "tafeng", (-1, 1), (-2, 1), 0.0735),
    Window("complete_journey_2017_10", "complete_journey", ("2017-10-01", 92), ("2017-07-01", 92)),
)


def split(window: Window, folder: Path, when: When) -> tuple[History, Landmark, Settings]:
    """What was known at the landmark, the landmark with its labels, and the settings; nothing after its horizon is kept."""
    at, horizon = when
    lines = load(window.data, folder)
    settings = Settings(horizon_days=horizon)
    if isinstance(at, str):
        at = int(np.datetime64(at, "D").astype(np.int64))
        lines = cut_lines(lines, at + horizon)
    return *look_back_to(at, look_back(lines), settings), settings
