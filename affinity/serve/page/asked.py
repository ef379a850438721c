"""What is asked of a page by its query: numbers, texts and names, read strictly; a bad one is said and never guessed."""

from __future__ import annotations

import math
from collections.abc import Iterable

from starlette.requests import Request

from affinity.errors import did_you_mean

#: Characters of a text that is looked for, at most.
LONGEST = 100


class Unclear(Exception):
    """A part of the query cannot be read; the sentence says which and what it may be."""


def read_text(request: Request, name: str) -> str:
    """The text of ``name`` without blanks around it; empty where it is not given."""
    said = request.query_params.get(name, "").strip()
    if len(said) > LONGEST:
        raise Unclear(f"{_words(name)} is {len(said):,} characters long; {LONGEST} are read at most.")
    return said


def read_number(request: Request, name: str, low: float, high: float) -> float | None:
    """The number of ``name`` from ``low`` to ``high``; None where it is not given."""
    said = read_text(request, name)
    if not said:
        return None
    try:
        value = float(said)
    except ValueError:
        value = math.nan
    if not low <= value <= high:  # also when it is no number
        raise Unclear(f"{_words(name)} is {said!r}. It must be a number from {low:,g} to {high:,g}.")
    return value


def read_whole(request: Request, name: str, low: int, high: int) -> int | None:
    """The whole number of ``name`` from ``low`` to ``high``; None where it is not given."""
    value = read_number(request, name, low, high)
    if value is not None and value != int(value):
        raise Unclear(f"{_words(name)} is {value:g}. It must be a whole number.")
    return None if value is None else int(value)


def read_name(request: Request, name: str, known: Iterable[str], default: str) -> str:
    """One of the ``known`` names; ``default`` where none is given."""
    known, said = list(known), read_text(request, name)
    if said and said not in known:
        raise Unclear(f"{_words(name)} {said!r} is not known here. {did_you_mean(said, known)}".rstrip())
    return said or default


def _words(name: str) -> str:
    said = name.replace("_", " ")
    return said[:1].upper() + said[1:]
