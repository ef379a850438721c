"""The whole engine as one straight way: order lines in, a release of recommendations out.

A room hands its table to the next through this page: `run` is the way, the steps that take more than a call stand in
`affinity.steps`, what was known on a day in `affinity.history`, the landmarks that fit learns from in
`affinity.training`. The public functions below `run` are the same way, stopped early.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from affinity import baskets as basket_room
from affinity import counting, evaluate, graph
from affinity import metrics as metric_room
from affinity.carried import can_carry, recommend_changed
from affinity.contexts import (
    Context,
    Facts,
    Shop,
    check_value,
    list_companions,
    recommend_in,
    recommend_newcomers,
)
from affinity.engines import LOCAL, Engine, least_count, open_engine
from affinity.history import History
from affinity.ingest import on_spark
from affinity.learning import check_state, learn, learn_on_a_learning_day
from affinity.learnt import Learnt, shop_of
from affinity.memory import within_budget
from affinity.metrics import Retention
from affinity.observed import measure_offer_log
from affinity.packing import pack_shop
from affinity.periods import explain_change
from affinity.progress import step, track
from affinity.republish import Republisher
from affinity.result import Result
from affinity.settings import Settings
from affinity.state import State, open_state
from affinity.steps import (
    attempt,
    describe_caps,
    fingerprint_inputs,
    gather_facts,
    judge_at,
    judge_customers,
    learn_for_customers,
    list_offers,
    measure_conversion,
    measure_tree,
    plan_backtest,
    read_facts,
    read_inputs,
    read_past,
    require_observed,
)
from affinity.tables import (
    AlsoBought,
    Backtest,
    Baskets,
    Eligibility,
    ItemsetCounts,
    Metrics,
    PairGraph,
    Recommendations,
)


def run(
    orders: Any,
    *,
    offers: Any = None,
    products: Any = None,
    customers: Any = None,
    subscriptions: Any = None,
    exclude_customers: Iterable[str] = (),
    settings: Settings | None = None,
    session: Any = None,
    state: str | Path | None = None,
    **changes: Any,
) -> Result:
    """The whole main job on ``orders`` (a path, a dataframe or OrderLines; with Spark a URI too); `Result.publish` writes it.

    offers, products, customers, subscriptions : paths or dataframes of what else is known, or None
    exclude_customers : opt-outs, left out before any count
    settings, changes : Settings, and single ones by name (``as_of="2011-09-01"``, ``top_k=5``, ``engine="spark"``)
    session : a SparkSession that there is, to count on; the answers are those of this machine
    state   : folder in which a run keeps what the next one needs again; only with ``learn_every_days`` and on this machine.
              A state changes no answer: what was made of other lines, files or settings, or is damaged, is made anew
              (``Result.kept`` says which)

    What the data cannot give (conversion without dates, recommendations without customers) is None in the result,
    with the reason in ``notes``. A horizon that the caller names and nobody was followed to is HorizonUnobserved.
    """
    settings = (settings or Settings()).changed(**changes)
    known = (offers, products, customers, subscriptions)
    if state is not None:
        check_state(settings, session)
        with open_state(state) as kept:
            return _run(LOCAL, orders, settings, exclude_customers, known, kept)
    with open_engine(settings, session) as engine:
        return _run(engine, on_spark(orders, engine.session), settings, exclude_customers, known)


def _run(
    engine: Engine,
    orders: Any,
    settings: Settings,
    excluded: Iterable[str],
    known: tuple[Any, Any, Any, Any],
    kept: State | None = None,
) -> Result:
    within = partial(within_budget, settings.memory_budget)
    with step("reading orders"), within("reading orders"):
        past, facts = read_inputs(orders, settings, excluded, known, kept)
    judged = judge_customers(past, facts, settings)
    learnt, shop = _learn(engine, past, facts, settings, judged, kept)
    with step("ranking"), within("ranking"):
        recommendations, newcomers = (
            (_rank(engine, shop, learnt, kept), recommend_newcomers(shop)) if shop.learnt else (None, None)
        )
    notes = {"conversions": learnt.no_conversion, "recommendations": learnt.no_fit}
    with step("metrics"), within("metrics"):
        seen = gather_facts(past, facts, settings, judged)
        metrics = metric_room.measure_facts(seen, settings.metrics.by)
        metric_tree, notes["metric_tree"] = attempt(lambda: measure_tree(seen, settings))
        metric_change = None
        if metric_tree:
            metric_change, notes["metric_change"] = attempt(lambda: explain_change(past, facts, settings, metric_tree))
    model, now = shop.learnt or (None, None)
    return Result(
        settings=settings,
        inputs=fingerprint_inputs(past, facts),
        lines=past.lines,
        holdings=past.holdings,
        products=facts.products,
        itemsets=learnt.itemsets,
        rules=learnt.rules,
        graph=shop.graph,
        bundles=graph.list_bundles(shop.graph),
        also_bought=list_companions(shop),
        metrics=metrics,
        metric_tree=metric_tree,
        metric_change=metric_change,
        offers=list_offers(past, facts, settings),
        eligibility=judged,
        life_tables=learnt.lives,
        conversion=shop.conversion,
        segment_conversion=learnt.by_segment,
        offer_conversion=measure_offer_log(past, facts, settings),
        curves=learnt.curves,
        model=model,
        recommendations=recommendations,
        newcomers=newcomers,
        notes={part: note for part, note in notes.items() if note},
        capped=describe_caps(learnt.too_large, learnt.itemsets, shop.graph, now, settings),
        recommender=partial(recommend_in, shop),
        packer=partial(pack_shop, shop),
        learnt_day=None if settings.learn_every_days is None else learnt.day,
        kept={} if kept is None else kept.notes,
        republish=None if kept is None else Republisher.of(kept.folder, learnt, shop.graph, shop.conversion).publish,
    )


def _learn(
    engine: Engine, past: History, facts: Facts, settings: Settings, judged: Eligibility | None, kept: State | None
) -> tuple[Learnt, Shop]:
    """What there is to learn, as of as_of or of the last learning day, and the shop that is ranked with it."""
    if settings.learn_every_days is not None:
        learnt = learn_on_a_learning_day(past, facts, settings, engine, kept)
        return learnt, shop_of(learnt, past, facts, settings, judged)
    learnt, now = learn(past, facts, settings, engine)
    fit = None if learnt.model is None or now is None else (learnt.model, now)
    return learnt, Shop(past, facts, settings, learnt.graph, learnt.conversion, judged, fit, learnt.no_fit)


def _rank(engine: Engine, shop: Shop, learnt: Learnt, kept: State | None) -> Recommendations:
    """Everybody's lists; with a state only of those who changed, where a list depends on nothing else."""
    if kept is None or not can_carry(shop.settings):
        return engine.recommend(shop)
    return recommend_changed(shop, learnt.key, kept)


