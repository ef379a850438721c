"""Excel workbooks: every sheet with the header of the first, or the one that the settings name."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from affinity.errors import InputError, MissingExtra, did_you_mean
from affinity.ingest.frame_source import plain_text
from affinity.ingest.staging import Column, Source
from affinity.ingest.workbench import Workbench
from affinity.settings import IngestSettings


def open_excel(bench: Workbench, path: Path, settings: IngestSettings) -> Source:
    """A workbook (.xlsx, .xls, .xlsb, .ods): numbers without a fraction as whole numbers, dates as ISO text."""
    import pyarrow as pa

    header, rows, warnings = _read_sheets(path, settings.excel_sheet)
    width = len(header)
    cells = [[_text(row[i]) if i < len(row) else None for row in rows] for i in range(width)]
    bench.register("excel_rows", pa.table({f"c{i}": pa.array(cell, type=pa.string()) for i, cell in enumerate(cells)}))
    return Source("excel", tuple(Column(name, "VARCHAR") for name in header), "excel_rows", warnings=warnings)


def _read_sheets(path: Path, wanted: str | None) -> tuple[list[str], list[list[Any]], list[str]]:
    try:
        import python_calamine as calamine
    except ModuleNotFoundError:
        raise MissingExtra("python-calamine is not installed.", do="pip install 'affinity-engine[excel]'") from None
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
    except (calamine.CalamineError, OSError) as error:
        raise InputError(f"{path.name} cannot be read as a workbook: {error}.", do="Save it as .xlsx or CSV again.") from None
    names = book.sheet_names
    if wanted is not None and wanted not in names:
        raise InputError(f"excel_sheet={wanted!r} is not in {path.name}.", do=did_you_mean(wanted, names))
    header: list[str] = []
    rows: list[list[Any]] = []
    warnings: list[str] = []
    for name in [wanted] if wanted is not None else names:
        sheet = [row for row in book.get_sheet_by_name(name).to_python() if any(cell not in ("", None) for cell in row)]
        if not sheet:
            continue
        names_here = [str(cell).strip() for cell in sheet[0]]
        if not header:
            header = names_here
        if names_here == header:
            rows += sheet[1:]
        else:
            warnings.append(f"Sheet {name!r} has another header and was not read ({len(sheet) - 1:,} rows).")
    if not rows:
        raise InputError(f"{path.name} holds no rows under a header.", do="Choose the sheet with excel_sheet.")
    return header, rows, warnings


def _text(value: Any) -> str | None:
    if value == "":
        return None
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return plain_text(value)
