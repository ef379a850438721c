"""Candidates of each customer, and the sums that the ranking blend and the probability are learnt from."""

from __future__ import annotations

import numpy as np
from numba import njit


# Oracle: tests/naive.py::candidates
@njit(nogil=True, cache=True)
def collect_candidates(customers, indptr, product, weight, edge_indptr, edge_consequent, edge_weight, similar_indptr,
                       similar_consequent, similar_weight, popular, each, n_terms, scratch, slot, out_count, out_product,
                       out_numbers, out_antecedent, out_term):  # fmt: skip
    """Candidates of ``customers``: the ``each`` products with the largest closed form and the ``each`` most popular.

    customers   : int32[n]; indptr, product, weight : holdings (int64, int32, float64 by age of the last purchase)
    edge_, similar_ : CSR by antecedent (int64, int32, float64): closed form and cosine
    popular     : int32, products in order of decayed first purchases, best first
    scratch     : float64[2, n_products] zeros, left so; slot : int32[n_products] −1, left so
    out_count   : int64[n]; out_product : int32[n, 2·each], the closed form's first, in code order, then the popular
    out_numbers : float64[n, 2·each, 2], Σ weight × edge and Σ weight × cosine
    out_antecedent, out_term : int32 and float64[n, 2·each, n_terms], the owned products with the largest
                  weight × edge, largest first (ties: the smaller code), −1 and 0 where there are fewer
    """
    closed, cosine = scratch[0], scratch[1]
    touched = np.empty(len(slot), dtype=np.int32)
    for c in range(len(customers)):
        begin, end = indptr[customers[c]], indptr[customers[c] + 1]
        n_touched = 0
        for o in range(begin, end):
            a = product[o]
            edges = slice(edge_indptr[a], edge_indptr[a + 1])
            n_touched = add_edges(edge_consequent[edges], edge_weight[edges], weight[o], closed, slot, touched, n_touched)
            edges = slice(similar_indptr[a], similar_indptr[a + 1])
            n_touched = add_edges(similar_consequent[edges], similar_weight[edges], weight[o], cosine, slot, touched, n_touched)
        for k in range(n_touched):
            slot[touched[k]] = -1
        for o in range(begin, end):
            slot[product[o]] = -3
        n = choose_best(closed, slot, touched, n_touched, out_product[c, :each])
        n = add_popular(popular, each, slot, slot, out_product[c], n)
        out_count[c] = n
        for k in range(n):
            out_numbers[c, k, 0] = closed[out_product[c, k]]
            out_numbers[c, k, 1] = cosine[out_product[c, k]]
            for t in range(n_terms):
                out_antecedent[c, k, t] = -1
                out_term[c, k, t] = 0.0
        if n_terms > 0:
            for o in range(begin, end):
                edges = slice(edge_indptr[product[o]], edge_indptr[product[o] + 1])
                keep_terms(
                    product[o], weight[o], edge_consequent[edges], edge_weight[edges], slot, out_antecedent[c], out_term[c]
                )
        for k in range(n):
            slot[out_product[c, k]] = -1
        for o in range(begin, end):
            slot[product[o]] = -1
        for k in range(n_touched):
            closed[touched[k]] = 0.0
            cosine[touched[k]] = 0.0


@njit(nogil=True, cache=True)
def add_popular(popular, each, slot, place, candidate, n):
    """Add the ``each`` first popular products that are not owned (slot −3); returns how many candidates there are.

    Leaves the place of every candidate in ``place`` (−1 of the others), which may be ``slot``.
    """
    for k in range(n):
        place[candidate[k]] = k
    taken = 0
    for b in popular:
        if taken == each:
            break
        if slot[b] == -3:
            continue
        taken += 1
        if place[b] == -1:
            candidate[n] = b
            place[b] = n
            n += 1
    return n


@njit(nogil=True, cache=True)
def add_edges(consequent, weight, owned_weight, score, slot, touched, n_touched):
    """Add owned weight × edge to the score of each consequent; returns how many products are touched now."""
    for e in range(len(consequent)):
        b = consequent[e]
        if slot[b] == -1:
            slot[b] = -2
            touched[n_touched] = b
            n_touched += 1
        score[b] += owned_weight * weight[e]
    return n_touched