def group_baskets(
    source: Any, *, by: str | None = None, settings: Settings | None = None, max_size: int | None = None
) -> Baskets:
    """Baskets of the distinct products bought together.

    source : OrderLines (net of returns here), a path, a dataframe, or a list of lists of labels of any hashable kind
    by     : "order" (default), "customer_day" or "session"
    max_size : larger baskets are left out and counted in ``too_large``; None: none are

    >>> group_baskets([["bread", "milk", "milk"], ["milk"]]).sizes.tolist()
    [2, 1]
    """
    if isinstance(source, (list, tuple)):
        return basket_room.group_baskets(source, by=by or "order", max_size=max_size)
    chosen = settings or Settings()
    past = source if isinstance(source, History) else read_past(source, chosen)
    return basket_room.group_baskets(
        past.lines,
        by=by or chosen.baskets.by,
        session_gap_minutes=chosen.baskets.session_gap_minutes,
        max_size=max_size or (chosen.baskets.max_basket_size if settings else None),
    )


def mine_within(baskets: Baskets, settings: Settings, **asked: Any) -> ItemsetCounts:
    """The itemsets of a run: the settings' support, else 0.001 and at least 5 baskets; the most frequent ones.

    asked : what else `affinity.mine_itemsets` takes: target, top_k, min_size, including, excluding, consequents, memory_budget
    """
    min_count = settings.min_count
    if min_count is None and settings.min_support is None and asked.get("top_k") is None:
        min_count = least_count(settings, len(baskets))
    return counting.mine_itemsets(
        baskets,
        min_support=settings.min_support,
        min_count=min_count,
        max_size=settings.max_size,
        max_itemsets=settings.mining.max_itemsets,
        on_limit="keep_most_frequent" if asked.get("consequents") is None else "error",
        **asked,
    )


def build_graph(source: Any, *, settings: Settings | None = None, baskets: Baskets | None = None) -> PairGraph:
    """The product-pair graph of ``source``: Baskets, order lines, a path, a dataframe, or a list of lists.

    Customers, where the source has them, give the second grain (owners), at which pairs are tested.
    """
    chosen = settings or Settings()
    owners = None
    if isinstance(source, Baskets):
        baskets = source
        owners = basket_room.own_baskets(source) if source.customers else None
    elif isinstance(source, (list, tuple)):
        baskets = group_baskets(source)
    else:
        past = source if isinstance(source, History) else read_past(source, chosen)
        baskets = baskets or group_baskets(past, settings=chosen)
        owners = past.holdings if past.has_customers else None
    pairs = counting.count_pairs(baskets, owners, max_products_per_customer=chosen.baskets.max_products_per_customer)
    return graph.build_graph(pairs, settings=chosen.graph)


