"""Life tables of sharded customers on a Spark cluster: equal to those of one machine, integer by integer.

Two passes: each shard says which pairs had events and on which days; then each counts, on the union of those with enough
events over all shards, what adds up (`affinity.counting.life_table_sums`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from affinity.counting.life_table_sums import SUMMED
from affinity.counting.life_tables import count_life_tables as count_shard
from affinity.counting.lives import Entry
from affinity.shard_rows import Arrays
from affinity.sharded import Sharded
from affinity.tables import Baskets, EventDays, Holdings, LifeTables

_KEYS = ("a", "b", "day")


@dataclass(frozen=True, eq=False)
class Followed:
    """What the customers of a shard own, their steps, and their own arguments of `count_life_tables`."""

    holdings: Holdings
    steps: Baskets | None
    rules: dict[str, Any]

    def count(self, **asked: Any) -> LifeTables:
        """Everything that happened to them, down to one event."""
        return count_shard(self.holdings, self.steps, **self.rules | {"min_converted": 1, "threads": 1} | asked)


def count_life_tables(
    shards: Sharded[Followed], nobody: Callable[[], Followed], *, started_at: np.ndarray | None, min_converted: int = 1
) -> LifeTables:
    """The life tables of all shards (see `affinity.counting.count_life_tables`).

    nobody : a shard without customers, by the same rules; started_at : of all customers, for the name of the entry rule
    """
    asked = _event_days(shards, nobody(), min_converted)
    blank = nobody().count(asked=asked)
    end_day = blank.as_of_day or 0
    span = end_day - (blank.start_day or 0) + 1

    def sums(one: Followed) -> dict[str, np.ndarray]:
        lives = one.count(asked=asked)
        found = {name: getattr(lives, name) for name in SUMMED}
        found["followed_days"] = np.bincount([lives.longest_followed_days], minlength=span)
        return found | {"left_out": np.array([lives.customers_left_out])}

    total = shards.sum_arrays(sums)
    longest = int(np.flatnonzero(total.pop("followed_days")).max())
    left_out = int(total.pop("left_out")[0])
    sums_of: dict[str, Any] = {name: _narrow(column, getattr(blank, name)) for name, column in total.items()}
    rule = Entry(blank.start_day or 0, blank.wash_in_days, started_at).rule
    return replace(
        blank,
        **sums_of,
        longest_followed_days=longest,
        customers_left_out=left_out,
        entry_rule=rule,
        min_converted=min_converted,
    )


def _event_days(shards: Sharded[Followed], nobody: Followed, least: int) -> EventDays:
    """The pairs with ``least`` events over all shards together, and the days on which any shard had one."""
    products = nobody.holdings.products

    def enough(rows: Arrays) -> np.ndarray:
        first = _first_days(rows)
        lengths = np.diff(np.append(first, len(rows["a"])))
        return np.repeat(np.add.reduceat(rows["events"], first) >= least, lengths) if len(first) else np.empty(0, dtype=bool)

    found = shards.sum_rows(_event_rows, _KEYS, ("events",), along=("a", len(products)), keep=enough)
    first = _first_days(found)
    indptr = np.append(first, len(found["a"])).astype(np.int64)
    return EventDays(found["a"][first], found["b"][first], indptr, found["day"], products)


def _first_days(rows: Arrays) -> np.ndarray:
    """Where a pair begins in rows sorted by pair and day."""
    new = np.ones(len(rows["a"]), dtype=bool)
    new[1:] = (rows["a"][1:] != rows["a"][:-1]) | (rows["b"][1:] != rows["b"][:-1])
    return np.flatnonzero(new)


def _event_rows(one: Followed) -> dict[str, np.ndarray]:
    lives = one.count()
    pair = np.repeat(np.arange(len(lives)), np.diff(lives.indptr))
    return {
        "a": lives.antecedent[pair], "b": lives.consequent[pair], "day": lives.day, "events": lives.events.astype(np.int64)
    }  # fmt: skip


def _narrow(column: np.ndarray, like: np.ndarray) -> np.ndarray:
    """As the kernel stores it, where that holds the sums."""
    fits = np.abs(column).max(initial=0) <= np.iinfo(like.dtype).max
    return column.astype(like.dtype) if fits else column
