"""The closed-form edges of the fit model: one small ridge system for each target product."""

from __future__ import annotations

import numpy as np
from numba import njit

from affinity.kernels.intrinsics import count_bits


# Oracle: tests/naive.py::closed_form_edges
@njit(nogil=True, cache=True)
def merge_upper(first, last, co_indptr, co_column, co_total, own_indptr, own_column, own_total, co_unit, own_unit, total,
                start, bits, rank, value):  # fmt: skip
    """Rows ``first`` to ``last`` of the upper triangle of co_unit·co + own_unit·own, packed for look-ups by (row, column).

    co_, own_ : CSR of the upper triangles of the symmetric counts (int64, int32, int64)
    total     : float64[n_products] zeros, left so
    start     : int64[n_products], where the values of a row begin in ``value``
    bits      : uint64[n_products, n_products // 64 + 1] zeros: bit b & 63 of word b >> 6 says that column b is there
    rank      : int32 of the same shape: columns of the row before the word
    """
    n = len(total)
    for a in range(first, last):
        for e in range(co_indptr[a], co_indptr[a + 1]):
            total[co_column[e]] += co_unit * co_total[e]
        for e in range(own_indptr[a], own_indptr[a + 1]):
            total[own_column[e]] += own_unit * own_total[e]
        held = 0
        for word in range(a >> 6, bits.shape[1]):
            rank[a, word] = held
            found = np.uint64(0)
            for b in range(max(a, word << 6), min((word + 1) << 6, n)):
                if total[b] != 0.0:
                    found |= np.uint64(1) << np.uint64(b & 63)
                    value[start[a] + held] = total[b]
                    total[b] = 0.0
                    held += 1
            bits[a, word] = found


# Oracle: tests/naive.py::closed_form_edges
@njit(nogil=True, cache=True)
def merge_rows(first, last, co_indptr, co_column, co_total, own_indptr, own_column, own_total, co_unit, own_unit, start, rank,
               value, column):  # fmt: skip
    """What `merge_upper` packs, for so many products that most words of a bitmap would be empty: the columns themselves.

    rank   : int32[n_products, 1], written: how many columns a row has
    column : int32, the columns of a row, rising, from ``start`` on, beside their values
    """
    for a in range(first, last):
        e, e_end, f, f_end = co_indptr[a], co_indptr[a + 1], own_indptr[a], own_indptr[a + 1]
        used = start[a]
        while e < e_end or f < f_end:
            from_co = e < e_end and (f == f_end or co_column[e] <= own_column[f])
            b = co_column[e] if from_co else own_column[f]
            total = 0.0
            if from_co:
                total += co_unit * co_total[e]
                e += 1
            if f < f_end and own_column[f] == b:
                total += own_unit * own_total[f]
                f += 1
            if total != 0.0:
                column[used] = b
                value[used] = total
                used += 1
        rank[a, 0] = used - start[a]


# Oracle: tests/naive.py::closed_form_edges
@njit(nogil=True, cache=True)
def solve_targets(first, last, co, co_columns, new_columns, co_unit, new_unit, packed, ridge, n_edges, sums, scratch,
                  out_count, out_antecedent, out_edge):  # fmt: skip
    """Edges into the targets ``first`` to ``last``: solve (G + λI)_SS w = c_S and keep the best positive w.

    c_A = co_unit·co_AB + new_unit·new_AB; S are the K largest c_A, A ≠ B, ties by code. Cholesky in rows, whose inner
    loop adds multiples of rows: no sum is reordered by vector width, so the digits do not depend on the processor.

    co           : (indptr int64, column int32, total int64), CSR of the upper triangle of the symmetric co
    co_columns, new_columns : the columns of co and new, as (begin, row, total, origin) of `gather_columns`
    packed       : G as (start, bits, rank, value, column): of `merge_upper`, column empty, or of `merge_rows`, bits empty
    sums         : see `take_sums`
    scratch      : system float64[K, K]; support int32[K]; weight float64[K]
    out_count    : int64[n_products]; out_antecedent, out_edge : int32 and float64[n_products, n_edges]
    """
    system, support, weight = scratch
    code, value = sums[2], sums[3]
    for b in range(first, last):
        add_row(sums, b, co, co_unit)
        add_column(sums, b, co_columns, co_unit)
        add_column(sums, b, new_columns, new_unit)
        n = choose_largest(value[: take_sums(sums, b)], support)
        for k in range(n):
            weight[k] = value[support[k]]
            support[k] = code[support[k]]
        fill_system(n, support, packed, ridge, system)
        solve_in_place(n, system, weight)
        out_count[b] = keep_largest(n, support, weight, n_edges, out_antecedent[b], out_edge[b])


