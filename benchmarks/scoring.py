"""Top-10 for 1,000,000 customers × 20,000 products with 100 neighbours a product: one pass, in blocks.

    python -m benchmarks.scoring [--customers 1000000] [--products 20000] [--neighbours 100] [--skewed]

A generated shop: customers own 1 + Geometric(1/10) products, at most 200, drawn by Zipf's law (exponent 0.8). Each product
has ``neighbours`` edges to products drawn by the same law and 20 cosines. ``--skewed`` turns the edges round: each product
has ``neighbours`` edges *into* it, so that popular products, which many own, have thousands: about 23 times the work.
Printed: CPU and wall seconds of scoring (fit included, reasons not), customers a second, peak memory.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from affinity.fit.features import CUSTOMER_TERMS, FEATURES
from affinity.fit.top import TopScorer
from affinity.tables import Baskets, Calibration, FitModel, Holdings, Landmark, SquareCounts, Transitions
from affinity.threads import available_threads
from affinity.vocabulary import Vocabulary

DAYS, COSINES, AT_ONCE, TOP = 365, 20, 50_000, 10


def make_shop(
    n_customers: int, n_products: int, neighbours: int, *, skewed: bool = False, seed: int = 0
) -> tuple[FitModel, Landmark]:
    """A model and the counts that score, with made-up weights."""
    random = np.random.default_rng(seed)
    share = 1 / np.arange(1, n_products + 1) ** 0.8
    draw = lambda n: np.minimum(np.searchsorted(np.cumsum(share) / share.sum(), random.random(n)), n_products - 1)  # noqa: E731
    sizes = np.minimum(1 + random.geometric(0.1, n_customers), 200)
    key = np.repeat(np.arange(n_customers, dtype=np.int64) * n_products, sizes)
    key = np.unique(key + draw(len(key)))
    customer, product = key // n_products, (key % n_products).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(customer, minlength=n_customers))]).astype(np.int64)
    last = random.integers(0, DAYS, len(product)).astype(np.int32)
    goods = Vocabulary("product", [f"p{i:05d}" for i in range(n_products)])
    people = Vocabulary("customer", [f"c{i:07d}" for i in range(n_customers)])
    end, once = np.full(n_customers, DAYS, dtype=np.int32), np.ones(len(product), dtype=np.int32)
    holdings = Holdings(indptr, product, last, last, once, end, people, goods, "day")
    who = np.arange(n_customers, dtype=np.int32)
    steps = Baskets(indptr, product, goods, who, people, end - 60, "day", "customer_day")
    none = SquareCounts(np.zeros(n_products + 1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))
    popular = (1e6 * share).astype(np.int64)
    counts = Transitions(none, none, none, popular << 10, popular << 12, popular, goods, "day", 120.0, 45.0, 60.0)

    def edges(each: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        fixed, drawn = np.repeat(np.arange(n_products, dtype=np.int64), each), draw(n_products * each)
        start, to = (drawn, fixed) if skewed else (fixed, drawn)
        pair = np.unique(start * n_products + to)
        begin = np.concatenate([[0], np.cumsum(np.bincount(pair // n_products, minlength=n_products))]).astype(np.int64)
        return begin, (pair % n_products).astype(np.int32), random.random(len(pair))

    nothing = np.empty(0)
    calibration = Calibration(nothing, nothing, np.empty(0, dtype=np.int64), 1.0, 0.0, None)
    blend, terms = dict(zip(FEATURES, (0.8, 0.2, 0.3, 0.1, -0.1, -0.05, 0.0))), dict.fromkeys(CUSTOMER_TERMS, 0.1)
    model = FitModel(*edges(neighbours), goods, "day", 120.0, blend, 0.9, terms, -5.0, calibration, 90, {}, *edges(COSINES))
    return model, Landmark(None, holdings, steps, counts)


def measure(model: FitModel, now: Landmark, threads: int) -> dict[str, float]:
    """CPU and wall seconds of the top ten of every customer, in blocks of which nothing is kept."""
    n = len(now.holdings.customers)
    TopScorer(model, now).score(np.arange(min(n, 10), dtype=np.int32), TOP)  # compiled before the clock runs
    cpu, wall, rows = time.process_time(), time.perf_counter(), 0
    scorer = TopScorer(model, now)
    for start in range(0, n, AT_ONCE):
        rows += len(scorer.score(np.arange(start, min(start + AT_ONCE, n), dtype=np.int32), TOP, threads))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "rows": rows, "peak_gb": peak}


def main() -> None:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--neighbours", type=int, default=100)
    parser.add_argument("--skewed", action="store_true")
    given = parser.parse_args()
    model, now = make_shop(given.customers, given.products, given.neighbours, skewed=given.skewed)
    visited = np.diff(model.indptr)[now.holdings.product].sum() / given.customers
    print(f"{given.customers:,} customers own {len(now.holdings) / given.customers:.1f} products; {visited:,.0f} edges each")
    found = measure(model, now, available_threads())
    print(
        f"{found['rows']:,.0f} rows: {found['cpu']:.1f} CPU s, {found['wall']:.1f} s on {available_threads()} threads, "
        f"{given.customers / found['wall']:,.0f} customers a second, peak {found['peak_gb']:.2f} GB with the data"
    )


if __name__ == "__main__":
    main()
