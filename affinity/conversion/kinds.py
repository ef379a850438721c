"""Cross-sell and upsell: whether B is of the product family of A."""

from __future__ import annotations

import numpy as np

from affinity.tables.families import family_codes, name_kinds

__all__ = ["count_tests", "family_codes", "is_upsell", "name_kinds"]


def is_upsell(family: np.ndarray | None, antecedent: np.ndarray, consequent: np.ndarray) -> np.ndarray:
    """bool: both products are of one family; without families none is."""
    if family is None:
        return np.zeros(len(antecedent), dtype=bool)
    return np.asarray(family[antecedent] == family[consequent])


def count_tests(family: np.ndarray | None, n_products: int) -> tuple[int, int]:
    """(ordered pairs of products of different families, ordered pairs within a family)."""
    sizes = np.ones(n_products, dtype=np.int64) if family is None else np.bincount(family)
    within = int((sizes * (sizes - 1)).sum())
    return n_products * (n_products - 1) - within, within
