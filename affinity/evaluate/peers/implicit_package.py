"""The package implicit: matrix factorisation and item-item neighbours (an optional extra)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy import sparse

from affinity.errors import MissingExtra
from affinity.evaluate.lists import Scorer
from affinity.evaluate.owned import owned_matrix, score_sums
from affinity.tables.landmark import Landmark
from affinity.threads import available_threads


def implicit_als(
    landmark: Landmark,
    *,
    factors: int = 64,
    regularization: float = 0.01,
    alpha: float = 10.0,
    iterations: int = 15,
    half_life_days: float | None = None,
    seed: int = 0,
) -> Scorer:
    """Alternating least squares on confidence 1 + alpha·weight (Hu, Koren & Volinsky 2008), score = user·item.

    The package runs its own threads and asks for BLAS on one; so it is run.
    """
    module = _package("als")
    options = {"factors": factors, "regularization": regularization, "alpha": alpha, "iterations": iterations}
    model, _ = _fit(module.AlternatingLeastSquares, landmark, half_life_days, random_state=seed, **options)
    users, items = np.asarray(model.user_factors), np.asarray(model.item_factors)
    return lambda who: users[who] @ items.T


def implicit_cosine(landmark: Landmark, *, neighbours: int = 20, half_life_days: float | None = None) -> Scorer:
    """CosineRecommender: Σ over owned A of weight·cosine, the ``neighbours`` nearest of each."""
    return _nearest("CosineRecommender", landmark, half_life_days, K=neighbours)


def implicit_bm25(
    landmark: Landmark, *, neighbours: int = 20, k1: float = 1.2, b: float = 0.75, half_life_days: float | None = None
) -> Scorer:
    """BM25Recommender: the same on BM25 weights."""
    return _nearest("BM25Recommender", landmark, half_life_days, K=neighbours, K1=k1, B=b)


def _nearest(name: str, landmark: Landmark, half_life_days: float | None, **options: Any) -> Scorer:
    model, owned = _fit(getattr(_package("nearest_neighbours"), name), landmark, half_life_days, **options)
    return score_sums(owned, sparse.csr_array(model.similarity))


def _package(module: str) -> Any:
    try:
        import implicit.cpu.als
        import implicit.nearest_neighbours
    except ModuleNotFoundError:
        raise MissingExtra("The package implicit is not installed.", do="pip install 'affinity-engine[peers]'") from None
    return implicit.cpu.als if module == "als" else implicit.nearest_neighbours


def _fit(make: Any, landmark: Landmark, half_life_days: float | None, **options: Any) -> tuple[Any, sparse.csr_array]:
    """A model fitted on what customers own, BLAS on one thread as the package demands, and that matrix."""
    from implicit.utils import ParameterWarning
    from threadpoolctl import threadpool_limits

    owned = owned_matrix(landmark.holdings, half_life_days)
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)  # of the package about a matrix that it made itself
        model = make(num_threads=available_threads(), **options)
        model.fit(sparse.csr_matrix(owned.astype(np.float32)), show_progress=False)
    return model, owned
