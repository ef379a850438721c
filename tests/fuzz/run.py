"""python -m tests.fuzz.run TARGET… --seconds N [--found FOLDER]: fuzz targets with atheris, guided by coverage; `all`: each.

A finding is written to FOLDER as crash-…; once mended, put it into tests/fuzz/corpus/TARGET-name, where the suite replays it.
atheris comes with `pip install atheris` (Linux, CPython 3.11 to 3.13).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import warnings
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
SEEDS = {
    "csv": [b"1,a,x,2024-01-01,1,2\n", b'1,a,"x\ny",2024-01-01,1,2\n', b'1,a,"x,2024-01-01,1,2\n2,b,y,2024-01-02,-1,\n'],
    "text": [b"order_id,product_id\n1,a\n", b"milk,bread\nbeer\n", b'{"order_id": 1, "product_id": "a"}\n', b"1 2 3\n4 5\n"],
    "jsonl": [b'{"order_id": 2, "product_id": "b", "x": [1, {"y": null}]}\n', b"[1]\n\n"],
    "baskets": [b"milk,bread\nbeer\n", b"1 2 3\n"],
    "parquet": [b"\x00\x04abc", b"\x01\x00\xff\xff\xff\xff"],
    "config": [b"as_of = '2024-01-01'\n[ingest]\ncurrency = 'EUR'\n", b"release = 3\n", b"[fit]\nridge = 1e308\n"],
    "headers": [b"order_id\0product_id\0ordered_at", b"Invoice\0StockCode\0InvoiceDate\0Price\0Customer ID"],
    "plan": [b'{"format": "affinity-campaign-plan/1", "info": {}, "audience": {}, "checksum": ""}'],
    "release": [b"\x00\x00\x00\x09x", b"\x05\x00\x00\x40"],
    "events": [b'{"sum":"00","event_id":"x"}\n\n{"sum"', b"[[[["],
    "query": [b"a=1&b=nan&c=%ff", b"a=1e400", b"a=gain"],
}  # fmt: skip


def main() -> int:
    """One process a target, one after the other; the number of targets with a finding."""
    parser = argparse.ArgumentParser()
    parser.add_argument("targets", nargs="+", choices=["all", *SEEDS])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"))
    asked = parser.parse_args()
    asked.found.mkdir(parents=True, exist_ok=True)
    failed = 0
    for target in SEEDS if "all" in asked.targets else asked.targets:
        seeds = asked.found / f"seeds-{target}"
        seeds.mkdir(exist_ok=True)
        for number, seed in enumerate([*SEEDS[target], *(p.read_bytes() for p in sorted(CORPUS.glob(f"{target}-*")))]):
            (seeds / f"seed-{number}").write_bytes(seed)
        options = [f"-max_total_time={asked.seconds}", "-max_len=512", "-timeout=900", "-rss_limit_mb=4000"]
        options += [f"-artifact_prefix={asked.found / target}-", "-print_final_stats=1", "-verbosity=0", str(seeds)]
        command = [sys.executable, "-m", "tests.fuzz.run", "--one", target, *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        stats = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        verdict = "FOUND" if done.returncode else "ok"
        sys.stdout.write(f"{target}: {stats[0] if stats else '?'} executions in {asked.seconds} s {verdict}\n")
        if done.returncode:
            failed += 1
            sys.stdout.write("\n".join([done.stdout[-3000:], *done.stderr.splitlines()[-12:], ""]))
    return failed


def run_one(target: str, options: list[str]) -> None:
    """Fuzz one target in this process."""
    import atheris

    warnings.simplefilter("ignore")
    with atheris.instrument_imports(include=["affinity.ingest", "affinity.cli.options", "affinity.settings", "affinity.serve"]):
        from tests.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *options], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
