"""Where texts stand among sorted ones; all are UTF-8 end to end."""

from __future__ import annotations

from numba import njit


# Oracle: tests/naive.py::place_texts
@njit(nogil=True, cache=True)
def place_texts(offsets, data, asked_offsets, asked_data, place, found):
    """Find each asked text among others by binary search, byte by byte (for UTF-8 the order of code points).

    offsets, data             : int64[n + 1], uint8  distinct texts, rising
    asked_offsets, asked_data : int64[m + 1], uint8  the texts that are looked for
    place : int64[m]  filled: how many of the n are smaller
    found : bool[m]   filled: whether the text is one of the n
    """
    for i in range(len(asked_offsets) - 1):
        begin = asked_offsets[i]
        size = asked_offsets[i + 1] - begin
        low, high = 0, len(offsets) - 1
        equal = False
        while low < high:
            middle = (low + high) // 2
            start = offsets[middle]
            other = offsets[middle + 1] - start
            least = min(size, other)
            at = 0
            while at < least and data[start + at] == asked_data[begin + at]:
                at += 1
            if at == least:
                smaller = other < size
                equal = equal or other == size
            else:
                smaller = data[start + at] < asked_data[begin + at]
            if smaller:
                low = middle + 1
            else:
                high = middle
        place[i] = low
        found[i] = equal
