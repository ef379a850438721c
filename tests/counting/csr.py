"""Small tables from plain lists, and the strategies that make the lists."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from affinity.tables import Baskets, Holdings
from affinity.vocabulary import Vocabulary


def flatten(rows):
    """indptr int64 and item int32 of rows of codes (made sorted and distinct)."""
    rows = [sorted(set(row)) for row in rows]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return indptr, np.array([item for row in rows for item in row], dtype=np.int32)


def make_baskets(rows, n_items):
    """Baskets of item codes below ``n_items``; the labels are numbered texts in code order."""
    return Baskets(*flatten(rows), products=make_products(n_items))


def make_products(n_items):
    return Vocabulary("product", [f"P{code:04d}" for code in range(n_items)])


def make_holdings(rows, n_items):
    """Holdings of customers who own the codes of their row."""
    indptr, product = flatten(rows)
    nothing = np.zeros(len(product), dtype=np.int32)
    customers = Vocabulary("customer", [f"C{k:04d}" for k in range(len(rows))])
    end = np.ones(len(rows), dtype=np.int32)
    return Holdings(indptr, product, nothing, nothing, nothing + 1, end, customers, make_products(n_items), None)


def rows_of(n_items, max_rows=30):
    """Hypothesis: lists of baskets, empty and repeated ones among them."""
    return st.lists(st.lists(st.integers(0, n_items - 1), max_size=n_items, unique=True), max_size=max_rows)


@lru_cache(maxsize=2)
def read_fimi(folder: Path, name: str) -> Baskets:
    """A public set of baskets; labels are the integers of the file."""
    with gzip.open(folder / "fimi" / f"{name}.dat.gz") as file:
        words = np.fromstring(
            (file.read().strip() + b"\n").replace(b"\n", b" -1 "), dtype=np.int64, sep=" "
        )  # −1 ends a basket
    row, held = np.cumsum(words < 0), words >= 0
    labels, code = np.unique(words[held], return_inverse=True)
    pairs = np.unique(row[held] * len(labels) + code)
    indptr = np.searchsorted(pairs, np.arange(row[-1] + 1) * len(labels)).astype(np.int64)
    return Baskets(indptr, (pairs % len(labels)).astype(np.int32), Vocabulary("product", labels.tolist()))


def read_groceries(folder: Path) -> Baskets:
    """The 9,835 grocery baskets."""
    with open(folder / "retail" / "groceries.csv", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split(",") for line in lines if line.strip()]
    products = Vocabulary.of("product", (item for row in rows for item in row))
    indptr, item = flatten([products.encode(row).tolist() for row in rows])
    return Baskets(indptr, item, products)
