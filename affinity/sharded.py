"""A table in shards of the customers on a Spark cluster: the same arrays, one partition a shard, and sums over the shards.

What is counted is a sum over disjoint customers, so a shard is counted inside an executor by the very functions that
count on one machine, and Spark adds integers up. Only sums come to the driver.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from affinity import errors
from affinity.errors import AffinityError, EngineError, TooLarge
from affinity.shard_rows import ROWS_AT_ONCE, Arrays, cut_rows, merge_rows, split_rows

T = TypeVar("T")
U = TypeVar("U")
#: A name of an array, the shape of the whole, and a run of its numbers.
Block = tuple[str, tuple[int, ...], np.ndarray]

#: A shard's table, pickled, in pieces that Spark can take.
_TABLE = "shard int, piece int, table binary"
_PIECE = 1 << 26
#: Some integers on their way between shards, pickled; where they belong, and how many rows of sums they are.
_PARCEL = "place int, piece int, rows bigint, parcel binary"


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

    def kept(self, join: Callable[[list[T]], T]) -> Sharded[T]:
        """The same tables, made once and held where the shards are until `release`; join : those of several shards -> one."""
        make = self.make
        with translated():
            held = self.frame.mapInArrow(lambda batches: _keep(batches, make), _TABLE).persist()
        return replace(self, frame=held, make=lambda columns: join(_kept_tables(columns)))

    def release(self) -> None:
        """Hold the shards no longer."""
        self.frame.unpersist()

    def coalesced(self, parts: int) -> Sharded[T]:
        """The same lines in at most ``parts`` shards (at least one), whole shards put together."""
        return replace(self, frame=self.frame.coalesce(max(parts, 1)))

    def sum_rows(
        self,
        count: Callable[[T], Arrays],
        keys: tuple[str, ...],
        sums: tuple[str, ...],
        *,
        along: tuple[str, int],
        keep: Callable[[Arrays], np.ndarray] | None = None,
    ) -> dict[str, np.ndarray]:
        """The rows that ``count`` finds in each shard, added up by ``keys`` and sorted by these; merged where the shards are.

        count : equally long arrays, int32 by the names of ``keys`` and int64 by those of ``sums``
        along : one of the first two keys and how many values it has (`affinity.shard_rows.split_rows`)
        keep  : of summed rows, all those of one value of ``along`` together -> the mask of those that come to the driver
        """

        def send(table: T) -> Iterator[tuple[int, Arrays]]:
            yield from split_rows(count(table), keys, along)

        def merge(parts: list[Arrays]) -> Iterator[tuple[int, Arrays]]:
            rows = merge_rows(parts, keys, sums)
            if keep is not None:
                kept = keep(rows)
                rows = {name: column[kept] for name, column in rows.items()}
            return ((len(part[keys[0]]), part) for part in cut_rows(rows))

        empty = {name: np.empty(0, dtype=np.int32 if name in keys else np.int64) for name in (*keys, *sums)}
        parts = [empty, *self._add_up(send, merge)]
        return {
            name: np.concatenate([part[name] for part in parts], dtype=column.dtype, casting="unsafe")
            for name, column in empty.items()
        }

    def sum_arrays(self, count: Callable[[T], Arrays]) -> dict[str, np.ndarray]:
        """Sums over the shards of int64 arrays, which have one shape whatever the shard."""

        def send(table: T) -> Iterator[tuple[int, Block]]:
            found, place = count(table), 0
            for name in sorted(found):
                numbers = np.ascontiguousarray(found[name], dtype=np.int64).ravel()
                for first in range(0, max(len(numbers), 1), ROWS_AT_ONCE):
                    yield place, (name, np.shape(found[name]), numbers[first : first + ROWS_AT_ONCE])
                    place += 1

        def merge(blocks: list[Block]) -> Iterator[tuple[int, Block]]:
            name, shape, _ = blocks[0]
            yield 1, (name, shape, np.asarray(np.sum([numbers for _, _, numbers in blocks], axis=0, dtype=np.int64)))

        pieces: dict[str, list[np.ndarray]] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for name, shape, numbers in self._add_up(send, merge):
            pieces.setdefault(name, []).append(numbers)
            shapes[name] = shape
        return {name: np.concatenate(parts).reshape(shapes[name]) for name, parts in pieces.items()}

    def _add_up(
        self, send: Callable[[T], Iterator[tuple[int, U]]], merge: Callable[[list[U]], Iterator[tuple[int, U]]]
    ) -> list[U]:
        """What ``merge`` makes of the parcels of each place, on all cores; on the driver in the order of the places.

        send : a shard -> (place, parcel); merge : the parcels of one place -> (rows in it, merged parcel)
        """
        make = self.make
        with translated():
            cores = int(self.frame.sparkSession.sparkContext.defaultParallelism)
            sent = self.frame.mapInArrow(lambda batches: _send(batches, make, send), _PARCEL).repartition(cores, "place")
            merged = sent.mapInArrow(lambda batches: _merge(batches, merge), _PARCEL)
        found = collect(merged, self.most_rows, "rows").sort_by([("place", "ascending"), ("piece", "ascending")])
        return [pickle.loads(parcel.as_buffer()) for parcel in found["parcel"]]

    def gather(self, part: Callable[[T], U]) -> list[U]:
        """What ``part`` makes of each shard: small things only."""
        make = self.make
        rows = self.frame.mapInArrow(lambda batches: _pickled(batches, make, part), "part binary")
        return [pickle.loads(part.as_buffer()) for part in collect(rows, self.most_rows)["part"]]


def run_tasks(session: Any, items: list[T], function: Callable[[T], U], most_rows: int) -> list[U]:
    """``function`` of each item, wherever the cluster has room, in the order of the items."""
    with translated():
        rows = [(place, pickle.dumps(item)) for place, item in enumerate(items)]
        frame = session.createDataFrame(rows, "place int, item binary").repartition(max(len(items), 1), "place")
        done = frame.mapInArrow(lambda batches: _run_items(batches, function), "place int, item binary")
    found = collect(done, most_rows).sort_by("place")
    return [pickle.loads(item) for item in found["item"].to_pylist()]


def collect(frame: Any, most_rows: int, rows_in: str | None = None) -> Any:
    """A Spark frame of sums as a pyarrow.Table on the driver; TooLarge where it has more rows than ``most_rows``.

    rows_in : the column that says how many rows a parcel holds; None: each is one
    """
    from pyspark.sql import functions

    with translated():
        held = frame.persist()
        try:
            rows = held.count() if rows_in is None else held.agg(functions.sum(rows_in)).first()[0] or 0
            if rows > most_rows:
                raise TooLarge(
                    f"{rows:,} rows of counts would come to the driver, and spark.max_rows_on_driver={most_rows:,}.",
                    why="Everything after the counts runs on one machine, which must hold them.",
                    do="Raise min_count (or min_support), or raise spark.max_rows_on_driver where the driver has the memory.",
                )
            return held.toArrow()
        finally:
            held.unpersist()


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


def _keep(batches: Iterable[Any], make: Callable[[Arrays], T]) -> Iterator[Any]:
    import pyarrow as pa
    from pyspark import TaskContext

    columns = _columns_of(batches)
    if columns is None:
        return
    context = TaskContext.get()
    shard = 0 if context is None else context.partitionId()
    whole, kinds = pickle.dumps(make(columns), protocol=5), {"shard": pa.int32(), "piece": pa.int32(), "table": pa.binary()}
    for piece, first in enumerate(range(0, len(whole), _PIECE)):
        row = {"shard": shard, "piece": piece, "table": whole[first : first + _PIECE]}
        yield pa.RecordBatch.from_pylist([row], schema=pa.schema(kinds))


def _kept_tables(columns: Arrays) -> list[Any]:
    order = np.lexsort([columns["piece"], columns["shard"]])
    starts = np.flatnonzero(columns["piece"][order] == 0)
    return [pickle.loads(b"".join(columns["table"][rows])) for rows in np.split(order, starts[1:])]


def _send(batches: Iterable[Any], make: Callable[[Arrays], T], send: Callable[[T], Iterator[tuple[int, U]]]) -> Iterator[Any]:
    columns = _columns_of(batches)
    if columns is not None:
        for place, parcel in send(make(columns)):
            yield _parcel(place, 0, 0, parcel)


def _merge(batches: Iterable[Any], merge: Callable[[list[U]], Iterator[tuple[int, U]]]) -> Iterator[Any]:
    held: dict[int, list[Any]] = {}
    for batch in batches:
        for place, parcel in zip(batch["place"].to_pylist(), batch["parcel"]):
            held.setdefault(place, []).append(parcel)
    for place in sorted(held):
        parts = [pickle.loads(parcel.as_buffer()) for parcel in held.pop(place)]
        for piece, (rows, parcel) in enumerate(merge(parts)):
            yield _parcel(place, piece, rows, parcel)


def _parcel(place: int, piece: int, rows: int, parcel: Any) -> Any:
    import pyarrow as pa

    kinds = {"place": pa.int32(), "piece": pa.int32(), "rows": pa.int64(), "parcel": pa.binary()}
    values = {"place": place, "piece": piece, "rows": rows, "parcel": pickle.dumps(parcel, protocol=5)}
    return pa.RecordBatch.from_pylist([values], schema=pa.schema(kinds))


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
        return Sharded(frame.repartition(shards, "key"), make, most_rows)
