"""What the order lines themselves say about products and customers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from affinity.mapped import split_by_code
from affinity.tables import Attribute, Customers, OrderLines, Products

#: The attribute that names products; every other attribute becomes a segment of customers.
NAME = "product_name"


def describe_products(lines: OrderLines, products: Products | None = None) -> Products:
    """``products`` (or bare ones) for the vocabulary of ``lines``, with names and prices seen where none are given.

    A name is the most frequent ``product_name`` of its lines (ties: the first in label order), a price the median
    unit price of its purchases (quantity > 0, finite amounts). Pass lines before as_of: later names are the future.
    """
    known = Products.bare(lines.products) if products is None else products.recoded(lines.products)
    name, price = known.name, known.price
    attribute = lines.attributes.get(NAME)
    if attribute is not None:
        name = _filled(name, _most_frequent(lines.product, attribute, len(lines.products)))
    missing = np.isnan(price)
    if missing.any():
        price = np.where(missing, _median_prices(lines), price)
    return replace(known, name=name, price=price)


def describe_customers(lines: OrderLines, customers: Customers | None = None) -> Customers:
    """``customers`` (or bare ones) for the vocabulary of ``lines``; attributes of the lines become segments.

    A customer's segment is the last value before as_of: that of the latest line that has one (ties: the later
    row). Where a customer file has the same column, its value stands and the lines fill its gaps.
    """
    known = Customers.bare(lines.customers) if customers is None else customers.recoded(lines.customers)
    segments = dict(known.segments)
    for name, attribute in lines.attributes.items():
        if name == NAME:
            continue
        seen = _last_values(lines, attribute)
        given = segments.get(name)
        segments[name] = seen if given is None else _filled(given, seen)
    return replace(known, segments=segments)


def recall_segment(customers: Customers, name: str, lines: OrderLines, earlier: OrderLines) -> Customers:
    """``customers``, described at the end of ``lines``, with the segment ``name`` that was known when only ``earlier`` was.

    What the lines say is then what the earlier ones said; what only a customer file says stands.
    """
    if name not in lines.attributes or name not in customers.segments:
        return customers
    now, then = (_last_values(known, known.attributes[name]) for known in (lines, earlier))
    label = customers.segments[name]
    return replace(customers, segments={**customers.segments, name: np.where(label == now, then, label)})


def _filled(given: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """``given`` with its gaps (None) filled from ``seen``."""
    gap = np.fromiter((value is None for value in given), dtype=bool, count=len(given))
    return np.where(gap, seen, given)


def _most_frequent(product: np.ndarray, attribute: Attribute, n_products: int) -> np.ndarray:
    """object[n_products]: the label most often seen with each product, None where there is none."""
    width = max(len(attribute.labels), 1)
    best = np.full(n_products, -1, dtype=np.int32)
    for _, _, lines in split_by_code(product, n_products):
        label = attribute.code[lines]
        some = label >= 0
        key, count = np.unique(product[lines][some].astype(np.int64) * width + label[some], return_counts=True)
        by = np.lexsort((-key, count))  # rising count, and among equals the smallest code last
        best[key[by] // width] = key[by] % width
    return attribute.labels.decode(best)


def _median_prices(lines: OrderLines) -> np.ndarray:
    """float64[n_products]: median of net_amount / quantity over purchases, NaN where there is none."""
    price = np.full(len(lines.products), np.nan)
    for first, last, rows in split_by_code(lines.product, len(lines.products)):
        quantity, amount = lines.quantity[rows], lines.net_amount[rows]
        bought = (quantity > 0) & np.isfinite(amount)
        product = lines.product[rows][bought] - first
        distinct, place = np.unique(amount[bought] / quantity[bought], return_inverse=True)
        width = max(len(distinct), 1)
        unit = distinct[np.sort(product * np.int64(width) + place) % width]
        count = np.bincount(product, minlength=last - first)
        some, start = count > 0, np.cumsum(count) - count
        low, high = start[some] + (count[some] - 1) // 2, start[some] + count[some] // 2
        price[first:last][some] = (unit[low] + unit[high]) / 2
    return price


def _last_values(lines: OrderLines, attribute: Attribute) -> np.ndarray:
    """object[n_customers]: the latest value that each customer's lines hold."""
    when = lines.ordered_at if lines.ordered_at is not None else lines.order_seq
    last = np.full(len(lines.customers), -1, dtype=np.int32)
    for _, _, rows in split_by_code(lines.customer, len(lines.customers)):
        label, row = attribute.code[rows], lines.row[rows]
        some = np.flatnonzero(label >= 0)
        by = some[np.lexsort((row[some], when[rows][some]) if when is not None else (row[some],))]
        last[lines.customer[rows][by]] = label[by]  # the last assignment stands: the latest line
    return attribute.labels.decode(last)
