"""Cross-sell or upsell: whether a customer owns a product of the family of what is recommended."""

from __future__ import annotations

import numpy as np

from affinity.frames import WordColumn
from affinity.tables.eligibility import Eligibility
from affinity.tables.families import CROSS_SELL, REPURCHASE, UPSELL, OwnedFamilies, name_kinds, shared_families
from affinity.tables.holdings import Holdings
from affinity.tables.products import Products


def name_kinds_owned(
    customer: np.ndarray, product: np.ndarray, *, holdings: Holdings, products: Products, eligibility: Eligibility | None
) -> WordColumn:
    """ "upsell" where the customer (code) owns a product of the family of the product at as_of, else "cross_sell".

    Owned is what ``eligibility`` says, ownership that lapsed left out; without it, what ``holdings`` hold.
    """
    family = shared_families(products)
    owned = OwnedFamilies.of(holdings, family) if eligibility is None else eligibility.owned_families(family)
    return WordColumn.of(owned.holds(customer, product), (CROSS_SELL, UPSELL))


def name_kinds_in_cart(product: np.ndarray, cart: np.ndarray, owned: np.ndarray, family: np.ndarray) -> np.ndarray:
    """object: "repurchase" of what is owned, "upsell" of a family that is owned or in the cart, else "cross_sell".

    family : `shared_families` of the products
    """
    near = family[np.concatenate([cart, owned])]
    kinds = name_kinds((family[product] >= 0) & np.isin(family[product], near))
    kinds[np.isin(product, owned)] = REPURCHASE
    return kinds


def name_kinds_of_pairs(antecedent: np.ndarray, consequent: np.ndarray, products: Products | None) -> np.ndarray:
    """object: "upsell" where both products are of one family, else "cross_sell"."""
    if products is None:
        return name_kinds(np.zeros(len(antecedent), dtype=bool))
    return name_kinds(are_related(antecedent, consequent, shared_families(products)))


def are_related(antecedent: np.ndarray, consequent: np.ndarray, family: np.ndarray) -> np.ndarray:
    """bool: both products are of one of these families (int32[n_products], −1 none)."""
    return np.asarray((family[antecedent] >= 0) & (family[antecedent] == family[consequent]))
