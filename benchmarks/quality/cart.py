"""Cart completion: one product of each later basket is hidden, and looked for among ten.

    python -m benchmarks.quality.cart --data ../shared/data/retail

Pairs are counted over baskets before T; judged are baskets (customer-days) of [T, T + h) with at least two products that
were known before T, one of them hidden at random. All known products that are not in the cart are ranked, ties by code.
The weight of popularity in ours is chosen at the validation landmark and judged, beside the package's own, at the test
landmark, on every shop with dates: a weight that only suits the baskets it was chosen on shows.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from affinity.baskets import group_baskets
from affinity.evaluate.resample import bounds, resample_sums
from affinity.fit import cut_lines
from affinity.flow import build_graph
from affinity.ranking.cart import POPULARITY, _score_products
from affinity.settings import RankingSettings
from affinity.tables import PairGraph
from benchmarks.quality.data import is_there, load
from benchmarks.quality.split import WINDOWS, When, Window

#: Weights of popularity that are tried, and baskets judged at most.
WEIGHTS, MOST_BASKETS, PLACES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0), 2000, 10
OURS = "ours, as it is"


def hide(window: Window, folder: Path, when: When, seed: int) -> tuple[PairGraph, list[tuple[np.ndarray, int]]]:
    """The graph of the baskets before the landmark, and (cart, hidden product) of baskets after it."""
    at, horizon = int(np.datetime64(str(when[0]), "D").astype(np.int64)), when[1]
    lines = load(window.data, folder)
    before = group_baskets(cut_lines(lines, at), by="customer_day")
    graph, random = build_graph(before), np.random.default_rng(seed)
    later = group_baskets(cut_lines(lines, at + horizon), by="customer_day")
    assert later.at is not None
    rows, known = np.flatnonzero(later.at >= at), graph.n_item > 0
    carts = []
    for row in random.permutation(rows).tolist():
        basket = later.item[later.indptr[row] : later.indptr[row + 1]]
        basket = basket[known[basket]]
        if len(basket) >= 2 and len(carts) < MOST_BASKETS:
            place = int(random.integers(len(basket)))
            carts.append((np.delete(basket, place), int(basket[place])))
    return graph, carts


def score_all(graph: PairGraph, cart: np.ndarray, weights: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Method -> float64[n_products] of one cart."""
    n, share = len(graph.products), graph.n_item / max(graph.n, 1)
    confidence, cosine, lift = np.zeros(n), np.zeros(n), np.ones(n)
    for a in cart.tolist():
        edges = graph.edges_of(a)
        b, count = graph.consequent[edges], graph.count[edges]
        confidence[b] = np.maximum(confidence[b], graph.confidence[edges])
        cosine[b] += count / np.sqrt(graph.n_item[a] * graph.n_item[b])
        lift[b] = np.maximum(lift[b], graph.lift_eb[edges])
    evidence = _score_products(cart, graph, RankingSettings().min_evidence)[0].sum(axis=0)
    ours = {f"ours, weight {weight:g}": evidence + weight * share for weight in weights}
    peers = {"confidence": confidence, "cosine": cosine, "popularity × lift": share * lift, "popularity": share}
    return {OURS: evidence + POPULARITY * share, **ours, **peers}


def find_hits(graph: PairGraph, carts: list[tuple[np.ndarray, int]], weights: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Method -> float64[baskets]: 1 where the hidden product is among the first ten."""
    hits: dict[str, list[float]] = {}
    for cart, hidden in carts:
        closed = (graph.n_item == 0) | np.isin(np.arange(len(graph.n_item)), cart)
        for name, score in score_all(graph, cart, weights).items():
            score = np.where(closed, -np.inf, score)  # noqa: PLW2901
            better = (score > score[hidden]).sum() + (score[:hidden] == score[hidden]).sum()
            hits.setdefault(name, []).append(float(better < PLACES))
    return {name: np.array(values) for name, values in hits.items()}


def measure(window: Window, folder: Path, seed: int = 0) -> dict[str, Any]:
    """Hit rates at the test landmark with intervals, the weight being chosen at the validation landmark."""
    tried = {
        name: float(hit.mean()) for name, hit in find_hits(*hide(window, folder, window.validation, seed), WEIGHTS).items()
    }
    best = max(WEIGHTS, key=lambda weight: tried[f"ours, weight {weight:g}"])
    hits = find_hits(*hide(window, folder, window.test, seed), WEIGHTS)
    drawn = resample_sums(np.column_stack(list(hits.values())), 1000, seed) / len(hits[OURS])
    low, high = bounds(drawn)
    ahead = bounds(drawn[:, :1] - drawn)
    rows = [
        {"method": name, "hit_rate": float(hit.mean()), "lower": low[i], "upper": high[i], "validation": tried[name],
         "ours_minus": float(hits[OURS].mean() - hit.mean()), "minus_lower": ahead[0][i], "minus_upper": ahead[1][i]}
        for i, (name, hit) in enumerate(hits.items())
    ]  # fmt: skip
    return {"window": window.name, "baskets": len(hits[OURS]), "seed": seed, "weight_chosen": best, "rows": rows}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.cart")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--windows", nargs="*", default=[window.name for window in WINDOWS])
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    options = parser.parse_args(arguments)
    dated = (w for w in WINDOWS if isinstance(w.test[0], str) and w.name in options.windows)
    found = [measure(window, options.data) for window in dated if is_there(window.data, options.data)]
    for one in found:
        print(f"\n{one['window']}: {one['baskets']:,} baskets; weight chosen on validation {one['weight_chosen']:g}")
        print("| method | hit@10 | validation | ours minus it, 95 % |\n|---|---|---|---|")
        for row in one["rows"]:
            lead = f"{row['ours_minus']:+.4f} [{row['minus_lower']:+.4f}, {row['minus_upper']:+.4f}]"
            print(f"| {row['method']} | {row['hit_rate']:.4f} | {row['validation']:.4f} | {lead} |")
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
