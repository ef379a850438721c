"""One opened release as a server reads it: what to show in each context, from its serving arrays.

A shelf never changes. Lists for customers and products are those of the release; carts are worked out as
`affinity.ranking.complete_cart` does (sparsely: only what the cart's pairs reach, and the most popular), orders by
`affinity.contexts` on the packed shop. Product codes are positions in the sorted list of product ids.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from affinity.contexts import recommend_in
from affinity.packed import Packed
from affinity.ranking.evidence import BOUGHT_TOGETHER, POPULAR
from affinity.ranking.reasons import say_lift, say_popularity
from affinity.release import Release
from affinity.release.wording import say_to_shopper
from affinity.serve.cart import CartCompleter
from affinity.serve.question import Filters, Question


class Item(NamedTuple):
    """A product to show.

    because : code of the product that speaks for it, −1 none; score None: it only fills up; sentence : what was measured
    """

    product: int
    score: float | None
    reason_code: str
    sentence: str
    because: int
    is_fallback: bool
    kind: str | None


def _describe(ids: list[str], names: list[str], price: memoryview | None, code: int) -> dict[str, Any]:
    """What every answer tells of a product: its id, name and price."""
    return {"product_id": ids[code], "name": names[code], "price": None if price is None else _known(price[code])}


def _introduce(ids: list[str], names: list[str], said: tuple[str, int]) -> tuple[dict[str, Any], str]:
    """(evidence, words for shoppers) of a reason code and the code of the product that speaks, −1 none."""
    code, because = said
    if because < 0:
        return {"because": None}, say_to_shopper(code, None)
    return {"because": ids[because], "because_name": names[because]}, say_to_shopper(code, names[because])


class Made(dict[Any, Any]):
    """Values by key, each made when it is first asked for.

    ``make`` holds nothing of the shelf: without a circle the files of an old release are let go with its last answer.
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> Any:
        found = self[key] = self._make(key)
        return found


