"""Sentences in the parts that they are put together from, listed for serving: 50 million are too many to be listed whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from affinity.mapped import Growing, split_rows
from affinity.tables.sentences import Sentences

#: The lists of the three parts.
PARTS = ("opening", "since", "reason")
ROWS_AT_ONCE, TEXTS_AT_ONCE = 1 << 18, 1 << 16


class SentenceParts:
    """The distinct texts of each part of the sentences, and where each row's are among them."""

    def __init__(self, sentences: Sentences) -> None:
        self._writer = sentences.writer
        keys = [Growing(np.int64, may_map=True) for _ in PARTS]
        distinct = [np.empty(0, dtype=np.int64) for _ in PARTS]
        for rows in split_rows(len(sentences), ROWS_AT_ONCE):
            for part, found in enumerate(sentences.take(rows).keys()):
                keys[part].append(found)
                distinct[part] = np.union1d(distinct[part], found[found >= 0])
        self._keys, self._distinct = [one.whole() for one in keys], distinct

    def codes(self) -> dict[str, Callable[[Any], np.ndarray]]:
        """fit_opening, fit_since and fit_reason: what gives the int32 places of rows in the lists, −1 none."""
        return {f"fit_{name}": self._places(part) for part, name in enumerate(PARTS)}

    def _places(self, part: int) -> Callable[[Any], np.ndarray]:
        keys, distinct = self._keys[part], self._distinct[part]

        def places(rows: Any) -> np.ndarray:
            asked = keys[rows]
            return np.where(asked < 0, -1, np.searchsorted(distinct, asked)).astype(np.int32)

        return places

    def lists(self) -> dict[str, np.ndarray]:
        """NAME_text and NAME_offsets of each part, in the order of what it says (not of its letters)."""
        made: dict[str, np.ndarray] = {}
        assert self._writer is not None
        for part, name in enumerate(PARTS):
            text, size = Growing(np.uint8, may_map=True), Growing(np.int64, may_map=True)
            for rows in split_rows(len(self._distinct[part]), TEXTS_AT_ONCE):
                some = [one.encode() for one in self._writer.texts(part, self._distinct[part][rows]).tolist()]
                text.append(np.frombuffer(b"".join(some), dtype=np.uint8))
                size.append(np.array([len(one) for one in some], dtype=np.int64))
            made[f"{name}_text"] = text.whole()
            made[f"{name}_offsets"] = np.concatenate([[0], np.cumsum(size.whole())]).astype(np.int64)
        return made
