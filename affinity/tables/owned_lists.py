"""Owned lists: what each customer owns and owned at each order, from which any row of the transitions can be counted.

Made by affinity.counting, read by affinity.fit. The matrices of `Transitions` have hundreds of millions of entries in
a large shop; these lists grow with the order lines only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class OwnedLists:
    """A list a customer, products that many own first; a row is an order after his first that holds something new to him.

    by_owners      : int32[n_products], product codes, those with most owners first, ties by code; a rank is a place here
    indptr, item   : int64 and int32, CSR by customer, the ranks of his products, rising
    end_age        : age of the last purchase of each at the end (`AGE`)
    new_row        : int32, the customer's row in which each was new; −1 none
    row_indptr     : int64 by customer; row_weight : uint64 by row (units of 2**-20)
    age_indptr     : int64 by customer, where his rows begin in ``age``: a row has a place for each item of his list, with
                     the age of its last purchase before (`AGE`)
    owner_indptr, owner : int64 and int32, CSR by product code: the customers, rising
    own, co, lasting : uint64, weight by age at an order, at the end, and at the end with the longer half-life; the last
                     age is of what was not owned yet, and its weight 0. lasting is co where it is not counted apart
    has_transitions : whether anything new weighs anything

    `AGE` is uint16, or int32 where ages are longer.
    """

    by_owners: np.ndarray
    indptr: np.ndarray
    item: np.ndarray
    end_age: np.ndarray
    new_row: np.ndarray
    row_indptr: np.ndarray
    row_weight: np.ndarray
    age_indptr: np.ndarray
    age: np.ndarray
    owner_indptr: np.ndarray
    owner: np.ndarray
    own: np.ndarray
    co: np.ndarray
    lasting: np.ndarray
    has_transitions: bool
    products: Vocabulary
