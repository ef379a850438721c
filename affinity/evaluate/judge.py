"""One landmark judged: every method's lists against what was then bought."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from affinity.errors import MissingExtra, TooLarge
from affinity.evaluate.calibrate import Predicted, collect_predictions
from affinity.evaluate.judged import Ranked, judge_lists
from affinity.evaluate.leaks import check_landmark
from affinity.evaluate.lists import Scorer, rank_scores
from affinity.evaluate.protocols import Protocol, know_truth, name_time
from affinity.evaluate.registry import BASELINES, METRICS, PEERS, REPEAT_BASELINES, load
from affinity.tables.landmark import Landmark

#: What a recommender is here: it may look at the landmark's tables and at nothing later (labels are taken off). It gives
#: lists, or a scorer, from which the lists are made here.
Recommender = Callable[[Landmark], Ranked | Scorer]


@dataclass(frozen=True, eq=False)
class Judgement:
    """The figures of every judged customer at one landmark.

    customer : int32[n]; values : method -> metric -> float64[n], or [1] for all lists together
    predictions : method -> its probabilities; left_out : method -> why it could not be run; baselines : built-in ones
    """

    at: str
    protocol: Protocol
    cutoff: int
    customer: np.ndarray
    values: Mapping[str, Mapping[str, np.ndarray]]
    predictions: Mapping[str, Predicted] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    baselines: tuple[str, ...] = ()


def judge(
    recommenders: Mapping[str, Recommender],
    landmark: Landmark,
    *,
    protocol: Protocol = "new_product",
    cutoff: int = 10,
    baselines: bool = True,
    peers: bool = False,
) -> Judgement:
    """Each recommender, the built-in baselines and, where asked for, the peers at a past landmark.

    landmark : with the labels of ``protocol``. Refused when it leaks (see `affinity.evaluate.leaks`).
    Methods that are not installed or do not fit are left out, with the reason; not the first, which the others are
    compared with. Raises MissingPart when nobody can be judged. Probabilities are judged where products new to the customer
    are, their horizon being that of the labels.
    """
    check_landmark(landmark, protocol)
    truth = know_truth(landmark, protocol)
    blind = replace(landmark, label_indptr=None, label_product=None, offered=None)
    named = dict(BASELINES) if baselines else {}
    named |= REPEAT_BASELINES if baselines and protocol == "next_basket" else {}
    methods: dict[str, Recommender] = {**recommenders, **{name: load(path) for name, path in named.items()}}
    methods |= {name: load(path) for name, path in PEERS.items()} if peers else {}
    values, predictions, left_out = {}, {}, {}
    first = next(iter(recommenders), None)
    for name, method in methods.items():
        try:
            made = method(blind)
        except (MissingExtra, TooLarge) as error:
            if name == first:
                raise
            left_out[name] = str(error)
            continue
        if not isinstance(made, Ranked):
            repeats = protocol == "next_basket"
            made = rank_scores(made, blind.holdings, truth.customer, places=cutoff, repeats=repeats)
        judged = judge_lists(made, truth, cutoff)
        values[name] = {metric: np.asarray(load(path)(judged), dtype=np.float64) for metric, path in METRICS.items()}
        found = collect_predictions(made, landmark, truth) if protocol == "new_product" else None
        if found is not None:
            predictions[name] = found
    return Judgement(
        name_time(landmark), protocol, cutoff, truth.customer, values, predictions, left_out, baselines=tuple(named)
    )
