"""A large generated shop as a folder of Parquet parts: N lines, C customers, P products, seeded and streamed.

    python -m benchmarks.large_shop FOLDER --lines 10000000 [--customers 500000] [--products 50000] [--seed 0]

Two years of orders. Products follow Zipf's law (exponent 0.8), so that most are rare. Planted: each of the ``planted``
most popular products A has a partner B; an order with A holds B too with chance ``TOGETHER``, and a customer whose last
order held A buys B in the next one with chance ``THEN``. One line in 200 is a return of a line of the same order, one
order in 20 is a guest's. A part is made from the seed and its number alone: parts do not depend on each other.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

#: Lines of one part; an order, and what follows from it, never crosses parts.
LINES_A_PART = 2_000_000
FIRST_DAY, DAYS, SECONDS_A_DAY = 19_358, 730, 86_400  # 2023-01-01
MEAN_SIZE, EXPONENT = 2.8, 0.8
TOGETHER, THEN, GUESTS, RETURNS = 0.25, 0.35, 0.05, 0.005


def draw_products(rng: np.random.Generator, n: int, n_products: int) -> np.ndarray:
    """int32[n]: ranks by Zipf's law, from 0 the most popular."""
    share = np.cumsum(np.arange(1, n_products + 1, dtype=np.float64) ** -EXPONENT)
    steps = np.linspace(0, share[-1], (1 << 22) + 1)
    table = np.minimum(np.searchsorted(share, (steps[:-1] + steps[1:]) / 2), n_products - 1).astype(np.int32)
    return table[rng.integers(0, 1 << 22, n)]


def make_part(
    part: int, n_lines: int, customers: tuple[int, int], n_products: int, *, planted: int = 200, seed: int = 0
) -> dict[str, np.ndarray]:
    """The columns of one part, as numbers: order, customer (−1 a guest), product, second, quantity, cents.

    customers : (first, last) codes of those who order in this part, the last exclusive
    """
    rng = np.random.default_rng([seed, part])
    order, who, when = _make_orders(rng, int(n_lines * 1.05 / MEAN_SIZE), customers)
    size = rng.geometric(1 / MEAN_SIZE, len(who))
    lines = np.repeat(np.arange(len(who)), size)
    product = draw_products(rng, len(lines), n_products)
    line, bought = _plant(rng, lines, product, who, min(planted, n_products // 2))
    kept = np.sort(rng.permutation(len(line))[:n_lines])
    line, bought = line[kept], bought[kept]
    quantity = rng.integers(1, 4, len(line))
    back = np.flatnonzero(rng.random(len(line)) < RETURNS)
    line[back], bought[back] = line[back - 1], bought[back - 1]  # the line before, given back
    quantity[back] = -1
    guest = rng.random(len(who)) < GUESTS
    return {
        "order": order[line],
        "customer": np.where(guest, -1, who)[line],
        "product": bought,
        "second": when[line],
        "quantity": quantity,
        "cents": 99 + 100 * ((bought.astype(np.int64) * 7919) % 97),
    }


def _make_orders(rng: np.random.Generator, n: int, customers: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number, customer and second of each order, by customer and time; some customers order much more than others."""
    weight = rng.exponential(size=customers[1] - customers[0]) + 0.2
    more = weight * max(n - len(weight), 0) / weight.sum()
    who = np.repeat(np.arange(*customers), 1 + rng.poisson(more))
    second = rng.integers(0, DAYS * SECONDS_A_DAY, len(who))
    place = np.lexsort((second, who))
    return np.arange(len(who), dtype=np.int64), who[place], second[place]


def _plant(
    rng: np.random.Generator, line: np.ndarray, product: np.ndarray, who: np.ndarray, planted: int
) -> tuple[np.ndarray, np.ndarray]:
    """The lines with the partners of planted products added, in the same order or in the customer's next one."""
    antecedent = np.flatnonzero(product < planted)
    chance = rng.random(len(antecedent))
    now = antecedent[chance < TOGETHER]
    later = antecedent[(chance >= TOGETHER) & (chance < TOGETHER + THEN)]
    later = later[line[later] + 1 < len(who)]
    later = later[who[line[later]] == who[line[later] + 1]]
    added = np.concatenate([line[now], line[later] + 1])
    partner = np.concatenate([product[now], product[later]]) + planted
    every, bought = np.concatenate([line, added]), np.concatenate([product, partner])
    place = np.argsort(every, kind="stable")
    return every[place], bought[place]


def write_shop(folder: str | Path, lines: int, *, customers: int | None = None, products: int = 50_000, seed: int = 0) -> Path:
    """Write part-0000.parquet, … into ``folder`` (made if need be); one customer in 20 lines unless ``customers`` says."""
    import pyarrow.parquet as pq

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = max(-(-lines // LINES_A_PART), 1)
    people = customers or max(lines // 20, 1)
    shuffled = np.random.default_rng([seed, 1 << 20]).permutation(products)
    for part in range(parts):
        share = (people * part // parts, people * (part + 1) // parts)
        n_lines = lines * (part + 1) // parts - lines * part // parts
        columns = make_part(part, n_lines, share, products, seed=seed)
        pq.write_table(_as_table(columns, part, shuffled), folder / f"part-{part:04d}.parquet", compression="zstd")
    return folder


def _as_table(columns: dict[str, np.ndarray], part: int, shuffled: np.ndarray) -> object:
    import pyarrow as pa
    import pyarrow.compute as pc

    def ids(letter: str, codes: np.ndarray, digits: int) -> pa.Array:
        distinct, place = np.unique(codes, return_inverse=True)
        text = pc.utf8_lpad(pa.array(distinct).cast(pa.string()), digits, "0")
        labels = pc.binary_join_element_wise(pa.scalar(letter), text, "")
        return pa.DictionaryArray.from_arrays(pa.array(place.astype(np.int32)), labels)

    customer = ids("c", columns["customer"], 8)
    guest = pa.array(columns["customer"] < 0)
    return pa.table(
        {
            "order_id": ids("o", columns["order"] + part * 10_000_000, 10),
            "customer_id": pc.if_else(guest, pa.scalar(None, pa.string()), customer.cast(pa.string())).dictionary_encode(),
            "product_id": ids("p", shuffled[columns["product"]], 6),
            "ordered_at": pa.array((columns["second"] + FIRST_DAY * SECONDS_A_DAY) * 1_000_000, pa.timestamp("us")),
            "quantity": pa.array(columns["quantity"].astype(np.int32)),
            "unit_price": pa.array(columns["cents"] / 100),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a large generated shop as Parquet parts.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int)
    parser.add_argument("--products", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.process_time()
    write_shop(asked.folder, asked.lines, customers=asked.customers, products=asked.products, seed=asked.seed)
    print(f"{asked.lines:,} lines in {asked.folder}: {time.process_time() - began:.1f} CPU s")


if __name__ == "__main__":
    main()
