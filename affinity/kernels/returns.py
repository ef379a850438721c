"""Returns against purchases, last in first out."""

from __future__ import annotations

from numba import njit


# Oracle: tests/naive.py::net_returns
@njit(nogil=True, cache=True)
def match_returns(start, left, stack):
    """Let each return use up the purchases that stand before it in its group, the latest first.

    start : int64[n_groups + 1]  where each group begins in ``left``
    left  : float64[n]           quantities in the order they happened, negative a return; in place:
                                 what is left of each purchase, and what no purchase was found for (negative)
    stack : int64[longest group] room for the open purchases of a group
    """
    for group in range(len(start) - 1):
        top = 0
        for i in range(start[group], start[group + 1]):
            if left[i] > 0.0:
                stack[top] = i
                top += 1
                continue
            while top > 0 and left[i] < 0.0:
                j = stack[top - 1]
                rest = left[j] + left[i]
                if rest > 0.0:
                    left[j] = rest
                    left[i] = 0.0
                else:
                    left[j] = 0.0
                    left[i] = rest
                    top -= 1
