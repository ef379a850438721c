"""Publishing: a release is written aside, moved in one rename, and `current` is swapped to it by another.

A crash or a kill at any moment leaves every published release, and `current`, as they were; what was
written aside is cleared by the next run.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from affinity.errors import ReleaseError, did_you_mean
from affinity.frames import AnyColumn
from affinity.release.checksum import release_id
from affinity.release.folder import (
    ASIDE,
    FORMAT,
    MANIFEST,
    RELEASES,
    check_output,
    clear_aside,
    locked,
    point_to,
    publishing,
    remove_older,
)
from affinity.release.known import KnownFile, copy_known
from affinity.release.parquet import published_columns, write_hashed, write_published
from affinity.release.schema import TABLES
from affinity.release.semantic import FILE, cube_model
from affinity.release.served import serving_files
from affinity.release.verify import manifest_checksum, verify_release
from affinity.replacing import sync_folder
from affinity.tables import Table

Content = Mapping[str, "Table | Mapping[str, AnyColumn] | None"]


def write_release(
    folder: str | Path,
    tables: Content,
    *,
    report: Mapping[str, Any],
    identity: Mapping[str, Any],
    keep: int = 5,
    shop: Mapping[str, Any] | None = None,
    known: Mapping[str, KnownFile] | None = None,
) -> Path:
    """Publish ``tables`` as a release under ``folder``, make it the current one, keep the newest ``keep``.

    tables   : file name without ending (see affinity.release.schema) -> table, or its columns; a table left out or None is
               written empty, with its columns
    report   : plain values for report.json; NaN becomes null
    identity : plain values that decide the answers (hash of the inputs' rows, settings, as_of, package version); their
               hash is the id. No paths, clock or host
    shop     : what a server needs to answer carts and orders (see affinity.packing), for serving/
    known    : file name without ending -> a file that holds this table already, byte for byte; made anew where it is damaged

    Publishing an id that is there verifies it, makes it current and writes nothing; one that is damaged is replaced.
    Returns folder/releases/<id>. Raises OutputError where the folder cannot be used or written.
    """
    folder = check_output(folder)
    unknown = sorted(set(tables) - set(TABLES))
    if unknown:
        raise ValueError(f"a release has no table {unknown[0]!r}. {did_you_mean(unknown[0], TABLES)}")
    name = release_id(identity)
    aside = folder / f"{ASIDE}{name}-{os.getpid()}"
    with publishing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            clear_aside(folder)
            try:
                if not _is_intact(folder / RELEASES / name):
                    _write_aside(aside, tables, report, dict(identity), shop, known or {})
                    _move_in(folder, aside, name)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
            point_to(folder, name)
            remove_older(folder, keep)
    return folder / RELEASES / name


def _is_intact(release: Path) -> bool:
    """Whether the release is there and unharmed; it then counts as the newest again."""
    if not release.exists():
        return False
    try:
        verify_release(release)
    except ReleaseError:
        return False
    os.utime(release)
    return True


def _move_in(folder: Path, aside: Path, name: str) -> None:
    home = folder / RELEASES
    home.mkdir(exist_ok=True)
    if (home / name).exists():  # damaged: the same id means the same content, so a whole one may take its place
        os.rename(home / name, folder / f"{ASIDE}damaged-{name}-{os.getpid()}")
    os.rename(aside, home / name)
    sync_folder(home)
    sync_folder(folder)
    clear_aside(folder)


def _write_aside(
    aside: Path,
    tables: Content,
    report: Mapping[str, Any],
    identity: dict[str, Any],
    shop: Mapping[str, Any] | None,
    known: Mapping[str, KnownFile],
) -> None:
    aside.mkdir()
    with ThreadPoolExecutor(2) as pool:  # the largest table takes about as long as the rest together
        written = dict(zip(TABLES, pool.map(lambda name: _write_table(aside, name, tables.get(name), known.get(name)), TABLES)))
    files = {f"{name}.parquet": entry for name, entry in written.items()}
    rows = {name: entry["rows"] for name, entry in written.items()}
    served = {name: published_columns(name, tables.get(name)) for name in ("recommendations", "also_bought", "products")}
    files["report.json"] = write_hashed(aside / "report.json", lambda file: file.write(json_bytes(report)))
    (aside / "semantic").mkdir()
    files[f"semantic/{FILE}"] = write_hashed(aside / "semantic" / FILE, lambda file: file.write(cube_model().encode()))
    (aside / "serving").mkdir()
    for name, write in serving_files(**served, shop=shop):
        files[f"serving/{name}"] = write_hashed(aside / "serving" / name, write)
    manifest = {
        "format": FORMAT,
        "release": release_id(identity),
        "as_of": identity.get("as_of"),
        "identity": identity,
        "rows": rows,
        "files": files,
    }
    manifest = json.loads(json_bytes(manifest))
    manifest["checksum"] = manifest_checksum(manifest)
    write_hashed(aside / MANIFEST, lambda file: file.write(json_bytes(manifest)))
    sync_folder(aside / "semantic")
    sync_folder(aside / "serving")
    sync_folder(aside)


def _write_table(
    aside: Path, name: str, content: Table | Mapping[str, AnyColumn] | None, known: KnownFile | None
) -> dict[str, Any]:
    """One file of the release; its entry in the manifest."""
    if known is not None and copy_known(known, aside / f"{name}.parquet"):
        return dict(known.entry)
    found: list[tuple[int, str]] = []
    written = write_hashed(aside / f"{name}.parquet", lambda file: found.append(write_published(name, content, file)))
    rows, values = found[0]
    return written | {"rows": rows, "values": values}


def json_bytes(value: Any) -> bytes:
    """``value`` as readable JSON; NumPy numbers as numbers, what is not finite as null, anything else as its text."""
    return (json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return [_plain(item) for item in sorted(value, key=str)]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
