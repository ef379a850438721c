"""JSON lines: one object a line; its keys are the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from affinity.errors import InputError
from affinity.ingest.staging import Column, Malformed, Source
from affinity.ingest.text_file import TextFile, iter_line_blocks, read_sample
from affinity.ingest.workbench import Workbench

#: Lines whose keys become columns; a key that first appears later is not read.
KEY_LINES = 10_000


def open_json_lines(bench: Workbench, text: TextFile) -> Source:
    """A file of one JSON object a line; a line that is none is set aside as malformed. Blank lines are no rows."""
    keys = _keys(text)
    register_lines(bench, text, "json_lines")
    bench.run(
        "CREATE OR REPLACE TEMP TABLE json_rows AS SELECT row_number() OVER () - 1 AS row, line_number, line, "
        "json_valid(line) AND coalesce(json_type(if(json_valid(line), line, '0')), '') = 'OBJECT' AS good FROM json_lines"
    )
    source = Source("jsonl", tuple(Column(key, "VARCHAR") for key in keys), "", has_row=True)
    bad = bench.run("SELECT row, line_number, line FROM json_rows WHERE NOT good ORDER BY row")
    source.malformed += [Malformed(row, f"line {number}: no JSON object", line) for row, number, line in bad]
    cells = ", ".join(f"json_extract_string(line, $key{i}) AS c{i}" for i in range(len(keys)))
    source.relation = f"(SELECT row, {cells} FROM json_rows WHERE good)"
    source.parameters = {f"key{i}": _pointer(key) for i, key in enumerate(keys)}
    return source


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _keys(text: TextFile) -> list[str]:
    sample = read_sample(text, KEY_LINES)
    if sample and sample[0].lstrip().startswith("["):
        raise InputError(
            f"{text.name} begins with '[': one JSON array, not JSON lines.",
            do=f"Convert it, for example: jq -c '.[]' {text.name} > lines.jsonl",
        )
    keys: dict[str, None] = {}
    for line in sample:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            keys |= dict.fromkeys(record)
    if not keys:
        raise InputError(f"{text.name} holds no JSON objects, one a line.", do="Pass --format if it is something else.")
    return list(keys)


def register_lines(bench: Workbench, text: TextFile, name: str) -> None:
    """A view ``name`` (line_number BIGINT from 1, line VARCHAR) of the non-blank lines of a file."""
    import pyarrow as pa

    schema = pa.schema([("line_number", pa.int64()), ("line", pa.string())])

    def batches() -> Iterator[Any]:
        number = 1
        for block in iter_line_blocks(text):
            kept = [(at, line) for at, line in enumerate(block, number) if line.strip()]
            number += len(block)
            if kept:
                numbers, lines = zip(*kept)
                yield pa.record_batch([pa.array(numbers, pa.int64()), pa.array(lines, pa.string())], schema=schema)

    bench.register(name, pa.Table.from_batches(batches(), schema=schema))
