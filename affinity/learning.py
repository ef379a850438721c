"""What a run learns: pairs, rules, conversion and the fit model, as of as_of or as of the last of the learning days.

With ``learn_every_days`` what is learnt is a function of the lines before a learning day and of what the files say of
that time, whatever comes later. So it holds until the next learning day, and a state may keep it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from affinity import __version__, graph, mapped, rules
from affinity import baskets as basket_room
from affinity import conversion as conversion_room
from affinity.contexts import Facts, Listed, Shop
from affinity.engines import BasketCounts, Engine
from affinity.errors import SettingsError
from affinity.fit import cut_lines
from affinity.history import History, look_back
from affinity.learnt import Learnt, pack, unpack
from affinity.memory import within_budget
from affinity.observed import measure_with_segments
from affinity.progress import step
from affinity.release import fingerprint_arrays
from affinity.settings import Settings
from affinity.state import State
from affinity.steps import attempt, learn_for_customers, named_horizon, require_observed
from affinity.tables import Customers, ItemsetCounts, Landmark, Offers, OrderLines, PairGraph, Products, Rules
from affinity.tables.order_lines import MICROSECONDS_A_DAY
from affinity.threads import run_together

#: The settings that what is learnt depends on.
_LEARNING = ("horizon_days", "min_support", "min_count", "max_size", "baskets", "mining", "rules", "graph", "conversion", "fit")


#: Another version of these may reckon another last digit.
_RECKONERS = ("numpy", "scipy", "numba")

#: What learning looks at in the product and the customer file; of the latter segment columns and excluded products too.
_PRODUCT = ("family", "on_sale_from", "on_sale_to", "requires_indptr", "requires")
_CUSTOMER = ("started_at", "ended_at", "plan")


def learn(past: History, facts: Facts, settings: Settings, engine: Engine) -> tuple[Learnt, Landmark | None]:
    """What the whole of ``past`` teaches, and the counts at its end, which score."""
    within = partial(within_budget, settings.memory_budget)
    with step("counting itemsets and pairs"), within("counting"):
        itemsets, found_rules, pair_graph, too_large = _weigh_baskets(engine.count_baskets(past, settings), settings)
    with step("measuring conversion, learning fit"), within("learning fit"):
        (measured, no_conversion), (learnt, no_fit) = run_together(
            lambda: attempt(lambda: measure_with_segments(past, facts, settings, engine)),
            lambda: attempt(lambda: learn_for_customers(past, facts, settings, engine)),
            # lines too large for memory leave no room for both peaks, and a cluster is busy with either
            in_turn=mapped.is_mapped(past.lines.product) or engine.session is not None,
        )
    lives, conversion, by_segment = measured or (None, None, None)
    model, now = learnt or (None, None)
    found = Learnt(
        day=past.lines.as_of_day,
        itemsets=itemsets,
        rules=found_rules,
        graph=pair_graph,
        too_large=too_large,
        conversion=conversion,
        curves=None if lives is None or conversion is None else conversion_room.curve_rows(lives, conversion),
        by_segment=by_segment,
        no_conversion=no_conversion,
        model=model,
        counts=None if now is None else now.transitions,
        segments=(None,),
        segment_score=np.zeros((1, len(pair_graph.products))),
        no_fit=no_fit,
        buyers=None,
        lives=lives,
    )
    return found, now


def learn_on_a_learning_day(past: History, facts: Facts, settings: Settings, engine: Engine, state: State | None) -> Learnt:
    """What the lines before the last learning day teach; taken from ``state`` where it was learnt from the same before."""
    day = learning_day(past, settings)
    lines = basket_room.drop_unseen_labels(replace(cut_lines(past.gross, day), as_of_day=day))
    then: list[History] = []

    def recall() -> History:
        if not then:
            then.append(look_back(lines))
        return then[0]

    listed = facts.listed or Listed(None, None, None)
    known = facts_before(day, lines, recall, listed, settings)
    key = fingerprint_arrays(_sources(lines, known, listed, settings)) if state is not None else ""
    kept = None if state is None else state.load("learnt", key)
    if kept is not None:
        return replace(unpack(kept), key=key)
    require_observed(recall(), settings)
    found, now = learn(recall(), known, settings, engine)
    shop = Shop(recall(), known, settings, found.graph, None, None, None)
    found = replace(found, buyers=shop.buyers if recall().has_customers else None)
    if now is not None:
        segments, score = _describe_segments(now, known.customers, settings)
        found = replace(found, counts=now.transitions.without_pairs(), segments=segments, segment_score=score)
    if state is not None:
        state.save("learnt", key, pack(found))
    return replace(found, key=key)


def check_state(settings: Settings, session: Any = None) -> None:
    """SettingsError where a state could keep nothing: without ``learn_every_days``, or where a cluster counts."""
    if session is not None or settings.engine != "local":
        raise SettingsError(
            f"A state is kept by runs on this machine, and engine={settings.engine!r} counts on a cluster.",
            do="Leave the state out, or use engine='local'; learn_every_days works with both.",
        )
    if settings.learn_every_days is None:
        raise SettingsError(
            "A state keeps what is learnt until the next learning day, and learn_every_days is unset, so every day is one.",
            do="Set learn_every_days, such as 7, or leave the state out.",
        )


def learning_day(past: History, settings: Settings) -> int:
    """The last multiple of ``learn_every_days`` (days since the epoch) up to as_of; as_of while nothing lies before that."""
    every, as_of = settings.learn_every_days, past.lines.as_of_day
    assert every is not None
    if as_of is None or past.first_day is None:
        raise SettingsError(
            f"learn_every_days={every} needs dates, and the order lines have none.",
            do="Leave it out, or give a column ordered_at.",
        )
    day = as_of // every * every
    return day if day > past.first_day else as_of


def facts_before(day: int, lines: OrderLines, recall: Callable[[], History], listed: Listed, settings: Settings) -> Facts:
    """What learning looks at in the files, as it was known on ``day``: sale dates, families and prerequisites, since when
    and in which segments customers are, offers made before the day. Nothing else can reach what is learnt."""
    segments = {name for name in (settings.conversion.segment, settings.conversion.by, settings.fit.segment) if name}
    people = None if listed.customers is None else listed.customers.recoded(lines.customers)
    customers = Customers.bare(lines.customers)
    if segments:
        described = basket_room.describe_customers(recall().lines, listed.customers).segments
        customers = replace(customers, segments={name: described[name] for name in sorted(segments) if name in described})
    if people is not None:
        ended = np.where(people.ended_at < day, people.ended_at, -1).astype(np.int32)
        told: dict[str, Any] = {"started_at": people.started_at, "plan": people.plan, "plan_excludes": people.plan_excludes}
        customers = replace(customers, ended_at=ended, **told)
    goods = Products.bare(lines.products)
    if listed.products is not None:
        described_goods = listed.products.recoded(lines.products)
        goods = replace(goods, **{name: getattr(described_goods, name) for name in _PRODUCT})
    return Facts(goods, customers, None if listed.offers is None else _offers_before(day, listed.offers, lines))


def _offers_before(day: int, log: Offers, lines: OrderLines) -> Offers:
    """The offers made before ``day``, and of what became of them what was known by then."""
    log = log.recoded(lines.customers, lines.products)
    if log.offered_at is None:
        return log
    before = log.offered_at < day * MICROSECONDS_A_DAY
    names = ("offer", "customer", "product", "campaign", "exposed", "treated", "accepted", "accepted_at", "cost", "offered_at")
    cut = {name: getattr(log, name)[before] for name in names}
    later = cut["accepted_at"] >= day * MICROSECONDS_A_DAY
    cut["accepted"] = np.where(later, np.int8(-1), cut["accepted"])
    cut["accepted_at"] = np.where(later, -1, cut["accepted_at"])
    return replace(log, **cut, named=None if log.named is None else log.named[before])


def _describe_segments(now: Landmark, customers: Customers, settings: Settings) -> tuple[tuple[str | None, ...], np.ndarray]:
    """The label of each row of the landmark's segment scores, and the scores; one row, unknown, without segments."""
    if now.segment is None or settings.fit.segment is None:
        return (None,), np.zeros((1, len(now.holdings.products)))
    label = customers.segments[settings.fit.segment]
    names: list[str | None] = [None] * len(now.segment.score)
    rows, first = np.unique(now.segment.place, return_index=True)
    for row, customer in zip(rows.tolist(), first.tolist()):
        names[row] = None if row == 0 else label[customer]
    return tuple(names), now.segment.score


