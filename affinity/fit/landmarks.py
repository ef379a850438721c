"""Landmarks: past days at which the model is learnt as it would have been known then.

A landmark's counts hold only what was known before it; its labels are what came in the horizon after.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from affinity import mapped
from affinity.tables.baskets import Baskets
from affinity.tables.holdings import Holdings
from affinity.tables.landmark import Landmark
from affinity.tables.order_lines import MICROSECONDS_A_DAY, OrderLines

#: Days of history before the earliest landmark at least.
LEAST_HISTORY_DAYS = 60


def plan_landmarks(clock: Literal["day", "order"] | None, first_day: int, as_of_day: int, horizon_days: int) -> list[int]:
    """Where the past landmarks are, the latest first; empty when there is too little history.

    clock "day": as_of − h and as_of − 2h, the second's labels ending where the first begins, so that the calibration
    report is of a model that knew nothing later; none with under 60 days of history. More landmarks changed neither
    calibration nor ranking on two shops, and each costs a fit.
    clock "order": −1 and −2, the customers' last order held out, then the last two. None: no landmarks.
    """
    if clock == "order":
        return [-1, -2]
    if clock is None:
        return []
    days = (as_of_day - horizon_days, as_of_day - 2 * horizon_days)
    return [day for day in days if day - first_day >= LEAST_HISTORY_DAYS]


def cut_lines(lines: OrderLines, at: int) -> OrderLines:
    """The lines known at a landmark: before day ``at``, or without each customer's last ``−at`` orders.

    To be cut from gross lines and netted afterwards: a return after the landmark is the future too.
    """
    if lines.clock == "day":
        assert lines.ordered_at is not None
        return replace(lines.take(lines.ordered_at < at * MICROSECONDS_A_DAY), as_of_day=at)
    assert lines.order_seq is not None
    return lines.take(_orders_from_end(lines) > -at)


def check_no_leak(landmark: Landmark) -> None:
    """AssertionError when anything of a past landmark was counted after its time: a defect of whoever assembled it.

    Checked: no purchase at or after ``at`` (clock "day"), counts and holdings of the same purchases, and no label
    that is owned already.
    """
    holdings = landmark.holdings
    if holdings.clock == "day" and landmark.at is not None:
        assert not (holdings.last_at >= landmark.at).any(), "holdings hold purchases after the landmark"
        assert bool((holdings.end == landmark.at).all()), "holdings end at another day than the landmark"
        if landmark.steps is not None and landmark.steps.at is not None:
            assert not (landmark.steps.at >= landmark.at).any(), "steps hold purchases after the landmark"
    n = len(holdings.products)
    buyers = np.bincount(holdings.product, minlength=n)
    assert np.array_equal(buyers, landmark.transitions.buyers), "transitions were counted over other purchases than holdings"
    if landmark.label_indptr is not None and landmark.label_product is not None:
        owner = np.repeat(np.arange(len(holdings.customers), dtype=np.int64), np.diff(landmark.label_indptr))
        owned = _owned_already(owner * n + landmark.label_product, holdings)
        assert not owned.any(), "labels hold products owned before the landmark"


def _owned_already(key: np.ndarray, holdings: Holdings) -> np.ndarray:
    """bool of each ``key`` (customer × number of products + product, customers rising): does the customer own the product?"""
    indptr, n = holdings.indptr, len(holdings.products)
    found = np.zeros(len(key), dtype=bool)
    for first, last in mapped.split_indptr(indptr):
        owner = np.repeat(np.arange(first, last, dtype=np.int64), np.diff(indptr[first : last + 1]))
        here = slice(*np.searchsorted(key, (first * n, last * n)).tolist())
        found[here] = np.isin(key[here], owner * n + holdings.product[indptr[first] : indptr[last]])
    return found


def _orders_from_end(lines: OrderLines) -> np.ndarray:
    """int64 a line: 1 in the customer's last order, 2 in the one before, …"""
    assert lines.order_seq is not None
    seq = lines.order_seq
    order = np.lexsort((seq, lines.customer))
    customer, seq = lines.customer[order], seq[order]
    new = np.concatenate([[True], (customer[1:] != customer[:-1]) | (seq[1:] != seq[:-1])]) if len(seq) else np.zeros(0, bool)
    rank = np.cumsum(new)
    last = np.zeros(len(lines.customers) + 1, dtype=np.int64)
    np.maximum.at(last, customer, rank)
    result = np.empty(len(order), dtype=np.int64)
    result[order] = last[customer] - rank + 1
    return result


def label_purchases(steps: Baskets, holdings: Holdings, *, at: int, horizon_days: int) -> tuple[np.ndarray, np.ndarray]:
    """CSR by customer of the products in ``steps`` within [at, at + horizon_days) that he did not own before.

    steps : all steps up to now; holdings : at the landmark. clock "order": the first order held out. Only customers
    who own something at the landmark have labels.
    """
    assert steps.customer is not None
    assert steps.at is not None
    n = len(holdings.products)
    if steps.clock == "day":
        inside = (steps.at >= at) & (steps.at < at + horizon_days)
    else:
        orders = np.bincount(steps.customer[steps.customer >= 0], minlength=len(holdings.customers))
        inside = steps.at == orders[steps.customer] + at
    inside &= steps.customer >= 0
    customer = np.repeat(steps.customer[inside].astype(np.int64), steps.sizes[inside])
    key = np.unique(customer * n + steps.item[np.repeat(inside, steps.sizes)])
    key = key[~_owned_already(key, holdings)]
    customer = key // n
    known = np.diff(holdings.indptr)[customer] > 0
    key, customer = key[known], customer[known]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(customer, minlength=len(holdings.customers)))]).astype(np.int64)
    return indptr, (key % n).astype(np.int32)
