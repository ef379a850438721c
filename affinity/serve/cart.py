"""What completes a cart, from packed pairs: the rows of `affinity.ranking.complete_cart` without looking at every product."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import numpy as np

from affinity.eligibility import make_rules
from affinity.packed import Packed
from affinity.ranking.also_bought import leaning_cosine
from affinity.ranking.cart import POPULARITY
from affinity.ranking.choice import Likeness, choose_rows
from affinity.ranking.kinds import name_kinds_in_cart
from affinity.tables import Eligibility
from affinity.tables.families import shared_families

Row = tuple[int, float, int]

_PAIR = ("rows", "product", "lift_eb", "lift_eb_lower", "lift_eb_upper", "count")


class CartCompleter:
    """Completes carts of one release."""

    def __init__(self, packed: Packed) -> None:
        a = packed.arrays
        self._packed, self._arrays = packed, a
        self._pairs: list[Any] = [a[f"pair_{name}"].data for name in _PAIR]
        self._settings = packed.settings.ranking
        self._baskets = np.asarray(a["product_baskets"])
        self._category = np.asarray(a["product_category_code"])
        self._popularity = POPULARITY * self._baskets / max(packed.facts["baskets"], 1)
        bought = np.flatnonzero(packed.buyers.count > 0).astype(np.int32)
        self._popular = bought[np.lexsort((bought, -self._popularity[bought]))]
        self._bought = packed.buyers.count > 0
        needs = np.diff(a["product_requires_indptr"]) > 0
        on_sale = a["judged_product_state"] < 0 if "judged_product_state" in a else a["product_available"]
        self._for_guests = on_sale & ~needs & self._bought
        self.family = shared_families(packed.products)
        self._cross_sell_only = make_rules(packed.settings.eligibility).same_family == "excluded"

    def pair(self, antecedent: int, consequent: int) -> tuple[float, float, float, int] | None:
        """(shrunk lift, its 5 % and 95 % bounds, orders) of a pair, None where it was not measured."""
        rows, product, lift, lower, upper, orders = self._pairs
        end = rows[antecedent + 1]
        edge = bisect_left(product, consequent, rows[antecedent], end)
        if edge == end or product[edge] != consequent:
            return None
        return lift[edge], lower[edge], upper[edge], orders[edge]

    def kinds(self, product: list[int], cart: list[int], customer: int, judged: Eligibility | None) -> list[str]:
        """Cross-sell, upsell or repurchase of each product beside a cart, as `affinity.ranking` names them."""
        if not product:
            return []
        nobody, owned = np.empty(0, np.int32), np.empty(0, np.int32)
        if customer >= 0:
            owned = self._packed.owned_by(customer) if judged is None else judged.product[judged.owned]
        held = np.array(cart, dtype=np.int32) if cart else nobody
        return list(name_kinds_in_cart(np.array(product, dtype=np.int32), held, owned, self.family))

    def complete(self, cart: list[int], judged: Eligibility | None, limit: int, keep: np.ndarray | None) -> list[Row]:
        """(product, score, product of the cart that adds most or −1) of the best ``limit``, best first.

        judged : the eligibility of the customer, as the customer with code 0; None: a guest, or nobody was judged
        keep : bool by product, which may be shown at all; None: all. Of a release whose settings ask for diversity or caps,
        the choice is made among all products, as the batch does.
        """
        held = np.unique(np.array(cart, dtype=np.int32))
        reached, total, best = self._score(held)
        near: np.ndarray | None = None
        if len(reached) == 0:
            near = np.isin(self._category, self._category[held][self._category[held] >= 0])
        allowed = self._allowed(judged)
        if self._cross_sell_only:
            other = (self.family < 0) | ~np.isin(self.family, self.family[held])
            keep = other if keep is None else keep & other
        open_ = _among(allowed, held, keep)
        spread = self._settings.diversity > 0 or self._settings.max_per_category is not None
        score, mine = self._popularity[reached] + total, np.flatnonzero(open_(reached))
        if not spread:  # with the pairs' products in the order of the batch, those behind the limit are not looked at
            mine = mine[np.lexsort((reached[mine], -score[mine]))[:limit]]
        rows = list(zip(reached[mine].tolist(), score[mine].tolist(), held[best[mine]].tolist()))
        wanted = len(self._popular) if spread else limit
        if not self._settings.require_evidence:
            rows += self._fill(reached, near, open_, wanted)
        first = near if near is not None else np.zeros(len(self._category), dtype=bool)
        rows.sort(key=lambda row: (not first[row[0]], -row[1], row[0]))
        return self._spread(rows, limit) if spread else rows[:limit]

    def _score(self, held: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(products that the cart's pairs speak for, rising; Σ of squared cosines; place in the cart of the largest)."""
        a, least = self._arrays, self._settings.min_evidence
        pieces = []
        for code in held.tolist():
            begin, end = a["pair_rows"][code : code + 2].tolist()
            count, product = a["pair_count"][begin:end], a["pair_product"][begin:end]
            speaks = (a["pair_lift_eb_lower"][begin:end] > 1.0) & (count >= least)
            product = product[speaks]
            pieces.append((product, leaning_cosine(count[speaks], int(self._baskets[code]), self._baskets[product]) ** 2))
        if not pieces:
            return np.empty(0, np.int32), np.empty(0), np.empty(0, np.int64)
        reached, where = np.unique(np.concatenate([product for product, _ in pieces]), return_inverse=True)
        total, most, best = np.zeros(len(reached)), np.zeros(len(reached)), np.zeros(len(reached), np.int64)
        begin = 0
        for place, (product, share) in enumerate(pieces):
            at = where[begin : begin + len(product)]
            begin += len(product)
            total[at] += share  # in the order of the cart, as the batch adds them
            more = share > most[at]
            most[at[more]], best[at[more]] = share[more], place
        return reached, total, best

    def _allowed(self, judged: Eligibility | None) -> Callable[[np.ndarray], np.ndarray]:
        """Which products may be offered: to a guest those on sale that need nothing, to a customer the eligible ones."""
        if judged is None:
            return lambda codes: self._for_guests[codes]
        eligible = judged.states.index("eligible")
        owned = judged.states.index("owned") if "owned" in judged.states else -1

        def allowed(codes: np.ndarray) -> np.ndarray:
            nobody = np.zeros(len(codes), dtype=np.int64)
            state = judged.state_of(nobody, codes)
            may = state == eligible
            if self._settings.cart_may_hold_owned:
                again = judged.state_of(nobody, codes, masks_only=True) == eligible
                may |= (state == owned) & again
            return np.asarray(may & self._bought[codes])

        return allowed

    def _fill(
        self, reached: np.ndarray, near: np.ndarray | None, open_: Callable[[np.ndarray], np.ndarray], wanted: int
    ) -> list[Row]:
        """The first ``wanted`` popular products that no pair speaks for; those of the cart's categories (``near``) first."""
        popular = self._popular
        runs = [popular] if near is None else [popular[near[popular]], popular[~near[popular]]]
        found: list[int] = []
        for run in runs:
            begin, size = 0, 4 * wanted + len(reached) + 16
            while begin < len(run) and len(found) < wanted:
                some = run[begin : begin + size]
                some = some[~np.isin(some, reached)]
                found += some[open_(some)].tolist()
                begin, size = begin + size, 4 * size
        return [(code, float(self._popularity[code]), -1) for code in found[:wanted]]

    def _spread(self, rows: list[Row], limit: int) -> list[Row]:
        """The rows that diversity and caps on categories leave, in the order of their score."""
        n = len(self._category)
        likeness = Likeness(self._category, np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0))
        product = np.array([row[0] for row in rows], dtype=np.int32)
        chosen = choose_rows(
            np.zeros(len(rows), np.int32), product, np.array([row[1] for row in rows]), top_k=limit,
            settings=self._settings, likeness=likeness,
        )  # fmt: skip
        return [rows[place] for place in chosen.tolist()]


def _among(
    allowed: Callable[[np.ndarray], np.ndarray], held: np.ndarray, keep: np.ndarray | None
) -> Callable[[np.ndarray], np.ndarray]:
    """Which codes may be shown: allowed, not in the cart, kept by the filters."""

    def open_(codes: np.ndarray) -> np.ndarray:
        may = allowed(codes) & ~np.isin(codes, held)
        return may if keep is None else may & keep[codes]

    return open_
