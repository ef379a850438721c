"""Product families: whether a product is more of what a customer owns (an upsell) or something else (a cross-sell).

Made from the product list; read by affinity.conversion, affinity.eligibility, affinity.fit and affinity.ranking.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.tables.holdings import Holdings
from affinity.tables.products import Products
from affinity.tables.table import once_a_table

#: Of a recommendation or a pair: another family; the same one; the very product that is owned (in a cart).
CROSS_SELL, UPSELL, REPURCHASE = "cross_sell", "upsell", "repurchase"


def family_codes(products: Products) -> np.ndarray:
    """int32[n_products]: number of the family of each product; a product whose family is not known is one by itself."""
    number: dict[object, int] = {}
    own = [code if family is None else str(family) for code, family in enumerate(products.family.tolist())]
    return np.array([number.setdefault(family, len(number)) for family in own], dtype=np.int32)


@once_a_table
def shared_families(products: Products) -> np.ndarray:
    """int32[n_products]: number of the family of each product, −1 where no other product is of it."""
    family = family_codes(products)
    return np.where(np.bincount(family, minlength=1)[family] > 1, family, -1).astype(np.int32)


def name_kinds(upsell: np.ndarray) -> np.ndarray:
    """object: "upsell" where true, else "cross_sell"."""
    names = np.array([CROSS_SELL, UPSELL], dtype=object)
    return np.asarray(names[np.asarray(upsell).astype(np.int8)])


@dataclass(frozen=True, eq=False)
class OwnedFamilies:
    """Who owns a product of which family, looked up for the customers asked about: no members of families are written out.

    family          : int32[n_products], −1 none that another product is of (`shared_families`)
    indptr, product : CSR customer × product of what is owned (int64, int32)
    counts          : bool a row of the CSR, which of them count; None: all
    """

    family: np.ndarray
    indptr: np.ndarray
    product: np.ndarray
    counts: np.ndarray | None = None

    @classmethod
    def of(cls, holdings: Holdings, family: np.ndarray) -> OwnedFamilies:
        """The families of these holdings."""
        return cls(family, holdings.indptr, holdings.product)

    def holds(self, customer: np.ndarray, product: np.ndarray) -> np.ndarray:
        """bool[n]: whether each customer (code) owns a product of the family of each product, that one included."""
        customer, product = np.broadcast_arrays(np.asarray(customer, dtype=np.int64), np.asarray(product, dtype=np.int64))
        held = np.zeros(product.shape, dtype=bool)
        asked = np.flatnonzero(self.family[product] >= 0)
        if len(asked) == 0:
            return held
        who, place = _number(customer[asked])
        number, family = self.of_customers(who)
        if len(family):
            width = int(self.family.max()) + 1
            keys = np.sort(number * width + family)
            wanted = place * width + self.family[product[asked]]
            held[asked] = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
        return held

    def of_customers(self, who: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(int64 place in ``who``, int32 family) of every owned product of the customers ``who`` that shares a family."""
        sizes = np.diff(self.indptr)[who]
        number = np.repeat(np.arange(len(who), dtype=np.int64), sizes)
        rows = np.arange(int(sizes.sum())) + np.repeat(self.indptr[who] - (np.cumsum(sizes) - sizes), sizes)
        family = self.family[self.product[rows]]
        some = family >= 0 if self.counts is None else (family >= 0) & self.counts[rows]
        return number[some], family[some]


def _number(customer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(distinct customers, rising; int64 place of each row's among them); quick where the rows are sorted."""
    if (np.diff(customer) < 0).any():
        who, place = np.unique(customer, return_inverse=True)
        return who, place.reshape(-1)
    first = np.append(True, customer[1:] != customer[:-1])
    return customer[first], np.cumsum(first) - 1
