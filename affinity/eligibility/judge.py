"""One state for every customer × product, without ever making the grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from affinity.eligibility.customer_states import customer_states
from affinity.eligibility.ledger import count_states
from affinity.eligibility.rules import EligibilityRules, make_rules
from affinity.errors import SettingsError
from affinity.settings import EligibilitySettings
from affinity.tables import Customers, Eligibility, Holdings, Offers, Products
from affinity.tables.order_lines import MICROSECONDS_A_DAY

Pairs = tuple[np.ndarray, np.ndarray]


def judge_eligibility(
    holdings: Holdings,
    *,
    products: Products,
    customers: Customers,
    offers: Offers | None = None,
    rules: EligibilityRules | EligibilitySettings | str = "retail",
    as_of_day: int | None = None,
    returned: Pairs | None = None,
) -> Eligibility:
    """Who may be offered what at ``as_of_day``, and the ledger of why not.

    A pair has the first state that holds: owned (and not lapsed: ``lasting_days`` after the last purchase),
    returned, not_on_sale (not available, or as_of outside its sale dates), plan_excluded, prerequisite_missing (not every
    required product owned), suppressed_opt_out, suppressed_ended, suppressed_<status>, tenure_too_short, health_too_low,
    usage_too_low, offered_recently, else eligible. The ledger adds up to customers × products.

    rules    : rules, settings or the name of a preset ("retail", "b2b_saas", "financial_services")
    returned : customers and products (int32 codes) bought and given back, see baskets.returned_pairs

    Facts that are unknown keep nobody out; the table's ``notes`` say which rules met them. Without ``as_of_day`` the
    rules that need a date are not applied, and noted.
    """
    holdings.products.require_same(products.products)
    holdings.customers.require_same(customers.customers)
    chosen = rules if isinstance(rules, EligibilityRules) else make_rules(rules)
    by_customer, suppressions, notes = customer_states(customers, holdings, chosen, as_of_day)
    states = (
        "owned", "returned", "not_on_sale", "plan_excluded", "prerequisite_missing", *suppressions,
        "offered_recently", "eligible",
    )  # fmt: skip
    if len(states) > 127:
        raise SettingsError(
            f"{len(suppressions)} states that suppress are too many.", do="Name at most 100 suppressed_statuses."
        )
    first = states.index(suppressions[0])
    offered, offer_notes = _offered_recently(offers, chosen, as_of_day)
    own = _own_pairs(holdings, _still_owned(holdings, products, as_of_day), returned, offered, states)
    plan, plan_indptr, plan_product, unknown = customers.plan_exclusions(products.products)
    plan_notes = (f"{unknown:,} products that plans exclude are not among the products",) if unknown else ()
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
        notes=notes + offer_notes + plan_notes,
    )
    return replace(table, ledger=count_states(table))


def _still_owned(holdings: Holdings, products: Products, as_of_day: int | None) -> np.ndarray:
    """bool[n_holdings]: not lapsed at as_of."""
    lasting = products.lasting_days[holdings.product]
    if as_of_day is None or holdings.clock != "day":
        return np.ones(len(holdings), dtype=bool)
    return np.isnan(lasting) | (holdings.last_at + lasting > as_of_day)


def _on_sale(products: Products, as_of_day: int | None) -> np.ndarray:
    if as_of_day is None:
        return products.available.astype(bool)
    begun = products.on_sale_from <= as_of_day  # −1, unknown, has begun
    return products.available & begun & ((products.on_sale_to < 0) | (products.on_sale_to > as_of_day))


def _offered_recently(offers: Offers | None, rules: EligibilityRules, as_of_day: int | None) -> tuple[Pairs, tuple[str, ...]]:
    nothing = (np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))
    if offers is None or not rules.recently_offered_days:
        return nothing, ()
    if as_of_day is None or offers.offered_at is None:
        return nothing, ("offered_recently is not applied: the offers or the order lines have no dates",)
    age = as_of_day - offers.offered_at // MICROSECONDS_A_DAY
    made = offers.treated & (offers.customer >= 0) & (offers.product >= 0)
    rows = made & (age >= 1) & (age <= rules.recently_offered_days)
    return (offers.customer[rows], offers.product[rows]), ()


def _own_pairs(
    holdings: Holdings, owned: np.ndarray, returned: Pairs | None, offered: Pairs, states: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """CSR (indptr, product, state) of owned, returned and recently offered pairs; a pair keeps its first state."""
    n_products = max(len(holdings.products), 1)
    sources = [
        ((holdings.customer[owned], holdings.product[owned]), "owned"),
        (returned if returned is not None else (holdings.product[:0], holdings.product[:0]), "returned"),
        (offered, "offered_recently"),
    ]
    key = np.concatenate([customer.astype(np.int64) * n_products + product for (customer, product), _ in sources])
    state = np.concatenate([np.full(len(pair[0]), states.index(name), dtype=np.int8) for pair, name in sources])
    by = np.lexsort((state, key)) if len(key) > np.count_nonzero(owned) else np.arange(len(key))  # holdings are sorted
    key, state = key[by], state[by]
    first = np.concatenate([[True], key[1:] != key[:-1]])[: len(key)]
    key, state = key[first], state[first]
    counts = np.bincount(key // n_products, minlength=len(holdings.customers))
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return indptr, (key % n_products).astype(np.int32), state
