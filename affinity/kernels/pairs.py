"""Pairs of items that occur together, row by row of the upper triangle: no hashing, no sorting."""

from __future__ import annotations

from numba import njit


@njit(nogil=True, cache=True)
def _add_row(flat, position, first, last, shift, total, touched):
    """Add to ``total`` every item that follows the places ``position[first:last]`` in its basket."""
    for line in range(first, last):
        place = position[line] + 1
        other = flat[place]
        while other >= 0:
            total[other] += 1
            touched[other >> shift] = 1
            place += 1
            other = flat[place]


# Oracle: tests/naive.py::pair_counts
@njit(nogil=True, cache=True)
def count_pair_rows(
    rows, flat, starts, position, owned_flat, owned_starts, owned_position, shift, total, owned_total, touched,
    row_size, other, count, customers,
):  # fmt: skip
    """Pairs (a, b), a < b, of the items ``rows[0]`` to ``rows[1]`` (exclusive) at two grains at once.

    rows        : int64[2]
    flat, starts, position : baskets as made by ``index_items``; starts int64[n_items + 1] by item in ``position``
    owned_flat, owned_starts, owned_position : the same of the products that customers own
    shift       : int64, items share a flag in ``touched`` by 2**shift
    total, owned_total : int32[n_items], zeros, left as zeros
    touched     : uint8[(n_items >> shift) + 1], zeros, left as zeros
    row_size    : int64[rows[1] - rows[0]]  out: pairs of each a
    other, count, customers : int32[capacity]  out: b, baskets and customers of each pair, by (a, b)
    Returns the number of pairs written; the caller bounds it beforehand.
    """
    n_items = len(total)
    written = 0
    for a in range(rows[0], rows[1]):
        _add_row(flat, position, starts[a], starts[a + 1], shift, total, touched)
        _add_row(owned_flat, owned_position, owned_starts[a], owned_starts[a + 1], shift, owned_total, touched)
        begun = written
        for block in range((a + 1) >> shift, len(touched)):
            if touched[block] == 0:
                continue
            touched[block] = 0
            for b in range(block << shift, min((block + 1) << shift, n_items)):
                if total[b] != 0 or owned_total[b] != 0:
                    other[written] = b
                    count[written] = total[b]
                    customers[written] = owned_total[b]
                    written += 1
                    total[b] = 0
                    owned_total[b] = 0
        row_size[a - rows[0]] = written - begun
    return written
