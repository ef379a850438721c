"""What "cross-sell rate" may mean: one name for a dozen ratios, shown side by side on the user's own data."""

from __future__ import annotations

import re

import numpy as np

from affinity.metrics.definitions import DEFINITIONS
from affinity.tables.metrics import Meanings, Metrics

#: The one name for a dozen ratios, in the spellings that people use.
_AMBIGUOUS = {"cross_sell_rate", "crosssell_rate", "cross_sell_conversion_rate", "cross_sell"}

MEANINGS = (
    "eligible_conversion_rate", "offer_conversion_rate", "offer_event_conversion_rate", "customer_cross_sell_rate",
    "cross_sell_revenue_rate_opening", "cross_sell_revenue_share", "multi_product_rate", "post_initial_adoption_rate",
    "pair_conversion_rate", "cohort_adoption_rate", "campaign_conversion_rate", "attach_rate",
)  # fmt: skip


def is_ambiguous(name: str) -> bool:
    """Whether ``name`` is "cross-sell rate" in one of its spellings.

    >>> is_ambiguous("Cross-sell rate"), is_ambiguous("attach_rate")
    (True, False)
    """
    return re.sub(r"[\s\-]+", "_", name.strip().lower()) in _AMBIGUOUS


def list_meanings(found: Metrics) -> Meanings:
    """The metrics that a "cross-sell rate" may mean, as ``found`` (of `compute_metrics`) has them over everybody.

    One row a metric (one a pair for metrics of pairs) with formula, counts, value, population and source: the same data give
    each another figure, because each divides something else.
    """
    places = {name: i for i, name in enumerate(MEANINGS)}
    base = [name.partition("(")[0] for name in found.metric.tolist()]
    rows = [i for i, name in enumerate(base) if name in places and found.segment_by[i] is None]
    rows.sort(key=lambda i: (places[base[i]], i))
    picked = found.take(np.array(rows, dtype=np.int64))
    return Meanings(
        formula=np.array([DEFINITIONS[base[i]].formula for i in rows], dtype=object),
        **{
            name: getattr(picked, name)
            for name in ("metric", "numerator", "denominator", "value", "lower", "upper", "population", "source", "note")
        },
    )


def describe_meanings(found: Metrics) -> str:
    """The same in one sentence: "name = formula: 12.0 % (600 / 5,000); …"."""
    listed = list_meanings(found)
    parts = zip(listed.metric, listed.formula, listed.value, listed.numerator, listed.denominator, listed.note)
    return "; ".join(
        f"{metric} = {formula}: " + (f"{value:.1%} ({top:,.6g} / {bottom:,.6g})" if np.isfinite(value) else f"null ({note})")
        for metric, formula, value, top, bottom, note in parts
    )
