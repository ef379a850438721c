"""What is fuzzed: for any bytes a clear AffinityError, or an answer whose accounts hold. All else raised is a finding."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from affinity.errors import AffinityError
from affinity.ingest import read_orders

HEADER = b"order_id,customer_id,product_id,ordered_at,quantity,unit_price\n"


@cache
def _home() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-affinity-"))


def _check(error: Exception, named: str = "") -> None:
    assert str(error).strip()
    assert named in str(error), f"{named!r} is not named: {error}"


def _read(data: bytes, name: str, rows: Callable[[bytes], int | None] = lambda data: None, **options: Any) -> None:
    """Read ``data`` as a file ``name``; the accounts must hold, and the rows be as many as ``rows`` counts (None: unknown)."""
    path = _home() / name
    path.write_bytes(data)
    try:
        lines = read_orders(path, **options)
    except AffinityError as error:
        _check(error)
        return
    report = lines.report
    assert report.rows_read == report.rows_kept + sum(report.reasons.values())
    assert len(lines) == report.rows_kept
    assert len(report.quarantine) == sum(report.reasons.values())
    numbers = [*lines.row.tolist(), *report.quarantine.row.tolist()]
    assert sorted(numbers) == list(range(report.rows_read)), "a row is lost or counted twice"
    expected = rows(data)
    assert expected is None or report.rows_read == expected, f"{report.rows_read} rows read, {expected} lines in the file"


def _lines(data: bytes) -> int | None:
    """Lines that are not blank; None where the bytes are not plainly lines of UTF-8."""
    if data[:2] in (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff"):
        return None
    end = "\r" if b"\r" in data and b"\n" not in data else "\n"
    return sum(bool(line.strip()) for line in data.decode().removeprefix("\ufeff").split(end))


def read_csv(data: bytes) -> None:
    """A CSV file below a good header."""
    _read(HEADER + data, "x.csv", lambda all_: None if b'"' in all_ else (_lines(all_) or 1) - 1, format="csv")


def read_any_text(data: bytes) -> None:
    """A file whose kind and columns are detected."""
    _read(data, "x.txt")


def read_json_lines(data: bytes) -> None:
    """JSON lines below a good one."""
    _read(b'{"order_id": "1", "product_id": "a", "quantity": 1}\n' + data, "x.jsonl", _lines, format="jsonl")


def read_baskets(data: bytes) -> None:
    """A basket file."""
    _read(data, "x.dat", format="baskets")


def read_parquet(data: bytes) -> None:
    """A Parquet file; the first two bytes say where a good one is changed."""
    good = bytearray(_parquet())
    if len(data) >= 3:
        at = int.from_bytes(data[:2]) % len(good)
        good[at : at + len(data) - 2] = data[2:]
    _read(bytes(good), "x.parquet", format="parquet")


@cache
def _parquet() -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    table = pa.table({"order_id": ["1", "1", "2"], "product_id": ["a", "b", None], "quantity": [1.0, 2.0, float("nan")]})
    pq.write_table(table, file, compression="none")
    return file.getvalue()


def read_config(data: bytes) -> None:
    """A TOML of settings, with an option on top of it."""
    from affinity.cli.options import Reading

    path = _home() / "x.toml"
    path.write_bytes(data)
    try:
        Reading(orders="x", config=path).settings(release__keep=3, horizon_days=30)
    except AffinityError as error:
        _check(error)


def read_headers(data: bytes) -> None:
    """Detection: the names of columns, separated by NUL."""
    import pyarrow as pa

    names = data.decode("utf-8", "replace").split("\0")[:40]
    if len(set(names)) == len(names):
        try:
            read_orders(pa.table({name: ["1", "2", "2024-01-02"] for name in names}))
        except AffinityError as error:
            _check(error)


def read_plan_file(data: bytes) -> None:
    """A campaign plan."""
    from affinity.campaigns import read_plan

    path = _home() / "plan.json"
    path.write_bytes(data)
    try:
        read_plan(path)
    except AffinityError as error:
        _check(error)


@cache
def _release() -> Path:
    from affinity.release import write_release
    from tests.release.content import REPORT, make_identity, make_tables

    return write_release(_home() / "shop", make_tables(), report=REPORT, identity=make_identity())


def open_damaged(data: bytes) -> None:
    """A release one file of which (first byte) is changed from a place on (next three), or replaced (no more bytes)."""
    from affinity.release import open_release

    if len(data) < 4:
        return
    files = sorted(path for path in _release().rglob("*") if path.is_file())
    path = files[data[0] % len(files)]
    good = path.read_bytes()
    at = int.from_bytes(data[1:4]) % (len(good) + 1)
    bad = good[:at] + data[4:] + good[at + len(data) - 4 :] if len(data) > 4 else good[:at]
    path.write_bytes(bad)
    try:
        open_release(_release().parent.parent)
        assert bad == good, f"{path.name} is changed at byte {at} and nobody noticed"
    except AffinityError as error:
        _check(error, path.name if bad != good else "\0")
    finally:
        path.write_bytes(good)


def recover_events(data: bytes) -> None:
    """An event log of two events with bytes between and behind them: both come back, and the log can be appended to."""
    import asyncio

    from affinity.serve.event_log import EventLog, _line, read_events

    folder = _home() / "events"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    between, _, behind = data.partition(b"\n\n")
    first, second, third = ({"event_id": f"e{i}", "at": i} for i in range(3))
    (folder / "events-000001.jsonl").write_bytes(_line(first) + between + b"\n" + _line(second) + behind)

    async def append() -> None:
        log = EventLog(folder)
        assert await log.append([third, first]) == (1, 1)
        await log.close()

    asyncio.run(append())
    found = [event["event_id"] for event in read_events(folder)]
    assert found[0] == "e0", found
    assert [one for one in found if one in {"e1", "e2"}] == ["e1", "e2"], found


def read_query(data: bytes) -> None:
    """The query string of a page."""
    from starlette.requests import Request

    from affinity.serve.page.asked import Unclear, read_name, read_number, read_text, read_whole

    request = Request({"type": "http", "query_string": data, "headers": []})
    for name in {"a", *request.query_params}:
        for read in (
            lambda: read_text(request, name),  # noqa: B023
            lambda: read_number(request, name, 0, 1e6),  # noqa: B023
            lambda: read_whole(request, name, 0, 2**40),  # noqa: B023
            lambda: read_name(request, name, ["gain", "lift"], "gain"),  # noqa: B023
        ):
            try:
                value = read()
                assert not isinstance(value, float) or 0 <= value <= 1e6
            except Unclear as error:
                _check(error)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "csv": read_csv, "text": read_any_text, "jsonl": read_json_lines, "baskets": read_baskets, "parquet": read_parquet,
    "config": read_config, "headers": read_headers, "plan": read_plan_file, "release": open_damaged,
    "events": recover_events, "query": read_query,
}  # fmt: skip
