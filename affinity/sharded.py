"""A table in shards of the customers on a Spark cluster: the same arrays, one partition a shard, and sums over the shards.

What is counted is a sum over disjoint customers, so a shard is counted inside an executor by the very functions that
count on one machine, and integers are added up. Only sums come to the driver. What travels is bytes that Python wrote and
Python reads: Spark moves, keeps and retries it, and never looks inside.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np

from affinity import errors
from affinity.errors import AffinityError, EngineError, TooLarge
from affinity.shard_rows import ROWS_AT_ONCE, Arrays, cut_rows, merge_rows, narrow, split_rows

S = TypeVar("S")
T = TypeVar("T")
U = TypeVar("U")
#: A name of an array, the shape of the whole, and a run of its numbers.
Block = tuple[str, tuple[int, ...], np.ndarray]

#: Bytes of a kept table that lie in one piece: what Java holds as one array.
_PIECE = 1 << 26
#: Partitions of sums, at least: Java holds what one of them sends to the driver several times over.
_PARTS_OF_SUMS = 32
#: Rows of sums that are fetched from all executors at once; more come one partition after the other.
_ROWS_AT_ONCE_ON_DRIVER = 2_000_000
#: Numbers of all shards that the driver takes to add them up itself.
_NUMBERS_AT_ONCE_ON_DRIVER = 4_000_000


@dataclass(frozen=True, eq=False)
class Sharded(Generic[T]):
    """A table of each shard, made where the shard is when it is asked for.

    rows      : RDD of what the tables are made of, one partition a shard; make : the rows of a partition -> the table
    most_rows : rows of sums that may come to the driver (setting ``spark.max_rows_on_driver``)
    let_go    : what to do when the shards are needed no longer
    """

    rows: Any
    make: Callable[[list[Any]], T]
    most_rows: int
    let_go: tuple[Callable[[], Any], ...] = ()

    @property
    def parts(self) -> int:
        """How many shards there are, at most."""
        return int(self.rows.getNumPartitions())

    def map(self, function: Callable[[T], U]) -> Sharded[U]:
        """The shards of another table, made of this one shard by shard."""
        make = self.make
        return replace(self, make=lambda rows: function(make(rows)))  # type: ignore[arg-type,return-value]

    def kept(self, join: Callable[[list[T]], T]) -> Sharded[T]:
        """The same tables, made once and held where the shards are until `release`; join : those of several shards -> one.

        This one is released apart, and later: a lost executor's tables are made of it again.
        """
        from pyspark import StorageLevel

        with translated():
            held = self.rows.mapPartitions(partial(_keep, self.make)).persist(StorageLevel.MEMORY_AND_DISK)
        return replace(self, rows=held, make=lambda rows: join(_kept_tables(rows)), let_go=(held.unpersist,))

    def release(self) -> None:
        """Hold the shards no longer."""
        for one in self.let_go:
            one()

    def coalesced(self, parts: int) -> Sharded[T]:
        """The same lines in at most ``parts`` shards (at least one), whole shards put together."""
        return self if self.parts <= parts else replace(self, rows=self.rows.coalesce(max(parts, 1)))

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

    def sum_arrays(self, count: Callable[[T], Arrays], size: int | None = None) -> dict[str, np.ndarray]:
        """Sums over the shards of int64 arrays, which have one shape whatever the shard.

        size : numbers in all arrays of a shard, where that is known: few enough are added up on the driver, in one job
        """
        if size is not None and size * self.parts <= _NUMBERS_AT_ONCE_ON_DRIVER:
            counts = self.gather(count)
            return {name: np.asarray(np.sum([one[name] for one in counts], axis=0, dtype=np.int64)) for name in counts[0]}

        def send(table: T) -> Iterator[tuple[int, Block]]:
            found, place = count(table), 0
            for name in sorted(found):
                numbers = np.ascontiguousarray(found[name], dtype=np.int64).ravel()
                for first in range(0, max(len(numbers), 1), ROWS_AT_ONCE):
                    yield place, (name, np.shape(found[name]), narrow(numbers[first : first + ROWS_AT_ONCE]))
                    place += 1

        def merge(blocks: list[Block]) -> Iterator[tuple[int, Block]]:
            name, shape, first = blocks[0]
            total = np.zeros(len(first), dtype=np.int64)
            for *_, numbers in blocks:
                total += numbers.astype(np.int64)
            yield 1, (name, shape, narrow(total))

        pieces: dict[str, list[np.ndarray]] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for name, shape, numbers in self._add_up(send, merge):
            pieces.setdefault(name, []).append(numbers)
            shapes[name] = shape
        return {
            name: np.concatenate(parts, dtype=np.int64, casting="unsafe").reshape(shapes[name])
            for name, parts in pieces.items()
        }

    def _add_up(
        self, send: Callable[[T], Iterator[tuple[int, U]]], merge: Callable[[list[U]], Iterator[tuple[int, U]]]
    ) -> list[U]:
        """What ``merge`` makes of the parcels of each place, on all cores; on the driver in the order of the places.

        send : a shard -> (place, parcel); merge : the parcels of one place -> (rows in it, merged parcel)
        """
        with translated():
            parts = max(int(self.rows.context.defaultParallelism), _PARTS_OF_SUMS)
            sent = self.rows.mapPartitions(partial(_send, self.make, send)).partitionBy(parts, _by_place)
            merged = sent.mapPartitions(partial(_merge, merge))
        found = sorted(fetch(merged, self.most_rows), key=lambda parcel: parcel[1:3])
        return [pickle.loads(parcel) for *_, parcel in found]

    def gather(self, part: Callable[[T], U]) -> list[U]:
        """What ``part`` makes of each shard: small things only."""
        make = self.make

        def pickled(rows: Iterable[Any]) -> Iterator[bytes]:
            if held := list(rows):
                yield pickle.dumps(part(make(held)), protocol=5)

        with translated():
            return [pickle.loads(one) for one in self.rows.mapPartitions(pickled).collect()]


def fetch(parcels: Any, most_rows: int) -> list[tuple[Any, ...]]:
    """An RDD of parcels, which begin with their number of rows, on the driver; TooLarge beyond ``most_rows`` rows of sums."""
    from pyspark import StorageLevel

    with translated():
        held = parcels.persist(StorageLevel.MEMORY_AND_DISK)
        try:
            rows = held.map(_rows_in).sum()
            if rows > most_rows:
                raise TooLarge(
                    f"{rows:,} rows of counts would come to the driver, and spark.max_rows_on_driver={most_rows:,}.",
                    why="Everything after the counts runs on one machine, which must hold them.",
                    do="Raise min_count (or min_support), or raise spark.max_rows_on_driver where the driver has the memory.",
                )
            return held.collect() if rows <= _ROWS_AT_ONCE_ON_DRIVER else list(held.toLocalIterator())
        finally:
            held.unpersist()


def run_tasks(session: Any, items: list[T], function: Callable[[S, T], U], shared: S) -> list[U]:
    """``function(shared, item)`` of each item, wherever the cluster has room, in the order of the items.

    shared : goes to every executor once, and is unpacked once by each of its Python processes
    """
    with translated():
        context = session.sparkContext
        everywhere = context.broadcast(shared)
        try:
            done = context.parallelize(items, max(len(items), 1)).map(lambda item: function(everywhere.value, item))
            return list(done.collect())
        finally:
            everywhere.destroy()


def spread(session: Any, parts: Iterable[Any], make: Callable[[Any], T], most_rows: int) -> Sharded[T]:
    """Parts that the driver makes, one after the other, as a table in as many shards; make : a part -> its table.

    Each goes to the executor that takes its shard and to no other, through files, not through the memory of the driver's Java.
    """
    with translated():
        context = session.sparkContext
        sent = [context.broadcast(part) for part in parts]
        rows = context.union([context.parallelize([0], 1).map(partial(_value_of, one)) for one in sent])
    return Sharded(rows, lambda held: make(held[0]), most_rows, tuple(one.destroy for one in sent))


@contextmanager
def translated() -> Iterator[None]:
    """Errors of Spark, and of the engine inside an executor, as an AffinityError."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, pickle.PicklingError, OSError) as error:  # a full disk is one of the latter two
        raise _explain(str(error)) from None


