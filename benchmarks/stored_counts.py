"""Would a learning day be cheaper if it added the counts of new lines to stored ones? Pair counts made anew, beside that sum.

    python -m benchmarks.stored_counts ORDERS FOLDER [--share 0.01]

ORDERS (a path, such as the shop of `benchmarks.large_shop`) is cut in two by customer: ``share`` of them came since. The pairs
of both parts are counted as one ("anew"); and those of the first part, kept in a state in FOLDER, are taken up, the new ones
are counted and added, and the sum is kept for the next time ("added"). Nothing is taken away, as it would be for customers
whose products changed: a bound from below. Printed as JSON: CPU and wall seconds of each step, rows, bytes kept, and whether
both tables are equal, which they must be.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from affinity import counting
from affinity.engines import group_lines
from affinity.history import History, look_back
from affinity.settings import Settings
from affinity.state import Part, State, open_state
from affinity.steps import read_past
from affinity.tables import Margins, PairCounts
from benchmarks.daily_run import measured

#: Those of a pair, as int32; the first product is told by the bounds of its rows.
KEPT = ("b", "count", "customers")


def count(past: History, settings: Settings) -> PairCounts:
    """The pairs of a history, as a run counts them."""
    most = settings.baskets.max_products_per_customer
    return counting.count_pairs(group_lines(past.lines, settings), past.holdings, max_products_per_customer=most)


def keep(pairs: PairCounts, state: State) -> None:
    """Store what ``pairs`` holds."""
    columns = {name: getattr(pairs, name).astype(np.int32) for name in KEPT}
    indptr = np.searchsorted(pairs.a, np.arange(len(pairs.products) + 1))
    assert pairs.owners is not None
    margins = {
        f"{grain}/{name}": np.asarray(value)
        for grain, one in (("baskets", pairs.baskets), ("owners", pairs.owners))
        for name, value in vars(one).items()
    }
    state.save("pairs", "one key", Part({**columns, "indptr": indptr, **margins}, {"left_out": pairs.left_out_customers}))


def take_up(state: State, like: PairCounts) -> PairCounts:
    """What `keep` stored, as a table with the products and the cap of ``like``."""
    part = state.load("pairs", "one key")
    assert part is not None
    held = part.arrays
    n = len(like.products)

    def margins(grain: str) -> Margins:
        columns: dict[str, Any] = {name: held[f"{grain}/{name}"] for name in vars(like.baskets)}
        return Margins(**{**columns, "n": int(columns["n"])})

    return replace(
        like,
        a=np.repeat(np.arange(n, dtype=np.int32), np.diff(held["indptr"])),
        b=held["b"],
        count=held["count"].astype(np.int64),
        customers=held["customers"].astype(np.int64),
        baskets=margins("baskets"),
        owners=margins("owners"),
        left_out_customers=part.plain["left_out"],
    )


def compare(orders: Path, folder: Path, share: float) -> dict[str, Any]:
    """Both ways, and whether they are equal."""
    settings = Settings()
    past = read_past(orders, settings)
    new = past.gross.customer >= int(len(past.gross.customers) * (1 - share))
    before, since = (look_back(past.gross.take(rows)) for rows in (~new, new))
    spent: dict[str, Any] = {}
    count(since, settings)  # compiled kernels are loaded
    with open_state(folder) as state:
        known = count(before, settings)
        keep(known, state)
        del known
        with measured("anew", spent):
            whole = count(past, settings)
        with measured("added: new counted", spent):
            fresh = count(since, settings)
        with measured("added: taken up", spent):
            stored = take_up(state, fresh)
        with measured("added: sum", spent):
            total = stored + fresh
        with measured("added: kept", spent):
            keep(total, state)
        size = (folder / "pairs.npz").stat().st_size
    added = [one for label, one in spent.items() if label.startswith("added")]
    return {
        "lines": len(past.gross),
        "new_lines": int(new.sum()),
        "pairs": len(whole),
        "kept_gb": round(size / 1e9, 3),
        "seconds": spent,
        "anew_cpu_s": spent["anew"]["cpu_s"],
        "added_cpu_s": round(sum(one["cpu_s"] for one in added), 2),
        "added_wall_s": round(sum(one["wall_s"] for one in added), 2),
        "equal": all(np.array_equal(getattr(whole, name), getattr(total, name)) for name in ("a", *KEPT))
        and all(
            np.array_equal(value, getattr(other, name))
            for one, other in ((whole.baskets, total.baskets), (whole.owners, total.owners))
            for name, value in vars(one).items()
        ),
    }


def main() -> None:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description="Pair counts made anew against adding to stored ones.")
    parser.add_argument("orders", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=0.01)
    asked = parser.parse_args()
    print(json.dumps(compare(asked.orders, asked.folder, asked.share), indent=1))


if __name__ == "__main__":
    main()
