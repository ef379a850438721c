"""Vocabularies: label order, codes, fingerprints, refusal to mix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity.errors import UnknownLabel, VocabularyMismatch
from affinity.vocabulary import Vocabulary


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
