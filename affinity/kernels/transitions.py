"""Weighted counts of product pairs over rows: what was owned at each order, and sums of weight products.

Weights are integers in units of 2**-20; a product of two is shifted back by 20 bits, so every sum is an
exact int64 whatever the order of its terms.
"""

from __future__ import annotations

import numpy as np
from numba import njit


# Oracle: tests/naive.py::transitions
@njit(nogil=True, cache=True)
def fill_owned_rows(first, last, indptr, item, customer, at, weight, owned_count, new_count, fill, last_at, owned,
                    owned_indptr, owned_item, owned_weight, new_indptr, new_item):  # fmt: skip
    """What was owned strictly before, and what was new in, each of the baskets ``first`` to ``last``.

    Only baskets after a customer's first that hold a new product are rows; the others get counts of 0.
    Called twice: with ``fill`` False it sets the counts, with ``fill`` True it writes the rows whose count the
    caller left above 0.

    indptr, item, customer, at : baskets sorted by customer, then at
    weight       : int64[max_age + 1], weight by age
    owned_count, new_count : int64[n_baskets], written when not ``fill``
    last_at      : int32[n_products], −1 at entry and at exit; owned : int32[n_products], scratch
    owned_indptr, new_indptr : int64[last − first + 1], where the rows of basket ``first``, … begin in
    owned_item, owned_weight and new_item (int32)
    """
    n_owned = 0
    for b in range(first, last):
        if b > first and customer[b] != customer[b - 1]:
            for k in range(n_owned):
                last_at[owned[k]] = -1
            n_owned = 0
        n_new = 0
        for e in range(indptr[b], indptr[b + 1]):
            if last_at[item[e]] < 0:
                n_new += 1
        if n_owned > 0 and n_new > 0:
            if fill and owned_count[b] > 0:
                o = owned_indptr[b - first]
                for k in range(n_owned):
                    owned_item[o + k] = owned[k]
                    owned_weight[o + k] = weight[at[b] - last_at[owned[k]]]
                o = new_indptr[b - first]
                for e in range(indptr[b], indptr[b + 1]):
                    if last_at[item[e]] < 0:
                        new_item[o] = item[e]
                        o += 1
            elif not fill:
                owned_count[b] = n_owned
                new_count[b] = n_new
        k = n_owned - 1  # merge the new products into the sorted list of the owned, from the back
        o = n_owned + n_new - 1
        for e in range(indptr[b + 1] - 1, indptr[b] - 1, -1):
            if last_at[item[e]] < 0:
                while k >= 0 and owned[k] > item[e]:
                    owned[o] = owned[k]
                    k -= 1
                    o -= 1
                owned[o] = item[e]
                o -= 1
        n_owned += n_new
        for e in range(indptr[b], indptr[b + 1]):
            last_at[item[e]] = at[b]
    for k in range(n_owned):
        last_at[owned[k]] = -1


# Oracle: tests/naive.py::transitions
@njit(nogil=True, cache=True)
def add_weighted_pairs(first, last, left_indptr, left_row, left_place, left_weight, row_weight, right_indptr, right_item,
                       right_weight, upper, total, out_indptr, out_column, out_total):  # fmt: skip
    """Rows ``first``, … of Σ over rows of left × right × row weight, until ``last`` or until the output is full.

    Returns the first product not done. Entries of a product are written in rising column order, zeros left out.
    Unsigned types: without the test for negative indices the inner loop is three times as fast.

    left_indptr, left_row, left_place, left_weight : by product (int64, int32, int32, uint32): the rows that hold
                   it, its place in the row, its weight
    row_weight   : uint64[n_rows]
    right_indptr, right_item, right_weight : by row (int64, uint32, uint32)
    upper        : count only columns from the product itself on (left and right are then the same)
    total        : uint64[n_products] zeros, left so
    out_indptr   : int64[n_products + 1], lengths written at [product + 1]
    out_column, out_total : int32 and int64, filled from 0
    """
    used = 0
    n_products = len(total)
    shift = np.uint64(20)
    for i in range(first, last):
        if len(out_column) - used < n_products:
            return i
        terms = 0
        for e in range(left_indptr[i], left_indptr[i + 1]):
            row = left_row[e]
            start = np.uint64(right_indptr[row] + (left_place[e] if upper else 0))
            w = np.uint64(left_weight[e])
            r = row_weight[row]
            for q in range(start, np.uint64(right_indptr[row + 1])):
                total[right_item[q]] += (((w * np.uint64(right_weight[q])) >> shift) * r) >> shift
            terms += right_indptr[row + 1] - np.int64(start)
        begin = used
        if terms < n_products >> 4:  # few of the products were met: they are gathered instead of looked for among all
            used = gather_columns_met(i, left_indptr, left_row, left_place, right_indptr, right_item, upper, total, begin,
                                      out_column, out_total)  # fmt: skip
        else:
            for j in range(i if upper else 0, n_products):
                if total[j] != 0:
                    out_column[used] = j
                    out_total[used] = total[j]
                    total[j] = 0
                    used += 1
        out_indptr[i + 1] = used - begin
    return last


# Oracle: tests/naive.py::transitions
@njit(nogil=True, cache=True)
def gather_columns_met(i, left_indptr, left_row, left_place, right_indptr, right_item, upper, total, begin, out_column,
                       out_total):  # fmt: skip
    """Move the sums of product ``i`` from ``total`` to the outputs from ``begin`` on, columns rising; returns their end."""
    used = begin
    for e in range(left_indptr[i], left_indptr[i + 1]):
        row = left_row[e]
        for q in range(right_indptr[row] + (left_place[e] if upper else 0), right_indptr[row + 1]):
            j = right_item[q]
            if total[j] != 0:
                out_column[used] = j
                out_total[used] = total[j]
                total[j] = 0
                used += 1
    order = np.argsort(out_column[begin:used])
    out_column[begin:used] = out_column[begin:used][order]
    out_total[begin:used] = out_total[begin:used][order]
    return used


# Oracle: tests/naive.py::transposed
@njit(nogil=True, cache=True)
def transpose_rows(indptr, item, out_next, out_row, out_place):
    """The rows that hold each item, rising, and its place in each: a counting sort.

    indptr, item : int64 and int32, CSR by row
    out_next     : int64[n_items], where each item's rows begin in the outputs; at exit, where they end
    out_row, out_place : int32
    """
    for row in range(len(indptr) - 1):
        for e in range(indptr[row], indptr[row + 1]):
            k = out_next[item[e]]
            out_row[k] = row
            out_place[k] = e - indptr[row]
            out_next[item[e]] = k + 1
