"""From rows to arrays: of small tables, whose strings become codes in label order, and of what was set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from affinity.ingest.staging import Malformed
from affinity.ingest.streaming import pack
from affinity.ingest.workbench import Workbench
from affinity.tables.ingest_report import TEXT_COLUMNS, Quarantine
from affinity.vocabulary import Vocabulary


def fetch(
    bench: Workbench, sql: str, parameters: Mapping[str, Any], *, labels: Sequence[str], numbers: Sequence[str]
) -> dict[str, Any]:
    """The rows of a query in the order of its column ``row``: numbers as NumPy arrays, labels as Arrow dictionary arrays."""
    import pyarrow as pa

    pieces: dict[str, list[Any]] = {name: [] for name in (*labels, *numbers)}
    for batch in bench.batches(sql, parameters):
        for name in labels:  # offsets of 64 bits: the texts of all orders may be more than 2 GB
            pieces[name].append(batch.column(name).cast(pa.large_string()).dictionary_encode())
        for name in numbers:
            pieces[name].append(batch.column(name).to_numpy(zero_copy_only=False))
    fetched: dict[str, Any] = {}
    for name in labels:
        empty = pa.array([], pa.large_string()).dictionary_encode()
        whole = pa.chunked_array(pieces[name] or [empty]).unify_dictionaries().combine_chunks()
        fetched[name] = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    for name in numbers:
        fetched[name] = np.concatenate(pieces[name]) if pieces[name] else np.empty(0)
    return _in_row_order(fetched)


def _in_row_order(fetched: dict[str, Any]) -> dict[str, Any]:
    rows = fetched["row"]
    if len(rows) < 2 or (np.diff(rows) > 0).all():
        return fetched
    order = np.argsort(rows, kind="stable")
    return {name: column[order] if isinstance(column, np.ndarray) else column.take(order) for name, column in fetched.items()}


def encode(column: Any, kind: str) -> tuple[np.ndarray, Vocabulary]:
    """int32 codes (−1 for null) and the vocabulary in code-point order of an Arrow dictionary array of strings."""
    import pyarrow.compute as pc

    order = pc.array_sort_indices(column.dictionary).to_numpy()
    labels = column.dictionary.take(order)
    rank = np.empty(len(order) + 1, dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    rank[-1] = -1
    codes = rank[column.indices.fill_null(len(order)).to_numpy(zero_copy_only=False)]
    used = np.zeros(len(order), dtype=bool)
    used[codes[codes >= 0]] = True
    if not used.all():
        codes, labels = np.append(np.cumsum(used) - 1, -1).astype(np.int32)[codes], labels.take(np.flatnonzero(used))
    return codes, Vocabulary(kind, pack(labels))


def fetch_texts(bench: Workbench, sql: str, parameters: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The rows of a (small) query as object columns, in the order of ``row``."""
    import pyarrow as pa

    batches = list(bench.batches(sql, parameters))
    if not batches:
        return {}
    table = pa.Table.from_batches(batches).sort_by("row")
    return {name: np.array(table.column(name).to_pylist(), dtype=object) for name in table.column_names}


def quarantine_of(texts: Mapping[str, np.ndarray], malformed: Sequence[Malformed]) -> Quarantine:
    """The rows set aside by a rule, and the lines that could not be split."""
    ruled = Quarantine.empty()
    if texts and len(texts["row"]):
        ruled = Quarantine.build(
            texts["row"].astype(np.int64), texts["reason"],
            **{name: texts[name] for name in ("detail", *TEXT_COLUMNS) if name in texts},
        )  # fmt: skip
    if not malformed:
        return ruled
    torn = Quarantine.build(
        np.array([line.row for line in malformed], dtype=np.int64),
        "malformed_row",
        detail=[line.detail for line in malformed],
        raw=[line.raw for line in malformed],
    )
    return ruled.joined(torn)
