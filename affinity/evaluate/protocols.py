"""The two questions a backtest asks; a figure of one says nothing of the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from affinity.errors import InputError, MissingPart, did_you_mean
from affinity.evaluate.judged import Truth
from affinity.tables.baskets import Baskets
from affinity.tables.holdings import Holdings
from affinity.tables.landmark import Landmark

#: new_product: products first bought in [T, T + h), owned ones may not be ranked (cross-sell).
#: next_basket: the customer's first order in [T, T + h), repurchases included, every product may be ranked.
Protocol = Literal["new_product", "next_basket"]

PROTOCOLS: tuple[Protocol, ...] = ("new_product", "next_basket")


def check_protocols(names: str | Sequence[str]) -> list[Protocol]:
    """The protocols of these names (or of one), each once; InputError for none, or with the nearest one for an unknown."""
    asked = [names] if isinstance(names, str) else list(names)
    if not asked:
        raise InputError("protocols is empty: there is nothing to judge by.", do=f"Use one of {', '.join(PROTOCOLS)}.")
    for name in asked:
        if name not in PROTOCOLS:
            raise InputError(f"There is no protocol {name!r}.", do=did_you_mean(str(name), PROTOCOLS))
    return [protocol for protocol in PROTOCOLS if protocol in asked]


def label_next_baskets(steps: Baskets, holdings: Holdings, *, at: int, horizon_days: int) -> tuple[np.ndarray, np.ndarray]:
    """CSR by customer of the products of his first step at or after the landmark and within the horizon.

    steps : all steps, later ones too; holdings : at the landmark. clock "order": the first order held out. Only
    customers who own something at the landmark have labels.
    """
    assert steps.customer is not None
    assert steps.at is not None
    customers = len(holdings.customers)
    known = (steps.customer >= 0) & (np.diff(holdings.indptr)[steps.customer] > 0)
    if steps.clock == "day":
        ahead = known & (steps.at >= at) & (steps.at < at + horizon_days)
    else:
        ahead = known & (steps.at >= holdings.end[steps.customer])
    first = np.full(customers, np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(first, steps.customer[ahead], steps.at[ahead])
    rows = np.repeat(ahead & (steps.at == first[steps.customer]), steps.sizes)
    n = max(len(holdings.products), 1)
    key = np.unique(np.repeat(steps.customer, steps.sizes)[rows].astype(np.int64) * n + steps.item[rows])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(key // n, minlength=customers))]).astype(np.int64)
    return indptr, (key % n).astype(np.int32)


def know_truth(landmark: Landmark, protocol: Protocol = "new_product") -> Truth:
    """The judged customers of a past landmark; only products known before it can be right.

    Raises MissingPart when nobody can be judged.
    """
    assert landmark.label_indptr is not None
    assert landmark.label_product is not None
    holdings = landmark.holdings
    buyers = np.bincount(holdings.product, minlength=len(holdings.products)).astype(np.int64)
    owner = np.repeat(np.arange(len(holdings.customers), dtype=np.int32), np.diff(landmark.label_indptr))
    known = (buyers[landmark.label_product] > 0) & (np.diff(holdings.indptr)[owner] > 0)
    customer, count = np.unique(owner[known], return_counts=True)
    if len(customer) == 0:
        what = "bought a new product" if protocol == "new_product" else "ordered again"
        raise MissingPart(
            f"No customer with a history {what} in the horizon of the backtest at {name_time(landmark)}.",
            why="There is nothing to judge a recommendation by.",
            do="Use a longer horizon, another landmark or more history.",
        )
    indptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Truth(customer, indptr, landmark.label_product[known], buyers, int((np.diff(holdings.indptr) > 0).sum()))


def name_time(landmark: Landmark) -> str:
    """The time of a past landmark as text: a date, or "order -1" where each customer's last order is held out."""
    if landmark.at is None:
        return "now"
    return str(np.datetime64(landmark.at, "D")) if landmark.holdings.clock == "day" else f"order {landmark.at}"
