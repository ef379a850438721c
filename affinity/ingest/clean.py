"""The rules that every order line passes, in SQL: what it must hold, and under which reason it is set aside.

A row goes under its first reason, in the order of REASONS. Returns are no defect: they stay as negative lines.
"""

from __future__ import annotations

from affinity.errors import InputError
from affinity.ingest.conventions import Draft, limit_quantity, set_non_products, set_returns
from affinity.ingest.dates import TimeReading
from affinity.ingest.numbers import read_number

#: Why a row is set aside -> what it means, in the order in which the reasons are tried.
REASONS = {
    "malformed_row": "a line that cannot be split into the columns of its header",
    "missing_order_id": "no order id",
    "missing_product_id": "no product id",
    "bad_date": "blank, unreadable, before 1970 (a placeholder such as 1900-01-01), or no whole order_seq",
    "bad_quantity": "blank, no number, not finite",
    "bad_price": "blank, no number, not finite, below zero (unit price or amount)",
    "zero_quantity": "a quantity of zero",
    "negative_quantity": "negative and not marked as a return, where the data mark returns",
    "no_price": "a unit price of zero: a gift or a correction is no sale",
    "non_product": "postage, bank charges, manual entries",
    "currency": "another currency than the one asked for",
    "duplicate": "repeats a row with the same line id, an event, or in every column if asked",
}

#: The same of the importers of known exports: tried before all reasons but malformed_row.
EXPORT_REASONS = {
    "cancelled": "the order or the line was cancelled, voided or expired",
    "refunded": "wholly taken back, where the export has no return line for it",
    "unpaid": "awaits its payment, or the payment failed",
    "test": "made in test mode",
    "deleted": "marked as deleted by the warehouse",
    "not_a_purchase": "an event that is neither purchase nor refund",
    "no_items": "an order or event without items",
    "no_order": "a line whose order is not in the orders table",
    "part_of_bundle": "a component whose parent line is counted",
    "proration": "a subscription's correction, no purchase",
    "renewal": "a product that the subscription holds already",
    "price_change": "the same product at a new price: an upsell, no new product",
}

#: Reasons that a user chose or that are no defect of the row: they do not offend ``strict``.
NO_DEFECT = frozenset({"non_product", "currency", "duplicate", *EXPORT_REASONS} - {"no_order"})


def make_rules(draft: Draft, time: TimeReading | None, repeats: int) -> None:
    """Decide every rule from the whole table ``staged`` and the settings; ``repeats`` rows are in the table of that name."""
    types, settings = draft.types, draft.settings

    def number(name: str, otherwise: str = "NULL") -> str:
        if name not in types:
            return f"{otherwise}::DOUBLE"
        reading = read_number(draft.bench, name, types[name])
        if reading.rule:
            draft.rules[name] = reading.rule
        return reading.sql

    set_non_products(draft)
    quantity = limit_quantity(draft, number("quantity", "1.0"))
    mark, only_marked = set_returns(draft, quantity)
    if time:
        draft.rules["time"] = time.rule
    if settings.currency and "currency" in types:
        draft.parameters["currency"] = settings.currency.strip().upper()
        draft.rules["currency"] = settings.currency
    draft.ctes = (
        f"typed AS (SELECT *, {quantity} AS q0, coalesce({mark}, false) AS marked, {number('unit_price')} AS p, "
        f"{number('net_amount')} AS a, {time.sql if time else 'NULL::TIMESTAMP'} AS t, {number('order_seq')} AS s "
        "FROM staged), "
        "signed AS (SELECT *, CASE WHEN marked THEN -abs(q0) ELSE q0 END AS q FROM typed), "
        f"ruled AS (SELECT *, CASE {_cases(draft, only_marked, repeats)} END AS reason FROM signed)"
    )


def _cases(draft: Draft, only_marked: bool, repeats: int) -> str:
    has = draft.types.keys()
    tests = {
        "missing_order_id": ["order_id IS NULL"],
        "missing_product_id": ["product_id IS NULL"],
        "bad_date": ["t IS NULL OR NOT isfinite(t) OR t < TIMESTAMP '1970-01-01'"] * ("ordered_at" in has)
        + ["s IS NULL OR NOT isfinite(s) OR s <> floor(s) OR abs(s) > 1e15"] * ("order_seq" in has),
        "bad_quantity": ["q IS NULL OR NOT isfinite(q)"],
        "bad_price": ["p IS NULL OR NOT isfinite(p) OR p < 0 OR NOT isfinite(p * q)"] * ("unit_price" in has)
        + ["a IS NULL OR NOT isfinite(a)"] * ("net_amount" in has)
        + ["a < 0 AND q > 0"] * ("net_amount" in has and "unit_price" not in has),
        "zero_quantity": ["q = 0"],
        "negative_quantity": ["q < 0 AND NOT marked"] * only_marked,
        "no_price": ["p = 0"] * ("unit_price" in has),
        "non_product": ["product_id IN (SELECT product_id FROM non_products)"],
        "currency": ["currency IS DISTINCT FROM $currency"] * ("currency" in draft.parameters),
        "duplicate": ['"row" IN (SELECT "row" FROM repeats)'] * (repeats > 0),
    }
    first = "WHEN set_aside IS NOT NULL THEN set_aside " if "set_aside" in has else ""
    return first + " ".join(
        f"WHEN {' OR '.join(f'({test})' for test in tests[reason])} THEN '{reason}'" for reason in REASONS if tests.get(reason)
    )


def check_currencies(draft: Draft) -> str | None:
    """The currency of the rows to be kept; InputError when they are in more than one and none was asked for."""
    rows = draft.bench.run(
        f"WITH {draft.ctes} SELECT currency, count(*) FROM ruled WHERE reason IS NULL GROUP BY 1 ORDER BY 2 DESC, 1",
        draft.parameters,
    )
    named = [(currency, count) for currency, count in rows if currency is not None]
    if len(named) > 1:
        shown = ", ".join(f"{currency} ({count:,} rows)" for currency, count in named[:10])
        raise InputError(
            f"The rows are in {len(named)} currencies: {shown}.",
            why="Amounts of different currencies cannot be added, and no rates are known.",
            do="Convert them first, or keep one with currency = in [ingest].",
        )
    if not named:
        return None
    currency = str(named[0][0])
    draft.tallies[f"{{count}} rows without a currency are taken as {currency}."] = sum(n for known, n in rows if known is None)
    return currency
