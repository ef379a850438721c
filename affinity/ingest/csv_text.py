"""Delimited text: DuckDB reads it strictly; where that fails, plain lines are sorted out for it and Python splits the others.

A file whose first lines end within a quoted field is sorted out at once: reading it strictly would be for nothing. A row is
a record; where a quote never closes, a physical line. Blank lines are no rows. Nothing is lost: where DuckDB does not
return what was sorted out either, Python splits every record.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from glob import escape
from typing import Any, TextIO

from affinity.errors import InputError
from affinity.ingest.columns import normalise
from affinity.ingest.staging import Column, Malformed, Source
from affinity.ingest.text_file import TextFile, count_lines, iter_line_blocks, read_sample
from affinity.ingest.workbench import Workbench

DELIMITERS = (",", ";", "\t", "|")
#: Lines that a quoted field may run over before its quote counts as never closed.
MAX_RECORD_LINES = 1000
SLOW_BATCH = 50_000
#: Lines that are looked at together.
HELD = 2_000


def sniff_text(text: TextFile, known: Collection[str]) -> str:
    """``"csv"``, ``"jsonl"`` or ``"baskets"``, by the first thousand lines and the known column names."""
    sample = read_sample(text)
    if not sample:
        return "csv"
    if all(line.lstrip().startswith("{") for line in sample[:2]):
        return "jsonl"
    header = split_line(sample[0], _delimiter(sample)) or []
    named = sum(normalise(name) in known for name in header)
    counts = {len(split_line(line, ",") or ()) for line in sample}
    ragged = len(counts) > 1 or all(_is_integers(line) for line in sample)
    if named >= 2 or (named == 1 and not ragged):
        return "csv"
    return "baskets" if ragged else "csv"


def _is_integers(line: str) -> bool:
    return all(token.isdigit() for token in line.split())


def _delimiter(sample: Sequence[str]) -> str:
    """The candidate that splits the header into most fields, the most regular one of the lines in a tie."""

    def score(delimiter: str) -> tuple[int, int]:
        header = len(split_line(sample[0], delimiter) or ())
        same = sum(len(split_line(line, delimiter) or ()) == header for line in sample[1:100])
        return (header, same)

    return max(DELIMITERS, key=score)


def split_line(line: str, delimiter: str) -> list[str] | None:
    """The fields of one record, None when its quotes do not close or are misplaced."""
    return _parse(line, delimiter)[0]


def _parse(record: str, delimiter: str) -> tuple[list[str] | None, bool]:
    """(fields, False), or (None, whether further lines could still complete the record)."""
    if '"' not in record:
        return record.split(delimiter), False
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True, skipinitialspace=True)), False
    except csv.Error as error:
        return None, "unexpected end" in str(error)


def open_csv(bench: Workbench, text: TextFile) -> Source:
    """A CSV or TSV file; the delimiter (comma, semicolon, tab, bar) is the one that splits the header best."""
    sample = read_sample(text)
    if not sample:
        raise InputError(f"{text.name} holds blank lines only.", do="Export it again.")
    delimiter = _delimiter(sample)
    header = split_line(sample[0], delimiter)
    if header is None:
        raise InputError(
            f"The header of {text.name} has a quote that never closes: {sample[0][:200]!r}.", do="Mend the header."
        )
    columns = tuple(Column(name.strip(), "VARCHAR") for name in header)
    if len(sample) == 1:
        raise InputError(
            f"{text.name} holds a header and no rows: {', '.join(c.name for c in columns)[:200]}.", do="Export it again."
        )
    count = count_lines(text.path)
    if len(columns) < 2:
        return _open_slowly(bench, text, delimiter, columns)

    def slow() -> Source:
        return _open_sorted_out(bench, text, delimiter, columns)

    if count.has_nul or (count.has_quote and _ends_within_quotes(text, delimiter)):
        return slow()
    parameters = {"path": escape(str(text.path)), "delimiter": delimiter, "names": _cells(len(columns))}
    return Source("csv", columns, _STRICTLY.format(header="true"), parameters, expected=count.lines - 1, slow=slow)


def _ends_within_quotes(text: TextFile, delimiter: str) -> bool:
    """Whether one of the first hundred thousand lines or so ends while its quote is open."""
    return any(line.count('"') % 2 and _parse(line, delimiter)[1] for line in next(iter_line_blocks(text), ()))


_STRICTLY = (
    "read_csv($path, auto_detect=false, header={header}, delim=$delimiter, quote='\"', escape='\"', "
    "strict_mode=true, max_line_size=16000000, columns=$names)"
)


def _cells(width: int) -> dict[str, str]:
    return {f"c{i}": "VARCHAR" for i in range(width)}


def _open_sorted_out(bench: Workbench, text: TextFile, delimiter: str, columns: tuple[Column, ...]) -> Source:
    """The records that are whole, in a file of their own behind their row numbers; the others are malformed."""
    path = bench.folder / "sorted_out.csv"
    malformed: list[Malformed] = []
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = _sort_out(_Lines(text), out, delimiter, len(columns), malformed)
    parameters = {"path": escape(str(path)), "delimiter": delimiter, "names": {"row": "BIGINT"} | _cells(len(columns))}

    def slow() -> Source:
        return _open_slowly(bench, text, delimiter, columns)

    if not rows:
        return slow()
    relation = _STRICTLY.format(header="false")
    return Source("csv", columns, relation, parameters, has_row=True, expected=rows, slow=slow, malformed=malformed)


def _sort_out(lines: _Lines, out: TextIO, delimiter: str, width: int, malformed: list[Malformed]) -> int:
    """Write the whole records of ``lines`` to ``out``, the row number first; returns how many there are."""
    lines.take_record(delimiter, width)  # the header
    write = csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow
    row, ends = 0, width - 1
    while (held := lines.held()) is not None:
        plain = [line.count(delimiter) == ends and not ('"' in line or "\0" in line or "\r" in line) for line in held]
        plain.append(False)
        begun, at = lines.number, 0
        while at < len(held):
            stop = plain.index(False, at)
            out.writelines([f"{number}{delimiter}{line}\n" for number, line in enumerate(held[at:stop], row)])
            lines.skip(stop - at)
            row += stop - at
            record = lines.take_record(delimiter, width) if stop < len(held) else None
            if record is None:
                break
            number, fields, raw = record
            if _is_whole(fields, width, raw):
                write([row, *(fields or ())])
            else:
                malformed.append(Malformed(row, f"line {number}: {_what_is_wrong(fields, width)}", raw))
            row += 1
            at = lines.number - begun
    return row - len(malformed)


def _is_whole(fields: list[str] | None, width: int, raw: str) -> bool:
    return fields is not None and len(fields) == width and "\0" not in raw


def _open_slowly(bench: Workbench, text: TextFile, delimiter: str, columns: tuple[Column, ...]) -> Source:
    import pyarrow as pa

    source = Source("csv", columns, "slow_lines", has_row=True)
    names = [f"c{i}" for i in range(len(columns))]
    schema = pa.schema([("row", pa.int64()), *((name, pa.string()) for name in names)])

    def batches() -> Iterator[Any]:
        try:
            for rows, records in _record_batches(text, delimiter, len(columns), source.malformed):
                cells = [pa.array(cell, type=pa.string()) for cell in zip(*records)]
                yield pa.record_batch([pa.array(rows, type=pa.int64()), *cells], schema=schema)
        except InputError as error:  # the engine would wrap it
            source.failure.append(error)
            raise

    bench.register("slow_lines", pa.RecordBatchReader.from_batches(schema, batches()))
    return source


def _record_batches(
    text: TextFile, delimiter: str, width: int, malformed: list[Malformed]
) -> Iterator[tuple[list[int], list[list[str]]]]:
    """Batches of (row numbers, fields) of the records that have ``width`` fields; the others go to ``malformed``."""
    rows: list[int] = []
    records: list[list[str]] = []
    for row, (line, fields, raw) in enumerate(_records(text, delimiter, width)):
        if _is_whole(fields, width, raw):
            rows.append(row)
            records.append(fields or [])
        else:
            malformed.append(Malformed(row, f"line {line}: {_what_is_wrong(fields, width)}", raw))
        if len(rows) == SLOW_BATCH:
            yield rows, records
            rows, records = [], []
    if rows:
        yield rows, records


def _what_is_wrong(fields: list[str] | None, width: int) -> str:
    if fields is None:
        return "a quote that never closes, or stands inside a field"
    if len(fields) != width:
        return f"{len(fields)} fields, the header has {width}"
    return "a NUL byte"


def _records(text: TextFile, delimiter: str, width: int) -> Iterator[tuple[int, list[str] | None, str]]:
    """(line number from 1, fields or None, raw text) of each record after the header; blank lines are skipped."""
    lines = _Lines(text)
    lines.take_record(delimiter, width)  # the header
    while (record := lines.take_record(delimiter, width)) is not None:
        yield record


def _extend(lines: _Lines, line: str, delimiter: str, width: int) -> tuple[str, list[str] | None]:
    """The record that begins at ``line`` and ends lines later, or the line alone with None when it never closes."""
    ahead: int | None = 0
    may_follow = ('"', delimiter, "\r", "")
    while (ahead := lines.find_quote(ahead or 0)) is not None:
        further = lines.following(ahead + 1)
        at = further[-1].index('"') + 1
        if further[-1][at : at + 1] not in may_follow:  # it would close the field, and is none that does
            break
        record = "\n".join([line, *further])
        fields, open_quote = _parse(record, delimiter)
        if fields is not None and len(fields) == width:
            lines.skip(ahead + 1)
            return record, fields
        if not open_quote:
            break
        ahead += 1
    return line, None


class _Lines:
    """The lines of a file with a look ahead."""

    def __init__(self, text: TextFile) -> None:
        self._blocks = iter_line_blocks(text)
        self._lines: list[str] = []
        self._at = 0
        self.number = 0

    def peek(self, ahead: int) -> str | None:
        while self._at + ahead >= len(self._lines):
            block = next(self._blocks, None)
            if block is None:
                return None
            self._lines = self._lines[self._at :] + block
            self._at = 0
        return self._lines[self._at + ahead]

    def following(self, lines: int) -> list[str]:
        """So many lines ahead, which `peek` or `find_quote` has reached."""
        return self._lines[self._at : self._at + lines]

    def find_quote(self, ahead: int) -> int | None:
        """The first line from ``ahead`` on with a quote, None where the next `MAX_RECORD_LINES` have none."""
        while ahead < MAX_RECORD_LINES and self.peek(ahead) is not None:
            stop = min(self._at + MAX_RECORD_LINES, len(self._lines))
            for at in range(self._at + ahead, stop):
                if '"' in self._lines[at]:
                    return at - self._at
            ahead = stop - self._at
        return None

    def skip(self, lines: int) -> None:
        self._at += lines
        self.number += lines

    def take(self) -> str | None:
        line = self.peek(0)
        if line is not None:
            self.skip(1)
        return line

    def held(self) -> list[str] | None:
        """Some thousand lines ahead, without taking them; None at the end of the file."""
        return None if self.peek(0) is None else self._lines[self._at : self._at + HELD]

    def take_record(self, delimiter: str, width: int) -> tuple[int, list[str] | None, str] | None:
        """(line number from 1, fields or None, raw text) of the next record that is not blank; None at the end."""
        while (line := self.take()) is not None:
            if line.strip():
                number = self.number
                fields, open_quote = _parse(line, delimiter)
                raw, fields = _extend(self, line, delimiter, width) if open_quote else (line, fields)
                return number, fields, raw
        return None
