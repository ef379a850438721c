"""Numbers as people read them: filters of the templates. What is not known is an en dash, never a nought."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

NONE = "–"

#: Words that names of the tables have apart and people write together.
JOINED = (("cross", "sell"), ("multi", "item"), ("multi", "product"), ("post", "initial"))


def whole(value: float | None) -> str:
    """1234567 -> "1,234,567"."""
    return NONE if value is None else f"{value:,.0f}"


def number(value: float | None) -> str:
    """Three figures that matter, grouped: "1,234", "12.3", "0.0123"."""
    if value is None:
        return NONE
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    if float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) >= 1e-4 else f"{value:.1e}"


def percent(value: float | None) -> str:
    """0.0828 -> "8.3%"; a second decimal below 1 %."""
    if value is None:
        return NONE
    decimals = 2 if 0 < abs(value) < 0.00995 else 1
    return f"{100 * value:.{decimals}f}%"


def times(value: float | None) -> str:
    """1.43 -> "×1.4"; a second decimal below 10 shows what lies around 1."""
    if value is None:
        return NONE
    sign, size = "−" if value < 0 else "", abs(value)
    return f"×{sign}{size:,.0f}" if size >= 100 else f"×{sign}{size:.1f}" if size >= 10 else f"×{sign}{size:.2f}"


def money(value: float | None) -> str:
    """12.5 -> "12.50"; whole from 1,000 on. The currency is the shop's: a release holds one."""
    return NONE if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.2f}"


def points(value: float | None) -> str:
    """A difference of two shares: 0.0312 -> "+3.1 points"."""
    return NONE if value is None else f"{100 * value:+.1f} points".replace("-", "−")


def signed(value: float | None) -> str:
    """A difference: 0.0312 -> "+0.031"."""
    return NONE if value is None else f"{value:+.3f}".replace("-", "−")


def chance(value: float | None) -> str:
    """A q-value: "< 0.001", or three decimals."""
    return NONE if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def days(value: float | None) -> str:
    """30.0 -> "30 days"."""
    return NONE if value is None else f"{value:,.0f} day{'' if round(value) == 1 else 's'}"


def between(bounds: tuple[float | None, float | None], form: Callable[[float | None], str]) -> str:
    """ "8.1% to 9.7%", or a dash when a bound is not known."""
    low, high = bounds
    return NONE if low is None or high is None else f"{form(low)} to {form(high)}"


def date(value: Any) -> str:
    """2024-12-31 -> "31 December 2024"."""
    if value is None:
        return NONE
    day = datetime.date.fromisoformat(str(value)[:10])
    return f"{day.day} {day:%B %Y}"


def window(value: Any) -> str:
    """ "2024-10-02/2024-12-31" (the end is the first day not in it) -> "2 October 2024 to 30 December 2024"."""
    begins, slash, ends = str(value or "").partition("/")
    try:
        last = date(datetime.date.fromisoformat(ends) - datetime.timedelta(days=1))
        return f"up to {last}" if begins == ".." else f"{date(begins)} to {last}"
    except ValueError:
        return begins + slash + ends or NONE


def words(name: Any) -> str:
    """A name of the tables as words: "bad_quantity" -> "Bad quantity"."""
    said = str(name).replace("_", " ")
    for first, second in JOINED:
        said = said.replace(f"{first} {second}", f"{first}-{second}")
    return said[:1].upper() + said[1:]


def query(given: Mapping[str, Any], **changes: Any) -> str:
    """The query string of ``given`` with ``changes`` (None: left out), beginning with "?"; empty values are left out."""
    kept = {name: value for name, value in {**given, **changes}.items() if value not in (None, "")}
    return f"?{urlencode(kept, doseq=True)}" if kept else "?"


FILTERS: dict[str, Callable[..., Any]] = {
    "whole": whole,
    "number": number,
    "percent": percent,
    "times": times,
    "money": money,
    "points": points,
    "signed": signed,
    "signeds": lambda bounds: between(bounds, signed),
    "chance": chance,
    "days": days,
    "date": date,
    "window": window,
    "words": words,
    "percents": lambda bounds: between(bounds, percent),
    "times_between": lambda bounds: between(bounds, times),
    "numbers": lambda bounds: between(bounds, number),
    "moneys": lambda bounds: between(bounds, money),
}
