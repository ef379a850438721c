"""Vocabularies cut down to what the lines still hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from affinity import mapped
from affinity.tables import Attribute, OrderLines
from affinity.vocabulary import Vocabulary


def drop_unseen_labels(lines: OrderLines) -> OrderLines:
    """``lines`` whose vocabularies hold only orders, customers, products and attribute labels that some line has.

    After a cut at as_of, what is only known from later lines (a customer, a product) is the future too: with it
    gone, the same lines give the same tables whether or not the source goes on.
    """
    order, orders = _seen(lines.order, lines.orders)
    customer, customers = _seen(lines.customer, lines.customers)
    product, products = _seen(lines.product, lines.products)
    attributes = {name: Attribute(*_seen(a.code, a.labels)) for name, a in lines.attributes.items()}
    return replace(
        lines,
        order=order,
        customer=customer,
        product=product,
        orders=orders,
        customers=customers,
        products=products,
        attributes=attributes,
    )


def _seen(code: np.ndarray, labels: Vocabulary) -> tuple[np.ndarray, Vocabulary]:
    used = np.zeros(len(labels) + 1, dtype=bool)  # the last place stands for none (code −1)
    for rows in mapped.split_rows(len(code)):
        used[code[rows]] = True
    used[-1] = False
    if used[:-1].all():
        return code, labels
    recode = np.append(np.cumsum(used[:-1], dtype=np.int64) - 1, -1).astype(np.int32)
    return mapped.look_up(recode, code), labels.among(used[:-1])
