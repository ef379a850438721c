"""Catalogue coverage: the share of the known products that any list shows."""

from __future__ import annotations

import numpy as np

from affinity.evaluate.judged import Judged


def coverage(judged: Judged) -> np.ndarray:
    """float64[1] in [0, 1]: distinct products in the first k places of all lists over products bought before."""
    known = int((judged.truth.buyers > 0).sum())
    shown = len(np.unique(judged.product[judged.product >= 0]))
    return np.array([shown / known if known else np.nan])
