"""Serving arrays: the parts of a release that a widget asks for, as sorted .npy files read in place.

Ids are UTF-8 texts end to end with offsets, sorted by their bytes, so that an id is found by bisection.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from functools import cached_property
from pathlib import Path

import numpy as np

from affinity.errors import ReleaseError


class ServingArrays:
    """The serving arrays of an opened release, mapped into memory and shared by every process that reads them."""

    def __init__(self, folder: Path) -> None:
        """ReleaseError for a folder whose arrays cannot be read."""
        try:
            self._arrays = {path.stem: _map(path) for path in sorted(folder.glob("*.npy"))}
            self._seen: dict[str, tuple[memoryview, memoryview]] = {}
            self._marks: dict[str, list[bytes]] = {}
            self.plain = {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
        except (OSError, ValueError) as error:
            raise ReleaseError(f"The serving arrays in {str(folder)!r} cannot be read: {error}", do=_AGAIN) from None

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def texts(self, name: str) -> list[str]:
        """Every text of the list ``name``."""
        offsets, data = self._arrays[f"{name}_offsets"].tolist(), self._arrays[f"{name}_text"].tobytes()
        return [data[begin:end].decode() for begin, end in zip(offsets, offsets[1:])]

    def text(self, name: str, position: int) -> str:
        """The text at ``position`` of a list ("product", "customer", "reason", …)."""
        offsets, data = self._views(name)
        return str(data[offsets[position] : offsets[position + 1]], "utf-8")

    def some_texts(self, name: str, positions: list[int]) -> list[str]:
        """The texts at ``positions`` of a list, "" for −1."""
        offsets, data = self._views(name)
        return [str(data[offsets[i] : offsets[i + 1]], "utf-8") if i >= 0 else "" for i in positions]

    def sentences(self, rows: slice) -> list[str]:
        """The reasons of rows of "fit"; a large release lists what they are put together from."""
        said = self.some_texts("reason", self.view("fit_reason")[rows].tolist())
        if "fit_opening" not in self._arrays:
            return said
        before = [self.some_texts(part, self.view(f"fit_{part}")[rows].tolist()) for part in ("opening", "since")]
        return list(map("".join, zip(*before, said)))

    def find(self, name: str, text: str) -> int:
        """The position of ``text`` in the sorted list ``name`` ("product", "customer"), −1 when it is not there."""
        offsets, data = self._views(name)
        key, n = text.encode(), len(offsets) - 1
        place = bisect_left(self._landmarks(name), key)
        low, high = max(place - 1, 0) * MARK, min(place * MARK, n)
        while low < high:
            middle = (low + high) >> 1
            if bytes(data[offsets[middle] : offsets[middle + 1]]) < key:
                low = middle + 1
            else:
                high = middle
        return low if low < n and data[offsets[low] : offsets[low + 1]] == key else -1

    def _landmarks(self, name: str) -> list[bytes]:
        """Every `MARK`-th text of a sorted list, for the first steps of a search."""
        found = self._marks.get(name)
        if found is None:
            offsets, data = self._views(name)
            places = range(0, len(offsets) - 1, MARK)
            found = self._marks[name] = [bytes(data[offsets[i] : offsets[i + 1]]) for i in places]
        return found

    def view(self, name: str) -> memoryview:
        """An array whose elements and short slices are read as plain values: several times faster than through NumPy."""
        return self._arrays[name].data

    def kinds(self, name: str, rows: slice) -> list[str | None]:
        """cross_sell, upsell or repurchase of rows of "fit" or "bought"; None where the release does not say."""
        if f"{name}_kind" not in self._arrays:
            return [None] * (rows.stop - rows.start)
        return [self._kind_names[code] for code in self.view(f"{name}_kind")[rows].tolist()]

    @cached_property
    def _kind_names(self) -> list[str | None]:
        return [*self.texts("kind"), None]

    def _views(self, name: str) -> tuple[memoryview, memoryview]:
        """(offsets, UTF-8) of a list, whose elements are read as plain values: several times faster than an array's."""
        found = self._seen.get(name)
        if found is None:
            found = self._seen[name] = self._arrays[f"{name}_offsets"].data, self._arrays[f"{name}_text"].data
        return found

    def rows(self, name: str, position: int) -> slice:
        """The rows of a customer (``name`` "customer") or of a product ("bought")."""
        bounds = self._arrays[f"{name}_rows"]
        return slice(int(bounds[position]), int(bounds[position + 1]))


#: A search begins with every so many-th text, held in memory (a megabyte for a million customers).
MARK = 64

_AGAIN = "Run again with the same input to publish it anew, or go back with: affinity publish FOLDER --use ID"


def _map(path: Path) -> np.ndarray:
    """The array of a file, mapped into memory where it has elements; a plain array, which is sliced faster than a memmap."""
    return np.asarray(np.load(path, mmap_mode=None if _is_empty(path) else "r", allow_pickle=False))


def _is_empty(path: Path) -> bool:
    """An array without elements cannot be mapped."""
    with path.open("rb") as file:
        from numpy.lib import format as npy

        npy.read_magic(file)
        return 0 in npy.read_array_header_1_0(file)[0]
