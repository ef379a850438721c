"""The order lines out of the engine, batch by batch into columns that may be mapped: nothing of them is in memory twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from affinity import mapped
from affinity.ingest.workbench import BATCH_ROWS, Workbench, quote_name
from affinity.progress import track
from affinity.vocabulary import PackedTexts, Vocabulary


@dataclass(frozen=True)
class KeptRows:
    """The rows that passed every rule, in the order of the source.

    numbers  : "row" (int64) and the other columns, of the same length
    aside    : int64 rows that were set aside, and the reason of each
    gaps     : int64, rising: the numbers below the last row that no row bears
    may_map  : whether columns of these rows may stand in files
    """

    numbers: dict[str, np.ndarray]
    aside: tuple[np.ndarray, list[str]]
    gaps: np.ndarray
    may_map: bool

    def __len__(self) -> int:
        return len(self.numbers["row"])

    def places(self, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where those of the source rows ``row`` that are here stand, and bool: which of them are here."""
        if not len(self.gaps):
            here = row < len(self)
            return row[here], here
        before = np.searchsorted(self.gaps, row)
        here = (row - before < len(self)) & (self.gaps[np.minimum(before, len(self.gaps) - 1)] != row)
        return (row - before)[here], here


def fetch_kept(
    bench: Workbench, sql: str, parameters: Mapping[str, Any], types: Mapping[str, Any], *, rows: int, may_map: bool
) -> KeptRows:
    """Of the query's rows (``row``, ``reason``, numbers of ``types`` name -> dtype) those without a reason.

    rows : how many to expect, for the progress
    """
    for ordered in (sql, f'{sql} ORDER BY "row"'):  # the engine keeps the order of the source nearly always
        kept = {name: mapped.Growing(dtype, may_map) for name, dtype in types.items()}
        aside_row, aside_reason, last = [np.empty(0, dtype=np.int64)], list[str](), -1
        for batch in _with_progress(bench.batches(ordered, parameters), "order lines", rows):
            row, reason = batch.column("row").to_numpy(), batch.column("reason")
            if not len(row):
                continue
            if row[0] <= last or (row[1:] <= row[:-1]).any():
                break
            last = int(row[-1])
            here = np.asarray(reason.is_null())
            if not here.all():
                aside_row.append(row[~here])
                aside_reason += reason.drop_null().to_pylist()
            for name, column in kept.items():
                values = batch.column(name).to_numpy(zero_copy_only=False)
                column.append(values if here.all() else values[here])
        else:
            break
    numbers = {name: column.whole() for name, column in kept.items()}
    return KeptRows(numbers, (np.concatenate(aside_row), aside_reason), find_gaps(numbers["row"]), may_map)


def find_gaps(row: np.ndarray) -> np.ndarray:
    """int64: the numbers from 0 to the last of ``row`` (int64, rising) that are not in it."""
    found, last = [np.empty(0, dtype=np.int64)], -1
    for block in mapped.split_rows(len(row)):
        part = row[block]
        sizes = np.diff(part, prepend=last) - 1
        at = np.flatnonzero(sizes)
        ends = np.cumsum(sizes[at])
        found.append(np.arange(ends[-1] if len(at) else 0) + np.repeat(part[at] - ends, sizes[at]))
        last = int(part[-1]) if len(part) else last
    return np.concatenate(found)


def read_labels(bench: Workbench, cell: str, kind: str, kept: KeptRows) -> tuple[np.ndarray, Vocabulary]:
    """int32 codes (−1 for null) and vocabulary, in code-point order, of one column of ``staged``, of the rows ``kept``.

    The distinct texts are sorted, and looked up, by the engine, which goes to its files where its memory is too small.
    The rows set aside are in the table ``verdicts``.
    """
    name = quote_name(cell)
    only = 'AND "row" NOT IN (SELECT "row" FROM verdicts)' if len(kept.aside[0]) else ""
    bench.run_long(
        f"{kind} labels sorted",
        f"CREATE OR REPLACE TEMP TABLE words AS SELECT {name} AS label FROM staged WHERE {name} IS NOT NULL {only} "
        "GROUP BY 1 ORDER BY 1",
    )
    vocabulary = Vocabulary(kind, _fetch_words(bench, kept.may_map))
    code = mapped.full(len(kept), -1, np.int32, kept.may_map)
    found = f'SELECT "row", words.rowid::INTEGER AS code FROM staged JOIN words ON {name} = label'
    for batch in _with_progress(bench.batches(found), f"{kind} labels looked up", len(kept)):
        place, here = kept.places(batch.column("row").to_numpy())
        code[place] = batch.column("code").to_numpy()[here]
    bench.run("DROP TABLE words")
    return code, vocabulary


def _fetch_words(bench: Workbench, may_map: bool) -> PackedTexts:
    """The texts of the table ``words``, as they stand in it."""
    import pyarrow as pa

    ends, data, end = mapped.Growing(np.int64, may_map), mapped.Growing(np.uint8, may_map), 0
    ends.append(np.zeros(1, dtype=np.int64))
    for batch in bench.batches("SELECT rowid AS code, label FROM words"):
        assert not len(batch) or batch.column("code")[0].as_py() == len(ends) - 1, "a table comes back in its order"
        texts = pack(batch.column("label").cast(pa.large_string()))
        ends.append(texts.offsets[1:] + end)
        data.append(texts.data)
        end += int(texts.offsets[-1])
    return PackedTexts(ends.whole(), data.whole())


def pack(texts: Any) -> PackedTexts:
    """An Arrow array of large strings without nulls as the bytes that it holds."""
    _, offsets, data = texts.buffers()
    if not len(texts):
        return PackedTexts(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.uint8))
    bounds = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    held = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    return PackedTexts(bounds - bounds[0], held[bounds[0] : bounds[-1]])


def _with_progress(batches: Iterator[Any], label: str, rows: int) -> Iterator[Any]:
    """The batches, with a bar of how far they are."""
    yield from track(batches, label, total=max(-(-rows // BATCH_ROWS), 1))
