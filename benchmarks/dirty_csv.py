"""python -m benchmarks.dirty_csv [--rows 1000000] [--bad 0.005]: a CSV with a fault in some rows, against the same file clean.

For each fault: rows read = kept + set aside = records in the file, the reasons against what was planted, and the CPU
seconds of reading over those of the clean file, in one process (each read twice, the faster counts).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from affinity.errors import AffinityError
from affinity.ingest import read_orders

HEADER = b"order_id,customer_id,product_id,ordered_at,quantity,unit_price,country"


def good_line(i: int) -> bytes:
    """A line without a fault."""
    return b"o%d,c%d,p%d,2024-%02d-%02d,%d,%d.99,Norway" % (i // 3, i // 30, i % 997, i % 12 + 1, i % 28 + 1, i % 5 + 1, i % 90)


def _cells(i: int, **changed: bytes) -> bytes:
    names = HEADER.decode().split(",")
    return b",".join(changed.get(name, cell) for name, cell in zip(names, good_line(i).split(b",")))


#: Fault -> (a bad line, the reason it is set aside for; None: the row is whole and kept).
FAULTS: dict[str, tuple[Callable[[int], bytes], str | None]] = {
    "bad number": (lambda i: _cells(i, quantity=b"many"), "bad_quantity"),
    "bad date": (lambda i: _cells(i, ordered_at=b"soon"), "bad_date"),
    "too few columns": (lambda i: b"o%d,c1,p1" % i, "malformed_row"),
    "too many columns": (lambda i: good_line(i) + b",more", "malformed_row"),
    "empty key": (lambda i: _cells(i, product_id=b""), "missing_product_id"),
    "NUL byte": (lambda i: _cells(i, country=b"Nor\0way"), "malformed_row"),
    "quote inside a field": (lambda i: _cells(i, country=b'Nor"way'), None),
    "unclosed quote": (lambda i: _cells(i, country=b'"Norway'), "malformed_row"),
    "field of two lines": (lambda i: _cells(i, country=b'"Nor\nway"'), None),
    "CRLF among LF": (lambda i: good_line(i) + b"\r", None),
    "blank line": (lambda i: b"\n" + good_line(i), None),
}


def write(path: Path, rows: int, bad: np.ndarray, fault: str | None) -> None:
    """A file of ``rows`` records, those of ``bad`` with the fault."""
    lines = [good_line(i) for i in range(rows)]
    if fault is not None:
        for i in bad.tolist():
            lines[i] = FAULTS[fault][0](i)
    path.write_bytes(b"\n".join([HEADER, *lines]) + b"\n")


def measure(path: Path, reads: int = 2) -> tuple[float, dict[str, int], int, int]:
    """(CPU seconds, reasons, rows read, rows kept) of reading a file."""
    seconds = []
    for _ in range(reads):
        began = time.process_time()
        lines = read_orders(path)
        seconds.append(time.process_time() - began)
    return min(seconds), dict(lines.report.reasons), lines.report.rows_read, lines.report.rows_kept


def main() -> None:
    """A line a fault."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--bad", type=float, default=0.005)
    parser.add_argument("--only", nargs="*", default=list(FAULTS))
    asked = parser.parse_args()
    bad = np.sort(np.random.default_rng(0).choice(asked.rows, int(asked.rows * asked.bad), replace=False))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        write(path, asked.rows, bad, None)
        read_orders(path)
        clean, reasons, read, kept = measure(path)
        print(f"clean: {clean:.2f} CPU s, {read:,} read, {kept:,} kept, {reasons}")
        for fault in asked.only:
            write(path, asked.rows, bad, fault)
            expected = {FAULTS[fault][1]: len(bad)} if FAULTS[fault][1] else {}
            try:
                seconds, reasons, read, kept = measure(path)
            except AffinityError as error:
                print(f"{fault}: {type(error).__name__}: {error}")
                continue
            right = reasons == expected and read == asked.rows and kept == asked.rows - sum(expected.values())
            print(f"{fault}: {seconds:.2f} CPU s, {seconds / clean:.2f} x, {read:,} read, {kept:,} kept, {reasons}", end=" ")
            print("exact" if right else f"WRONG, expected {expected}", flush=True)


if __name__ == "__main__":
    main()
