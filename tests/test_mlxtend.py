"""The drop-in miners against mlxtend itself: the same frames, but for what is said in the docstring of the package."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlxtend import frequent_patterns as reference

from affinity import mlxtend as ours
from tests.counting.csr import read_groceries

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:null_values=True is inefficient")
EXAMPLES = settings(max_examples=20, deadline=None)
MINERS = ["apriori", "fpgrowth", "fpmax", "hmine"]
NAMES = ["milk", "bread", "jam", "tea", "egg"]


@st.composite
def one_hot(draw, cells=(False, True)):
    n = draw(st.sampled_from([1, 2, 4, 8, 16]))  # shares of these are exact in binary: no boundary to lose
    values = draw(st.lists(st.lists(st.sampled_from(cells), min_size=5, max_size=5), min_size=n, max_size=n))
    return pd.DataFrame(values, columns=NAMES)


def sort_sets(frame, *columns):
    key = [tuple(tuple(sorted(map(str, cell))) for cell in row) for row in zip(*(frame[column] for column in columns))]
    order = sorted(range(len(frame)), key=lambda k: key[k])
    return frame.iloc[order].reset_index(drop=True)


def assert_same_itemsets(name, frame, **arguments):
    left = getattr(ours, name)(frame, **arguments)
    if name == "fpmax":  # with max_len, mlxtend also returns sets that a larger frequent one contains
        max_len = arguments.pop("max_len", None) or 99
        right = reference.fpmax(frame, **arguments)
        right = right[right["itemsets"].map(len) <= max_len]
    else:
        right = getattr(reference, name)(frame, **arguments)
    left, right = sort_sets(left, "itemsets"), sort_sets(right, "itemsets")
    if name == "apriori":  # mlxtend's has dtype object where cells are objects or nullable
        assert left["support"].dtype == float
        right["support"] = right["support"].astype(float)
    pd.testing.assert_frame_equal(left, right, check_dtype=len(right) > 0)


@pytest.mark.parametrize("name", MINERS)
@EXAMPLES
@given(one_hot(), st.sampled_from([0.125, 0.25, 0.5, 0.75, 1.0]), st.booleans(), st.sampled_from([None, 1, 2]))
def test_itemsets_are_those_of_mlxtend(name, frame, min_support, use_colnames, max_len):
    assert_same_itemsets(name, frame, min_support=min_support, use_colnames=use_colnames, max_len=max_len)


@pytest.mark.parametrize("name", ["apriori", "hmine"])
@EXAMPLES
@given(one_hot(), st.sampled_from([0.125, 0.25, 0.5]), st.booleans(), st.sampled_from([None, 0, 1, 3]))
def test_the_very_frame_of_mlxtend(name, frame, min_support, use_colnames, max_len):
    """Values, dtypes, index and the order of rows."""
    arguments = {"min_support": min_support, "use_colnames": use_colnames, "max_len": max_len}
    left, right = getattr(ours, name)(frame, **arguments), getattr(reference, name)(frame, **arguments)
    pd.testing.assert_frame_equal(left, right, check_exact=True, check_index_type="exact", check_dtype=len(right) > 0)
    if name == "apriori":
        for more in ({"low_memory": True}, {"n_jobs": 2}, {"verbose": 1}):
            pd.testing.assert_frame_equal(left, ours.apriori(frame, **arguments, **more))


KINDS = {
    "int": lambda frame: frame.astype(int),
    "float": lambda frame: frame.astype(float),
    "object": lambda frame: frame.astype(object),
    "int object": lambda frame: frame.astype(int).astype(object),
    "mixed": lambda frame: frame.astype({"milk": int, "jam": float}),
    "nullable boolean": lambda frame: frame.astype("boolean"),
    "nullable integer": lambda frame: frame.astype("Int8"),
    "arrow": lambda frame: frame.astype("bool[pyarrow]"),
    "sparse bool": lambda frame: frame.astype(pd.SparseDtype(bool, False)),
    "sparse int": lambda frame: frame.astype(pd.SparseDtype(int, 0)),
    "sparse float": lambda frame: frame.astype(pd.SparseDtype(float, 0.0)),
    "some sparse": lambda frame: frame.assign(jam=frame["jam"].astype(pd.SparseDtype(bool, False))),
    "integer columns": lambda frame: frame.rename(columns=dict(zip(NAMES, range(5)))),
    "columns of tuples": lambda frame: frame.rename(columns={name: (name, 1) for name in NAMES}),
    "columns not in order": lambda frame: frame[NAMES[::-1]],
    "rows with names": lambda frame: frame.set_index(pd.Index([f"row {k}" for k in range(len(frame))])),
}


@pytest.mark.parametrize("name", MINERS)
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_frames(name, kind):
    frame = pd.DataFrame(np.random.default_rng(1).random((32, 5)) < 0.6, columns=NAMES)
    for use_colnames in (True, False):
        if (name, kind) != ("hmine", "columns of tuples"):  # mlxtend fails there
            assert_same_itemsets(name, KINDS[kind](frame), min_support=0.25, use_colnames=use_colnames)


def test_kinds_of_frames_that_mlxtend_refuses():
    plain = pd.DataFrame({"a": [True, True, False], "b": [True, False, True]})
    golden = ours.apriori(plain, 0.3)
    for frame in (
        plain.astype(pd.SparseDtype(bool, True)),
        plain.astype(pd.SparseDtype(int, 1)),
        plain.astype(float).astype(pd.SparseDtype(float, np.nan)),
        plain.rename(columns={"a": 7, "b": 9}).astype(pd.SparseDtype(bool, False)),
    ):
        with pytest.raises(ValueError, match="fill value must be 0|Due to current limitations"):
            reference.apriori(frame, 0.3)
        pd.testing.assert_frame_equal(ours.apriori(frame, 0.3), golden)
    known = plain.astype(object)
    known.loc[0, "a"] = None
    for frame in (known, known.astype("boolean"), known.astype(float).astype(pd.SparseDtype(float, 0.0))):
        found = ours.fpgrowth(frame, 0.3, null_values=True, use_colnames=True)
        assert dict(zip(found["itemsets"], found["support"])) == {frozenset("a"): 0.5, frozenset("b"): 2 / 3}


def test_hmine_tells_columns_of_one_name_apart():
    frame = pd.DataFrame([[True, True], [True, False]], columns=["a", "a"])
    assert ours.hmine(frame, 0.5)["itemsets"].tolist() == [{0}, {0, 1}, {1}]
    assert reference.hmine(frame, 0.5)["itemsets"].tolist() == [{1}]


def test_nullable_booleans():
    plain = pd.DataFrame({"a": [True, True, False], "b": [True, False, True]})
    frame = plain.astype("boolean")
    pd.testing.assert_frame_equal(ours.apriori(frame, 0.3), ours.apriori(plain, 0.3))
    frame.loc[0, "a"] = pd.NA
    with pytest.raises(ValueError, match="NaN values are not permitted"):
        ours.apriori(frame, 0.3)
    known = ours.fpgrowth(frame, 0.3, null_values=True, use_colnames=True)
    assert dict(zip(known["itemsets"], known["support"])) == {frozenset("a"): 0.5, frozenset("b"): 2 / 3}


def test_fpmax_with_max_len_returns_maximal_itemsets_only():
    rows = [[3], [2], [1, 3], [1, 2], [1, 2, 3]]
    frame = pd.DataFrame([[item in row for item in range(4)] for row in rows])
    assert set(ours.fpmax(frame, 0.4)["itemsets"]) == {frozenset({1, 2}), frozenset({1, 3})}
    assert len(ours.fpmax(frame, 0.4, max_len=1)) == 0
    assert set(reference.fpmax(frame, 0.4, max_len=1)["itemsets"]) == {frozenset({2}), frozenset({3})}  # not maximal


@pytest.mark.parametrize("name", MINERS)
def test_boundary_itemsets_are_kept(name):
    """7 of 100 rows at min_support 0.07: 0.07·100 is 7.000000000000001 in floats."""
    frame = pd.DataFrame({"a": [True] * 7 + [False] * 93})
    assert len(getattr(ours, name)(frame, min_support=0.07)) == 1


def test_groceries_boundary(shared_data):
    baskets = read_groceries(shared_data)
    held = np.zeros((len(baskets), len(baskets.products)), dtype=bool)
    held[np.repeat(np.arange(len(baskets)), baskets.sizes), baskets.item] = True
    frame = pd.DataFrame(held, columns=list(baskets.products.labels))
    assert len(ours.fpgrowth(frame, 109 / 9835)) == len(ours.hmine(frame, 109 / 9835)) == 278
    assert len(reference.fpgrowth(frame, 109 / 9835)) == 277
    assert len(reference.apriori(frame, 109 / 9835)) == 278


@pytest.mark.parametrize("name", ["fpgrowth", "fpmax"])
def test_null_values(name):
    rng = np.random.default_rng(4)
    for _ in range(12):
        cells = rng.choice([0.0, 1.0, 1.0, np.nan], p=[0.3, 0.3, 0.3, 0.1], size=(16, 5))
        frame = pd.DataFrame(cells, columns=NAMES)
        assert_same_itemsets(name, frame, min_support=0.25, null_values=True, use_colnames=True)


@pytest.mark.parametrize("name", MINERS)
def test_nothing_found(name):
    for frame in (pd.DataFrame({"a": [False, False]}), pd.DataFrame(), pd.DataFrame({"a": []}, dtype=bool)):
        found = getattr(ours, name)(frame, min_support=0.5)
        assert (list(found.columns), len(found)) == (["support", "itemsets"], 0)
        assert found.dtypes.tolist() == [np.dtype(float), np.dtype(object)]


@pytest.mark.parametrize("name", MINERS)
def test_max_len_at_its_ends(name):
    frame = pd.DataFrame([[True] * 3] * 2)
    assert_same_itemsets(name, frame, min_support=0.5, max_len=3)
    assert len(getattr(ours, name)(frame, 0.5, max_len=0)) == len(getattr(reference, name)(frame, 0.5, max_len=0))
    with pytest.raises(ValueError, match="`max_len` must be a number of items, or None. Got -1"):
        getattr(ours, name)(frame, 0.5, max_len=-1)


@pytest.mark.parametrize("name", MINERS)
@pytest.mark.parametrize("null_values", [False, True])
@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [2, 1]}),
        pd.DataFrame({"a": [2, 1]}).astype(pd.SparseDtype(int, 0)),
        pd.DataFrame({"a": [1, 0], "b": [0.5, -2.0]}),
        pd.DataFrame({"a": [1, 0], "b": [3, 4.0]}),
        pd.DataFrame({"a": ["x", "y"]}),
        pd.DataFrame({"a": [np.nan, 1]}),
        pd.DataFrame({"a": [np.nan, 7]}),
    ],
    ids=["int", "sparse", "float", "mixed", "text", "nan", "nan and 7"],
)
def test_bad_cells_have_the_errors_of_mlxtend(name, frame, null_values):
    if null_values and (name in ("apriori", "hmine") or frame["a"].dtype == object or not frame.isna().any().any()):
        return  # no such argument; a TypeError of NumPy in mlxtend; the same as without
    arguments = {"null_values": True} if null_values else {}
    if null_values and frame["a"].max() == 1:
        assert len(getattr(ours, name)(frame, 0.5, **arguments)) == 1
        return
    said = []
    for module in (ours, reference):
        with pytest.raises(ValueError) as caught:
            getattr(module, name)(frame, min_support=0.5, **arguments)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("name", MINERS)
@pytest.mark.parametrize("min_support", [0.0, -0.5, 1.5, float("inf")])
def test_bad_supports_have_the_errors_of_mlxtend(name, min_support):
    said = []
    for module in (ours, reference):
        with pytest.raises(ValueError) as caught:
            getattr(module, name)(pd.DataFrame({"a": [True]}), min_support=min_support)
        said.append(str(caught.value))
    assert said[0] == said[1]
    with pytest.raises(ValueError, match="`min_support` must be a positive number.*Got nan"):
        getattr(ours, name)(pd.DataFrame({"a": [True]}), min_support=float("nan"))
    with pytest.raises(AttributeError):
        getattr(ours, name)([[True]])
