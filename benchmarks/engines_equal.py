"""The same orders on this machine and on Spark: are the releases the same bytes, and what did each cost?

    python -m benchmarks.engines_equal orders.parquet --engine local[2] --set horizon_days=90 conversion.churn=net

The release of each engine is published into a folder of its own and compared file by file. Wall and CPU seconds are those of
the run and the publishing, session start apart; CPU seconds are of all processes, memory by kind of process (see
`benchmarks.process_tree`). Exit code 1 where a file differs. --steps prints the seconds of each step.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from affinity import flow, learning
from affinity.settings import Settings
from affinity.spark_session import spark_session
from benchmarks.process_tree import GIGABYTE, cpu_seconds, watch_memory


def compare_releases(one: Path, other: Path) -> tuple[int, list[str]]:
    """How many files both hold together, and the names of those that one of them lacks or holds with other bytes."""
    names = sorted({str(path.relative_to(folder)) for folder in (one, other) for path in folder.rglob("*") if path.is_file()})
    return len(names), [name for name in names if _read(one / name) != _read(other / name)]


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def run_once(orders: Path, out: Path, settings: Settings, known: dict[str, Any], *, steps: bool) -> tuple[Path, dict[str, Any]]:
    """Run and publish; where the release is, and its cost."""
    told: dict[str, Any] = {}

    @contextmanager
    def step(label: str) -> Iterator[None]:
        with timed() as spent:
            yield
        told[label] = spent

    for module in (flow, learning):
        module.step = step  # type: ignore[attr-defined]
    with watch_memory() as peaks, timed() as spent:
        result = flow.run(orders, settings=settings, **known)
        with step("publishing"):
            path = result.publish(out)
    found = {"lines": result.lines.report.rows_read, **spent, "peak_gb": peaks()}
    return path, found | ({"steps": told} if steps else {})


@contextmanager
def timed() -> Iterator[dict[str, Any]]:
    """Seconds of the block, known at its end: wall, CPU, and CPU by kind of process where there are several."""
    found: dict[str, Any] = {}
    wall, before = time.perf_counter(), cpu_seconds()
    yield found
    by_kind = {kind: round(seconds - before[kind], 1) for kind, seconds in cpu_seconds().items()}
    found |= {"wall_s": round(time.perf_counter() - wall, 1), "cpu_s": round(sum(by_kind.values()), 1)}
    if by_kind["java"]:
        found["cpu_s_by_kind"] = by_kind


def moved_gb(session: Any) -> dict[str, float]:
    """What the executors of a session wrote for each other and sent to the driver so far."""
    context = session.sparkContext
    none = context._gateway.new_array(context._jvm.double, 0)
    found = context._jsc.sc().statusStore().stageList(None, False, False, none, None)
    stages = [found.apply(place) for place in range(found.size())]
    return {
        "shuffled": round(sum(stage.shuffleWriteBytes() for stage in stages) / GIGABYTE, 3),
        "to_driver": round(sum(stage.resultSize() for stage in stages) / GIGABYTE, 3),
    }


def read_setting(text: str) -> tuple[str, Any]:
    """("section.key", value) of "section.key=value"; the value is JSON where it can be."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def make_settings(asked: list[str]) -> Settings:
    """Settings from "key=value" and "section.key=value"."""
    mapping: dict[str, Any] = {}
    for name, value in map(read_setting, asked):
        section, _, key = name.rpartition(".")
        (mapping.setdefault(section, {}) if section else mapping)[key] = value
    return Settings.from_mapping(mapping)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("orders", type=Path)
    for name in ("offers", "products", "customers"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--engine", default="local[2]")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, help="keeps both releases here; unset: they are removed")
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--warm", action="store_true", help="each engine runs once untimed before")
    parser.add_argument("--without-local", action="store_true", help="cost of Spark alone, nothing compared")
    asked = parser.parse_args()
    settings = make_settings(asked.set)
    known = {name: getattr(asked, name) for name in ("offers", "products", "customers") if getattr(asked, name)}
    with tempfile.TemporaryDirectory() as made:
        out = asked.out or Path(made)
        local = None if asked.without_local else measure(asked, out / "local", settings, known)
        with spark_session(asked.engine) as session:
            spark = measure(asked, out / "spark", settings, known | {"session": session})
        if local is None:
            return
        n, differing = compare_releases(local, spark)
    print(json.dumps({"files": n, "differing": differing}))
    if differing:
        raise SystemExit(1)


def measure(asked: argparse.Namespace, out: Path, settings: Settings, known: dict[str, Any]) -> Path:
    """Run one engine and print its cost; where the release is."""
    if asked.warm:
        run_once(asked.orders, out, settings, known, steps=False)
    path, cost = run_once(asked.orders, out, settings, known, steps=asked.steps)
    if "session" in known:
        cost["moved_gb"] = moved_gb(known["session"])
    print(json.dumps({"engine": asked.engine if "session" in known else "local", **cost}), flush=True)
    return path


if __name__ == "__main__":
    main()
