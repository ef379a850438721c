"""Where the heavy steps run: on this machine, or on a Spark cluster. The answers are equal, integer by integer.

The one place that knows about engines. A step of the way asks its engine for counts; everything after them is the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np

from affinity import baskets as basket_room
from affinity import counting, fit, mapped
from affinity.contexts import Shop, complete_rows, divide_customers, recommend_customers
from affinity.counting import itemsets as itemset_counts
from affinity.errors import TooLarge
from affinity.history import History, look_back
from affinity.memory import held_memory, share_of_memory, size_in_bytes
from affinity.ranking import join_recommendations, take_speaking
from affinity.settings import Settings
from affinity.tables import (
    Baskets,
    Customers,
    Holdings,
    ItemsetCounts,
    LifeTables,
    OrderLines,
    PairCounts,
    Recommendations,
)
from affinity.tables.transitions import Transitions
from affinity.threads import run_together
from affinity.training import CountTransitions, count_here
from affinity.vocabulary import Vocabulary

#: Itemsets of a run: at least one basket in so many, and at least so many, unless the settings say otherwise.
_ONE_BASKET_IN, _LEAST_BASKETS = 1000, 5


T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class BasketCounts:
    """What the baskets of a run say; too_large : baskets that were left out as too large."""

    itemsets: ItemsetCounts
    pairs: PairCounts
    too_large: int


class Engine(Protocol):
    """Where the heavy steps of a run happen; session : the SparkSession, None on this machine."""

    session: Any

    def count_life_tables(self, past: History, rules: dict[str, Any]) -> LifeTables:
        """The life tables of ``past``; rules : arguments of `affinity.counting.count_life_tables`."""

    def transition_counter(self, past: History) -> CountTransitions:
        """What counts the transitions of the landmarks of ``past``."""

    def recommend(self, shop: Shop) -> Recommendations:
        """The next purchase of every customer (see `affinity.contexts.recommend_customers`)."""

    def count_baskets(self, past: History, settings: Settings) -> BasketCounts:
        """Itemsets and pairs of the baskets of ``past``, grouped as the settings say."""


class LocalEngine:
    """This machine."""

    session: Any = None

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
            lambda: _count_pairs(baskets, owners, most, settings.memory_budget),
            in_turn=mapped.is_mapped(past.lines.product),
        )
        # The margins are all that rules ask of the baskets, which are let go with this.
        return BasketCounts(replace(itemsets, baskets=None, known_margins=pairs.baskets), pairs, baskets.too_large)

    def count_life_tables(self, past: History, rules: dict[str, Any]) -> LifeTables:
        """See `Engine`."""
        return counting.count_life_tables(past.holdings, past.steps, **rules)

    def transition_counter(self, past: History) -> CountTransitions:
        """See `Engine`."""
        return count_here

    def recommend(self, shop: Shop) -> Recommendations:
        """See `Engine`."""
        return recommend_customers(shop)


def _count_pairs(baskets: Baskets, owners: Holdings | None, most: int, memory_budget: str | None) -> PairCounts:
    """The pair counts in what the budget leaves beside what is held; in files where the table could take too much of it."""
    count = partial(
        counting.count_pairs,
        baskets,
        owners,
        max_products_per_customer=most,
        max_table_bytes=share_of_memory(memory_budget),
    )
    if memory_budget is None:
        return count()
    room = max(size_in_bytes(memory_budget) - (held_memory() or 0), 1)
    try:
        return count(max_memory_bytes=room)
    except TooLarge as error:
        raise TooLarge(
            f"memory_budget={memory_budget!r} leaves {room / 1e9:.2f} GB to count pairs. {error.what}",
            why=error.why,
            do="Raise memory_budget by what is missing, or lower baskets.max_products_per_customer.",
        ) from None


LOCAL = LocalEngine()


class SparkEngine:
    """A Spark cluster: the lines lie in shards of the customers, and are counted there."""

    def __init__(self, session: Any, settings: Settings) -> None:
        """session : a SparkSession"""
        self.session, self._settings = session, settings
        self._known: tuple[OrderLines, Any, Any] | None = None

    def close(self) -> None:
        """Hold nothing on the cluster any longer."""
        if self._known is not None:
            _, sent, held = self._known
            self._known = None
            held.release()
            sent.release()

    def count_baskets(self, past: History, settings: Settings) -> BasketCounts:
        """See `Engine`."""
        from affinity.counting import spark

        with_owners, products = past.has_customers, past.lines.products

        def own(known: History) -> spark.Owned:
            return spark.Owned(group_lines(known.lines, settings), known.holdings if with_owners else None)

        owned = self._shards(past).map(own)
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

    def count_life_tables(self, past: History, rules: dict[str, Any]) -> LifeTables:
        """See `Engine`."""
        from affinity.counting import spark_lives

        people: Customers = rules["customers"]
        if rules["churn"] == "net" and not (people.ended_at >= 0).any():
            return LOCAL.count_life_tables(past, rules)  # says what is missing

        rules_of = _rules_by_shard(rules)

        def follow(known: History) -> spark_lives.Followed:
            return spark_lives.Followed(known.holdings, known.steps, rules_of(known.lines.customers))

        def nobody() -> spark_lives.Followed:
            return spark_lives.Followed(_owns_nothing(past), None, rules)

        followed = self._shards(past).map(follow)
        return spark_lives.count_life_tables(
            followed, nobody, started_at=rules["started_at"], min_converted=rules["min_converted"]
        )

    def transition_counter(self, past: History) -> CountTransitions:
        """See `Engine`."""
        from affinity.counting import spark_transitions

        shards = self._shards(past)

        def count(at: int | None, known: History, rules: dict[str, Any]) -> Transitions:
            def bought(now: History) -> spark_transitions.Bought | None:
                before = now.gross if at is None else fit.cut_lines(now.gross, at)
                if not len(before):
                    return None
                then = now if at is None else look_back(before)
                return spark_transitions.Bought(then.steps, then.holdings)

            nobody = spark_transitions.Bought(None, _owns_nothing(past))
            return spark_transitions.count_transitions(shards.map(bought), nobody, **rules)

        return count

    def recommend(self, shop: Shop) -> Recommendations:
        """See `Engine`."""
        from affinity.sharded import run_tasks

        model, now = shop.require_model()
        nothing = np.empty(0, dtype=np.int64)
        past = replace(shop.past, gross=shop.past.gross.take(nothing), lines=shop.past.lines.take(nothing))
        said = None if shop.conversion is None else take_speaking(shop.conversion, model.horizon_days)
        slim = replace(shop, past=past, conversion=said)
        blocks = divide_customers(np.arange(len(now.holdings.customers), dtype=np.int32))
        found = join_recommendations(run_tasks(self.session, blocks, _rank_block, slim))
        return complete_rows(shop, found)

    def _shards(self, past: History) -> Any:
        """The histories of the shards of ``past``, sent and looked back on once."""
        from affinity.baskets import spark

        if self._known is None or self._known[0] is not past.gross:
            self.close()
            chosen = self._settings.spark
            shards = chosen.shards or int(self.session.sparkContext.defaultParallelism)
            sent = spark.shard_lines(self.session, past.gross, shards=shards, most_rows=chosen.max_rows_on_driver)
            self._known = past.gross, sent, sent.map(look_back).kept(_only)
        return self._known[2]


@contextmanager
def open_engine(settings: Settings, session: Any = None) -> Iterator[Engine]:
    """The engine that the settings name: "local", "spark" or a Spark master URL; ``session`` : a SparkSession that there is."""
    with open_session(settings, session) as opened:
        if opened is None:
            yield LocalEngine()
            return
        engine = SparkEngine(opened, settings)
        try:
            yield engine
        finally:
            with suppress(Exception):  # a session that is lost holds nothing
                engine.close()


@contextmanager
def open_session(settings: Settings, session: Any = None) -> Iterator[Any]:
    """The SparkSession that the settings name, ``session`` where there is one; None on this machine."""
    if session is None and settings.engine == "local":
        yield None
        return
    from affinity.spark_session import spark_session

    with spark_session(None if settings.engine in ("local", "spark") else settings.engine, session) as opened:
        yield opened


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


def _rank_block(shop: Shop, block: np.ndarray) -> Recommendations:
    return recommend_customers(shop, block).detached()


def _owns_nothing(past: History) -> Holdings:
    """The holdings of the customers of ``past`` before they bought anything."""
    return basket_room.collect_holdings(past.gross.take(np.empty(0, dtype=np.int64)))


def _only(parts: list[T]) -> T:
    (one,) = parts
    return one


def _rules_by_shard(rules: dict[str, Any]) -> Callable[[Vocabulary], dict[str, Any]]:
    """The arguments of `count_life_tables` for the customers of a shard, the last of whom is nobody.

    Nobody is in the last stratum and has left, so that every shard has the strata and the kind of churn of the whole.
    """
    people: Customers = rules["customers"]
    excludes, strata = people.plan_excludes, rules["strata"]
    started_at, ended_at = np.append(rules["started_at"], np.int32(-1)), np.append(people.ended_at, np.int32(0))
    plan = np.append(people.plan, np.array([None], dtype=object)) if excludes else None
    last = None if strata is None else np.append(strata, strata.max(initial=0))
    shared = {name: value for name, value in rules.items() if name not in ("customers", "started_at", "strata")}

    def of(shard: Vocabulary) -> dict[str, Any]:
        codes = np.array(shard.labels.tolist(), dtype=np.int64)
        bare = Customers.bare(shard)
        plans = bare.plan if plan is None else plan[codes]
        return shared | {
            "customers": replace(bare, ended_at=ended_at[codes], plan=plans, plan_excludes=excludes),
            "started_at": started_at[codes],
            "strata": None if last is None else last[codes],
        }

    return of
