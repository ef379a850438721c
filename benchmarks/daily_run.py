"""A day with 1 % new lines, run with the state of the day before, beside a full run of the same lines; releases compared.

    python -m benchmarks.daily_run FOLDER [--lines 1000000] [--share 0.01] [--every 28] [--products 50000]

A shop is generated into FOLDER (see `benchmarks.large_shop`) and cut in two by time: the lines known yesterday, and the last
``share`` of them, which came since, as Parquet parts. Three runs with ``learn_every_days``, as ``affinity run`` does them,
each in a process of its own and published: "before" on yesterday's lines with a new state, "day" on all lines with that
state, "full" on all lines without one. Printed as JSON: CPU and wall seconds of each and of its steps, the start of Python
and the loading of compiled kernels among them; the ratios of "day" to "full"; how many lists were made anew; and the files
in which the two releases differ (none may). Both days must lie between the same two learning days.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

RUNS = ("before", "day", "full")


def split_shop(folder: Path, lines: int, products: int, share: float, every: int) -> dict[str, Any]:
    """Yesterday's lines in FOLDER/before, all lines in FOLDER/after; how many there are, and both days."""
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    asked = ["--lines", str(lines), "--products", str(products)]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.large_shop", str(folder / "shop"), *asked], check=True, capture_output=True
    )
    whole = ds.dataset(folder / "shop", format="parquet").to_table()
    shutil.rmtree(folder / "shop")
    day = whole["ordered_at"].to_numpy().astype("datetime64[D]").astype(np.int64)
    first, last = int(np.sort(day)[-max(int(len(day) * share), 1)]), int(day.max()) + 1
    if first // every != last // every:
        raise SystemExit(f"A learning day lies between {first} and {last}: choose another --every.")
    for name in ("before", "after"):
        (folder / name).mkdir()
    parts = {"known": day < first, "new": day >= first}
    for name, rows in parts.items():
        pq.write_table(whole.filter(rows), folder / "after" / f"part-{name}.parquet")
    shutil.copy(folder / "after" / "part-known.parquet", folder / "before")
    return {"lines": len(day), "new_lines": int(parts["new"].sum()), "yesterday": first, "today": last}


@contextlib.contextmanager
def measured(label: str, steps: dict[str, Any]) -> Iterator[None]:
    """In place of `affinity.progress.step`: adds up the seconds of a step."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        before = steps.get(label, {"cpu_s": 0.0, "wall_s": 0.0})
        spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
        steps[label] = {name: round(before[name] + value, 2) for name, value in spent.items()}


def run_one(orders: Path, out: Path, every: int, state: Path | None) -> dict[str, Any]:
    """Run and publish ``orders`` in this process; the figures."""
    from affinity import flow, learning

    steps: dict[str, Any] = {}
    flow.step = learning.step = lambda label: measured(label, steps)  # type: ignore[assignment]
    began = time.perf_counter()
    result = flow.run(orders, learn_every_days=every, state=state)
    with measured("publishing", steps):
        path = result.publish(out)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "release": str(path),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),  # of the whole process, from its start
        "wall_s": round(time.perf_counter() - began, 1),
        "peak_gb": round(used.ru_maxrss * 1024 / 1e9, 2),
        "kept": dict(result.kept),
        "steps": steps,
    }


def differing_files(one: Path, other: Path) -> list[str]:
    """The files that are not the same bytes in both folders."""
    names = {str(file.relative_to(home)) for home in (one, other) for file in home.rglob("*") if file.is_file()}
    paths = ((name, one / name, other / name) for name in sorted(names))
    return [name for name, a, b in paths if not (a.exists() and b.exists() and a.read_bytes() == b.read_bytes())]


def compare(folder: Path, lines: int, products: int, share: float, every: int) -> dict[str, Any]:
    """The three runs, each in a process of its own."""
    found = split_shop(folder, lines, products, share, every)
    for name in RUNS:
        state = [] if name == "full" else ["--state", str(folder / "state")]
        orders = folder / ("before" if name == "before" else "after")
        asked = [str(orders), "--one", str(folder / f"out-{name}"), "--every", str(every), *state]
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.daily_run", *asked], check=True, stdout=subprocess.PIPE, text=True
        )
        found[name] = json.loads(ran.stdout)
    found["cpu_ratio"] = round(found["day"]["cpu_s"] / found["full"]["cpu_s"], 4)
    found["wall_ratio"] = round(found["day"]["wall_s"] / found["full"]["wall_s"], 4)
    found["state_gb"] = round(sum(file.stat().st_size for file in (folder / "state").glob("*.npz")) / 1e9, 3)
    found["differing_files"] = differing_files(Path(found["day"]["release"]), Path(found["full"]["release"]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="A day with few new lines against a full run, with equality.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--products", type=int, default=50_000)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--every", type=int, default=28)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--state", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(run_one(asked.folder, asked.one, asked.every, asked.state)))
        return
    asked.folder.mkdir(parents=True)
    print(json.dumps(compare(asked.folder, asked.lines, asked.products, asked.share, asked.every), indent=1))


if __name__ == "__main__":
    main()
