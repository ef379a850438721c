"""Sentences kept as numbers: what a row's reason is put together from, written out when it is asked for.

Made by affinity.ranking, read by affinity.release. 50 million sentences are 8 GB of text; as numbers they are the columns of
the recommendations themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from affinity.frames import LabelColumn, TextColumn


class SentenceWriter(Protocol):
    """Knows what the sentences of recommendations say."""

    def keys(self, rows: Sentences) -> tuple[np.ndarray, ...]:
        """int64[n] a part of the sentence: what it says in a row, as a number; −1 nothing."""

    def texts(self, part: int, keys: np.ndarray) -> np.ndarray:
        """object: what distinct keys (none −1) of the part with this number say."""


@dataclass(frozen=True, eq=False)
class Sentences(TextColumn):
    """The sentence of each row.

    customer, product, because : int32, as in the recommendations
    segment : int32 place of the segment that the product is popular in, −1 none
    writer  : None where the rows were sent to another process: then they cannot be written
    """

    customer: np.ndarray
    product: np.ndarray
    because: np.ndarray
    segment: np.ndarray
    writer: SentenceWriter | None

    def __len__(self) -> int:
        return len(self.product)

    def take(self, rows: Any) -> Sentences:
        """Some of the rows (a slice, or indices in their order)."""
        return Sentences(self.customer[rows], self.product[rows], self.because[rows], self.segment[rows], self.writer)

    def keys(self) -> tuple[np.ndarray, ...]:
        """int64[n] a part: see `SentenceWriter`."""
        assert self.writer is not None, "rows that were sent have their writer again before they are read"
        return self.writer.keys(self)

    def parts(self) -> tuple[LabelColumn, ...]:
        """What each sentence is put together from."""
        return tuple(self._part(number, keys) for number, keys in enumerate(self.keys()))

    def _part(self, number: int, keys: np.ndarray) -> LabelColumn:
        assert self.writer is not None
        distinct, place = np.unique(keys, return_inverse=True)
        unknown = int(np.searchsorted(distinct, -1, side="right"))
        codes = np.maximum(place.reshape(-1) - unknown, -1)
        return LabelColumn(codes.astype(np.int32), self.writer.texts(number, distinct[unknown:]))
