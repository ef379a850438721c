"""Frequent itemsets: all sets of products that enough baskets hold, with exact counts.

Made from Baskets, read by affinity.rules. A basket counts once for every itemset it holds.
"""

from __future__ import annotations

import math
import numbers
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from affinity.counting.basket_checks import count_checked_items
from affinity.counting.mining_choice import Miner, choose_miner, fitting_min_count
from affinity.counting.mining_limits import DEFAULT_LIMIT, best_of, keep_most_frequent, too_large
from affinity.counting.mining_targets import is_closed, is_maximal
from affinity.counting.mining_task import LimitReached, Mined, MiningTask
from affinity.counting.registry import MINERS
from affinity.errors import SettingsError, did_you_mean
from affinity.tables import Baskets, ItemsetCounts
from affinity.threads import available_threads

Target = Literal["frequent", "closed", "maximal"]
_TARGETS = ("frequent", "closed", "maximal")
_ON_LIMIT = ("error", "keep_most_frequent")


def mine_itemsets(  # noqa: PLR0913
    baskets: Baskets,
    *,
    min_support: float | None = None,
    min_count: int | None = None,
    max_size: int | None = None,
    min_size: int = 1,
    target: Target = "frequent",
    top_k: int | None = None,
    max_itemsets: int | None = None,
    on_limit: Literal["error", "keep_most_frequent"] = "error",
    method: str = "auto",
    threads: int | None = None,
) -> ItemsetCounts:
    """Mine every itemset X with count(X) = #{baskets ⊇ X} ≥ min_count; support(X) = count(X) / n.

    min_support  : share of all n baskets (empty ones too) in (0, 1]; the smallest integer count that reaches it is
                   used, found in exact arithmetic: 0.01 of 9,835 is 99. A ratio c / n asks for exactly c.
    min_count    : the same as a number of baskets, at least 1; give one of the two, or ``top_k``
    min_size, max_size : items in an itemset, at least and at most (None: any number)
    target       : "frequent"; "closed": those no larger itemset equals in count; "maximal": those no larger
                   frequent itemset contains; sizes beyond ``max_size`` are looked at to decide, then left out
    top_k        : only the k most frequent of the target (count, then smaller, then codes), from min_count on
    max_itemsets : refuse to make more (TooLarge names a min_count that fits), or, with
                   on_limit="keep_most_frequent", keep that many of the most frequent and say so in ``info["cut"]``.
                   None: 20 million, so that a careless min_count ends in a message, not without memory
    method       : "auto", or a name of `affinity.counting.registry`; threads : the answer depends on neither
    Returns ItemsetCounts sorted by size, then codes; ``info`` holds method, reason, cut.
    Degenerate: no baskets, or only empty ones, gives no itemsets; n = 0 with min_support gives min_count 1.

    Source: Agrawal and Srikant (1994), the problem; occurrence deliver after LCM, Uno et al. (2004).

    >>> from affinity.vocabulary import Vocabulary
    >>> products = Vocabulary("product", ["bread", "butter", "jam"])
    >>> baskets = Baskets(np.array([0, 2, 5, 6]), np.array([0, 1, 0, 1, 2, 2], dtype=np.int32), products)
    >>> itemsets = mine_itemsets(baskets, min_support=0.5)
    >>> [(row, int(count)) for row, count in zip(itemsets.to_pandas()["itemset"], itemsets.count)]
    [(('bread',), 2), (('butter',), 2), (('jam',), 2), (('bread', 'butter'), 2)]
    """
    _require_choice("target", target, _TARGETS)
    _require_choice("on_limit", on_limit, _ON_LIMIT)
    _require_choice("method", method, ("auto", *MINERS))
    for name, value in (("max_size", max_size), ("top_k", top_k), ("max_itemsets", max_itemsets), ("min_size", min_size)):
        _require_count(name, value)
    if max_size is not None and min_size > max_size:
        raise SettingsError(f"min_size={min_size} is more than max_size={max_size}.", do="No itemset can be both.")
    indptr = np.ascontiguousarray(baskets.indptr, dtype=np.int64)
    item = np.ascontiguousarray(baskets.item, dtype=np.int32)
    n_items = len(baskets.products)
    item_count = count_checked_items(indptr, item, n_items)
    least = _least_count(len(baskets), min_support, min_count, top_k, target)
    task = MiningTask(
        indptr, item, item_count, least, min_size, max_size,
        max_itemsets or DEFAULT_LIMIT, threads or available_threads(),
    )  # fmt: skip
    method, reason, miner = choose_miner(method, task)
    cut_at = min((k for k in (top_k, max_itemsets if on_limit != "error" else None) if k is not None), default=None)
    try:
        mined, cut = _mine_target(miner, task, target, cut_at)
    except LimitReached:
        raise too_large(task, "itemsets" if target == "frequent" else f"{target} itemsets", max_itemsets is not None) from None
    info = {"method": method, "reason": reason, "cut": cut}
    return ItemsetCounts(mined, len(baskets), least, baskets.products, max_size, target, info, baskets)


