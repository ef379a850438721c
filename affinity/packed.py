"""A packed shop read in place, and the shop of one customer made from it.

`Packed.shop_of` gives `affinity.contexts` a shop that knows one customer and only the pairs that this customer's products
reach, so that the answer to a cart or an order is theirs and no second way of scoring exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from affinity.contexts import Facts, Shop
from affinity.history import History
from affinity.packing import CONVERSION_COLUMNS, PAIR_COLUMNS
from affinity.ranking import Buyers
from affinity.ranking.rank import DEFAULT_HORIZON_DAYS
from affinity.settings import Settings
from affinity.tables import (
    Baskets,
    Calibration,
    Conversion,
    Customers,
    Eligibility,
    FitModel,
    Holdings,
    Landmark,
    Offers,
    OrderLines,
    PairGraph,
    Products,
)
from affinity.tables.landmark import SegmentScores
from affinity.tables.order_lines import MICROSECONDS_A_DAY
from affinity.tables.transitions import SquareCounts, Transitions
from affinity.vocabulary import Vocabulary


class Arrays(Protocol):
    """Packed arrays by name, texts by list and position."""

    def __getitem__(self, name: str, /) -> np.ndarray: ...

    def __contains__(self, name: object, /) -> bool: ...

    def texts(self, name: str) -> list[str]:
        """Every text of a list."""


@dataclass(frozen=True, eq=False)
class ServedShop(Shop):
    """The shop of one customer; its figures of the whole shop are those of the release."""

    everybody: Buyers = field(default_factory=lambda: Buyers(np.empty(0, np.int64), 0))

    @property
    def buyers(self) -> Buyers:
        """How many customers of the whole shop own each product."""
        return self.everybody


class Packed:
    """A packed shop, read in place; what does not depend on the customer is made once."""

    def __init__(self, arrays: Arrays, facts: Mapping[str, Any]) -> None:
        """facts : the plain values of `affinity.packing.pack_shop`"""
        self.arrays, self.facts = arrays, facts
        self.settings = Settings.from_mapping(facts["settings"])
        self._labels: dict[str, np.ndarray] = {}

    @property
    def has_model(self) -> bool:
        """Whether the shop can say what comes after an order."""
        return "model" in self.facts

    @cached_property
    def products(self) -> Products:
        """The products of the shop."""
        return Products(Vocabulary("product", self.arrays.texts("product")), **self._fields("product", Products))

    @cached_property
    def buyers(self) -> Buyers:
        """How many customers own each product."""
        return Buyers(self.arrays["product_buyers"], self.facts["buyers"])

    def eligibility_of(self, code: int) -> Eligibility | None:
        """What the release knew of one customer's eligibility, as the customer with code 0; None where nobody was judged."""
        if "states" not in self.facts:
            return None
        columns = self._fields("judged", Eligibility)
        rows = slice(*columns["indptr"][code : code + 2].tolist())
        columns |= {name: columns[name][rows] for name in ("product", "state")}
        columns |= {name: columns[name][code : code + 1] for name in ("customer_state", "plan") if name in columns}
        columns["indptr"] = np.array([0, rows.stop - rows.start], dtype=np.int64)
        people, products = Vocabulary("customer", ["asked"]), self.products.products
        return Eligibility(**columns, customers=people, products=products, states=tuple(self.facts["states"]))

    def owned_by(self, code: int) -> np.ndarray:
        """int32 codes of the products that a customer has bought and not given back."""
        return self.arrays["held_product"][_rows(self.arrays, "held", code)]

    def whole_shop(self) -> ServedShop:
        """The shop with every customer who had bought, as it was when the release was made; its order lines are not in it.

        Of pairs and conversion it knows what reasons are written from; the ledger of eligibility is the release's own.
        """
        a, facts = self.arrays, self.facts
        code, every = a["customer_shop"], np.array(a.texts("customer"), dtype=object)
        labels = np.empty(len(a["held_rows"]) - 1, dtype=object)
        labels[code[code >= 0]] = every[code >= 0]
        people, products = Vocabulary("customer", labels), self.products.products
        held = Holdings(
            a["held_rows"], a["held_product"], a["held_first_at"], a["held_last_at"], a["held_times"], a["held_end"],
            people, products, facts["clock"],
        )  # fmt: skip
        steps = None
        if "step_rows" in a:
            who = np.repeat(np.arange(len(people), dtype=np.int32), np.diff(a["step_rows"]))
            none = np.zeros(len(who) + 1, np.int64)
            steps = Baskets(none, np.empty(0, np.int32), products, who, people, a["step_at"], facts["clock"], "customer_day")
        back = np.repeat(np.arange(len(people), dtype=np.int32), np.diff(a["returned_rows"])), a["returned_product"]
        past = History(self._no_lines(people), self._no_lines(people), steps, held, back)
        plans = {plan: tuple(excluded) for plan, excluded in facts["plan_excludes"].items()}
        customers = Customers(people, **self._fields("customer", Customers), plan_excludes=plans)
        judged = None
        if "states" in facts:
            judged = Eligibility(
                **self._fields("judged", Eligibility), customers=people, products=products, states=tuple(facts["states"])
            )
        reached = np.arange(len(products), dtype=np.int64)
        model = self._model
        learnt = None
        if model is not None:
            learnt = model, self._landmark_of(held, steps, a["customer_segment"])
        return ServedShop(
            past, Facts(self.products, customers, None), self.settings, self._graph(reached), self._conversion(reached), judged,
            learnt, everybody=self.buyers,
        )  # fmt: skip

    def _fields(self, kind: str, table: type, rows: Any = ...) -> dict[str, Any]:
        """The arrays of a packed table by field (of all rows, or some), and its mappings of arrays."""
        keys = self.facts.get(f"{kind}_keys", {})
        found: dict[str, Any] = {}
        for column in (one.name for one in fields(table)):
            name = f"{kind}_{column}"
            if column in keys:
                found[column] = {key: self._column(f"{name}.{i}", rows) for i, key in enumerate(keys[column])}
            elif name in self.arrays or f"{name}.code" in self.arrays:
                found[column] = self._column(name, rows)
        return found

    def _column(self, name: str, rows: Any) -> np.ndarray:
        if name in self.arrays:
            return self.arrays[name][rows]
        if name not in self._labels:
            self._labels[name] = np.array([*self.arrays.texts(f"{name}.label"), None], dtype=object)
        return np.asarray(self._labels[name][self.arrays[f"{name}.code"][rows]])

    def shop_of(self, code: int, label: str, given: Iterable[int]) -> ServedShop:
        """A shop that knows the customer with this code (−1: a guest) as ``label``, and the pairs of what is owned or given."""
        people, held = Vocabulary("customer", [label]), self._holdings(code, label)
        reached = np.unique(np.concatenate([held.product, np.fromiter(given, np.int64)])).astype(np.int64)
        past = History(
            self._no_lines(people), self._no_lines(people), self._steps(code, people), held, self._pairs_of("returned", code)
        )
        facts = Facts(self.products, self._customer(code, people), self._offers(code, people))
        graph, conversion = self._graph(reached), self._conversion(reached)
        model = self._model
        learnt = None if model is None else (model, self._landmark(code, held, past.steps))
        return ServedShop(past, facts, self.settings, graph, conversion, None, learnt, everybody=self.buyers)

    def _no_lines(self, people: Vocabulary) -> OrderLines:
        codes, numbers = np.empty(0, np.int32), np.empty(0)
        return OrderLines(
            codes, codes, codes, numbers, numbers, np.empty(0, np.int64), Vocabulary("order", []), people,
            self.products.products, as_of_day=self.facts["as_of_day"],
        )  # fmt: skip

    def _holdings(self, code: int, label: str) -> Holdings:
        a, clock = self.arrays, self.facts["clock"]
        rows = _rows(a, "held", code)
        end = a["held_end"][code] if code >= 0 else self._last_end if clock == "day" else 0
        columns = {name: a[f"held_{name}"][rows] for name in ("product", "first_at", "last_at", "times")}
        indptr = np.array([0, rows.stop - rows.start], dtype=np.int64)
        return Holdings(
            indptr, **columns, end=np.array([end], np.int32), customers=Vocabulary("customer", [label]),
            products=self.products.products, clock=clock,
        )  # fmt: skip

    @cached_property
    def _last_end(self) -> int:
        return int(self.arrays["held_end"].max(initial=0))

    def _steps(self, code: int, people: Vocabulary) -> Baskets | None:
        if "step_rows" not in self.arrays:
            return None
        at = self.arrays["step_at"][_rows(self.arrays, "step", code)]
        n = len(at)
        return Baskets(
            np.zeros(n + 1, np.int64), np.empty(0, np.int32), self.products.products, np.zeros(n, np.int32), people, at,
            self.facts["clock"], "customer_day",
        )  # fmt: skip

    def _pairs_of(self, name: str, code: int) -> tuple[np.ndarray, np.ndarray]:
        product = self.arrays[f"{name}_product"][_rows(self.arrays, name, code)]
        return np.zeros(len(product), np.int32), product

    def _customer(self, code: int, people: Vocabulary) -> Customers:
        if code < 0:
            return Customers.bare(people)
        plans = {plan: tuple(labels) for plan, labels in self.facts["plan_excludes"].items()}
        return Customers(people, **self._fields("customer", Customers, slice(code, code + 1)), plan_excludes=plans)

    def _offers(self, code: int, people: Vocabulary) -> Offers | None:
        """The offers that the release counted as recent, made the day before as_of."""
        judged = self.eligibility_of(code) if code >= 0 else None
        if judged is None or self.facts["as_of_day"] is None:
            return None
        product = judged.product[judged.state == judged.states.index("offered_recently")]
        n = len(product)
        yes, day = np.ones(n, dtype=bool), (self.facts["as_of_day"] - 1) * MICROSECONDS_A_DAY
        none, unknown = np.full(n, -1, np.int32), np.full(n, np.nan)
        return Offers(
            np.arange(n).astype(object), np.zeros(n, np.int32), product, none, yes, yes, none.astype(np.int8),
            np.full(n, -1, np.int64), unknown, people, self.products.products, Vocabulary("campaign", []),
            np.full(n, day, np.int64),
        )  # fmt: skip

    def _graph(self, reached: np.ndarray) -> PairGraph:
        a, n = self.arrays, len(self.products)
        indptr, rows = _reach(a["pair_rows"], reached, n)
        count, lift, lower, upper = (a[f"pair_{name}"][rows] for name in PAIR_COLUMNS)
        return PairGraph(
            indptr, a["pair_product"][rows], count, count, a["product_baskets"], self.facts["baskets"], *(lift,) * 6,
            lift_eb=lift, lift_eb_lower=lower, lift_eb_upper=upper, owner_lift_eb=lift, q_value=lift,
            community=a["product_category_code"], products=self.products.products,
        )  # fmt: skip

    def _conversion(self, reached: np.ndarray) -> Conversion | None:
        a, n = self.arrays, len(self.products)
        if "converts_rows" not in a:
            return None
        indptr, rows = _reach(a["converts_rows"], reached, n)
        known = {name: a[f"converts_{name}"][rows] for name in CONVERSION_COLUMNS}
        unknown, none = np.full(len(rows), np.nan), np.zeros(len(rows), np.int64)
        days = a["converts_horizon_days"] if len(a["converts_horizon_days"]) else np.array([DEFAULT_HORIZON_DAYS], np.int32)
        return Conversion(
            antecedent=np.repeat(np.arange(n, dtype=np.int32), np.diff(indptr)), consequent=a["converts_product"][rows],
            horizon_days=np.repeat(days[:1], len(rows)), censored=none, baseline=unknown, median_days=unknown,
            offered=none, accepted=none, offer_rate=unknown, offer_lower=unknown, offer_upper=unknown,
            note=np.full(len(rows), None, dtype=object), products=self.products.products, **known,
        )  # fmt: skip

    @cached_property
    def _model(self) -> FitModel | None:
        if not self.has_model:
            return None
        a, facts = self.arrays, self.facts["model"]
        nothing = np.empty(0)
        return FitModel(
            a["edge_rows"], a["edge_product"], a["edge_weight"], self.products.products, facts["clock"], facts["half_life"],
            facts["blend"], facts["slope"], facts["customer_terms"], facts["intercept"],
            Calibration(nothing, nothing, np.empty(0, np.int64), 1.0, 0.0, None), facts["horizon_days"], {},
            a["like_rows"], a["like_product"], a["like_weight"],
        )  # fmt: skip

    def _landmark(self, code: int, held: Holdings, steps: Baskets | None) -> Landmark:
        place = self.arrays["customer_segment"][[code]] if code >= 0 else np.zeros(1, np.int32)
        return self._landmark_of(held, steps, np.asarray(place))

    def _landmark_of(self, held: Holdings, steps: Baskets | None, place: np.ndarray) -> Landmark:
        """What scores: the counts of the whole shop, and the segment (``place``) of each customer held."""
        return Landmark(None, held, steps, self._counts, segment=SegmentScores(place, self.arrays["segment_score"]))

    @cached_property
    def _counts(self) -> Transitions:
        """What the model counts of everybody; one object, so that what follows from it is worked out once."""
        a, facts = self.arrays, self.facts["model"]
        none = SquareCounts(np.zeros(len(self.products) + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))
        return Transitions(
            none, none, none, a["first_purchases"], a["recent_lines"], a["known_buyers"], self.products.products,
            facts["counts_clock"], *facts["half_lives"],
        )  # fmt: skip


def _rows(arrays: Arrays, name: str, code: int) -> slice:
    """The rows of a customer; none for a guest."""
    bounds = arrays[f"{name}_rows"]
    return slice(0, 0) if code < 0 else slice(int(bounds[code]), int(bounds[code + 1]))


def _reach(bounds: np.ndarray, reached: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(int64[n + 1] bounds, int64 rows) of only the antecedents ``reached``, rising."""
    sizes = np.zeros(n, dtype=np.int64)
    sizes[reached] = bounds[reached + 1] - bounds[reached]
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    start = np.repeat(bounds[reached] - indptr[reached], sizes[reached])
    return indptr, start + np.arange(int(indptr[-1]))
