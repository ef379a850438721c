"""One window measured: parameters chosen at the validation landmark, everything judged at the test landmark."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from affinity.errors import AffinityError
from affinity.evaluate import BASELINES, judge, summarise
from affinity.evaluate.registry import load
from affinity.tables import Backtest
from benchmarks.quality.methods import GRIDS, Timed, choose, mean_ndcg, ours, peer
from benchmarks.quality.split import Window, split


def measure(window: Window, folder: Path, *, peers: list[str], resamples: int, seed: int) -> dict[str, Any]:
    """The rows of the backtest of a window and what belongs to them, ready for JSON."""
    start = time.process_time()
    chosen, left_out = _choose(window, folder, peers)
    then, landmark, settings = split(window, folder, window.test)
    methods = ours(then, settings)
    methods |= {name: Timed(load(path)) for name, path in BASELINES.items()}
    methods |= {name: Timed(partial(peer(name), **one["parameters"])) for name, one in chosen.items()}
    judged = judge(methods, landmark, baselines=False)
    table = summarise([judged], resamples=resamples, seed=seed)
    figures = {name: mean_ndcg(judged, name) for name in judged.values}
    say(f"{window.name}: {len(judged.customer):,} customers; " + ", ".join(f"{n} {v:.4f}" for n, v in figures.items()))
    return {
        "window": window.name,
        "test": window.test,
        "validation": window.validation,
        "best_before": window.best,
        "customers": len(judged.customer),
        "customers_with_history": int((landmark.holdings.indptr[1:] > landmark.holdings.indptr[:-1]).sum()),
        "products": int((landmark.transitions.buyers > 0).sum()),
        "purchases": len(landmark.holdings),
        "chosen": {name: one for name, one in chosen.items() if name not in judged.left_out},
        "left_out": {**left_out, **judged.left_out},
        "seconds": {name: round(method.seconds, 2) for name, method in methods.items()},
        "total_seconds": round(time.process_time() - start, 1),
        "rows": _rows(table),
    }


def _choose(window: Window, folder: Path, peers: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """peer -> its parameters, all that was tried and its seconds; peer -> why it is left out."""
    chosen: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    if not peers:
        return chosen, left_out
    _, landmark, _ = split(window, folder, window.validation)
    for name in [name for name in GRIDS if name in peers]:
        start = time.process_time()
        try:
            parameters, tried = choose(name, landmark)
        except AffinityError as error:
            left_out[name] = str(error)
            continue
        seconds = time.process_time() - start
        say(f"{window.name}: {name} takes {parameters}, of {len(tried)} tried in {seconds:.1f} s")
        chosen[name] = {"parameters": parameters, "tried": tried, "seconds": round(seconds, 1)}
    return chosen, left_out


def _rows(table: Backtest) -> list[dict[str, Any]]:
    columns = {name: column.tolist() for name, column in table.columns().items()}  # type: ignore[union-attr]
    known = {n: [None if isinstance(v, float) and v != v else v for v in c] for n, c in columns.items()}  # noqa: PLR0124
    return [dict(zip(known, row)) for row in zip(*known.values())]


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
