"""What each customer owns and owned at each order, as lists from which transitions are counted."""

from __future__ import annotations

import numpy as np
from numba import njit


# Oracle: tests/naive.py::transposed
@njit(nogil=True, cache=True)
def order_lists(indptr, product, by_owners, owner_next, owner, list_next, item):
    """The customers of each product, rising, and the ranks (places in ``by_owners``) of each customer's products, rising.

    indptr, product : int64 and int32, CSR by customer
    owner_next : int64[n_products], where each product's customers begin in ``owner`` (int32); at exit, where they end
    list_next  : int64[n_customers], the same of each customer's list in ``item`` (int32)
    """
    for c in range(len(indptr) - 1):
        for e in range(indptr[c], indptr[c + 1]):
            k = owner_next[product[e]]
            owner[k] = c
            owner_next[product[e]] = k + 1
    begin = np.zeros(len(by_owners), dtype=np.int64)
    begin[1:] = owner_next[:-1]  # a product's customers begin where those of the one before end
    for r in range(len(by_owners)):
        code = by_owners[r]
        for e in range(begin[code], owner_next[code]):
            k = list_next[owner[e]]
            item[k] = r
            list_next[owner[e]] = k + 1


# Oracle: tests/naive.py::transitions
@njit(nogil=True, cache=True)
def fill_lists(first, last, held, by_owners, item, steps, rows, weights, longest, scratch, end_age, new_row, age):
    """Ages at the end and at each row, and the row in which each product was new, of the customers ``first`` to ``last``.

    held    : indptr int64, product int32, last_at int32, CSR by customer; end int32 by customer
    steps   : first step of each customer (int64[n_customers + 1]); indptr int64, item int32; at int32; is_row bool
    rows    : row_indptr, age_indptr, row_weight, as in `affinity.tables.owned_lists`
    weights : uint64, by age at an order; longest : the greatest age, ``longest`` + 1 says not owned yet
    scratch : int32[n_products] each
    Returns whether anything new weighs anything.
    """
    indptr, product, last_at, end = held
    step_indptr, step_begin, step_item, at, is_row = steps
    row_indptr, age_indptr, row_weight = rows
    place, seen = scratch
    found = False
    shift = np.uint64(20)
    for c in range(first, last):
        base = indptr[c]
        size = indptr[c + 1] - base
        if size == 0:
            continue
        for p in range(size):
            place[by_owners[item[base + p]]] = p
            seen[p] = -1
            new_row[base + p] = -1
        for e in range(base, base + size):
            end_age[base + place[product[e]]] = min(end[c] - last_at[e], longest)
        k = 0
        for s in range(step_indptr[c], step_indptr[c + 1]):
            if is_row[s]:
                o = age_indptr[c] + k * size
                w = row_weight[row_indptr[c] + k]
                for p in range(size):
                    passed = longest + 1 if seen[p] < 0 else min(at[s] - seen[p], longest)
                    age[o + p] = passed
                    found |= (weights[passed] * w) >> shift > 0
                for e in range(step_begin[s], step_begin[s + 1]):
                    if seen[place[step_item[e]]] < 0:
                        new_row[base + place[step_item[e]]] = k
                k += 1
            for e in range(step_begin[s], step_begin[s + 1]):
                seen[place[step_item[e]]] = at[s]
    return found
