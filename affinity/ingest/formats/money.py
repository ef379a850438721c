"""Money of an order that is known as a whole only, spread over its lines."""

from __future__ import annotations


def number(text: str) -> str:
    """SQL: a text as a number, NULL where it is none."""
    return f"try_cast({text} AS DOUBLE)"


def after_discount(gross: str, total: str, subtotal: str, discount: str) -> str:
    """SQL: the line amount ``gross`` after its share of the order's discount, in proportion to the amounts.

    total : sum of the gross amounts of the order; subtotal : the order after discounts, before tax and shipping, taken where
    it lies between 0 and ``total``; discount : else what is taken off
    """
    return (
        f"CASE WHEN {total} > 0 AND {subtotal} BETWEEN 0 AND {total} + 0.005 THEN {gross} * ({subtotal} / {total}) "
        f"WHEN {total} > 0 AND {discount} BETWEEN 0 AND {total} THEN {gross} * (({total} - {discount}) / {total}) "
        f"ELSE {gross} END"
    )
