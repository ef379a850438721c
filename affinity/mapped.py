"""Columns too large for memory: in files without a name, which are gone with the array, or with the process however it ends.

A column grows block by block and is mapped when it is whole; the system keeps of it in memory what is looked at and room
is for. What is made of a mapped column is mapped too, so that only the reader decides. The files stand in the folder for
temporary files ($TMPDIR), which should be on disk.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np

from affinity.errors import TooLarge

#: Rows looked at together: what is in between them stays small.
BLOCK_ROWS = 1 << 21
#: Bytes up to which a column that may be mapped stays in memory.
LEAST_BYTES = 1 << 25

_maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()


class Growing:
    """A column that is appended to, then taken as an array: in a file where it ``may_map`` and is large, else in memory.

    >>> column = Growing(np.int32, may_map=True)
    >>> column.append(np.arange(2)), column.append(np.arange(3))
    (None, None)
    >>> column.whole()
    array([0, 1, 0, 1, 2], dtype=int32)
    """

    def __init__(self, dtype: Any, may_map: bool, least_bytes: int | None = None) -> None:
        self._dtype = np.dtype(dtype)
        self._may_map = may_map
        self._least_bytes = LEAST_BYTES if least_bytes is None else least_bytes
        self._pieces: list[np.ndarray] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self._bytes // self._dtype.itemsize

    def append(self, block: np.ndarray) -> None:
        """Add the values of ``block``, which is copied or kept: it must not change afterwards."""
        block = np.ascontiguousarray(block, dtype=self._dtype)
        self._bytes += block.nbytes
        self._pieces.append(block)
        if self._may_map and self._bytes > self._least_bytes:
            self._write()

    def whole(self) -> np.ndarray:
        """Everything appended, as one array; nothing can be added any more."""
        if self._file is None:
            pieces, self._pieces = self._pieces, []
            if len(pieces) == 1:
                return pieces[0]
            return np.concatenate(pieces) if pieces else np.empty(0, dtype=self._dtype)
        with self._file as file:
            return _map(file.fileno(), self._bytes, self._dtype)

    def _write(self) -> None:
        if self._file is None:
            self._file = _open()
        try:
            for piece in self._pieces:
                self._file.write(piece.view(np.uint8).data)
            self._file.flush()
        except OSError as error:
            self._file.close()
            raise _no_room(self._bytes, error) from None
        self._pieces = []


def full(n: int, value: int, dtype: Any, may_map: bool) -> np.ndarray:
    """An array of ``n`` times ``value``, to be written to in any order: in a file where it ``may_map`` and is large."""
    size = n * np.dtype(dtype).itemsize
    if not may_map or size <= LEAST_BYTES:
        return np.full(n, value, dtype=dtype)
    with _open() as file:
        try:
            if hasattr(os, "posix_fallocate"):  # room is taken now: later the lack of it could only kill the process
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                os.ftruncate(file.fileno(), size)
        except OSError as error:
            raise _no_room(size, error) from None
        array = _map(file.fileno(), size, np.dtype(dtype))
    for rows in split_rows(n) if value else ():
        array[rows] = value
    return array


def is_mapped(array: Any) -> bool:
    """Whether the values of ``array`` stand in such a file."""
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap) or (isinstance(array, memoryview) and isinstance(array.obj, mmap.mmap))


def split_rows(n: int, rows: int | None = None) -> Iterator[slice]:
    """Consecutive blocks of at most ``rows`` (BLOCK_ROWS) of ``n`` rows; at least one, perhaps empty."""
    rows = rows or BLOCK_ROWS
    for first in range(0, max(n, 1), rows):
        yield slice(first, min(first + rows, n))


def split_indptr(indptr: np.ndarray, entries: int | None = None) -> Iterator[tuple[int, int]]:
    """Runs (first, last) of the rows of a CSR with about ``entries`` (BLOCK_ROWS) entries each; at least one, perhaps empty."""
    entries = entries or BLOCK_ROWS
    inner = np.searchsorted(indptr, np.arange(entries, int(indptr[-1]), entries))
    bounds = np.unique(np.concatenate([[0], inner, [len(indptr) - 1]])).tolist()
    yield from zip(bounds[:-1], bounds[1:]) if len(bounds) > 1 else [(0, 0)]


def take(column: np.ndarray, which: np.ndarray) -> np.ndarray:
    """``column[which]`` for a mask or for positions; block by block into a file where the column is mapped."""
    if not is_mapped(column):
        return column[which]
    found = Growing(column.dtype, may_map=True)
    for rows in split_rows(len(which)):
        found.append(column[rows][which[rows]] if which.dtype == bool else column[which[rows]])
    return found.whole()


def each_block(make: Callable[[slice], np.ndarray], n: int, dtype: Any, may_map: bool = False) -> np.ndarray:
    """What ``make`` makes of each block of ``n`` rows, one after the other."""
    made = Growing(dtype, may_map)
    for rows in split_rows(n):
        made.append(make(rows))
    return made.whole()


def look_up(table: np.ndarray, code: np.ndarray) -> np.ndarray:
    """``table[code]``, block by block; in a file where ``code`` is mapped."""
    return each_block(lambda rows: table[code[rows]], len(code), table.dtype, is_mapped(code))


def rows_where(test: Callable[[slice], np.ndarray], n: int) -> np.ndarray:
    """int64: the rows of ``n`` for which ``test`` (a block of rows -> bool) holds; for few of them."""
    return np.concatenate([np.flatnonzero(test(rows)) + rows.start for rows in split_rows(n)])


def split_by_code(code: np.ndarray, n_codes: int) -> Iterator[tuple[int, int, np.ndarray | slice]]:
    """Ranges (first, last) of the codes from 0 to ``n_codes``, the last exclusive, each with the rows that hold one of them.

    Rows are rising; a negative code is in no range. A range holds about BLOCK_ROWS rows, or one code; few rows that all
    have codes are one range with the slice of all of them.
    """
    n = len(code)
    if n <= BLOCK_ROWS:
        known = np.flatnonzero(code >= 0)
        yield 0, n_codes, slice(0, n) if len(known) == n else known
        return
    shift = max(int(n_codes).bit_length() - 16, 0)
    coarse = np.zeros((max(n_codes - 1, 0) >> shift) + 1, dtype=np.int64)
    for rows in split_rows(n):
        coarse += np.bincount(code[rows][code[rows] >= 0] >> shift, minlength=len(coarse))
    block_of = ((np.cumsum(coarse) - coarse) // BLOCK_ROWS).astype(np.int64)
    block_of = np.unique(block_of, return_inverse=True)[1].astype(np.uint16)
    found = [Growing(np.int64, may_map=True, least_bytes=n // 16) for _ in range(int(block_of[-1]) + 1)]
    for rows in split_rows(n):
        known = np.flatnonzero(code[rows] >= 0)
        block = block_of[code[rows][known] >> shift]
        by = np.argsort(block, kind="stable")  # 16 bits: a radix sort
        ends = np.searchsorted(block[by], np.arange(len(found) + 1))
        for number, (begin, end) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist())):
            if end > begin:
                found[number].append(known[by[begin:end]] + rows.start)
    firsts = np.append(np.flatnonzero(np.diff(block_of, prepend=np.uint16(1) + block_of[0])) << shift, n_codes)
    for number, column in enumerate(found):
        yield int(firsts[number]), int(firsts[number + 1]), column.whole()


def unload() -> None:
    """Let what is mapped leave this process: the system keeps it as long as there is room, and it comes back when read."""
    if hasattr(mmap, "MADV_DONTNEED"):
        for one in list(_maps):
            one.madvise(mmap.MADV_DONTNEED)


def _open() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(prefix="affinity-")
    except OSError as error:
        raise _no_room(0, error) from None


def _map(descriptor: int, size: int, dtype: np.dtype[Any]) -> np.ndarray:
    mapped = mmap.mmap(descriptor, size)
    _maps.add(mapped)
    return np.frombuffer(mapped, dtype=dtype)


def _no_room(size: int, error: OSError) -> TooLarge:
    return TooLarge(
        f"A column of {size / 1e9:.2f} GB cannot be kept in {tempfile.gettempdir()}: {error.strerror}.",
        why="Order lines that are larger than their share of the memory stand in temporary files.",
        do="Point TMPDIR to a folder on a disk with more room, or set a larger memory_budget.",
    )
