"""Observed conversion asked for by itself: of pairs, by segment, and of offers by campaign, category and segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, overload

import numpy as np

from affinity import conversion as conversion_room
from affinity import counting, ingest
from affinity.contexts import Facts
from affinity.engines import LOCAL, Engine
from affinity.history import History
from affinity.settings import Settings
from affinity.steps import life_table_rules, measure_conversion, named_horizon, read_facts, read_past
from affinity.tables import Conversion, Customers, LifeTables, OfferConversion, Offers, Products, SegmentConversion
from affinity.vocabulary import Vocabulary

Churn = Literal["crude", "net"]


@overload
def estimate_conversion(
    orders: Any, *, by: None = None, horizon_days: int | Sequence[int] | None = None, **known: Any
) -> Conversion: ...
@overload
def estimate_conversion(
    orders: Any, *, by: str, horizon_days: int | Sequence[int] | None = None, **known: Any
) -> SegmentConversion: ...
def estimate_conversion(
    orders: Any,
    *,
    by: str | None = None,
    horizon_days: int | Sequence[int] | None = None,
    churn: Churn | None = None,
    offers: Any = None,
    products: Any = None,
    customers: Any = None,
    settings: Settings | None = None,
    **changes: Any,
) -> Conversion | SegmentConversion:
    """Observed conversion A→B of every pair with enough converted customers; with ``by``, within each segment.

    by           : segment column of the customers or of the order lines: the pairs with the most converted, by segment,
                   beside the pooled rate and the standardised one, with a flag where they contradict each other
    horizon_days : one or several (HorizonUnobserved when nobody was followed to one); None: 30, 90 and 365
    churn        : "crude" (default), customers who left stay at risk, or "net", they are followed until they left
    products     : sale dates, prerequisites, families (a pair within one is of kind "upsell"); customers : started_at,
                   ended_at, plan, segments; offers : how many owners of A were offered B, and accepted

    Raises MissingPart when the orders have no dates or no customers, or nobody's ended_at is known for "net";
    SettingsError for a segment column that there is not.
    """
    chosen = (settings or Settings()).changed(**changes)
    asked: dict[str, Any] = {} if churn is None else {"churn": churn}
    if horizon_days is not None:
        asked["horizons_days"] = tuple(horizon_days) if isinstance(horizon_days, Sequence) else (horizon_days,)
    chosen = chosen.changed(conversion=asked) if asked else chosen
    past = read_past(orders, chosen)
    facts = read_facts(past, offers, products, customers)
    if by is not None:
        return measure_segments(past, facts, chosen, by)
    return measure_conversion(past, facts, chosen)[1]


def measure_offers(
    offers: Any,
    *,
    orders: Any = None,
    by: str | None = None,
    products: Any = None,
    customers: Any = None,
    settings: Settings | None = None,
    **changes: Any,
) -> OfferConversion:
    """Offer conversion: over all, by campaign, by category, by segment, and by all three at once, with intervals.

    orders   : what was bought, and by whom: decides acceptance where the log does not say, leaves out offers to owners and
               to customers of later, and gives the organic rate; None: the log alone
    by       : segment column of the customers (or of the order lines); products : with a column category

    ``info["note"]`` says that the offers were targeted (or that there is a control arm), ``info["excluded"]`` how many
    offers do not count and why.
    """
    chosen = (settings or Settings()).changed(**changes)
    if orders is None:
        log = ingest.read_offers(offers)
        known = ingest.read_products(products).recoded(log.products) if products is not None else Products.bare(log.products)
        people = ingest.read_customers(customers) if customers is not None else Customers.bare(log.customers)
        labels = _segment_labels(people.recoded(log.customers), by)
        as_of_day = None if chosen.as_of is None else int(np.datetime64(chosen.as_of, "D").astype(np.int64))
        window = chosen.conversion.offer_window_days
        return conversion_room.measure_campaigns(
            log, categories=known.category, segments=labels, window_days=window, as_of_day=as_of_day
        )
    past = read_past(orders, chosen)
    facts = read_facts(past, None, products, customers)
    log = ingest.read_offers(offers)
    every = _with_unsold(facts.products.products, log)
    known = facts.products.recoded(every)
    if products is not None and len(every) > len(facts.products):
        known = ingest.read_products(products).recoded(every)
    return _measure_log(past, log.recoded(past.lines.customers, every), known, facts.customers, chosen, by)


def measure_offer_log(past: History, facts: Facts, settings: Settings) -> OfferConversion | None:
    """The offer conversion of a run: None without an offer log or customers; by ``conversion.by`` where it is set."""
    if facts.offers is None or not past.has_customers:
        return None
    return _measure_log(past, facts.offers, facts.products, facts.customers, settings, settings.conversion.by)


def measure_with_segments(
    past: History, facts: Facts, settings: Settings, engine: Engine = LOCAL
) -> tuple[LifeTables, Conversion, SegmentConversion | None]:
    """Life tables and conversion of every ordered pair, and by segment where ``conversion.by`` is set."""
    by = settings.conversion.by
    return *measure_conversion(past, facts, settings, engine), None if by is None else measure_segments(
        past, facts, settings, by
    )


def measure_segments(past: History, facts: Facts, settings: Settings, by: str) -> SegmentConversion:
    """Conversion of the pairs with the most converted customers within each segment of ``by``."""
    codes, labels = facts.customers.segment_codes(by)
    rules = life_table_rules(past, facts, settings) | {"strata": None}
    pooled, segments = counting.count_by_segment(past.holdings, past.steps, codes, labels.tolist(), **rules)
    family = conversion_room.family_codes(facts.products)
    conversion_room.check_named_horizon(pooled, named_horizon(settings))
    return conversion_room.estimate_by_segment(pooled, segments, family=family, settings=settings.conversion)


def _measure_log(
    past: History, log: Offers, products: Products, customers: Customers, settings: Settings, by: str | None
) -> OfferConversion:
    dated = past.holdings.clock == "day"
    return conversion_room.measure_campaigns(
        log,
        holdings=replace(past.holdings, products=log.products) if dated else None,
        categories=products.category,
        segments=_segment_labels(customers, by),
        window_days=settings.conversion.offer_window_days,
        as_of_day=past.lines.as_of_day,
    )


def _segment_labels(customers: Customers, by: str | None) -> np.ndarray | None:
    if by is None:
        return None
    codes, labels = customers.segment_codes(by)
    return labels[codes] if len(labels) else np.full(len(customers), None, dtype=object)


def _with_unsold(products: Vocabulary, log: Offers) -> Vocabulary:
    """The products, and behind them those that were offered and never bought: no code of the others changes."""
    unsold = log.products.labels[products.encode(log.products.labels) < 0]
    return Vocabulary("product", [*products.labels, *unsold]) if len(unsold) else products
