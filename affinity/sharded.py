"""A table in shards of the customers on a Spark cluster: the same arrays, one partition a shard, and sums over the shards.

What is counted is a sum over disjoint customers, so a shard is counted inside an executor by the very functions that
count on one machine, and Spark adds integers up. Only sums come to the driver.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from affinity import errors
from affinity.errors import AffinityError, EngineError, TooLarge

T = TypeVar("T")
U = TypeVar("U")
Arrays = Mapping[str, np.ndarray]

#: Numbers of an array that are added up together.
_BLOCK = 1 << 20
#: Rows handed from Python to Spark at a time.
_ROWS = 1 << 17


@dataclass(frozen=True, eq=False)
class Sharded(Generic[T]):
    """A table of each shard, made where the shard is when it is asked for.

    frame     : Spark frame of the columns, one partition a shard; make : the shard's columns -> the table
    most_rows : rows of sums that may come to the driver (setting ``spark.max_rows_on_driver``)
    """

    frame: Any
    make: Callable[[Arrays], T]
    most_rows: int

    def map(self, function: Callable[[T], U]) -> Sharded[U]:
        """The shards of another table, made of this one shard by shard."""
        make = self.make
        return replace(self, make=lambda columns: function(make(columns)))  # type: ignore[arg-type,return-value]

    def coalesced(self, parts: int) -> Sharded[T]:
        """The same lines in at most ``parts`` shards (at least one), whole shards put together."""
        return replace(self, frame=self.frame.coalesce(max(parts, 1)))

    def sum_rows(self, count: Callable[[T], Arrays], keys: tuple[str, ...], sums: tuple[str, ...]) -> dict[str, np.ndarray]:
        """The rows that ``count`` finds in each shard, added up by ``keys`` and sorted by these.

        count : equally long arrays, int32 by the names of ``keys`` and int64 by those of ``sums``
        """
        return sort_rows(collect(self.rows(count, keys, sums), self.most_rows), keys)

    def rows(self, count: Callable[[T], Arrays], keys: tuple[str, ...], sums: tuple[str, ...]) -> Any:
        """The same as a Spark frame that nothing has been asked of yet."""
        from pyspark.sql import functions

        make, names = self.make, (*keys, *sums)
        schema = ", ".join([f"{name} int" for name in keys] + [f"{name} bigint" for name in sums])
        found = self.frame.mapInArrow(lambda batches: _rows_of(batches, make, count, names), schema)
        return found.groupBy(*keys).agg(*(functions.sum(name).alias(name) for name in sums))

    def sum_arrays(self, count: Callable[[T], Arrays]) -> dict[str, np.ndarray]:
        """Sums over the shards of int64 arrays, which have one shape whatever the shard."""
        make = self.make
        blocks = self.frame.mapInArrow(
            lambda batches: _blocks_of(batches, make, count), "name string, block int, shape array<int>, numbers binary"
        )
        summed = blocks.groupBy("name", "block").applyInArrow(_add_blocks, blocks.schema)
        table = collect(summed, self.most_rows).sort_by([("name", "ascending"), ("block", "ascending")])
        pieces: dict[str, list[np.ndarray]] = {}
        shapes: dict[str, list[int]] = {}
        for row in table.to_pylist():
            pieces.setdefault(row["name"], []).append(np.frombuffer(row["numbers"], dtype=np.int64))
            shapes[row["name"]] = row["shape"]
        return {name: np.concatenate(parts).reshape(shapes[name]) for name, parts in pieces.items()}

    def gather(self, part: Callable[[T], U]) -> list[U]:
        """What ``part`` makes of each shard: small things only."""
        make = self.make
        rows = self.frame.mapInArrow(lambda batches: _pickled(batches, make, part), "part binary")
        return [pickle.loads(row) for row in collect(rows, self.most_rows)["part"].to_pylist()]


def run_tasks(session: Any, items: list[T], function: Callable[[T], U], most_rows: int) -> list[U]:
    """``function`` of each item, wherever the cluster has room, in the order of the items."""
    with translated():
        rows = [(place, pickle.dumps(item)) for place, item in enumerate(items)]
        frame = session.createDataFrame(rows, "place int, item binary").repartition(max(len(items), 1), "place")
        done = frame.mapInArrow(lambda batches: _run_items(batches, function), "place int, item binary")
    found = collect(done, most_rows).sort_by("place")
    return [pickle.loads(item) for item in found["item"].to_pylist()]


def collect(frame: Any, most_rows: int) -> Any:
    """A Spark frame of sums as a pyarrow.Table on the driver; TooLarge where it has more rows than ``most_rows``."""
    with translated():
        held = frame.persist()
        try:
            if (rows := held.count()) > most_rows:
                raise TooLarge(
                    f"{rows:,} rows of counts would come to the driver, and spark.max_rows_on_driver={most_rows:,}.",
                    why="Everything after the counts runs on one machine, which must hold them.",
                    do="Raise min_count (or min_support), or raise spark.max_rows_on_driver where the driver has the memory.",
                )
            return held.toArrow()
        finally:
            held.unpersist()


def sort_rows(table: Any, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The columns of a pyarrow.Table, sorted by ``keys``."""
    columns = {name: table[name].to_numpy() for name in table.column_names}
    order = np.lexsort([columns[name] for name in reversed(keys)])
    return {name: column[order] for name, column in columns.items()}


