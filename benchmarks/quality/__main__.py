"""Runs the comparison on the data sets that are there and writes table, figures and picture.

    python -m benchmarks.quality --data ../shared/data/retail --peers
    python -m benchmarks.quality --data ../shared/data/retail --windows online_2011_09 --peers "EASE^R;SAR"

Each window keeps its figures in a file of its own, so that windows can be run one at a time; the report holds all that
are in the folder. A window that is run again replaces its figures.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.quality.data import is_there
from benchmarks.quality.measure import measure, say
from benchmarks.quality.methods import GRIDS
from benchmarks.quality.picture import draw
from benchmarks.quality.report import about, write_markdown
from benchmarks.quality.split import WINDOWS

ROOT = Path(__file__).resolve().parents[2]


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    names = [window.name for window in WINDOWS]
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--windows", nargs="*", default=names, choices=names, metavar="WINDOW", help=", ".join(names))
    parser.add_argument(
        "--peers", nargs="?", const=";".join(GRIDS), default="", help="peers, semicolons between; all without any"
    )
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "quality")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    run = about(options.seed, options.resamples)
    for window in (window for window in WINDOWS if window.name in options.windows):
        if not is_there(window.data, options.data):
            say(f"{window.name}: its file is not in {options.data}")
            continue
        one = measure(window, options.data, peers=options.peers.split(";"), resamples=options.resamples, seed=options.seed)
        (options.out / f"{window.name}.json").write_text(json.dumps({"run": run, **one}, indent=1), encoding="utf-8")
    paths = [options.out / f"{window.name}.json" for window in WINDOWS]
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()]
    if not found:
        return 1
    draw(found, options.out / "quality.png", f"Commit {run['commit']}; 95 % bootstrap intervals over customers.")
    (options.out / "quality.md").write_text(write_markdown(found, found[-1]["run"], "quality.png"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
