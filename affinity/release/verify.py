"""Is a release on disk what its manifest says: every file there, with the bytes that were written."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from affinity.errors import ReleaseError
from affinity.release.checksum import canonical_json, release_id
from affinity.release.folder import read_manifest
from affinity.threads import map_blocks

#: Of each file: name, inode, size, time of change (ns).
Stamp = tuple[tuple[str, int, int, int], ...]


def manifest_checksum(manifest: dict[str, Any]) -> str:
    """SHA-256 of the manifest without its own checksum."""
    return hashlib.sha256(canonical_json({k: v for k, v in manifest.items() if k != "checksum"})).hexdigest()


def verify_release(release: Path) -> dict[str, Any]:
    """The manifest of ``release``, after every file was found with its SHA-256 (read in threads, the largest first).

    Raises ReleaseError naming the first file that is missing, cut short or changed, or one that does not belong.
    """
    manifest = read_manifest(release)
    if manifest.get("checksum") != manifest_checksum(manifest) or manifest["release"] != release_id(manifest["identity"]):
        raise _damaged(release, "manifest.json", "was changed after it was written")
    files = manifest["files"]
    for name, expected in files.items():
        path = release / name
        if not path.is_file():
            raise _damaged(release, name, "is missing")
        size = path.stat().st_size
        if size != expected["bytes"]:
            raise _damaged(release, name, f"holds {size:,} bytes, {expected['bytes']:,} were written")
    largest_first = sorted(files, key=lambda name: -files[name]["bytes"])
    sound = map_blocks(
        lambda at, _: _sha256(release / largest_first[at]) == files[largest_first[at]]["sha256"], np.arange(len(files) + 1)
    )
    changed = {name for name, same in zip(largest_first, sound) if not same}
    for name in files:
        if name in changed:
            raise _damaged(release, name, "was changed after it was written")
    return manifest


def stamp_files(release: Path) -> Stamp:
    """Name, inode, size and time of change of every file of ``release``: equal stamps, and nothing was written since."""
    found = ((path, path.stat()) for path in sorted(release.rglob("*")) if path.is_file())
    return tuple((str(path.relative_to(release)), stat.st_ino, stat.st_size, stat.st_mtime_ns) for path, stat in found)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(release: Path, name: str, how: str) -> ReleaseError:
    return ReleaseError(
        f"Release {release.name} is damaged: {name} {how} (in {str(release)!r}).",
        why="Its figures can no longer be trusted.",
        do="Run again with the same input to publish it anew, or go back with: affinity publish FOLDER --use ID",
    )
