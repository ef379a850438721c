"""The steps of the way that take more than one call; `affinity.flow` puts them in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from affinity import baskets as basket_room
from affinity import conversion as conversion_room
from affinity import eligibility, evaluate, ingest, release
from affinity import metrics as metric_room
from affinity.contexts import Facts, Listed
from affinity.daily_lines import read_lines
from affinity.engines import LOCAL, Engine
from affinity.errors import MissingPart
from affinity.history import History, look_back
from affinity.memory import share_of_memory
from affinity.metrics import tree as metric_tree
from affinity.settings import Settings
from affinity.state import State
from affinity.tables import (
    Conversion,
    Customers,
    Eligibility,
    FitModel,
    ItemsetCounts,
    Landmark,
    LifeTables,
    MetricTree,
    PairGraph,
)
from affinity.training import LEARNT_FROM, learn_fit, learn_model, look_back_to, recall_customers
from affinity.vocabulary import Vocabulary

T = TypeVar("T")


def read_past(orders: Any, settings: Settings, exclude_customers: Iterable[str] = (), state: State | None = None) -> History:
    """The history before as_of, of which nothing later is known: no line, no customer, no product.

    state : where lines that were read before may be; without one all are read
    """
    if state is None:
        lines = ingest.read_orders(orders, settings=settings.ingest, memory_budget=settings.memory_budget)
    else:
        lines = read_lines(orders, settings, state)
    if ids := list(exclude_customers):
        lines = basket_room.exclude_customers(lines, ids)
    return look_back(basket_room.drop_unseen_labels(basket_room.cut_lines(lines, settings.as_of)))


def read_facts(
    past: History,
    offers: Any,
    products: Any,
    customers: Any,
    subscriptions: Any = None,
    *,
    exclude_customers: Iterable[str] = (),
) -> Facts:
    """What else is known, recoded into the vocabulary of the orders; names, prices and segments of the lines fill gaps.

    Customers who are listed and have not bought are newcomers, unless they start on or after as_of or are excluded.
    """
    lines = past.lines
    log = None if offers is None else ingest.read_offers(offers)
    people = None if customers is None else ingest.read_customers(customers)
    goods = None if products is None else ingest.read_products(products)
    newcomers = None if people is None else _newcomers(people, past, exclude_customers)
    return Facts(
        products=basket_room.describe_products(lines, goods),
        customers=basket_room.describe_customers(lines, people),
        offers=None if log is None else log.recoded(lines.customers, lines.products),
        subscriptions=None if subscriptions is None else ingest.read_subscriptions(subscriptions),
        newcomers=newcomers,
        newcomer_offers=None if log is None or newcomers is None else log.recoded(newcomers.customers, lines.products),
        listed=Listed(goods, people, log),
    )


def _newcomers(listed: Customers, past: History, exclude_customers: Iterable[str]) -> Customers | None:
    """Those of the list who have no order before as_of and are known by then; None where there are none."""
    gone = {str(one) for one in exclude_customers}
    known = past.lines.customers.encode(listed.customers.labels) < 0
    if past.lines.as_of_day is not None:
        known &= listed.started_at < past.lines.as_of_day
    labels = [label for label, new in zip(listed.customers.labels, known) if new and str(label) not in gone]
    return listed.recoded(Vocabulary("customer", labels)) if labels and past.has_customers else None


def read_inputs(
    orders: Any,
    settings: Settings,
    exclude_customers: Iterable[str],
    known: tuple[Any, Any, Any, Any],
    state: State | None = None,
) -> tuple[History, Facts]:
    """The history and what else is known (offers, products, customers, subscriptions), without who opted out."""
    excluded = list(exclude_customers)
    past = read_past(orders, settings, excluded, state)
    facts = read_facts(past, *known, exclude_customers=excluded)
    require_observed(past, settings)
    return past, facts


def require_observed(past: History, settings: Settings) -> None:
    """HorizonUnobserved for a horizon that the user named and nobody was followed to."""
    if past.first_day is None or past.lines.as_of_day is None:
        return
    named = [settings.horizon_days] if "horizon_days" in settings.model_fields_set else []
    if "horizons_days" in settings.conversion.model_fields_set:
        named += settings.conversion.horizons_days
    longest = past.lines.as_of_day - 1 - past.first_day
    for horizon_days in named:
        conversion_room.require_observed(horizon_days, longest, past.lines.as_of_day)


def life_table_rules(past: History, facts: Facts, settings: Settings) -> dict[str, Any]:
    """The arguments of `count_life_tables`: who is at risk of what, and when. MissingPart without customers or dates."""
    if past.steps is None or past.lines.clock != "day":
        raise MissingPart(
            f"Observed conversion needs customers and dates; the orders have no {past.what_is_missing}.",
            why="Without them nobody can be followed from A to B.",
        )
    chosen = settings.conversion
    return {
        "horizons_days": chosen.horizons_days,
        "as_of_day": past.lines.as_of_day,
        "start_day": past.first_day,
        "wash_in_days": chosen.wash_in_days,
        "started_at": facts.customers.started_at,
        "products": facts.products,
        "customers": facts.customers,
        "churn": chosen.churn,
        "strata": None if chosen.segment is None else facts.customers.segment_codes(chosen.segment)[0],
        "min_converted": chosen.min_converted,
        "max_products_per_customer": settings.baskets.max_products_per_customer,
        "max_table_bytes": share_of_memory(settings.memory_budget),
    }


def named_horizon(settings: Settings) -> int | None:
    """The longest horizon of conversion, where the user named any: somebody must have been followed to it."""
    chosen = settings.conversion
    return max(chosen.horizons_days) if "horizons_days" in chosen.model_fields_set and chosen.horizons_days else None


def measure_conversion(
    past: History, facts: Facts, settings: Settings, engine: Engine = LOCAL
) -> tuple[LifeTables, Conversion]:
    """Life tables and conversion of every ordered pair; MissingPart without customers or dates."""
    lives = engine.count_life_tables(past, life_table_rules(past, facts, settings))
    conversion = conversion_room.estimate_conversion(
        lives,
        offers=facts.offers,
        holdings=past.holdings,
        family=conversion_room.family_codes(facts.products),
        settings=settings.conversion,
        named_horizon_days=named_horizon(settings),
    )
    return lives, conversion


def judge_customers(past: History, facts: Facts, settings: Settings) -> Eligibility | None:
    """Who may be offered what at as_of; None without customers."""
    if not past.has_customers:
        return None
    return eligibility.judge_eligibility(
        past.holdings,
        products=facts.products,
        customers=facts.customers,
        offers=facts.offers,
        rules=settings.eligibility,
        as_of_day=past.lines.as_of_day,
        returned=past.returned,
    )


def learn_for_customers(past: History, facts: Facts, settings: Settings, engine: Engine = LOCAL) -> tuple[FitModel, Landmark]:
    """The fit model and the counts that score; MissingPart without customers."""
    if not past.has_customers:
        raise MissingPart(
            "Recommendations for customers need customer ids; the orders have none.",
            do="Use also_bought, which needs baskets only.",
        )
    count = engine.transition_counter(past)
    return learn_model(past, settings, customers=facts.customers, offers=facts.offers, count=count)


def plan_backtest(past: History, settings: Settings, landmarks: int, at: Sequence[dt.date | str]) -> list[int]:
    """Where the landmarks of a backtest are; an error for one that cannot be judged."""
    clock = past.lines.clock if past.has_customers else None
    days = (past.first_day or 0, past.gross.as_of_day or 0)
    return evaluate.plan_times(clock, *days, settings.horizon_days, landmarks=landmarks, at=at)


def judge_at(
    time: int,
    past: History,
    settings: Settings,
    *,
    customers: Customers,
    protocols: Sequence[evaluate.Protocol],
    peers: bool,
) -> list[evaluate.Judgement]:
    """The recommender as of a past time, the baselines and the peers, judged by each protocol; learnt once."""
    assert past.steps is not None
    then, landmark = look_back_to(time, past, settings)
    learnt: list[evaluate.Ranked] = []

    def fit_of(blind: Landmark) -> evaluate.Ranked:
        if not learnt:
            known = recall_customers(customers, settings, past, then)
            candidates = learn_fit(then, settings, blind, customers=known)[1]
            learnt.append(evaluate.Ranked(candidates.indptr, candidates.product, candidates.fit))
        return learnt[0]

    label = evaluate.label_next_baskets(past.steps, landmark.holdings, at=time, horizon_days=settings.horizon_days)
    marks = {"new_product": landmark, "next_basket": replace(landmark, label_indptr=label[0], label_product=label[1])}
    return [
        evaluate.judge({"fit": fit_of}, marks[protocol], protocol=protocol, cutoff=settings.top_k, peers=peers)
        for protocol in protocols
    ]


def gather_facts(past: History, facts: Facts, settings: Settings, judged: Eligibility | None) -> metric_room.Facts:
    """What the named metrics and the metric tree of the window before as_of are counted from."""
    return metric_room.gather_facts(
        past.lines,
        offers=facts.offers,
        products=facts.products,
        customers=facts.customers,
        subscriptions=facts.subscriptions,
        eligibility=judged,
        settings=settings.metrics,
    )


def measure_tree(
    seen: metric_room.Facts, settings: Settings, by: Iterable[str] = (), *, through_offers: bool = True
) -> MetricTree:
    """The metric tree of the window of ``seen``; MissingPart without customers, dates or prices."""
    chosen = settings.metrics
    return metric_tree.build_tree(seen, by=tuple(by) or chosen.by, owners=chosen.owners, through_offers=through_offers)


def list_offers(past: History, facts: Facts, settings: Settings) -> dict[str, Any] | None:
    """The offers that were made, with what became of each, as they are published; None without an offer log."""
    if facts.offers is None:
        return None
    as_of_day, window_days = past.lines.as_of_day, settings.metrics.offer_window_days
    dated = past.has_customers and past.lines.clock == "day"
    judged = conversion_room.judge_offers(
        facts.offers, past.holdings if dated else None, window_days=window_days, end_day=as_of_day
    )
    return release.offer_columns(facts.offers, judged.accepted, window_days=window_days, as_of_day=as_of_day)


def fingerprint_inputs(past: History, facts: Facts) -> dict[str, str]:
    """Hashes of the rows that went in, lines after as_of included in the report and not here."""
    lines = past.gross
    rows = {name: getattr(lines, name) for name in ("order", "customer", "product", "quantity", "net_amount", "row")}
    rows |= {name: getattr(lines, name) for name in ("ordered_at", "order_seq") if getattr(lines, name) is not None}
    rows |= {f"attribute {name}": attribute.code for name, attribute in lines.attributes.items()}
    labels = [lines.orders, lines.customers, lines.products, *(a.labels for a in lines.attributes.values())]
    names = ("products", "customers", "offers", "subscriptions", "newcomers", "newcomer_offers")
    tables = {name: getattr(facts, name) for name in names}
    known = {name: release.fingerprint_arrays(table.columns()) for name, table in tables.items() if table is not None}
    return {
        "orders": release.fingerprint_arrays(rows),
        "labels": "-".join(vocabulary.fingerprint for vocabulary in labels),
        "report": release.fingerprint_arrays({str(past.lines.report.to_dict()): lines.row[:0]}),
        **known,
    }


def describe_caps(
    too_large: int, itemsets: ItemsetCounts, pair_graph: PairGraph, now: Landmark | None, settings: Settings
) -> dict[str, str]:
    """What the caps left out of the counts, by the setting that caps; too_large : baskets."""
    capped = {}
    if too_large:
        most = settings.baskets.max_basket_size
        capped["baskets.max_basket_size"] = f"{too_large:,} baskets of more than {most:,} products are not counted"
    if left_out := pair_graph.info.get("left_out_customers"):
        most = settings.baskets.max_products_per_customer
        capped["baskets.max_products_per_customer"] = (
            f"{left_out:,} customers with more than {most:,} products are not in the pair statistics (and are still scored)"
        )
    if now is not None and (not_learnt := now.transitions.left_out_customers):
        most = LEARNT_FROM * settings.baskets.max_products_per_customer
        said = capped["baskets.max_products_per_customer"]
        capped["baskets.max_products_per_customer"] = f"{said}; fit does not learn from {not_learnt:,} with more than {most:,}"
    if cut := itemsets.info.get("cut"):
        assert isinstance(cut, dict)
        capped["mining.max_itemsets"] = (
            f"the {cut['kept']:,} most frequent itemsets are kept; complete from {cut['complete_from_count']:,} baskets on"
        )
    return capped


def attempt(part: Callable[[], T]) -> tuple[T | None, str | None]:
    """What ``part`` makes and no reason, or None and the reason when the data lack what it needs."""
    try:
        return part(), None
    except MissingPart as missing:
        return None, str(missing)
