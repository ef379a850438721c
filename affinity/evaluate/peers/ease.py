"""EASE^R: a linear autoencoder without self-loops, in closed form."""

from __future__ import annotations

import numpy as np

from affinity.errors import TooLarge
from affinity.evaluate.lists import Scorer
from affinity.evaluate.owned import owned_matrix
from affinity.tables.landmark import Landmark

#: The Gram matrix is dense and inverted: more products do not fit.
MOST_PRODUCTS = 15_000


def ease(landmark: Landmark, *, ridge: float = 300.0, half_life_days: float | None = None) -> Scorer:
    """B = I − P·diag(1/diag(P)), P = (XᵀX + ridge·I)⁻¹, score = X·B.

    X : what customers own, decayed with ``half_life_days`` (None: 1). Over products somebody owns only.
    Dense: 4 bytes × products², inverted in float32. Raises TooLarge beyond 15,000 products. Source: Steck 2019.
    """
    from scipy.linalg import lapack

    holdings = landmark.holdings
    owned = owned_matrix(holdings, half_life_days).astype(np.float32)
    used = np.flatnonzero(np.bincount(holdings.product, minlength=len(holdings.products)))
    if len(used) > MOST_PRODUCTS:
        raise TooLarge(
            f"EASE^R inverts a dense matrix of {len(used):,} products.",
            why=f"More than {MOST_PRODUCTS:,} need over {4 * MOST_PRODUCTS**2 / 1e9:.1f} GB a copy.",
            do="Compare on a part of the catalogue.",
        )
    owned = owned[:, used]
    gram = np.asfortranarray((owned.T @ owned).toarray())
    gram[np.diag_indices_from(gram)] += np.float32(ridge)
    factor, _ = lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    weight = np.tril(inverse) + np.tril(inverse, -1).T
    weight /= -np.diag(weight).copy()[None, :]
    np.fill_diagonal(weight, 0.0)

    def score(who: np.ndarray) -> np.ndarray:
        block = np.zeros((len(who), len(holdings.products)))
        block[:, used] = owned[who] @ weight
        return block

    return score
