"""An opened release: its tables as dataframes, its manifest, its report, its serving arrays."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from affinity.errors import ReleaseError, did_you_mean
from affinity.release.folder import CURRENT, MANIFEST, RELEASES, read_manifest, release_ids
from affinity.release.schema import TABLES
from affinity.release.serving import ServingArrays
from affinity.release.verify import verify_release


class Release:
    """A published release. Tables are attributes: ``release.recommendations``, ``release.pairs``, …

    id, as_of : of the release; manifest : what it should hold; path : its folder
    """

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path, self.manifest = path, manifest
        self.id: str = manifest["release"]
        self.as_of: str | None = manifest["as_of"]

    def table(self, name: str) -> Any:
        """Table ``name`` as a pandas.DataFrame; list columns hold tuples. ReleaseError for an unknown name."""
        table = self.arrow(name)
        frame = table.to_pandas()
        for field in table.schema:
            if str(field.type).startswith("list"):
                frame[field.name] = frame[field.name].map(tuple, na_action="ignore")
        return frame

    def arrow(self, name: str, columns: list[str] | None = None) -> Any:
        """Table ``name``, or only ``columns`` of it, as a pyarrow.Table. ReleaseError for an unknown name."""
        import pyarrow.parquet as pq

        if name not in TABLES:
            raise ReleaseError(f"A release has no table {name!r}.", do=did_you_mean(name, TABLES))
        path = self.path / f"{name}.parquet"
        if not path.is_file():
            raise ReleaseError(f"Release {self.id} has lost {name}.parquet (in {str(self.path)!r}).", do=_AGAIN)
        return pq.read_table(path, columns=columns)

    @cached_property
    def report(self) -> dict[str, Any]:
        """What was read, kept and set aside, and what the run noted (report.json)."""
        try:
            return dict(json.loads((self.path / "report.json").read_bytes()))
        except (OSError, ValueError):
            raise ReleaseError(f"Release {self.id} has no readable report.json.", do=_AGAIN) from None

    @cached_property
    def serving(self) -> ServingArrays:
        """The arrays for lookups by customer or product, mapped into memory."""
        return ServingArrays(self.path / "serving")

    def __getattr__(self, name: str) -> Any:
        if name in TABLES:
            return self.table(name)
        raise AttributeError(f"Release has no attribute {name!r}. {did_you_mean(name, [*TABLES, 'report', 'manifest'])}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *TABLES]

    def __repr__(self) -> str:
        rows = ", ".join(f"{count:,} {name}" for name, count in self.manifest["rows"].items() if count)
        return f"Release({self.id}, as of {self.as_of}: {rows})"


_AGAIN = "Run again with the same input to publish it anew, or go back with: affinity publish FOLDER --use ID"


def open_release(path: str | Path, *, verify: bool = True) -> Release:
    """Open the current release of a release folder, or a release itself.

    path   : the folder of `affinity run --out`, its `current`, or one of its releases/<id>
    verify : compare every file with its checksum first (reads all of it once)

    Raises ReleaseError when there is none, or when a file is missing or damaged (it is named).
    """
    release = find_release(Path(path))
    manifest = verify_release(release) if verify else read_manifest(release)
    return Release(release, manifest)


def find_release(path: Path) -> Path:
    """The folder of the release that ``path`` means (see `open_release`), links resolved."""
    if (path / MANIFEST).is_file() or (path.parent.name == RELEASES and path.is_dir()):
        return path.resolve()
    link = path / CURRENT
    if link.is_dir():
        return link.resolve()
    known = release_ids(path) if path.is_dir() else []
    if link.is_symlink() or known:
        raise ReleaseError(
            f"{str(path)!r} holds releases, but its current one is missing.",
            do=f"Make one current with: affinity publish {path} --use ID. Known: {', '.join(known) or 'none'}.",
        )
    if path.parent.name == RELEASES and not path.exists():
        siblings = release_ids(path.parent.parent)
        raise ReleaseError(f"There is no release {path.name!r} in {str(path.parent)!r}.", do=did_you_mean(path.name, siblings))
    what = "holds no release" if path.exists() else "does not exist"
    raise ReleaseError(f"{str(path)!r} {what}.", do=f"Publish one with: affinity run ORDERS --out {path}")
