"""Whether a release is the same bytes whatever it is made with: threads, cores, hash seeds, processors, versions.

    python -m benchmarks.same_bytes FOLDER [--lines 100000] [--only NAME …] [--python /path/to/python …]

Two shops are written to FOLDER: the sample shop with its offers, products and customers, and a generated one of
``--lines`` order lines (0: none). Each is run and published by a process of its own under every circumstance of
``CIRCUMSTANCES``, and the releases are compared with the first one. With the same installed versions every file must be
the same bytes. An environment of other versions, given by its interpreter (``--python``, as often as needed; the package
itself is taken from this folder), must have the same values: Parquet names its writer's version. Printed: a table with
what differs and by how much; the exit code is 1 when anything does. docs/pages/hardening/determinism.md has the commands
that make environments of the lowest and of the newest versions.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: Where the environment of the caller must not reach.
CLEARED = ("PYTHONHASHSEED", "PYTHONOPTIMIZE", "NUMBA_CPU_NAME", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LC_ALL", "TZ")


@dataclass(frozen=True)
class Circumstance:
    """What a release is made under: variables, the cores it may use, the interpreter, its cache of machine code."""

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    cores: tuple[int, ...] | None = None
    python: str = sys.executable
    cache: str = "usual"

    @property
    def same_versions(self) -> bool:
        """Whether the bytes must be equal, and not the values only."""
        return self.python == sys.executable


def _threads(n: int) -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS")
    return dict.fromkeys(names, str(n))


OLD_PROCESSOR = {
    "NUMBA_CPU_NAME": "generic",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3",
    "ARROW_USER_SIMD_LEVEL": "NONE",
    "OPENBLAS_CORETYPE": "Prescott",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX,-FMA4",
}

CIRCUMSTANCES = (
    Circumstance("as it is"),
    Circumstance("again, machine code from the cache"),
    Circumstance("machine code compiled anew", cache="anew"),
    Circumstance("1 core", cores=(0,)),
    Circumstance("2 cores", cores=(0, 1)),
    Circumstance("libraries on 1 thread", _threads(1)),
    Circumstance("libraries on 4 threads", _threads(4)),
    Circumstance("hash seed 0", {"PYTHONHASHSEED": "0"}),
    Circumstance("hash seed 1", {"PYTHONHASHSEED": "1"}),
    Circumstance("locale, time zone", {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"}),
    Circumstance("C locale without UTF-8", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    Circumstance("python -OO", {"PYTHONOPTIMIZE": "2"}),
    Circumstance("BLAS for Haswell", {"OPENBLAS_CORETYPE": "Haswell"}),
    Circumstance("BLAS for Prescott", {"OPENBLAS_CORETYPE": "Prescott"}),
    Circumstance("kernels for any x86-64", {"NUMBA_CPU_NAME": "generic"}, cache="generic"),
    Circumstance("NumPy without AVX-512", {"NPY_DISABLE_CPU_FEATURES": "X86_V4"}),
    Circumstance("NumPy without AVX2", {"NPY_DISABLE_CPU_FEATURES": OLD_PROCESSOR["NPY_DISABLE_CPU_FEATURES"]}),
    Circumstance("Arrow without SIMD", {"ARROW_USER_SIMD_LEVEL": "NONE"}),
    Circumstance("C library without FMA", {"GLIBC_TUNABLES": OLD_PROCESSOR["GLIBC_TUNABLES"]}),
    Circumstance("all of an old processor", OLD_PROCESSOR, cache="generic"),
)


def publish_one(shop: Path, out: Path, cores: str) -> None:
    """Run and publish a shop in this process: a folder of parts, or the files of a sample shop."""
    if cores:
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")} & os.sched_getaffinity(0))
    import affinity as af

    sides = {name: shop / f"{name}.csv" for name in ("offers", "products", "customers") if (shop / f"{name}.csv").exists()}
    orders = shop / "orders.csv"
    af.run(orders if orders.exists() else shop, **sides).publish(out)


def make_release(shop: Path, out: Path, how: Circumstance, folder: Path) -> Path:
    """The release of ``shop`` under a circumstance, made by a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in CLEARED} | dict(how.variables)
    if how.cache != "usual":
        environment["NUMBA_CACHE_DIR"] = str(folder / "machine-code" / how.cache / Path(how.python).parts[-3])
    cores = ",".join(map(str, how.cores or ()))
    words = [how.python, "-m", "benchmarks.same_bytes", str(shop), "--one", str(out), "--cores", cores]
    done = subprocess.run(words, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{how.name}: the run failed\n{done.stderr[-2000:]}")
    return (out / "current").resolve()


def read_files(release: Path, *, bytewise: bool) -> dict[str, str]:
    """File -> its checksum: of the bytes, or (for Parquet) of the values."""
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    files = {
        name: one["sha256" if bytewise else "values"] if "values" in one else one["sha256"]
        for name, one in manifest["files"].items()
    }
    return files | {"the name of the release": manifest["release"]}


def compare(first: Path, other: Path, *, bytewise: bool) -> list[str]:
    """What differs between two releases, a sentence each."""
    one, two = read_files(first, bytewise=bytewise), read_files(other, bytewise=bytewise)
    names = sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))
    return [sentence for name in names for sentence in describe(first, other, name)]


