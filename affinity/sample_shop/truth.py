"""What is true of a sample shop: what was planted, and what was counted in its clean lines."""

from __future__ import annotations

import numpy as np

from affinity.sample_shop import plants
from affinity.sample_shop.catalogue import Catalogue
from affinity.sample_shop.columns import FIRST_DAY, CleanLines
from affinity.sample_shop.history import People
from affinity.sample_shop.planting import OfferLog


def describe_truth(lines: CleanLines, catalogue: Catalogue, people: People, log: OfferLog) -> dict[str, object]:
    """The truth as plain JSON values. ``lift`` and ``baskets`` are counted in the clean orders (before returns)."""
    counts = _Counts(lines, catalogue)
    names = [segment.name for segment in plants.SEGMENTS]
    return {
        "first_day": str(FIRST_DAY),
        "customers": len(people),
        "started_before_the_file": int((people.start < 0).sum()),
        "orders": counts.n,
        "guest_orders": len(np.unique(lines.order[lines.customer < 0])),
        "segments": [
            {
                "segment": segment.name,
                "customers": int((people.segment == names.index(segment.name)).sum()),
                "taste": dict(zip(catalogue.categories, segment.taste)),
            }
            for segment in plants.SEGMENTS
        ],
        "complements": [counts.pair(p.antecedent, p.consequent) | {"probability": p.probability} for p in plants.COMPLEMENTS],
        "substitutes": [counts.pair(p.first, p.second) | {"probability": p.probability} for p in plants.SUBSTITUTES],
        "staples": [{"product": s.product, "probability": s.probability, "lift": 1.0} for s in plants.STAPLES],
        "bundles": [
            {
                "bundle": b.name,
                "segment": b.segment,
                "products": list(b.products),
                "probability": b.probability,
                "member_probability": b.member_probability,
            }
            for b in plants.BUNDLES
        ],
        "follow_ons": [
            {
                "antecedent": f.antecedent,
                "consequent": f.consequent,
                "probability": f.probability,
                "delay": {"form": "1 + floor(Erlang)", "shape": f.shape, "mean_days": f.mean_days},
                "rate_within": {str(h): round(f.rate_within(h), 6) for h in (30, 90, 365)},
            }
            for f in plants.FOLLOW_ONS
        ],
        "campaigns": [_campaign(plan, index, log) for index, plan in enumerate(plants.CAMPAIGNS)],
        "launched": dict(plants.LAUNCHED),
        "discontinued": dict(plants.DISCONTINUED),
    }


def _campaign(plan: plants.Campaign, index: int, log: OfferLog) -> dict[str, object]:
    rows = log.campaign == index
    return {
        "campaign_id": plan.name,
        "product": plan.product,
        "offered_on": str(FIRST_DAY + int(log.day[rows][0])) if rows.any() else None,
        "effect": plan.effect,
        "window_days": plants.OFFER_WINDOW_DAYS,
        "treated": int((rows & log.treated).sum()),
        "control": int((rows & ~log.treated).sum()),
    }


class _Counts:
    """Baskets that hold a product or a pair."""

    def __init__(self, lines: CleanLines, catalogue: Catalogue) -> None:
        self.lines, self.catalogue = lines, catalogue
        self.n = len(np.unique(lines.order))

    def pair(self, first: str, second: str) -> dict[str, object]:
        a, b = (self.lines.order[self.lines.product == self.catalogue.code(p)] for p in (first, second))
        both = len(np.intersect1d(a, b, assume_unique=True))
        expected = len(a) * len(b) / max(self.n, 1)
        return {
            "antecedent": first,
            "consequent": second,
            "baskets": both,
            "lift": round(both / expected, 6) if expected else None,
        }
