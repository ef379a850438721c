"""Contributions: what the score of each recommendation is made of, part by part.

Made by affinity.ranking when asked (`Recommendations.decompose`). Sorted by customer, rank, then size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary

#: Owned products named in a summary; the others are taken together.
NAMED = 5

#: The part of a score that a product owned (or in the cart) has; every other part is popularity.
OWNED = "owned"


@dataclass(frozen=True, eq=False, repr=False)
class Contributions(Table):
    """One row a part of the score of a (customer, rank); the parts of a row of recommendations add up to its score.

    customer, rank, product : int32, as in the recommendations
    part         : object, "owned" or the name of a popularity
    because      : int32, the owned product (part "owned"), −1 otherwise
    contribution : float64, added to the score
    odds         : float64, what the part multiplies the odds of a purchase by; NaN where there is no probability
    """

    customer: np.ndarray
    rank: np.ndarray
    product: np.ndarray
    part: np.ndarray
    because: np.ndarray
    contribution: np.ndarray
    odds: np.ndarray
    customers: Vocabulary
    products: Vocabulary

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.customer), "rank", "product", "part", "because", "contribution", "odds")

    def __len__(self) -> int:
        return len(self.customer)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """customer_id, rank, product_id, part, because, contribution, odds."""
        return {
            "customer_id": self.customers.decode(self.customer),
            "rank": self.rank,
            "product_id": self.products.decode(self.product),
            "part": self.part,
            "because": self.products.decode(self.because),
            "contribution": self.contribution,
            "odds": self.odds,
        }

    def summary(self, ranks: np.ndarray) -> dict[str, np.ndarray]:
        """Of one list with these ranks: from_owned, from_popularity (float64, NaN unknown), evidence (object, a text)."""
        sums = np.full((2, len(ranks)), np.nan)
        text = np.full(len(ranks), "", dtype=object)
        labels = self.products.decode(self.because)
        for place, rank in enumerate(ranks.tolist()):
            rows = np.flatnonzero(self.rank == rank)
            if len(rows) == 0:
                continue
            owned = rows[self.part[rows] == OWNED]
            sums[0, place] = self.contribution[owned].sum()
            sums[1, place] = self.contribution[rows].sum() - sums[0, place]
            if len(owned) and not np.isnan(self.odds[owned]).any():
                named = [f"{labels[row]} ×{self.odds[row]:.2f}" for row in owned[:NAMED].tolist()]
                rest = [f"{len(owned) - NAMED} more ×{self.odds[owned[NAMED:]].prod():.2f}"] if len(owned) > NAMED else []
                text[place] = ", ".join(named + rest)
        return {"from_owned": sums[0], "from_popularity": sums[1], "evidence": text}
