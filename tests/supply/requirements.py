"""What the project asks for, what its locks hold, and what is installed for it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {path.stem: path for path in sorted((ROOT / "locks").glob("*.txt"))}
#: Extras that a user of the package installs; the others are tools.
USED = ("excel", "polars", "postgres", "plots", "peers", "spark", "serve")


@dataclass(frozen=True)
class Locked:
    """One line of a lock: name, version, marker ("" always), its number of hashes."""

    name: str
    version: str
    marker: str
    hashes: int


def read_project() -> dict[str, list[Requirement]]:
    """Extra ("" the core) -> what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parts = {"": project["dependencies"], **project["optional-dependencies"]}
    return {extra: [Requirement(line) for line in lines] for extra, lines in parts.items()}


def read_lock(path: Path) -> Iterator[Locked]:
    """The packages of a lock."""
    text = re.sub(r"\\\n\s*", " ", path.read_text(encoding="utf-8"))
    for line in text.splitlines():
        if line and not line.startswith("#"):
            wanted, *hashes = line.split("--hash=")
            one = Requirement(wanted.strip())
            (pin,) = one.specifier
            assert pin.operator == "=="
            yield Locked(canonicalize_name(one.name), pin.version, str(one.marker or ""), len(hashes))


def list_installed(extras: tuple[str, ...] = ("", *USED)) -> dict[str, str]:
    """Name -> version of everything installed that the package and these extras need here, directly or not."""
    project = read_project()
    waiting = [one for extra in extras for one in project[extra]]
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        for extra in ("", *sorted(one.extras)):
            if (name, extra) in seen or not applies(one.marker, ""):
                continue
            seen.add((name, extra))
            try:
                package = distribution(name)
            except PackageNotFoundError:
                continue
            found[name] = package.version
            needs = [Requirement(line) for line in package.requires or ()]
            waiting += [need for need in needs if applies(need.marker, extra)]
    return found


def applies(marker: Marker | None, extra: str) -> bool:
    """Whether a requirement counts here."""
    return marker is None or marker.evaluate({"extra": extra})