class Shelf:
    """What one release answers."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.id, self.as_of, self.rows = release.id, release.as_of, dict(release.manifest["rows"])
        self.arrays = release.serving
        self._ids = self.arrays.texts("product")
        self._names = [name or label for name, label in zip(self.arrays.texts("product_name"), self._ids)]
        self._codes = {label: code for code, label in enumerate(self._ids)}
        facts = self.arrays.plain.get("shop")
        self.packed = None if facts is None else Packed(self.arrays, facts)
        self._cart = None if self.packed is None else CartCompleter(self.packed)
        price = self.arrays.view("product_price") if "product_price" in self.arrays else None
        self._price = price
        self.facts = Made(partial(_describe, self._ids, self._names, price))
        self.speakers = Made(partial(_introduce, self._ids, self._names))
        self._reason_codes = [*self.arrays.texts("reason_code"), ""]
        self._rows = self.arrays.view("customer_rows")
        self._fit = [self.arrays.view(f"fit_{name}") for name in _FIT]
        self.find_customer("")  # what a search begins with is read now

    def product(self, code: int) -> str:
        """The id of a product."""
        return self._ids[code]

    def name(self, code: int) -> str:
        """The name of a product, or its id."""
        return self._names[code]

    def price(self, code: int) -> float | None:
        """The price of a product, None unknown."""
        return None if self._price is None else _known(self._price[code])

    def find_products(self, ids: Collection[str]) -> tuple[list[int], list[str]]:
        """(codes of the known ids, each once; the unknown ids)."""
        if not ids:
            return [], []
        found = {label: self._codes.get(label, -1) for label in ids}
        return [code for code in found.values() if code >= 0], [label for label, code in found.items() if code < 0]

    def find_customer(self, label: str | None) -> int:
        """The code of a customer, −1 unknown or a guest."""
        return -1 if label is None else self.arrays.find("customer", label)

    def answer(self, question: Question, given: list[int], customer: int) -> list[Item]:
        """The items of a question, best first, at most ``limit``; ``given`` are the known products of the context."""
        out, _ = self.find_products(question.exclude_ids)
        keep = self._keeper(question.filters, out)
        buyer = int(self.arrays["customer_shop"][customer]) if customer >= 0 and "customer_shop" in self.arrays else -1
        if question.context == "product":
            found = self._beside(given)
        elif question.context == "order_confirmation":
            found = self._after(given, buyer, question.customer_id)
        elif question.context == "customer" and customer >= 0:
            found = self._next(customer)
        else:
            cart = given if question.context == "cart" else []
            found = [] if self._cart is None else self._complete(cart, buyer, question.limit, keep)
        shown = found if keep is None else [item for item in found if keep[item.product]]
        if question.min_score is not None:
            shown = [item for item in shown if item.score is not None and item.score >= question.min_score]
        return shown[: question.limit]

    def warm(self) -> None:
        """Do once what the first question about an order would wait for."""
        if self.packed is not None and self.packed.has_model and len(self.packed.products):
            self._after([0], -1, None)

    def _next(self, customer: int) -> list[Item]:
        rows = slice(self._rows[customer], self._rows[customer + 1])
        product, value, code, because, alone = [column[rows].tolist() for column in self._fit]
        codes = [self._reason_codes[one] for one in code]
        said = self.arrays.sentences(rows)
        return list(map(Item, product, map(_known, value), codes, said, because, alone, self.arrays.kinds("fit", rows)))

    def _beside(self, given: list[int]) -> list[Item]:
        """Of several products: the best score of each companion, the products themselves left out."""
        best: dict[int, tuple[float, int, str | None]] = {}
        for code in given:
            rows = self.arrays.rows("bought", code)
            product, score = (self.arrays.view(f"bought_{name}")[rows].tolist() for name in ("product", "score"))
            for one, value, kind in zip(product, score, self.arrays.kinds("bought", rows)):
                if one not in given and (one not in best or value > best[one][0]):
                    best[one] = (value, code, kind)
        order = sorted(best, key=lambda product: (-best[product][0], product))
        found = ((product, *best[product]) for product in order)
        return [Item(p, score, BOUGHT_TOGETHER, self._say_pair(by, p), by, False, kind) for p, score, by, kind in found]

    def figures(self, antecedent: int, consequent: int) -> dict[str, float | int]:
        """What was measured of a pair: orders with both, shrunk lift and its bounds; empty where nothing was."""
        if antecedent < 0 or self._cart is None:
            return {}
        pair = self._cart.pair(antecedent, consequent)
        return {} if pair is None else {"orders": pair[3], "lift": pair[0], "lift_lower": pair[1], "lift_upper": pair[2]}

    def _say_pair(self, antecedent: int, consequent: int) -> str:
        said = f"Bought together with {self.name(antecedent)}"
        pair = None if self._cart is None else self._cart.pair(antecedent, consequent)
        return said if pair is None else f"{said}: {say_lift(*pair)}"

    def _complete(self, cart: list[int], customer: int, limit: int, keep: np.ndarray | None) -> list[Item]:
        assert self._cart is not None
        assert self.packed is not None
        judged = self.packed.eligibility_of(customer) if customer >= 0 else None
        items, rows = [], self._cart.complete(cart, judged, limit, keep)
        kinds = self._cart.kinds([product for product, _, _ in rows], cart, customer, judged)
        for (product, score, because), kind in zip(rows, kinds):
            if because >= 0:
                pair = self._cart.pair(because, product)
                assert pair is not None
                family = self._cart.family
                near = family[because] >= 0 and family[because] == family[product]
                held = f"{self.name(because)}, same family" if near else self.name(because)
                said = f"With {held} in the cart: bought together: {say_lift(*pair)}"
            else:
                said = say_popularity(int(self.packed.buyers.count[product]), self.packed.buyers.customers)
            code = POPULAR if because < 0 else BOUGHT_TOGETHER
            items.append(Item(product, score, code, said, because, because < 0, kind))
        return items

    def _after(self, given: list[int], customer: int, label: str | None) -> list[Item]:
        if self.packed is None or not self.packed.has_model or not given:
            return []
        who = label if customer >= 0 else None
        shop = self.packed.shop_of(customer, who or "guest", given)
        labels = shop.graph.products.labels
        recs: Any = recommend_in(shop, "order_confirmation", given=[labels[code] for code in given], customer=who)
        return [
            Item(product, _known(fit), code, said or "", because, alone, kind)
            for product, fit, code, said, because, alone, kind in zip(
                recs.product.tolist(), recs.fit.tolist(), recs.reason_code, recs.reason, recs.because.tolist(),
                recs.is_fallback.tolist(), recs.kind.tolist(),
            )
        ]  # fmt: skip

    def _keeper(self, filters: Filters, excluded: list[int]) -> np.ndarray | None:
        """bool by product code: may it be shown; None: all may."""
        if not excluded and not filters.asked:
            return None
        a = self.arrays
        keep = np.ones(len(a["product_offsets"]) - 1, dtype=bool)
        keep[excluded] = False
        if filters.asked and self.packed is None:
            return keep & False
        if filters.category:
            known = [code for code in (self._categories.get(label, -1) for label in filters.category) if code >= 0]
            keep &= np.isin(a["product_category_code"], known)
        if filters.price_min is not None:
            keep &= a["product_price"] >= filters.price_min
        if filters.price_max is not None:
            keep &= a["product_price"] <= filters.price_max
        if filters.available is not None:
            keep &= a["product_available"] == filters.available
        return keep

    @cached_property
    def _categories(self) -> dict[str, int]:
        return {label: code for code, label in enumerate(self.arrays.texts("category"))}


_FIT = ("product", "value", "reason_code", "because", "is_fallback")


def _known(value: float) -> float | None:
    return value if value == value else None  # noqa: PLR0124
