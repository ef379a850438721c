"""Itemsets to rules: every wanted split of every itemset in two sides, those that pass the filters counted, then written."""

from __future__ import annotations

from numba import njit

from affinity.kernels.rules_lattice import find_parts


@njit(nogil=True, cache=True)
def _mask_of_places(size, place, first, turned):
    """turned[m]: the mask over rising items of the mask m over the places of the items as they were handed in."""
    turned[0] = 0
    for at in range(size):
        bit = 1 << place[first + at]
        for mask in range(1 << at):
            turned[mask | (1 << at)] = turned[mask] | bit


@njit(nogil=True, cache=True)
def _best_of_general(x, y, held, n):
    """The highest confidence of X′ ⇒ Y over the proper parts X′ of X, the empty one included."""
    best = held[y] / n
    part = (x - 1) & x
    while part > 0:
        best = max(best, held[part | y] / held[part])
        part = (part - 1) & x
    return best


# Oracle: tests/naive.py::association_rules
@njit(nogil=True, cache=True)
def split_itemsets(
    first, last, fill, order, indptr, item, drop, single, weight, place, split, split_first, allowed, limits, rows, held,
    turned, to_xy, to_x, to_y, to_split,
):  # fmt: skip
    """Rules of the itemsets at ``order[first:last]`` that pass the filters; how many.

    order        : int64, rows by size; indptr, item, drop : the itemsets and their parts, see `link_parts`
    single       : int32[n_items], row of each item alone
    weight       : float64[rows], count or support of each itemset
    place        : int8 beside ``item``, where each item as handed in stands among the rising ones; empty: they rise
    split        : int64, masks of the antecedents wanted, those of size s at split_first[s:s + 2]
    allowed      : bool[n_items], items that a consequent may hold; empty: all
    limits       : six floats, (n, factor, least confidence, least lift, 0 or 1 or 2, least improvement):
                   confidence is (n_xy·factor) / (n_x·factor), lift is confidence / (n_y / n); a least of −inf is none;
                   1 keeps rules more confident than every more general one, 2 those at least the improvement above
    rows, held, turned : int32, float64, int64[2 ** largest]  scratch, a thread each
    to_xy, to_x, to_y, to_split : int32  out, rows of both sides, of each, and number in ``split``; used with ``fill``
    """
    n, factor, least_confidence, least_lift, general, improvement = limits
    found = 0
    before = -1
    for k in range(first, last):
        row = order[k]
        start, size = indptr[row], indptr[row + 1] - indptr[row]
        begin, end = split_first[size], split_first[size + 1]
        if begin == end:
            continue
        full = (1 << size) - 1
        # Splits into all but one item and that one need no other parts.
        shallow = end - begin == size and size > 2 and general == 0
        if shallow:
            rows[full] = row
            held[full] = weight[row]
            for at in range(size):
                rows[full ^ (1 << at)] = drop[start + at]
                rows[1 << at] = single[item[start + at]]
                held[full ^ (1 << at)] = weight[drop[start + at]]
                held[1 << at] = weight[single[item[start + at]]]
            before = -1
        else:
            # Itemsets that differ in the last item only have the parts without it in common.
            parent = drop[start + size - 1]
            stop = 1 << (size - 1) if parent == before else 1
            find_parts(row, size, stop, indptr, drop, rows)
            for mask in range(stop, full + 1):
                held[mask] = weight[rows[mask]]
            before = parent
        forbidden = 0
        if len(allowed) > 0:
            for at in range(size):
                if not allowed[item[start + at]]:
                    forbidden |= 1 << at
        if len(place) > 0:
            _mask_of_places(size, place, start, turned)
        for number in range(begin, end):
            x = turned[split[number]] if len(place) > 0 else split[number]
            y = full ^ x
            if y & forbidden:
                continue
            confidence = held[full] * factor / (held[x] * factor)
            if least_confidence > -1e300 and not confidence >= least_confidence:
                continue
            if least_lift > -1e300 and not confidence / (held[y] / n) >= least_lift:
                continue
            if general > 0:
                best = _best_of_general(x, y, held, n)
                if general == 1 and not confidence > best:
                    continue
                if general == 2 and not confidence - best >= improvement:
                    continue
            if fill:
                to_xy[found], to_x[found], to_y[found], to_split[found] = row, rows[x], rows[y], number
            found += 1
    return found


# Oracle: tests/naive.py::stable_order
@njit(nogil=True, cache=True)
def order_by(key, bucket, order):
    """Stable order of ``key``: int32 ≥ 0; bucket : int64[highest + 2], zeros  scratch; order : int64[len(key)]  out."""
    for k in range(len(key)):
        bucket[key[k] + 1] += 1
    for value in range(1, len(bucket)):
        bucket[value] += bucket[value - 1]
    for k in range(len(key)):
        order[bucket[key[k]]] = k
        bucket[key[k]] += 1
