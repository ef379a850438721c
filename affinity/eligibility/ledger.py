"""The ledger: how many pairs are in each state, counted by groups of customers with the same masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.mapped import split_rows
from affinity.tables import Eligibility

#: Customers counted at once; bounds the memory.
CUSTOMERS_AT_ONCE = 1 << 17


def count_states(eligibility: Eligibility) -> dict[str, int]:
    """state -> pairs, in the order of states; adds up to customers × products exactly.

    Customers with the same plan and the same state of their own share every mask but prerequisites and families, so the
    grid is counted a group at a time: of each product, how many of the group lack a prerequisite, and how many of the
    others own another one of its family. Then the stored pairs move from the state that they would have had to their own.
    Customers are counted a block at a time.
    """
    total = np.zeros(len(eligibility.states), dtype=np.int64)
    for block in split_rows(len(eligibility.customers), CUSTOMERS_AT_ONCE):
        total += _count_block(eligibility.for_customers(np.arange(block.start, block.stop)))
    return {name: int(count) for name, count in zip(eligibility.states, total)}


def _count_block(eligibility: Eligibility) -> np.ndarray:
    """int64 a state: its pairs."""
    groups, group = _group_customers(eligibility)
    sizes = np.bincount(group, minlength=len(groups))
    total = np.zeros(len(eligibility.states), dtype=np.int64)
    needing = np.flatnonzero(np.diff(eligibility.requires_indptr)) if len(eligibility.requires) else np.empty(0, dtype=int)
    satisfied = _satisfied(eligibility, group, len(groups), needing)
    families = _FamilyOwners(eligibility, group)
    missing, same = (eligibility.states.index(name) for name in ("prerequisite_missing", "same_family"))
    for number, (plan, customer_state) in enumerate(groups.tolist()):
        state = _masked_states(eligibility, plan, customer_state)
        have = np.full(len(state), sizes[number])
        have[needing] = satisfied.all[number]
        of_family = families.of_group(number)
        of_family[needing] = satisfied.of_family[number]
        np.add.at(total, np.minimum(state, missing), sizes[number] - have)
        np.add.at(total, np.minimum(state, same), of_family)
        np.add.at(total, state, have - of_family)
    _move_own_pairs(eligibility, total)
    return total


def _group_customers(eligibility: Eligibility) -> tuple[np.ndarray, np.ndarray]:
    """The distinct (plan, customer state), and the group of each customer."""
    plan = np.full(len(eligibility.customers), -1) if eligibility.plan is None else eligibility.plan
    width = len(eligibility.states) + 1  # a state is −1 or a place among them
    both, group = np.unique((plan.astype(np.int64) + 1) * width + eligibility.customer_state + 1, return_inverse=True)
    return np.stack([both // width, both % width], axis=1) - 1, group


def _masked_states(eligibility: Eligibility, plan: int, customer_state: int) -> np.ndarray:
    """int64[n_products]: the state of each product for a customer of this group who has no pairs and every prerequisite."""
    eligible = eligibility.states.index("eligible")
    state = np.where(eligibility.product_state >= 0, eligibility.product_state, eligible).astype(np.int64)
    if plan >= 0:
        excluded = eligibility.plan_product[eligibility.plan_indptr[plan] : eligibility.plan_indptr[plan + 1]]
        state[excluded] = np.minimum(state[excluded], eligibility.states.index("plan_excluded"))
    return state if customer_state < 0 else np.minimum(state, customer_state)


@dataclass(frozen=True, eq=False)
class _Satisfied:
    """int64[n_groups, products with prerequisites]: customers who own every prerequisite; those of them who own the family."""

    all: np.ndarray
    of_family: np.ndarray


def _satisfied(eligibility: Eligibility, group: np.ndarray, n_groups: int, needing: np.ndarray) -> _Satisfied:
    found = _Satisfied(*(np.zeros((n_groups, len(needing)), dtype=np.int64) for _ in range(2)))
    if len(needing) == 0:
        return found
    customer = np.repeat(np.arange(len(eligibility.customers)), np.diff(eligibility.indptr))[eligibility.owned]
    product = eligibility.product[eligibility.owned]
    by = np.argsort(product, kind="stable")
    customer, start = customer[by], np.searchsorted(product[by], np.arange(len(eligibility.products) + 1))
    families = eligibility.owned_families(eligibility.family)
    for column, b in enumerate(needing.tolist()):
        required = np.unique(eligibility.requires[eligibility.requires_indptr[b] : eligibility.requires_indptr[b + 1]])
        if required[0] < 0:  # a prerequisite that nobody knows is owned by nobody
            continue
        owners = [customer[start[a] : start[a + 1]] for a in required.tolist()]
        holders, times = np.unique(np.concatenate(owners), return_counts=True)
        holders = holders[times == len(required)]
        found.all[:, column] = np.bincount(group[holders], minlength=n_groups)
        if len(eligibility.family):
            related = holders[families.holds(holders, np.full(len(holders), b))]
            found.of_family[:, column] = np.bincount(group[related], minlength=n_groups)
    return found


class _FamilyOwners:
    """How many customers of a group own something of the family of each product, that one included."""

    def __init__(self, eligibility: Eligibility, group: np.ndarray) -> None:
        self._family, self._n = eligibility.family, len(eligibility.products)
        self._width = int(self._family.max(initial=-1)) + 1
        number, family = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
        if self._width:
            number, family = eligibility.owned_families(self._family).of_customers(np.arange(len(eligibility.customers)))
        pairs = np.sort(number * max(self._width, 1) + family)
        pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]  # (customer, family), once
        self._group, self._of = group[pairs // max(self._width, 1)], pairs % max(self._width, 1)

    def of_group(self, number: int) -> np.ndarray:
        """int64[n_products] of the group with this number."""
        if not self._width:
            return np.zeros(self._n, dtype=np.int64)
        owners = np.bincount(self._of[self._group == number], minlength=self._width)
        return np.where(self._family >= 0, owners[self._family], 0)


def _move_own_pairs(eligibility: Eligibility, total: np.ndarray) -> None:
    """Move each stored pair from the state that the masks alone give it to the one it has."""
    customer = np.repeat(np.arange(len(eligibility.customers)), np.diff(eligibility.indptr))
    would = eligibility.state_of(customer, eligibility.product, masks_only=True)
    if len(eligibility.family):  # counted with the owners of the family, to which an owned product itself belongs
        related = eligibility.owned_families(eligibility.family).holds(customer, eligibility.product)
        np.minimum(would, np.int8(eligibility.states.index("same_family")), out=would, where=related)
    has = np.minimum(eligibility.state, would)  # its own state, unless a mask comes before
    total += np.bincount(has, minlength=len(total)) - np.bincount(would, minlength=len(total))
