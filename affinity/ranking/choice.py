"""Which candidates a list holds: eligible ones by fit or value, unlike each other where the settings ask for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.settings import RankingSettings
from affinity.tables.fit_model import FitModel
from affinity.tables.products import Products
from affinity.tables.table import once_a_table
from affinity.threads import map_blocks, split_by_work


@dataclass(frozen=True, eq=False)
class Likeness:
    """What makes two products alike.

    category : int32[n_products] of the product's category, −1 none
    indptr, consequent, weight : CSR by antecedent of cosines (int64, int32, float64), consequents rising
    """

    category: np.ndarray
    indptr: np.ndarray
    consequent: np.ndarray
    weight: np.ndarray


def describe_likeness(products: Products, model: FitModel | None) -> Likeness:
    """The categories of the products, and the cosines of the model where there is one."""
    category = category_codes(products)
    if model is None or model.similar_indptr is None or model.similar_consequent is None or model.similar_edge is None:
        n = len(products)
        return Likeness(category, np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0))
    return Likeness(category, model.similar_indptr, model.similar_consequent, model.similar_edge)


@once_a_table
def category_codes(products: Products) -> np.ndarray:
    """int32[n_products]: a code for each category in label order, −1 where it is unknown."""
    labels = sorted({str(label) for label in products.category if label is not None})
    code = {label: number for number, label in enumerate(labels)}
    return np.array([-1 if label is None else code[str(label)] for label in products.category], dtype=np.int32)


def choose_rows(
    customer: np.ndarray,
    product: np.ndarray,
    value: np.ndarray,
    *,
    top_k: int,
    settings: RankingSettings,
    likeness: Likeness,
) -> np.ndarray:
    """int64 places of the rows that are shown, by customer, then value falling.

    customer, product, value : rows sorted by customer, then value falling (float64; NaN last)
    The first ``top_k`` of each customer; with ``diversity`` w or ``max_per_category`` those that maximal marginal
    relevance takes: next is the largest (1 − w)·value/(largest value) − w·likeness to the most alike product taken.
    """
    if settings.diversity == 0 and settings.max_per_category is None:
        return np.flatnonzero(ranks_within(customer) <= top_k)
    starts = np.flatnonzero(np.diff(customer, prepend=-1))
    indptr = np.append(starts, len(customer)).astype(np.int64)
    largest = np.repeat(value[starts], np.diff(indptr))
    worth = np.zeros(len(value))
    np.divide(value, largest, out=worth, where=largest > 0)
    worth = np.clip(np.nan_to_num(worth), 0.0, 1.0)
    most = settings.max_per_category or len(likeness.category) + 1
    chosen = np.full((len(starts), min(top_k, int(np.diff(indptr).max(initial=0)))), -1, dtype=np.int64)
    graph = (likeness.category, likeness.indptr, likeness.consequent, likeness.weight, settings.diversity, most)

    def choose(first: int, last: int) -> None:
        from affinity.kernels.scoring_choice import choose_unlike

        choose_unlike(indptr[first : last + 1], product, worth, *graph, chosen[first:last])

    map_blocks(choose, split_by_work(np.diff(indptr), 64))
    return np.sort(chosen[chosen >= 0])


def ranks_within(customer: np.ndarray) -> np.ndarray:
    """int32 position from 1 within each run of equal customers."""
    place = np.arange(len(customer))
    starts = np.concatenate([[True], customer[1:] != customer[:-1]]) if len(customer) else np.zeros(0, dtype=bool)
    return (place - np.maximum.accumulate(np.where(starts, place, 0)) + 1).astype(np.int32)
