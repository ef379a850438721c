"""Cross-sell and upsell: whether B is of the product family of A."""

from __future__ import annotations

import numpy as np

from affinity.tables.products import Products

CROSS_SELL, UPSELL = "cross_sell", "upsell"


def family_codes(products: Products) -> np.ndarray:
    """int32[n_products]: number of the family of each product; a product whose family is not known is one by itself."""
    number: dict[object, int] = {}
    own = [code if family is None else str(family) for code, family in enumerate(products.family.tolist())]
    return np.array([number.setdefault(family, len(number)) for family in own], dtype=np.int32)


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


def name_kinds(upsell: np.ndarray) -> np.ndarray:
    """object: "upsell" or "cross_sell" a row."""
    names = np.array([CROSS_SELL, UPSELL], dtype=object)
    return np.asarray(names[upsell.astype(np.int8)])
