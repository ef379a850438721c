"""Errors: a sentence of what, why and do; suggestions of near names."""

from __future__ import annotations

import pytest

from affinity.errors import AffinityError, InputError, did_you_mean


def test_the_message_is_what_why_do() -> None:
    error = InputError("X is 3.", why="It must be 2.", do="Pass 2.")
    assert str(error) == "X is 3. It must be 2. Pass 2."
    assert (error.what, error.why, error.do) == ("X is 3.", "It must be 2.", "Pass 2.")
    assert issubclass(InputError, AffinityError)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("Suport", ["support", "count"], "Did you mean 'support'?"),
        ("zzz", ["support", "count"], "Known: count, support."),
        ("zzz", [], ""),
    ],
)
def test_did_you_mean(name: str, known: list[str], expected: str) -> None:
    assert did_you_mean(name, known) == expected
