"""Making another of the published releases the current one."""

from __future__ import annotations

from pathlib import Path

from affinity.errors import OutputError, ReleaseError, did_you_mean
from affinity.release.folder import RELEASES, clear_aside, locked, point_to, release_ids
from affinity.release.verify import verify_release


def use_release(folder: str | Path, name: str) -> Path:
    """Make the release with id ``name`` the current one (after verifying it); an unambiguous beginning will do.

    Raises ReleaseError for an unknown id or a damaged release, OutputError where the folder cannot be written; ``current``
    is then untouched.
    """
    folder = Path(folder)
    known = release_ids(folder)
    found = [known_id for known_id in known if known_id == name] or [k for k in known if name and k.startswith(name)]
    if len(found) != 1:
        what = f"There is no release {name!r}" if not found else f"{name!r} begins more than one release"
        hint = did_you_mean(name, known) if known else "Publish one with: affinity run ORDERS --out FOLDER"
        raise ReleaseError(f"{what} in {str(folder)!r}.", do=hint)
    try:
        with locked(folder):
            clear_aside(folder)
            verify_release(folder / RELEASES / found[0])
            point_to(folder, found[0])
    except OSError as error:
        raise OutputError(
            f"The current release of {str(folder)!r} cannot be changed: {error.strerror or error}.",
            why="The one that was current still is.",
            do="Make room, or make the folder writable, and run again.",
        ) from None
    return folder / RELEASES / found[0]
