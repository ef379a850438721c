"""One state for every customer × product, without ever making the grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from affinity.eligibility.customer_states import customer_states
from affinity.eligibility.ledger import count_states
from affinity.eligibility.rules import EligibilityRules, make_rules
from affinity.errors import SettingsError
from affinity.mapped import Growing, is_mapped, split_rows
from affinity.settings import EligibilitySettings
from affinity.tables import Customers, Eligibility, Holdings, Offers, Products
from affinity.tables.families import shared_families
from affinity.tables.order_lines import MICROSECONDS_A_DAY

Pairs = tuple[np.ndarray, np.ndarray]

#: Customers judged at once; bounds the memory, changes no answer.
CUSTOMERS_AT_ONCE = 1 << 18


def judge_eligibility(
    holdings: Holdings,
    *,
    products: Products,
    customers: Customers,
    offers: Offers | None = None,
    rules: EligibilityRules | EligibilitySettings | str = "retail",
    as_of_day: int | None = None,
    returned: Pairs | None = None,
    ledger: bool = True,
) -> Eligibility:
    """Who may be offered what at ``as_of_day``, and the ledger of why not.

    A pair has the first state that holds: owned (and not lapsed: ``lasting_days`` after the last purchase),
    returned, not_on_sale (not available, or as_of outside its sale dates), plan_excluded, prerequisite_missing (not every
    required product owned), same_family (another product of the family owned, where the rules exclude upsell),
    suppressed_opt_out, suppressed_ended, suppressed_<status>, suppressed_escalation, suppressed_renewal_at_risk,
    tenure_too_short, outside_best_time, health_too_low, usage_too_low, not_active, offered_recently, else eligible. The ledger
    adds up to customers × products.

    rules    : rules, settings or the name of a preset ("retail", "b2b_saas", "financial_services")
    returned : customers and products (int32 codes) bought and given back, see baskets.returned_pairs
    ledger   : count it (False for one customer's answer, which nobody counts)

    Facts that are unknown keep nobody out, and rules whose columns or dates are missing are not applied; ``notes`` and the
    ledger's note say so. Products that require each other in a circle can be offered to nobody; that is noted too.
    """
    holdings.products.require_same(products.products)
    holdings.customers.require_same(customers.customers)
    chosen = rules if isinstance(rules, EligibilityRules) else make_rules(rules)
    by_customer, suppressions, notes = customer_states(customers, holdings, chosen, as_of_day)
    states = (
        "owned", "returned", "not_on_sale", "plan_excluded", "prerequisite_missing", "same_family", *suppressions,
        "offered_recently", "eligible",
    )  # fmt: skip
    if len(states) > 127:
        raise SettingsError(
            f"{len(suppressions)} states that suppress are too many.", do="Name at most 100 suppressed_statuses."
        )
    first = states.index(suppressions[0])
    offered, not_offered = _offered_recently(offers, chosen, as_of_day)
    back = returned if returned is not None else (holdings.product[:0], holdings.product[:0])
    others = [(back, states.index("returned")), (offered, states.index("offered_recently"))]
    own = _own_pairs(holdings, products, as_of_day, others, states.index("owned"))
    plan, plan_indptr, plan_product, unknown = customers.plan_exclusions(products.products)
    plan_note = f"{unknown:,} products that plans exclude are not among the products" if unknown else None
    more = {"plan_excluded": plan_note, "prerequisite_missing": _unreachable(products), "offered_recently": not_offered}
    table = Eligibility(
        *own,
        product_state=np.where(_on_sale(products, as_of_day), -1, states.index("not_on_sale")).astype(np.int8),
        customer_state=np.where(by_customer >= 0, by_customer + first, -1).astype(np.int8),
        customers=holdings.customers,
        products=holdings.products,
        states=states,
        plan=plan,
        plan_indptr=plan_indptr,
        plan_product=plan_product,
        requires_indptr=products.requires_indptr,
        requires=products.requires,
        family=shared_families(products) if chosen.same_family == "excluded" else np.empty(0, dtype=np.int32),
        notes=notes | {state: note for state, note in more.items() if note},
    )
    return replace(table, ledger=count_states(table)) if ledger else table


def _still_owned(holdings: Holdings, rows: slice, products: Products, as_of_day: int | None) -> np.ndarray:
    """bool of some rows of ``holdings``: not lapsed at as_of."""
    if as_of_day is None or holdings.clock != "day":
        return np.ones(rows.stop - rows.start, dtype=bool)
    lasting = products.lasting_days[holdings.product[rows]]
    return np.isnan(lasting) | (holdings.last_at[rows] + lasting > as_of_day)


def _on_sale(products: Products, as_of_day: int | None) -> np.ndarray:
    if as_of_day is None:
        return products.available.astype(bool)
    begun = products.on_sale_from <= as_of_day  # −1, unknown, has begun
    return products.available & begun & ((products.on_sale_to < 0) | (products.on_sale_to > as_of_day))


def _offered_recently(offers: Offers | None, rules: EligibilityRules, as_of_day: int | None) -> tuple[Pairs, str | None]:
    nothing = (np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))
    if offers is None or not rules.recently_offered_days:
        return nothing, None
    if as_of_day is None or offers.offered_at is None:
        return nothing, "not applied: the offers or the order lines have no dates"
    age = as_of_day - offers.offered_at // MICROSECONDS_A_DAY
    made = offers.treated & (offers.customer >= 0) & (offers.product >= 0)
    rows = made & (age >= 1) & (age <= rules.recently_offered_days)
    return (offers.customer[rows], offers.product[rows]), None


def _unreachable(products: Products) -> str | None:
    """A note on products whose prerequisites nobody new can come to own: circles, and what nobody sells."""
    needing = np.flatnonzero(np.diff(products.requires_indptr))
    open_ = np.diff(products.requires_indptr) == 0
    waiting = {b: products.requires[products.requires_indptr[b] : products.requires_indptr[b + 1]] for b in needing.tolist()}
    while reached := [b for b, required in waiting.items() if (required >= 0).all() and open_[required].all()]:
        open_[reached] = True
        for b in reached:
            del waiting[b]
    if not waiting:
        return None
    named = ", ".join(str(products.products.labels[b]) for b in list(waiting)[:5])
    return (
        f"{len(waiting):,} products can be offered only to those who own what they require already: that is not sold, or they "
        f"require one another in a circle ({named})"
    )


def _own_pairs(
    holdings: Holdings, products: Products, as_of_day: int | None, others: list[tuple[Pairs, int]], owned_state: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """CSR (indptr, product, state) of owned pairs and of ``others`` (with their states); a pair keeps its first state."""
    n_products, n = max(len(holdings.products), 1), len(holdings.customers)
    customer = np.concatenate([pair[0] for pair, _ in others])
    by = np.argsort(customer, kind="stable")
    product = np.concatenate([pair[1] for pair, _ in others])[by]
    state = np.concatenate([np.full(len(pair[0]), state, dtype=np.int8) for pair, state in others])[by]
    customer = customer[by]
    may_map = is_mapped(holdings.product)
    found = Growing(np.int64, may_map), Growing(np.int32, may_map), Growing(np.int8, may_map)
    for block in split_rows(n, CUSTOMERS_AT_ONCE):
        rows = slice(*holdings.indptr[[block.start, block.stop]].tolist())
        more = slice(*np.searchsorted(customer, (block.start, block.stop)).tolist())
        owned = _still_owned(holdings, rows, products, as_of_day)
        who = np.repeat(np.arange(block.stop - block.start), np.diff(holdings.indptr[block.start : block.stop + 1]))[owned]
        keys = [who * n_products + holdings.product[rows][owned]]
        keys.append((customer[more].astype(np.int64) - block.start) * n_products + product[more])
        key, first_state = np.concatenate(keys), np.concatenate([np.full(len(who), owned_state, np.int8), state[more]])
        if more.stop > more.start:  # holdings alone are sorted
            order = np.lexsort((first_state, key))
            key, first_state = key[order], first_state[order]
            first = np.concatenate([[True], key[1:] != key[:-1]])[: len(key)]
            key, first_state = key[first], first_state[first]
        sizes = np.bincount(key // n_products, minlength=block.stop - block.start)
        for column, values in zip(found, (sizes, key % n_products, first_state), strict=True):
            column.append(values)
    sizes, product, state = (column.whole() for column in found)
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), product, state
