"""Metrics of customers: how many hold several products, added one, or were cross-sold in the window."""

from __future__ import annotations

import numpy as np

from affinity.mapped import split_rows
from affinity.metrics.facts import Facts
from affinity.metrics.tally import Tally, Undefined, join_notes

_NO_CUSTOMERS = "NO_CUSTOMERS: the order lines name no customers"
_NO_DATES = "NO_DATES: without dates nothing tells what was bought later"
_NO_COMPLEMENT = "NO_COMPLEMENT: there is only one product family"


def count_multi_product(facts: Facts) -> Tally | Undefined:
    """Active customers who hold at least 2 families / active customers."""
    return _among_active(facts, facts.held >= 2)


def count_third_given_second(facts: Facts) -> Tally | Undefined:
    """Active customers who hold at least 3 families / at least 2."""
    return _among_active(facts, facts.held >= 3, facts.held >= 2)


def count_post_initial(facts: Facts) -> Tally | Undefined:
    """Active customers who added a family after their first purchase (a later day or order) / active customers."""
    if facts.lines.clock is None:
        return Undefined(_NO_DATES, facts.until)
    return _among_active(facts, _has(facts, facts.added))


def count_cross_sold(facts: Facts) -> Tally | Undefined:
    """Customers present at the start of the window who added a family in it / customers present at its start."""
    if (missing := _no_window(facts)) is not None:
        return missing
    return _share(_has(facts, _first_in_window(facts)), facts.present_at_start, facts.window, facts.family_note)


def count_upsold(facts: Facts) -> Tally | Undefined:
    """Customers present at the start who bought in the window a further product of a family they owned / customers present."""
    if not facts.has_families:
        return Undefined("NO_FAMILIES: without product families there is no upsell", facts.window)
    if (missing := _no_window(facts, alone=True)) is not None:
        return missing
    buyers = facts.by_product.customer[facts.upsold]
    upsold = np.bincount(buyers, minlength=len(facts.lines.customers)) > 0
    return _share(upsold, facts.present_at_start, facts.window)


def count_eligible_converted(facts: Facts) -> Tally | Undefined:
    """Of the customers present at the start who could be sold something, those who added a family in the window.

    Could be sold: not suppressed, and at the start without at least one family that is on sale. What they added must have
    been open to them (sale, plan, prerequisites). Rules are those of the eligibility at as_of; without one all may buy all.
    """
    if (missing := _no_window(facts)) is not None:
        return missing
    start, pairs = facts.start_day, facts.by_family
    assert start is not None
    base, bought, note = facts.present_at_start, _first_in_window(facts), "no eligibility given: everything was open to all"
    on_sale = np.ones(facts.n_families, dtype=bool)
    if facts.eligibility is not None:
        note = "rules as of the end of the window"
        base = base & (facts.eligibility.customer_state < 0)
        on_sale = np.bincount(facts.family, facts.eligibility.product_state < 0, minlength=facts.n_families) > 0
        bought &= _open_pairs(facts)
    owned = (pairs.first_at < start) & on_sale[pairs.item]
    base = base & (np.bincount(pairs.customer[owned], minlength=len(base)) < np.count_nonzero(on_sale))
    return _share(_has(facts, bought), base, facts.window, join_notes(note, facts.family_note))


def _open_pairs(facts: Facts) -> np.ndarray:
    """bool, a (customer, family): at least one product of it that the customer bought was open to the customer."""
    assert facts.eligibility is not None
    bought, families, n = facts.by_product, facts.by_family, facts.n_families
    found = np.zeros(len(families.customer), dtype=bool)
    for rows in split_rows(len(bought.customer)) if len(bought.customer) else ():
        customer, product = bought.customer[rows], bought.item[rows]
        states = facts.eligibility.state_of(customer, product, masks_only=True)
        is_open = states == facts.eligibility.states.index("eligible")
        first, last = np.searchsorted(families.customer, customer[0]), np.searchsorted(families.customer, customer[-1], "right")
        pairs = families.customer[first:last].astype(np.int64) * n + families.item[first:last]
        key = customer[is_open].astype(np.int64) * n + facts.family[product[is_open]]
        found[first + np.searchsorted(pairs, key)] = True
    return found


def _among_active(facts: Facts, which: np.ndarray, base: np.ndarray | None = None) -> Tally | Undefined:
    if len(facts.lines.customers) == 0:
        return Undefined(_NO_CUSTOMERS, facts.until)
    if facts.n_families < 2:
        return Undefined(_NO_COMPLEMENT, facts.until)
    return _share(which, facts.active if base is None else facts.active & base, facts.until, facts.family_note)


def _no_window(facts: Facts, *, alone: bool = False) -> Undefined | None:
    """Why there is no window; a single family is no reason when it may stand ``alone``."""
    if len(facts.lines.customers) == 0:
        return Undefined(_NO_CUSTOMERS, facts.window)
    if facts.start_day is None:
        return Undefined("NO_DATES: without dates there is no window", facts.window)
    return Undefined(_NO_COMPLEMENT, facts.window) if facts.n_families < 2 and not alone else None


def _first_in_window(facts: Facts) -> np.ndarray:
    assert facts.start_day is not None
    return facts.added & (facts.by_family.first_at >= facts.start_day)


def _has(facts: Facts, pairs: np.ndarray) -> np.ndarray:
    """bool[n_customers]: has one of the (customer, family) ``pairs``."""
    return np.bincount(facts.by_family.customer[pairs], minlength=len(facts.lines.customers)) > 0


def _share(which: np.ndarray, base: np.ndarray, window: str | None, note: str | None = None) -> Tally:
    who = np.arange(len(base), dtype=np.int32)
    return Tally((which & base).astype(float), base.astype(float), who, window=window, note=note)
