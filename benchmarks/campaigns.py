"""The campaign optimum at 100,000 customers × 50 products: certified gap and CPU seconds.

    python -m benchmarks.campaigns [--customers 100000] [--products 50]

Scenarios: capacities; capacities with a budget and three costs; values with ties (three decimals). Values are authored:
popularity of a product times activity of a customer times taste, so that everybody wants the same few products.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from affinity.campaigns import Assignment, PossibleOffers, assign_offers


def make_offers(n: int, m: int, scenario: str, seed: int = 1) -> PossibleOffers:
    """Every customer with every product; places for half of the customers, of each product n / (2m)."""
    rng = np.random.default_rng(seed)
    value = rng.gamma(2.0, 0.02, (n, 1)) * rng.pareto(1.5, (1, m)).clip(0.05, 20) * rng.lognormal(0, 0.5, (n, m))
    value = np.minimum(value, 0.9)
    if scenario == "ties":
        value = np.round(value, 3)
    cost = rng.choice([0.2, 1.0, 3.0], m) if scenario == "budget" else np.ones(m)
    return PossibleOffers(
        indptr=np.arange(n + 1, dtype=np.int64) * m,
        product=np.tile(np.arange(m, dtype=np.int32), n),
        value=value.reshape(-1),
        cost=cost,
        capacity=np.full(m, max(1, n // (2 * m)), dtype=np.int64),
        budget=0.2 * n * float(cost.mean()) if scenario == "budget" else None,
    )


def within_limits(offers: PossibleOffers, found: Assignment) -> bool:
    """Whether no product and no budget is exceeded; one offer a customer is in the form of the answer."""
    product = offers.product[found.row[found.row >= 0]]
    kept = bool((np.bincount(product, minlength=len(offers.cost)) <= offers.capacity).all())
    return kept and (offers.budget is None or float(offers.cost[product].sum()) <= offers.budget + 1e-9)


def main() -> None:
    """Measure and print one JSON line a scenario."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=50)
    arguments = parser.parse_args()
    assign_offers(make_offers(50, 3, "budget"))  # compiled kernels are loaded here
    for scenario in ("capacity", "budget", "ties"):
        offers = make_offers(arguments.customers, arguments.products, scenario)
        cpu, wall = time.process_time(), time.perf_counter()
        found = assign_offers(offers)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        assert within_limits(offers, found)
        made = int(np.count_nonzero(found.row >= 0))
        line = {"scenario": scenario, "customers": offers.n_customers, "products": len(offers.cost), "offers": made}
        line |= {"gap": round(found.gap, 6), "method": found.method, "cpu_s": round(cpu, 2), "wall_s": round(wall, 2)}
        print(json.dumps(line))


if __name__ == "__main__":
    main()
