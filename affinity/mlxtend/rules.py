"""The association rules of mlxtend, by the kernel of `affinity.rules`."""

from __future__ import annotations

from itertools import combinations
from typing import Any, NoReturn

import numpy as np

from affinity.mlxtend.cells import Bits, count_bits, read_cells
from affinity.mlxtend.itemsets import ItemsetColumn, add_parts, read_itemsets
from affinity.mlxtend.metrics import METRICS, Metrics
from affinity.rules.splits import Filters, Found, Splits, count_candidates, find_rules
from affinity.rules.subsets import first_rows, link_itemsets

#: Words of rows that unknown cells are counted over at a time.
WORDS = 1_000_000


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

    held = _require_input(df, num_itemsets, df_orig, null_values)
    metric = "support" if support_only else metric
    if metric not in METRICS:
        raise ValueError(f"Metric must be 'confidence' or 'lift', got '{metric}'")
    itemsets, support, found = _split(df, support_only, metric, min_threshold, None if null_values else num_itemsets or 1)
    both = support[found.xy]
    if support_only:
        values: Any = dict.fromkeys(return_metrics, np.full(len(both), np.nan)) | {"support": both}
    else:
        unknown = _count_unknown(itemsets, found, df_orig, held) if null_values else None
        values = Metrics(both, support[found.x], support[found.y], num_itemsets or 1, unknown)
    score = values[metric]
    kept = np.flatnonzero(score >= min_threshold)
    if len(kept) == 0:
        return pd.DataFrame(columns=["antecedents", "consequents", *return_metrics])
    names = [*return_metrics, *({"support"} - set(return_metrics))] if support_only else return_metrics
    every = slice(None) if len(kept) == len(score) else kept
    figures = np.empty((len(names), len(kept)))
    for row, name in zip(figures, names):
        row[:] = values[name][every]
    # One block of figures, taken over as it is.
    frame = pd.DataFrame(figures.T, columns=names, copy=False)
    sets = np.fromiter(itemsets.sets, dtype=object, count=len(itemsets.sets))
    frame.insert(0, "antecedents", pd.Series(sets[found.x[every]], dtype=object))
    frame.insert(1, "consequents", pd.Series(sets[found.y[every]], dtype=object))
    return frame


def _require_input(df: Any, num_itemsets: int | None, df_orig: Any, null_values: bool) -> Any:
    """The cells of ``df_orig``, None without it."""
    if null_values and df_orig is None:
        raise TypeError("If null values exist, df_orig must be provided.")
    if null_values and num_itemsets == 1:
        raise TypeError("If null values exist, num_itemsets must be provided.")
    held = None if df_orig is None else read_cells(df_orig, null_values)
    if not df.shape[0]:
        raise ValueError("The input DataFrame `df` containing the frequent itemsets is empty.")
    if not all(name in df.columns for name in ("support", "itemsets")):
        raise ValueError("Dataframe needs to contain the columns 'support' and 'itemsets'")
    return held


def _split(df: Any, support_only: bool, metric: str, least: float, n: int | None) -> tuple[ItemsetColumn, np.ndarray, Found]:
    """(itemsets of the frame, and their parts where these are missing and may be; their supports; the rules).

    The rules are those that pass ``metric`` ≥ ``least`` where the kernel can tell, else all. n : rows of the data,
    None where cells are unknown.
    """
    rows = df["itemsets"].tolist()
    itemsets = read_itemsets(rows)
    count_candidates(first_rows(np.sort(np.diff(itemsets.indptr))), None)
    order, drop, same_as, missing = _link(itemsets)
    if missing[0] >= 0:
        if not support_only:
            _complain(itemsets.sets)
        itemsets = read_itemsets(add_parts(itemsets.sets))
        order, drop, same_as, _ = _link(itemsets)
    support = np.full(len(itemsets.sets), np.nan)
    support[same_as[: len(rows)]] = df["support"].to_numpy(dtype=float)  # of rows that repeat, the last counts
    support[: len(rows)] = support[same_as[: len(rows)]]
    sizes = np.diff(itemsets.indptr)
    wanted = np.arange(len(rows))
    wanted = wanted[(same_as[: len(rows)] == wanted) & (sizes[: len(rows)] > 1)]
    if metric == "support":
        wanted = wanted[support[wanted] >= least]
    kernel_tells = n is not None and not support_only
    filters = Filters(
        n=1.0,
        factor=float(n or 1),
        min_confidence=least if kernel_tells and metric == "confidence" else -np.inf,
        min_lift=least if kernel_tells and metric == "lift" else -np.inf,
    )
    single = np.full(len(itemsets.labels), -1, dtype=np.int32)
    singles = order[sizes[order] == 1]
    single[itemsets.item[itemsets.indptr[singles]]] = same_as[singles]
    csr = itemsets.indptr, itemsets.item, drop, single
    splits = _larger_antecedents_first(int(sizes[wanted].max(initial=0)))
    return itemsets, support, find_rules(wanted, csr, support, splits, filters, itemsets.place)


