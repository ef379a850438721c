"""Backtest: recommenders as of past times against what was then bought, one table for all landmarks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from affinity.evaluate.calibrate import Summary, summarise_calibration
from affinity.evaluate.judge import Judgement, Recommender, judge
from affinity.evaluate.leaks import find_implausible
from affinity.evaluate.protocols import Protocol
from affinity.evaluate.registry import WHOLE
from affinity.evaluate.resample import bounds, resample_sums
from affinity.tables.backtest import MINUS, POOLED, Backtest
from affinity.tables.landmark import Landmark

Row = tuple[str, str, str, str, float, float, float, int]


def backtest(
    recommenders: Mapping[str, Recommender],
    landmarks: Landmark | Iterable[Landmark],
    *,
    protocol: Protocol = "new_product",
    cutoff: int = 10,
    peers: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> Backtest:
    """Ranking metrics of each recommender, of the built-in baselines and of peers at past landmarks.

    recommenders : name -> function of the landmark without its labels, giving lists or a scorer. Lists must leave out
                   what the customer owns under "new_product"; of scorers it is left out here.
    Protocol "new_product": judged are customers with a history who in the horizon bought a product that they did not
    own and that somebody had bought before. "next_basket": by the customer's next order in the horizon, whatever he
    owns. The figures of the two are not comparable. See `judge` and `summarise` for the rows and the errors.
    """
    given = [landmarks] if isinstance(landmarks, Landmark) else landmarks
    judged = [judge(recommenders, mark, protocol=protocol, cutoff=cutoff, peers=peers) for mark in given]
    return summarise(judged, resamples=resamples, seed=seed)


def summarise(
    judgements: Sequence[Judgement], *, resamples: int = 1000, seed: int = 0, info: Mapping[str, object] | None = None
) -> Backtest:
    """Means over customers with 95 % bootstrap intervals over customers, paired differences, calibration.

    A row a protocol, landmark, method and metric; with several landmarks also rows ``at`` "pooled", where a customer
    who is judged at several is drawn with all of them. "A − B" rows are differences of the first method of a
    protocol and each other one, over the same draws. Methods with probabilities have calibration rows
    (`summarise_calibration`). A single value for all lists (coverage) has no interval, pooled it is the mean.
    """
    rows: list[Row] = []
    implausible: dict[str, list[str]] = {}
    for protocol in dict.fromkeys(one.protocol for one in judgements):
        mine = [one for one in judgements if one.protocol == protocol]
        groups = [(one.at, [one]) for one in mine] + ([(POOLED, mine)] if len(mine) > 1 else [])
        for at, group in groups:
            found = [*_metric_rows(group, resamples, seed), *_calibration_rows(group, resamples, seed)]
            rows += [(protocol, at, *row) for row in found]
        ndcg = {method: value for _, at, method, metric, value, *_ in rows if at == groups[-1][0] and metric == "ndcg"}
        methods = {method: ndcg[method] for method in mine[0].values if method in ndcg}
        if suspects := find_implausible(methods, list(mine[0].baselines)):
            implausible[protocol] = suspects
    columns = [list(column) for column in zip(*rows)]
    return Backtest(
        protocol=np.array(columns[0], dtype=object),
        at=np.array(columns[1], dtype=object),
        method=np.array(columns[2], dtype=object),
        metric=np.array(columns[3], dtype=object),
        value=np.array(columns[4], dtype=np.float64),
        lower=np.array(columns[5], dtype=np.float64),
        upper=np.array(columns[6], dtype=np.float64),
        customers=np.array(columns[7], dtype=np.int64),
        info={
            "cutoff": judgements[0].cutoff,
            "resamples": resamples,
            "seed": seed,
            "left_out": {name: why for one in judgements for name, why in one.left_out.items()},
            "implausible": implausible,
            **(info or {}),
        },
    )


def _metric_rows(group: Sequence[Judgement], resamples: int, seed: int) -> list[tuple[str, *Summary]]:
    """The rows of every method and metric, then the paired differences."""
    methods = [name for name in group[0].values if all(name in one.values for one in group)]
    metrics = list(group[0].values[methods[0]])
    total, count, whole = _customer_sums(group, methods, metrics)
    drawn = resample_sums(np.concatenate([total, count], axis=1), resamples, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        samples = drawn[:, : len(whole)] / drawn[:, len(whole) :]
        value = np.where(np.isnan(whole), total.sum(axis=0) / count.sum(axis=0), whole)
    judged = np.where(np.isnan(whole), (count > 0).sum(axis=0), len(total))
    rows: list[tuple[str, *Summary]] = []
    width = len(metrics)
    for i, method in enumerate(methods):
        mine = slice(i * width, (i + 1) * width)
        rows += _as_rows(method, metrics, value[mine], samples[:, mine], judged[mine])
    for i, method in enumerate(methods[1:], 1):
        mine = slice(i * width, (i + 1) * width)
        lead, paired = value[:width] - value[mine], samples[:, :width] - samples[:, mine]
        rows += [row for row in _as_rows(methods[0] + MINUS + method, metrics, lead, paired, judged[mine]) if row[3] == row[3]]  # noqa: PLR0124
    return rows


def _customer_sums(
    group: Sequence[Judgement], methods: Sequence[str], metrics: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """float64[customers, methods × metrics]: sums of values and how many; float64[methods × metrics] means of single values."""
    people = np.unique(np.concatenate([one.customer for one in group]))
    total, count = np.zeros((2, len(people), len(methods) * len(metrics)))
    whole = np.full(total.shape[1], np.nan)
    for column, (method, metric) in enumerate((a, b) for a in methods for b in metrics):
        given = [one.values[method][metric] for one in group]
        if metric in WHOLE:
            whole[column] = float(np.mean([value[0] for value in given]))
            continue
        for value, one in zip(given, group):
            known = ~np.isnan(value)
            place = np.searchsorted(people, one.customer[known])
            total[place, column] += value[known]
            count[place, column] += 1
    return total, count, whole


def _as_rows(
    method: str, metrics: Sequence[str], value: np.ndarray, samples: np.ndarray, judged: np.ndarray
) -> list[tuple[str, *Summary]]:
    low, high = bounds(samples)
    return [
        (method, metric, float(value[j]), float(low[j]), float(high[j]), int(judged[j])) for j, metric in enumerate(metrics)
    ]


def _calibration_rows(group: Sequence[Judgement], resamples: int, seed: int) -> list[tuple[str, *Summary]]:
    methods = [name for name in group[0].predictions if all(name in one.predictions for one in group)]
    return [
        (name, *row)
        for name in methods
        for row in summarise_calibration([one.predictions[name] for one in group], resamples, seed)
    ]
