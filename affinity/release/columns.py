"""What a row and what each column of a published table is: one sentence each, with the unit and when it is null.

`describe_column` answers for a column; measures of rules are described by their formula.
"""

from __future__ import annotations

from collections.abc import Mapping

_A = "Product id of A: the product owned, or the one a list stands beside."
_B = "Product id of B: the product bought next, or shown."
_KIND = "cross_sell; upsell where both products are of one family. The two are never added together."
_LOWER, _UPPER = (
    "Lower bound of the 95 % interval; null where the value is.",
    "Upper bound of the 95 % interval; null where the value is.",
)
_Q = "Smallest false-discovery rate at which the claim would be made, in [0, 1]; null where the pair was not tested."
_COUNT = "Baskets that hold both products."
_CUSTOMERS = "Customers who own both products, at any time; guests not counted."
_CONFIDENCE = "Share of A's baskets that also hold B, in [0, 1]; no time in it."
_ADJUSTED = "Observed over expected baskets with both, where larger baskets are expected to hold more pairs; 1 is independence."
_EB = "lift_adjusted shrunk towards 1 by how little was seen (empirical Bayes); what pairs are ranked by."
_EB_LOWER, _EB_UPPER = "5 % bound of lift_eb.", "95 % bound of lift_eb."
_HORIZON = "Horizon in whole days: B was bought from 1 to so many days after A."
_ELIGIBLE = "Customers who owned A, could still buy B and were followed for at least a day."
_CONVERTED = "Eligible customers who bought B within the horizon, strictly after A."
_RATE = "Share converted by the horizon (Kaplan–Meier, censoring allowed for), in [0, 1]; null when nobody was followed so far."
_BASELINE = "Rate expected of similar buyers who do not own A, in [0, 1]; null where none compare."
_OFFERED, _ACCEPTED = "Distinct customers who were made an offer.", "Distinct customers of those offered who accepted."
_SEGMENT_BY, _SEGMENT = (
    "Column or worked-out split that the row is cut by; null over everybody.",
    "Value of the split; null over everybody or where it is unknown.",
)
_AS_OF = "First day not looked at (UTC), YYYY-MM-DD."
_WINDOW = "Days counted, first/first day after (UTC)."
_NOTE = "In words: why a value is null, or what the value leaves out; null where there is nothing to say."
_NODE = {
    "node": "Name of the node of the metric tree.",
    "label": "The same for readers.",
    "parent": "Node that this one is a part of; null at the root.",
    "kind": "How the node is made of its parts: product or sum; a leaf is counted.",
    "unit": "Unit of the value: count, share (in [0, 1]), ratio or money.",
    "definition": "Metric or count that defines the node.",
    "owner": "Who answers for the node (metrics.owners); null where nobody is named.",
    "segment_by": _SEGMENT_BY,
    "segment": _SEGMENT,
}  # fmt: skip
_SPREAD = "over the segments of spread_by; null where no segment has a rate, and in rows of a segment."

#: What a row of each table is.
ROWS: Mapping[str, str] = {
    "itemsets": "A set of products bought together in at least min_count baskets.",
    "rules": "A rule X ⇒ Y over an itemset X ∪ Y. Further columns are measures.",
    "pairs": "A directed pair A → B of products that share at least graph.min_pair_count baskets; both directions are there.",
    "conversions": "An ordered pair A → B and horizon, where at some horizon conversion.min_converted customers converted.",
    "segment_conversions": "An ordered pair, horizon and segment (where conversion.by is set; empty otherwise).",
    "offer_conversions": "A cut of the offer log and one of its cells; the first row is all offers. Empty without a log.",
    "recommendations": "A customer and rank.",
    "also_bought": "A product and rank: what to show beside the product, or for a cart.",
    "metrics": "A named metric, over everybody or in one segment.",
    "metric_tree": "A node of the tree behind cross-sell revenue, over everybody or in one segment.",
    "metric_change": "A node of the metric tree between two windows, over everybody or in one segment.",
    "offers": "An offer of the log as the run read it.",
    "quarantine": "A row of the input that was set aside, as it was read (rows on or after as_of are only counted).",
    "products": "A product that was sold or is in the product file.",
    "curves": "A pair and a day on which somebody converted, a step of its curve; the pairs most above their baseline only.",
    "ledger": "A state of eligibility; every customer × product is in exactly one, so the rows add up to all of them.",
    "calibration": "A bin of predicted fit at the latest landmark whose horizon is complete.",
    "bundles": "A product of a bundle (a community of the pair graph).",
}  # fmt: skip

