"""Backtests that stand beside the releases of a folder: folder/backtest/<as_of>.json, one a day that the data end before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from affinity.errors import OutputError, ReleaseError
from affinity.release.folder import release_ids
from affinity.release.write import json_bytes
from affinity.replacing import replacing
from affinity.tables import Backtest

FOLDER = "backtest"

_TEXTS, _NUMBERS = ("protocol", "at", "method", "metric"), ("value", "lower", "upper")


def publish_backtest(folder: str | Path, table: Backtest) -> Path:
    """Write ``table`` beside the releases of ``folder``, in the place of one of the same as_of; returns the file.

    Raises ReleaseError where ``folder`` holds no release, OutputError where it cannot be written.
    """
    folder = Path(folder)
    if not release_ids(folder):
        raise ReleaseError(f"{str(folder)!r} holds no release.", do=f"Publish one with: affinity run ORDERS --out {folder}")
    path = folder / FOLDER / f"{table.info.get('as_of') or 'undated'}.json"
    try:
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as aside:
            aside.write_bytes(json_bytes({"info": table.info, "columns": table.columns()}))
    except OSError as error:
        raise OutputError(
            f"{str(path)!r} cannot be written: {error.strerror or error}.", do="Name a folder that can be written."
        ) from None
    return path


def latest_backtest(folder: Path, as_of: str | None) -> Backtest | None:
    """The backtest of ``as_of``, else the latest one beside the releases of ``folder``; None without any.

    Raises ReleaseError where its file is damaged.
    """
    home = folder / FOLDER
    names = sorted(path.name for path in home.glob("*.json")) if home.is_dir() else []
    if not names:
        return None
    path = home / (f"{as_of}.json" if f"{as_of}.json" in names else names[-1])
    try:
        return _read(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ReleaseError(
            f"{FOLDER}/{path.name} is damaged.", do="Write it again with: affinity backtest ORDERS --publish FOLDER"
        ) from None


def _read(found: Mapping[str, Any]) -> Backtest:
    columns: dict[str, np.ndarray] = {name: np.array(found["columns"][name], dtype=object) for name in _TEXTS}
    columns |= {
        name: np.array([np.nan if value is None else value for value in found["columns"][name]], dtype=np.float64)
        for name in _NUMBERS
    }
    columns["customers"] = np.array(found["columns"]["customers"], dtype=np.int64)
    return Backtest(**columns, info=dict(found["info"]))
