"""Recommendations of several blocks of customers as one table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from affinity import mapped
from affinity.frames import WordColumn
from affinity.tables.recommendations import ROWS, Recommendations
from affinity.tables.sentences import Sentences
from affinity.vocabulary import Vocabulary

#: What adds up over blocks; the rest of ``info`` is the same in each.
_SUMS = ("shown", "fit_shown", "fit_given_up")


def join_recommendations(blocks: Sequence[Recommendations]) -> Recommendations:
    """The rows of all blocks (at least one; customers rising from block to block), with their sums added up."""
    if len(blocks) == 1:
        return blocks[0]
    alike = all(_are_alike(blocks[0], block) for block in blocks)
    return gather_recommendations(blocks if alike else [_written_out(block) for block in blocks])


def gather_recommendations(blocks: Iterable[Recommendations], *, may_map: bool = False) -> Recommendations:
    """`join_recommendations` of blocks that are made one by one and not kept; they have one writer of sentences.

    may_map : columns that are large stand in files (see `affinity.mapped`)
    """
    first: Recommendations | None = None
    columns: dict[str, mapped.Growing] = {}
    sums: dict[str, Any] = dict.fromkeys(_SUMS, 0)
    for block in blocks:
        numbers = as_numbers(block)
        if first is None:
            first = block.take(np.empty(0, dtype=np.int64))
            columns = {name: mapped.Growing(one.dtype, may_map and one.dtype != object) for name, one in numbers.items()}
        for name, column in numbers.items():
            columns[name].append(column)
        sums = {name: sums[name] + block.info.get(name, 0) for name in _SUMS}
    assert first is not None, "there is a block, perhaps of nobody"
    found = from_numbers(first, {name: column.whole() for name, column in columns.items()})
    return replace(found, info={**first.info, **(sums if "shown" in first.info else {})})


def append_recommendations(recommendations: Recommendations, others: Recommendations | None) -> Recommendations:
    """The rows of both, of different customers: those of ``others`` come after, with codes after the others' codes."""
    if others is None:
        return recommendations
    people, reason = recommendations.customers, recommendations.reason
    if isinstance(reason, Sentences) and reason.writer is not None and (others.because < 0).all():
        others = others.written_by(reason.writer)  # it says the same of what is popular
    moved = replace(others, customer=(others.customer + len(people)).astype(np.int32))
    both = [recommendations, moved]
    if not _are_alike(*both):
        both = [_written_out(one) for one in both]
    found = gather_recommendations(both, may_map=mapped.is_mapped(recommendations.product))
    labels = [*people.labels, *others.customers.labels]
    return replace(found, customers=Vocabulary(people.kind, labels), info=recommendations.info)


def _are_alike(one: Recommendations, other: Recommendations) -> bool:
    """Whether words have the same codes in both, and one writer knows the sentences of both."""
    for name in ROWS:
        a, b = getattr(one, name), getattr(other, name)
        if type(a) is not type(b) or (isinstance(a, WordColumn) and a.labels.tolist() != b.labels.tolist()):
            return False
        if isinstance(a, Sentences) and a.writer is not b.writer:
            return False
    return True


def _written_out(block: Recommendations) -> Recommendations:
    columns: dict[str, Any] = {name: np.asarray(getattr(block, name)) for name in ROWS}
    return replace(block, **columns)


def as_numbers(block: Recommendations) -> dict[str, np.ndarray]:
    """Every column as an array: of words their codes, of sentences what the other columns do not say."""
    numbers: dict[str, np.ndarray] = {}
    for name in ROWS:
        column = getattr(block, name)
        numbers[name] = column.codes if isinstance(column, WordColumn) else getattr(column, "segment", column)
    return numbers


def from_numbers(like: Recommendations, numbers: dict[str, np.ndarray]) -> Recommendations:
    """The recommendations whose `as_numbers` these are, with the words, the writer and the vocabularies of ``like``."""
    columns: dict[str, Any] = dict(numbers)
    for name in ROWS:
        known = getattr(like, name)
        if isinstance(known, WordColumn):
            columns[name] = WordColumn(numbers[name], known.labels)
        elif isinstance(known, Sentences):
            parts = (numbers["customer"], numbers["product"], numbers["because"], numbers[name])
            columns[name] = Sentences(*parts, known.writer)
    return replace(like, **columns)


def sum_shown(recommendations: Recommendations, blocks: Sequence[np.ndarray]) -> Recommendations:
    """The rows of everybody with the sums that joining ``blocks`` (rising customer codes) would give, where nothing of fit is
    given up: rows that have a score were candidates, the rest fill lists up."""
    scored = ~np.isnan(recommendations.score)
    customer, fit = recommendations.customer[scored], recommendations.fit[scored]
    pieces = [fit[slice(*np.searchsorted(customer, (block[0], block[-1] + 1)).tolist())] for block in blocks if len(block)]
    sums = {
        "shown": sum(int(np.count_nonzero(~np.isnan(piece))) for piece in pieces),
        "fit_shown": reduce(add, (float(np.nansum(piece)) for piece in pieces), 0.0),  # `sum` compensates from Python 3.12 on
        "fit_given_up": 0.0,
    }
    return replace(recommendations, info={**recommendations.info, **sums})
