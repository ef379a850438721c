"""Eligibility: one state for every customer × product, stored sparse.

Made by affinity.eligibility, read by conversion, ranking, metrics and campaigns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.families import OwnedFamilies
from affinity.tables.table import Table, check_lengths, pick_rows
from affinity.vocabulary import Vocabulary


def _no_rows() -> np.ndarray:
    return np.zeros(1, dtype=np.int64)


def _no_codes() -> np.ndarray:
    return np.empty(0, dtype=np.int32)


@dataclass(frozen=True, eq=False, repr=False)
class Eligibility(Table):
    """Who may be offered what. A pair has the first of ``states`` that holds for it; the last is "eligible".

    indptr, product, state : CSR customer × product of what each customer has of its own: "owned", "returned" or
                             "offered_recently"; state is an int8 index into ``states``
    product_state          : int8[n_products], state of the product for everybody (not_on_sale), −1 none
    customer_state         : int8[n_customers], state of the customer for everything (suppressed_*, …), −1 none
    plan                   : int32[n_customers], row of the customer's plan in the next two, −1 none
    plan_indptr, plan_product : CSR plan -> product codes that it excludes ("plan_excluded")
    requires_indptr, requires : CSR product -> product codes that must all be owned ("prerequisite_missing")
    family                 : int32[n_products], number of a family whose other products an owner of one is not offered
                             ("same_family"), −1 none; empty: families keep nothing out
    ledger                 : state -> number of (customer, product) pairs; adds up to customers × products
    notes                  : state -> a sentence on where its rule could not be applied

    The masks of plans, prerequisites and families would be dense as pairs, so `state_of` works them out where asked.
    """

    indptr: np.ndarray
    product: np.ndarray
    state: np.ndarray
    product_state: np.ndarray
    customer_state: np.ndarray
    customers: Vocabulary
    products: Vocabulary
    states: tuple[str, ...]
    ledger: Mapping[str, int] = field(default_factory=dict)
    plan: np.ndarray | None = None
    plan_indptr: np.ndarray = field(default_factory=_no_rows)
    plan_product: np.ndarray = field(default_factory=_no_codes)
    requires_indptr: np.ndarray = field(default_factory=_no_rows)
    requires: np.ndarray = field(default_factory=_no_codes)
    family: np.ndarray = field(default_factory=_no_codes)
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.customers), "customer_state", "plan")
        check_lengths(self, len(self.products), "product_state")

    def __len__(self) -> int:
        return len(self.ledger)

    def state_of(self, customer: np.ndarray, product: np.ndarray, *, masks_only: bool = False) -> np.ndarray:
        """int8[n]: the index into ``states`` of each pair of a customer and a product code, given as arrays.

        masks_only : as if neither the pair itself were stored (not owned, returned or recently offered) nor another of its
                     family owned: was the product open to the customer before he bought it?
        """
        customer, product = np.broadcast_arrays(np.asarray(customer, dtype=np.int64), np.asarray(product, dtype=np.int64))
        found = np.full(customer.shape, self.states.index("eligible"), dtype=np.int8)
        if not masks_only:
            found = self._own_state(customer, product)
        for state in (self.product_state[product], self.customer_state[customer]):
            np.minimum(found, state, out=found, where=state >= 0)
        if len(self.plan_product) and self.plan is not None:
            excluded = _holds(self._plan_keys, self.plan[customer].astype(np.int64) * len(self.products) + product)
            _lower(found, excluded, self.states.index("plan_excluded"))
        if len(self.requires):
            _lower(found, self._lacks_prerequisite(customer, product), self.states.index("prerequisite_missing"))
        if len(self.family) and not masks_only:
            _lower(found, self.owned_families(self.family).holds(customer, product), self.states.index("same_family"))
        return found

    def owned_families(self, family: np.ndarray) -> OwnedFamilies:
        """Who owns, at as_of, a product of which of these families (int32[n_products], −1 none)."""
        return OwnedFamilies(family, self.indptr, self.product, self.owned)

    def allowed(self, customer: np.ndarray, product: np.ndarray) -> np.ndarray:
        """bool[n]: which pairs of a customer and a product code are eligible."""
        return self.state_of(customer, product) == self.states.index("eligible")

    def blocked(self, customer: int) -> np.ndarray:
        """int32, rising: the codes of the products that may not be offered to the customer with this code."""
        every = np.arange(len(self.products), dtype=np.int32)
        return every[~self.allowed(np.full(len(every), customer), every)]

    def for_customers(self, who: np.ndarray) -> Eligibility:
        """The states of the customers ``who`` (int32 codes, rising), whose codes are then their places; without the ledger."""
        indptr, rows = pick_rows(self.indptr, who)
        return replace(
            self,
            indptr=indptr,
            product=self.product[rows],
            state=self.state[rows],
            customer_state=self.customer_state[who],
            plan=None if self.plan is None else self.plan[who],
            customers=self.customers.take(who),
            ledger={},
        )

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """The ledger: state, pairs, note (where the rule of the state could not be applied)."""
        return {
            "state": np.array(list(self.ledger), dtype=object),
            "pairs": np.array(list(self.ledger.values()), dtype=np.int64),
            "note": np.array([self.notes.get(state) for state in self.ledger], dtype=object),
        }

    @cached_property
    def owned(self) -> np.ndarray:
        """bool, a stored pair: whether the product is owned."""
        return self.state == (self.states.index("owned") if "owned" in self.states else -1)

    @cached_property
    def _keys(self) -> np.ndarray:
        """int64, rising: customer × n_products + product of the stored pairs."""
        customer = np.repeat(np.arange(len(self.customers), dtype=np.int64), np.diff(self.indptr))
        return customer * len(self.products) + self.product

    @cached_property
    def _plan_keys(self) -> np.ndarray:
        plan = np.repeat(np.arange(len(self.plan_indptr) - 1, dtype=np.int64), np.diff(self.plan_indptr))
        return plan * len(self.products) + self.plan_product

    def _own_state(self, customer: np.ndarray, product: np.ndarray) -> np.ndarray:
        eligible = np.int8(self.states.index("eligible"))
        if len(self._keys) == 0:
            return np.full(customer.shape, eligible, dtype=np.int8)
        wanted = customer * len(self.products) + product
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[place] == wanted, self.state[place], eligible).astype(np.int8)

    def _lacks_prerequisite(self, customer: np.ndarray, product: np.ndarray) -> np.ndarray:
        needs = np.diff(self.requires_indptr)[product]
        lacks = np.zeros(product.shape, dtype=bool)
        rows = np.flatnonzero(needs)
        if len(rows) == 0:
            return lacks
        start = np.cumsum(needs[rows]) - needs[rows]
        within = np.arange(int(needs[rows].sum())) - np.repeat(start, needs[rows])
        required = self.requires[np.repeat(self.requires_indptr[product[rows]], needs[rows]) + within].astype(np.int64)
        held = self._own_state(np.repeat(customer[rows], needs[rows]), np.maximum(required, 0)) == self.states.index("owned")
        lacks[rows] = ~np.logical_and.reduceat(held & (required >= 0), start)  # an unknown product is owned by nobody
        return lacks


def _holds(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """bool: which of ``wanted`` are among ``keys`` (rising, at least one)."""
    return keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted


def _lower(found: np.ndarray, where: np.ndarray, state: int) -> None:
    np.minimum(found, np.int8(state), out=found, where=where)
