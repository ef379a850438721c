"""The locks hold what pyproject.toml asks for, each file with its hashes, and name no place to load from."""

from __future__ import annotations

import re

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.supply.requirements import LOCKS, USED, read_lock, read_project

ASKED = {"core": ("",), "extras": ("", *USED), "dev": tuple(read_project())}


def test_there_is_a_lock_for_each_way_to_install() -> None:
    assert set(LOCKS) == set(ASKED)


@pytest.mark.parametrize("lock", sorted(ASKED))
def test_a_lock_satisfies_the_bounds(lock: str) -> None:
    """Every requirement is held, wherever it applies, by versions within its bounds."""
    held: dict[str, list[str]] = {}
    for one in read_lock(LOCKS[lock]):
        held.setdefault(one.name, []).append(one.version)
    for extra in ASKED[lock]:
        for asked in read_project()[extra]:
            name = canonicalize_name(asked.name)
            if name != "affinity-engine":
                assert held.get(name), f"{lock}: {asked} is not locked; run .ci/lock"
                outside = [version for version in held[name] if not asked.specifier.contains(version, prereleases=True)]
                assert not outside, f"{lock}: {asked} is locked at {outside}; run .ci/lock"


@pytest.mark.parametrize("lock", sorted(ASKED))
def test_a_lock_is_whole(lock: str) -> None:
    lines = list(read_lock(LOCKS[lock]))
    assert len(lines) > 20
    assert [one for one in lines if not one.hashes] == []
    for python in ("3.11", "3.12", "3.13", "3.14"):
        place = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
        here = [one.name for one in lines if not one.marker or Marker(one.marker).evaluate(place)]
        assert len(here) == len(set(here)), f"two versions of one package on Python {python}"


@pytest.mark.parametrize("lock", sorted(ASKED))
def test_a_lock_names_no_place(lock: str) -> None:
    text = LOCKS[lock].read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|file:|(?m:^\s*-[ei])", text)


def test_the_locks_agree_with_each_other() -> None:
    whole = {(one.name, one.version, one.marker) for one in read_lock(LOCKS["dev"])}
    versions = {(name, version) for name, version, _ in whole}
    for lock in ("core", "extras"):
        assert {(one.name, one.version) for one in read_lock(LOCKS[lock])} <= versions


def test_every_dependency_has_a_lower_bound() -> None:
    """Without one, resolving the lowest versions takes what was made before the project's Python."""
    for extra, asked in read_project().items():
        for one in asked:
            low = [Version(pin.version) for pin in one.specifier if pin.operator in (">=", "==")]
            assert low or one.name == "affinity-engine", f"{extra}: {one}"
