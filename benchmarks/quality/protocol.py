"""The protocol "new product" on real data: clean, split, learn, rank, judge.

    python benchmarks/quality/protocol.py ../shared/data/retail [online_2011_09 ...]

History is strictly before T; judged are customers with a history who in [T, T + h) bought a product that they did not
own and that somebody had bought before T; all products known before T and not owned are ranked. The whole model, its
landmarks included, is learnt from lines before T. Cleaning of Online Retail II: known customer, five-digit codes,
quantity and price above zero, not cancelled, sales later reversed in full dropped (as the published figures did,
whenever the reversal came); a customer's lines of one day are one order.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from affinity.counting import count_transitions
from affinity.evaluate import Ranked, backtest
from affinity.fit import label_purchases, plan_landmarks, score_candidates, train_model
from affinity.settings import FitSettings
from affinity.tables import Baskets, Holdings, Landmark
from affinity.vocabulary import Vocabulary

Triples = tuple[np.ndarray, np.ndarray, np.ndarray]  # customer, at, product: distinct, sorted

WINDOWS = {
    "online_2011_09": ("online", "2011-09-01", 100),
    "online_2011_03": ("online", "2011-03-01", 92),
    "groceries_2015_07": ("groceries", "2015-07-01", 183),
    "tafeng_last_order": ("tafeng", -1, 1),
}
FIT = FitSettings()


def load(name: str, folder: Path) -> Triples:
    """The purchases of one data set."""
    if name == "online":
        return _online(pd.read_parquet(folder / "online_retail_ii_raw.parquet"))
    if name == "groceries":
        frame = pd.read_parquet(folder / "groceries_members.parquet")
        return _distinct(frame.customer_id, _days(frame.ordered_at), frame.product_id)
    frame = pd.read_parquet(folder / "tafeng_seq.parquet")
    return _distinct(frame.customer_id, frame.order_seq.to_numpy(), frame.product_id)


def _online(frame: pd.DataFrame) -> Triples:
    frame = frame[frame.customer_id.notna() & frame.product_id.astype(str).str.fullmatch(r"\d{5}[A-Za-z]{0,2}")]
    cancelled = frame.order_id.astype(str).str.startswith("C")
    sales = frame[~cancelled & (frame.quantity > 0) & (frame.unit_price > 0)].sort_values("ordered_at", kind="stable")
    sales = sales.reset_index(drop=True)
    returns = frame[cancelled | (frame.quantity < 0)].sort_values("ordered_at", kind="stable")
    open_sales: dict[tuple[object, ...], list[tuple[object, int]]] = {}
    for i, key in enumerate(zip(sales.customer_id, sales.product_id, sales.quantity)):
        open_sales.setdefault(key, []).append((sales.ordered_at[i], i))
    reversed_rows = []
    for customer, product, quantity, when in zip(
        returns.customer_id, returns.product_id, -returns.quantity, returns.ordered_at
    ):
        earlier = open_sales.get((customer, product, quantity), [])
        place = next((k for k in reversed(range(len(earlier))) if earlier[k][0] <= when), None)
        if place is not None:
            reversed_rows.append(earlier.pop(place)[1])
    sales = sales.drop(index=reversed_rows)
    return _distinct(sales.customer_id, _days(sales.ordered_at), sales.product_id)


def _days(column: pd.Series) -> np.ndarray:
    return column.to_numpy().astype("datetime64[D]").astype(np.int64)


def _distinct(customer: pd.Series, at: np.ndarray, product: pd.Series) -> Triples:
    codes = [np.unique(column.astype(str), return_inverse=True)[1] for column in (customer, product)]
    rows = np.unique(np.stack([codes[0], at, codes[1]], axis=1), axis=0).astype(np.int32)
    return rows[:, 0].copy(), rows[:, 1].copy(), rows[:, 2].copy()


def cut(data: Triples, clock: str, at: int) -> Triples:
    """What was known at a landmark: before day ``at``, or without each customer's last ``−at`` orders."""
    customer, when, product = data
    if clock == "day":
        known = when < at
    else:
        key = customer.astype(np.int64) * 2**32 + when
        orders = np.unique(key)
        end = np.searchsorted(orders >> 32, np.arange(int(customer.max()) + 1), side="right")
        known = end[customer] - np.searchsorted(orders, key) > -at
    return customer[known], when[known], product[known]


