"""Frequent itemsets: all sets of products that enough baskets hold, with exact counts.

Made from Baskets, read by affinity.rules. A basket counts once for every itemset it holds.
"""

from __future__ import annotations

import math
import numbers
from fractions import Fraction
from typing import Literal

import numpy as np

from affinity.counting.basket_checks import as_csr, count_checked_items
from affinity.counting.mining_choice import choose_miner
from affinity.counting.mining_consequents import mine_consequents
from affinity.counting.mining_limits import require_fits, too_large
from affinity.counting.mining_memory import BYTES_PER_ITEMSET, budget_in_bytes
from affinity.counting.mining_restrictions import Labels, Restriction, encode_labels
from affinity.counting.mining_targets import mine_target
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
    including: Labels | None = None,
    excluding: Labels | None = None,
    consequents: Labels | None = None,
    max_itemsets: int | None = None,
    memory_budget: int | str | None = None,
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
    including    : a product or several that every itemset holds; a set is closed or maximal as among all baskets
    excluding    : products that are in none; the itemsets are those of the baskets without them
    consequents  : a product or several: the itemsets that rules X ⇒ c need for each c of these, no others: X ∪ {c} and X,
                   both with exact counts over all baskets. Only rules with these consequents are complete then; info says so
    max_itemsets : refuse to make more (TooLarge names a min_count that fits), or, with
                   on_limit="keep_most_frequent", keep that many of the most frequent and say so in ``info["cut"]``
    memory_budget : bytes, or a text such as "2GB", that the itemsets may take, 64 bytes counted for each; None: half of the
                   memory that is available now. More is refused, in time, with a min_count that fits
    method       : "auto", or a name of `affinity.counting.registry`; threads : the answer depends on neither
    Returns ItemsetCounts sorted by size, then codes; ``info`` holds method, reason, target, cut, restrictions.
    An interrupt (Ctrl-C) ends the search at once.
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
    indptr, item = as_csr(baskets.indptr, baskets.item, len(baskets.products))
    n_items = len(baskets.products)
    item_count = count_checked_items(indptr, item, n_items)
    least = least_count(len(baskets), min_support, min_count, top_k, target)
    room = budget_in_bytes(memory_budget) // BYTES_PER_ITEMSET
    by_number = max_itemsets is not None and max_itemsets <= room
    task = MiningTask(
        indptr, item, item_count, least, min_size, max_size,
        min(max_itemsets or room, max(room, 1)), threads or available_threads(),
    )  # fmt: skip
    restriction = Restriction.of(baskets.products, including, excluding)
    restricted = restriction.info(baskets.products)
    cut_at = min((k for k in (top_k, max_itemsets if on_limit != "error" else None) if k is not None), default=None)
    limit_name = "max_itemsets" if by_number else f"memory_budget={memory_budget or 'half of what is available'}"
    method, reason, miner = choose_miner(method, task, target)
    mined: Mined
    try:
        if cut_at is None and not restricted and consequents is None:
            require_fits(task, target, limit_name)
        if consequents is not None:
            _require_plain_rules(target, top_k, min_size, on_limit, restricted)
            wanted = encode_labels(baskets.products, consequents)
            restricted = {"consequents": baskets.products.decode(wanted).tolist()}
            mined, cut = mine_consequents(miner, task, wanted), None
        else:
            mined, cut = mine_target(miner, task, target, cut_at, restriction)
    except LimitReached:
        raise too_large(task, target, limit_name) from None
    info = {"method": method, "reason": reason, "target": target, "cut": cut, "restrictions": restricted}
    return ItemsetCounts(mined, len(baskets), least, baskets.products, max_size, target, info, baskets)


def _require_plain_rules(target: str, top_k: int | None, min_size: int, on_limit: str, restricted: object) -> None:
    if target != "frequent" or top_k or min_size > 1 or on_limit != "error" or restricted:
        raise SettingsError(
            "consequents= goes with no other target, top_k, min_size, on_limit, including or excluding.",
            why="Rules need the exact counts of all parts of an itemset.",
            do="Restrict the rules that are made of the itemsets.",
        )


def _require_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"{name}={value!r} is not known.", do=did_you_mean(str(value), known))


def _require_count(name: str, value: object) -> None:
    if value is None and name != "min_size":
        return
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise SettingsError(f"{name}={value!r} is not a whole number of at least 1.")


def least_count(n: int, min_support: float | None, min_count: int | None, top_k: int | None, target: str) -> int:
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
