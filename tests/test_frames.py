"""Frames: any dataframe in as Arrow, columns out as pandas, Polars and Arrow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from affinity import frames
from affinity.errors import InputError

COLUMNS = {
    "name": np.array(["a", None], dtype=object),
    "count": np.array([1, 2], dtype=np.int64),
    "rate": np.array([0.5, np.nan]),
    "items": frames.ListColumn(np.array([0, 2, 2]), np.array(["x", "y"], dtype=object)),
}
EXPECTED = [
    {"name": "a", "count": 1, "rate": 0.5, "items": ["x", "y"]},
    {"name": None, "count": 2, "rate": None, "items": []},
]


def test_out_as_arrow_and_polars() -> None:
    assert frames.to_arrow(COLUMNS).to_pylist() == EXPECTED
    assert frames.to_polars(COLUMNS).to_dicts() == EXPECTED


def test_out_as_pandas_with_tuples_for_lists() -> None:
    frame = frames.to_pandas(COLUMNS)
    assert frame["items"].tolist() == [("x", "y"), ()]
    assert frame["rate"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame({"a": [1, 2]}),
        pl.DataFrame({"a": [1, 2]}),
        pl.LazyFrame({"a": [1, 2]}),
        pa.table({"a": [1, 2]}),
    ],
    ids=["pandas", "polars", "polars lazy", "arrow"],
)
def test_any_frame_in(source: object) -> None:
    assert frames.as_arrow(source).to_pydict() == {"a": [1, 2]}


def test_a_duckdb_relation_in() -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        assert frames.as_arrow(connection.sql("select 1 as a union all select 2 order by a")).to_pydict() == {"a": [1, 2]}


def test_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="dict is no dataframe"):
        frames.as_arrow({"a": [1]})


def test_an_index_without_a_name_is_no_column() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=["p", "q", "r"])
    assert frames.as_arrow(frame[frame.a > 1]).column_names == ["a"]
    assert set(frames.as_arrow(frame.rename_axis("id")).column_names) == {"id", "a"}
