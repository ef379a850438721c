"""Writing itemsets as a prefix trie: three flat arrays in depth-first order.

An itemset is its item and the items of the nearest shallower ones before it. Items that are in every basket of a
prefix (perfect extensions) are not searched: every itemset found is followed by itself with each choice of them.
"""

from __future__ import annotations

from numba import njit

from affinity.kernels.array_types import N32, TRIE, N
from affinity.kernels.intrinsics import count_bits, lowest_bit

#: The choices of more perfect extensions than this, of three and more, are too many to write.
_MOST_PERFECT = 40


@njit(N(*TRIE, N, N, N, N), nogil=True, cache=True)
def add_itemset(out_item, out_depth, out_count, written, item, depth, count):
    """Write one itemset if there is room; returns how many there are so far, written or not."""
    if written < len(out_item):
        out_item[written] = item
        out_depth[written] = depth
        out_count[written] = count
    return written + 1


@njit(N(*TRIE, N, N, N, N32, N, N), nogil=True, cache=True)
def _add_small_choices(out_item, out_depth, out_count, written, depth, count, perfect, n_perfect, max_size):
    """``add_choices`` where not all sizes fit below ``max_size``."""
    if depth >= max_size:
        return written
    if max_size - depth <= 2:
        for high in range(n_perfect):
            written = add_itemset(out_item, out_depth, out_count, written, perfect[high], depth + 1, count)
            for low in range(high if max_size - depth == 2 else 0):
                written = add_itemset(out_item, out_depth, out_count, written, perfect[low], depth + 2, count)
        return written
    mask = 1
    while mask < 1 << n_perfect:  # [mask, mask + lowest) holds the choices with all items of mask
        deep = depth + count_bits(mask)
        if deep > max_size:
            mask += mask & -mask
        else:
            written = add_itemset(out_item, out_depth, out_count, written, perfect[lowest_bit(mask)], deep, count)
            mask += 1
    return written


@njit(N(N32, N), nogil=True, cache=True)
def _no_room(out_count, written):
    """Count the rest as empty, and say that there was no room: one more than there is."""
    out_count[written:] = 0
    return max(written, len(out_count)) + 1


@njit(N(*TRIE, N, N, N, N32, N, N), nogil=True, cache=True)
def add_choices(out_item, out_depth, out_count, written, depth, count, perfect, n_perfect, max_size):
    """Write all choices of one and more of the first ``n_perfect`` items of ``perfect``, below an itemset at ``depth``.

    Choices of the first items come first; each further item is written, then what was written before, one deeper.
    Returns how many itemsets there are so far; more than there is room for, if there is none for all.
    """
    if depth + n_perfect > max_size:
        if n_perfect > _MOST_PERFECT and max_size - depth > 2:
            return _no_room(out_count, written)
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
