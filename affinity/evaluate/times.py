"""Where the landmarks of a backtest are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import numpy as np

from affinity.errors import InputError, MissingPart

#: Days of history before a landmark at least, where the caller names none.
LEAST_HISTORY_DAYS = 60


def plan_times(
    clock: Literal["day", "order"] | None,
    first_day: int,
    as_of_day: int,
    horizon_days: int,
    *,
    landmarks: int = 1,
    at: Sequence[dt.date | str] = (),
) -> list[int]:
    """The landmarks, latest first: days since the epoch, or −k when each customer's last k orders are held out.

    at        : dates (clock "day"); none: as_of − h, as_of − 2h, … ``landmarks`` of them
    Label windows [T, T + h) of planned landmarks do not overlap; those of named dates may.
    Raises InputError for a date before the first order or whose horizon is not over, MissingPart without customers
    and time or with too little history.
    """
    if landmarks < 1 or horizon_days < 1:
        raise InputError(
            f"landmarks={landmarks} and horizon_days={horizon_days} must both be at least 1.",
            why="A backtest compares with what was bought in the days after a landmark.",
        )
    if clock is None:
        raise MissingPart(
            "There is no past time to test at: the orders have no customers, or neither dates nor an order sequence.",
            why="A backtest needs a history before the time and the whole horizon after it.",
            do="Give customer_id and ordered_at (or order_seq).",
        )
    if clock == "order":
        if at:
            raise MissingPart(f"at={at[0]} is a date, and the orders have none.", do="Use landmarks=1, 2, … orders.")
        return [-k for k in range(1, landmarks + 1)]
    if at:
        return sorted({_check_day(date, first_day, as_of_day, horizon_days) for date in at}, reverse=True)
    days = [as_of_day - k * horizon_days for k in range(1, landmarks + 1)]
    fit = sum(day - first_day >= LEAST_HISTORY_DAYS for day in days)
    if fit < landmarks:
        history = f"the orders of {as_of_day - first_day} days before {_iso(as_of_day)}"
        raise MissingPart(
            f"There is no past time to test at: horizon_days={horizon_days}, landmarks={landmarks} and {history}."
            if fit == 0
            else f"landmarks={landmarks} of horizon_days={horizon_days} do not fit into {history}; {fit} do.",
            why=f"Each needs {LEAST_HISTORY_DAYS} days of history before it and the whole horizon after it.",
            do=f"Use landmarks={fit}." if fit else "Give a shorter horizon or a longer history.",
        )
    return days


def _check_day(date: dt.date | str, first_day: int, as_of_day: int, horizon_days: int) -> int:
    try:
        day = int(np.datetime64(dt.date.fromisoformat(date) if isinstance(date, str) else date, "D").astype(np.int64))
    except ValueError:
        raise InputError(f"at={date!r} is no date.", do="Write it as 2011-09-01.") from None
    if day <= first_day:
        raise InputError(
            f"at={_iso(day)}, but the first order line is of {_iso(first_day)}, so nothing lies before it.",
            why="A landmark is the first day that a recommender may not look at.",
            do=f"Use a date after {_iso(first_day)}.",
        )
    if day + horizon_days > as_of_day:
        latest = as_of_day - horizon_days
        raise InputError(
            f"at={_iso(day)} with horizon_days={horizon_days} ends on {_iso(day + horizon_days)}, "
            f"after the orders, which are known before {_iso(as_of_day)} only.",
            why="Who has not bought by then may still buy within the horizon.",
            do=f"Use a date up to {_iso(latest)}." if latest > first_day else "Use a shorter horizon.",
        )
    return day


def _iso(day: int) -> str:
    return str(np.datetime64(day, "D"))
