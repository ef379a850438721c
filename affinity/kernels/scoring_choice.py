"""Lists whose products are unlike each other: maximal marginal relevance and caps on categories."""

from __future__ import annotations

import numpy as np
from numba import njit


# Oracle: tests/naive.py::unlike_choice
@njit(nogil=True, cache=True)
def choose_unlike(indptr, product, worth, category, similar_indptr, similar_consequent, similar_weight, weight, most, chosen):
    """Write the rows that each customer is shown, in the order in which they are taken, −1 where there are fewer.

    indptr   : int64 by customer of the rows product (int32) and worth (float64 in [0, 1], falling)
    category : int32[n_products], −1 none; similar_ : CSR by antecedent, consequents rising (int64, int32, float64)
    weight   : taken next is the largest (1 − weight)·worth − weight·(likeness to the most alike taken so far), ties: the
               earlier row. Likeness is 1 within a category, else the larger similar weight of both directions, at most 1
    most     : products of one category, at most; chosen : int64[customers, top_k]
    """
    for c in range(len(indptr) - 1):
        begin, end = indptr[c], indptr[c + 1]
        alike = np.zeros(end - begin)
        taken = np.zeros(end - begin, dtype=np.bool_)
        for k in range(chosen.shape[1]):
            chosen[c, k] = -1
        for k in range(chosen.shape[1]):
            best, best_value = -1, -np.inf
            for r in range(end - begin):
                value = (1.0 - weight) * worth[begin + r] - weight * alike[r]
                if not taken[r] and value > best_value:
                    best, best_value = r, value
            if best < 0:
                break
            taken[best] = True
            chosen[c, k] = begin + best
            b = product[begin + best]
            same = 0
            for j in range(k + 1):
                same += category[product[chosen[c, j]]] == category[b]
            full = category[b] >= 0 and same >= most
            for r in range(end - begin):
                if taken[r]:
                    continue
                p = product[begin + r]
                if category[p] >= 0 and category[p] == category[b]:
                    alike[r] = 1.0
                    if full:
                        taken[r] = True
                elif weight > 0.0 and alike[r] < 1.0:
                    near = weight_between(b, p, similar_indptr, similar_consequent, similar_weight)
                    back = weight_between(p, b, similar_indptr, similar_consequent, similar_weight)
                    alike[r] = max(alike[r], min(max(near, back), 1.0))


@njit(nogil=True, cache=True)
def weight_between(a, b, indptr, consequent, weight):
    """The weight of edge a → b, 0 without one; consequents rise within an antecedent."""
    low, high = indptr[a], indptr[a + 1]
    while low < high:
        middle = (low + high) // 2
        if consequent[middle] < b:
            low = middle + 1
        else:
            high = middle
    return weight[low] if low < indptr[a + 1] and consequent[low] == b else 0.0
