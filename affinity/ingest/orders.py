"""Order lines from anything: `read_orders`, and the check that they do not lie in the future."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from affinity.errors import InputError
from affinity.ingest.account import account_orders, order_notes, refuse
from affinity.ingest.attributes import candidate_columns, choose_attributes, named_attributes, stage_attributes
from affinity.ingest.clean import check_currencies, make_rules
from affinity.ingest.columns import ORDER_ALIASES, Recognised, refuse_nested, require
from affinity.ingest.conventions import Draft
from affinity.ingest.databases import query_of
from affinity.ingest.dates import TimeReading, read_times
from affinity.ingest.duplicates import find_repeated_ids, find_repeats
from affinity.ingest.ids import select_id, strip_fractions
from affinity.ingest.importer import OrderRequest, open_orders
from affinity.ingest.spark_source import on_spark
from affinity.ingest.staging import Source, stage, text_of, trim_rare
from affinity.ingest.streaming import KeptRows, fetch_kept, read_labels
from affinity.ingest.workbench import Workbench, open_workbench, quote_name
from affinity.memory import share_of_memory
from affinity.settings import IngestSettings
from affinity.tables.order_lines import Attribute, OrderLines

DEFAULTS = IngestSettings()

_IDS = ("order_id", "customer_id", "product_id")
TYPED = ("quantity", "unit_price", "net_amount", "ordered_at", "order_seq")

#: Bytes of a line in OrderLines, and of what is made of it at once: the lines net of returns.
BYTES_A_LINE = 2 * (3 * 4 + 4 * 8)


def read_orders(
    source: Any = None,
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,
    database: Any = None,
    query: str | None = None,
    table: str | None = None,
    settings: IngestSettings = DEFAULTS,
    strict: bool = False,
    today: dt.date | None = None,
    memory_budget: int | str | None = None,
    session: Any = None,
) -> OrderLines:
    """Order lines from a file, a dataframe or a database query, with a report in which every row is accounted for.

    source   : path of a CSV or TSV (also .gz), Parquet, JSON-lines, Excel or basket file, or of the folder of an export of
               several files; a pandas, Polars, Arrow, DuckDB or PySpark frame; OrderLines (returned as they are); with
               ``database`` an SQL query; with ``session`` the URI of a Parquet file or of a folder of parts
    columns  : canonical name -> name in the source, where the usual names do not apply: order_id, customer_id, product_id,
               ordered_at, order_seq, quantity, unit_price, net_amount, product_name, currency, line_id, return_mark;
               any further name becomes an attribute (a segment to cut by)
    format   : "csv", "parquet", "jsonl", "excel", "baskets", "generic" or a known export; None detects it
    database : path of a DuckDB or SQLite file, a postgresql:// address (extra ``postgres``), or an open DuckDB or SQLite
               connection; with neither query nor table its tables are looked at as a known export
    query    : the SQL query of the database, as ``source`` could be too
    table    : the table of the database to read instead of a query
    strict   : raise StrictRows where a row would be set aside for a defect
    today    : refuse lines later than the day after it (the caller's clock; no check without)
    memory_budget : bytes, or a text such as "8GB". Lines that would take more than an eighth of it (without one: of the
               machine's memory) stand in temporary files that are mapped; the answers are the same
    session  : a SparkSession, whose executors read a URI (``hdfs://…``, ``s3a://…``, ``file://…``): the parts by name, as on
               one machine. Of them, and of a PySpark frame (its rows in its own order, that of ``collect()``; select columns
               of it and only these are read), one partition at a time comes here

    Needed are order_id and product_id; without order ids, customer_id and ordered_at (or order_seq), a customer's day then
    being an order. Ids are text; a blank customer is a guest; a missing quantity column means 1. Returns stay as negative
    lines. Times are the wall clock of the reporting zone. Rows that fail a rule are set aside under their first reason
    (`affinity.ingest.clean.REASONS`), so rows_read = rows_kept + rows_set_aside.

    Raises UnknownColumns, InputError, StrictRows or AllRowsBad, each saying what to do.

    >>> import pyarrow as pa
    >>> lines = read_orders(pa.table({"order_id": ["1", "1", None], "product_id": ["tea", "milk", "tea"]}))
    >>> lines.report.rows_read, lines.report.rows_kept, lines.report.reasons
    (3, 2, {'missing_order_id': 1})
    """
    if isinstance(source, OrderLines):
        return source
    with open_workbench(memory_budget) as bench:
        wanted = on_spark(query_of(bench, database, source, query, table), None if database is not None else session)
        opened, found = open_orders(bench, OrderRequest(wanted, columns, format, database, settings))
        lines = read_opened(bench, opened, found, settings, strict, share_of_memory(memory_budget)).lines
    if today is not None:
        check_future(lines, today)
    return lines


def check_future(lines: OrderLines, today: dt.date) -> None:
    """Raise InputError when lines are dated later than the day after ``today`` (time zones may run a day ahead)."""
    day = lines.day
    if day is None or not len(day):
        return
    limit = (today - dt.date(1970, 1, 1)).days + 1
    late = int((day > limit).sum())
    if late:
        last = np.datetime64(int(day.max()), "D")
        raise InputError(
            f"{late:,} order lines are dated after {today + dt.timedelta(days=1)}, the last on {last}; today is {today}.",
            why="As of the day after the last line, every customer would look as if he had long bought nothing.",
            do="Mend the dates (day and month swapped?), or say --as-of to leave later lines out.",
        )


def _require_order_columns(found: Recognised, source: Source) -> None:
    if not found.has("order_id") and found.has("customer_id") and (found.has("ordered_at") or found.has("order_seq")):
        needed = ["product_id"]
    else:
        needed = ["order_id", "product_id"]
    also = " If every line is a basket, say --format baskets." if source.kind == "csv" else ""
    require(found, source.columns, ORDER_ALIASES, needed, "An order line says which product was in which order.", also)
    refuse_nested(found, source.columns)


@dataclass(frozen=True, eq=False)
class OrdersRead:
    """Order lines and how they came about, while the workbench is open.

    draft    : the rules; source : what was read in the end
    chosen   : attributes that were chosen for their values
    currency : of all lines, None where the rows name none
    """

    lines: OrderLines
    draft: Draft
    source: Source
    chosen: list[str]
    currency: str | None


def read_opened(
    bench: Workbench, source: Source, found: Recognised, settings: IngestSettings, strict: bool, room: int
) -> OrdersRead:
    """The lines of an opened source; ``room`` is how many bytes of them may be in memory."""
    _require_order_columns(found, source)
    candidates, ignored = candidate_columns(found, source.columns)
    named = named_attributes(found)
    cells, labels = stage_attributes({name: found.position[name] for name in named} | candidates, source.columns)
    selections = _selections(source, found) | labels
    source = stage(bench, source, selections)
    trim_rare(bench, [name for name in selections if name not in TYPED])
    ((rows,),) = bench.run("SELECT count(*) FROM staged")
    if not rows and not source.malformed:
        raise InputError(f"The {source.kind} source has columns and no rows.", do="Pass one row an order line.")
    types = {name: kind for name, kind, *_ in bench.run("DESCRIBE staged")}
    draft = Draft(bench, found, settings, types, rules=dict(source.rules))
    time = _read_time(draft)
    whole = strip_fractions(bench, [name for name in _IDS if name in types])
    if whole:
        draft.rules["whole_number_ids"] = whole
    if "order_id" not in types:
        draft.rules["order"] = "no order ids: the lines of one customer and day (or order_seq) are one order"
        _make_order_ids(bench, time.sql if time else None)
    make_rules(draft, time, _find_repeats(draft, source, list(selections)))
    chosen = choose_attributes(bench, candidates, cells, source.columns, ignored)
    if ignored:
        draft.rules["ignored_columns"] = ignored
    currency = check_currencies(draft) if "currency" in types else None
    kept = _fetch(draft, rows, may_map=rows * BYTES_A_LINE > room)
    report = account_orders(draft, source, *kept.aside)
    refuse(report, strict)
    lines = _assemble(bench, kept, {name: cells[name] for name in named + chosen})
    return OrdersRead(replace(lines, report=report.warn(*order_notes(lines))), draft, source, chosen, currency)


def _read_time(draft: Draft) -> TimeReading | None:
    if "ordered_at" not in draft.types:
        return None
    spec = draft.found.spec
    month_first, day_index = (spec.month_first, spec.day_index) if spec else (None, False)
    return read_times(
        draft.bench, "ordered_at", draft.types["ordered_at"], draft.settings, month_first=month_first, day_index=day_index
    )


def _selections(source: Source, found: Recognised) -> dict[str, str]:
    selections = {}
    for name, at in found.position.items():
        if name not in ORDER_ALIASES or name == "product_name":
            continue
        cell, type_name = f"c{at}", source.columns[at].type
        if name in _IDS:
            selections[name] = select_id(name, cell, type_name)
        elif name in TYPED and type_name != "VARCHAR":
            selections[name] = cell
        elif name == "currency":
            selections[name] = f"upper({text_of(cell, type_name)})"
        else:
            selections[name] = text_of(cell, type_name)
    if "customer_id" not in selections:
        selections["customer_id"] = "NULL::VARCHAR"
    return selections


def _make_order_ids(bench: Workbench, moment: str | None) -> None:
    when = f"strftime({moment}, '%Y-%m-%d')" if moment else "order_seq::VARCHAR"
    bench.run("ALTER TABLE staged ADD COLUMN order_id VARCHAR")
    bench.run(f"UPDATE staged SET order_id = customer_id || ' ' || {when}")


def _find_repeats(draft: Draft, source: Source, staged: list[str]) -> int:
    """Fill the table ``repeats`` with the rows to drop as duplicates; how many there are."""
    if "line_id" in draft.types:
        name = source.columns[draft.found.position["line_id"]].name
        draft.rules["duplicates"] = f"rows that repeat a {name} are dropped"
        return find_repeated_ids(draft.bench, "line_id", name)
    if source.kind == "baskets":  # a product twice in a basket is no accident of an export
        return 0
    drop = draft.settings.duplicates == "drop"
    copies = find_repeats(draft.bench, staged)
    draft.rules["duplicates"] = "rows equal to an earlier row in every column are " + ("dropped" if drop else "kept")
    if not drop:
        said = "{count} rows repeat an earlier row in every column and are kept, as there is no line id; "
        draft.tallies[said + "duplicates = 'drop' in [ingest] drops them."] = copies
    return copies if drop else 0


def _fetch(draft: Draft, rows: int, may_map: bool) -> KeptRows:
    """The numbers of the staged ``rows`` that no rule sets aside."""
    types = draft.types
    amount = "CASE WHEN q < 0 THEN -abs(a) ELSE a END" if "net_amount" in types else "p * q"
    numbers = {"row": '"row"', "quantity": "q", "net_amount": f"coalesce({amount}, 'nan'::DOUBLE)"}
    if "ordered_at" in types:
        numbers["ordered_at"] = "epoch_us(t)"
    if "order_seq" in types:
        numbers["order_seq"] = "s::BIGINT"
    chosen = ", ".join(f"{sql} AS {quote_name(name)}" for name, sql in numbers.items())
    sql = f"WITH {draft.ctes} SELECT {chosen}, reason FROM ruled"
    dtypes = {name: np.float64 if name in ("quantity", "net_amount") else np.int64 for name in numbers}
    return fetch_kept(draft.bench, sql, draft.parameters, dtypes, rows=rows, may_map=may_map)


def _assemble(bench: Workbench, kept: KeptRows, attributes: Mapping[str, str]) -> OrderLines:
    codes = {name: read_labels(bench, name, kind, kept) for name, kind in zip(_IDS, ("order", "customer", "product"))}
    return OrderLines(
        order=codes["order_id"][0],
        customer=codes["customer_id"][0],
        product=codes["product_id"][0],
        quantity=kept.numbers["quantity"],
        net_amount=kept.numbers["net_amount"],
        row=kept.numbers["row"],
        orders=codes["order_id"][1],
        customers=codes["customer_id"][1],
        products=codes["product_id"][1],
        ordered_at=kept.numbers.get("ordered_at"),
        order_seq=kept.numbers.get("order_seq"),
        attributes={name: Attribute(*read_labels(bench, cell, name, kept)) for name, cell in attributes.items()},
    )
