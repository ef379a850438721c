"""Small shops written in every form that can be read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd

HEADER = "order_id,customer_id,product_id,ordered_at,quantity,unit_price,country,description"


def write(folder: Path, name: str, text: str | bytes) -> Path:
    """A file of the given content."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def shop(rows: int = 60) -> pd.DataFrame:
    """A tidy frame of order lines with guests, returns, text ids with leading zeros, emoji and right-to-left letters."""
    products = ["007", "A", "émile", "🍞", "خبز", "10"]
    return pd.DataFrame(
        {
            "order_id": [f"{i // 3:04d}" for i in range(rows)],
            "customer_id": [None if i // 3 % 5 == 4 else f"C{i // 3 % 7}" for i in range(rows)],
            "product_id": [products[i * i % 6] for i in range(rows)],
            "ordered_at": pd.to_datetime("2024-01-01") + pd.to_timedelta([i // 3 * 7 for i in range(rows)], unit="h"),
            "quantity": [-1 if i % 17 == 16 else 1 + i % 3 for i in range(rows)],
            "unit_price": [1.25 * (1 + i % 4) for i in range(rows)],
            "country": [["NL", "DE", None][i // 3 % 3] for i in range(rows)],
        }
    )


def write_every_form(frame: pd.DataFrame, folder: Path) -> dict[str, Path]:
    """The frame as CSV, TSV, gzipped CSV, UTF-16 CSV, Parquet, JSON lines and Excel."""
    texts = frame.assign(ordered_at=frame["ordered_at"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    csv = texts.to_csv(index=False)
    lines = "\n".join(
        json.dumps({k: None if pd.isna(v) else v for k, v in record.items()}) for record in texts.to_dict("records")
    )
    frame.to_parquet(folder / "shop.parquet")
    frame.to_excel(folder / "shop.xlsx", index=False)
    return {
        "csv": write(folder, "shop.csv", csv),
        "crlf": write(folder, "crlf.csv", csv.replace("\n", "\r\n")),
        "bom": write(folder, "bom.csv", b"\xef\xbb\xbf" + csv.encode()),
        "utf16": write(folder, "utf16.csv", csv.encode("utf-16")),
        "tsv": write(folder, "shop.tsv", texts.to_csv(index=False, sep="\t")),
        "semicolons": write(folder, "semicolons.csv", texts.to_csv(index=False, sep=";")),
        "gz": write(folder, "shop.csv.gz", gzip.compress(csv.encode())),
        "jsonl": write(folder, "shop.jsonl", lines),
        "parquet": folder / "shop.parquet",
        "excel": folder / "shop.xlsx",
    }