def _link(itemsets: ItemsetColumn) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, int]]:
    """(rows by size, and what `link_itemsets` returns)."""
    sizes = np.diff(itemsets.indptr)
    order = np.argsort(sizes, kind="stable")
    order = order[sizes[order] > 0]
    drop, same_as, missing = link_itemsets(itemsets.indptr, itemsets.item, order, len(itemsets.labels))
    empty = np.flatnonzero(sizes == 0)
    same_as[empty] = empty[:1]
    return order, drop, same_as, missing


def _larger_antecedents_first(largest: int) -> Splits:
    """All splits, the antecedents in the order of `itertools.combinations`, those of most items first."""
    masks = []
    for size in range(largest + 1):
        mask = np.arange(1, max((1 << size) - 1, 1), dtype=np.int64)
        bits = (mask[:, None] >> np.arange(size)) & 1
        mirrored = (bits << np.arange(size)[::-1]).sum(axis=1)
        masks.append(mask[np.lexsort((-mirrored, -bits.sum(axis=1)))])
    first = np.concatenate([[0], np.cumsum([len(mask) for mask in masks])]).astype(np.int64)
    return Splits(np.concatenate(masks), first, np.empty(0, dtype=np.int64), [])


def _complain(itemsets: list[frozenset[Any]]) -> NoReturn:
    """KeyError of the first part of an itemset that is not among them."""
    known = set(itemsets)
    missing = next(
        side
        for itemset in (frozenset(iter(itemset)) for itemset in itemsets)  # iterated as mlxtend iterates its copies
        for size in range(len(itemset) - 1, 0, -1)
        for antecedent in map(frozenset, combinations(itemset, size))
        for side in (antecedent, itemset - antecedent)
        if side not in known
    )
    raise KeyError(
        f"{missing}You are likely getting this error because the DataFrame is missing  antecedent and/or consequent "
        " information. You can try using the  `support_only=True` option"
    )


def _count_unknown(itemsets: ItemsetColumn, found: Found, df_orig: Any, cells: tuple[Any, np.ndarray]) -> np.ndarray:
    """float64[5, rules]: rows with an unknown item in both sides together, in A, in C; of these last two, the rows
    that hold all of A with something of C unknown, and all of C with something of A unknown.
    """
    held, unknown = cells
    bits, column = Bits(held.toarray(), unknown), _columns_of(itemsets.labels, df_orig)
    sizes, width = np.diff(itemsets.indptr), bits.ones.shape[1]
    some = np.zeros((len(sizes), width), dtype=np.uint64)
    every = np.zeros_like(some)
    for size in np.unique(sizes[sizes > 0]).tolist():
        rows = np.flatnonzero(sizes == size)
        step = max(WORDS // (size * width + 1), 1)
        for part in (rows[first : first + step] for first in range(0, len(rows), step)):
            places = column[itemsets.item[itemsets.indptr[part][:, None] + np.arange(size)]]
            some[part], every[part] = bits.some_unknown(places), bits.all_held(places)
    counts = np.empty((5, len(found.x)))
    step = max(WORDS // max(width, 1), 1)
    for first in range(0, len(found.x), step):
        a, c = found.x[first : first + step], found.y[first : first + step]
        words = some[a] | some[c], some[a], some[c], some[c] & every[a], some[a] & every[c]
        counts[:, first : first + step] = [count_bits(word) for word in words]
    return counts


def _columns_of(labels: list[Any], df_orig: Any) -> np.ndarray:
    """int64: position in ``df_orig`` of the column of each label."""
    n = df_orig.shape[1]
    if all(isinstance(label, int) and 0 <= label < n for label in labels):
        return np.array(labels, dtype=np.int64)
    position = {name: place for place, name in enumerate(df_orig.columns)}
    return np.array([position[label] for label in labels], dtype=np.int64)
