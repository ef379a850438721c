"""Small tables for tests, made from plain rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from affinity.tables import Attribute, IngestReport, OrderLines
from affinity.tables.order_lines import MICROSECONDS_A_DAY
from affinity.vocabulary import Vocabulary


def make_lines(
    rows: Iterable[Sequence[Any]],
    clock: str | None = "day",
    *,
    attributes: Mapping[str, Sequence[str | None]] | None = None,
    products: Sequence[str] | None = None,
    customers: Sequence[str] | None = None,
    as_of: str | None = None,
) -> OrderLines:
    """Order lines from rows (order, customer or None, product, date text or sequence number, quantity, price).

    quantity and price may be left out (1 and 1.0); without a clock the fourth place is ignored. ``products``
    and ``customers`` are labels the vocabularies hold beside those of the rows. A date text may carry a time
    ("2011-01-05T10:30"). ``as_of`` states the cut (nothing is left out here).
    """
    full = [(tuple(row) + (None,) * (6 - len(row))) for row in rows]
    order_ids, customer_ids, product_ids, when, quantity, price = ([row[i] for row in full] for i in range(6))
    orders = Vocabulary.of("order", order_ids)
    customer_words = Vocabulary.of("customer", [*(c for c in customer_ids if c is not None), *(customers or ())])
    product_words = Vocabulary.of("product", [*product_ids, *(products or ())])
    amount = np.array([1.0 if q is None else q for q in quantity], dtype=np.float64)
    unit = np.array([1.0 if p is None else p for p in price], dtype=np.float64)
    extra = {name: Vocabulary.of(name, [v for v in values if v is not None]) for name, values in (attributes or {}).items()}
    return OrderLines(
        order=orders.encode(order_ids),
        customer=customer_words.encode(customer_ids),
        product=product_words.encode(product_ids),
        quantity=amount,
        net_amount=amount * unit,
        row=np.arange(len(full), dtype=np.int64),
        orders=orders,
        customers=customer_words,
        products=product_words,
        ordered_at=microseconds(when) if clock == "day" else None,
        order_seq=np.array(when, dtype=np.int64) if clock == "order" else None,
        attributes={name: Attribute(words.encode((attributes or {})[name]), words) for name, words in extra.items()},
        as_of_day=None if as_of is None else int(microseconds([as_of])[0] // MICROSECONDS_A_DAY),
        report=IngestReport(rows_read=len(full), rows_kept=len(full), format="test"),
    )


def microseconds(texts: Iterable[str]) -> np.ndarray:
    """int64 µs since the epoch of ISO texts."""
    return np.array(list(texts), dtype="datetime64[us]").astype(np.int64)


def day_number(text: str) -> int:
    """Days since the epoch of an ISO date."""
    return int(np.datetime64(text, "D").astype(np.int64))


def make_offers(rows: Iterable[Sequence[Any]], customers: Vocabulary, products: Vocabulary, *, dated: bool = True) -> Any:
    """Offers from rows (customer, product or None, date text, accepted 1/0/None, campaign, treated, exposed).

    Places from the fourth on may be left out (accepted not recorded, no campaign, treated, exposed).
    """
    from affinity.tables import Offers

    blanks = (None, None, True, True)
    full = [(tuple(row) + blanks[len(row) - 3 :]) for row in rows]
    campaigns = Vocabulary.of("campaign", [row[4] for row in full if row[4] is not None])
    n = len(full)
    return Offers(
        offer=np.array([f"offer-{i}" for i in range(n)], dtype=object),
        customer=customers.encode([row[0] for row in full]),
        product=products.encode([row[1] for row in full]),
        campaign=campaigns.encode([row[4] for row in full]),
        exposed=np.array([row[6] for row in full], dtype=bool),
        treated=np.array([row[5] for row in full], dtype=bool),
        accepted=np.array([-1 if row[3] is None else row[3] for row in full], dtype=np.int8),
        accepted_at=np.full(n, -1, dtype=np.int64),
        cost=np.full(n, np.nan),
        customers=customers,
        products=products,
        campaigns=campaigns,
        offered_at=microseconds([row[2] for row in full]) if dated else None,
    )
