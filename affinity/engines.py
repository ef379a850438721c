"""Where the heavy steps run: on this machine, or on a Spark cluster. The answers are equal, integer by integer.

The one place that knows about engines. A step of the way asks its engine for counts; everything after them is the same code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from affinity import baskets as basket_room
from affinity import counting
from affinity.counting import itemsets as itemset_counts
from affinity.history import History, look_back
from affinity.settings import Settings
from affinity.tables import Baskets, ItemsetCounts, OrderLines, PairCounts
from affinity.threads import run_together

#: Itemsets of a run: at least one basket in so many, and at least so many, unless the settings say otherwise.
_ONE_BASKET_IN, _LEAST_BASKETS = 1000, 5


@dataclass(frozen=True, eq=False)
class BasketCounts:
    """What the baskets of a run say; too_large : baskets that were left out as too large."""

    itemsets: ItemsetCounts
    pairs: PairCounts
    too_large: int


class Engine(Protocol):
    """Where the heavy steps of a run happen."""

    def count_baskets(self, past: History, settings: Settings) -> BasketCounts:
        """Itemsets and pairs of the baskets of ``past``, grouped as the settings say."""


class LocalEngine:
    """This machine."""

    def count_baskets(self, past: History, settings: Settings) -> BasketCounts:
        """See `Engine`."""
        baskets = group_lines(past.lines, settings)
        owners, most = past.holdings if past.has_customers else None, settings.baskets.max_products_per_customer
        itemsets, pairs = run_together(
            lambda: counting.mine_itemsets(
                baskets,
                min_count=least_count(settings, len(baskets)),
                max_size=settings.max_size,
                max_itemsets=settings.mining.max_itemsets,
                on_limit="keep_most_frequent",
            ),
            lambda: counting.count_pairs(baskets, owners, max_products_per_customer=most),
        )
        return BasketCounts(itemsets, pairs, baskets.too_large)


class SparkEngine:
    """A Spark cluster: the lines lie in shards of the customers, and are counted there."""

    def __init__(self, session: Any, settings: Settings) -> None:
        """session : a SparkSession"""
        self._session, self._settings = session, settings
        self._lines: tuple[OrderLines, Any] | None = None

    def count_baskets(self, past: History, settings: Settings) -> BasketCounts:
        """See `Engine`."""
        from affinity.counting import spark

        with_owners, products = past.has_customers, past.lines.products

        def own(known: History) -> spark.Owned:
            return spark.Owned(group_lines(known.lines, settings), known.holdings if with_owners else None)

        owned = self._shards(past.gross).map(look_back).map(own)
        most = settings.baskets.max_products_per_customer
        pairs, too_large = spark.count_pairs(owned, products, with_owners=with_owners, max_products_per_customer=most)
        itemsets = spark.mine_itemsets(
            owned.map(lambda one: one.baskets),
            products,
            pairs.baskets,
            min_count=least_count(settings, pairs.baskets.n),
            max_size=settings.max_size,
            max_itemsets=settings.mining.max_itemsets,
        )
        return BasketCounts(itemsets, pairs, too_large)

    def _shards(self, lines: OrderLines) -> Any:
        """The shards of ``lines``, sent once."""
        from affinity.baskets import spark

        if self._lines is None or self._lines[0] is not lines:
            chosen = self._settings.spark
            shards = chosen.shards or int(self._session.sparkContext.defaultParallelism)
            sent = spark.shard_lines(self._session, lines, shards=shards, most_rows=chosen.max_rows_on_driver)
            self._lines = lines, sent
        return self._lines[1]


@contextmanager
def open_engine(settings: Settings, session: Any = None) -> Iterator[Engine]:
    """The engine that the settings name: "local", "spark" or a Spark master URL; ``session`` : a SparkSession that there is."""
    if session is None and settings.engine == "local":
        yield LocalEngine()
        return
    from affinity.spark_session import spark_session

    with spark_session(None if settings.engine in ("local", "spark") else settings.engine, session) as opened:
        yield SparkEngine(opened, settings)


def group_lines(lines: OrderLines, settings: Settings) -> Baskets:
    """The baskets of net lines, as the settings say."""
    chosen = settings.baskets
    return basket_room.group_baskets(
        lines, by=chosen.by, session_gap_minutes=chosen.session_gap_minutes, max_size=chosen.max_basket_size
    )


def least_count(settings: Settings, n: int) -> int:
    """The min_count of a run of ``n`` baskets: that of the settings, else 0.001 of them and at least 5."""
    if settings.min_count is None and settings.min_support is None:
        return max(-(-n // _ONE_BASKET_IN), _LEAST_BASKETS)
    return itemset_counts.least_count(n, settings.min_support, settings.min_count, None, "frequent")
