"""What can be seen of a leak from the future: in the tables handed over, and in figures too good to be true.

Refused (InputError): a landmark whose tables hold anything of its own time or later, tables that were counted over
different purchases (pair statistics of the label window beside holdings of the past), labels that are owned already.
Flagged (``info["implausible"]``): a method whose NDCG is above .9, or above 2.5 times that of the best built-in
baseline. Not seen: a recommender that brings its own knowledge of the future and gains little by it. Against that,
hand recommenders nothing but the landmark, and compare their lists before and after lines are added behind it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from affinity.errors import InputError
from affinity.evaluate.protocols import Protocol
from affinity.tables.landmark import Landmark

#: NDCG that nobody reaches honestly, and how many times the best baseline is still believed.
TOO_GOOD, TOO_MUCH_BETTER = 0.9, 2.5


def check_landmark(landmark: Landmark, protocol: Protocol = "new_product") -> None:
    """InputError when a past landmark knows anything of its own time or later; see the module for what is seen."""
    holdings, steps = landmark.holdings, landmark.steps
    if landmark.at is None or landmark.label_indptr is None or landmark.label_product is None:
        raise InputError("This landmark is not in the past: it has no time or no labels.", do="Backtest at an earlier time.")
    if holdings.clock == "day":
        _refuse((holdings.last_at >= landmark.at).any(), "its holdings hold purchases on or after its day")
        _refuse((holdings.end != landmark.at).any(), "its holdings end on another day")
    else:
        _refuse((holdings.last_at >= holdings.end[holdings.customer]).any(), "its holdings go past the end of the sequences")
    if steps is not None and steps.at is not None and steps.customer is not None:
        end = landmark.at if holdings.clock == "day" else holdings.end[steps.customer]
        _refuse(((steps.at >= end) & (steps.customer >= 0)).any(), "its steps hold orders on or after its day")
    n = max(len(holdings.products), 1)
    owners = np.bincount(holdings.product, minlength=len(holdings.products))
    _refuse(not np.array_equal(owners, landmark.transitions.buyers), "its transitions count other purchases than its holdings")
    if protocol == "new_product":
        owner = np.repeat(np.arange(len(holdings.customers), dtype=np.int64), np.diff(landmark.label_indptr))
        owned = holdings.customer.astype(np.int64) * n + holdings.product
        _refuse(np.isin(owner * n + landmark.label_product, owned).any(), "its labels hold products owned before")


def find_implausible(ndcg: Mapping[str, float], baselines: list[str]) -> list[str]:
    """The methods of ``ndcg`` whose mean is too good to be true (see the module)."""
    best = max((ndcg[name] for name in baselines if name in ndcg), default=0.0)
    limit = min(TOO_GOOD, TOO_MUCH_BETTER * best) if best > 0 else TOO_GOOD
    return [name for name, value in ndcg.items() if value > limit and name not in baselines]


def _refuse(leaks: bool | np.bool_, what: str) -> None:
    if leaks:
        raise InputError(
            f"This landmark leaks: {what}.",
            why="What was learnt from the label window flatters every figure.",
            do="Count everything from lines before the landmark (affinity.backtest does).",
        )
