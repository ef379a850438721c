"""Labels and their codes: label <-> int32, in label order, with a fingerprint.

Tables carry the vocabulary of their codes; two tables meet only when the fingerprints agree.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import repeat
from typing import Any

import numpy as np

from affinity.errors import UnknownLabel, VocabularyMismatch, did_you_mean
from affinity.mapped import Growing, is_mapped, split_rows

#: Packed texts hashed or copied at a time.
_BLOCK = 1 << 16


@dataclass(frozen=True, eq=False)
class PackedTexts:
    """Texts as UTF-8 end to end: text i is ``data[offsets[i]:offsets[i + 1]]``. A sixth of the memory of str objects.

    offsets : int64[n + 1]; data : uint8
    """

    offsets: np.ndarray
    data: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def texts(self) -> list[str]:
        """All of them as str."""
        whole, ends = self.data.tobytes(), self.offsets.tolist()
        if whole.isascii():
            text = whole.decode("ascii")
            return [text[begin:end] for begin, end in zip(ends, ends[1:])]
        return [whole[begin:end].decode() for begin, end in zip(ends, ends[1:])]

    def take(self, rows: np.ndarray) -> PackedTexts:
        """Some of the texts (indices, in their order)."""
        offsets, data = Growing(np.int64, is_mapped(self.offsets)), Growing(np.uint8, is_mapped(self.data))
        offsets.append(np.zeros(1, dtype=np.int64))
        before = 0
        for block in split_rows(len(rows), _BLOCK):
            begin = self.offsets[rows[block]]
            sizes = self.offsets[rows[block] + 1] - begin
            ends = np.cumsum(sizes)
            data.append(self.data[np.arange(ends[-1] if len(ends) else 0) + np.repeat(begin - ends + sizes, sizes)])
            offsets.append(ends + before)
            before += int(ends[-1]) if len(ends) else 0
        return PackedTexts(offsets.whole(), data.whole())

    def prefixed(self, first: int, last: int) -> bytes:
        """The texts ``first`` to ``last``, each after its length as four bytes, least significant first."""
        sizes = np.diff(self.offsets[first : last + 1])
        begin = np.concatenate([[0], np.cumsum(sizes + 4)])
        mixed = np.empty(int(begin[-1]), dtype=np.uint8)
        head = begin[:-1, None] + np.arange(4)
        mixed[head] = sizes.astype("<u4").view(np.uint8).reshape(-1, 4)
        rest = np.ones(len(mixed), dtype=bool)
        rest[head] = False
        mixed[rest] = self.data[self.offsets[first] : self.offsets[last]]
        return mixed.tobytes()


def pack_texts(texts: Iterable[str]) -> PackedTexts:
    """The texts as UTF-8 end to end; half of a surrogate pair stays what it is."""
    data = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum(np.fromiter(map(len, data), dtype=np.int64, count=len(data)))
    return PackedTexts(np.concatenate([[0], ends]).astype(np.int64), np.frombuffer(b"".join(data), dtype=np.uint8))


class Vocabulary:
    """An immutable, ordered set of labels; the code of a label is its position.

    kind   : what the labels are, for messages: "product", "customer", "order", a column name
    labels : distinct, in label order (unsortable labels by first appearance)
    """

    def __init__(self, kind: str, labels: Sequence[Any] | np.ndarray | PackedTexts) -> None:
        self.kind = kind
        self._packed: PackedTexts | None = None
        self._size = len(labels)
        if isinstance(labels, PackedTexts):
            self._packed = labels
        else:
            self._hold(labels)

    def _hold(self, labels: Sequence[Any] | np.ndarray) -> np.ndarray:
        array = np.empty(len(labels), dtype=object)
        array[:] = labels
        array.flags.writeable = False
        self._labels = array
        return array

    @property
    def labels(self) -> np.ndarray:
        """object[n]; made when first asked for, where the vocabulary was given packed."""
        if "_labels" not in self.__dict__:
            assert self._packed is not None
            self._hold(self._packed.texts())
        return self._labels

    @property
    def _is_packed(self) -> bool:
        return "_labels" not in self.__dict__

    def among(self, which: np.ndarray) -> Vocabulary:
        """The vocabulary of the labels that the mask ``which`` picks, in their order."""
        if self._is_packed and self._packed is not None:
            return Vocabulary(self.kind, self._packed.take(np.flatnonzero(which)))
        return Vocabulary(self.kind, self.labels[which])

    def take(self, codes: np.ndarray) -> Vocabulary:
        """The vocabulary of the labels with these codes, in their order."""
        if self._is_packed and self._packed is not None:
            return Vocabulary(self.kind, self._packed.take(codes))
        return Vocabulary(self.kind, self.labels[codes])

    @property
    def held_labels(self) -> np.ndarray | PackedTexts:
        """The labels as they are held: object[n], or packed where nobody asked for `labels` so far."""
        return self._packed if self._is_packed and self._packed is not None else self.labels

    @classmethod
    def of(cls, kind: str, labels: Iterable[Hashable]) -> Vocabulary:
        """The vocabulary of the distinct ``labels``, sorted where they can be."""
        distinct: list[Any] = list(dict.fromkeys(labels))
        with contextlib.suppress(TypeError):
            distinct.sort()
        return cls(kind, distinct)

    def __getstate__(self) -> dict[str, Any]:
        """Without the codes, which are made anew when they are asked for."""
        return {name: value for name, value in self.__dict__.items() if name != "_codes"}

    @cached_property
    def _codes(self) -> dict[Any, int]:
        return dict(zip(self.labels.tolist(), range(len(self))))

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the labels and their order (hex, 16 characters)."""
        digest = blake2b(self.kind.encode(), digest_size=8)
        if self._packed is not None:
            for first in range(0, len(self), _BLOCK):
                digest.update(self._packed.prefixed(first, min(first + _BLOCK, len(self))))
            return digest.hexdigest()
        for rows in split_rows(len(self), _BLOCK):
            packed = (label if isinstance(label, str) else f"{type(label).__name__}:{label!r}" for label in self.labels[rows])
            digest.update(pack_texts(packed).prefixed(0, rows.stop - rows.start))
        return digest.hexdigest()

    def __len__(self) -> int:
        return self._size

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
        listed = labels.tolist() if isinstance(labels, np.ndarray) and labels.dtype == object else labels
        return np.fromiter(map(self._codes.get, listed, repeat(-1)), dtype=np.int32)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """object[...] labels of ``codes``; None where a code is negative."""
        codes = np.asarray(codes)
        if len(self) == 0:
            return np.full(codes.shape, None, dtype=object)
        if self._is_packed and self._packed is not None and codes.size < len(self) // 8:
            distinct, place = np.unique(np.maximum(codes, 0), return_inverse=True)
            some = np.empty(len(distinct), dtype=object)
            some[:] = self._packed.take(distinct).texts()
            labels = some[place].reshape(codes.shape)
        else:
            labels = self.labels[np.maximum(codes, 0)]
        if (codes < 0).any():
            labels[codes < 0] = None
        return labels

    def recode_from(self, other: Vocabulary) -> np.ndarray:
        """int32[len(other)]: the code here of each label of ``other``, −1 where it is unknown here."""
        return np.arange(len(self), dtype=np.int32) if other is self else self.encode(other.labels)

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
