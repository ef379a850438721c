"""The errors a user meets: what happened, the values, why it matters, what to do.

Every error that a user can cause derives from `AffinityError`; the command line prints its text
without a traceback and exits with 1. Everything else is a defect of the package.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class AffinityError(Exception):
    """Base of every error that the caller can mend.

    what : what happened, with the values
    why  : why it matters
    do   : what to do about it
    """

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        super().__init__(" ".join(part for part in (what, why, do) if part))
        self.what, self.why, self.do = what, why, do


class InputError(AffinityError):
    """A file, frame or value that cannot be read as what it should be."""


class UnknownColumns(InputError):
    """The column names of a source are not recognised."""


class AllRowsBad(InputError):
    """A source was read and no row of it can be used; ``report`` accounts for them."""

    report: Any = None


class StrictRows(InputError):
    """Rows were to be set aside, and the caller asked for none to be (``--strict``)."""


class SettingsError(AffinityError):
    """A setting that does not exist or whose value is out of range."""


class HorizonUnobserved(AffinityError):
    """A horizon that the caller named and that nobody was followed to."""


class MissingPart(AffinityError):
    """The input lacks what this question needs: dates, customers, offers."""


class UnknownLabel(AffinityError):
    """A product, customer or item that the vocabulary does not hold."""


class VocabularyMismatch(AffinityError):
    """Two tables whose codes mean different labels were brought together."""


class TooLarge(AffinityError):
    """A result that would not fit the stated limit; names the setting that would fit."""


class OutputError(AffinityError):
    """A place that cannot be written, or that holds something else."""


class ReleaseError(AffinityError):
    """A release that is missing, incomplete or damaged."""


class EngineError(AffinityError):
    """A cluster that cannot be reached, or a job on it that failed."""


class MissingExtra(AffinityError):
    """An optional package is needed and not installed."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"Did you mean 'x'?"`` with the nearest known name, or all of them when none is near."""
    known = sorted(set(known))
    near = difflib.get_close_matches(name.lower(), [k.lower() for k in known], n=1, cutoff=0.6)
    if near:
        return f"Did you mean {next(k for k in known if k.lower() == near[0])!r}?"
    shown = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
    return f"Known: {shown}." if known else ""
