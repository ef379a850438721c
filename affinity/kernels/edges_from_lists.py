"""The closed-form edges counted from the customers' lists: no matrix of all pairs is ever held.

First the strongest antecedents of each target, counted target by target; then G, only for pairs that some target's
antecedents make; then one ridge system for each target, whose digits are those of `affinity.kernels.closed_form`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from affinity.kernels.closed_form import choose_largest, keep_largest, solve_in_place
from affinity.kernels.intrinsics import count_bits, lowest_bit

LOW = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(20)
#: A row of G is gone through up to so many times the ranks that are looked for in it.
LONG_ROW = 4


@njit(nogil=True, cache=True)
def find_place(rank, item, base, end):
    """Where the list from ``base`` to ``end`` holds ``rank``."""
    place = base
    while place < end and item[place] != rank:
        place += 1
    return place


@njit(nogil=True, cache=True)
def add_owner(rank, c, lists, rows, weights, total, touched):
    """Add what customer ``c`` tells of every product with ``rank``: co_owned, lasting and new_at_order towards ``rank``."""
    indptr, item, end_age, new_row = lists
    row_indptr, row_weight, age_indptr, age = rows
    own, co, lasting = weights
    base, end = indptr[c], indptr[c + 1]
    place = find_place(rank, item, base, end)
    w, v = co[end_age[place]], lasting[end_age[place]]
    for q in range(base, end):
        j = item[q]
        total[j, 0] += (w * co[end_age[q]]) >> SHIFT
        total[j, 1] += (v * lasting[end_age[q]]) >> SHIFT
        touched[j >> 6] |= np.uint64(1) << np.uint64(j & 63)
    k = new_row[place]
    if k >= 0:
        r = row_weight[row_indptr[c] + k]
        o = age_indptr[c] + k * (end - base) - base
        for q in range(base, end):
            total[item[q], 2] += (own[age[o + q]] * r) >> SHIFT


@njit(nogil=True, cache=True)
def take_named(touched, named, by_owners, code):
    """Write the codes, rising, of the ranks whose bits are set in ``touched``, and clear these; returns how many."""
    one, n = np.uint64(1), 0
    for word in range(len(touched)):
        bits = touched[word]
        touched[word] = 0
        while bits != 0:
            i = by_owners[(word << 6) + lowest_bit(np.int64(bits))]
            named[i >> 6] |= one << np.uint64(i & 63)
            bits &= bits - one
    for word in range(len(named)):
        bits = named[word]
        named[word] = 0
        while bits != 0:
            code[n] = (word << 6) + lowest_bit(np.int64(bits))
            bits &= bits - one
            n += 1
    return n


# Oracle: tests/naive.py::closed_form_edges
@njit(nogil=True, cache=True)
def choose_antecedents(first, last, ranks, owners, lists, rows, weights, units, diagonal, scratch, support, value, count,
                       near, cosine, near_count):  # fmt: skip
    """The strongest antecedents of the targets ``first`` to ``last``, and the products most similar to each.

    c_A = co_unit·co_AB + new_unit·new_AB; the K largest c_A > 0, A ≠ B, ties by code, and the largest
    lasting_AB / √(lasting_AA·lasting_BB).

    ranks    : by_owners and rank, int32[n_products]: the product of each rank, the rank of each product
    owners, lists, rows, weights : see `affinity.tables.owned_lists`; units : (co_unit, new_unit)
    diagonal : float64[n_products], lasting_AA by rank
    scratch  : total uint64[n_products, 4], by rank, touched and named uint64[n_products // 64 + 1], by rank and by code,
               zeros, left so; code int32, strength and likeness float64, [n_products] each; chosen int32[K], int32[N]
    support, value : int32 and float64[n_products, K], rising codes; count int64[n_products]
    near, cosine   : int32 and float64[n_products, N]; near_count int64[n_products]
    """
    total, touched, named, code, strength, likeness, chosen, chosen_near = scratch
    by_owners, rank = ranks
    owner_indptr, owner = owners
    for b in range(first, last):
        for e in range(owner_indptr[b], owner_indptr[b + 1]):
            add_owner(rank[b], owner[e], lists, rows, weights, total, touched)
        n = take_named(touched, named, by_owners, code)
        held = 0
        for k in range(n):
            i = rank[code[k]]
            if code[k] != b:
                code[held] = code[k]
                strength[held] = units[0] * np.int64(total[i, 0]) + units[1] * np.int64(total[i, 2])
                scale = np.sqrt(diagonal[i] * diagonal[rank[b]])
                likeness[held] = np.int64(total[i, 1]) / scale if scale > 0.0 else 0.0
                held += 1
            total[i, 0] = 0
            total[i, 1] = 0
            total[i, 2] = 0
        n = held
        count[b] = choose_largest(strength[:n], chosen)
        for k in range(count[b]):
            support[b, k] = code[chosen[k]]
            value[b, k] = strength[chosen[k]]
        near_count[b] = choose_largest(likeness[:n], chosen_near)
        for k in range(near_count[b]):
            near[b, k] = code[chosen_near[k]]
            cosine[b, k] = likeness[chosen_near[k]]


# Oracle: tests/naive.py::pairs_of_supports
@njit(nogil=True, cache=True)
def mark_pairs(first, last, ranked, count, start_word, table):
    """Set the bits of the pairs of ranks (s, r), first ≤ s < last and r ≤ s, that are together in a row of ``ranked``.

    ranked     : int32[n_targets, K], rising in a row; count : int64[n_targets]
    start_word : int64[n_products], where the words of each rank begin: rank s has s // 32 + 1
    table      : uint64, bit r & 31 of word start_word[s] + (r >> 5)
    """
    for b in range(len(count)):
        for v in range(count[b]):
            s = ranked[b, v]
            if s < first:
                continue
            if s >= last:
                break
            at = start_word[s]
            for u in range(v + 1):
                table[at + (ranked[b, u] >> 5)] |= np.uint64(1) << np.uint64(ranked[b, u] & 31)


@njit(nogil=True, cache=True)
def add_earlier(c, place, lists, rows, own, total):
    """Add to ``total`` co_owned and owned_at_order of what ``c``'s list holds up to ``place`` with that there."""
    indptr, item, end_age, new_row = lists
    row_indptr, row_weight, age_indptr, age = rows
    size = indptr[c + 1] - indptr[c]
    for k in range(row_indptr[c + 1] - row_indptr[c]):
        o = age_indptr[c] + k * size - indptr[c]
        w = own[age[o + place]]
        if w == 0:
            continue
        r = row_weight[row_indptr[c] + k]
        for q in range(indptr[c], place + 1):
            total[item[q], 1] += (((w * own[age[o + q]]) >> SHIFT) * r) >> SHIFT


# Oracle: tests/naive.py::closed_form_edges
@njit(nogil=True, cache=True)
def count_marked(first, last, by_owners, owner_indptr, owner, lists, rows, weights, units, start_word, table, total, start,
                 column, value):  # fmt: skip
    """G = co_unit·co + own_unit·own of the marked pairs of the ranks ``first`` to ``last``; returns how many are not 0.

    by_owners : int32[n_products], the product of each rank; units : (co_unit, own_unit)
    table     : see `mark_pairs`; bits of zeros are cleared, and the upper half of a word says how many of its rank are before
    total     : uint64[n_products, 2] zeros, left so
    start     : int64[n_products], where each rank begins in ``column`` (int32, ranks) and ``value`` (float64)
    """
    indptr, item, end_age, new_row = lists
    own, co, lasting = weights
    one, used = np.uint64(1), 0
    for r in range(first, last):
        a = by_owners[r]
        for e in range(owner_indptr[a], owner_indptr[a + 1]):
            c = owner[e]
            place = find_place(r, item, indptr[c], indptr[c + 1])
            w = co[end_age[place]]
            for q in range(indptr[c], place + 1):
                total[item[q], 0] += (w * co[end_age[q]]) >> SHIFT
            add_earlier(c, place, lists, rows, own, total)
        start[r] = used
        for word in range((r >> 5) + 1):
            bits = table[start_word[r] + word] & LOW
            before, found = np.uint64(used - start[r]), np.uint64(0)
            while bits != 0:
                bit = bits & (~bits + one)
                bits ^= bit
                s = (word << 5) + lowest_bit(np.int64(bit))
                both = units[0] * np.int64(total[s, 0]) + units[1] * np.int64(total[s, 1])
                if both != 0.0:
                    found |= bit
                    column[used] = s
                    value[used] = both
                    used += 1
            table[start_word[r] + word] = (before << np.uint64(32)) | found
        total[: r + 1] = 0
    return used


@njit(nogil=True, cache=True)
def fill_ranked(n, ranked, place, packed, ridge, system):
    """The upper triangle of G + ridge·I; ``ranked`` are the ranks, rising, ``place`` the row of each in the system.

    A row of G holds the ranks up to its own. A short one is gone through (what is not ranked has the place of a column that
    nobody reads), which takes memory in its order; in a long one each rank is looked up.
    """
    start_word, table, start, column, value = packed
    one = np.uint64(1)
    for u in range(n):
        system[u, u:n] = 0.0
    for v in range(n):
        s, k = ranked[v], place[ranked[v]]
        if start[s + 1] - start[s] <= LONG_ROW * (v + 1):
            for e in range(start[s], start[s + 1]):
                j = place[column[e]]
                system[min(k, j), max(k, j)] = value[e]
        else:
            at, begin = start_word[s], start[s]
            for u in range(v + 1):
                word, bit = table[at + (ranked[u] >> 5)], one << np.uint64(ranked[u] & 31)
                if word & bit:
                    j = place[ranked[u]]
                    before = np.int64(word >> np.uint64(32)) + count_bits(np.int64(word & LOW & (bit - one)))
                    system[min(k, j), max(k, j)] = value[begin + before]
        system[k, k] += ridge


# Oracle: tests/naive.py::closed_form_edges
@njit(nogil=True, cache=True)
def solve_supports(first, last, support, weight, count, ranked, rank, packed, ridge, n_edges, scratch, out_count,
                   out_antecedent, out_edge):  # fmt: skip
    """Edges into the targets ``first`` to ``last``: solve (G + ridge·I)_SS w = c_S and keep the best positive w.

    support, weight, count : of `choose_antecedents`; weight is written over
    ranked  : the ranks of each support, rising; rank : int32[n_products]
    packed  : G as (start_word, table, start, column, value) of `mark_pairs` and `count_marked`
    scratch : system float64[K + 1, K + 1]; place int32[n_products], all K, left so
    out_count : int64[n_products]; out_antecedent, out_edge : int32 and float64[n_products, n_edges]
    """
    system, place = scratch
    for b in range(first, last):
        n = count[b]
        for k in range(n):
            place[rank[support[b, k]]] = k
        fill_ranked(n, ranked[b], place, packed, ridge, system)
        solve_in_place(n, system, weight[b])
        for k in range(n):
            place[rank[support[b, k]]] = support.shape[1]
        out_count[b] = keep_largest(n, support[b], weight[b], n_edges, out_antecedent[b], out_edge[b])