@contextmanager
def translated() -> Iterator[None]:
    """Errors of Spark, and of the engine inside an executor, as an AffinityError."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        raise _explain(str(error)) from None


def _explain(text: str) -> AffinityError:
    own = re.findall(r"^affinity\.errors\.(\w+): (.*)$", text, flags=re.MULTILINE)
    if own:
        name, message = own[-1]
        kind = getattr(errors, name, EngineError)
        return kind(message.strip())
    causes = [line.strip() for line in text.splitlines() if re.search(r"(Error|Exception)\b.*:|killed|lost", line)]
    cause = (causes[-1] if causes else text.strip().splitlines()[0] if text.strip() else "no message")[:400]
    return EngineError(
        f"The Spark job failed: {cause}",
        why="Nothing was published; the release before it is still current.",
        do="See the logs of the executors; a shard that does not fit their memory needs more spark.shards.",
    )


def _columns_of(batches: Iterable[Any]) -> dict[str, np.ndarray] | None:
    import pyarrow as pa

    held = [batch for batch in batches if batch.num_rows]
    if not held:
        return None
    table = pa.Table.from_batches(held)
    return {name: table[name].to_numpy() for name in table.column_names}


def _rows_of(
    batches: Iterable[Any], make: Callable[[Arrays], T], count: Callable[[T], Arrays], names: tuple[str, ...]
) -> Iterator[Any]:
    import pyarrow as pa

    columns = _columns_of(batches)
    if columns is None:
        return
    found = count(make(columns))
    table = pa.table({name: found[name] for name in names})
    yield from table.to_batches(max_chunksize=_ROWS)


def _blocks_of(batches: Iterable[Any], make: Callable[[Arrays], T], count: Callable[[T], Arrays]) -> Iterator[Any]:
    columns = _columns_of(batches)
    if columns is None:
        return
    for name, array in count(make(columns)).items():
        numbers = np.ascontiguousarray(array, dtype=np.int64).ravel()
        for block, first in enumerate(range(0, max(len(numbers), 1), _BLOCK)):
            yield _block(name, block, list(array.shape), numbers[first : first + _BLOCK])


def _block(name: str, block: int, shape: list[int], numbers: np.ndarray) -> Any:
    import pyarrow as pa

    kinds = {"name": pa.string(), "block": pa.int32(), "shape": pa.list_(pa.int32()), "numbers": pa.binary()}
    values = {"name": name, "block": block, "shape": shape, "numbers": numbers.tobytes()}
    return pa.RecordBatch.from_pylist([values], schema=pa.schema(kinds))


def _add_blocks(table: Any) -> Any:
    import pyarrow as pa

    rows = [np.frombuffer(value.as_buffer(), dtype=np.int64) for value in table["numbers"]]
    total = np.asarray(np.sum(rows, axis=0, dtype=np.int64))
    first = table.slice(0, 1).to_pylist()[0]
    return pa.Table.from_batches([_block(first["name"], first["block"], first["shape"], total)])


def _run_items(batches: Iterable[Any], function: Callable[[T], U]) -> Iterator[Any]:
    import pyarrow as pa

    kinds = pa.schema({"place": pa.int32(), "item": pa.binary()})
    for batch in batches:
        for row in batch.to_pylist():
            done = pickle.dumps(function(pickle.loads(row["item"])))
            yield pa.RecordBatch.from_pylist([{"place": row["place"], "item": done}], schema=kinds)


def _pickled(batches: Iterable[Any], make: Callable[[Arrays], T], part: Callable[[T], U]) -> Iterator[Any]:
    import pyarrow as pa

    columns = _columns_of(batches)
    if columns is not None:
        yield pa.RecordBatch.from_pydict({"part": pa.array([pickle.dumps(part(make(columns)))], type=pa.binary())})


def spread(
    session: Any, columns: Arrays, key: np.ndarray, *, shards: int, most_rows: int, make: Callable[[Arrays], T]
) -> Sharded[T]:
    """Columns of the driver as a table in ``shards`` shards: rows with one ``key`` are in one shard."""
    import pyarrow as pa

    with translated():
        frame = session.createDataFrame(pa.table({**columns, "key": key}))
        return Sharded(frame.repartition(shards, "key").persist(), make, most_rows)
