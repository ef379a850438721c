"""Who is measured: a name, how its input is made (outside the clock), and the call that is timed.

Every call returns how many results it found, so that wrong ones show. A package that is not installed is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from affinity.counting import count_pairs, mine_itemsets
from affinity.tables import Baskets


@dataclass(frozen=True)
class Contender:
    """prepare(baskets) makes the input; run(input, min_count) is timed and returns the number of results."""

    name: str
    package: str
    prepare: Callable[[Baskets], Any]
    run: Callable[[Any, int], int]
    slow: bool = False


def as_is(baskets: Baskets) -> Baskets:
    return baskets


def as_lists(baskets: Baskets) -> list[list[int]]:
    item = baskets.item.tolist()
    return [item[first:last] for first, last in zip(baskets.indptr[:-1].tolist(), baskets.indptr[1:].tolist())]


def as_matrix(baskets: Baskets) -> Any:
    from scipy import sparse

    ones = np.ones(len(baskets.item), dtype=np.int32)
    return sparse.csr_array((ones, baskets.item, baskets.indptr), shape=(len(baskets), len(baskets.products)))


def as_frame(baskets: Baskets) -> Any:
    import pandas as pd

    return pd.DataFrame.sparse.from_spmatrix(as_matrix(baskets).astype(bool), columns=map(str, baskets.products.labels))


def run_pyfim(algorithm: str, variant: str) -> Callable[[Any, int], int]:
    def run(lists: list[list[int]], min_count: int) -> int:
        import fim

        return len(getattr(fim, algorithm)(lists, supp=-min_count, report="a", algo=variant))

    return run


def run_pyfim_pairs(lists: list[list[int]], min_count: int) -> int:
    import fim

    return len(fim.apriori(lists, supp=-min_count, zmin=2, zmax=2, report="a"))


def run_mlxtend(frame: Any, min_count: int) -> int:
    from mlxtend.frequent_patterns import fpgrowth

    return len(fpgrowth(frame, min_support=(min_count - 0.5) / len(frame)))


def run_scipy_pairs(matrix: Any, min_count: int) -> int:
    frequent = np.flatnonzero(matrix.sum(axis=0) >= min_count)
    kept = matrix.tocsc()[:, frequent].tocsr()
    together = (kept.T @ kept).tocoo()
    return int(((together.row < together.col) & (together.data >= min_count)).sum())


ITEMSETS = [
    Contender("affinity", "affinity", as_is, lambda b, c: len(mine_itemsets(b, min_count=c))),
    Contender("affinity, 1 thread", "affinity", as_is, lambda b, c: len(mine_itemsets(b, min_count=c, threads=1))),
    Contender("PyFIM eclat:a", "fim", as_lists, run_pyfim("eclat", "a")),
    Contender("PyFIM eclat:o", "fim", as_lists, run_pyfim("eclat", "o")),
    Contender("PyFIM fpgrowth:s", "fim", as_lists, run_pyfim("fpgrowth", "s")),
    Contender("mlxtend fpgrowth", "mlxtend", as_frame, run_mlxtend, slow=True),
]
PAIRS = [
    Contender("affinity", "affinity", as_is, lambda b, c: int((count_pairs(b).count >= c).sum())),
    Contender("affinity, 1 thread", "affinity", as_is, lambda b, c: int((count_pairs(b, threads=1).count >= c).sum())),
    Contender("SciPy XᵀX", "scipy", as_matrix, run_scipy_pairs),
    Contender("PyFIM apriori", "fim", as_lists, run_pyfim_pairs),
]


def installed(contenders: list[Contender]) -> list[Contender]:
    return [contender for contender in contenders if find_spec(contender.package)]