# Oracle: tests/naive.py::transposed
@njit(nogil=True, cache=True)
def gather_columns(first, last, indptr, column, total, next_entry, begin, out_row, out_total):
    """The columns ``first`` to ``last`` of a matrix given by row: the rows of each, rising, and the totals there.

    indptr, column, total : int64, int32, int64 CSR, columns rising in a row
    next_entry : int64[n_rows], the first entry of each row that is not before column ``first``; moved on to ``last``
    begin      : int64[last − first], where each column begins in the outputs; at exit, where it ends
    """
    for row in range(len(next_entry)):
        e = next_entry[row]
        stop = indptr[row + 1]
        while e < stop and column[e] < last:
            k = begin[column[e] - first]
            out_row[k] = row
            out_total[k] = total[e]
            begin[column[e] - first] = k + 1
            e += 1
        next_entry[row] = e


@njit(nogil=True, cache=True)
def count_columns(column, out):
    """Add to ``out`` (int64) how many entries each column has."""
    for e in range(len(column)):
        out[column[e]] += 1


@njit(nogil=True, cache=True)
def add_row(sums, b, counts, unit):
    """sums += unit × row b."""
    target, touched, over = sums[0], sums[1], sums[4]
    indptr, column, total = counts
    for e in range(indptr[b], indptr[b + 1]):
        target[column[e]] += unit * total[e]
        touched[column[e] >> 6] |= np.uint64(1) << np.uint64(column[e] & 63)
        over[column[e] >> 12] |= np.uint64(1) << np.uint64((column[e] >> 6) & 63)


@njit(nogil=True, cache=True)
def add_column(sums, b, columns, unit):
    """sums += unit × column b."""
    target, touched, over = sums[0], sums[1], sums[4]
    begin, row, total, origin = columns
    for e in range(begin[b - origin], begin[b - origin + 1]):
        target[row[e]] += unit * total[e]
        touched[row[e] >> 6] |= np.uint64(1) << np.uint64(row[e] & 63)
        over[row[e] >> 12] |= np.uint64(1) << np.uint64((row[e] >> 6) & 63)


@njit(nogil=True, cache=True)
def take_sums(sums, left_out):
    """Move what was added up, but for the product ``left_out``, to the front of ``code`` and ``value``; returns how many.

    sums : target float64[n_products] and touched uint64[n_products // 64 + 1], zeros, left so; code int32 and value
           float64[n_products], the touched products, rising, and their sums; over uint64[n_products // 4096 + 1], zeros,
           left so: which words of touched are not 0
    """
    target, touched, code, value, over = sums
    one, n = np.uint64(1), 0
    for part in range(len(over)):
        words = over[part]
        over[part] = 0
        while words != 0:
            word = (part << 6) + count_bits(np.int64((words & (~words + one)) - one))
            words &= words - one
            bits = touched[word]
            touched[word] = 0
            while bits != 0:
                i = (word << 6) + count_bits(np.int64((bits & (~bits + one)) - one))
                bits &= bits - one
                if i != left_out:
                    code[n] = i
                    value[n] = target[i]
                    n += 1
                target[i] = 0.0
    return n


