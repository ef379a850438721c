"""Taking over a release that was made and checked elsewhere: copied whole, verified, then made current in one rename."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from affinity.release.folder import (
    ASIDE,
    RELEASES,
    check_output,
    clear_aside,
    locked,
    point_to,
    publishing,
    remove_older,
    sync_folder,
)
from affinity.release.opened import find_release
from affinity.release.verify import verify_release


def adopt_release(release: str | Path, folder: str | Path, *, keep: int = 5) -> Path:
    """Copy ``release`` (a release, or a folder whose current one is meant) into ``folder`` and make it the current one.

    keep : releases of ``folder`` that stay. One that is there already and unharmed is only made current; one that a stopped
    copy left is not seen. Returns folder/releases/<id>. Raises ReleaseError for a damaged release, OutputError where
    ``folder`` cannot be written; what was current then still is.
    """
    source, folder = find_release(Path(release)), check_output(folder)
    name = str(verify_release(source)["release"])
    aside, home = folder / f"{ASIDE}{name}-{os.getpid()}", folder / RELEASES
    with publishing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            clear_aside(folder)
            if not (home / name).exists():
                shutil.copytree(source, aside)
                verify_release(aside)
                home.mkdir(exist_ok=True)
                os.rename(aside, home / name)
                sync_folder(home)
            verify_release(home / name)
            os.utime(home / name)
            point_to(folder, name)
            remove_older(folder, keep)
    return home / name
