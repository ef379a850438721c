"""The cut at as_of: lines on or after it are the future and are not looked at."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from affinity.errors import InputError, MissingPart
from affinity.tables import IngestReport, OrderLines
from affinity.tables.order_lines import MICROSECONDS_A_DAY

_EPOCH = dt.date(1970, 1, 1)


def cut_lines(lines: OrderLines, as_of: dt.date | str | None = None) -> OrderLines:
    """The lines before ``as_of``, returns too, with ``as_of_day`` set.

    as_of : the first day not looked at (reporting time zone), a date or its ISO text; None: the day after the
            last line, or the earlier cut of ``lines`` if there was one

    Lines on or after it are counted in the report as ``after_as_of`` (counted, not listed). Without dates the
    lines are returned unchanged. Raises MissingPart when ``as_of`` is given and the lines have no dates, InputError
    when nothing lies before ``as_of`` or when ``as_of`` is later than an earlier cut.
    """
    if lines.ordered_at is None:
        if as_of is None:
            return lines
        raise MissingPart(
            f"as_of={as_of} was given, but the order lines have no dates.",
            why="Without dates nothing tells which lines lie before it.",
            do="Leave as_of out, or give a column ordered_at.",
        )
    if len(lines) == 0:
        raise InputError("There are no order lines to cut.", do="See the report for why rows were set aside.")
    as_of_day = _chosen_day(lines, as_of)
    before = lines.ordered_at < as_of_day * MICROSECONDS_A_DAY
    cut = int(len(lines) - np.count_nonzero(before))
    if cut == len(lines):
        first = _iso(int(lines.ordered_at.min() // MICROSECONDS_A_DAY))
        raise InputError(
            f"as_of={_iso(as_of_day)}, but the first order line is of {first}, so nothing lies before it.",
            why="as_of is the first day that is not looked at.",
            do=f"Use an as_of after {first}.",
        )
    kept = lines.take(before) if cut else lines
    report = lines.report.set_aside(IngestReport().quarantine, {"after_as_of": cut}) if cut else lines.report
    return replace(kept, as_of_day=as_of_day, report=report)


def _chosen_day(lines: OrderLines, as_of: dt.date | str | None) -> int:
    assert lines.ordered_at is not None
    if as_of is None:
        return lines.as_of_day if lines.as_of_day is not None else int(lines.ordered_at.max() // MICROSECONDS_A_DAY) + 1
    day = (_as_date(as_of) - _EPOCH).days
    if lines.as_of_day is not None and day > lines.as_of_day:
        raise InputError(
            f"as_of={_iso(day)} is later than {_iso(lines.as_of_day)}, where these lines were cut before.",
            why="The lines between the two are gone, so nobody was followed there.",
            do="Cut the lines as they were read.",
        )
    return day


def _as_date(as_of: dt.date | str) -> dt.date:
    if isinstance(as_of, dt.datetime):
        return as_of.date()
    if isinstance(as_of, dt.date):
        return as_of
    try:
        return dt.date.fromisoformat(as_of)
    except (TypeError, ValueError):
        raise InputError(f"as_of={as_of!r} is no date.", do="Write it as 2011-09-01.") from None


def _iso(day: int) -> str:
    return str(np.datetime64(day, "D"))
