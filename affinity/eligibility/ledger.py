"""The ledger: how many pairs are in each state, counted by groups of customers with the same masks."""

from __future__ import annotations

import numpy as np

from affinity.tables import Eligibility


def count_states(eligibility: Eligibility) -> dict[str, int]:
    """state -> pairs, in the order of states; adds up to customers × products exactly.

    Customers with the same plan and the same state of their own share every mask but the prerequisites, so the grid is
    counted a group at a time; prerequisites are counted from their owners; then the stored pairs move from
    the state that they would have had to their own.
    """
    groups, group = _group_customers(eligibility)
    sizes = np.bincount(group, minlength=len(groups))
    total = np.zeros(len(eligibility.states), dtype=np.int64)
    satisfied = _satisfied(eligibility, group, len(groups))
    missing = eligibility.states.index("prerequisite_missing")
    needs = np.diff(eligibility.requires_indptr) > 0 if len(eligibility.requires) else None
    for number, (plan, customer_state) in enumerate(groups.tolist()):
        state = _masked_states(eligibility, plan, customer_state)
        if needs is None:
            total += sizes[number] * np.bincount(state, minlength=len(total))
            continue
        total += sizes[number] * np.bincount(state[~needs], minlength=len(total))
        have = satisfied[number]
        np.add.at(total, state[needs], have)
        np.add.at(total, np.minimum(state[needs], missing), sizes[number] - have)
    _move_own_pairs(eligibility, total)
    return {name: int(count) for name, count in zip(eligibility.states, total)}


def _group_customers(eligibility: Eligibility) -> tuple[np.ndarray, np.ndarray]:
    """The distinct (plan, customer state), and the group of each customer."""
    plan = np.full(len(eligibility.customers), -1) if eligibility.plan is None else eligibility.plan
    both = np.stack([plan.astype(np.int64), eligibility.customer_state.astype(np.int64)], axis=1)
    groups, group = np.unique(both, axis=0, return_inverse=True)
    return groups, group.reshape(-1)


def _masked_states(eligibility: Eligibility, plan: int, customer_state: int) -> np.ndarray:
    """int64[n_products]: the state of each product for a customer of this group who has no pairs and every prerequisite."""
    eligible = eligibility.states.index("eligible")
    state = np.where(eligibility.product_state >= 0, eligibility.product_state, eligible).astype(np.int64)
    if plan >= 0:
        excluded = eligibility.plan_product[eligibility.plan_indptr[plan] : eligibility.plan_indptr[plan + 1]]
        state[excluded] = np.minimum(state[excluded], eligibility.states.index("plan_excluded"))
    return state if customer_state < 0 else np.minimum(state, customer_state)


def _satisfied(eligibility: Eligibility, group: np.ndarray, n_groups: int) -> np.ndarray:
    """int64[n_groups, products with prerequisites]: customers of the group who own every prerequisite."""
    if len(eligibility.requires) == 0:
        return np.zeros((n_groups, 0), dtype=np.int64)
    needing = np.flatnonzero(np.diff(eligibility.requires_indptr))
    owned = eligibility.state == eligibility.states.index("owned")
    customer = np.repeat(np.arange(len(eligibility.customers)), np.diff(eligibility.indptr))[owned]
    product = eligibility.product[owned]
    by = np.argsort(product, kind="stable")
    customer, start = customer[by], np.searchsorted(product[by], np.arange(len(eligibility.products) + 1))
    counts = np.zeros((n_groups, len(needing)), dtype=np.int64)
    for column, b in enumerate(needing.tolist()):
        required = np.unique(eligibility.requires[eligibility.requires_indptr[b] : eligibility.requires_indptr[b + 1]])
        if required[0] < 0:  # a prerequisite that nobody knows is owned by nobody
            continue
        owners = [customer[start[a] : start[a + 1]] for a in required.tolist()]
        holders, times = np.unique(np.concatenate(owners), return_counts=True)
        counts[:, column] = np.bincount(group[holders[times == len(required)]], minlength=n_groups)
    return counts


def _move_own_pairs(eligibility: Eligibility, total: np.ndarray) -> None:
    """Move each stored pair from the state that the masks alone give it to the one it has."""
    customer = np.repeat(np.arange(len(eligibility.customers)), np.diff(eligibility.indptr))
    has = eligibility.state_of(customer, eligibility.product)
    would = eligibility.state_of(customer, eligibility.product, masks_only=True)
    total += np.bincount(has, minlength=len(total)) - np.bincount(would, minlength=len(total))
