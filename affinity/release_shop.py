"""The shop that a release holds, opened again for a campaign: nothing is counted or learnt anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from affinity.contexts import Shop
from affinity.errors import MissingPart, SettingsError
from affinity.packed import Packed
from affinity.release import Release
from affinity.settings import Settings
from affinity.tables import Calibration

#: Sections whose settings do not change what a release holds.
_FREE = ("campaign", "engine", "release", "ingest")


def open_shop(release: Release, settings: Settings | None = None) -> Shop:
    """The shop of ``release`` with its fit model, its calibration and its ledger of eligibility.

    settings : what is asked of it; SettingsError where one that was named (``horizon_days``, ``as_of``, ``eligibility``, …)
               differs from the release's. MissingPart for a release without customers, or one that holds no shop
    """
    plain = release.serving.plain.get("shop")
    packed = None if plain is None else Packed(release.serving, plain)
    if packed is None or not packed.has_model:
        raise MissingPart(
            f"Release {release.id} holds no customers to plan for: it has no fit model.",
            do="Plan from orders, or publish a run whose orders name customers.",
        )
    if settings is not None:
        _require_same(settings, packed.settings, release)
    shop = packed.whole_shop()
    assert shop.learnt is not None
    model, now = shop.learnt
    judged = shop.judged
    if judged is not None:
        ledger = release.arrow("ledger").to_pydict()
        pairs = dict(zip(ledger["state"], ledger["pairs"]))
        notes = {state: note for state, note in zip(ledger["state"], ledger["note"]) if note}
        judged = replace(judged, ledger=pairs, notes=notes)
    return replace(shop, judged=judged, learnt=(replace(model, calibration=_calibration(release)), now))


def _calibration(release: Release) -> Calibration:
    learnt, found = release.report.get("fit", {}), release.arrow("calibration")
    slope, error = (learnt.get(name) for name in ("calibration_slope", "expected_calibration_error"))
    predicted, observed, rows = (found[name].to_numpy() for name in ("predicted", "observed", "rows"))
    at = learnt.get("landmark")
    return Calibration(
        predicted, observed, rows, np.nan if slope is None else slope, np.nan if error is None else error,
        None if at is None else int(np.datetime64(at, "D").astype(np.int64)), note=learnt.get("note"),
    )  # fmt: skip


def _require_same(asked: Settings, known: Settings, release: Release) -> None:
    named = asked.model_dump(mode="json", exclude_unset=True, exclude=set(_FREE))
    held = known.model_dump(mode="json") | {"as_of": release.as_of}
    for path, value, was in _differences(named, held):
        raise SettingsError(
            f"{path}={value!r} differs from {was!r}, which release {release.id} was made with.",
            why="What a release holds was counted and learnt with its own settings.",
            do=f"Leave {path} out, or plan from the orders, or publish a run with it.",
        )


def _differences(named: Mapping[str, Any], held: Mapping[str, Any], within: str = "") -> list[tuple[str, Any, Any]]:
    found = []
    for name, value in named.items():
        if isinstance(value, Mapping) and isinstance(held.get(name), Mapping):
            found += _differences(value, held[name], f"{within}{name}.")
        elif value != held.get(name):
            found.append((f"{within}{name}", value, held.get(name)))
    return found
