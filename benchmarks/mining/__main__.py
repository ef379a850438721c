"""Run every contender on the same baskets, interleaved, and write a Markdown table of medians.

    python -m benchmarks.mining --data ../shared/data/fimi --repeats 5 --out mining.md

Each repeat runs all contenders once, so that load on the machine falls on all of them; CPU seconds of the process
are the fair figure, and only ratios within one run count. Input conversion and the first call (compilation) are
outside the clock. A contender whose number of results differs from ours is shown with its own number.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import platform
import statistics
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from affinity.tables import Baskets
from affinity.threads import available_threads
from affinity.vocabulary import Vocabulary
from benchmarks.mining.contenders import ITEMSETS, PAIRS, Contender, installed

#: set, min_count, whether the slow contenders take part
SHORT = [
    ("chess", 2238, True), ("mushroom", 1625, True), ("connect", 60_802, False), ("BMS-WebView-1", 60, False),
    ("T10I4D100K", 100, False), ("retail", 177, False), ("retail", 9, False), ("online_retail", 83, False),
    ("instacart_train", 132, False), ("instacart_train", 14, False), ("kosarak-prefix", 74, False),
]  # fmt: skip
LONG = [
    *SHORT, ("chess", 1598, False), ("mushroom", 407, False), ("connect", 47_290, False), ("BMS-WebView-1", 36, False),
    ("T10I4D100K", 10, False), ("online_retail", 62, False), ("instacart_train", 7, False), ("retail", 177, True),
]  # fmt: skip
PAIR_ROWS = [("instacart_train", 132), ("instacart_train", 5), ("online_retail", 5), ("retail", 5), ("kosarak-prefix", 5)]


def read_baskets(path: Path) -> Baskets:
    """Baskets of a ``.dat.gz`` file: integers, one basket a line."""
    with gzip.open(path, "rt") as lines:
        rows = [np.unique(np.array(line.split(), dtype=np.int64)) for line in lines if line.strip()]
    labels, code = np.unique(np.concatenate(rows), return_inverse=True)
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Baskets(indptr, code.astype(np.int32), Vocabulary("product", labels.tolist()))


def measure(contenders: list[Contender], baskets: Baskets, min_count: int, repeats: int) -> dict[str, tuple[int, float, float]]:
    """name -> (results, median CPU seconds, median wall seconds)."""
    inputs = {contender.name: contender.prepare(baskets) for contender in contenders}
    found: dict[str, int] = {}
    times: dict[str, list[tuple[float, float]]] = {contender.name: [] for contender in contenders}
    for repeat in range(repeats + 1):  # the first is not counted
        for contender in contenders:
            cpu, wall = time.process_time(), time.perf_counter()
            found[contender.name] = contender.run(inputs[contender.name], min_count)
            if repeat or contender.slow:
                times[contender.name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {
        name: (found[name], statistics.median(t[0] for t in seconds), statistics.median(t[1] for t in seconds))
        for name, seconds in times.items()
    }


def table(title: str, rows: Iterable[tuple[str, int, dict[str, tuple[int, float, float]]]], names: list[str]) -> list[str]:
    """Markdown: a row a set and min_count, a column a contender with CPU seconds (wall seconds)."""
    lines = [f"## {title}", "", "| set | min_count | results | " + " | ".join(names) + " |", "|---" * (len(names) + 3) + "|"]
    for name, min_count, figures in rows:
        ours = figures["affinity"][0]
        cells = []
        for contender in names:
            if contender not in figures:
                cells.append("–")
                continue
            found, cpu, wall = figures[contender]
            cells.append(f"{cpu:.3g} ({wall:.3g})" + (f" **{found:,} results**" if found != ours else ""))
        lines.append(f"| {name} | {min_count:,} | {ours:,} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def about() -> list[str]:
    """What was run, on what."""
    versions = []
    for package in ("affinity-engine", "numpy", "numba", "scipy", "mlxtend", "pyfim"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{package} not installed")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    machine = f"{platform.machine()}, {available_threads()} cores, Python {platform.python_version()}"
    return ["# Mining, side by side", "", f"{', '.join(versions)}; commit {commit or 'unknown'}; {machine}.",
            "Median CPU seconds of the process (wall seconds).", ""]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mining", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of .dat.gz files, one basket a line")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--long", action="store_true", help="also the rows of many itemsets, which take minutes")
    parser.add_argument("--only", nargs="*", help="names of sets")
    parser.add_argument("--out", type=Path, help="Markdown file; otherwise standard output")
    arguments = parser.parse_args()
    sets: dict[str, Baskets] = {}

    def load(name: str) -> Baskets:
        if name not in sets:
            sets.clear()
            sets[name] = read_baskets(arguments.data / f"{name}.dat.gz")
        return sets[name]

    wanted = [row for row in (LONG if arguments.long else SHORT) if not arguments.only or row[0] in arguments.only]
    itemsets, pairs = [], []
    for name, min_count, slow in sorted(wanted):
        contenders = [contender for contender in installed(ITEMSETS) if slow or not contender.slow]
        itemsets.append((name, min_count, measure(contenders, load(name), min_count, arguments.repeats)))
    for name, min_count in sorted(row for row in PAIR_ROWS if not arguments.only or row[0] in arguments.only):
        pairs.append((name, min_count, measure(installed(PAIRS), load(name), min_count, arguments.repeats)))
    lines = about()
    lines += table("Frequent itemsets", itemsets, [contender.name for contender in installed(ITEMSETS)])
    lines += table("Pairs", pairs, [contender.name for contender in installed(PAIRS)])
    if arguments.out:
        arguments.out.write_text("\n".join(lines), encoding="utf-8")
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
