"""The extras: what each gives, which packages it takes, and what of it is missing here."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import Any

#: Extra -> (what it gives, the packages that give it).
EXTRAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "excel": ("orders from .xlsx files", ("python-calamine",)),
    "postgres": ("orders from a PostgreSQL database", ("adbc-driver-postgresql", "adbc-driver-manager")),
    "polars": ("tables as Polars frames", ("polars",)),
    "plots": ("pictures, also interactive ones and as files without network", ("matplotlib", "altair", "vl-convert-python")),
    "serve": ("widget API, widget and marketing page", ("fastapi", "uvicorn", "jinja2", "matplotlib")),
    "spark": ("counting on a Spark cluster or its local mode", ("pyspark",)),
    "peers": ("other recommenders in a backtest", ("implicit", "threadpoolctl")),
    "docs": ("building the documentation site", ("zensical", "mkdocstrings-python")),
}  # fmt: skip


def describe_extras() -> dict[str, dict[str, Any]]:
    """Of each extra: what it gives, its packages with their versions (None: not there), what is missing, what to do."""
    return {f"[{name}]": _describe(name, gives, packages) for name, (gives, packages) in EXTRAS.items()}


def _describe(name: str, gives: str, packages: tuple[str, ...]) -> dict[str, Any]:
    found = {package: installed_version(package) for package in packages}
    missing = [package for package, at in found.items() if at is None]
    said: dict[str, Any] = {"gives": gives, "packages": found, "missing": missing}
    if name == "spark":
        said["java"] = find_java()
        missing += [] if said["java"] else ["Java 17 or newer"]
    if name == "plots":
        said["browser"] = "not needed: a picture is drawn and saved without one"
    wanted = [package for package in missing if package in found]
    said["do"] = f"pip install 'affinity-engine[{name}]'" if wanted else None
    if name == "spark" and not said["java"]:
        said["do"] = "; ".join(filter(None, [said["do"], "install a Java 17 or newer and set JAVA_HOME"]))
    return said


def describe_extra_lines(extras: dict[str, dict[str, Any]]) -> list[str]:
    """A line an extra: ready, or what is missing and what to do."""
    lines = []
    for name, said in extras.items():
        there = ", ".join(f"{package} {at}" for package, at in said["packages"].items() if at)
        java = f", Java at {said['java']}" if said.get("java") else ""
        state = f"ready ({there}{java})" if not said["missing"] else f"missing {', '.join(said['missing'])}: {said['do']}"
        lines.append(f"  {name:<11} {said['gives']}\n{'':<13} {state}")
    return lines


def find_java() -> str | None:
    """The java that Spark would start: that of JAVA_HOME, else the one on the path; None without any."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=os.path.join(home, "bin")) if home else shutil.which("java")


def installed_version(name: str) -> str | None:
    """The version of an installed distribution, None where it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
