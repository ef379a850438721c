"""The record of interventions: `read_interventions` (TOML, JSON or CSV)."""

from __future__ import annotations

import csv
import datetime as dt
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from affinity.errors import InputError, did_you_mean
from affinity.ingest.side_table import NO, YES
from affinity.tables.interventions import Intervention

_EPOCH = dt.date(1970, 1, 1).toordinal()

FIELDS = ("date", "node", "segment", "what", "randomised", "comparison_segment")


def read_interventions(source: Any) -> tuple[Intervention, ...]:
    """The interventions of a .toml, .json or .csv file, or of a list of mappings.

    Needed are date (the first day on which it worked), node and what; known are segment and comparison_segment (one, a list, or
    joined by semicolons; no segment: everywhere) and randomised. In TOML each stands under ``[[intervention]]``. Raises
    InputError naming the entry that cannot be read.

    >>> read_interventions([{"date": "2025-03-01", "node": "conversion", "what": "new page", "segment": "north"}])[0].segments
    ('north',)
    """
    if isinstance(source, (str, Path)):
        rows = _read_file(Path(source))
        name = str(source)
    elif isinstance(source, Iterable) and not isinstance(source, Mapping):
        rows, name = list(source), "interventions"
    else:
        raise InputError(f"Interventions are given as a {type(source).__name__}.", do="Give a file, or a list of mappings.")
    return tuple(_read_row(row, f"{name}, entry {number}") for number, row in enumerate(rows, start=1))


def _read_file(path: Path) -> list[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".csv":
            return list(csv.DictReader(text.splitlines()))
        found = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror}.", do="Check the path.") from None
    except (ValueError, csv.Error) as error:
        raise InputError(f"{str(path)!r} cannot be read: {error}.", do="Give a .toml, .json or .csv file in UTF-8.") from None
    if isinstance(found, Mapping):
        found = found.get("intervention", found.get("interventions"))
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise InputError(
            f"{str(path)!r} holds no list of interventions.",
            do="Write each under [[intervention]] (TOML), or a list (JSON).",
        )
    return found


def _read_row(row: Any, where: str) -> Intervention:
    if isinstance(row, Intervention):
        return row
    if not isinstance(row, Mapping):
        raise InputError(f"{where} is {row!r}.", do="Give a mapping of date, node and what was done.")
    unknown = [name for name in row if name not in FIELDS]
    if unknown:
        raise InputError(f"{where}: {unknown[0]!r} is not known.", do=did_you_mean(str(unknown[0]), FIELDS))
    for name in ("date", "node", "what"):
        if not str(row.get(name) or "").strip():
            raise InputError(f"{where} has no {name!r}.", do="Give date, node and what was done.")
    try:
        day = dt.date.fromisoformat(str(row["date"]).strip()[:10]).toordinal() - _EPOCH
    except ValueError:
        raise InputError(f"{where}: date={row['date']!r} is no date.", do="Write it as 2025-03-01.") from None
    return Intervention(
        day,
        str(row["node"]).strip(),
        str(row["what"]).strip(),
        _labels(row.get("segment")),
        _flag(row.get("randomised"), where),
        _labels(row.get("comparison_segment")),
    )


def _labels(value: Any) -> tuple[str, ...]:
    parts: Iterable[Any] = value if isinstance(value, (list, tuple)) else str(value or "").split(";")
    return tuple(text for part in parts if (text := str(part).strip()))


def _flag(value: Any, where: str) -> bool:
    text = str(value if value is not None else "").strip().lower()
    if text in (*YES, *NO, ""):
        return text in YES
    raise InputError(f"{where}: randomised={value!r} is neither yes nor no.", do="Write true or false.")
