"""Lines that leave the straight way, as quarantine rows with their labels as text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from affinity.tables import OrderLines, Quarantine


def quarantine_of(lines: OrderLines, reason: np.ndarray | str, detail: Sequence[str | None] | None = None) -> Quarantine:
    """Every line of ``lines`` as a quarantine row, for one reason or a reason a line."""
    with np.errstate(divide="ignore", invalid="ignore"):
        unit_price = lines.net_amount / lines.quantity
    return Quarantine.build(
        lines.row,
        reason,
        detail=detail,
        order_id=_as_text(lines.orders.decode(lines.order)),
        customer_id=_as_text(lines.customers.decode(lines.customer)),
        product_id=_as_text(lines.products.decode(lines.product)),
        ordered_at=_when(lines),
        quantity=_numbers(lines.quantity),
        unit_price=_numbers(unit_price),
    )


def format_number(value: float) -> str:
    """A number as a person would write it: no trailing ``.0``, at most 15 digits."""
    return format(value, ".15g")


def _numbers(values: np.ndarray) -> np.ndarray:
    """object: each value as a text, one for all that are equal; None for what is no number."""
    distinct, place = np.unique(values.view(np.int64), return_inverse=True)  # their bits: −0 is not 0
    texts = [format_number(value) if np.isfinite(value) else None for value in distinct.view(np.float64).tolist()]
    return np.array([*texts, None], dtype=object)[place]


def _as_text(labels: np.ndarray) -> list[str | None]:
    return [None if label is None else str(label) for label in labels]


def _when(lines: OrderLines) -> list[str] | None:
    if lines.ordered_at is not None:
        return np.datetime_as_string(lines.ordered_at.astype("datetime64[us]"), unit="s").tolist()
    return None if lines.order_seq is None else [str(seq) for seq in lines.order_seq.tolist()]
