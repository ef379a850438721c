"""The whole main job on large generated shops: time, memory and the ratio of time per line.

    python -m benchmarks.large_run FOLDER [--lines 10000000 100000000] [--products 50000] [--memory-budget 8GB] [--keep]

For each size a shop is generated into FOLDER (see `benchmarks.large_shop`; one customer in 20 lines), read and run as
``affinity run`` does, in a process of its own, and published into FOLDER. Printed as JSON: wall and CPU seconds, CPU
microseconds a line and its ratio to the first size, and for the whole run and each step the peak memory in GB: ``resident``
(with mapped files) and ``own`` (without; sampled five times a second). What a size made is removed before the next one
unless ``--keep``: 100 M lines take about 1 GB as Parquet. A step is what the run announces on standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SECONDS_BETWEEN = 0.2
GIGABYTE = 1e9


class Watch:
    """Steps of a run with their seconds and peaks; sampled in a thread of its own, on Linux."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    @contextlib.contextmanager
    def step(self, label: str) -> Iterator[None]:
        """In place of `affinity.progress.step`: announces the step, measures it."""
        sys.stderr.write(f"  {label} …\n")
        found: dict[str, Any] = {"step": label, "resident": 0.0, "own": 0.0}
        self.steps.append(found)
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            found |= {"wall_s": round(time.perf_counter() - wall, 1), "cpu_s": round(time.process_time() - cpu, 1)}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Sample the memory until the block ends."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN):
            lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
            held = {
                name: int(rest.split()[0]) * 1024 / GIGABYTE
                for name, _, rest in (line.partition(":") for line in lines)
                if name in ("VmRSS", "RssAnon")
            }
            if self.steps:
                now = self.steps[-1]
                now["resident"], now["own"] = max(now["resident"], held["VmRSS"]), max(now["own"], held["RssAnon"])


def run_one(orders: Path, out: Path, memory_budget: str = "8GB") -> dict[str, Any]:
    """Run and publish ``orders`` in this process within ``memory_budget``; the figures."""
    from affinity import flow, learning

    watch = Watch()
    flow.step = learning.step = watch.step
    wall, cpu = time.perf_counter(), time.process_time()
    with watch.running():
        result = flow.run(orders, memory_budget=memory_budget)
        with watch.step("publishing"):
            path = result.publish(out)
    return {
        "lines": result.lines.report.rows_read,
        "customers": len(result.holdings.customers),
        "products": len(result.products),
        "recommendations": result.report()["found"]["recommendations"],
        "release_gb": round(sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / GIGABYTE, 2),
        "wall_s": round(time.perf_counter() - wall, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "peak_resident_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIGABYTE, 2),
        "steps": [
            {name: round(value, 2) if isinstance(value, float) else value for name, value in step.items()}
            for step in watch.steps
        ],
    }


def compare_sizes(folder: Path, sizes: list[int], products: int, memory_budget: str, *, keep: bool) -> list[dict[str, Any]]:
    """The figures of each size, generated and run in processes of their own."""
    found: list[dict[str, Any]] = []
    budget = ["--memory-budget", memory_budget]
    for lines in sizes:
        shop, out, figures = folder / f"shop-{lines}", folder / f"out-{lines}", folder / f"figures-{lines}.json"
        asked = [str(shop), "--lines", str(lines), "--products", str(products)]
        subprocess.run([sys.executable, "-m", "benchmarks.large_shop", *asked], check=True)
        here = [str(shop), *budget, "--one", str(out), str(figures)]
        subprocess.run([sys.executable, "-m", "benchmarks.large_run", *here], check=True)
        one = json.loads(figures.read_text(encoding="utf-8"))
        one["cpu_us_a_line"] = round(one["cpu_s"] / one["lines"] * 1e6, 2)
        one["ratio"] = round(one["cpu_us_a_line"] / (found[0] if found else one)["cpu_us_a_line"], 3)
        found.append(one)
        print(json.dumps(one, indent=1), flush=True)
        if not keep:
            shutil.rmtree(shop)
            shutil.rmtree(out)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="The whole main job on large generated shops.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, nargs="+", default=[10_000_000, 100_000_000])
    parser.add_argument("--products", type=int, default=50_000)
    parser.add_argument("--memory-budget", default="8GB")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--one", type=Path, nargs=2, metavar=("OUT", "FIGURES"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        asked.one[1].write_text(json.dumps(run_one(asked.folder, asked.one[0], asked.memory_budget)), encoding="utf-8")
    else:
        compare_sizes(asked.folder, asked.lines, asked.products, asked.memory_budget, keep=asked.keep)


if __name__ == "__main__":
    main()
