"""Frequent itemsets on one Spark session: ours beside MLlib's FPGrowth, on the same frame at the same support.

    python -m benchmarks.spark_mining baskets.parquet --basket order_id --item product_id --min-count 131

Both begin at one frame, a basket a row and its items an array, which is cached before the clock starts, and end with all
itemsets and their counts on the driver; these must be equal. Cold: the first run of each in a Java process of its own. Warm:
both are run --warm-up times untimed, then in turn, --rounds times. Wall seconds, and CPU seconds of the Java process and all
Python processes together; the median of each is told, and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affinity.counting.spark import mine_itemsets
from affinity.sharded import Sharded
from affinity.spark_session import spark_session
from affinity.tables import Baskets, ItemsetCounts, Margins
from affinity.vocabulary import Vocabulary
from benchmarks.process_tree import cpu_seconds

NAMES = ("MLlib FPGrowth", "affinity")


def main() -> None:
    """Read, mine twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("baskets", type=Path)
    parser.add_argument("--basket", default="order_id")
    parser.add_argument("--item", default="product_id")
    parser.add_argument("--min-count", type=int, required=True)
    parser.add_argument("--engine", default="local[2]")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--warm-only", action="store_true", help="leave the cold runs out")
    parser.add_argument("--cold", type=int, choices=(0, 1), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.cold is None and not asked.warm_only:
        cold = [json.loads(run_cold(place).splitlines()[-1]) for place in range(2)]
        tell("cold", [cold[:1], cold[1:]])
    basket, item, labels = read_rows(asked.baskets, asked.basket, asked.item)
    n, products = int(basket.max()) + 1, Vocabulary("product", labels)
    with spark_session(asked.engine) as session:
        lists = list_frame(session, basket, item, n)
        margins = Margins(n, *(np.empty(0, dtype=np.int64),) * 5)

        def mine() -> ItemsetCounts:
            shards = shard_frame(lists, products)
            return mine_itemsets(shards, products, margins, min_count=asked.min_count, max_itemsets=10_000_000)

        def mine_theirs() -> Any:
            return mine_with_mllib(lists, asked.min_count, n)

        miners: tuple[Callable[[], Any], ...] = (mine_theirs, mine)
        if asked.cold is not None:
            print(json.dumps(timed(miners[asked.cold])))
            return
        print(f"{len(item):,} lines, {n:,} baskets, {len(labels):,} products, min_count {asked.min_count:,}, {asked.engine}")
        for _ in range(asked.warm_up):
            ours, theirs = mine(), sort_mllib(mine_theirs())
        spent = [[timed(one) for one in miners] for _ in range(asked.rounds)]
    tell("warm", [[taken[who] for taken in spent] for who in range(2)])
    found = {tuple(ours.item[a:b].tolist()): int(count) for a, b, count in zip(ours.indptr[:-1], ours.indptr[1:], ours.count)}
    same = found == theirs
    print(f"itemsets {len(found):,} and {len(theirs):,}, {'equal' if same else 'DIFFERENT'}")
    if not same:
        raise SystemExit(1)


def run_cold(who: int) -> str:
    """What this benchmark prints of one miner in processes of its own."""
    command = [sys.executable, "-m", "benchmarks.spark_mining", *sys.argv[1:], "--cold", str(who)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def tell(what: str, spent: list[list[tuple[float, float]]]) -> None:
    """Print the medians of both miners' rounds and their ratio; spent : of each miner (wall, CPU) of each round."""
    for place, clock in enumerate(("wall", "CPU")):
        each = [[one[place] for one in rounds] for rounds in spent]
        told = ", ".join(f"{name} {median(one):.2f} ({min(one):.2f} to {max(one):.2f})" for name, one in zip(NAMES, each))
        print(f"{what}, {clock} s: {told}: {median(each[0]) / median(each[1]):.1f} times", flush=True)


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
    """One row a basket, its items as an array: what FPGrowth reads. Cached."""
    indptr = np.searchsorted(basket, np.arange(n + 1)).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(indptr), pa.array(item))
    frame = session.createDataFrame(pa.table({"items": lists})).repartition(2).persist()
    frame.count()
    return frame


def shard_frame(frame: Any, products: Vocabulary) -> Sharded[Baskets]:
    """The baskets of a frame of lists of item codes, each partition a shard."""

    def pack(batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            lists = batch.column(0)
            ends = np.cumsum(pc.list_value_length(lists).to_numpy()).astype(np.int64)
            row = {"ends": [ends.tobytes()], "item": [lists.flatten().to_numpy().astype(np.int32).tobytes()]}
            yield pa.RecordBatch.from_pydict(row, schema=pa.schema({"ends": pa.binary(), "item": pa.binary()}))

    def make(rows: list[Any]) -> Baskets:
        ends = [np.frombuffer(row["ends"], dtype=np.int64) for row in rows]
        item = [np.frombuffer(row["item"], dtype=np.int32) for row in rows]
        before = np.cumsum([0, *map(len, item)])
        indptr = np.concatenate([[0], *(end + first for end, first in zip(ends, before))]).astype(np.int64)
        return Baskets(indptr, np.concatenate(item), products)

    return Sharded(frame.mapInArrow(pack, "ends binary, item binary").rdd, make, 100_000_000)


def mine_with_mllib(lists: Any, min_count: int, n: int) -> Any:
    """Itemsets and counts by FPGrowth, as Arrow; the support lies half a basket below, where rounding cannot matter."""
    from pyspark.ml.fpm import FPGrowth

    return FPGrowth(itemsCol="items", minSupport=(min_count - 0.5) / n, minConfidence=1.0).fit(lists).freqItemsets.toArrow()


def sort_mllib(table: Any) -> dict[tuple[int, ...], int]:
    """Each itemset, sorted, and its count."""
    return {tuple(sorted(items)): count for items, count in zip(table["items"].to_pylist(), table["freq"].to_pylist())}


def timed(mine: Callable[[], Any]) -> tuple[float, float]:
    """Wall and CPU seconds of one round."""
    wall, cpu = time.perf_counter(), sum(cpu_seconds().values())
    mine()
    return round(time.perf_counter() - wall, 3), round(sum(cpu_seconds().values()) - cpu, 3)


if __name__ == "__main__":
    main()
