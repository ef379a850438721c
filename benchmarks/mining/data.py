"""The sets of baskets: read once, kept as arrays on disk for the child processes, and as text and Parquet for programs."""

from __future__ import annotations

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from affinity.tables import Baskets
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True)
class Loaded:
    """Baskets in memory, and the folder that holds them as ``indptr.npy`` and ``item.npy`` and other files made from them."""

    name: str
    baskets: Baskets
    folder: Path

    @classmethod
    def open(cls, name: str, folder: Path) -> Loaded:
        """The baskets that `save` left; labels are the codes."""
        item = np.load(folder / "item.npy")
        products = Vocabulary("product", range(int(np.load(folder / "products.npy"))))
        return cls(name, Baskets(np.load(folder / "indptr.npy"), item, products), folder)

    def file(self, kind: str) -> Path:
        """The same baskets as a file of integers: "dat" (one basket a line), "dat.gz" or "parquet" (one line a row)."""
        path = self.folder / f"{self.name}.{kind}"
        if not path.exists():
            _WRITERS[kind](self, path)
        return path


def save(name: str, baskets: Baskets, folder: Path) -> Loaded:
    """Keep the arrays in ``folder``, with codes for labels."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "indptr.npy", baskets.indptr)
    np.save(folder / "item.npy", baskets.item)
    np.save(folder / "products.npy", len(baskets.products))
    return Loaded.open(name, folder)


def find(name: str, data: Path) -> Path | None:
    """``NAME.dat.gz`` or ``NAME.csv`` anywhere below the folder of real data."""
    found = sorted([*data.rglob(f"{name}.dat.gz"), *data.rglob(f"{name}.csv")])
    return found[0] if found else None


def read_baskets(path: Path) -> Baskets:
    """One basket a line: integers split by blanks, or (``.csv``) labels split by commas; a repeated item counts once."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    separator = b"," if path.suffix == ".csv" else None
    lines = [line.split(separator) for line in raw.splitlines() if line.strip()]
    words = [word for line in lines for word in line]
    values = np.array(words) if separator else np.array(words).astype(np.int64)
    labels, code = np.unique(values, return_inverse=True)
    basket = np.repeat(np.arange(len(lines), dtype=np.int64), [len(line) for line in lines])
    keys = np.unique(basket * len(labels) + code)
    indptr = np.searchsorted(keys, np.arange(len(lines) + 1, dtype=np.int64) * len(labels))
    names = [label.decode() for label in labels] if separator else labels.tolist()
    return Baskets(indptr.astype(np.int64), (keys % len(labels)).astype(np.int32), Vocabulary("product", names))


def as_lists(baskets: Baskets) -> list[list[int]]:
    """What list-based programs are given: a list of item codes a basket."""
    item = baskets.item.tolist()
    return [item[first:last] for first, last in zip(baskets.indptr[:-1].tolist(), baskets.indptr[1:].tolist())]


def as_matrix(baskets: Baskets) -> object:
    """SciPy CSR of ones, baskets × products."""
    from scipy import sparse

    ones = np.ones(len(baskets.item), dtype=np.int32)
    return sparse.csr_array((ones, baskets.item, baskets.indptr), shape=(len(baskets), len(baskets.products)))


def as_frame(baskets: Baskets) -> object:
    """mlxtend's one-hot frame: dense where a twentieth of the cells is held, sparse otherwise."""
    import pandas as pd

    names = [str(code) for code in range(len(baskets.products))]
    matrix = as_matrix(baskets).astype(bool)  # type: ignore[attr-defined]
    if matrix.nnz * 20 >= matrix.shape[0] * matrix.shape[1]:
        return pd.DataFrame(matrix.toarray(), columns=names)
    return pd.DataFrame.sparse.from_spmatrix(matrix, columns=names)


def _write_text(loaded: Loaded, path: Path) -> None:
    with path.open("w", encoding="ascii") as out:
        out.writelines(" ".join(map(str, basket)) + "\n" for basket in as_lists(loaded.baskets))


def _write_gzip(loaded: Loaded, path: Path) -> None:
    with loaded.file("dat").open("rb") as text, gzip.open(path, "wb", compresslevel=6) as out:
        shutil.copyfileobj(text, out)


def _write_parquet(loaded: Loaded, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    order = np.repeat(np.arange(len(loaded.baskets), dtype=np.int64), loaded.baskets.sizes)
    pq.write_table(pa.table({"order_id": order, "product_id": loaded.baskets.item.astype(np.int64)}), path)


_WRITERS = {"dat": _write_text, "dat.gz": _write_gzip, "parquet": _write_parquet}
