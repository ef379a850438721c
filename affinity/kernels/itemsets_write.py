"""Writing itemsets as a prefix trie: three flat arrays in depth-first order.

An itemset is its item and the items of the nearest shallower ones before it. Items that are in every basket of a
prefix (perfect extensions) are not searched: every itemset found is followed by itself with each choice of them.
"""

from __future__ import annotations

from numba import njit

from affinity.kernels.array_types import N32, TRIE, N


@njit(N(*TRIE, N, N, N, N), nogil=True, cache=True)
def add_itemset(out_item, out_depth, out_count, written, item, depth, count):
    """Write one itemset if there is room; returns how many there are so far, written or not."""
    if written < len(out_item):
        out_item[written] = item
        out_depth[written] = depth
        out_count[written] = count
    return written + 1


@njit(N(N32, N), nogil=True, cache=True)
def _no_room(out_count, written):
    """Count the rest as empty, and say that there was no room: one more than there is."""
    out_count[written:] = 0
    return max(written, len(out_count)) + 1


@njit(N(*TRIE, N, N, N, N32, N, N), nogil=True, cache=True)
def _add_small_choices(out_item, out_depth, out_count, written, depth, count, perfect, n_perfect, max_size):
    """``add_choices`` where not all sizes fit below ``max_size``: what is that deep already is not written again."""
    if depth >= max_size:
        return written
    begin = written
    for number in range(n_perfect):
        middle = written
        if middle >= len(out_item):
            return _no_room(out_count, middle)
        written = add_itemset(out_item, out_depth, out_count, written, perfect[number], depth + 1, count)
        for k in range(begin, middle):
            if out_depth[k] < max_size:
                if written >= len(out_item):
                    return _no_room(out_count, written)
                written = add_itemset(out_item, out_depth, out_count, written, out_item[k], out_depth[k] + 1, count)
    return written


@njit(N(*TRIE, N, N, N, N32, N, N), nogil=True, cache=True)
def add_choices(out_item, out_depth, out_count, written, depth, count, perfect, n_perfect, max_size):
    """Write all choices of one and more of the first ``n_perfect`` items of ``perfect``, below an itemset at ``depth``.

    Choices of the first items come first; each further item is written, then what was written before, one deeper.
    Returns how many itemsets there are so far; more than there is room for, if there is none for all.
    """
    if depth + n_perfect > max_size:
        return _add_small_choices(out_item, out_depth, out_count, written, depth, count, perfect, n_perfect, max_size)
    begin, size = written, 0
    for number in range(n_perfect):
        middle = begin + size
        if middle + size >= len(out_item):
            return _no_room(out_count, middle)
        out_item[middle] = perfect[number]
        out_depth[middle] = depth + 1
        out_count[middle] = count
        from_item, to_item = out_item[begin:middle], out_item[middle + 1 : middle + 1 + size]
        from_depth, to_depth = out_depth[begin:middle], out_depth[middle + 1 : middle + 1 + size]
        to_count = out_count[middle + 1 : middle + 1 + size]
        for k in range(size):
            to_item[k] = from_item[k]
        for k in range(size):
            to_depth[k] = from_depth[k] + 1
        for k in range(size):
            to_count[k] = count
        size += size + 1
    return begin + size
