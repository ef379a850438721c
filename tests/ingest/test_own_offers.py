"""An offer log as the package writes it: as CSV, guarded against spreadsheets, it gives back the very ids."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

import affinity as af
from affinity.release import write_table
from affinity.tables.offers import LOG_COLUMNS

ODD = ["=x", "'=x", "''=x", "-5", "'-5", "'", "''", "'x", "@home", "+1 2", "-a", "\uff1d1", "tea", "=1 + 1", "'+49", '="a";b,c']
IDS = st.text(alphabet="'=+-@\uff1dx5. ,\"", min_size=1, max_size=8).map(str.strip).filter(bool)


def read_back(ids: list[str], path: Path, names: tuple[str, ...] = LOG_COLUMNS) -> list[str | None]:
    """The ids of the customers (and of products and campaigns, which are the same) of a log written to ``path``."""
    n = len(ids)
    fixed = {"offered_at": "2024-03-01T10:00:00", "exposed": "yes", "arm": "treated", "accepted": None, "accepted_at": None}
    columns = {name: np.array([fixed[name]] * n if name in fixed else ids, dtype=object) for name in names}
    columns["offer_id"] = np.array([f"o{i}" for i in range(n)], dtype=object)
    write_table(columns, path)
    found = af.read_offers(path).to_pandas()
    assert found["product_id"].tolist() == found["campaign_id"].tolist() == found["customer_id"].tolist()
    return found["customer_id"].tolist()


@settings(max_examples=25, deadline=None)
@given(st.lists(IDS, min_size=1, max_size=12))
@example(ODD)
def test_ids_come_back_as_they_were(ids: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert read_back(ids, Path(folder, "offers.csv")) == ids


def test_nothing_is_taken_off_where_nothing_was_put_on(tmp_path: Path) -> None:
    assert read_back(ODD, tmp_path / "offers.parquet") == ODD


def test_the_file_of_somebody_else_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "offers.csv"
    path.write_text("customer_id,product_id,offered_at\n'=x,'@y,2024-03-01\n", encoding="utf-8")
    found = af.read_offers(path).to_pandas()
    assert (found["customer_id"].tolist(), found["product_id"].tolist()) == (["'=x"], ["'@y"])
