"""Frequent itemsets on one Spark session: ours beside MLlib's FPGrowth, on the same baskets at the same support.

    python -m benchmarks.spark_mining baskets.parquet --basket order_id --item product_id --min-count 131

Both read from frames that are cached before the clock starts; the itemsets and their counts must be equal. Both are run once
untimed, then in turn, --rounds times. Wall seconds, and CPU seconds of the Java process and all Python processes together;
the median of each is told, and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affinity.counting.spark import mine_itemsets
from affinity.sharded import Sharded, spread
from affinity.spark_session import spark_session
from affinity.tables import Baskets, ItemsetCounts, Margins
from affinity.vocabulary import Vocabulary


def main() -> None:
    """Read, mine twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("baskets", type=Path)
    parser.add_argument("--basket", default="order_id")
    parser.add_argument("--item", default="product_id")
    parser.add_argument("--min-count", type=int, required=True)
    parser.add_argument("--engine", default="local[2]")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    basket, item, labels = read_rows(asked.baskets, asked.basket, asked.item)
    n, products = int(basket.max()) + 1, Vocabulary("product", labels)
    print(f"{len(item):,} lines, {n:,} baskets, {len(labels):,} products, min_count {asked.min_count:,}, {asked.engine}")
    with spark_session(asked.engine) as session:
        lists = list_frame(session, basket, item, n)
        shards = shard_baskets(session, basket, item, products)
        margins = Margins(n, *(np.empty(0, dtype=np.int64),) * 5)

        def mine() -> ItemsetCounts:
            return mine_itemsets(shards, products, margins, min_count=asked.min_count, max_itemsets=10_000_000)

        def mine_theirs() -> Any:
            return mine_with_mllib(lists, asked.min_count, n)

        ours, theirs = mine(), sort_mllib(mine_theirs())
        spent = [(timed(mine_theirs), timed(mine)) for _ in range(asked.rounds)]
    found = {tuple(ours.item[a:b].tolist()): int(count) for a, b, count in zip(ours.indptr[:-1], ours.indptr[1:], ours.count)}
    same = found == theirs
    print(f"itemsets {len(found):,} and {len(theirs):,}, {'equal' if same else 'DIFFERENT'}")
    for place, clock in enumerate(("wall", "CPU")):
        they, we = ([taken[who][place] for taken in spent] for who in range(2))
        told = (" ".join(f"{seconds:.2f}" for seconds in each) for each in (they, we))
        print(f"{clock} s: MLlib FPGrowth {next(told)}, affinity {next(told)}: {median(they) / median(we):.1f} times")
    if not same:
        raise SystemExit(1)


def read_rows(path: Path, basket: str, item: str) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """int64 basket and int32 item of each distinct line, by basket and item, and the items' labels."""
    table = pq.read_table(path, columns=[basket, item])
    if pa.types.is_list(table[item].type) or pa.types.is_large_list(table[item].type):
        column = table[item].combine_chunks()
        of, values = pc.list_parent_indices(column).to_numpy(), pc.list_flatten(column).to_numpy(zero_copy_only=False)
    else:
        of, values = table[basket].to_numpy(), table[item].to_numpy()
    number = np.unique(of, return_inverse=True)[1]
    labels, code = np.unique(values, return_inverse=True)
    key = np.unique(number.astype(np.int64) * len(labels) + code)
    return key // len(labels), (key % len(labels)).astype(np.int32), labels.tolist()


def list_frame(session: Any, basket: np.ndarray, item: np.ndarray, n: int) -> Any:
    """One row a basket, its items as an array: what FPGrowth reads."""
    indptr = np.searchsorted(basket, np.arange(n + 1)).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(indptr), pa.array(item))
    frame = session.createDataFrame(pa.table({"items": lists})).repartition(2).persist()
    frame.count()
    return frame


def shard_baskets(session: Any, basket: np.ndarray, item: np.ndarray, products: Vocabulary) -> Sharded[Baskets]:
    """The same baskets in shards."""

    def make(found: Any) -> Baskets:
        order = np.lexsort([found["item"], found["basket"]])
        of, code = found["basket"][order], found["item"][order]
        first = np.flatnonzero(np.concatenate([[True], of[1:] != of[:-1]]))
        return Baskets(np.append(first, len(of)).astype(np.int64), code, products)

    columns = {"basket": basket, "item": item}
    shards = spread(session, columns, basket, shards=2, most_rows=100_000_000, make=make)
    shards.frame.persist().count()
    return shards


def mine_with_mllib(lists: Any, min_count: int, n: int) -> Any:
    """Itemsets and counts by FPGrowth, as Arrow; the support lies half a basket below, where rounding cannot matter."""
    from pyspark.ml.fpm import FPGrowth

    return FPGrowth(itemsCol="items", minSupport=(min_count - 0.5) / n, minConfidence=1.0).fit(lists).freqItemsets.toArrow()


def sort_mllib(table: Any) -> dict[tuple[int, ...], int]:
    """Each itemset, sorted, and its count."""
    return {tuple(sorted(items)): count for items, count in zip(table["items"].to_pylist(), table["freq"].to_pylist())}


def timed(mine: Callable[[], Any]) -> tuple[float, float]:
    """Wall and CPU seconds of one round."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    mine()
    return time.perf_counter() - wall, cpu_seconds() - cpu


def cpu_seconds() -> float:
    """Of this process and all below it: the Java process and the Python workers."""
    known: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit():
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                known[int(entry.name)] = int(fields[1]), sum(map(float, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    total, waiting = 0.0, [os.getpid()]
    while waiting:
        parent = waiting.pop()
        total += known[parent][1]
        waiting += [process for process, (of, _) in known.items() if of == parent]
    return total


if __name__ == "__main__":
    main()
