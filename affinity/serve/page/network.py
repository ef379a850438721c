"""The neighbourhood of a product as a drawing: who is near, which pairs join them, where each stands."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import numpy as np

from affinity.serve.page.desk import Desk
from affinity.serve.page.search import finder_of

#: Neighbours drawn, and how far they stand from the middle across and down, in pixels: on a wide screen, on a phone.
NEIGHBOURS, WIDE = 14, (460.0, 190.0)
FEW, NARROW = 8, (125.0, 130.0)


def neighbourhood(desk: Desk, product_id: str, near: list[str]) -> str:
    """A product and ``near`` as JSON: nodes [{id, name, baskets, here, href, wide, narrow}], edges [{from, to, strength}].

    Edges are pairs whose lift_eb_lower exceeds 1, and those of the product itself; strength is that bound on a log scale,
    0 to 1. The product stands in the middle, the others on a ring, neighbours of each other side by side; wide, narrow : [x, y]
    there, narrow null for those that a phone has no room for. The same release gives the same drawing.
    """
    names = [product_id, *near]
    marks = ", ".join("?" * len(names))
    rows = desk.ask(
        f"SELECT antecedent, consequent, lift_eb_lower FROM pairs WHERE antecedent IN ({marks}) AND consequent IN "
        f"({marks}) AND antecedent < consequent AND (lift_eb_lower > 1 OR antecedent = ? OR consequent = ?) "
        "ORDER BY antecedent, consequent",
        [*names, *names, product_id, product_id],
    )
    bound = np.array([max(row["lift_eb_lower"] or 0.0, 1e-3) for row in rows])
    level = np.clip(np.log(bound), 0, None)
    strength = level / max(float(level.max(initial=0.0)), 1e-9)
    joined = {frozenset((row["antecedent"], row["consequent"])): float(one) for row, one in zip(rows, strength)}
    wide, narrow = _ring(product_id, near, joined, *WIDE), _ring(product_id, near[:FEW], joined, *NARROW)
    finder = finder_of(desk)
    nodes = [
        {
            "id": name,
            "name": desk.name(name),
            "here": name == product_id,
            "baskets": finder.row(desk.code(name))["baskets"] if desk.code(name) >= 0 else None,
            "href": product_href(name),
            "wide": wide[name],
            "narrow": narrow.get(name),
        }
        for name in names
    ]
    edges: list[dict[str, Any]] = [
        {"from": row["antecedent"], "to": row["consequent"], "strength": round(float(one), 3)}
        for row, one in zip(rows, strength)
    ]
    return json.dumps({"nodes": nodes, "edges": edges}, ensure_ascii=False)


def product_href(product_id: str) -> str:
    """The address of a product's page; "." and "..", which browsers take for folders however written, are asked for."""
    if product_id in {".", ".."}:
        return f"/page/products/?id={product_id}"
    return f"/page/products/{quote(product_id, safe='')}"


def _ring(
    middle: str, near: list[str], joined: dict[frozenset[str], float], across: float, down: float
) -> dict[str, list[float]]:
    """name -> [x, y]: from the first of ``near`` on, each beside the one that it is joined with most strongly; every second
    one stands further in, so that names have room."""
    order, left = near[:1], near[1:]
    while left:
        order.append(max(left, key=lambda name: (joined.get(frozenset((order[-1], name)), -1.0), -left.index(name))))
        left.remove(order[-1])
    angle = 2 * np.pi * np.arange(len(order)) / max(len(order), 1)
    reach = np.where(np.arange(len(order)) % 2, 0.68, 1.0)
    spots = np.column_stack([across * reach * np.cos(angle), down * reach * np.sin(angle)]).round(1).tolist()
    return {middle: [0.0, 0.0], **dict(zip(order, spots))}
