"""When: one reading of a whole time column, decided from all its values, never value by value.

ISO dates and times (with or without zone) come first; then year first, day first or month first with /, . or -,
compact 20110901, and dates with month names. Day or month first is decided by the whole column: a value above 12 in
one place settles it. Where nothing settles it, that is an error; ``date_order`` in the settings answers it.
"""

from __future__ import annotations

from dataclasses import dataclass

from affinity.errors import InputError, SettingsError
from affinity.ingest.staging import text_of
from affinity.ingest.workbench import Workbench, first_line
from affinity.settings import IngestSettings

_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
_SEPARATORS = ("/", ".", "-")


def _formats(*orders: str) -> list[str]:
    return [order.replace("/", sep) + time for order in orders for sep in _SEPARATORS for time in _TIMES]


# two-digit years first: %Y takes 11 for the year 11, %y leaves the rest of 2011 over and fails
MONTH_FIRST = _formats("%m/%d/%y", "%m/%d/%Y")
DAY_FIRST = _formats("%d/%m/%y", "%d/%m/%Y")
OTHER = [
    day + time
    for day in ("%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%Y.%m.%d")
    for time in _TIMES
]

_TIME_AND_ZONE = r":[0-9.]+\s*(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$"


@dataclass(frozen=True)
class TimeReading:
    """How a column is read: ``sql`` gives a naive TIMESTAMP in the reporting zone or NULL; ``rule`` says it in words."""

    sql: str
    rule: str


def check_timezone(bench: Workbench, settings: IngestSettings) -> None:
    """SettingsError unless the reporting time zone exists."""
    import duckdb

    try:
        bench.run("SELECT timezone($zone, TIMESTAMPTZ '2020-01-01 00:00:00+00')", {"zone": settings.timezone})
    except duckdb.Error as error:
        raise SettingsError(
            f"timezone={settings.timezone!r} is not known: {first_line(error)}", do="Use an IANA name such as Europe/Berlin."
        ) from None


def read_times(
    bench: Workbench,
    name: str,
    type_name: str,
    settings: IngestSettings,
    *,
    month_first: bool | None = None,
    day_index: bool = False,
) -> TimeReading:
    """The reading of column ``name`` of the table ``staged``."""
    column = f'"{name}"'
    if type_name.startswith("TIMESTAMP WITH TIME ZONE"):
        check_timezone(bench, settings)
        return TimeReading(f"timezone({_literal(settings.timezone)}, {column})", f"aware, as {settings.timezone} wall clock")
    if type_name == "DATE" or type_name.startswith("TIMESTAMP"):
        return TimeReading(f"{column}::TIMESTAMP", "naive, taken as the reporting zone")
    text = column if type_name == "VARCHAR" else text_of(column, type_name)
    bench.run(f"CREATE OR REPLACE TEMP TABLE times AS SELECT {text} AS t, count(*) AS n FROM staged GROUP BY 1")
    ((rows, iso, aware, digits, longest),) = bench.run(
        f"SELECT coalesce(sum(n) FILTER (t IS NOT NULL), 0), coalesce(sum(n) FILTER ({_iso('t')} IS NOT NULL), 0), "
        "coalesce(sum(n) FILTER (regexp_matches(t, $zone)), 0), coalesce(sum(n) FILTER (regexp_full_match(t, '[0-9]+')), 0), "
        "max(length(t)) FILTER (regexp_full_match(t, '[0-9]+')) FROM times",
        {"zone": _TIME_AND_ZONE},
    )
    if digits and digits == rows:
        return _from_integers(bench, name, text, longest, day_index)
    if aware:
        return _from_aware(bench, name, text, aware, settings)
    if iso >= 0.5 * rows:  # no values at all too
        return TimeReading(_iso(text), "ISO dates")
    return _from_formats(bench, name, text, settings, month_first)


def _from_integers(bench: Workbench, name: str, text: str, longest: int, day_index: bool) -> TimeReading:
    number = f"try_cast({text} AS BIGINT)"
    if longest == 8 and not day_index:
        return TimeReading(f"try_strptime({text}, '%Y%m%d')", "dates written as 20110901")
    if day_index or longest <= 4:
        rule = f"{name} is a day number: days are counted from 1970-01-01 and mean nothing as dates"
        return TimeReading(f"(DATE '1970-01-01' + {number}::INTEGER)::TIMESTAMP", rule)
    units = {10: ("seconds", 1_000_000), 13: ("milliseconds", 1000), 16: ("microseconds", 1)}
    if longest in units:
        unit, factor = units[longest]
        return TimeReading(f"make_timestamp({number} * {factor})", f"{unit} since 1970-01-01, UTC")
    ((example,),) = bench.run("SELECT min(t) FROM times")
    raise InputError(
        f"{name} holds integers such as {example}, which are no dates that are known.",
        do="Write dates as 2011-09-01, or map an order sequence to order_seq.",
    )


