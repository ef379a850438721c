"""What is compared: ours as it is, and peers with the few parameters that are tried at the validation landmark."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from affinity.evaluate import PEERS, Judgement, Ranked, judge
from affinity.evaluate.baselines.cosine import cosine
from affinity.evaluate.registry import load
from affinity.history import History
from affinity.settings import Settings
from affinity.tables import Landmark
from affinity.training import learn_fit

Parameters = dict[str, Any]
HALF_LIVES = (None, 120.0)


def _grid(**values: tuple[Any, ...]) -> list[Parameters]:
    return [dict(zip(values, chosen)) for chosen in product(*values.values())]


#: Peer -> what is tried. Half-lives are of what a customer owns (days; an order of a sequence counts as 40).
GRIDS: Mapping[str, list[Parameters]] = {
    "cosine, tuned": _grid(neighbours=(20, 100), half_life_days=(45.0, 120.0), trend=(0.0, 0.5)),
    "EASE^R": _grid(ridge=(100.0, 300.0, 1000.0), half_life_days=(120.0,)) + [{"ridge": 300.0, "half_life_days": None}],
    "SAR": _grid(similarity=("jaccard", "count"), half_life_days=(30.0, 120.0, None)),
    "implicit ALS": _grid(factors=(8, 32, 64), alpha=(1.0, 10.0), half_life_days=HALF_LIVES),
    "implicit BM25": _grid(neighbours=(20, 100), half_life_days=HALF_LIVES),
    "implicit cosine": _grid(neighbours=(20, 100), half_life_days=HALF_LIVES),
}


class Timed:
    """A recommender whose processor seconds are added up, those of its scorer too."""

    def __init__(self, method: Callable[[Landmark], Any]) -> None:
        self.method, self.seconds = method, 0.0

    def __call__(self, landmark: Landmark) -> Any:
        made = self._time(self.method, landmark)
        return made if isinstance(made, Ranked) else partial(self._time, made)

    def _time(self, function: Callable[[Any], Any], argument: Any) -> Any:
        start = time.process_time()
        made = function(argument)
        self.seconds += time.process_time() - start
        return made


def peer(name: str) -> Callable[..., Any]:
    """The function of a peer."""
    return cosine if name == "cosine, tuned" else load(PEERS[name])


def ours(then: History, settings: Settings) -> dict[str, Timed]:
    """fit: what `affinity recommend` ranks; closed form: its candidates by the closed form alone. Learnt once."""
    known: list[Any] = []

    def fit(blind: Landmark) -> Ranked:
        known[:] = [learn_fit(then, settings, blind)[1]]
        return Ranked(known[0].indptr, known[0].product, known[0].fit)

    def closed_form(blind: Landmark) -> Ranked:
        made = known[0]
        order = np.lexsort((made.product, -made.evidence, made.customer))
        return Ranked(made.indptr, made.product[order])

    return {"fit": Timed(fit), "closed form": Timed(closed_form)}


def choose(name: str, landmark: Landmark) -> tuple[Parameters, list[dict[str, Any]]]:
    """The parameters of ``name`` with the best NDCG@10 at a validation landmark (the first of equals), and what was tried."""
    tried: list[dict[str, Any]] = []
    for parameters in GRIDS[name]:
        judged = judge({name: partial(peer(name), **parameters)}, landmark, baselines=False)
        tried.append({"parameters": parameters, "ndcg": mean_ndcg(judged, name)})
    return max(tried, key=lambda one: one["ndcg"])["parameters"], tried


def mean_ndcg(judged: Judgement, name: str) -> float:
    return float(judged.values[name]["ndcg"].mean())
