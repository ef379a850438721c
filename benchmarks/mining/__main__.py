"""Measure mining side by side with its peers and write tables (mining.md), figures (mining.json) and a picture (mining.png).

    python -m benchmarks.mining --data DIR --lcm PATH --generated
    python -m benchmarks.mining --only chess@2557 groceries --tables itemsets pairs --repeats 3 --out tried

All contenders of a row run interleaved in one process, so that load on the machine falls on all of them; only ratios within
one run count. Before that each runs once in a process of its own, for its memory, and is left out when it takes too long.
Ends with 1 when a result of ours is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.mining.contender import Contender
from benchmarks.mining.data import Loaded, find, read_baskets, save
from benchmarks.mining.generated import Scaled, generated_table, measure_generated
from benchmarks.mining.measure import Limits, Measured, measure
from benchmarks.mining.ours import OURS
from benchmarks.mining.peers import PEERS
from benchmarks.mining.picture import draw
from benchmarks.mining.programs import ROOT, lcm_runs, whole_runs
from benchmarks.mining.report import Results, about, memory_table, table, wrong
from benchmarks.mining.rows import CHOICES, TABLES, Row, choose_rows, parse_only


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mining", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of NAME.dat.gz and NAME.csv files"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help="folder for what is written")
    parser.add_argument("--only", nargs="+", metavar="SET[@MIN_COUNT]", help="measure these sets, or these rows of them")
    parser.add_argument("--tables", nargs="+", choices=CHOICES, default=list(CHOICES))
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each contender and row")
    parser.add_argument(
        "--budget", type=float, default=20.0, help="seconds; a contender whose first run takes longer is left out"
    )
    parser.add_argument("--memory", type=float, default=20.0, help="gigabytes of address space for a contender's own process")
    parser.add_argument("--lcm", type=Path, help="LCM's program, to be run as a whole process")
    parser.add_argument("--generated", action="store_true", help="also the large generated sets (minutes)")
    parser.add_argument("--shrink", type=int, default=1, help="make the generated sets so many times smaller")
    return parser.parse_args(arguments)


def measure_rows(
    rows: list[Row], contenders: dict[str, list[Contender]], data: Path, folder: Path, limits: Limits
) -> Iterator[tuple[Row, dict[str, Measured]]]:
    """Every row with its figures; a set is read once for each table, a set that is not there is said and left out."""
    loaded: Loaded | None = None
    skip: dict[tuple[str, str], dict[str, str]] = {}
    for at, row in enumerate(rows, start=1):
        path = find(row.data, data)
        if path is None:
            say(f"[{at}/{len(rows)}] {row}: no {row.data}.dat.gz or .csv below {data}")
            continue
        if loaded is None or loaded.name != row.data:
            loaded = save(row.data, read_baskets(path), folder / row.data)
        started = time.perf_counter()
        figures = measure(contenders[row.table], loaded, row, limits, skip.setdefault((row.table, row.data), {}))
        first = figures[contenders[row.table][0].name]
        ours = first.failed or f"{first.results:,} results in {first.seconds:.4g} s"
        say(f"[{at}/{len(rows)}] {row}: {ours}; measured in {time.perf_counter() - started:.0f} s")
        yield row, figures


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@dataclass
class Findings:
    """All that was measured so far, and where it is written."""

    options: argparse.Namespace
    contenders: dict[str, list[Contender]]
    tables: dict[str, Results] = field(default_factory=dict)
    generated: list[Scaled] = field(default_factory=list)

    def write(self) -> None:
        """All files anew, after every row, so that a run that is stopped leaves what it measured."""
        out, repeats = self.options.out, self.options.repeats
        lines = about([c.package for each in self.contenders.values() for c in each], repeats, self.options.lcm)
        if draw(
            self.tables,
            self.contenders,
            out / "mining.png",
            f"{lines[2]} Medians of {repeats} interleaved runs; dashed: geometric means.",
        ):
            lines += ["![Ratio to PyFIM's best algorithm on each row](mining.png)", ""]
        for name, results in self.tables.items():
            lines += [*table(results, self.contenders[name]), *memory_table(results, self.contenders[name])]
        lines += generated_table(self.generated) if self.generated else []
        (out / "mining.md").write_text("\n".join(lines), encoding="utf-8")
        raw: list[dict[str, Any]] = [
            {"row": asdict(row), "figures": {name: asdict(one) for name, one in figures.items()}}
            for results in self.tables.values()
            for row, figures in results
        ]
        raw += [asdict(one) for one in self.generated]
        (out / "mining.json").write_text(json.dumps(raw, indent=1), encoding="utf-8")

    def mistakes(self) -> list[tuple[Row, str, str]]:
        return [one for results in self.tables.values() for one in wrong(results)]


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    limits = Limits(options.repeats, options.budget, int(options.memory * 2**30))
    lcm = lcm_runs(options.lcm)
    extra = {"itemsets": lcm, "files": [*whole_runs(), *lcm]}
    contenders = {name: [*OURS[name], *PEERS.get(name, []), *extra.get(name, [])] for name in TABLES}
    options.out.mkdir(parents=True, exist_ok=True)
    found = Findings(options, contenders)
    rows = choose_rows(options.tables, parse_only(options.only))
    with tempfile.TemporaryDirectory() as folder:
        for row, figures in measure_rows(rows, contenders, options.data, Path(folder), limits):
            found.tables.setdefault(row.table, []).append((row, figures))
            found.write()
        for one in measure_generated(Path(folder), limits, options.shrink) if options.generated else ():
            say(f"{one.name} {one.row}: {one.figures[1].failed or f'{one.figures[1].seconds:.3g} s'}")
            found.generated.append(one)
            found.write()
    ours = {c.name for each in contenders.values() for c in each if c.group == "ours"}
    for row, name, said in found.mistakes():
        say(f"wrong number of results: {row}: {name} {said}")
    return int(any(name in ours for _, name, _ in found.mistakes()))


if __name__ == "__main__":
    sys.exit(main())