def _from_aware(bench: Workbench, name: str, text: str, aware: int, settings: IngestSettings) -> TimeReading:
    zoned = f"regexp_matches(t, {_literal(_TIME_AND_ZONE)})"
    ((without, example),) = bench.run(
        f"SELECT coalesce(sum(n), 0), min(t) FROM times WHERE {_iso('t')} IS NOT NULL AND NOT {zoned}"
    )
    if without:
        raise InputError(
            f"{name}: {aware:,} values have a time zone and {without:,} have none (such as {example!r}).",
            why="An order without a zone could belong to another day.",
            do="Write all of them with a zone, or none.",
        )
    check_timezone(bench, settings)
    joined = f"regexp_replace({text}, '\\s+(Z|UTC|GMT|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$', '\\1')"
    spaced = f"regexp_replace(regexp_replace({joined}, '(UTC|GMT|Z)$', '+00'), '([+-][0-9]{{2}})([0-9]{{2}})$', '\\1:\\2')"
    stamp = f"CASE WHEN {zoned.replace('(t,', f'({text},')} THEN try_cast({spaced} AS TIMESTAMPTZ) END"
    return TimeReading(f"timezone({_literal(settings.timezone)}, {stamp})", f"aware, as {settings.timezone} wall clock")


def _from_formats(bench: Workbench, name: str, text: str, settings: IngestSettings, month_first: bool | None) -> TimeReading:
    month, day, other = (_strptime(_used(bench, formats)) for formats in (MONTH_FIRST, DAY_FIRST, OTHER))
    ((n_month, n_day, only_month, only_day, differ),) = bench.run(
        "SELECT count(m), count(d), count(*) FILTER (d IS NULL AND m IS NOT NULL), "
        "count(*) FILTER (m IS NULL AND d IS NOT NULL), count(*) FILTER (m <> d) "
        f"FROM (SELECT {month} AS m, {day} AS d FROM times)"
    )
    rest = _iso(text)
    if not n_month and not n_day:
        return TimeReading(f"coalesce({_on(other, text)}, {rest})", "dates with a month name or compact")
    chosen = {"month_first": True, "day_first": False}.get(settings.date_order, month_first)
    if chosen is None:
        if only_month > 10 * only_day:
            chosen = True
        elif only_day > 10 * only_month or not differ:
            chosen = False
        else:
            raise _ambiguous(bench, name, f"{month} <> {day}", (only_month, only_day))
    first = _on(month if chosen else day, text)
    rule = "month first (12/31/2010)" if chosen else "day first (31/12/2010)"
    return TimeReading(f"coalesce({first}, {rest}, {_on(other, text)})", rule)


def _used(bench: Workbench, formats: list[str]) -> list[str]:
    """The formats that read at least one distinct value: each one tried costs time on every row."""
    counts = ", ".join(f"count(try_strptime(t, {_literal(format)}))" for format in formats)
    (hits,) = bench.run(f"SELECT {counts} FROM times")
    return [format for format, hit in zip(formats, hits) if hit]


def _strptime(formats: list[str]) -> str:
    if not formats:
        return "NULL::TIMESTAMP"
    return f"try_strptime(t, [{', '.join(map(_literal, formats))}])"


def _on(parse: str, text: str) -> str:
    return parse.replace("(t,", f"({text},", 1)


def _ambiguous(bench: Workbench, name: str, differ: str, only: tuple[int, int]) -> InputError:
    only_month, only_day = only
    ((example,),) = bench.run(f"SELECT min(t) FILTER ({differ}) FROM times")
    evidence = (
        f"{only_month:,} values can only be month first and {only_day:,} only day first"
        if only_month or only_day
        else "no value settles it"
    )
    return InputError(
        f"{name}: {example!r} can be month first or day first; {evidence}.",
        why="Days and months would be swapped silently.",
        do="Say which it is with date_order = 'day_first' or 'month_first' in [ingest], or write 2011-09-01.",
    )


def _iso(text: str) -> str:
    """SQL: an ISO date or time; the year has four digits (the engine's own cast takes 13/09/11 for the year 13)."""
    return f"CASE WHEN ({text})[5] IN ('-', '/') THEN try_cast({text} AS TIMESTAMP) END"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
