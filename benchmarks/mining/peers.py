"""The libraries that are compared with, each on the input it likes best and with every result kept in memory.

Thresholds are given so that none is wrong by rounding: a share half a basket below the count, where only a share is taken.
PyFIM's algorithms have no common best: all four are measured and the best of each row is what counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.mining.contender import Contender
from benchmarks.mining.data import Loaded, as_frame, as_lists, as_matrix
from benchmarks.mining.ours import frame_of, itemsets_of
from benchmarks.mining.rows import Row

PYFIM = {"eclat:a": ("eclat", "a"), "eclat:o": ("eclat", "o"), "fpgrowth:s": ("fpgrowth", "s"), "apriori:b": ("apriori", "b")}


def lists_of(loaded: Loaded, row: Row) -> list[list[int]]:
    return as_lists(loaded.baskets)


def matrix_of(loaded: Loaded, row: Row) -> Any:
    return as_matrix(loaded.baskets)


def one_hot_of(loaded: Loaded, row: Row) -> Any:
    return as_frame(loaded.baskets)


def tuples_of(loaded: Loaded, row: Row) -> list[tuple[int, ...]]:
    return [tuple(basket) for basket in as_lists(loaded.baskets)]


def text_frame_of(loaded: Loaded, row: Row) -> Any:
    import pandas as pd

    return pd.DataFrame({"Transactions": [" ".join(map(str, basket)) for basket in as_lists(loaded.baskets)]})


def pyfim(algorithm: str, variant: str, **options: Any) -> Callable[[Any, Row], Any]:
    def run(lists: list[list[int]], row: Row) -> Any:
        import fim

        return getattr(fim, algorithm)(lists, supp=-row.min_count, report="a", algo=variant, **options)

    return run


def pyfim_rules(algorithm: str, **options: Any) -> Callable[[Any, Row], Any]:
    """Mode "o": the support of a rule is that of both sides together; by default PyFIM takes the antecedent's."""

    def run(lists: list[list[int]], row: Row) -> Any:
        import fim

        least = 100 * row.min_confidence
        return getattr(fim, algorithm)(lists, supp=-row.min_count, conf=least, zmin=2, report="abh", mode="o", **options)

    return run


def mlxtend(algorithm: str) -> Callable[[Any, Row], Any]:
    def run(frame: Any, row: Row) -> Any:
        from mlxtend import frequent_patterns

        return getattr(frequent_patterns, algorithm)(frame, min_support=(row.min_count - 0.5) / len(frame))

    return run


def mlxtend_rules(frame: Any, row: Row) -> Any:
    from mlxtend.frequent_patterns import association_rules

    return association_rules(frame, metric="confidence", min_threshold=row.min_confidence)


def efficient_apriori(tuples: list[tuple[int, ...]], row: Row) -> Any:
    from efficient_apriori.itemsets import itemsets_from_transactions

    return itemsets_from_transactions(tuples, (row.min_count - 0.5) / len(tuples), max_length=1_000_000)[0]


def levels_of(loaded: Loaded, row: Row) -> Any:
    """efficient-apriori's itemsets: size -> {sorted tuple: count}, and the number of baskets."""
    levels: dict[int, dict[tuple[int, ...], int]] = {}
    for itemset, count in _counted(loaded, row):
        levels.setdefault(len(itemset), {})[itemset] = count
    return levels, len(loaded.baskets)


def efficient_apriori_rules(levels: Any, row: Row) -> Any:
    from efficient_apriori.rules import generate_rules_apriori

    return list(generate_rules_apriori(levels[0], row.min_confidence, levels[1]))


def pami(frame: Any, row: Row) -> Any:
    import contextlib
    import io

    from PAMI.frequentPattern.basic.FPGrowth import FPGrowth

    miner = FPGrowth(frame, row.min_count, sep=" ")
    with contextlib.redirect_stdout(io.StringIO()):
        miner.mine()
    return miner.getPatterns()


def orange(lists: list[list[int]], row: Row) -> Any:
    from orangecontrib.associate.fpgrowth import frequent_itemsets

    return dict(frequent_itemsets(lists, row.min_count))


def counts_of(loaded: Loaded, row: Row) -> dict[frozenset[int], int]:
    return {frozenset(itemset): count for itemset, count in _counted(loaded, row)}


def orange_rules(counts: Any, row: Row) -> Any:
    from orangecontrib.associate.fpgrowth import association_rules

    return list(association_rules(counts, row.min_confidence))


def scipy_pairs(matrix: Any, row: Row) -> Any:
    import numpy as np

    frequent = np.flatnonzero(matrix.sum(axis=0) >= row.min_count)
    kept = matrix.tocsc()[:, frequent].tocsr()
    together = (kept.T @ kept).tocoo()
    wanted = (together.row < together.col) & (together.data >= row.min_count)
    return np.column_stack([frequent[together.row[wanted]], frequent[together.col[wanted]], together.data[wanted]])


def _counted(loaded: Loaded, row: Row) -> list[tuple[tuple[int, ...], int]]:
    found = itemsets_of(loaded, row)
    bounds, item, count = found.indptr.tolist(), found.item.tolist(), found.count.tolist()
    return [(tuple(item[first:last]), n) for first, last, n in zip(bounds[:-1], bounds[1:], count)]


def _levels(result: Any, row: Row) -> int:
    return sum(map(len, result.values()))


def _pyfim(name: str, run: Callable[[Any, Row], Any]) -> Contender:
    return Contender(f"PyFIM {name}", lists_of, run, module="fim", package="pyfim", group="pyfim")


EFFICIENT: dict[str, Any] = {"module": "efficient_apriori", "package": "efficient-apriori"}
ORANGE: dict[str, Any] = {"module": "orangecontrib.associate", "package": "orange3-associate"}
MLXTEND: dict[str, Any] = {"module": "mlxtend", "package": "mlxtend", "group": "mlxtend"}
PEERS = {
    "itemsets": [
        *(_pyfim(name, pyfim(*of)) for name, of in PYFIM.items()),
        *(Contender(f"mlxtend {name}", one_hot_of, mlxtend(name), **MLXTEND) for name in ("fpgrowth", "apriori", "hmine")),
        Contender("efficient-apriori", tuples_of, efficient_apriori, _levels, **EFFICIENT),
        Contender("PAMI FPGrowth", text_frame_of, pami, module="PAMI", package="pami"),
        Contender("Orange3-Associate", lists_of, orange, **ORANGE),
    ],
    "pairs": [
        *(_pyfim(name, pyfim(*of, zmin=2, zmax=2)) for name, of in PYFIM.items()),
        Contender("SciPy XᵀX", matrix_of, scipy_pairs, module="scipy", package="scipy"),
    ],
    "rules": [
        Contender("mlxtend association_rules", frame_of, mlxtend_rules, **MLXTEND),
        Contender("efficient-apriori", levels_of, efficient_apriori_rules, **EFFICIENT),
        Contender("Orange3-Associate", counts_of, orange_rules, **ORANGE),
    ],
    "consequents": [
        _pyfim("eclat", pyfim_rules("eclat", target="r")),
        _pyfim("fpgrowth", pyfim_rules("fpgrowth", target="r")),
        _pyfim("apriori", pyfim_rules("apriori", target="r")),
        _pyfim("arules", pyfim_rules("arules")),
    ],
}  # fmt: skip