def tabulate(data: Triples, words: tuple[Vocabulary, Vocabulary], clock: str, end: int | None) -> tuple[Baskets, Holdings]:
    """Steps and holdings of the purchases."""
    customer, at, product = data
    first = np.flatnonzero(np.concatenate([[True], (np.diff(customer) != 0) | (np.diff(at) != 0)]))
    who, when = customer[first], at[first]
    if clock == "order":
        starts = np.flatnonzero(np.concatenate([[True], np.diff(who) != 0]))
        when = (np.arange(len(who)) - np.repeat(starts, np.diff(np.append(starts, len(who))))).astype(np.int32)
    indptr = np.append(first, len(customer)).astype(np.int64)
    steps = Baskets(indptr, product, words[1], who, words[0], when, "day" if clock == "day" else "order", "customer_day")
    at = np.repeat(when, np.diff(indptr))
    order = np.lexsort((at, product, customer))
    customer, product, at = customer[order], product[order], at[order]
    first = np.flatnonzero(np.concatenate([[True], (np.diff(customer) != 0) | (np.diff(product) != 0)]))
    last = np.append(first[1:], len(customer)) - 1
    ends = np.full(len(words[0]), end) if clock == "day" else np.bincount(who, minlength=len(words[0]))
    counts = np.bincount(customer[first], minlength=len(words[0]))
    return steps, Holdings(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), product[first], at[first], at[last],
        (last - first + 1).astype(np.int32), ends.astype(np.int32), *words, steps.clock,
    )  # fmt: skip


def describe(
    data: Triples,
    words: tuple[Vocabulary, Vocabulary],
    clock: str,
    at: int | None,
    now: int,
    horizon: int,
    later: Baskets | None,
) -> Landmark:
    """The landmark ``at`` (None: now) of ``data``, labelled from ``later``."""
    known = data if at is None else cut(data, clock, at)
    steps, holdings = tabulate(known, words, clock, now if at is None else at)
    days = clock == "day"
    transitions = count_transitions(
        steps,
        holdings,
        half_life=FIT.half_life_days if days else FIT.half_life_orders,
        co_owned_half_life=FIT.co_owned_half_life_days if days else FIT.co_owned_half_life_orders,
        row_half_life=FIT.row_half_life_days if days else FIT.row_half_life_orders,
    )
    if at is None or later is None:
        return Landmark(at, holdings, steps, transitions)
    return Landmark(at, holdings, steps, transitions, *label_purchases(later, holdings, at=at, horizon_days=horizon))


def measure(name: str, folder: Path) -> pd.DataFrame:
    """The backtest of one window."""
    source, when, horizon = WINDOWS[name]
    data = load(source, folder)
    clock = "order" if source == "tafeng" else "day"
    at = int(when) if clock == "order" else int(np.datetime64(str(when), "D").astype(np.int64))
    words = tuple(
        Vocabulary(kind, [f"{i:06d}" for i in range(int(codes.max()) + 1)])
        for kind, codes in (("customer", data[0]), ("product", data[2]))
    )
    every, _ = tabulate(data, words, clock, int(data[1].max()) + 1)
    history = cut(data, clock, at)
    known, _ = tabulate(history, words, clock, at)
    test = describe(data, words, clock, at, at, horizon, every)
    start = time.process_time()
    now = describe(history, words, clock, None, at, horizon, None)
    places = plan_landmarks(known.clock, int(data[1].min()), at, horizon)
    marks = (describe(history, words, clock, place, at, horizon, known) for place in places)
    model = train_model(marks, now, settings=FIT, horizon_days=horizon)
    candidates = score_candidates(model, now)
    print(
        f"{name}: fit in {time.process_time() - start:.1f} s of processor time; {dict(model.blend)}; {model.calibration.note}"
    )
    by_evidence = np.lexsort((candidates.product, -candidates.evidence, candidates.customer))
    lists = {
        "fit": lambda _: Ranked(candidates.indptr, candidates.product, candidates.fit),
        "closed form": lambda _: Ranked(candidates.indptr, candidates.product[by_evidence]),
    }
    return backtest(lists, test).to_pandas()


if __name__ == "__main__":
    for window in sys.argv[2:] or WINDOWS:
        print(measure(window, Path(sys.argv[1])).round(4).to_string(index=False))
