"""The best products of each customer, scored, ranked and cut in one pass: nothing is kept of the others."""

from __future__ import annotations

import numpy as np
from numba import njit

from affinity.kernels.intrinsics import get, prefetch, put
from affinity.kernels.scoring import add_edges, add_popular


# Oracle: tests/naive.py::top_products
@njit(nogil=True, cache=True)
def score_top(customers, indptr, product, weight, edges, similar, popular, popularity, rule, blocked, own, families,
              each, closed, slot, place, out_count, out_product, out_number, out_spread, out_antecedent, out_term):  # fmt: skip
    """The products with the largest u that each of ``customers`` may be offered, best first (ties: the smaller code).

    u = rule[0]·log(s + ε) + rule[1]·log(c + ε) + base[segment, product] + log(1 + products owned)·by_history[product],
    ε = rule[2], s and c the sums over owned products of weight × edge; over the ``each`` largest s and the ``each`` first
    of ``popular``, owned never
    customers : int32[n]; indptr, product, weight : holdings (int64, int32, float64)
    edges, similar : CSR by antecedent (int64, int32, float64); popular : int32
    popularity : (segment, base, by_history), int32[n_customers], float64[segments, n_products], float64[n_products]
    blocked   : bool[n_products], for everybody; own : int64, int32 CSR by customer, for him, and bool which of it he owns
    families  : int32[n_products] the family whose products an owner of one is not offered, −1 none, and bool[families] false
    closed    : float64[n_products] zeros, slot, place : int32, int16[n_products] −1; all left so
    out_count : int64[n]; out_product : int32[n, k]; out_number : float64[n, k, 2], u and s
    out_spread : float64[n, 2], mean and spread of the 50 largest u, offered or not
    out_antecedent, out_term : int32, float64[n, k, n_terms], the owned products with the largest weight × edge, −1 and 0
    """
    segment, bases, by_history = popularity
    own_indptr, own_product, own_owned = own
    family, held = families
    touched = np.empty(len(slot), dtype=np.int32)
    candidate, u, cosine = np.empty(2 * each, dtype=np.int32), np.empty(2 * each), np.empty(2 * each)
    for c in range(len(customers)):
        begin, end = indptr[customers[c]], indptr[customers[c] + 1]
        owned, owned_weight = product[begin:end], weight[begin:end]
        base, history = bases[segment[customers[c]]], np.log1p(end - begin)
        n_touched = add_owned(owned, owned_weight, edges, closed, slot, touched)
        for o in range(len(owned)):
            slot[owned[o]] = -3
        n = choose_largest(closed, slot, touched, n_touched, candidate, u, each)
        n = add_popular(popular, each, slot, place, candidate, n)
        cosine[:n] = 0.0
        add_to_places(owned, owned_weight, similar, place, cosine)
        for k in range(n):
            b = candidate[k]
            place[b] = -1
            value = rule[0] * np.log(closed[b] + rule[2]) + rule[1] * np.log(cosine[k] + rule[2])
            value += base[b] + history * by_history[b]
            put_in_order(candidate, u, k, b, value)
        out_spread[c, 0], out_spread[c, 1] = mean_and_spread(u[: min(n, 50)])
        his_begin, his_end = own_indptr[customers[c]], own_indptr[customers[c] + 1]
        for o in range(his_begin, his_end):
            slot[own_product[o]] = -3
            if own_owned[o] and family[own_product[o]] >= 0:
                held[family[own_product[o]]] = True
        count = 0
        for k in range(n):
            b = candidate[k]
            if count == out_product.shape[1]:
                break
            if slot[b] == -3 or blocked[b] or (family[b] >= 0 and held[family[b]]):
                continue
            out_product[c, count] = b
            out_number[c, count, 0] = u[k]
            out_number[c, count, 1] = closed[b]
            place[b] = count
            count += 1
        out_count[c] = count
        if out_term.shape[2] > 0:
            out_antecedent[c, :count] = -1
            out_term[c, :count] = 0.0
            keep_largest(owned, owned_weight, edges, place, out_antecedent[c], out_term[c])
        for k in range(count):
            place[out_product[c, k]] = -1
        for o in range(his_begin, his_end):
            slot[own_product[o]] = -1
            if family[own_product[o]] >= 0:
                held[family[own_product[o]]] = False
        for o in range(len(owned)):
            slot[owned[o]] = -1
        if n_touched == len(closed):
            closed[:] = 0.0
        else:
            for k in range(n_touched):
                closed[touched[k]] = 0.0


