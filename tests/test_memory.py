"""The memory budget: a size, blocks in proportion, an error before it is passed, and no change of an answer."""

from __future__ import annotations

import pandas as pd
import pytest

import affinity as af
from affinity import memory
from affinity.errors import SettingsError, TooLarge
from affinity.settings import Settings


@pytest.mark.parametrize("text", ["8GB", "500 MiB", "1.5gb", "100000000"])
def test_a_size_is_a_setting(text: str) -> None:
    assert Settings(memory_budget=text).memory_budget == text
    assert memory.size_in_bytes(text) >= 10**8


@pytest.mark.parametrize("text", ["much", "0GB", "-3", "8XB", ""])
def test_what_is_no_size_is_an_error(text: str) -> None:
    with pytest.raises(SettingsError, match="memory_budget"):
        Settings.from_mapping({"memory_budget": text})


def test_room_is_what_is_held_and_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "held_memory", lambda: 3 * 10**9)
    memory.require_room(None, "ranking", 10**12)
    memory.require_room("4GB", "ranking", 10**9)
    with pytest.raises(TooLarge, match=r"Ranking: 3\.00 GB are held and 2\.00 GB more .* memory_budget='4GB'.*\"5\.26GB\""):
        memory.require_room("4GB", "ranking", 2 * 10**9)


def test_a_budget_changes_no_answer_and_too_small_a_one_is_an_error() -> None:
    orders = pd.DataFrame(af.make_shop(seed=5, customers=150).orders)
    free, bound = (af.run(orders, horizon_days=60, **given) for given in ({}, {"memory_budget": "64GB"}))
    assert free.identity() == bound.identity()
    assert free.recommendations is not None
    assert bound.recommendations is not None
    assert free.recommendations.to_pandas().equals(bound.recommendations.to_pandas())
    with pytest.raises(TooLarge, match="memory_budget='1MB'"):
        af.run(orders, memory_budget="1MB")