def _explain(text: str) -> AffinityError:
    own = re.findall(r"^affinity\.errors\.(\w+): (.*)$", text, flags=re.MULTILINE)
    if own:
        name, message = own[-1]
        kind = getattr(errors, name, EngineError)
        return kind(message.strip())
    lines = [line.strip() for line in text.splitlines()]
    causes = [line for line in lines if re.search(r"(Error|Exception)\b.*:|killed|lost", line) and not line.startswith("at ")]
    cause = (causes[-1] if causes else text.strip().splitlines()[0] if text.strip() else "no message")[:400]
    return EngineError(
        f"The Spark job failed: {cause.rstrip('.')}.",
        why="Nothing was published; the release before it is still current.",
        do="See the logs of the executors; a shard that does not fit their memory needs more spark.shards.",
    )


def _value_of(one: Any, _: int) -> Any:
    return one.value


def _by_place(place: int) -> int:
    return place


def _rows_in(parcel: tuple[Any, ...]) -> int:
    return int(parcel[0])


def _keep(make: Callable[[list[Any]], T], rows: Iterable[Any]) -> Iterator[tuple[int, bytes]]:
    """(number of the piece, piece) of the pickled table of one shard."""
    if held := list(rows):
        whole = pickle.dumps(make(held), protocol=5)
        yield from ((piece, whole[first : first + _PIECE]) for piece, first in enumerate(range(0, len(whole), _PIECE)))


def _kept_tables(rows: list[tuple[int, bytes]]) -> list[Any]:
    starts = [place for place, (piece, _) in enumerate(rows) if piece == 0]
    ends = [*starts[1:], len(rows)]
    return [pickle.loads(b"".join(piece for _, piece in rows[begin:end])) for begin, end in zip(starts, ends)]


def _send(
    make: Callable[[list[Any]], T], send: Callable[[T], Iterator[tuple[int, U]]], rows: Iterable[Any]
) -> Iterator[tuple[int, bytes]]:
    if held := list(rows):
        yield from ((place, pickle.dumps(parcel, protocol=5)) for place, parcel in send(make(held)))


def _merge(
    merge: Callable[[list[U]], Iterator[tuple[int, U]]], parcels: Iterable[tuple[int, bytes]]
) -> Iterator[tuple[int, int, int, bytes]]:
    """(rows, place, piece, parcel) of each place."""
    held: dict[int, list[bytes]] = {}
    for place, parcel in parcels:
        held.setdefault(place, []).append(parcel)
    for place in sorted(held):
        parts = [pickle.loads(parcel) for parcel in held.pop(place)]
        for piece, (rows, merged) in enumerate(merge(parts)):
            yield rows, place, piece, pickle.dumps(merged, protocol=5)
