"""The law of every read: an error that says what to do, or accounts that add up to the row."""

from __future__ import annotations

import csv
import io
from collections import Counter

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from affinity.errors import AffinityError
from affinity.ingest import read_orders
from affinity.tables import OrderLines
from tests.ingest.sources import write

CELLS = st.sampled_from(
    ["1", "2", "03", "", " ", "a", "POSTAGE", "2024-01-01", "2024-13-01", "-1", "0", "1e999", "nan", "x y", '"', '""', 'a"b',
     "🍞", "é", "\0", "\u2028", "\u00a0", ",", ";", "\n", "\r\n", "\t"]
)  # fmt: skip
HEADS = st.sampled_from(
    ["order_id,product_id", "order_id,customer_id,product_id,ordered_at,quantity,unit_price", "order_id,product_id,note", "a,b"]
)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\n\n"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Text that is nearly a CSV file: mostly the right number of cells, mostly one line end, now and then neither."""
    head = draw(HEADS)
    width = head.count(",") + 1
    lines = [head]
    for _ in range(draw(st.integers(0, 8))):
        cells = draw(st.lists(CELLS, min_size=width, max_size=width) | st.lists(CELLS, max_size=width + 1))
        if draw(st.booleans()):
            written = io.StringIO()
            csv.writer(written, lineterminator="").writerow(cells)
            lines.append(written.getvalue())
        else:
            lines.append(",".join(cells))
    return "".join(line + draw(LINE_ENDS) for line in lines)


def assert_accounts(lines: OrderLines) -> None:
    report = lines.report
    assert report.rows_kept == len(lines)
    assert report.rows_read == report.rows_kept + report.rows_set_aside
    assert sum(report.reasons.values()) == report.rows_set_aside == len(report.quarantine)
    assert Counter(report.quarantine.reason.tolist()) == Counter(report.reasons)
    assert sorted(lines.row.tolist() + report.quarantine.row.tolist()) == list(range(report.rows_read))
    for codes, vocabulary in ((lines.order, lines.orders), (lines.product, lines.products), (lines.customer, lines.customers)):
        assert set(codes.tolist()) - {-1} == set(range(len(vocabulary)))
        assert list(vocabulary.labels) == sorted(vocabulary.labels)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts())
@example(text='order_id,product_id\n1,"a\n2,b\n3,"c"\n')
@example(text="order_id,product_id\r1,a\r2,b\r")
def test_every_row_is_kept_or_set_aside(tmp_path, text: str) -> None:
    try:
        lines = read_orders(write(tmp_path, "x.csv", text))
    except AffinityError:
        return
    assert_accounts(lines)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.lists(
        st.tuples(*[st.sampled_from(["1", "02", "", "a b", "é,x", 'q"q', "l\nl", "🍞"])] * 3), min_size=1, max_size=8
    )
)
def test_the_fast_and_the_patient_reader_agree(tmp_path, cells: list[tuple[str, ...]]) -> None:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerows([("order_id", "customer_id", "product_id"), *cells])
    good = written.getvalue()
    outcomes = []
    for text in (good, good + "torn\n"):  # one line of one field makes the fast reader give up
        try:
            lines = read_orders(write(tmp_path, "x.csv", text))
        except AffinityError as error:
            outcomes.append(type(error).__name__)
            continue
        assert_accounts(lines)
        reasons = Counter(lines.report.reasons)
        reasons["malformed_row"] -= "torn" in text
        outcomes.append((lines.to_pandas().astype(str).values.tolist(), +reasons, list(lines.attributes)))
    assert outcomes[0] == outcomes[1]
