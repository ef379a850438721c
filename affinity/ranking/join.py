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


def sum_shown(recommendations: Recommendations, blocks: Sequence[np.ndarray]) -> Recommendations:
    """The rows of everybody with the sums that joining ``blocks`` (rising customer codes) would give, where nothing of fit is
    given up: rows that have a score were candidates, the rest fill lists up."""
    scored = ~np.isnan(recommendations.score)
    customer, fit = recommendations.customer[scored], recommendations.fit[scored]
    pieces = [fit[slice(*np.searchsorted(customer, (block[0], block[-1] + 1)).tolist())] for block in blocks if len(block)]
    sums = {
        "shown": sum(int(np.count_nonzero(~np.isnan(piece))) for piece in pieces),
        "fit_shown": sum(float(np.nansum(piece)) for piece in pieces),
        "fit_given_up": 0.0,
    }
    return replace(recommendations, info={**recommendations.info, **sums})