def _sources(lines: OrderLines, known: Facts, listed: Listed, settings: Settings) -> dict[str, Any]:
    """All that what is learnt depends on, for the fingerprint."""
    names = ("order", "customer", "product", "quantity", "net_amount", "ordered_at")
    chosen = settings.model_dump(mode="json", include=set(_LEARNING))
    return {
        "version": __version__,
        "installed": str([version(name) for name in _RECKONERS]),
        "settings": str(sorted(chosen.items())),
        "named": str((named_horizon(settings), sorted(settings.model_fields_set & {"horizon_days"}))),
        "day": lines.as_of_day,
        **{name: getattr(lines, name) for name in names},
        **{f"label {name}": getattr(lines, name) for name in ("orders", "customers", "products")},
        **{f"attribute {name}": {"code": one.code, "labels": one.labels} for name, one in lines.attributes.items()},
        "known products": {} if listed.products is None else {name: getattr(known.products, name) for name in _PRODUCT},
        "known customers": {name: getattr(known.customers, name) for name in (() if listed.customers is None else _CUSTOMER)},
        "excludes": str(sorted(known.customers.plan_excludes.items())),
        "segments": dict(known.customers.segments),
        "known offers": {} if known.offers is None else dict(known.offers.columns()),
    }


def _weigh_baskets(counted: BasketCounts, settings: Settings) -> tuple[ItemsetCounts, Rules, PairGraph, int]:
    """Itemsets, rules and graph, and how many baskets were too large; every pair seen is let go with ``counted``."""
    itemsets = counted.itemsets
    found_rules, pair_graph = run_together(
        lambda: rules.induce_rules(itemsets, min_confidence=settings.rules.min_confidence),
        lambda: graph.build_graph(counted.pairs, settings=settings.graph, memory_budget=settings.memory_budget),
    )
    return itemsets, found_rules, pair_graph, counted.too_large
