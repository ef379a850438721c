"""Is a release on disk what its manifest says: every file there, with the bytes that were written."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from affinity.errors import ReleaseError
from affinity.release.checksum import canonical_json, release_id
from affinity.release.folder import read_manifest


def manifest_checksum(manifest: dict[str, Any]) -> str:
    """SHA-256 of the manifest without its own checksum."""
    return hashlib.sha256(canonical_json({k: v for k, v in manifest.items() if k != "checksum"})).hexdigest()


def verify_release(release: Path) -> dict[str, Any]:
    """The manifest of ``release``, after every file was found with its SHA-256.

    Raises ReleaseError naming the first file that is missing, cut short or changed, or one that does not belong.
    """
    manifest = read_manifest(release)
    if manifest.get("checksum") != manifest_checksum(manifest) or manifest["release"] != release_id(manifest["identity"]):
        raise _damaged(release, "manifest.json", "was changed after it was written")
    for name, expected in manifest["files"].items():
        path = release / name
        if not path.is_file():
            raise _damaged(release, name, "is missing")
        size = path.stat().st_size
        if size != expected["bytes"]:
            raise _damaged(release, name, f"holds {size:,} bytes, {expected['bytes']:,} were written")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected["sha256"]:
                raise _damaged(release, name, "was changed after it was written")
    return manifest


def _damaged(release: Path, name: str, how: str) -> ReleaseError:
    return ReleaseError(
        f"Release {release.name} is damaged: {name} {how} (in {str(release)!r}).",
        why="Its figures can no longer be trusted.",
        do="Run again with the same input to publish it anew, or go back with: affinity publish FOLDER --use ID",
    )
