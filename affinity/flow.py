"""The whole engine as one straight way: order lines in, a release of recommendations out.

Every room is called from here (what was known on a day: `affinity.history`; the landmarks that fit learns
from: `affinity.training`); a room hands its table to the next through this page. The public functions below
`run` are the same way, stopped early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from affinity import baskets as basket_room
from affinity import conversion as conversion_room
from affinity import counting, eligibility, graph, ingest, ranking, release, rules
from affinity import metrics as metric_room
from affinity.errors import HorizonUnobserved, MissingPart
from affinity.history import History, look_back
from affinity.progress import step
from affinity.result import Result
from affinity.settings import Settings
from affinity.tables import (
    Baskets,
    Conversion,
    Customers,
    Eligibility,
    FitModel,
    ItemsetCounts,
    LifeTables,
    Metrics,
    Offers,
    OrderLines,
    PairGraph,
    Products,
    Recommendations,
)
from affinity.training import learn_fit

#: Itemsets of a run: at least one basket in so many, and at least so many, unless the settings say otherwise.
_ONE_BASKET_IN, _LEAST_BASKETS = 1000, 5


@dataclass(frozen=True)
class Facts:
    """What is known besides the orders, in the codes of the orders."""

    products: Products
    customers: Customers
    offers: Offers | None


def run(
    orders: Any,
    *,
    offers: Any = None,
    products: Any = None,
    customers: Any = None,
    exclude_customers: Iterable[str] = (),
    settings: Settings | None = None,
    **changes: Any,
) -> Result:
    """The whole main job on ``orders`` (a path, a dataframe or OrderLines), in memory; `Result.publish` writes it.

    offers, products, customers : paths or dataframes of what else is known, or None
    exclude_customers           : opt-outs, left out before any count
    settings, changes           : Settings, and single ones by name (``as_of="2011-09-01"``, ``top_k=5``)

    What the data cannot give (conversion without dates, recommendations without customers) is None in the result,
    with the reason in ``notes``. A horizon that the caller names and nobody was followed to is HorizonUnobserved.
    """
    settings = _choose_settings(settings, changes)
    with step("reading orders"):
        past = look_back(_read_lines(orders, settings, exclude_customers), settings.as_of)
        facts = _read_facts(past, offers, products, customers)
        _require_observed(past, settings)
    with step("counting itemsets and pairs"):
        baskets = group_baskets(past.lines, settings=settings)
        itemsets = mine_within(baskets, settings)
        found_rules = rules.induce_rules(itemsets, min_confidence=settings.rules.min_confidence)
        pair_graph = build_graph(past, settings=settings, baskets=baskets)
    with step("measuring conversion"):
        judged = _judge(past, facts, settings)
        lives, conversion, no_conversion = _attempt(_measure_conversion, past, facts, settings)
    with step("learning fit"):
        model, recommendations, no_fit = _attempt(
            _recommend, past, facts, settings, pair_graph=pair_graph, conversion=conversion, judged=judged
        )
    with step("metrics"):
        metrics = _measure(past, facts, settings, judged, settings.metrics.by)
    notes = {"conversions": no_conversion, "recommendations": no_fit}
    return Result(
        settings=settings,
        inputs=_fingerprint(past, facts),
        lines=past.lines,
        holdings=past.holdings,
        products=facts.products,
        itemsets=itemsets,
        rules=found_rules,
        graph=pair_graph,
        bundles=graph.list_bundles(pair_graph),
        also_bought=ranking.list_also_bought(pair_graph, products=facts.products, k=settings.top_k),
        metrics=metrics,
        eligibility=judged,
        life_tables=lives,
        conversion=conversion,
        curves=None if lives is None or conversion is None else conversion_room.curve_rows(lives, conversion),
        model=model,
        recommendations=recommendations,
        notes={part: note for part, note in notes.items() if note},
        capped=_capped(baskets, itemsets, pair_graph, settings),
    )


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
    lines = basket_room.net_returns(basket_room.cut_lines(ingest.read_orders(source, settings=chosen.ingest), chosen.as_of))
    return basket_room.group_baskets(
        lines,
        by=by or chosen.baskets.by,
        session_gap_minutes=chosen.baskets.session_gap_minutes,
        max_size=max_size or (chosen.baskets.max_basket_size if settings else None),
    )


def mine_within(baskets: Baskets, settings: Settings, target: str = "frequent") -> ItemsetCounts:
    """The itemsets of a run: the settings' support, else 0.001 and at least 5 baskets; the most frequent ones."""
    min_count = settings.min_count
    if min_count is None and settings.min_support is None:
        min_count = max(-(-len(baskets) // _ONE_BASKET_IN), _LEAST_BASKETS)
    return counting.mine_itemsets(
        baskets,
        min_support=settings.min_support,
        min_count=min_count,
        max_size=settings.max_size,
        target=target,
        max_itemsets=settings.mining.max_itemsets,
        on_limit="keep_most_frequent",
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
        past = source if isinstance(source, History) else look_back(_read_lines(source, chosen), chosen.as_of)
        baskets = baskets or group_baskets(past.lines, settings=chosen)
        owners = past.holdings if past.has_customers else None
    pairs = counting.count_pairs(baskets, owners, max_products_per_customer=chosen.baskets.max_products_per_customer)
    return graph.build_graph(pairs, settings=chosen.graph)


def estimate_conversion(
    orders: Any, *, horizon_days: int | None = None, offers: Any = None, settings: Settings | None = None, **changes: Any
) -> Conversion:
    """Observed conversion A→B of every pair with enough converted customers.

    horizon_days : one horizon (HorizonUnobserved when nobody was followed so long); None: 30, 90 and 365

    Raises MissingPart when the orders have no dates or no customers.
    """
    settings = _choose_settings(settings, changes)
    if horizon_days is not None:
        settings = _change(settings, "conversion", horizons_days=(horizon_days,))
    past = look_back(_read_lines(orders, settings), settings.as_of)
    _, conversion = _measure_conversion(past, _read_facts(past, offers, None, None), settings)
    return conversion


def recommend(
    orders: Any,
    *,
    k: int | None = None,
    products: Any = None,
    customers: Any = None,
    offers: Any = None,
    settings: Settings | None = None,
    **changes: Any,
) -> Recommendations:
    """The ``k`` highest-fit products for each customer with a purchase before as_of.

    changes : single settings by name, e.g. ``as_of="2011-09-01", horizon_days=90``

    Raises MissingPart when the orders name no customers.
    """
    settings = _choose_settings(settings, changes if k is None else {**changes, "top_k": k})
    past = look_back(_read_lines(orders, settings), settings.as_of)
    facts = _read_facts(past, offers, products, customers)
    _require_observed(past, settings)
    pair_graph = build_graph(past, settings=settings)
    _, conversion, _ = _attempt(_measure_conversion, past, facts, settings)
    judged = _judge(past, facts, settings)
    _, found = _recommend(past, facts, settings, pair_graph=pair_graph, conversion=conversion, judged=judged)
    return found


def compute_metrics(
    orders: Any,
    *,
    by: str | Iterable[str] = (),
    offers: Any = None,
    products: Any = None,
    customers: Any = None,
    settings: Settings | None = None,
    **changes: Any,
) -> Metrics:
    """The named cross-sell metrics of the 90 days before as_of (``settings.metrics.window_days``).

    by : segment columns, each cut apart from the whole
    """
    settings = _choose_settings(settings, changes)
    past = look_back(_read_lines(orders, settings), settings.as_of)
    facts = _read_facts(past, offers, products, customers)
    columns = (by,) if isinstance(by, str) else tuple(by)
    return _measure(past, facts, settings, _judge(past, facts, settings), columns or settings.metrics.by)


def _choose_settings(settings: Settings | None, changes: Mapping[str, Any]) -> Settings:
    if not changes:
        return settings or Settings()
    given = {} if settings is None else settings.model_dump(exclude_unset=True)
    return Settings.from_mapping({**given, **changes})


def _change(settings: Settings, section: str, **values: Any) -> Settings:
    given = settings.model_dump(exclude_unset=True)
    return Settings.from_mapping({**given, section: {**given.get(section, {}), **values}})


def _read_lines(orders: Any, settings: Settings, exclude_customers: Iterable[str] = ()) -> OrderLines:
    lines = ingest.read_orders(orders, settings=settings.ingest)
    ids = list(exclude_customers)
    return basket_room.exclude_customers(lines, ids) if ids else lines


def _read_facts(past: History, offers: Any, products: Any, customers: Any) -> Facts:
    lines = past.lines
    log = None if offers is None else ingest.read_offers(offers).recoded(lines.customers, lines.products)
    return Facts(
        products=basket_room.describe_products(lines, None if products is None else ingest.read_products(products)),
        customers=basket_room.describe_customers(lines, None if customers is None else ingest.read_customers(customers)),
        offers=log,
    )


def _require_observed(past: History, settings: Settings) -> None:
    """HorizonUnobserved for a horizon that the user named and nobody was followed to."""
    if past.first_day is None or past.lines.as_of_day is None:
        return
    named = [settings.horizon_days] if "horizon_days" in settings.model_fields_set else []
    if "horizons_days" in settings.conversion.model_fields_set:
        named += settings.conversion.horizons_days
    longest = past.lines.as_of_day - 1 - past.first_day
    for horizon_days in named:
        if horizon_days > longest:
            raise HorizonUnobserved(
                f"horizon_days={horizon_days}, but as of {past.as_of} no customer has been followed for more than "
                f"{longest} days,",
                why=f"so what happens by day {horizon_days} is not identified.",
                do=f"Use horizon_days <= {longest}, or a later as_of.",
            )


def _measure_conversion(past: History, facts: Facts, settings: Settings) -> tuple[LifeTables, Conversion]:
    if past.steps is None or past.lines.clock != "day":
        raise MissingPart(
            f"Observed conversion needs customers and dates; the orders have no {past.what_is_missing}.",
            why="Without them nobody can be followed from A to B.",
        )
    chosen = settings.conversion
    lives = counting.count_life_tables(
        past.holdings,
        past.steps,
        horizons_days=chosen.horizons_days,
        start_day=past.first_day,
        wash_in_days=chosen.wash_in_days,
        started_at=facts.customers.started_at,
        min_converted=chosen.min_converted,
        max_products_per_customer=settings.baskets.max_products_per_customer,
    )
    named = chosen.horizons_days[-1] if "horizons_days" in chosen.model_fields_set else None
    conversion = conversion_room.estimate_conversion(
        lives, offers=facts.offers, holdings=past.holdings, settings=chosen, named_horizon_days=named
    )
    return lives, conversion


def _judge(past: History, facts: Facts, settings: Settings) -> Eligibility | None:
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


def _recommend(
    past: History,
    facts: Facts,
    settings: Settings,
    *,
    pair_graph: PairGraph,
    conversion: Conversion | None,
    judged: Eligibility | None,
) -> tuple[FitModel, Recommendations]:
    if not past.has_customers:
        raise MissingPart(
            "Recommendations for customers need customer ids; the orders have none.",
            do="Use also_bought, which needs baskets only.",
        )
    model, candidates = learn_fit(past, settings)
    found = ranking.rank_candidates(
        candidates,
        graph=pair_graph,
        conversion=conversion,
        eligibility=judged,
        holdings=past.holdings,
        products=facts.products,
        top_k=settings.top_k,
        settings=settings.ranking,
        model=model,
        rank_by=settings.rank_by,
    )
    return model, found


def _measure(past: History, facts: Facts, settings: Settings, judged: Eligibility | None, by: Iterable[str]) -> Metrics:
    return metric_room.compute_metrics(
        past.lines,
        offers=facts.offers,
        products=facts.products,
        customers=facts.customers,
        eligibility=judged,
        settings=settings.metrics,
        by=tuple(by),
    )


def _fingerprint(past: History, facts: Facts) -> dict[str, str]:
    """Hashes of the rows that went in, lines after as_of included in the report and not here."""
    lines = past.gross
    rows = {name: getattr(lines, name) for name in ("order", "customer", "product", "quantity", "net_amount", "row")}
    rows |= {name: getattr(lines, name) for name in ("ordered_at", "order_seq") if getattr(lines, name) is not None}
    rows |= {f"attribute {name}": attribute.code for name, attribute in lines.attributes.items()}
    labels = [lines.orders, lines.customers, lines.products, *(a.labels for a in lines.attributes.values())]
    tables = {"products": facts.products, "customers": facts.customers, "offers": facts.offers}
    known = {name: release.fingerprint_arrays(table.columns()) for name, table in tables.items() if table is not None}
    return {
        "orders": release.fingerprint_arrays(rows),
        "labels": "-".join(vocabulary.fingerprint for vocabulary in labels),
        "report": release.fingerprint_arrays({str(past.lines.report.to_dict()): lines.row[:0]}),
        **known,
    }


def _capped(baskets: Baskets, itemsets: ItemsetCounts, pair_graph: PairGraph, settings: Settings) -> dict[str, str]:
    """What the caps left out of the counts, by the setting that caps."""
    capped = {}
    if baskets.too_large:
        most = settings.baskets.max_basket_size
        capped["baskets.max_basket_size"] = f"{baskets.too_large:,} baskets of more than {most:,} products are not counted"
    if left_out := pair_graph.info.get("left_out_customers"):
        most = settings.baskets.max_products_per_customer
        capped["baskets.max_products_per_customer"] = (
            f"{left_out:,} customers with more than {most:,} products are not in the pair statistics (and are still scored)"
        )
    if cut := itemsets.info.get("cut"):
        assert isinstance(cut, dict)
        capped["mining.max_itemsets"] = (
            f"the {cut['kept']:,} most frequent itemsets are kept; all that {cut['complete_from_count']:,} baskets hold are there"
        )
    return capped


def _attempt(part: Callable[..., tuple[Any, Any]], *known: Any, **made: Any) -> tuple[Any, Any, str | None]:
    """What ``part`` makes, or two Nones and the reason when the data lack what it needs."""
    try:
        return (*part(*known, **made), None)
    except MissingPart as missing:
        return None, None, str(missing)
