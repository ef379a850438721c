"""The best products of each customer, scored, ranked and cut in one pass: nothing is kept of the others."""

from __future__ import annotations

import numpy as np
from numba import njit

from affinity.kernels.intrinsics import get, prefetch, put
from affinity.kernels.scoring import add_edges, add_popular

#: Products looked at together for whether any of them may be among the largest.
LOOKED_AT = 64
#: Edges of an owned product a product shown, above which these are looked up.
SEARCHED = 8


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
            keep_largest(owned, owned_weight, edges, out_product[c, :count], place, out_antecedent[c], out_term[c])
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
    for begin in range(0, n_touched, LOOKED_AT):
        end = min(begin + LOOKED_AT, n_touched)
        if everything and count_from(value[begin:end], least) == 0:
            continue
        for q in range(begin, end):
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
def count_from(values, least):
    """How many are above 0 and at least ``least``: a run of products that are mostly neither is told in a few steps."""
    count = 0
    for k in range(len(values)):
        count += np.int64((values[k] >= least) & (values[k] > 0.0))
    return count


@njit(nogil=True, cache=True)
def keep_largest(owned, weight, edges, shown, place, out_antecedent, out_term):
    """Enter every owned product among the largest terms of the products ``shown``, ties: the smaller code.

    place : int16[n_products], where each of them is among ``shown``, −1 of the others. Of an owned product with many edges
    (consequents rising) those to them are looked up, of one with few all are gone through.
    """
    indptr, consequent, value = edges
    for o in range(len(owned)):
        begin, end = indptr[owned[o]], indptr[owned[o] + 1]
        if end - begin > SEARCHED * len(shown):
            for k in range(len(shown)):
                e = begin + np.searchsorted(consequent[begin:end], shown[k])
                if e < end and consequent[e] == shown[k]:
                    enter_term(owned[o], weight[o] * value[e], out_antecedent[k], out_term[k])
            continue
        for e in range(begin, end):
            k = get(place, np.int64(get(consequent, e)))
            if k >= 0:
                enter_term(owned[o], weight[o] * get(value, e), out_antecedent[k], out_term[k])


@njit(nogil=True, cache=True)
def enter_term(antecedent, term, out_antecedent, out_term):
    """Put a term among the largest, where it belongs to them; one that came earlier stays before an equal one."""
    t = len(out_term)
    while t > 0 and out_term[t - 1] < term:
        if t < len(out_term):
            out_term[t] = out_term[t - 1]
            out_antecedent[t] = out_antecedent[t - 1]
        t -= 1
    if t < len(out_term):
        out_term[t] = term
        out_antecedent[t] = antecedent


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