def _require_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"{name}={value!r} is not known.", do=did_you_mean(str(value), known))


def _require_count(name: str, value: object) -> None:
    if value is None and name != "min_size":
        return
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise SettingsError(f"{name}={value!r} is not a whole number of at least 1.")


def _least_count(n: int, min_support: float | None, min_count: int | None, top_k: int | None, target: str) -> int:
    """The min_count that the arguments ask for."""
    if min_support is not None and min_count is not None:
        raise SettingsError(
            f"Both min_support={min_support} and min_count={min_count} are given.",
            why="They are one threshold: a share of the baskets, or a number of them.",
            do="Give one of them.",
        )
    if min_count is not None:
        _require_count("min_count", min_count)
        return int(min_count)
    if min_support is not None:
        return count_of_support(min_support, n)
    if top_k is None or target == "maximal":
        raise SettingsError(
            "None of min_support and min_count is given.",
            why="Which itemsets are maximal depends on it." if top_k else "Without a threshold every set is an itemset.",
            do="Give min_support (a share, such as 0.001), or min_count (baskets, such as 5)"
            + ("." if top_k else ", or top_k (the most frequent ones)."),
        )
    return 1


def count_of_support(min_support: float, n: int) -> int:
    """The smallest count c of ``n`` baskets that reaches ``min_support``: c ≥ min_support·n, at least 1.

    The product is exact in the decimal that ``min_support`` prints as; a ratio computed as c / n gives c itself.
    """
    number = isinstance(min_support, (numbers.Real, Fraction)) and not isinstance(min_support, (bool, np.bool_))
    if not number or not 0 < min_support <= 1:  # also refuses NaN
        hint = "Use a share such as 0.01"
        if number and min_support > 1 and float(min_support).is_integer():
            hint = f"For a number of baskets pass min_count={int(min_support)}; else use a share such as 0.01"
        raise SettingsError(f"min_support={min_support!r} is not a share of the baskets in (0, 1].", do=f"{hint}.")
    exact = min_support if isinstance(min_support, (Fraction, int)) else Fraction(str(min_support))
    count = max(math.ceil(exact * n), 1)
    while count > 1 and (count - 1) / n >= float(min_support):
        count -= 1
    return count


def _mine_target(miner: Miner, task: MiningTask, target: str, cut_at: int | None) -> tuple[Mined, dict[str, Any] | None]:
    """The itemsets of the target, and what was cut: None, or how many are kept and from which count they are complete."""
    if target == "frequent" and cut_at is None:
        return miner(task), None
    if target == "frequent":
        mined, complete_from = keep_most_frequent(miner, task, cut_at or 0)
    elif target == "closed" and cut_at is not None:
        mined, complete_from = _most_frequent_closed(miner, task, cut_at)
    else:
        mined, complete_from = _pick(miner, task, target), task.min_count
    if cut_at is None and len(mined) > task.limit:
        raise LimitReached
    if cut_at is not None and len(mined) > cut_at:
        mined = best_of(mined, cut_at)
        complete_from = int(mined.count.min()) + 1
    if complete_from == task.min_count:
        return mined, None
    least = int(mined.count.min()) if len(mined) else complete_from
    return mined, {"kept": cut_at, "complete_from_count": complete_from, "least_count": least}


def _all_sizes(task: MiningTask) -> MiningTask:
    """What closed and maximal itemsets are picked from: sizes from 1 to one beyond the largest asked for."""
    beyond = None if task.max_size is None else task.max_size + 1
    return task.changed(min_size=1, max_size=beyond, limit=DEFAULT_LIMIT)


def _pick(miner: Miner, task: MiningTask, target: str) -> Mined:
    try:
        everything = miner(_all_sizes(task))
    except LimitReached:
        raise too_large(_all_sizes(task), f"frequent itemsets to pick the {target} ones from", False) from None
    kept = (is_closed if target == "closed" else is_maximal)(everything.rows, len(task.item_count))
    sizes = everything.sizes
    kept &= (sizes >= task.min_size) & (sizes <= (task.max_size or sizes.max(initial=0)))
    return everything.take(kept)


def _most_frequent_closed(miner: Miner, task: MiningTask, keep: int) -> tuple[Mined, int]:
    """At least ``keep`` closed itemsets, if there are, with all of the count from which they are complete."""
    looked_at = max(4 * keep, 1000)
    while True:
        complete_from = fitting_min_count(_all_sizes(task).changed(limit=min(looked_at, DEFAULT_LIMIT)))
        closed = _pick(miner, task.changed(min_count=complete_from), "closed")
        if len(closed) >= keep or complete_from == task.min_count or looked_at > DEFAULT_LIMIT:
            return closed, complete_from
        looked_at *= 8