@njit(nogil=True, cache=True)
def choose_largest(value, chosen):
    """Write the codes, rising, of the len(chosen) largest positive values (ties: the smaller code); returns how many.

    A heap whose root is the weakest kept (smallest value, largest code), then one pass in code order.
    """
    most = len(chosen)
    n = 0
    for i in range(len(value)):
        v = value[i]
        if not v > 0.0:
            continue
        if n < most:
            k = n  # sift up
            n += 1
            while k > 0:
                up = (k - 1) >> 1
                if value[chosen[up]] < v:  # an equal value has a smaller code: it is stronger, so the new one goes up
                    break
                chosen[k] = chosen[up]
                k = up
            chosen[k] = i
        elif v > value[chosen[0]]:  # an equal value with a larger code is weaker
            k = 0  # sift down from the root
            while True:
                child = 2 * k + 1
                if child >= n:
                    break
                if child + 1 < n and is_weaker(value, chosen[child + 1], chosen[child]):
                    child += 1
                if value[chosen[child]] > v or (value[chosen[child]] == v and chosen[child] < i):
                    break
                chosen[k] = chosen[child]
                k = child
            chosen[k] = i
    if n == 0:
        return 0
    weakest = chosen[0]
    threshold = value[weakest]
    n = 0
    for i in range(len(value)):
        if value[i] > threshold or (value[i] == threshold and i <= weakest):
            chosen[n] = i
            n += 1
    return n


@njit(nogil=True, cache=True)
def is_weaker(value, a, b):
    """Whether product a ranks after product b: by value, then by code."""
    return value[a] < value[b] or (value[a] == value[b] and a > b)


@njit(nogil=True, cache=True)
def fill_system(n, support, packed, ridge, system):
    """The upper triangle of G + ridge·I on the (rising) support."""
    start, bits, rank, value, column = packed
    one = np.uint64(1)
    for k in range(n):
        a = support[k]
        row = system[k]
        if bits.shape[1] == 0:
            end = start[a] + rank[a, 0]
            look_up_rising(support[k:n], column[start[a] : end], value[start[a] : end], row[k:n])
        else:
            for j in range(k, n):
                b = support[j]
                word = bits[a, b >> 6]
                bit = one << np.uint64(b & 63)
                if word & bit:
                    row[j] = value[start[a] + rank[a, b >> 6] + count_bits(np.int64(word & (bit - one)))]
                else:
                    row[j] = 0.0
        row[k] += ridge


@njit(nogil=True, cache=True)
def look_up_rising(wanted, column, value, out):
    """Values at the ``wanted`` columns, 0 where there is none; both rise, so that each search begins where the last ended."""
    low = 0
    for j in range(len(wanted)):
        high = len(column)
        while low < high:
            middle = (low + high) >> 1
            if column[middle] < wanted[j]:
                low = middle + 1
            else:
                high = middle
        out[j] = value[low] if low < len(column) and column[low] == wanted[j] else 0.0


@njit(nogil=True, cache=True)
def subtract_row(y, x, f):
    """y −= f·x."""
    for j in range(len(y)):
        y[j] -= f * x[j]


@njit(nogil=True, cache=True)
def subtract_rows(y, a, b, c, d, fa, fb, fc, fd):
    """y −= fa·a, then fb·b, fc·c and fd·d, in one pass."""
    for j in range(len(y)):
        y[j] = (((y[j] - fa * a[j]) - fb * b[j]) - fc * c[j]) - fd * d[j]


@njit(nogil=True, cache=True)
def subtract_from_two(y, z, a, b, c, d, f, g):
    """The same for two rows at once, each of a, b, c, d read once; f, g : the four multiples for y and for z."""
    fa, fb, fc, fd = f
    ga, gb, gc, gd = g
    for j in range(len(y)):
        aj, bj, cj, dj = a[j], b[j], c[j], d[j]
        y[j] = (((y[j] - fa * aj) - fb * bj) - fc * cj) - fd * dj
        z[j] = (((z[j] - ga * aj) - gb * bj) - gc * cj) - gd * dj


