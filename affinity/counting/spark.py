"""The counts of sharded baskets and holdings on a Spark cluster: equal to those of one machine, integer by integer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.counting.pairs import count_pairs as count_shard
from affinity.counting.shard_itemsets import choose_itemsets, count_proposed, propose_itemsets, unite_proposals
from affinity.sharded import Sharded
from affinity.tables import Baskets, Holdings, ItemsetCounts, Margins, PairCounts
from affinity.tables.itemset_rows import ItemsetRows
from affinity.tables.margins import SIZE_STRATA
from affinity.vocabulary import Vocabulary

#: What a row of the sums is: a pair, a product by size stratum, a stratum, a total.
_PAIR, _ITEM, _STRATUM, _TOTAL = range(4)

#: A part of the baskets proposes itemsets that are in at least so many of its own, as far as there are baskets.
_PROPOSING = 25


@dataclass(frozen=True, eq=False)
class Owned:
    """The baskets of a shard and what its customers own, None where nobody is known."""

    baskets: Baskets
    holdings: Holdings | None


def count_pairs(
    shards: Sharded[Owned], products: Vocabulary, *, with_owners: bool, max_products_per_customer: int = 500
) -> tuple[PairCounts, int]:
    """The pair counts of all shards (see `affinity.counting.count_pairs`), and the baskets left out as too large."""
    summed = shards.sum_rows(
        lambda owned: _pair_rows(owned, max_products_per_customer),
        ("part", "a", "b"),
        ("count", "customers"),
        along=("a", len(products)),
    )
    ends = np.searchsorted(summed.pop("part"), np.arange(5))
    parts = {part: {name: column[ends[part] : ends[part + 1]] for name, column in summed.items()} for part in range(4)}
    pairs, totals = parts[_PAIR], parts[_TOTAL]
    (n, too_large), (n_owners, left_out) = (totals[name].tolist() for name in ("count", "customers"))
    return PairCounts(
        a=pairs["a"],
        b=pairs["b"],
        count=pairs["count"],
        customers=pairs["customers"],
        baskets=_margins(parts, "count", n, len(products)),
        owners=_margins(parts, "customers", n_owners, len(products)) if with_owners else None,
        products=products,
        left_out_customers=left_out,
        max_products_per_customer=max_products_per_customer if with_owners else None,
        info={"method": "spark", "reason": "asked for", "products": len(products)},
    ), too_large


def _pair_rows(owned: Owned, most: int) -> dict[str, np.ndarray]:
    """The pairs and the margins of one shard as rows of integers."""
    pairs = count_shard(owned.baskets, owned.holdings, max_products_per_customer=most, threads=1)
    bought, own = pairs.baskets, pairs.owners
    none = np.zeros(len(pairs), dtype=np.int32)
    blocks: list[tuple[np.ndarray, ...]] = [(none + _PAIR, pairs.a, pairs.b, pairs.count, pairs.customers)]
    grains = (bought, own or bought)
    by_item = [grain.stratum_item for grain in grains]
    stratum, item = np.nonzero(by_item[0] | by_item[1])
    blocks.append((np.full(len(item), _ITEM), stratum, item, *(counts[stratum, item] for counts in by_item)))
    sums = [np.concatenate([one.stratum_n, one.stratum_size_sum, one.stratum_size_square_sum]) for one in grains]
    place = np.arange(len(sums[0]))
    blocks.append((np.full(len(place), _STRATUM), place, np.zeros(len(place)), *sums))
    totals = np.array([[bought.n, owned.baskets.too_large], [grains[1].n, pairs.left_out_customers]])
    blocks.append((np.full(2, _TOTAL), np.arange(2), np.zeros(2), *totals))
    kinds = {"part": np.int32, "a": np.int32, "b": np.int32, "count": np.int64, "customers": np.int64}
    return {name: np.concatenate([block[i] for block in blocks]).astype(kind) for i, (name, kind) in enumerate(kinds.items())}


def _margins(parts: dict[int, dict[str, np.ndarray]], grain: str, n: int, n_products: int) -> Margins:
    items, strata = parts[_ITEM], len(SIZE_STRATA)
    by_item = np.zeros((strata, n_products), dtype=np.int64)
    by_item[items["a"], items["b"]] = items[grain]
    sums = parts[_STRATUM][grain].reshape(3, strata)
    return Margins(n, by_item.sum(axis=0), sums[0], sums[1], sums[2], by_item)


def mine_itemsets(
    shards: Sharded[Baskets],
    products: Vocabulary,
    margins: Margins,
    *,
    min_count: int,
    max_size: int | None = None,
    max_itemsets: int,
) -> ItemsetCounts:
    """The itemsets of all shards in at least ``min_count`` baskets, the ``max_itemsets`` most frequent where there are more.

    margins : of the same baskets (`count_pairs`). The shards are put together to so few parts that the share of min_count in
    each is large enough to tell itemsets from chance; each proposes, and only what that leaves open is counted by all
    (`affinity.counting.shard_itemsets`). Where the shards are few enough as they are, that is one job.
    """
    n, limit = margins.n, 2 * max_itemsets
    bare, most_parts = shards.map(_bare), max(min_count // _PROPOSING, 1)
    kept = bare.kept(_join_baskets) if bare.parts > most_parts else None
    held = kept or bare
    parts = held.coalesced(most_parts)
    try:
        while (chosen := _propose_and_count(held, parts, n, min_count, max_size, limit, max_itemsets)) is None:
            limit *= 2
    finally:
        if kept is not None:
            kept.release()
    info = {"method": "spark", "reason": "asked for", "target": "frequent", "cut": chosen[1], "restrictions": None}
    return ItemsetCounts(chosen[0], n, min_count, products, max_size, info=info, known_margins=margins)


def _propose_and_count(  # noqa: PLR0913
    held: Sharded[Baskets], parts: Sharded[Baskets], n: int, least: int, max_size: int | None, limit: int, keep: int
) -> tuple[ItemsetRows, dict[str, int] | None] | None:
    """The itemsets and what was cut; None where ``limit`` proposals a part do not decide it."""
    proposed = unite_proposals(
        parts.gather(lambda baskets: propose_itemsets(baskets, least=least, of=n, max_size=max_size, limit=limit))
    )
    unsure = proposed.open(least)
    count = np.zeros(0, dtype=np.int64)
    if unsure.any():
        asked = proposed.rows.take(unsure)
        count = held.sum_arrays(lambda baskets: {"count": count_proposed(baskets, asked)}, size=len(asked))["count"]
    return choose_itemsets(proposed.counted(unsure, count), least=least, complete_from=proposed.complete_from, keep=keep)


def _bare(baskets: Baskets) -> Baskets:
    """What a miner looks at."""
    return Baskets(baskets.indptr, baskets.item, baskets.products)


def _join_baskets(parts: list[Baskets]) -> Baskets:
    sizes = np.concatenate([part.sizes for part in parts])
    indptr = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    return Baskets(indptr, np.concatenate([part.item for part in parts]), parts[0].products)