@njit(nogil=True, cache=True)
def keep_terms(owned, owned_weight, consequent, weight, slot, out_antecedent, out_term):
    """Enter one owned product among the largest terms of the candidates it has an edge to."""
    n_terms = out_term.shape[1]
    for e in range(len(consequent)):
        k = slot[consequent[e]]
        term = owned_weight * weight[e]
        if k >= 0 and term > out_term[k, n_terms - 1]:
            t = n_terms - 1
            while t > 0 and out_term[k, t - 1] < term:
                out_term[k, t] = out_term[k, t - 1]
                out_antecedent[k, t] = out_antecedent[k, t - 1]
                t -= 1
            out_term[k, t] = term
            out_antecedent[k, t] = owned


@njit(nogil=True, cache=True)
def choose_best(value, slot, touched, n_touched, chosen):
    """Write the len(chosen) largest positive values among the touched that are not owned (ties: the smaller code)."""
    most = len(chosen)
    n = 0
    for q in range(n_touched):
        i = touched[q]
        if slot[i] == -3 or not value[i] > 0.0:
            continue
        if n == most and (value[i] < value[chosen[n - 1]] or (value[i] == value[chosen[n - 1]] and i > chosen[n - 1])):
            continue
        k = n if n < most else most - 1
        while k > 0 and (value[chosen[k - 1]] < value[i] or (value[chosen[k - 1]] == value[i] and chosen[k - 1] > i)):
            chosen[k] = chosen[k - 1]
            k -= 1
        chosen[k] = i
        n = min(n + 1, most)
    return n


# Oracle: tests/naive.py::softmax_loss
@njit(nogil=True, cache=True)
def add_softmax_terms(indptr, feature, label, coefficient, gradient):
    """Conditional logit within each customer: Σ over customers of the mean over his purchases of −log softmax(u).

    indptr : int64 by customer (each with a label); feature : float64[n, d]; label : uint8[n]
    gradient : float64[d], added to. Returns the loss.
    """
    d = len(coefficient)
    loss = 0.0
    longest = 0
    for c in range(len(indptr) - 1):
        longest = max(longest, indptr[c + 1] - indptr[c])
    share = np.empty(longest)
    for c in range(len(indptr) - 1):
        begin, end = indptr[c], indptr[c + 1]
        top = -np.inf
        bought = 0
        for r in range(begin, end):
            u = 0.0
            for k in range(d):
                u += coefficient[k] * feature[r, k]
            share[r - begin] = u
            top = max(top, u)
            bought += label[r]
        total = 0.0
        for r in range(begin, end):
            if label[r]:
                loss -= (share[r - begin] - top) / bought
            share[r - begin] = np.exp(share[r - begin] - top)
            total += share[r - begin]
        loss += np.log(total)
        for r in range(begin, end):
            excess = share[r - begin] / total - label[r] / bought
            for k in range(d):
                gradient[k] += excess * feature[r, k]
    return loss


# Oracle: tests/naive.py::logistic_terms
@njit(nogil=True, cache=True)
def add_logistic_terms(u, customer, label, customer_term, parameter, gradient, hessian):
    """Gradient and Hessian (lower triangle) of −log likelihood of p = σ(b·u + γ·x_c + a), parameter = (b, γ…, a);
    added to. Returns −log likelihood.

    u : float64[n]; customer : int32[n], row of ``customer_term`` float64[C, d − 2]; label : uint8[n]
    """
    d = len(parameter)
    x = np.empty(d)
    x[d - 1] = 1.0
    loss = 0.0
    for r in range(len(u)):
        x[0] = u[r]
        for k in range(d - 2):
            x[k + 1] = customer_term[customer[r], k]
        z = 0.0
        for k in range(d):
            z += parameter[k] * x[k]
        small = np.exp(-abs(z))
        p = 1.0 / (1.0 + small) if z >= 0.0 else small / (1.0 + small)
        loss += max(z, 0.0) + np.log1p(small) - (z if label[r] else 0.0)
        spread = p * (1.0 - p)
        for k in range(d):
            gradient[k] += (p - label[r]) * x[k]
            for m in range(k + 1):
                hessian[k, m] += spread * x[k] * x[m]
    return loss