@njit(nogil=True, cache=True)
def add_owned(owned, weight, edges, score, slot, touched):
    """Add what every owned product says of its consequents; ``touched`` lists them, unless they are many.

    Returns how many are listed; n_products: nothing is, any product may be touched. The sums are the same either way.
    """
    indptr, consequent, value = edges
    visited = 0
    for o in range(len(owned)):
        visited += indptr[owned[o] + 1] - indptr[owned[o]]
        prefetch(consequent, indptr[owned[o]])
    n_touched = 0
    if 4 * visited < len(score):
        for o in range(len(owned)):
            row = slice(indptr[owned[o]], indptr[owned[o] + 1])
            n_touched = add_edges(consequent[row], value[row], weight[o], score, slot, touched, n_touched)
        for k in range(n_touched):
            slot[touched[k]] = -1
        return n_touched
    for o in range(len(owned)):
        w = weight[o]
        for e in range(indptr[owned[o]], indptr[owned[o] + 1]):
            b = np.int64(get(consequent, e))
            put(score, b, get(score, b) + w * get(value, e))
    return len(score)


@njit(nogil=True, cache=True)
def choose_largest(value, slot, touched, n_touched, chosen, chosen_value, most):
    """Write the ``most`` largest positive values among the touched that are not owned (slot −3), ties: the smaller code.

    Touched are all products where there are as many. Returns how many are written.
    """
    n = 0
    least = 0.0  # what a value must exceed, or equal with a smaller code
    everything = n_touched == len(value)
    for q in range(n_touched):
        i = q if everything else np.int64(get(touched, q))
        v = get(value, i)
        if v < least or v <= 0.0 or slot[i] == -3 or (n == most and v == least and i > chosen[most - 1]):
            continue
        put_in_order(chosen, chosen_value, n if n < most else most - 1, i, v)
        n = min(n + 1, most)
        if n == most:
            least = chosen_value[most - 1]
    return n


@njit(nogil=True, cache=True)
def add_to_places(owned, weight, edges, place, total):
    """Add what every owned product says of the products that have a place to ``total`` at that place."""
    indptr, consequent, value = edges
    for o in range(len(owned)):
        for e in range(indptr[owned[o]], indptr[owned[o] + 1]):
            k = get(place, np.int64(get(consequent, e)))
            if k >= 0:
                total[k] += weight[o] * get(value, e)


@njit(nogil=True, cache=True)
def keep_largest(owned, weight, edges, place, out_antecedent, out_term):
    """Enter every owned product among the largest terms of the products that have a place, ties: the smaller code."""
    indptr, consequent, value = edges
    n_terms = out_term.shape[1]
    for o in range(len(owned)):
        for e in range(indptr[owned[o]], indptr[owned[o] + 1]):
            k = get(place, np.int64(get(consequent, e)))
            if k < 0:
                continue
            term = weight[o] * get(value, e)
            t = n_terms
            while t > 0 and out_term[k, t - 1] < term:
                if t < n_terms:
                    out_term[k, t] = out_term[k, t - 1]
                    out_antecedent[k, t] = out_antecedent[k, t - 1]
                t -= 1
            if t < n_terms:
                out_term[k, t] = term
                out_antecedent[k, t] = owned[o]


@njit(nogil=True, cache=True)
def put_in_order(candidate, u, n, b, value):
    """Put product ``b`` among the ``n`` first candidates, by u falling, ties by code."""
    k = n
    while k > 0 and (u[k - 1] < value or (u[k - 1] == value and candidate[k - 1] > b)):
        u[k] = u[k - 1]
        candidate[k] = candidate[k - 1]
        k -= 1
    u[k] = value
    candidate[k] = b


@njit(nogil=True, cache=True)
def mean_and_spread(values):
    """Mean and standard deviation (n in the denominator) of a few values; zeros for none."""
    n = max(len(values), 1)
    mean = 0.0
    for value in values:
        mean += value
    mean /= n
    spread = 0.0
    for value in values:
        spread += (value - mean) * (value - mean)
    return mean, np.sqrt(spread / n)
