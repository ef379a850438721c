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
        "towards 1 the more the fewer baskets speak for it. Pairs are ordered by its lower bound.",
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
        "How many times as fast buyers of A come to B as similar buyers do, drawn towards 1 where few convert.",
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
}
