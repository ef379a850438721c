"""Bundles: products that go together, found as communities of the pair graph.

Made by affinity.graph, published by affinity.release. Sorted by bundle, then strength falling, then product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Bundles(Table):
    """One row a product of a bundle; a product is in one bundle at most.

    bundle   : int32 from 0, by the smallest label in it; product : int32
    strength : float64 ≥ 0, Σ ln lift_eb over the edges of the product to others of its bundle that hold up
    """

    bundle: np.ndarray
    product: np.ndarray
    strength: np.ndarray
    products: Vocabulary

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.bundle), "product", "strength")

    def __len__(self) -> int:
        return len(self.bundle)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """bundle, product_id, strength."""
        return {"bundle": self.bundle, "product_id": self.products.decode(self.product), "strength": self.strength}