def describe(first: Path, other: Path, name: str) -> Iterator[str]:
    """How far one file of two releases is apart."""
    columns = list(_columns(first / name)), list(_columns(other / name))
    if not columns[0] or [(c, len(v)) for c, v in columns[0]] != [(c, len(v)) for c, v in columns[1]]:
        yield f"{name}: differs"
        return
    found = [_difference(label, one, two) for (label, one), (_, two) in zip(*columns)]
    yield from [f"{name} {said}" for said in found if said] or [f"{name}: the same values in other bytes"]


def _columns(path: Path) -> Iterator[tuple[str, Any]]:
    import numpy as np
    import pyarrow.parquet as pq

    if path.suffix == ".parquet":
        table = pq.read_table(path)
        yield from ((name, column.to_numpy()) for name, column in zip(table.column_names, table.columns))
    elif path.suffix == ".npy":
        yield "", np.load(path)


def _difference(label: str, one: Any, two: Any) -> str:
    """Rows of a column that differ, and the largest difference over the larger size; "" where none does."""
    import numpy as np

    if one.dtype.kind == "f" and two.dtype.kind == "f":
        apart = ~((one == two) | (np.isnan(one) & np.isnan(two)))
        if not apart.any():
            return ""
        size = np.maximum(np.abs(one[apart]), np.abs(two[apart]))
        return f"{label}: {apart.sum()} of {len(one)} rows, by {np.max(np.abs(one[apart] - two[apart]) / size):.1e} at most"
    apart = sum(str(a) != str(b) for a, b in zip(one, two))
    return f"{label}: {apart} of {len(one)} rows" if apart else ""


def write_shops(folder: Path, lines: int) -> dict[str, Path]:
    """The shops that releases are made of, written once."""
    from affinity.sample_shop import make_shop
    from affinity.sample_shop import write_shop as write_sample
    from benchmarks.large_shop import write_shop

    shops = {"sample shop": folder / "sample"}
    if not shops["sample shop"].exists():
        write_sample(make_shop(), shops["sample shop"])
    if lines:
        shops[f"{lines:,} lines"] = folder / f"generated-{lines}"
        write_shop(shops[f"{lines:,} lines"], lines, products=2_000)
    return shops


def main() -> int:
    parser = argparse.ArgumentParser(description="Whether a release is the same bytes whatever it is made with.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=100_000, help="order lines of the generated shop")
    parser.add_argument("--only", nargs="+", default=[], help="circumstances whose name holds one of these words")
    parser.add_argument("--python", nargs="+", default=[], help="interpreters of environments with other versions")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--cores", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        publish_one(asked.folder, asked.one, asked.cores)
        return 0
    others = [Circumstance(path, python=path, cache="other") for path in asked.python]
    chosen = [one for one in CIRCUMSTANCES[1:] if not asked.only or any(word in one.name for word in asked.only)]
    apart = 0
    shutil.rmtree(asked.folder / "releases", ignore_errors=True)  # a release that is there already is not written again
    for shop, place in write_shops(asked.folder, asked.lines).items():
        first = make_release(place, asked.folder / "releases" / place.name / "0", CIRCUMSTANCES[0], asked.folder)
        for n, how in enumerate([*chosen, *others], start=1):
            release = make_release(place, asked.folder / "releases" / place.name / str(n), how, asked.folder)
            said = compare(first, release, bytewise=how.same_versions)
            apart += bool(said)
            same = "the same bytes" if how.same_versions else "the same values"
            print(f"| {shop} | {how.name} | {'; '.join(said) or same} |", flush=True)
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
