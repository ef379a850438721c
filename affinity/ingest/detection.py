"""Which known export a source is, by its set of headers, or a set of tables by theirs; never a guess."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

from affinity.errors import InputError, UnknownColumns
from affinity.ingest.format_spec import FormatSpec
from affinity.ingest.formats.registry import FORMATS, load_format

#: Headers that make one table of several known for certain when it comes alone.
CERTAIN = 4


def normalise(name: str) -> str:
    """A header without case, blanks, underscores and punctuation, for comparison."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


@cache
def known_headers() -> frozenset[str]:
    """Every header that a known format is known by, normalised."""
    names: list[str] = []
    for spec in map(load_format, FORMATS):
        names += [alias for aliases in spec.columns.values() for alias in aliases] + list(spec.requires)
        names += [header for part in spec.parts.values() for header in part.needs]
    return frozenset(map(normalise, names))


def choose_format(headers: Sequence[str], format: str | None, mapped: bool = False) -> FormatSpec | None:
    """The known export that one table of these headers is, or None.

    Of the formats whose required headers are all there, the one that requires most. Raises InputError where two fit equally
    well, where the format holds no order lines, or where the table is one of several that make an export, UnknownColumns where
    ``format`` is asked for and does not fit. With ``mapped`` (the user named columns) formats that compute their columns are
    not looked for.
    """
    have = set(map(normalise, headers))
    if format == "generic":
        return None
    if format is not None:
        chosen: FormatSpec | None = _asked_for(format, have, headers)
    else:
        fitting = [spec for spec in map(load_format, FORMATS) if spec.requires and not _missing(spec.requires, have)]
        fitting = [spec for spec in fitting if not (mapped and (spec.lines or spec.refusal))]
        most = max((len(spec.requires) for spec in fitting), default=0)
        best = [spec for spec in fitting if len(spec.requires) == most]
        _refuse_ties(best)
        chosen = best[0] if best else None
        if chosen is None and not mapped:
            _refuse_one_of_several(have)
    if chosen is not None and chosen.refusal:
        raise InputError(f"This is the {chosen.title}, which holds no order lines.", do=chosen.refusal)
    return chosen


def _asked_for(format: str, have: Collection[str], headers: Sequence[str]) -> FormatSpec:
    spec = load_format(format)
    if not spec.requires:
        raise UnknownColumns(
            f"format={format!r} takes several tables ({', '.join(spec.parts)}), and one was given.",
            do="Pass the folder that holds them, or the database without a query.",
        )
    missing = _missing(spec.requires, have)
    if missing:
        raise UnknownColumns(
            f"format={format!r} needs {', '.join(spec.requires)}; the source lacks {', '.join(missing)} "
            f"(it holds {listed(headers)}).",
            do="Leave format out to have it detected, or name the columns with --columns.",
        )
    return spec


def _missing(needs: Iterable[str], have: Collection[str]) -> list[str]:
    return [header for header in needs if normalise(header) not in have]


def _refuse_ties(best: Sequence[FormatSpec]) -> None:
    if len(best) > 1:
        names = " and ".join(f"{spec.name} ({', '.join(spec.requires or spec.parts)})" for spec in best)
        raise InputError(
            f"The columns fit {len(best)} formats equally well: {names}.",
            why="They would be read in different ways.",
            do=f"Say which it is: --format {best[0].name} (in Python: format={best[0].name!r}).",
        )


def _refuse_one_of_several(have: Collection[str]) -> None:
    for spec in map(load_format, FORMATS):
        for name, part in spec.parts.items():
            if not spec.requires and len(part.needs) >= CERTAIN and not _missing(part.needs, have):
                others = ", ".join(other for other, each in spec.parts.items() if other != name and each.required)
                raise InputError(
                    f"This is {name}, one table of {spec.title}.",
                    why=f"Its order lines need {others} too.",
                    do="Pass the folder that holds them (or the database without a query); --format generic reads it alone.",
                )


def choose_joined(headers: Sequence[str]) -> tuple[FormatSpec, list[str]] | None:
    """The export of several tables whose parts one table holds joined, and those parts; None if there is none."""
    have = set(map(normalise, headers))
    for spec in map(load_format, FORMATS):
        held = [name for name, part in spec.parts.items() if not _missing(part.needs, have)]
        if not spec.requires and held and all(name in held for name, part in spec.parts.items() if part.required):
            return spec, held
    return None


def choose_set(tables: Mapping[str, Sequence[str]], format: str | None) -> tuple[FormatSpec, dict[str, list[str]]] | None:
    """The export that a set of tables (name -> headers) is, with its parts (part -> names of tables); None if none fits.

    Raises InputError where two exports fit, UnknownColumns where ``format`` is asked for and a part of it is missing.
    """
    if format == "generic":
        return None
    found = []
    for spec in map(load_format, [format] if format else FORMATS):
        if not spec.parts or spec.requires:
            continue
        parts = _assign(spec, tables)
        missing = [name for name, part in spec.parts.items() if part.required and not parts[name]]
        if not missing:
            found.append((spec, parts))
        elif format:
            needs = "; ".join(f"{name} ({', '.join(spec.parts[name].needs)})" for name in missing)
            raise UnknownColumns(
                f"format={format!r}: no table is {needs}; there are {listed(list(tables))}.", do="Add what is missing."
            )
    most = max((sum(len(spec.parts[name].needs) for name in parts if parts[name]) for spec, parts in found), default=0)
    best = [both for both in found if sum(len(both[0].parts[name].needs) for name in both[1] if both[1][name]) == most]
    _refuse_ties([spec for spec, _ in best])
    return best[0] if best else None


def _assign(spec: FormatSpec, tables: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """part -> the tables that are it: a table is the part that needs most of its headers."""
    parts: dict[str, list[str]] = {name: [] for name in spec.parts}
    for table, headers in sorted(tables.items()):
        have = set(map(normalise, headers))
        fitting = [name for name, part in spec.parts.items() if not _missing(part.needs, have)]
        if fitting:
            parts[max(fitting, key=lambda name: (len(spec.parts[name].needs), normalise(name) in normalise(table)))].append(
                table
            )
    for name, found in parts.items():
        if len(found) > 1 and not spec.parts[name].many:
            exact = [table for table in found if normalise(table.rpartition(".")[2]) == normalise(name)]
            named = exact or [table for table in found if normalise(name) in normalise(table)]
            if len(named) != 1:
                raise InputError(
                    f"{len(found)} tables could be {name} of {spec.title}: {listed(found)}.",
                    do="Leave one of them, or name it after the part.",
                )
            parts[name] = named
    return parts


def near_formats(headers: Sequence[str], present: int = 1, most: int = 3) -> str:
    """The formats that lack some of these headers and have ``present``, the nearest first; empty where there is none."""
    have = set(map(normalise, headers))
    near = []
    for spec in map(load_format, FORMATS):
        missing = _missing(spec.requires, have)
        if missing and len(spec.requires) - len(missing) >= present:
            near.append((len(missing) / len(spec.requires), f"{spec.title} needs {', '.join(missing)} too"))
    near.sort(key=lambda both: both[0])
    return "; ".join(text for _, text in near[:most]) + "." if near else ""


def listed(names: Sequence[str]) -> str:
    """At most thirty names, and how many there are."""
    return ", ".join(names[:30]) + (f", … ({len(names)} in all)" if len(names) > 30 else "")
