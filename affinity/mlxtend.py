"""A drop-in for ``mlxtend.frequent_patterns``: change the import line, keep the script.

    from affinity.mlxtend import apriori, association_rules, fpgrowth, fpmax, hmine

Signatures, columns and values are those of mlxtend 0.25. Differences, all on purpose: an itemset whose support
equals ``min_support`` is always there (mlxtend's fpgrowth, fpmax and hmine round ``min_support·n`` up in floats and
lose some); fpmax with ``max_len`` returns maximal itemsets only (mlxtend's also returns some that a larger frequent
one contains); rows come by size, then by column; ``verbose``, ``low_memory`` and ``n_jobs`` are accepted and do nothing;
frames of 0 and 1 are taken without a warning.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.counting.itemsets import count_of_support, mine_itemsets
from affinity.tables import Baskets, ItemsetCounts
from affinity.vocabulary import Vocabulary

METRICS = (
    "antecedent support", "consequent support", "support", "confidence", "lift", "representativity", "leverage",
    "conviction", "zhangs_metric", "jaccard", "certainty", "kulczynski",
)  # fmt: skip


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
    return _frequent(df, min_support, null_values, use_colnames, max_len, "maximal")


def hmine(df: Any, min_support: float = 0.5, use_colnames: bool = False, max_len: int | None = None, verbose: int = 0) -> Any:
    """Frequent itemsets, as `apriori` (both columns have dtype object, as in mlxtend)."""
    return _frequent(df, min_support, False, use_colnames, max_len, "frequent").astype(object)


def association_rules(  # noqa: PLR0913, PLR0917 (the signature of mlxtend)
    df: Any,
    num_itemsets: int | None = 1,
    df_orig: Any = None,
    null_values: bool = False,
    metric: str = "confidence",
    min_threshold: float = 0.8,
    support_only: bool = False,
    return_metrics: list[str] = list(METRICS),  # noqa: B006 (read only)
) -> Any:
    """All rules A → C with A ∪ C an itemset of ``df`` and metric ≥ min_threshold, with the twelve metrics of mlxtend.

    df            : frame with columns support and itemsets, all subsets of each itemset among them
    num_itemsets, df_orig : rows of the data and the data, both needed with ``null_values``
    support_only  : only the support is computed, so subsets may be missing; the other metrics are NaN
    Conviction is infinite at confidence 1; zhangs_metric and certainty are 0 where their denominator is 0.
    """
    import pandas as pd

    _require_rules_input(df, num_itemsets, df_orig, null_values)
    metric = "support" if support_only else metric
    if metric not in METRICS:
        raise ValueError(f"Metric must be 'confidence' or 'lift', got '{metric}'")
    itemsets = [frozenset(int(i) if isinstance(i, np.generic) else i for i in itemset) for itemset in df["itemsets"]]
    rules = _Candidates(itemsets, support_only)
    support = df["support"].to_numpy(dtype=float)
    both = support[rules.both]
    if support_only:
        values = dict.fromkeys(return_metrics, np.full(len(both), np.nan)) | {"support": both}
    else:
        sides = support[rules.antecedent], support[rules.consequent]
        unknown = _count_unknown(rules, df_orig) if null_values else np.zeros((5, len(both)))
        values = _measure(both, sides, unknown, num_itemsets or 1)
    kept = np.flatnonzero(values[metric] >= min_threshold)
    if len(kept) == 0:
        return pd.DataFrame(columns=["antecedents", "consequents", *return_metrics])
    columns = {"antecedents": rules.sets(rules.antecedent[kept]), "consequents": rules.sets(rules.consequent[kept])}
    names = [*return_metrics, *({"support"} - set(return_metrics))] if support_only else return_metrics
    return pd.DataFrame({**columns, **{name: values[name][kept] for name in names}})


def _frequent(df: Any, min_support: float, null_values: bool, use_colnames: bool, max_len: int | None, target: Any) -> Any:
    import pandas as pd

    if min_support <= 0.0 or min_support > 1.0:
        raise ValueError(f"`min_support` must be a positive number within the interval `(0, 1]`. Got {min_support}.")
    held, unknown = _cells(df, null_values)
    n = len(df)
    if not null_values:
        found = mine_itemsets(_baskets(held), min_support=min_support, max_size=max_len or None, target=target)
        support = found.count / max(n, 1)
    else:
        found = _mine_with_unknown(held, unknown, min_support, max_len, target)
        support = _known_support(found, held, unknown)
    labels = np.array([None, *df.columns], dtype=object)[1:] if use_colnames else np.arange(df.shape[1])
    itemsets = _frozensets(found, labels)
    kept = np.flatnonzero(support >= min_support)
    return pd.DataFrame({"support": support[kept], "itemsets": pd.Series(itemsets[kept], dtype=object)})


def _frozensets(found: ItemsetCounts, labels: np.ndarray) -> np.ndarray:
    itemsets, sizes = np.empty(len(found), dtype=object), found.sizes
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        items = labels[found.item[found.indptr[rows][:, None] + np.arange(size)]]
        for row, members in zip(rows.tolist(), items.tolist()):
            itemsets[row] = frozenset(members)
    return itemsets


def _cells(df: Any, null_values: bool) -> tuple[Any, np.ndarray]:
    """(scipy CSR of the ones, bool[rows, columns] of the unknown cells or an empty array)."""
    from scipy import sparse

    if df.size == 0:
        return sparse.csr_array(df.shape, dtype=bool), np.zeros((0, 0), dtype=bool)
    if hasattr(df, "sparse"):
        values = df.sparse.to_coo()
        _require_binary(values.data, null_values)
        unknown = np.isnan(values.data.astype(float))
        mask = np.zeros(df.shape if null_values else (0, 0), dtype=bool)
        mask[values.row[unknown], values.col[unknown]] = True
        ones = (~unknown) & (values.data != 0)
        rows, columns = values.row[ones], values.col[ones]
    else:
        table = df.to_numpy()
        if table.dtype != bool:
            table = df.to_numpy(dtype=float, na_value=np.nan)
            _require_binary(table, null_values)
        mask = np.isnan(table) if null_values else np.zeros((0, 0), dtype=bool)
        columns, rows = np.nonzero((table == 1).T)  # frames lie column by column
    held = sparse.csr_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=df.shape)
    held.sort_indices()
    return held, mask


def _require_binary(values: np.ndarray, null_values: bool) -> None:
    missing = np.isnan(values.astype(float))
    if missing.any() and not null_values:
        raise ValueError("NaN values are not permitted in the DataFrame when null_values=False.")
    wrong = values[~missing & (values != 0) & (values != 1)]
    if len(wrong):
        allowed = "True, False, 0, 1, NaN" if null_values else "True, False, 0, 1"
        raise ValueError(f"The allowed values for a DataFrame are {allowed}. Found value {wrong[0]}")


def _baskets(held: Any) -> Baskets:
    columns = Vocabulary("column", range(held.shape[1]))
    return Baskets(held.indptr.astype(np.int64), held.indices.astype(np.int32), columns)


def _mine_with_unknown(held: Any, unknown: np.ndarray, min_support: float, max_len: int | None, target: Any) -> ItemsetCounts:
    """Itemsets that enough rows hold or may hold, of items frequent among the rows that know them."""
    from scipy import sparse

    may = held.toarray() | unknown
    known = np.maximum(held.shape[0] - unknown.sum(axis=0), 1)
    may[:, held.sum(axis=0) / known < min_support] = False
    possible = sparse.csr_array(may)
    possible.sort_indices()
    least = count_of_support(min_support, held.shape[0])
    return mine_itemsets(_baskets(possible), min_count=least, max_size=max_len or None, target=target)


def _known_support(found: ItemsetCounts, held: Any, unknown: np.ndarray) -> np.ndarray:
    """float64: rows that hold all items over rows that know all of them; 0 where none knows them."""
    ones, support = held.toarray(), np.zeros(len(found))
    for row, (first, last) in enumerate(zip(found.indptr[:-1], found.indptr[1:])):
        items = found.item[first:last]
        known = ~unknown[:, items].any(axis=1)
        support[row] = ones[:, items].all(axis=1).sum() / max(known.sum(), 1)
    return support


def _require_rules_input(df: Any, num_itemsets: int | None, df_orig: Any, null_values: bool) -> None:
    if null_values and df_orig is None:
        raise TypeError("If null values exist, df_orig must be provided.")
    if null_values and num_itemsets == 1:
        raise TypeError("If null values exist, num_itemsets must be provided.")
    if df_orig is not None and df_orig.size:
        _cells(df_orig, null_values)
    if not df.shape[0]:
        raise ValueError("The input DataFrame `df` containing the frequent itemsets is empty.")
    if not all(name in df.columns for name in ("support", "itemsets")):
        raise ValueError("Dataframe needs to contain the columns 'support' and 'itemsets'")


class _Candidates:
    """Every split of every itemset in two, as rows of the frame: both sides together, antecedent, consequent.

    An itemset is keyed by its item numbers, rising, as the digits of one integer: exact, and the keys of all its
    subsets are made by one doubling an item. The consequents are the antecedents in reverse.
    """

    def __init__(self, itemsets: list[frozenset[Any]], may_miss: bool) -> None:
        items = list(dict.fromkeys(item for itemset in itemsets for item in itemset))
        numbers = {item: number for number, item in enumerate(items, start=1)}
        digits = [sorted(numbers[item] for item in itemset) for itemset in itemsets]
        base = len(items) + 1
        self.itemsets = list(itemsets)
        row_of = {_subset_keys(number, base)[-1]: row for row, number in enumerate(digits)}
        sides: tuple[list[int], list[int], list[int]] = ([], [], [])
        for row in list(row_of.values()):
            keys = _subset_keys(digits[row], base)[1:-1]
            rows = [row_of.get(key, -1) for key in keys]
            for place in [place for place, found in enumerate(rows) if found < 0]:
                members = frozenset(items[d - 1] for t, d in enumerate(digits[row]) if (place + 1) >> t & 1)
                if not may_miss:
                    raise KeyError(
                        f"{members} is not among the itemsets: the frame lacks antecedents or consequents of its "
                        "itemsets. Pass support_only=True, which needs none of them."
                    )
                row_of[keys[place]] = rows[place] = len(self.itemsets)
                self.itemsets.append(members)
            for side, part in zip(sides, ([row] * len(rows), rows, rows[::-1])):
                side.extend(part)
        self.both, self.antecedent, self.consequent = (np.array(side, dtype=np.int64) for side in sides)

    def sets(self, rows: np.ndarray) -> np.ndarray:
        """object: the frozensets of these rows."""
        all_sets = np.empty(len(self.itemsets), dtype=object)
        all_sets[:] = self.itemsets
        return all_sets[rows]


def _subset_keys(digits: list[int], base: int) -> list[int]:
    """Keys of all subsets: subset m holds digit t when bit t of m is set."""
    keys = [0]
    for digit in digits:
        keys += [key * base + digit for key in keys]
    return keys


def _measure(both: np.ndarray, sides: tuple[np.ndarray, np.ndarray], unknown: np.ndarray, n: int) -> dict[str, np.ndarray]:
    """The twelve metrics; ``unknown`` holds the five counts of `_count_unknown`."""
    a, c = sides
    in_both, in_a, in_c, in_c_of_a, in_a_of_c = unknown
    with np.errstate(divide="ignore", invalid="ignore"):
        confidence = both * (n - in_both) / (a * (n - in_a) - in_c_of_a)
        reverse = both * (n - in_both) / (c * (n - in_c) - in_a_of_c)
        leverage = both - a * c
        larger = np.maximum(both * (1 - a), a * (c - both))
        return {
            "antecedent support": a,
            "consequent support": c,
            "support": both,
            "confidence": confidence,
            "lift": confidence / c,
            "representativity": (n - in_both) / n,
            "leverage": leverage,
            "conviction": np.where(confidence < 1.0, (1.0 - c) / (1.0 - confidence), np.inf),
            "zhangs_metric": np.where(larger == 0, 0, leverage / larger),
            "jaccard": both / (a + c - both),
            "certainty": np.where(1 - c == 0, 0, (confidence - c) / (1 - c)),
            "kulczynski": (confidence + reverse) / 2,
        }


def _count_unknown(rules: _Candidates, df_orig: Any) -> np.ndarray:
    """float64[5, rules]: rows with an unknown item in both sides together, in A, in C; of these last two, the rows
    that hold all of A with something of C unknown, and all of C with something of A unknown.
    """
    held, unknown = _cells(df_orig, True)
    ones = held.toarray()
    position = {name: place for place, name in enumerate(df_orig.columns)}
    by_place = all(isinstance(item, (int, np.integer)) for item in rules.itemsets[0])
    some, every = [], []
    for itemset in rules.itemsets:
        places = [item if by_place else position[item] for item in itemset]
        some.append(unknown[:, places].any(axis=1))
        every.append(ones[:, places].all(axis=1))
    counts = [
        ((some[a] | some[c]).sum(), some[a].sum(), some[c].sum(), (some[c] & every[a]).sum(), (some[a] & every[c]).sum())
        for a, c in zip(rules.antecedent.tolist(), rules.consequent.tolist())
    ]
    return np.array(counts, dtype=float).reshape(-1, 5).T
