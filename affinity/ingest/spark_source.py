"""What Spark reads: its frames, and folders of Parquet that only it can reach. Executors read, and send Arrow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from affinity.errors import InputError, MissingExtra
from affinity.ingest.frame_source import open_reader
from affinity.ingest.staging import Source
from affinity.ingest.workbench import Workbench

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_DATABASES = ("postgresql", "postgres")


@dataclass(frozen=True)
class SparkPath:
    """A folder or file of Parquet, and the session whose executors read it."""

    session: Any
    uri: str


def on_spark(source: Any, session: Any) -> Any:
    """A URI (``hdfs://…``, ``s3a://…``, ``file://…``) for ``session`` to read; anything else as it is, and all without one."""
    return SparkPath(session, source) if session is not None and is_uri(source) else source


def is_uri(source: Any) -> bool:
    """Whether ``source`` is a text that begins with a scheme."""
    return isinstance(source, str) and _SCHEME.match(source) is not None


def is_spark_frame(source: Any) -> bool:
    """Whether ``source`` is a PySpark dataframe; PySpark is not imported for it."""
    return type(source).__module__.startswith("pyspark.sql.") and hasattr(type(source), "mapInArrow")


def refuse_uri(uri: str) -> InputError:
    """The error of a URI that is to be read without Spark."""
    scheme = uri.partition("://")[0]
    if scheme.lower() in _DATABASES:
        return InputError(f"{scheme}:// is the address of a database.", do="Pass it as database= (--database).")
    path = " Of a file on this machine give the path alone." if scheme.lower() == "file" else ""
    return InputError(
        f"{scheme}:// is read by Spark, and the engine is 'local'.",
        do=f"Say engine='spark' or a master URL (affinity run --engine), or session= in Python.{path}",
    )


def open_spark_frame(bench: Workbench, frame: Any) -> Source:
    """A PySpark dataframe, partition after partition in its own order: that of ``frame.collect()``."""
    names = list(frame.columns)
    if not names:
        raise InputError("The frame has no columns.", do="Pass one row an order line.")
    with _told("the frame"):
        schema = _arrow_schema(_plain(frame, names))
    return _open(bench, names, schema, lambda: _batches(_plain(frame, names), schema, "the frame"), "frame")


def open_spark_path(bench: Workbench, path: SparkPath, kind: str | None) -> Source:
    """The Parquet parts of a folder, or one, by name and then row by row, as on one machine; they must have the same columns.

    Folders called ``column=value`` make a column, as Spark has it. Raises InputError for what is not there or no Parquet.
    """
    if kind not in (None, "parquet"):
        raise InputError(f"format={kind!r} cannot be read from {path.uri}.", do="Write the lines as Parquet.")
    with _told(path.uri):
        whole = path.session.read.option("recursiveFileLookup", "true").parquet(path.uri)  # knows no columns of folders
        if any("=" in folder for file in whole.inputFiles() for folder in _in_folders(_decoded(file)).parts[:-1]):
            whole = path.session.read.parquet(path.uri)
        names, files = list(whole.columns), sorted(map(_decoded, whole.inputFiles()), key=_in_folders)
        schema = _arrow_schema(_plain(whole, names))
    if not files:
        raise InputError(f"{path.uri} has no Parquet files.", do="Pass one Parquet file, or a folder of them.")

    def batches() -> Iterator[Any]:
        in_files: list[str] | None = None
        for file in files:
            with _told(file):
                own = path.session.read.parquet(file)
            in_files = in_files or list(own.columns)
            if sorted(own.columns) != sorted(in_files):
                raise _other_columns(file, in_files, list(own.columns))
            if set(names) - set(in_files):  # columns that stand in the names of folders
                own = path.session.read.option("basePath", path.uri).schema(whole.schema).parquet(file)
            yield from _batches(_plain(own, names), schema, file)

    return _open(bench, names, schema, batches, "parquet")


def _open(bench: Workbench, names: list[str], schema: Any, batches: Callable[[], Iterator[Any]], kind: str) -> Source:
    import pyarrow as pa

    failure: list[BaseException] = []

    def told() -> Iterator[Any]:
        try:
            yield from batches()
        except Exception as error:  # the engine would tell it in its own words
            failure.append(error)
            raise

    source = open_reader(bench, names, pa.RecordBatchReader.from_batches(schema, told()))
    source.kind, source.failure = kind, failure
    return source


def _plain(frame: Any, names: list[str]) -> Any:
    """The columns ``names`` as c0, c1, …; bytes, as some writers mark their texts, and columns without a type as text."""
    if list(frame.columns) != names:
        frame = frame.select(["`" + name.replace("`", "``") + "`" for name in names])
    plain = frame.toDF(*(f"c{i}" for i in range(len(names))))
    untyped = {field.name for field in plain.schema.fields if field.dataType.typeName() in ("binary", "void")}
    return plain.select([plain[name].cast("string").alias(name) if name in untyped else plain[name] for name in plain.columns])


def _arrow_schema(frame: Any) -> Any:
    return frame.limit(0).toArrow().schema


def _batches(frame: Any, schema: Any, what: str) -> Iterator[Any]:
    """The rows as Arrow; of the partitions one is here, and the next is being read."""
    import pyarrow as pa

    with _told(what):
        sent = frame.mapInArrow(partial(_as_bytes, schema=schema), "batch binary")
        for row in sent.toLocalIterator(prefetchPartitions=True):
            with pa.ipc.open_stream(row[0]) as reader:
                yield from reader


def _as_bytes(batches: Iterable[Any], schema: Any) -> Iterator[Any]:
    """Inside an executor: each batch as the bytes of a stream of its own, so that Java only moves them."""
    import pyarrow as pa

    options = pa.ipc.IpcWriteOptions(compression="lz4")
    for batch in batches:
        cells = [cell.cast(field.type) for cell, field in zip(batch.columns, schema)]
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema, options=options) as stream:
            stream.write_batch(pa.record_batch(cells, schema=schema))
        yield pa.record_batch([pa.array([sink.getvalue().to_pybytes()], type=pa.binary())], names=["batch"])


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Errors of Spark while it reads ``what``, as an InputError."""
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
    except ModuleNotFoundError:
        raise MissingExtra("PySpark is not installed.", do="pip install 'affinity-engine[spark]'") from None
    try:
        yield
    except (PySparkException, Py4JError) as error:
        text = str(error)
        if "PATH_NOT_FOUND" in text:
            raise InputError(f"There is no file {what}.", do="Check the path; the executors must reach it too.") from None
        raise InputError(
            f"Spark cannot read {what}: {_cause(text).rstrip('.')}.",
            do="Check that executors reach it; mend what is damaged.",
        ) from None


def _cause(text: str) -> str:
    """The line of a message of Spark that says what is wrong: the innermost cause."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("at ")]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return (causes[-1] if causes else lines[0] if lines else "no message")[:400]


def _decoded(uri: str) -> str:
    """A URI as Spark lists it, with its blanks and letters as they are in the name."""
    return unquote(uri)


def _in_folders(uri: str) -> PurePosixPath:
    """By what parts of a folder are read one after the other, on one machine too."""
    return PurePosixPath(urlsplit(uri).path)


def _other_columns(file: str, first: list[str], own: list[str]) -> InputError:
    missing, more = sorted(set(first) - set(own)), sorted(set(own) - set(first))
    said = [f"lacks {', '.join(missing)}"] if missing else []
    said += [f"has {', '.join(more)}"] if more else []
    return InputError(f"{file} has other columns than the first part: it {' and '.join(said)}.", do="Write the parts alike.")
