"""All named metrics of a shop, over everybody and by segment."""

from __future__ import annotations

from collections.abc import Sequence

from affinity.errors import MissingPart, SettingsError
from affinity.metrics.facts import Facts, gather_facts
from affinity.metrics.meanings import MEANINGS, describe_meanings, is_ambiguous
from affinity.metrics.orders import count_attached, frequent_pairs
from affinity.metrics.pairs import follow_pair
from affinity.metrics.registry import MEASURES, check_name, load
from affinity.metrics.retention import Retention, compare_churn, describe_retention
from affinity.metrics.rows import Row, as_table, make_rows
from affinity.metrics.segments import UNKNOWN, Segmentation, find_segments
from affinity.metrics.tally import Undefined
from affinity.settings import MetricSettings
from affinity.tables import Customers, Eligibility, Metrics, Offers, OrderLines, Products, Subscriptions

#: Metrics of an ordered pair of products: name -> function of (Facts, A, B).
PAIR_MEASURES = {"attach_rate": count_attached, "pair_conversion_rate": follow_pair}


def compute_metrics(
    lines: OrderLines,
    *,
    offers: Offers | None = None,
    products: Products | None = None,
    customers: Customers | None = None,
    subscriptions: Subscriptions | None = None,
    eligibility: Eligibility | None = None,
    settings: MetricSettings | None = None,
    by: str | Sequence[str] = (),
) -> Metrics:
    """The named metrics (`affinity.metrics.MEASURES` and those of pairs) for net order lines cut at as_of.

    The window is the ``settings.window_days`` (90) before as_of; metrics of a state look at everything before it;
    without dates both are everything. A row carries numerator, denominator, value, 95 % bounds and how they were made,
    window, population and source. What the input cannot give is null (NaN) with a reason in ``note``, as is a
    zero denominator and the rate of a segment of fewer than ``settings.min_cell``.

    by : columns of the customers or of the order lines (a customer's last value), or bands such as "tenure": each adds a
         row a segment, and the row over everybody carries the spread. Without it, ``settings.by`` (tenure)

    Raises UnknownColumns for a column that is not there, SettingsError for a metric name that is not, and for the bare
    "cross_sell_rate", with the metrics it may mean and their values here.
    """
    facts = gather_facts(
        lines,
        products=products,
        customers=customers,
        offers=offers,
        eligibility=eligibility,
        subscriptions=subscriptions,
        settings=settings,
    )
    return measure_facts(facts, by)


def measure_facts(facts: Facts, by: str | Sequence[str] = ()) -> Metrics:
    """`compute_metrics` of facts that were gathered already."""
    settings = facts.settings
    named = (by,) if isinstance(by, str) else tuple(by)
    segmentations = [find_segments(facts, name) for name in dict.fromkeys(named or settings.by)]
    if not named and "by" not in settings.model_fields_set:
        segmentations = [one for one in segmentations if one.labels != (UNKNOWN,)]
    for name in settings.names:
        if is_ambiguous(name):
            found = as_table([row for one in MEANINGS for row in _measure(one, facts, ())], facts.as_of_day)
            raise SettingsError(
                f"There is no metric {name!r}: one name for a dozen different ratios.",
                why="On these data they are " + describe_meanings(found) + ".",
                do="Name the one you mean.",
            )
        check_name(name, {**MEASURES, **dict.fromkeys(PAIR_MEASURES, "")})
    names = settings.names or (*MEASURES, *PAIR_MEASURES)
    return as_table([row for name in names for row in _measure(name, facts, segmentations)], facts.as_of_day)


def compare_retention(
    lines: OrderLines,
    *,
    products: Products | None = None,
    customers: Customers | None = None,
    subscriptions: Subscriptions | None = None,
    settings: MetricSettings | None = None,
) -> Retention:
    """Churn of customers with at least 2 families against those with one, without immortal time (see `Retention`).

    Raises MissingPart, with the reason, where the input does not say who left and when.
    """
    facts = gather_facts(lines, products=products, customers=customers, subscriptions=subscriptions, settings=settings)
    lives = compare_churn(facts)
    if isinstance(lives, Undefined):
        raise MissingPart(f"Retention cannot be compared: {lives.note}.", do="Give customers with ended_at, or subscriptions.")
    return describe_retention(lives)


def _measure(name: str, facts: Facts, segmentations: Sequence[Segmentation]) -> list[Row]:
    settings = facts.settings
    if name in PAIR_MEASURES:
        pairs = settings.attach_pairs or frequent_pairs(facts)
        if not pairs:
            missing = Undefined("NO_PAIRS: no order holds two products; name pairs in metrics.attach_pairs", facts.window)
            return make_rows(name, missing, (), settings)
        horizon = f", {settings.pair_horizon_days} days" if name == "pair_conversion_rate" else ""
        return [
            row
            for a, b in pairs
            for row in make_rows(f"{name}({a}, {b}{horizon})", PAIR_MEASURES[name](facts, a, b), segmentations, settings)
        ]
    return make_rows(name, load(MEASURES, name)(facts), segmentations, settings, facts.until)
