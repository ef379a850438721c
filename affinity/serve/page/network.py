"""The neighbourhood of a product as a drawing: who is near, which pairs join them, where each stands."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import numpy as np

from affinity.serve.page.desk import Desk
from affinity.serve.page.search import finder_of

#: Neighbours drawn, and the width of the drawing in its own units.
NEIGHBOURS, SPAN = 14, 1000.0


def neighbourhood(desk: Desk, product_id: str, near: list[str]) -> str:
    """A product and ``near`` as JSON: nodes [{id, name, x, y, baskets, here, href}], edges [{from, to, strength, count}].

    Edges are pairs whose lift_eb_lower exceeds 1, and those of the product itself; strength is that bound on a log scale,
    0 to 1. Positions by Kamada and Kawai from the circle in the order given: the same release gives the same drawing.
    """
    names = [product_id, *near]
    marks = ", ".join("?" * len(names))
    rows = desk.ask(
        f"SELECT antecedent, consequent, lift_eb_lower, count FROM pairs WHERE antecedent IN ({marks}) AND consequent IN "
        f"({marks}) AND antecedent < consequent AND (lift_eb_lower > 1 OR antecedent = ? OR consequent = ?) "
        "ORDER BY antecedent, consequent",
        [*names, *names, product_id, product_id],
    )
    bound = np.array([max(row["lift_eb_lower"] or 0.0, 1e-3) for row in rows])
    level = np.clip(np.log(bound), 0, None)
    strength = level / max(float(level.max(initial=0.0)), 1e-9)
    places = _places(names, [(row["antecedent"], row["consequent"]) for row in rows], strength)
    finder = finder_of(desk)
    nodes = [
        {
            "id": name,
            "name": desk.name(name),
            "x": round(float(x), 1),
            "y": round(float(y), 1),
            "here": name == product_id,
            "baskets": finder.row(desk.code(name))["baskets"] if desk.code(name) >= 0 else None,
            "href": product_href(name),
        }
        for name, (x, y) in zip(names, places)
    ]
    edges: list[dict[str, Any]] = [
        {"from": row["antecedent"], "to": row["consequent"], "strength": round(float(one), 3), "count": row["count"]}
        for row, one in zip(rows, strength)
    ]
    return json.dumps({"nodes": nodes, "edges": edges}, ensure_ascii=False)


def product_href(product_id: str) -> str:
    """The address of a product's page."""
    return f"/page/products/{quote(product_id, safe='')}"


def _places(names: list[str], pairs: list[tuple[str, str]], strength: np.ndarray) -> np.ndarray:
    """float64[n, 2] within 0 … SPAN: close what is strongly joined; one without pairs stands on the circle."""
    import networkx as nx

    network = nx.Graph()
    network.add_nodes_from(names)
    for (first, second), one in zip(pairs, strength.tolist()):
        network.add_edge(first, second, length=2.0 - one)
    for name in names[1:]:
        if not network.has_edge(names[0], name):
            network.add_edge(names[0], name, length=2.5)
    circle = nx.circular_layout(names[1:])
    start = {names[0]: np.zeros(2), **{name: np.asarray(spot) for name, spot in circle.items()}}
    laid = nx.kamada_kawai_layout(network, pos=start, weight="length") if len(names) > 2 else start
    spread = np.array([laid[name] for name in names])
    low, high = spread.min(axis=0), spread.max(axis=0)
    return np.asarray((spread - low) / np.maximum(high - low, 1e-9) * [SPAN, 0.6 * SPAN])
