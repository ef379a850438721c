"""Vocabularies: label order, codes, fingerprints, refusal to mix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity.errors import UnknownLabel, VocabularyMismatch
from affinity.vocabulary import PackedTexts, Vocabulary


@given(st.lists(st.text(max_size=4), max_size=20))
def test_codes_follow_label_order_and_come_back(labels: list[str]) -> None:
    vocabulary = Vocabulary.of("product", labels)
    assert vocabulary.labels.tolist() == sorted(set(labels))
    codes = vocabulary.encode(labels)
    assert codes.dtype == np.int32
    assert vocabulary.decode(codes).tolist() == labels


def test_unsortable_labels_keep_their_first_appearance() -> None:
    assert Vocabulary.of("product", ["b", 1, "a", "b"]).labels.tolist() == ["b", 1, "a"]


def test_unknown_labels() -> None:
    vocabulary = Vocabulary.of("product", ["coffee", "filter"])
    assert vocabulary.encode(["filter", "tea", None]).tolist() == [1, -1, -1]
    assert vocabulary.decode(np.array([0, -1])).tolist() == ["coffee", None]
    with pytest.raises(UnknownLabel, match=r"product 'coffe' is not among the 2 known ones\. Did you mean 'coffee'\?"):
        vocabulary.code("coffe")


def test_an_empty_vocabulary_decodes_nothing() -> None:
    assert Vocabulary.of("customer", []).decode(np.array([-1, -1])).tolist() == [None, None]


def test_different_vocabularies_refuse_to_meet() -> None:
    one, other = Vocabulary.of("product", ["a", "b"]), Vocabulary.of("product", ["a", "c"])
    one.require_same(Vocabulary.of("product", ["b", "a"]))
    with pytest.raises(VocabularyMismatch, match="would mean two different things"):
        one.require_same(other)
    assert other.recode_from(one).tolist() == [0, -1]


def test_the_fingerprint_tells_types_and_boundaries_apart() -> None:
    prints = [Vocabulary("product", labels).fingerprint for labels in (["1", "2"], [1, 2], ["12"], ["2", "1"])]
    assert len(set(prints)) == 4


def test_codes_of_another_vocabulary_are_translated() -> None:
    here, there = Vocabulary("product", ["a", "b", "c"]), Vocabulary("product", ["c", "x", "a"])
    assert here.translate(np.array([0, 1, 2, -1, 0]), there).tolist() == [2, -1, 0, -1, 2]


def pack(labels: list[str]) -> PackedTexts:
    data = [label.encode() for label in labels]
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in data])]).astype(np.int64)
    return PackedTexts(offsets, np.frombuffer(b"".join(data), dtype=np.uint8))


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=4), max_size=40, unique=True), st.data())
def test_packed_labels_are_the_same_vocabulary(labels: list[str], data: st.DataObject) -> None:
    labels.sort()
    which = np.array(data.draw(st.lists(st.booleans(), min_size=len(labels), max_size=len(labels))), dtype=bool)
    codes = np.array(data.draw(st.lists(st.integers(-1, len(labels) - 1), max_size=3)), dtype=np.int32)
    plain, packed = Vocabulary("order", labels), Vocabulary("order", pack(labels))
    assert len(packed) == len(plain)
    assert packed.fingerprint == plain.fingerprint
    assert packed == plain
    assert packed.decode(codes).tolist() == plain.decode(codes).tolist()
    assert packed.among(which).fingerprint == plain.among(which).fingerprint
    assert packed.labels.tolist() == plain.labels.tolist() == labels
    assert packed.encode(labels).tolist() == list(range(len(labels)))


def test_many_packed_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affinity.vocabulary._BLOCK", 7)
    labels = sorted({f"o{number * number}" for number in range(100)})
    packed, some = Vocabulary("order", pack(labels)), np.arange(100) % 3 == 0
    assert packed.fingerprint == Vocabulary("order", labels).fingerprint
    assert packed.among(some).labels.tolist() == [label for label, one in zip(labels, some) if one]
    assert packed.decode(np.array([4, -1, 4])).tolist() == [labels[4], None, labels[4]]
