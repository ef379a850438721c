"""Refuse baskets that no kernel may read: a kernel raises nothing, so the check comes first."""

from __future__ import annotations

import numpy as np

from affinity.errors import InputError, TooLarge

#: Places in a copy of the baskets are int32.
MAX_PLACES = 2**31 - 1
#: Rows that are checked together.
ROWS_AT_ONCE = 1 << 20
#: So few lines are not worth compiling anything.
FEW_LINES = 2_000


def require_sorted_rows(indptr: np.ndarray, item: np.ndarray, n_items: int, what: str = "baskets") -> None:
    """Raise InputError unless codes are in range and rise strictly within each row of the CSR.

    indptr : int64[n + 1], from 0 to len(item), never falling; item : int32 in [0, n_items)
    """
    if not _bounds_rows(indptr, len(item)):
        raise InputError(f"The indptr of the {what} does not run from 0 to their {len(item):,} lines without falling.")
    if len(item) == 0:
        return
    low, high = int(item.min()), int(item.max())
    if low < 0 or high >= n_items:
        raise InputError(f"The {what} hold item code {low if low < 0 else high}, but codes run from 0 to {n_items - 1}.")
    line = _first_that_does_not_rise(indptr, item)
    if line is not None:
        row = int(np.searchsorted(indptr, line, side="right")) - 1
        raise InputError(
            f"Row {row} of the {what} is not strictly increasing: item {item[line]} is followed by {item[line + 1]}.",
            why="Every count relies on sorted rows without duplicates.",
            do="Make baskets with affinity.group_baskets, or sort each row and drop its duplicates.",
        )
    if len(item) + len(indptr) > MAX_PLACES:
        raise TooLarge(
            f"{len(item):,} lines in {len(indptr) - 1:,} {what} are more than the {MAX_PLACES:,} that one count can hold.",
            do="Count parts that share no customer and add the counts.",
        )


def _bounds_rows(indptr: np.ndarray, n_lines: int) -> bool:
    """Whether it runs from 0 to ``n_lines`` without falling."""
    ends = len(indptr) > 0 and indptr[0] == 0 and indptr[-1] == n_lines
    return bool(ends and (indptr[1:] >= indptr[:-1]).all())


def _first_that_does_not_rise(indptr: np.ndarray, item: np.ndarray) -> int | None:
    """The first line that the next one of its row does not exceed, None where all rows rise; some rows at a time."""
    for first in range(0, len(indptr) - 1, ROWS_AT_ONCE):
        begins = indptr[first : first + ROWS_AT_ONCE + 1]
        codes = item[int(begins[0]) : int(begins[-1])]
        rises = codes[1:] > codes[:-1]
        inner = begins[1:-1] - begins[0]
        rises[inner[(inner > 0) & (inner < len(codes))] - 1] = True
        if not rises.all():
            return int(begins[0]) + int(np.argmin(rises))
    return None


def as_csr(indptr: np.ndarray, item: np.ndarray, n_items: int, what: str = "baskets") -> tuple[np.ndarray, np.ndarray]:
    """indptr as int64 and item as int32, contiguous; InputError rather than a value that is rounded or wraps around."""
    for name, column in (("indptr", indptr), ("item codes", item)):
        if column.ndim != 1:
            raise InputError(f"The {name} of the {what} have shape {column.shape}, not one dimension.")
        if column.dtype.kind not in "iu" and len(column):
            raise InputError(
                f"The {name} of the {what} are {column.dtype}, not whole numbers.",
                do="Make them with affinity.group_baskets, or pass int64 and int32.",
            )
    if item.dtype != np.int32 and len(item) and not 0 <= int(item.min()) <= int(item.max()) < n_items:
        beyond = int(item.min() if item.min() < 0 else item.max())
        raise InputError(f"The {what} hold item code {beyond}, but codes run from 0 to {n_items - 1}.")
    return np.ascontiguousarray(indptr, dtype=np.int64), np.ascontiguousarray(item, dtype=np.int32)


def count_checked_items(indptr: np.ndarray, item: np.ndarray, n_items: int) -> np.ndarray:
    """int64[n_items]: baskets that hold each item; the errors of `require_sorted_rows`."""
    if len(item) <= FEW_LINES or len(indptr) < 2 or not _bounds_rows(indptr, len(item)):
        require_sorted_rows(indptr, item, n_items)
        return np.bincount(item, minlength=n_items)
    from affinity.kernels.itemsets_rows import count_items

    count = np.zeros(n_items, dtype=np.int64)
    if count_items(indptr, item, 0, len(indptr) - 1, count) >= 0 or len(item) + len(indptr) > MAX_PLACES:
        require_sorted_rows(indptr, item, n_items)
    return count
