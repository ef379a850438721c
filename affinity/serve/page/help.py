"""What the numbers of the page mean and what they do not: name -> (title, what it means, what it does not mean)."""

from __future__ import annotations

from typing import NamedTuple


class Help(NamedTuple):
    """A help text."""

    title: str
    means: str
    means_not: str


HELP: dict[str, Help] = {
    "as_of": Help(
        "As of",
        "The first day that was not looked at. Orders on or after it are the future and left out.",
        "Not the day on which the release was computed: a run today over old orders is as old as the orders.",
    ),
    "interval": Help(
        "Interval",
        "The range in which the true value lies in about 95 of 100 such estimates. Few customers make a wide one.",
        "Not the range in which single customers or coming months lie, and no protection against a wrong comparison.",
    ),
    "metric": Help(
        "Metric",
        "A numerator over a denominator, both given, over the window and the customers named beside it.",
        "Metrics of similar names divide by different things: compare a metric with itself only.",
    ),
    "benchmark": Help("Benchmark", "Orientation from published sources, each with its definition.", "Not a target."),
    "count": Help(
        "Baskets together",
        "Baskets (orders) that hold both products. Below five a pair is not published.",
        "Not customers: one customer may bring many baskets.",
    ),
    "confidence": Help(
        "Confidence",
        "Of the baskets with the first product, the share that hold the second too, with a 95 % interval.",
        "No time is in it and no cause: it is high for whatever is popular. It is not a conversion rate.",
    ),
    "lift": Help(
        "Shrunk lift",
        "How many times as often the pair is bought together as chance has it, large baskets allowed for, and drawn "
        "towards 1 the more the fewer baskets speak for it. Its interval is one of 90 %; pairs are ordered by its lower bound, "
        "above which the true one lies in 95 of 100.",
        "Not the effect of an offer (that is uplift), and the raw lift is no ranking: it is highest where one "
        "accidental basket meets two rare products.",
    ),
    "q_value": Help(
        "q-value",
        "Among the pairs with a q-value this small or smaller, the share expected to be chance findings.",
        "Not how strong the pair is: with many baskets a trifling association has a tiny q-value.",
    ),
    "conversion": Help(
        "Conversion A→B",
        "Of the customers who bought A, did not own B and could buy it, the share who bought B within the days named, "
        "after A. Customers not followed that long count for as long as they were followed.",
        "Association, not effect: nobody was made to buy A at random. It does not say what an offer would add.",
    ),
    "baseline": Help(
        "Similar buyers",
        "What customers alike (same point of their history) do without having bought A in particular.",
        "Not a control group: they were not chosen at random.",
    ),
    "hazard_ratio": Help(
        "Compared with similar buyers",
        "How many times as fast buyers of A come to B as similar buyers do, drawn towards 1 where few convert. "
        "Its interval is one of 90 %.",
        "Not uplift: what makes people buy A may also make them buy B.",
    ),
    "best_time": Help(
        "Best time",
        "The days after A in which purchases of B come fastest compared with similar buyers, and by when half of those who "
        "convert within the longest observed horizon have done so.",
        "Not a proof that an offer in these days works best: only a test with a holdout shows that. With few purchases "
        "it is not given.",
    ),
    "fit": Help(
        "Fit",
        "The estimated probability that this customer buys this product within the horizon. See Trust for how well past "
        "estimates were kept.",
        "A probability only as far as it was calibrated on held-out time, and not what an offer would change.",
    ),
    "communities": Help(
        "Bundle",
        "Products more connected with each other than with the rest, found from the pair graph.",
        "Not a proposal of a price: whether a bundle sells is to be tried.",
    ),
    "trend": Help(
        "Over the releases",
        "The same metric as each kept release gave it, each over its own window.",
        "Windows of neighbouring releases overlap: their values are not independent, and a change within the interval "
        "may be chance.",
    ),
    "rule_count": Help(
        "Baskets together",
        "Baskets that hold everything in the rule, of those that hold its left side.",
        "Not customers: one customer may bring many baskets.",
    ),
    "rule_confidence": Help(
        "Confidence of a rule",
        "Of the baskets with the left side, the share that hold the right side too. Below it the range for the true share, "
        "each basket taken by itself.",
        "No time is in it: not a conversion rate. Where few customers bring most baskets the range is wider in truth.",
    ),
    "rule_gain": Help(
        "Gain over chance, at least",
        "The lower end of the range of confidence, minus the share of all baskets that hold the right side: by so many "
        "percentage points at least does the left side go with more of it.",
        "Not what an offer adds: nobody was made to put the left side into the basket. Negative means that chance alone may "
        "explain the rule.",
    ),
    "rule_q": Help(
        "q-value of a rule",
        "Among the rules with a q-value this small or smaller, the share expected to be chance findings.",
        "Not the strength of the rule. Baskets count as independent in it; with customers who come often, judge pairs on the "
        "product pages, which are tested by customer.",
    ),
    "heat": Help(
        "Colour",
        "How far the segment lies from the whole, where the two can be told apart after allowing for all the cells judged on "
        "this page. Without colour, look at the words in the cell.",
        "Not good or bad, and not a cause: segments differ in much besides what they are named after.",
    ),
    "reversal": Help(
        "Reversal (Simpson’s paradox)",
        "The pooled figure says one thing, and segments that hold at least 80 % of the customers say the opposite: the pooled "
        "figure shows who is in it, not what they do.",
        "Not an error in the data. Go by the segments, or by the standardised rate, which gives each segment the same weight.",
    ),
    "standardised": Help(
        "Standardised rate",
        "The rates of the segments, weighted alike for every pair: what it would convert with the usual mix of customers.",
        "Not the rate that was observed. The difference between the two is the effect of the mix.",
    ),
    "drivers": Help(
        "Contribution",
        "What the change of a driver was worth in the headline, so that all parts add up exactly. Drivers that changed "
        "together share what they did together fairly (Shapley), in whichever order they are written.",
        "Not a cause. It is an account of which number moved; why it moved, and whether it would have without you, only a "
        "comparison with a holdout shows.",
    ),
    "effects": Help(
        "Size, mix and rate",
        "How much of the change came from more or fewer customers, from who they are, and from what the same segments brought.",
        "Mix is no success and no failure of what was done: it is who came.",
    ),
    "calibration": Help(
        "Calibration",
        "Estimates of the past, sorted into ten groups, against the share who then bought. On the line, one in ten means "
        "one in ten.",
        "Not accuracy: an estimate that gives everybody the average is calibrated and of no use. The backtest shows whether "
        "the order is good.",
    ),
    "slope": Help(
        "Slope",
        "1 where high and low estimates are as far apart as they should be; below 1 they are too extreme, above 1 too timid.",
        "Not an average error: an overall shift leaves the slope at 1.",
    ),
    "calibration_error": Help(
        "Expected error",
        "The mean distance between estimated and observed share over the groups, weighted by their size (ECE).",
        "Not the error for one customer, who either buys or does not.",
    ),
    "ledger": Help(
        "Eligibility ledger",
        "Every customer with every product, once, under the first reason that keeps the product from being offered; together "
        "they are customers × products.",
        "Not a count of customers, and no reason is left out for being the second one.",
    ),
    "backtest": Help(
        "Backtest",
        "The engine learnt from what was known on a past day, said what it would have shown, and was judged by what customers "
        "then bought; the baselines were given the same.",
        "Not what showing the products would have changed: customers bought without having seen them.",
    ),
    "ndcg": Help(
        "NDCG",
        "How near the top the products stand that were then bought: 1 is the best possible order, 0 is none of them shown.",
        "Not a share of customers, and figures of different protocols do not compare.",
    ),
    "expected": Help(
        "Expected",
        "How many of the customers who are offered something buy it within the horizon, as fit has it, with a 95 % interval "
        "for chance and for how far fit was off when it was last checked; revenue is that times the price.",
        "Not the effect of the campaign: these customers are likely to buy without an offer too.",
    ),
    "certified_gap": Help(
        "Below the best plan",
        "How much more the best possible plan under the same limits could reach, at most. It is proven, not estimated.",
        "Not how good the campaign will be: it compares plans by what fit says, and nothing else.",
    ),
    "detectable": Help(
        "Smallest detectable rise",
        "The smallest rise of conversion over the held-out customers that this test finds with the power given, at 5 % chance "
        "of a false alarm.",
        "Not the rise to expect. When the true rise is smaller, the test will most likely find nothing, which is not “none”.",
    ),
}
