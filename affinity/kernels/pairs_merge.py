"""Two tables of pair counts become one."""

from __future__ import annotations

from numba import njit


# Oracle: tests/naive.py::add_to
@njit(nogil=True, cache=True)
def merge_pairs(a, b, count, customers, other_a, other_b, other_count, other_customers, to_a, to_b, to_count, to_customers):
    """Merge two lists of pairs sorted by (a, b); the counts of a pair in both are added.

    a, b : int32; count, customers : int64; of the one and the other
    to_… : out, as long as both lists together
    Returns the number of pairs.
    """
    i = j = written = 0
    while i < len(a) or j < len(other_a):
        key = (a[i] << 32) | b[i] if i < len(a) else 1 << 62
        other_key = (other_a[j] << 32) | other_b[j] if j < len(other_a) else 1 << 62
        n, n_customers = 0, 0
        if key <= other_key:
            to_a[written], to_b[written] = a[i], b[i]
            n, n_customers = count[i], customers[i]
            i += 1
        else:
            to_a[written], to_b[written] = other_a[j], other_b[j]
        if other_key <= key:
            n += other_count[j]
            n_customers += other_customers[j]
            j += 1
        to_count[written], to_customers[written] = n, n_customers
        written += 1
    return written
