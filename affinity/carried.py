"""Lists carried over from the run before: a customer of whom nothing changed that ranking looks at has the same list.

What ranking looks at in a customer is compared value by value with what the run before saw; only the others are ranked.
Both runs must have the same learning behind them, the same settings and the same facts of the products.
"""

from __future__ import annotations

import numpy as np

from affinity.contexts import Shop, divide_customers, recommend_customers
from affinity.fit.features import customer_facts
from affinity.ranking import as_numbers, from_numbers, sum_shown
from affinity.settings import Settings
from affinity.state import Part, State
from affinity.tables import Recommendations
from affinity.vocabulary import Vocabulary

#: What ranking takes from the products; sale dates reach it through eligibility, names the sentences, which are written anew.
_PRODUCT = ("family", "tier", "category", "margin")


def recommend_changed(shop: Shop, learnt_key: str, state: State) -> Recommendations:
    """`recommend_customers`, where ``state`` has the lists of the run before: only those who changed are ranked anew."""
    seen = _look_at(shop)
    key = _key(shop.settings, learnt_key)
    before = state.load("lists", key)
    same = None if before is None else _unchanged(before, seen, shop)
    if before is None or same is None:
        found = recommend_customers(shop)
    else:
        people, products = shop.past.holdings.customers, shop.past.lines.products
        fresh = recommend_customers(shop, np.flatnonzero(~same).astype(np.int32))
        found = _merge(fresh, _Kept(before, same, people, products), shop)
        state.notes["lists"] = f"{int(same.sum()):,} of {len(people):,} customers' lists taken from the state"
    state.save("lists", key, Part(seen | as_numbers(found), {}))
    return found


def can_carry(settings: Settings) -> bool:
    """Whether nothing in a list, nor in what the lists cost together, depends on more than what is compared."""
    chosen = settings.ranking
    return settings.rank_by == "fit" and chosen.diversity == 0 and chosen.max_per_category is None


def _key(settings: Settings, learnt_key: str) -> str:
    chosen = settings.model_dump(mode="json", include={"ranking", "top_k", "rank_by", "fit", "eligibility", "horizon_days"})
    return f"{learnt_key} {sorted(chosen.items())}"


def _look_at(shop: Shop) -> dict[str, np.ndarray]:
    """All that ranking looks at besides what was learnt: by customer, by customer and product, and by product."""
    held, judged = shop.past.holdings, shop.judged
    _, now = shop.require_model()
    everybody = np.arange(len(held.customers))
    own = (np.zeros(len(held.customers) + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int8))
    state = np.full(len(held.customers), -1, dtype=np.int8)
    product_state = np.full(len(held.products), -1, dtype=np.int8)
    if judged is not None:
        own, state, product_state = (judged.indptr, judged.product, judged.state), judged.customer_state, judged.product_state
    segments = shop.buyers.segments
    seen = {
        "customers": held.customers.labels,
        "products": held.products.labels,
        "facts": customer_facts(now, everybody),
        "place": np.zeros(len(everybody), np.int32) if now.segment is None else now.segment.place,
        "popular place": np.full(len(everybody), -1, np.int32) if segments is None else segments.place,
        "end": held.end,
        "state": state,
        "held rows": held.indptr,
        "held product": held.product,
        "held last": held.last_at,
        "own rows": own[0],
        "own product": own[1],
        "own state": own[2],
        "product state": product_state,
    }
    products = shop.facts.products
    return seen | {f"product {name}": getattr(products, name) for name in _PRODUCT}


def _unchanged(before: Part, seen: dict[str, np.ndarray], shop: Shop) -> np.ndarray | None:
    """bool a customer of ``shop``: nothing that ranking looks at is new. None where a product or a plan changed."""
    old, judged = before.arrays, shop.judged
    if judged is not None and (len(judged.plan_product) or len(judged.requires)):
        return None  # what plans exclude and prerequisites ask for is not compared
    people, products = shop.past.holdings.customers, shop.past.lines.products
    good = products.encode(old["products"])
    if (good < 0).any() or any(not _equal(old[name], seen[name][good]) for name in seen if name.startswith("product ")):
        return None
    who = people.encode(old["customers"])
    there = np.flatnonzero(who >= 0)
    here = who[there]
    alike = np.ones(len(there), dtype=bool)
    for name in ("facts", "place", "popular place", "end", "state"):
        alike &= (old[name][there] == seen[name][here]).reshape(len(there), -1).all(axis=1)
    for rows, columns in (("held rows", ("held product", "held last")), ("own rows", ("own product", "own state"))):
        earlier = [good[old[name]] if name.endswith("product") else old[name] for name in columns]
        alike &= _equal_rows((old[rows], earlier, there), (seen[rows], [seen[name] for name in columns], here))
    same = np.zeros(len(people), dtype=bool)
    same[here[alike]] = True
    return same


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two columns hold the same values, NaN and None being values."""
    if one.dtype == object:
        return one.tolist() == other.tolist()
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


#: A CSR and the rows of it that are meant: indptr, columns, row numbers.
_Rows = tuple[np.ndarray, list[np.ndarray], np.ndarray]


def _equal_rows(one: _Rows, other: _Rows) -> np.ndarray:
    """bool a row: whether the rows of two CSRs hold the same, place by place."""
    begins = [table[0][table[2]] for table in (one, other)]
    sizes = [table[0][table[2] + 1] - begin for table, begin in zip((one, other), begins)]
    equal = sizes[0] == sizes[1]
    size = np.where(equal, sizes[0], 0)
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    places = [np.repeat(begin, size) + within for begin in begins]
    differ = np.zeros(len(within), dtype=bool)
    for first, second in zip(one[1], other[1], strict=True):
        differ |= first[places[0]] != second[places[1]]
    equal[np.repeat(np.arange(len(size)), size)[differ]] = False
    return equal


class _Kept:
    """The rows of the run before of the customers who are the ``same``, in today's codes; they rise with the customer."""

    def __init__(self, before: Part, same: np.ndarray, people: Vocabulary, products: Vocabulary) -> None:
        self._old = before.arrays
        who = np.append(people.encode(self._old["customers"]), np.int32(-1))[self._old["customer"]]
        self._rows = np.flatnonzero((who >= 0) & np.append(same, False)[who])
        self.customer = who[self._rows]
        self._good = np.append(products.encode(self._old["products"]), np.int32(-1))  # code −1 stays −1

    def column(self, name: str) -> np.ndarray:
        if name == "customer":
            return self.customer
        column = self._old[name][self._rows]
        return self._good[column] if name in ("product", "because") else column


def _merge(fresh: Recommendations, kept: _Kept, shop: Shop) -> Recommendations:
    """The rows of both by customer; what adds up over the lists is added up as a run of everybody does."""
    n = len(shop.past.holdings.customers)
    sizes = [np.bincount(customer, minlength=n) for customer in (fresh.customer, kept.customer)]
    is_fresh = np.repeat(sizes[0] > 0, sum(sizes))
    every: dict[str, np.ndarray] = {}
    for name, column in as_numbers(fresh).items():
        every[name] = np.empty(len(is_fresh), dtype=column.dtype)
        every[name][is_fresh], every[name][~is_fresh] = column, kept.column(name)
    found = from_numbers(fresh, every)
    return sum_shown(found, divide_customers(np.arange(n, dtype=np.int32)))
