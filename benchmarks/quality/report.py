"""The figures as Markdown: methods by windows, paired differences, calibration, splits and what peers were given."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from affinity.tables.backtest import MINUS

PACKAGES = ("affinity-engine", "numpy", "scipy", "numba", "implicit")


def about(seed: int, resamples: int) -> dict[str, Any]:
    """What was run: commit, versions, seed."""
    root = Path(__file__).resolve().parents[2]
    asked = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(asked, capture_output=True, text=True, cwd=root, check=False).stdout.strip()
    return {
        "commit": commit or "unknown",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "seed": seed,
        "resamples": resamples,
    }


def write_markdown(found: list[dict[str, Any]], run: dict[str, Any], picture: str | None) -> str:
    """The whole report."""
    versions = ", ".join(f"{name} {number}" for name, number in run["versions"].items())
    lines = [
        "# Recommendation quality, protocol \"new product\"", "",
        f"Commit {run['commit']}; Python {run['python']}, {versions}. Bootstrap over customers: {run['resamples']} resamples, "
        f"seed {run['seed']}. Peers' parameters have the best NDCG@10 of a grid at the validation landmark; the figures are of "
        "the test landmark. The first method runs with the package's defaults.", "",
        "NDCG@10 / HR@1 / HR@10 / coverage@10:", "",
    ]  # fmt: skip
    lines += _table(found, _figures)
    lines += ["", "First method minus the others, NDCG@10, 95 % paired interval; **bold** where it excludes zero:", ""]
    lines += _table(found, _difference, skip=1)
    lines += ["", *_calibration(found), "", *_splits(found), "", *_chosen(found)]
    if picture:
        lines += ["", f"![NDCG@10 with 95 % intervals]({picture})"]
    return "\n".join([*lines, ""])


def methods_of(found: Iterable[dict[str, Any]]) -> list[str]:
    """The methods in the order of the rows, differences left out."""
    return [name for name in dict.fromkeys(row["method"] for one in found for row in one["rows"]) if MINUS not in name]


def find(one: dict[str, Any], method: str, metric: str) -> dict[str, Any] | None:
    """The row of a window's method and metric."""
    return next((row for row in one["rows"] if (row["method"], row["metric"]) == (method, metric)), None)


def _table(found: list[dict[str, Any]], cell: Any, skip: int = 0) -> list[str]:
    head = ["| method | " + " | ".join(one["window"] for one in found) + " |", "|---" * (len(found) + 1) + "|"]
    names = methods_of(found)[skip:]
    return head + [f"| {name} | " + " | ".join(cell(one, name) for one in found) + " |" for name in names]


def _figures(one: dict[str, Any], name: str) -> str:
    cells = [find(one, name, metric) for metric in ("ndcg", "hit_rate_at_1", "hit_rate", "coverage")]
    if cells[0] is None:
        return "–"
    return " / ".join(_short(row["value"], 4 if i == 0 else 3) for i, row in enumerate(cells) if row)


def _difference(one: dict[str, Any], name: str) -> str:
    row = find(one, f"{methods_of([one])[0]}{MINUS}{name}", "ndcg")
    if row is None:
        return "–"
    text = f"{row['value']:+.4f} [{row['lower']:+.4f}, {row['upper']:+.4f}]"
    return f"**{text}**" if row["lower"] > 0 or row["upper"] < 0 else text


def _calibration(found: list[dict[str, Any]]) -> list[str]:
    lines = ["Calibration over the first 50 places of every customer with a history, 95 % interval:", "",
             "| window | expected error | slope | rows' top decile: predicted, observed |", "|---|---|---|---|"]  # fmt: skip
    for one in found:
        name = methods_of([one])[0]
        error, slope = find(one, name, "calibration_error"), find(one, name, "calibration_slope")
        if error is None or slope is None:
            continue
        top = [find(one, name, f"{part}_decile_10") for part in ("predicted", "observed")]
        deciles = ", ".join(f"{row['value']:.4f}" for row in top if row)
        lines.append(f"| {one['window']} | {_interval(error, 4)} | {_interval(slope, 2)} | {deciles} |")
    return lines


def _splits(found: list[dict[str, Any]]) -> list[str]:
    lines = ["| window | test (T, h) | validation (T, h) | judged | with history | products | best before | "
             "s of ours / in all | commit |", "|---" * 9 + "|"]  # fmt: skip
    for one in found:
        name = methods_of([one])[0]
        lines.append(
            f"| {one['window']} | {one['test'][0]}, {one['test'][1]} | {one['validation'][0]}, {one['validation'][1]} | "
            f"{one['customers']:,} | {one['customers_with_history']:,} | {one['products']:,} | "
            f"{_short(one['best_before'], 4) if one['best_before'] else '–'} | "
            f"{one['seconds'][name]:.0f} / {one['total_seconds']:.0f} | {one.get('run', {}).get('commit', '–')} |"
        )
    return lines


def _chosen(found: list[dict[str, Any]]) -> list[str]:
    lines = [
        "What peers were given, of the grids in `benchmarks/quality/methods.py` (processor seconds at the test landmark):",
        "",
    ]
    for one in found:
        for name, given in one["chosen"].items():
            values = ", ".join(f"{key} {value}" for key, value in given["parameters"].items())
            best = max(tried["ndcg"] for tried in given["tried"])
            lines.append(
                f"- {one['window']}, {name}: {values} (validation {best:.4f}, best of {len(given['tried'])}; "
                f"{one['seconds'][name]:.1f} s)"
            )
        lines += [f"- {one['window']}, {name} left out: {why}" for name, why in one["left_out"].items()]
    return lines


def _interval(row: dict[str, Any], digits: int) -> str:
    if row["value"] is None:
        return "–"
    return f"{row['value']:.{digits}f} [{row['lower']:.{digits}f}, {row['upper']:.{digits}f}]"


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".lstrip("0") or "0"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
