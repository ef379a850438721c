"""Recommendations: the highest-fit products for each customer, with reasons.

Made by affinity.ranking, published by affinity.release. Sorted by customer, then rank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from affinity import frames
from affinity.frames import AnyColumn, LabelColumn, ListColumn, WordColumn
from affinity.mapped import split_rows
from affinity.tables.contributions import Contributions
from affinity.tables.families import CROSS_SELL
from affinity.tables.sentences import Sentences, SentenceWriter
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary

#: The columns of `Recommendations`.
ROWS = (
    "customer", "rank", "product", "fit", "because", "reason_code", "reason", "is_fallback", "score", "fallback_level", "kind",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Recommendations(Table):
    """One row a (customer, rank); a list for nobody in particular (a guest's cart) has customer −1.

    customer, product : int32; rank : int32 from 1
    fit         : float64 probability of a purchase within the horizon, falling with rank; NaN where unknown
    because     : int32 owned antecedent (in a cart: the product in it), −1 in a fallback
    reason_code : object or words, e.g. "converts_from", "bought_together", "popular"
    reason      : object, a sentence whose numbers are measured pair figures; or `Sentences`, written when asked for
    is_fallback : bool, popularity stood in for evidence
    score       : float64, what ranks; `decompose` takes it apart exactly. NaN where a list was filled up
    fallback_level : object or words, whose popularity stood in: "scored" (the model's, decayed), "segment", "category",
                  "shop"; None: evidence
    kind        : object or words, "upsell" where a product of the same family is owned (or in the cart), "repurchase" of the
                  very product (in a cart), else "cross_sell"; a reason from the same family says so. Not given: cross_sell
    explainer   : what `decompose` asks; None: scores cannot be taken apart
    """

    customer: np.ndarray
    rank: np.ndarray
    product: np.ndarray
    fit: np.ndarray
    because: np.ndarray
    reason_code: np.ndarray | WordColumn
    reason: np.ndarray | Sentences
    is_fallback: np.ndarray
    customers: Vocabulary
    products: Vocabulary
    info: Mapping[str, object] = field(default_factory=dict)
    score: np.ndarray = field(default_factory=lambda: np.empty(0))
    fallback_level: np.ndarray | WordColumn = field(default_factory=lambda: np.empty(0, dtype=object))
    kind: np.ndarray | WordColumn = field(default_factory=lambda: np.empty(0, dtype=object))
    explainer: Callable[[Recommendations], Contributions] | None = None

    def __post_init__(self) -> None:
        for name, blank in (("score", np.nan), ("fallback_level", None), ("kind", CROSS_SELL)):
            if len(getattr(self, name)) != len(self.customer):  # not given
                dtype = np.float64 if name == "score" else object
                object.__setattr__(self, name, np.full(len(self.customer), blank, dtype=dtype))
        super().__post_init__()
        check_lengths(self, len(self.customer), *ROWS[1:])

    def __len__(self) -> int:
        return len(self.customer)

    def of(self, customer: Any) -> Recommendations:
        """The recommendations of one customer (a label); UnknownLabel when nobody has that id."""
        return self.take(np.flatnonzero(self.customer == self.customers.code(customer)))

    def take(self, rows: np.ndarray) -> Recommendations:
        """Some of the rows (indices, in their order)."""
        return replace(self, **{name: getattr(self, name).take(rows) for name in ROWS})

    def explained_by(self, explainer: Callable[[Recommendations], Contributions]) -> Recommendations:
        """The same rows, with what takes their scores apart."""
        return replace(self, explainer=explainer)

    def detached(self) -> Recommendations:
        """The rows without what takes scores apart and writes sentences: small enough to be sent to another process."""
        reason = replace(self.reason, writer=None) if isinstance(self.reason, Sentences) else self.reason
        return replace(self, explainer=None, reason=reason)

    def written_by(self, writer: SentenceWriter) -> Recommendations:
        """The same rows, with what writes their sentences where they are not written."""
        if not isinstance(self.reason, Sentences):
            return self
        columns = (self.customer, self.product, self.because, self.reason.segment)
        return replace(self, reason=Sentences(*columns, writer))

    def decompose(self) -> Contributions:
        """What each score is made of; the contributions of a row add up to its score."""
        nothing = np.empty(0, dtype=np.int32)
        if self.explainer is None:
            numbers = (np.empty(0), np.empty(0))
            return Contributions(
                nothing, nothing, nothing, np.empty(0, object), nothing, *numbers, self.customers, self.products
            )
        return self.explainer(self)

    def explain(self, customer: Any) -> Any:
        """The recommendations of one customer (a label) with their reasons, as a pandas.DataFrame.

        Beside the columns of the table: ``from_owned`` and ``from_popularity``, the two parts of the score, and
        ``evidence``, by how much each owned product multiplies the odds. `decompose` has every part as a row.
        """
        mine = self.of(customer)
        frame = mine.to_pandas()
        for name, column in mine.decompose().summary(mine.rank).items():
            frame[name] = column
        from affinity.tables.notebook import show_reasons

        columns = {name: frame[name].to_numpy() for name in frame}
        return frames.show_as(frame, lambda: show_reasons(customer, columns))

    def describe(self) -> dict[str, Any]:
        """How the rows were made, as plain values: mean fit, what was given up, rows a fallback level."""
        shown = int(self.info.get("shown", 0))  # type: ignore[call-overload]
        levels, kinds = _count_words(self.fallback_level), _count_words(self.kind)
        return {
            "rank_by": self.info.get("rank_by"),
            "mean_fit": float(self.info["fit_shown"]) / shown if shown else None,  # type: ignore[arg-type]
            "mean_fit_given_up": float(self.info["fit_given_up"]) / shown if shown else None,  # type: ignore[arg-type]
            "with_evidence": len(self) - sum(levels.values()),
            "fallbacks": levels,
            "kinds": kinds,
        }

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """customer_id, rank, product_id, fit, because, kind, reason, reason_code, is_fallback, fallback_level, score."""
        return {
            "customer_id": self.customers.decode(self.customer),
            "rank": self.rank,
            "product_id": self.products.decode(self.product),
            "fit": self.fit,
            "because": self.products.decode(self.because),
            **{name: np.asarray(column) for name, column in self._facts().items()},
        }

    def coded_columns(self) -> dict[str, AnyColumn]:
        """The same rows, customers and products as codes and labels, nothing written out."""
        return {
            "customer_id": LabelColumn(self.customer, self.customers.held_labels),
            "rank": self.rank,
            "product_id": LabelColumn(self.product, self.products.labels),
            "fit": self.fit,
            "because": LabelColumn(self.because, self.products.labels),
            **self._facts(),
        }

    def _facts(self) -> dict[str, Any]:
        facts = ("kind", "reason", "reason_code", "is_fallback", "fallback_level", "score")
        return {name: getattr(self, name) for name in facts}


def _count_words(column: np.ndarray | WordColumn) -> dict[str, int]:
    """word -> rows, in the order of the words; None is not counted."""
    if isinstance(column, WordColumn):
        found = np.zeros(len(column.labels) + 1, dtype=np.int64)
        for rows in split_rows(len(column)):
            found += np.bincount(column.codes[rows].astype(np.int64) + 1, minlength=len(found))
        counts = dict(zip(column.labels.tolist(), found[1:].tolist()))
    else:
        counts = Counter(word for word in column.tolist() if word is not None)
    return {word: count for word, count in sorted(counts.items()) if count}


@dataclass(frozen=True, eq=False, repr=False)
class AlsoBought(Table):
    """For product and cart widgets: the products best bought with a product. Sorted by product, rank.

    product, recommended : int32; rank : int32 from 1; score : float64, what ranks (a cosine)
    evidence : name -> column (count, confidence, lift_eb, …, kind: "upsell" of products of one family, else "cross_sell")
    """

    product: np.ndarray
    rank: np.ndarray
    recommended: np.ndarray
    score: np.ndarray
    products: Vocabulary
    evidence: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.product)

    def among(self, products: np.ndarray) -> AlsoBought:
        """The rows of these products (int32 codes)."""
        rows = np.flatnonzero(np.isin(self.product, products))
        kept = {name: getattr(self, name)[rows] for name in ("product", "rank", "recommended", "score")}
        return replace(self, **kept, evidence={name: column[rows] for name, column in self.evidence.items()})

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """product_id, rank, recommended_id, score and its evidence."""
        return {
            "product_id": self.products.decode(self.product),
            "rank": self.rank,
            "recommended_id": self.products.decode(self.recommended),
            "score": self.score,
            **self.evidence,
        }

    def coded_columns(self) -> dict[str, AnyColumn]:
        """The same rows, products as codes and labels."""
        return {
            "product_id": LabelColumn(self.product, self.products.labels),
            "rank": self.rank,
            "recommended_id": LabelColumn(self.recommended, self.products.labels),
            "score": self.score,
            **self.evidence,
        }
