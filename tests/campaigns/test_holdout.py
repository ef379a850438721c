"""The holdout: exact sizes, balanced, stable, the same as the plain one."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.campaigns import cut_by_fit, hold_out
from affinity.errors import SettingsError
from tests import naive

SHARES = st.sampled_from([0.0, 0.05, 0.1, 0.25, 1 / 3, 0.5, 0.9])


@settings(deadline=None, max_examples=150)
@given(st.lists(st.integers(0, 5), max_size=80), SHARES, st.text(max_size=5))
def test_sizes_are_exact_and_each_stratum_is_within_one(strata: list[int], share: float, salt: str) -> None:
    ids = [f"é{i}" for i in range(len(strata))]
    held = hold_out(ids, np.array(strata, dtype=np.int64), share, salt)
    assert held.sum() == round(share * len(ids))
    for stratum in set(strata):
        mine = np.array(strata) == stratum
        assert abs(held[mine].sum() - share * mine.sum()) < 1 + 1e-9
    assert {name for name, out in zip(ids, held) if out} == naive.hold_out(ids, strata, share, salt)


@settings(deadline=None, max_examples=60)
@given(st.integers(10, 60), st.integers(0, 40), st.randoms(use_true_random=False))
def test_customers_who_join_only_move_the_cut(n: int, more: int, random) -> None:
    """Those held out of the old customers are always the first of the same order, before and after."""
    ids = [f"c{i}" for i in range(n + more)]
    strata = np.arange(n + more) % 3
    before, after = hold_out(ids[:n], strata[:n], 0.2, "s"), hold_out(ids, strata, 0.2, "s")[:n]
    for stratum in range(3):
        mine = strata[:n] == stratum
        old, new = set(np.flatnonzero(before & mine)), set(np.flatnonzero(after & mine))
        assert old <= new or new <= old
    shuffled = list(range(n))
    random.shuffle(shuffled)
    moved = hold_out([ids[i] for i in shuffled], strata[:n][shuffled], 0.2, "s")
    np.testing.assert_array_equal(moved, before[shuffled])


def test_the_hash_is_the_one_that_is_written_down() -> None:
    digest = hashlib.blake2b(b"spring|C-1", digest_size=8).digest()
    places = {name: hashlib.blake2b(f"spring|{name}".encode(), digest_size=8).digest() for name in ("C-1", "C-2")}
    assert places["C-1"] == digest
    first = min(places, key=places.__getitem__)
    held = hold_out(["C-1", "C-2"], np.zeros(2, dtype=np.int64), 0.5, "spring")
    assert held.tolist() == [first == "C-1", first == "C-2"]


def test_another_salt_draws_another_holdout() -> None:
    ids, strata = [f"c{i}" for i in range(20_000)], np.zeros(20_000, dtype=np.int64)
    a, b = (hold_out(ids, strata, 0.1, salt) for salt in ("one", "two"))
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03


@pytest.mark.parametrize("share", [1.0, -0.1, float("nan")])
def test_everybody_cannot_be_held_out(share: float) -> None:
    with pytest.raises(SettingsError, match="holdout"):
        hold_out(["a"], np.zeros(1, dtype=np.int64), share, "s")


def test_strata_are_segments_by_deciles() -> None:
    strata = cut_by_fit(np.repeat([0, 1], 50), np.tile(np.arange(50) / 50, 2))
    assert len(set(strata.tolist())) == 20
    assert np.bincount(strata).tolist() == [5] * 20
    assert cut_by_fit(np.zeros(0, dtype=np.int64), np.zeros(0)).tolist() == []
