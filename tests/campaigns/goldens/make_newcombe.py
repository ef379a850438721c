"""Writes newcombe.json: the intervals of statsmodels (0.14.5) for differences of two shares, which ours must equal.

    pip install statsmodels pyarrow; python tests/campaigns/goldens/make_newcombe.py HILLSTROM.parquet

Run by hand: statsmodels is no dependency of the tests. Hillstrom's rows are visits and conversions of each mail against none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

COUNTS = [(56, 70, 48, 80), (0, 10, 3, 20), (5, 5, 0, 7), (1, 1000, 1, 111), (120, 1000, 100, 1000), (0, 50, 0, 50)]


def main() -> None:
    """Compute and write."""
    from statsmodels.stats.proportion import confint_proportions_2indep  # here, as tests are collected without it

    cases = [("made up", *counts) for counts in COUNTS]
    frame = pd.read_parquet(sys.argv[1])
    for arm in ("Mens E-Mail", "Womens E-Mail"):
        for outcome in ("visit", "conversion"):
            a, b = frame[frame.segment == arm][outcome], frame[frame.segment == "No E-Mail"][outcome]
            cases.append((f"{arm}: {outcome}", int(a.sum()), len(a), int(b.sum()), len(b)))
    rows = []
    for name, x1, n1, x0, n0 in cases:
        lower, upper = confint_proportions_2indep(x1, n1, x0, n0, method="newcomb", compare="diff", alpha=0.05)
        rows.append({"name": name, "counts": [x1, n1, x0, n0], "lower": float(lower), "upper": float(upper)})
    Path(__file__).with_name("newcombe.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
