"""Recommendations of several blocks of customers as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from affinity.tables.recommendations import ROWS, Recommendations
from affinity.vocabulary import Vocabulary

#: What adds up over blocks; the rest of ``info`` is the same in each.
_SUMS = ("shown", "fit_shown", "fit_given_up")


def join_recommendations(blocks: Sequence[Recommendations]) -> Recommendations:
    """The rows of all blocks (at least one; customers rising from block to block), with their sums added up."""
    first = blocks[0]
    if len(blocks) == 1:
        return first
    columns: dict[str, Any] = {name: np.concatenate([getattr(block, name) for block in blocks]) for name in ROWS}
    sums = {name: sum(block.info[name] for block in blocks) for name in _SUMS}  # type: ignore[misc]
    return replace(first, **columns | {"info": {**first.info, **sums}})


def append_recommendations(recommendations: Recommendations, others: Recommendations | None) -> Recommendations:
    """The rows of both, of different customers: those of ``others`` come after, with codes after the others' codes."""
    if others is None:
        return recommendations
    labels = [*recommendations.customers.labels, *others.customers.labels]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(recommendations, name), getattr(others, name)]) for name in ROWS[1:]
    }
    after = (others.customer + len(recommendations.customers)).astype(np.int32)
    people = Vocabulary(recommendations.customers.kind, labels)
    return replace(recommendations, customer=np.concatenate([recommendations.customer, after]), customers=people, **columns)
