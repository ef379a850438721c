"""Labels kept as codes on the way out say the same as labels spelled out."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.frames import LabelColumn, ListColumn, to_arrow, to_pandas, to_polars
from tests.release.content import make_tables


@pytest.mark.parametrize("name", ["itemsets", "rules", "pairs", "conversions", "recommendations", "also_bought"])
def test_coded_columns_are_the_columns(name: str) -> None:
    table = make_tables()[name]
    coded, plain = table.coded_columns(), table.columns()
    assert list(coded) == list(plain)
    assert to_arrow(coded).equals(to_arrow(plain))
    assert to_pandas(coded).equals(to_pandas(plain))
    assert len(table.to_polars()) == len(table)


def test_negative_codes_are_missing() -> None:
    column = LabelColumn(np.array([1, -1, 0], dtype=np.int32), np.array(["a", "b"], dtype=object))
    assert len(column) == 3
    assert column.decode().tolist() == ["b", None, "a"]
    assert to_arrow({"x": column})["x"].to_pylist() == ["b", None, "a"]
    assert to_polars({"x": column})["x"].to_list() == ["b", None, "a"]
    lists = ListColumn(np.array([0, 2, 2, 3]), column)
    assert to_arrow({"x": lists})["x"].to_pylist() == [["b", None], [], ["a"]]
    assert to_pandas({"x": lists})["x"].tolist() == [("b", None), (), ("a",)]


def test_no_labels_and_no_rows() -> None:
    column = LabelColumn(np.array([-1, -1], dtype=np.int32), np.empty(0, dtype=object))
    assert column.decode().tolist() == [None, None]
    assert to_arrow({"x": column})["x"].to_pylist() == [None, None]
    nothing = LabelColumn(np.empty(0, dtype=np.int32), np.array(["a"], dtype=object))
    assert to_arrow({"x": nothing})["x"].to_pylist() == []


def test_what_utf8_cannot_hold_becomes_a_question_mark() -> None:
    assert to_arrow({"x": np.array(["a\ud800", None], dtype=object)})["x"].to_pylist() == ["a?", None]
