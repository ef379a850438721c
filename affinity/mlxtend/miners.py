"""The four miners of mlxtend over `affinity.counting.mine_itemsets`."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.counting.itemsets import count_of_support, mine_itemsets
from affinity.mlxtend.cells import Bits, as_baskets, count_bits, read_cells
from affinity.mlxtend.itemsets import make_frozensets
from affinity.tables import ItemsetCounts

#: Words of rows that a support among known rows is counted over at a time.
WORDS = 4_000_000


def apriori(
    df: Any,
    min_support: float = 0.5,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
    low_memory: bool = False,
    n_jobs: int = 1,
) -> Any:
    """Frequent itemsets of a one-hot frame: columns support (float64) and itemsets (frozenset).

    df           : pandas.DataFrame of True/False or 0/1, dense, sparse or nullable, a transaction a row
    min_support  : share of rows in (0, 1]; use_colnames : column names instead of positions; max_len : items at most

    >>> import pandas as pd
    >>> found = apriori(pd.DataFrame({"a": [True, True], "b": [True, False]}), min_support=0.6, use_colnames=True)
    >>> found.to_dict("list") == {"support": [1.0], "itemsets": [frozenset({"a"})]}
    True
    """
    _require_support(min_support)
    return _frequent(df, min_support, False, use_colnames, max_len, "frequent")


def fpgrowth(
    df: Any,
    min_support: float = 0.5,
    null_values: bool = False,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
) -> Any:
    """Frequent itemsets, as `apriori`; with ``null_values`` the frame may hold NaN.

    An itemset's support is then its share of the rows that know all its items, and itemsets are looked for among
    those that at least min_support·n rows hold or may hold.
    """
    return _frequent(df, min_support, null_values, use_colnames, max_len, "frequent")


def fpmax(
    df: Any,
    min_support: float = 0.5,
    null_values: bool = False,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
) -> Any:
    """Maximal frequent itemsets: no larger itemset of any size is frequent; of these, those of at most ``max_len`` items."""
    found = _frequent(df, min_support, null_values, use_colnames, max_len, "maximal")
    return found.iloc[:0] if max_len == 0 else found


def hmine(df: Any, min_support: float = 0.5, use_colnames: bool = False, max_len: int | None = None, verbose: int = 0) -> Any:
    """Frequent itemsets, as `apriori`; each before those that begin with it, and of dtype object, as in mlxtend."""
    found = _frequent(df, min_support, False, use_colnames, max_len, "frequent", by_size=False)
    return found.astype(object) if len(found) else found


def _require_support(min_support: float) -> None:
    if not 0.0 < min_support <= 1.0:
        raise ValueError(f"`min_support` must be a positive number within the interval `(0, 1]`. Got {min_support}.")


def _frequent(
    df: Any,
    min_support: float,
    null_values: bool,
    use_colnames: bool,
    max_len: int | None,
    target: Any,
    *,
    by_size: bool = True,
) -> Any:
    import pandas as pd

    held, unknown = read_cells(df, null_values)
    _require_support(min_support)
    if max_len is not None and max_len < 0:
        raise ValueError(f"`max_len` must be a number of items, or None. Got {max_len}.")
    n = len(df)
    if not null_values:
        found = mine_itemsets(as_baskets(held), min_support=min_support, max_size=max_len or None, target=target)
        support = found.count / max(n, 1)
    else:
        found = _mine_with_unknown(held, unknown, min_support, max_len, target)
        support = _known_support(found, held, unknown)
    labels = np.array([None, *df.columns], dtype=object)[1:] if use_colnames else np.arange(df.shape[1])
    itemsets = make_frozensets(found.indptr, found.item, labels)
    rows = np.arange(len(found)) if by_size else _depth_first(found)
    kept = rows[support[rows] >= min_support]
    return pd.DataFrame({"support": support[kept], "itemsets": pd.Series(itemsets[kept], dtype=object)})


def _depth_first(found: ItemsetCounts) -> np.ndarray:
    """Rows in the order of their items, an itemset before those that begin with it."""
    sizes = found.sizes
    table = np.full((len(found), int(sizes.max(initial=0))), -1)
    table[np.arange(table.shape[1]) < sizes[:, None]] = found.item
    return np.lexsort(table.T[::-1]) if table.shape[1] else np.arange(len(found))


def _mine_with_unknown(held: Any, unknown: np.ndarray, min_support: float, max_len: int | None, target: Any) -> ItemsetCounts:
    """Itemsets that enough rows hold or may hold, of items frequent among the rows that know them."""
    from scipy import sparse

    may = held.toarray() | unknown
    known = np.maximum(held.shape[0] - unknown.sum(axis=0), 1)
    may[:, held.sum(axis=0) / known < min_support] = False
    possible = sparse.csr_array(may)
    possible.sort_indices()
    least = count_of_support(min_support, held.shape[0])
    return mine_itemsets(as_baskets(possible), min_count=least, max_size=max_len or None, target=target)


def _known_support(found: ItemsetCounts, held: Any, unknown: np.ndarray) -> np.ndarray:
    """float64: rows that hold all items over rows that know all of them; 0 where none knows them."""
    bits, support, sizes = Bits(held.toarray(), unknown), np.zeros(len(found)), found.sizes
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        step = max(WORDS // max(size * bits.ones.shape[1], 1), 1)
        for part in (rows[first : first + step] for first in range(0, len(rows), step)):
            items = found.item[found.indptr[part][:, None] + np.arange(size)]
            known = held.shape[0] - count_bits(bits.some_unknown(items))
            support[part] = count_bits(bits.all_held(items)) / np.maximum(known, 1)
    return support
