"""Labels and their codes: label <-> int32, in label order, with a fingerprint.

Tables carry the vocabulary of their codes; two tables meet only when the fingerprints agree.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np

from affinity.errors import UnknownLabel, VocabularyMismatch, did_you_mean


class Vocabulary:
    """An immutable, ordered set of labels; the code of a label is its position.

    kind   : what the labels are, for messages: "product", "customer", "order", a column name
    labels : object[n], distinct, in label order (unsortable labels by first appearance)
    """

    def __init__(self, kind: str, labels: Sequence[Any] | np.ndarray) -> None:
        array = np.empty(len(labels), dtype=object)
        array[:] = labels
        array.flags.writeable = False
        self.kind, self.labels = kind, array

    @classmethod
    def of(cls, kind: str, labels: Iterable[Hashable]) -> Vocabulary:
        """The vocabulary of the distinct ``labels``, sorted where they can be."""
        distinct: list[Any] = list(dict.fromkeys(labels))
        with contextlib.suppress(TypeError):
            distinct.sort()
        return cls(kind, distinct)

    @cached_property
    def _codes(self) -> dict[Any, int]:
        return {label: code for code, label in enumerate(self.labels)}

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the labels and their order (hex, 16 characters)."""
        digest = blake2b(self.kind.encode(), digest_size=8)
        for label in self.labels:
            text = label if isinstance(label, str) else f"{type(label).__name__}:{label!r}"
            data = text.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(4, "little") + data)
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.labels)

    def __contains__(self, label: object) -> bool:
        return label in self._codes

    def __repr__(self) -> str:
        return f"Vocabulary({self.kind!r}, {len(self)} labels)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and (self is other or self.fingerprint == other.fingerprint)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def code(self, label: Hashable) -> int:
        """The code of ``label``; UnknownLabel with the nearest one when there is none."""
        try:
            return self._codes[label]
        except KeyError:
            hint = did_you_mean(str(label), (str(known) for known in self.labels)) if len(self) < 100_000 else ""
            raise UnknownLabel(f"{self.kind} {label!r} is not among the {len(self):,} known ones.", do=hint) from None

    def encode(self, labels: Iterable[Any]) -> np.ndarray:
        """int32 codes of ``labels``; −1 where a label is None or unknown."""
        codes = self._codes
        return np.fromiter((codes.get(label, -1) for label in labels), dtype=np.int32)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """object[...] labels of ``codes``; None where a code is negative."""
        codes = np.asarray(codes)
        if len(self) == 0:
            return np.full(codes.shape, None, dtype=object)
        labels = self.labels[np.maximum(codes, 0)]
        if (codes < 0).any():
            labels[codes < 0] = None
        return labels

    def recode_from(self, other: Vocabulary) -> np.ndarray:
        """int32[len(other)]: the code here of each label of ``other``, −1 where it is unknown here."""
        return self.encode(other.labels)

    def translate(self, codes: np.ndarray, other: Vocabulary) -> np.ndarray:
        """int32 codes here of ``codes`` of ``other``; −1 where a code is negative or its label unknown here."""
        return np.append(self.recode_from(other), np.int32(-1))[codes]

    def require_same(self, other: Vocabulary) -> None:
        """Raise VocabularyMismatch unless ``other`` holds the same labels in the same order."""
        if self != other:
            raise VocabularyMismatch(
                f"Two {self.kind} vocabularies differ ({self.fingerprint}, {len(self)} labels; "
                f"{other.fingerprint}, {len(other)} labels).",
                why="A code would mean two different things.",
                do="Make both tables from the same order lines.",
            )