#: Table -> column -> what it holds. Columns that another table shares are written once above.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "itemsets": {
        "itemset": "Product ids, in label order.",
        "size": "Products in the itemset.",
        "count": "Baskets that hold all of them.",
        "support": "count over all baskets, in (0, 1].",
    },
    "rules": {
        "antecedents": "Product ids of X.",
        "consequents": "Product ids of Y.",
        "antecedent_count": "Baskets that hold X.",
        "consequent_count": "Baskets that hold Y.",
        "count": "Baskets that hold X and Y.",
        "support": "count over all baskets, in (0, 1].",
        "confidence": "count over antecedent_count: the share of X's baskets that hold Y too.",
        "lift": "confidence over Y's share of all baskets; 1 is independence. Not a ranking: noise comes first.",
        "q_value": "Smallest false-discovery rate at which X and Y are claimed to go together, basket sizes allowed for; "
        "null where too little is expected to test.",
    },
    "pairs": {
        "antecedent": _A,
        "consequent": _B,
        "count": _COUNT,
        "customers": _CUSTOMERS,
        "support": "count over all baskets, in (0, 1].",
        "confidence": _CONFIDENCE,
        "confidence_lower": "Lower bound of the 95 % interval (Wilson) of confidence.",
        "confidence_upper": "Upper bound of the 95 % interval (Wilson) of confidence.",
        "lift": "Classical lift n·n_AB / (n_A·n_B); 1 is independence. Not a ranking.",
        "lift_adjusted": _ADJUSTED,
        "lift_eb": _EB,
        "lift_eb_lower": _EB_LOWER,
        "lift_eb_upper": _EB_UPPER,
        "owner_lift_eb": "lift_eb counted over customers instead of baskets; null without customers.",
        "q_value": _Q,
    },
    "conversions": {
        "antecedent": _A,
        "consequent": _B,
        "horizon_days": _HORIZON,
        "eligible": _ELIGIBLE,
        "converted": _CONVERTED,
        "censored": "Eligible customers neither converted nor followed to the horizon: not a 'no'.",
        "rate": _RATE,
        "lower": _LOWER,
        "upper": _UPPER,
        "baseline": _BASELINE,
        "hazard_ratio": "Daily rate of A's owners over that of similar buyers, shrunk: an association, not an effect.",
        "hazard_ratio_lower": "Lower 90 % bound of hazard_ratio.",
        "hazard_ratio_upper": "Upper 90 % bound of hazard_ratio.",
        "median_days": "Days by which half of those who convert within the horizon had; null when nobody did.",
        "best_from_day": "First day after A of the stretch with the highest daily rate; null where too few converted to say.",
        "best_to_day": "Last day of that stretch (inclusive).",
        "best_lift": "Daily rate in that stretch over the pair's mean daily rate within a year.",
        "q_value": "Smallest false-discovery rate at which 'more than similar buyers' is claimed, over all ordered pairs "
        "of the kind; the same at every horizon.",
        "kind": _KIND,
        "churn": "crude: customers who left stay at risk; net: their follow-up ends when they leave.",
        "offered": _OFFERED,
        "accepted": _ACCEPTED,
        "offer_rate": "accepted over offered, in [0, 1]; null when nobody was offered B.",
        "offer_lower": "Lower bound of the 95 % interval of offer_rate; null when nobody was offered B.",
        "offer_upper": "Upper bound of the 95 % interval of offer_rate; null when nobody was offered B.",
        "note": "Reason code of a null rate (SHORT_FOLLOWUP, SHORT_HISTORY, …); null where there is a rate.",
    },
    "segment_conversions": {
        "antecedent": _A,
        "consequent": _B,
        "horizon_days": _HORIZON,
        "segment": "Value of the column conversion.by; null where it is unknown.",
        "eligible": "Eligible customers of the segment.",
        "converted": "Eligible customers of the segment who bought B within the horizon.",
        "rate": "Share converted in the segment (Kaplan–Meier), in [0, 1]; null when nobody of it was followed so far.",
        "lower": _LOWER,
        "upper": _UPPER,
        "baseline": "Rate expected of similar buyers of the segment; null where none compare.",
        "pooled_rate": "Rate of all segments together.",
        "pooled_baseline": "Baseline of all segments together.",
        "standardised_rate": "Rates of the segments weighed by their shares of all owners; null unless all have a rate.",
        "mix_effect": "pooled_rate less standardised_rate: what the pair's own mix of segments adds.",
        "reversal": "True where the pooled comparison says the opposite of the segments (Simpson's paradox).",
        "kind": _KIND,
    },
    "offer_conversions": {
        "cut": "What the offers are cut by: all, campaign, category, segment, or several joined by ×.",
        "campaign": "Campaign of the cell; null where the cut is not by it, or it is unknown.",
        "category": "Product category of the cell; null where the cut is not by it, or it is unknown.",
        "segment": "Segment of the cell; null where the cut is not by it, or it is unknown.",
        "offered": _OFFERED,
        "accepted": _ACCEPTED,
        "rate": "accepted over offered, in [0, 1]; null when nobody was offered. Acceptance, not the effect of the offer.",
        "lower": _LOWER,
        "upper": _UPPER,
        "shrunk": "rate drawn towards the cell above it by how little was seen; compare cells by this.",
        "shrunk_lower": "Lower 90 % bound of shrunk.",
        "shrunk_upper": "Upper 90 % bound of shrunk.",
        "organic_rate": "Share of customers never offered it who first bought it in the same days; null where unknown.",
        "note": _NOTE,
    },
    "recommendations": {
        "customer_id": "The customer, as in the order lines.",
        "rank": "Place in the customer's list, from 1.",
        "product_id": "The product recommended.",
        "fit": "Calibrated probability of a purchase within horizon_days, in [0, 1]; null where it only fills up a list.",
        "because": "Owned product that the reason names; null exactly where is_fallback is true.",
        "kind": "cross_sell; upsell where the customer owns a product of the same family.",
        "reason": "A sentence; every number in it is a figure of the pair's rows.",
        "reason_code": "The sentence's kind: converts_from, bought_together, popular, …",
        "is_fallback": "True where popularity stood in for evidence.",
        "fallback_level": "Whose popularity: scored (the model's), segment, category or shop; null where there is evidence.",
        "score": "What ranked the product (log-odds scale); null where a list was filled up.",
    },
    "also_bought": {
        "product_id": "The product beside which, or in the cart.",
        "rank": "Place in the product's list, from 1.",
        "recommended_id": "The product to show.",
        "score": "n_AB / (n_A^¾ · n_B^¼), in (0, 1]: larger is better; not a probability.",
        "count": _COUNT,
        "customers": _CUSTOMERS,
        "confidence": _CONFIDENCE,
        "lift_adjusted": _ADJUSTED,
        "lift_eb": _EB,
        "lift_eb_lower": _EB_LOWER,
        "q_value": _Q,
        "kind": _KIND,
    },
    "metrics": {
        "metric": "Name of the metric; its definition is on the page of metrics.",
        "segment_by": _SEGMENT_BY,
        "segment": _SEGMENT,
        "window": _WINDOW,
        "numerator": "Count or money above the line; null where the metric has none.",
        "denominator": "Count or money below the line; null for a total.",
        "value": "numerator over denominator, or the figure itself; null on a zero denominator or missing input, with a note.",
        "lower": _LOWER,
        "upper": _UPPER,
        "interval": "How the interval was made (Wilson, delta method, …), or why there is none.",
        "spread_by": "Split whose spread the row over everybody shows; null in rows of a segment.",
        "spread_low": f"Least value {_SPREAD}",
        "spread_low_segment": f"Segment with the least value {_SPREAD}",
        "spread_high": f"Greatest value {_SPREAD}",
        "spread_high_segment": f"Segment with the greatest value {_SPREAD}",
        "as_of": _AS_OF,
        "population": "Who is in the denominator, in words.",
        "source": "Who defines the metric so (short name of the source).",
        "note": _NOTE,
    },
    "metric_tree": {
        **_NODE,
        "numerator": "Count or money above the line.",
        "denominator": "Count below the line; null for a total.",
        "value": "Value of the node; null on a zero denominator, with a note.",
        "lower": _LOWER,
        "upper": _UPPER,
        "window": _WINDOW,
        "as_of": _AS_OF,
        "note": _NOTE,
    },
    "metric_change": {
        **_NODE,
        "window_before": "Days of the first period, first/first day after (UTC).",
        "window_after": "Days of the second period, first/first day after (UTC).",
        "before": "Value in the first period; null where there is none.",
        "after": "Value in the second period; null where there is none.",
        "points": "after less before, in the unit of the node (a share is in [0, 1]).",
        "relative": "(after − before) over before; null where before is zero.",
        "contribution": "Part of the root's change that the node and segment account for, in its unit; nothing is left over.",
        "rate_effect": "Part of the contribution from changed rates.",
        "mix_effect": "Part of the contribution from a changed mix of segments.",
        "method": "How the change was attributed: shapley or lmdi.",
    },
    "offers": {
        "offer_id": "The offer, as in the log; null where the log has no ids.",
        "customer_id": "Who was offered.",
        "campaign": "Campaign of the offer; null where unknown.",
        "product_id": "Product offered; null where none is named.",
        "offered_at": "When (UTC); null where the log has no time.",
        "accepted": "1 accepted, 0 not; null where neither the log nor the orders tell.",
    },
    "quarantine": {
        "row": "Row of the source, from 0.",
        "reason": "First reason that held; see the page of reasons.",
        "detail": "The offending value; null where the reason says it all.",
        "order_id": "As read; null where blank.",
        "customer_id": "As read; null where blank.",
        "product_id": "As read; null where blank.",
        "ordered_at": "As read, or in ISO form; null where blank.",
        "quantity": "As read; null where blank.",
        "unit_price": "As read; null where blank.",
        "raw": "The whole line where it could not be split into columns; null otherwise.",
    },
    "products": {
        "product_id": "The product, as in the order lines.",
        "name": "Name for readers; null where none is known.",
        "family": "Products of one family are tiers or sizes of each other; null: the product is its own family.",
        "tier": "Place in the family (standard, pro, …); null where unknown.",
        "category": "Category for filters and caps; null where unknown.",
        "price": "Price in the currency of the orders; null where unknown.",
        "margin": "Margin of one unit, in the same currency; null where unknown.",
        "available": "Whether the product may be offered.",
        "on_sale_from": "First day on sale; null: always was.",
        "on_sale_to": "First day no longer on sale; null: still is.",
        "lasting_days": "Days for which a purchase counts as owned; null: for ever.",
        "requires": "Products that must be owned first; null: none.",
    },
    "curves": {
        "antecedent": _A,
        "consequent": _B,
        "day": "Days since A.",
        "at_risk": "Customers still followed who have not bought B.",
        "events": "Of those, the customers who first bought B on this day.",
        "rate": "Share converted by this day (Kaplan–Meier), in [0, 1].",
    },
    "ledger": {
        "state": "eligible, owned, or the first rule that excluded the pair.",
        "pairs": "Pairs of a customer and a product in this state.",
        "note": _NOTE,
    },
    "calibration": {
        "bin": "Bin, from the lowest predicted fit.",
        "rows": "Pairs of a customer and a product in the bin.",
        "predicted": "Mean fit of the bin, in [0, 1].",
        "observed": "Share of them bought within the horizon after the landmark, in [0, 1].",
    },
    "bundles": {
        "bundle": "Number of the bundle, from 0.",
        "product_id": "Product in it; a product is in one bundle at most.",
        "strength": "Sum of ln lift_eb over its ties within the bundle that hold up.",
    },
}  # fmt: skip


def describe_column(table: str, column: str) -> str:
    """One sentence about a published column; a measure of rules by its formula, '' for a column that is not described."""
    from affinity.measures import MEASURES, get_measure

    found = COLUMNS.get(table, {}).get(column, "")
    if not found and table == "rules" and column in MEASURES:
        found = f"Measure: {get_measure(column).formula}; null where it is not defined."
    return found