@njit(nogil=True, cache=True)
def is_zero_below(system, k, r):
    """Whether the four multiples from row k on that row r would lose are 0."""
    return system[k, r] == 0.0 and system[k + 1, r] == 0.0 and system[k + 2, r] == 0.0 and system[k + 3, r] == 0.0


@njit(nogil=True, cache=True)
def solve_in_place(n, system, weight):
    """Solve system · w = weight for the upper triangle of a positive definite system; w replaces weight."""
    for k in range(0, n, 4):
        stop = min(k + 4, n)
        for i in range(k, stop):
            pivot = np.sqrt(max(system[i, i], 1e-9))
            system[i, i] = pivot
            inverse = 1.0 / pivot
            row = system[i, i + 1 : n]
            for j in range(len(row)):
                row[j] *= inverse
            for r in range(i + 1, stop):
                if system[i, r] != 0.0:
                    subtract_row(system[r, r:n], system[i, r:n], system[i, r])
        if stop - k < 4:
            continue
        r = stop
        while r + 1 < n:  # the second row begins a place early: what lands under the diagonal is never read
            if is_zero_below(system, k, r) and is_zero_below(system, k, r + 1):  # rare products hardly meet: most are
                r += 2
                continue
            subtract_from_two(
                system[r, r:n], system[r + 1, r:n], system[k, r:n], system[k + 1, r:n], system[k + 2, r:n], system[k + 3, r:n],
                (system[k, r], system[k + 1, r], system[k + 2, r], system[k + 3, r]),
                (system[k, r + 1], system[k + 1, r + 1], system[k + 2, r + 1], system[k + 3, r + 1]),
            )  # fmt: skip
            r += 2
        if r < n:
            subtract_rows(system[r, r:n], system[k, r:n], system[k + 1, r:n], system[k + 2, r:n], system[k + 3, r:n],
                          system[k, r], system[k + 1, r], system[k + 2, r], system[k + 3, r])  # fmt: skip
    for i in range(n):  # Uᵀy = c
        weight[i] /= system[i, i]
        subtract_row(weight[i + 1 : n], system[i, i + 1 : n], weight[i])
    for i in range(n - 1, -1, -1):  # Uw = y
        total = weight[i]
        for j in range(i + 1, n):
            total -= system[i, j] * weight[j]
        weight[i] = total / system[i, i]


@njit(nogil=True, cache=True)
def keep_largest(n, support, weight, n_edges, out_antecedent, out_edge):
    """Write the ``n_edges`` largest positive weights, by code; returns how many."""
    chosen = np.empty(n_edges, dtype=np.int32)
    kept = choose_largest(weight[:n], chosen)
    for k in range(kept):
        out_antecedent[k] = support[chosen[k]]
        out_edge[k] = weight[chosen[k]]
    return kept


# Oracle: tests/naive.py::cosine_edges
@njit(nogil=True, cache=True)
def strongest_cosines(first, last, co, co_columns, diagonal, n_edges, sums, out_count, out_antecedent, out_edge):
    """The ``n_edges`` products most similar to each of ``first`` to ``last``: co_AB / √(co_AA·co_BB), ties by code.

    co, co_columns : as in `solve_targets`; diagonal : float64[n_products], co_AA
    sums : see `take_sums`; outputs as in `solve_targets`
    """
    chosen = np.empty(n_edges, dtype=np.int32)
    code, value = sums[2], sums[3]
    for b in range(first, last):
        add_row(sums, b, co, 1.0)
        add_column(sums, b, co_columns, 1.0)
        held = take_sums(sums, b)
        for k in range(held):
            scale = np.sqrt(diagonal[code[k]] * diagonal[b])
            value[k] = value[k] / scale if scale > 0.0 else 0.0
        n = choose_largest(value[:held], chosen)
        for k in range(n):
            out_antecedent[b, k] = code[chosen[k]]
            out_edge[b, k] = value[chosen[k]]
        out_count[b] = n