def recommend(
    orders: Any,
    *,
    k: int | None = None,
    context: Context = "customer",
    given: Iterable[str] = (),
    customer: str | None = None,
    products: Any = None,
    customers: Any = None,
    offers: Any = None,
    settings: Settings | None = None,
    **changes: Any,
) -> Recommendations | AlsoBought:
    """The ``k`` highest-fit products for each customer, or what to show in another context, as of the end of ``orders``.

    context  : "customer" (next purchase), "product" (bought with it), "cart" (completes it), "order_confirmation"
               (next purchase after an order); see `affinity.contexts.recommend_in`
    given    : ids of the products in the context; customer : one customer's id, None everybody (or a guest)
    changes  : single settings by name, e.g. ``as_of="2011-09-01", horizon_days=90, ranking={"diversity": 0.3}``

    Several questions to one shop: ``result = run(orders)``, then ``result.recommend(context, given=…)``.
    Raises MissingPart when the context needs customers and the orders name none, UnknownLabel for unknown ids.
    """
    settings = (settings or Settings()).changed(**changes if k is None else {**changes, "top_k": k})
    check_value(context, settings)
    past = read_past(orders, settings)
    facts = read_facts(past, offers, products, customers)
    require_observed(past, settings)
    learns = context in ("customer", "order_confirmation")
    learnt = learn_for_customers(past, facts, settings) if learns else None
    measured, _ = attempt(lambda: measure_conversion(past, facts, settings)) if learns else (None, None)
    shop = Shop(
        past,
        facts,
        settings,
        graph=build_graph(past, settings=settings),
        conversion=measured[1] if measured else None,
        judged=judge_customers(past, facts, settings),
        learnt=learnt,
    )
    return recommend_in(shop, context, given=given, customer=customer)


def compute_metrics(
    orders: Any,
    *,
    by: str | Iterable[str] = (),
    offers: Any = None,
    products: Any = None,
    customers: Any = None,
    subscriptions: Any = None,
    settings: Settings | None = None,
    **changes: Any,
) -> Metrics:
    """The named cross-sell metrics of the 90 days before as_of (``settings.metrics.window_days``).

    by            : segment columns or bands (tenure, cohort, health, …), each cut apart from the whole; without: tenure
    subscriptions : who paid how much a month, from when to when, for the metrics of recurring revenue
    """
    settings = (settings or Settings()).changed(**changes)
    past = read_past(orders, settings)
    facts = read_facts(past, offers, products, customers, subscriptions)
    columns = (by,) if isinstance(by, str) else tuple(by)
    seen = gather_facts(past, facts, settings, judge_customers(past, facts, settings))
    return metric_room.measure_facts(seen, columns or settings.metrics.by)


def compare_retention(
    orders: Any,
    *,
    products: Any = None,
    customers: Any = None,
    subscriptions: Any = None,
    settings: Settings | None = None,
    **changes: Any,
) -> Retention:
    """Do customers of several product families stay longer than those of one? Without immortal time, as an association.

    Who left, and when, comes from ``subscriptions``, from ended_at of ``customers``, or from ``metrics={"lapse_days": …}``;
    MissingPart without any of them.
    """
    settings = (settings or Settings()).changed(**changes)
    past = read_past(orders, settings)
    facts = read_facts(past, None, products, customers, subscriptions)
    return metric_room.compare_retention(
        past.lines,
        products=facts.products,
        customers=facts.customers,
        subscriptions=facts.subscriptions,
        settings=settings.metrics,
    )


def backtest(
    orders: Any,
    *,
    customers: Any = None,
    landmarks: int = 1,
    at: Sequence[dt.date | str] = (),
    protocols: Sequence[str] = ("new_product",),
    peers: bool = False,
    settings: Settings | None = None,
    **changes: Any,
) -> Backtest:
    """What the recommender would have said at past times, against what was bought in the horizon after each.

    customers : for ``settings.fit.segment``; a column of the order lines needs no file
    landmarks : how many times, a horizon apart, the latest being the last whose horizon is over; at: dates instead
    protocols : "new_product" (judged are customers who then bought something they did not own) and "next_basket" (their
                next order, repurchases included; fit, which ranks new products only, is no candidate to win it)
    peers     : implicit, EASE^R and SAR too (pip install 'affinity-engine[peers]')
    The first ``settings.top_k`` places are judged. Beside fit stand the built-in baselines, with paired differences.

    Raises MissingPart when the orders have no customers, no time, too little history or nobody to judge, InputError for
    a date in the future, one whose horizon is not over, or one before the first order.
    """
    settings = (settings or Settings()).changed(**changes)
    asked = evaluate.check_protocols(protocols)
    past = read_past(orders, settings)
    times = plan_backtest(past, settings, landmarks, (at,) if isinstance(at, str) else at)
    people = read_facts(past, None, None, customers).customers
    judge = partial(judge_at, past=past, settings=settings, customers=people, protocols=asked, peers=peers)
    judged = [one for time in track(times, "landmarks") for one in judge(time)]
    return evaluate.summarise(judged, info={"horizon_days": settings.horizon_days, "as_of": past.as_of})
