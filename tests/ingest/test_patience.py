"""When a CSV is read with patience at once, and what a quote that opens in one line and is met again in another makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from affinity.ingest import read_orders
from affinity.ingest.csv_text import open_csv
from affinity.ingest.text_file import TextFile
from affinity.ingest.workbench import open_workbench

HEADER = "order_id,product_id,country\n"


@pytest.mark.parametrize(
    ("row", "patient"),
    [('1,tea,"Nor\nway"', True), ('1,tea,"Norway', True), ('1,5" pipe,Norway', False), ('1,"tea, ""green""",Norway', False)],
)
def test_only_lines_that_end_within_quotes_ask_for_patience(tmp_path: Path, row: str, patient: bool) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + "0,milk,Norway\n" + row + "\n2,milk,Norway\n")
    with open_workbench() as bench:
        assert open_csv(bench, TextFile(path, path.name)).has_row == patient
    report = read_orders(path).report
    assert (report.rows_read, report.rows_set_aside) == (3, int(row.count('"') == 1 and patient))


@pytest.mark.parametrize(
    ("lines", "reasons"),
    [
        (['1,tea,"a', 'b""c', 'd"'], {}),  # a doubled quote lies within
        (['1,tea,"a', 'b"c,d', "2,milk,x"], {"malformed_row": 2}),  # a quote that ends no field: nothing of it is swallowed
        (['1,tea,"a', 'b","c', "2,milk,x"], {"malformed_row": 2}),  # closed in time, of other columns than the header
        (['1,tea,"a', '2,milk,"b', '3,milk,"c"'], {"malformed_row": 2}),
    ],
)
def test_what_ends_an_open_field(tmp_path: Path, lines: list[str], reasons: dict[str, int]) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + "\n".join([*lines, "9,milk,Norway", ""]))
    report = read_orders(path).report
    assert dict(report.reasons) == reasons
    assert report.rows_read == report.rows_kept + report.rows_set_aside
