"""Numbers as people read them: counts with separators, shares as per cent, intervals joined, no thirteen digits."""

from __future__ import annotations

import math

#: What stands for a value that is not there.
MISSING = "–"


def format_count(value: float) -> str:
    """A whole number with separators.

    >>> format_count(1234567)
    '1,234,567'
    """
    return f"{value:,.0f}" if math.isfinite(value) else MISSING


def format_number(value: float) -> str:
    """Three figures that count, with separators; whole from 1,000 on, and where the number is whole.

    >>> format_number(2.34567), format_number(12345.6), format_number(0.000012345), format_number(13.0)
    ('2.35', '12,346', '0.0000123', '13')
    """
    if not math.isfinite(value) or value == int(value):
        return format_count(value)
    return f"{value:,.{_decimals(abs(value), 2)}f}"


def format_share(value: float) -> str:
    """A share as per cent with three figures that count; whole where it is whole.

    >>> format_share(0.12345), format_share(0.0012345), format_share(0.2)
    ('12.3 %', '0.123 %', '20 %')
    """
    if not math.isfinite(value):
        return MISSING
    if abs(100 * value - round(100 * value)) < 1e-9:
        return f"{round(100 * value)} %"
    return f"{100 * value:.{_decimals(abs(100 * value), 2)}f} %"


def format_share_interval(value: float, lower: float, upper: float) -> str:
    """A share with its interval, no finer than the interval is wide; without one the share alone.

    >>> format_share_interval(0.1234, 0.09, 0.152), format_share_interval(0.1234, math.nan, math.nan)
    ('12 % [9, 15]', '12.3 %')
    """
    if not (math.isfinite(value) and math.isfinite(lower) and math.isfinite(upper)):
        return format_share(value)
    places = _decimals(100 * max(upper - lower, 1e-7) / 5, 0)
    return f"{100 * value:.{places}f} % [{100 * lower:.{places}f}, {100 * upper:.{places}f}]"


def format_interval(value: float, lower: float, upper: float) -> str:
    """A number with its interval, no finer than the interval is wide; without one the number alone.

    >>> format_interval(72.346, 69.385, 75.307), format_interval(1.25, math.nan, math.nan)
    ('72 [69, 75]', '1.25')
    """
    if not (math.isfinite(value) and math.isfinite(lower) and math.isfinite(upper)):
        return format_number(value)
    places = _decimals(max(upper - lower, 1e-9) / 5, 0)
    return f"{value:,.{places}f} [{lower:,.{places}f}, {upper:,.{places}f}]"


def format_q(value: float) -> str:
    """A q-value: three decimals, below that only that it is below.

    >>> format_q(0.0123), format_q(0.0000001), format_q(1.0)
    ('.012', '< .001', '1')
    """
    if not math.isfinite(value):
        return MISSING
    if value < 0.001:
        return "< .001"
    return "1" if value >= 0.9995 else f"{value:.3f}"[1:]


def _decimals(size: float, figures: int) -> int:
    """Decimals that show ``figures`` + 1 figures of a number of that size, at most 8."""
    return 0 if size == 0 else min(max(figures - math.floor(math.log10(size)), 0), 8)
