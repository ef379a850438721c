"""The product-pair graph as a picture: which products are bought together more than chance has it."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.errors import UnknownLabel
from affinity.plots.figure import DARK, GREY, GROUPS, new_figure, plain_axes, shorten
from affinity.plots.place_labels import place_labels
from affinity.tables import PairGraph

#: Width over height that the layout aims for.
SHAPE = 1.3


def plot_graph(graph: PairGraph, *, top: int = 60, min_lift: float = 1.5, around: Any = None) -> Any:
    """The ``top`` strongest pairs of ``graph`` as a network; a matplotlib Figure.

    Strength is lift_eb, the shrunk lift; pairs below ``min_lift`` are not drawn. A disc is a product (its area the
    baskets that hold it, its colour the community), a line a pair (its width the strength). ``around`` (a label) draws
    only the pairs of that product and those among its neighbours.
    """
    pairs = strongest_pairs(graph, top, min_lift, around)
    what = "Products bought together" if around is None else f"Products bought together with {shorten(around)}"
    figure = new_figure(10.0, 8.0)
    axes = plain_axes(figure, what, f"{len(pairs)} pairs with the highest shrunk lift (of {len(graph) // 2:,}); disc: baskets")
    axes.set_axis_off()
    if not len(pairs):
        axes.text(0.5, 0.5, f"No pair reaches a shrunk lift of {min_lift:g}.", ha="center", transform=axes.transAxes)
        return figure
    nodes, ends = np.unique(np.column_stack([graph.antecedent[pairs], graph.consequent[pairs]]), return_inverse=True)
    ends = ends.reshape(-1, 2)
    position = place_nodes(len(nodes), ends)
    strength = graph.lift_eb[pairs]
    span = np.log(strength / strength.min()) / max(float(np.log(strength.max() / strength.min())), 1e-9)
    from matplotlib.collections import LineCollection

    lines = LineCollection(list(position[ends]), linewidths=0.8 + 3.2 * span, colors=GREY, alpha=0.7, zorder=1)
    axes.add_collection(lines)
    radius = 4.0 + 9.0 * np.sqrt(graph.n_item[nodes] / max(int(graph.n_item[nodes].max()), 1))
    community = graph.community[nodes]
    colours = [GROUPS[c % len(GROUPS)] if c >= 0 else GREY for c in community]
    rings = [DARK if around is not None and label == around else "white" for label in graph.products.decode(nodes)]
    axes.scatter(*position.T, s=(2 * radius) ** 2 * np.pi / 4, c=colours, edgecolors=rings, linewidths=1.5, zorder=2)
    axes.set_aspect("equal")
    axes.margins(0.08)
    by_size = np.argsort(-graph.n_item[nodes], kind="stable")
    texts = [shorten(label, 24) for label in graph.products.decode(nodes[by_size])]
    crossed = position[ends[:, :1]] + np.linspace(0.05, 0.95, 19)[:, None] * (position[ends[:, 1:]] - position[ends[:, :1]])
    place_labels(axes, position[by_size], texts, radius=radius[by_size], avoid=crossed.reshape(-1, 2), keep_all=True)
    return figure


def strongest_pairs(graph: PairGraph, top: int, min_lift: float, around: Any) -> np.ndarray:
    """Edge indices, one direction a pair, strongest first."""
    antecedent = graph.antecedent
    kept = (antecedent < graph.consequent) & (graph.lift_eb >= min_lift)
    if around is not None:
        if around not in graph.products:
            raise UnknownLabel(f"product {around!r} is not in the graph.", do="See graph.products.labels.")
        code = graph.products.code(around)
        near = np.zeros(len(graph.products), dtype=bool)
        edges = graph.edges_of(code)
        order = np.argsort(-graph.lift_eb[edges], kind="stable")[:15]
        near[graph.consequent[edges][order]] = True
        near[code] = True
        kept &= near[antecedent] & near[graph.consequent]
    pairs = np.flatnonzero(kept)
    order = np.lexsort((graph.consequent[pairs], antecedent[pairs], -graph.count[pairs], -graph.lift_eb[pairs]))
    return pairs[order[:top]]


def place_nodes(n: int, ends: np.ndarray) -> np.ndarray:
    """float64[n, 2]: every connected part laid out alone, the parts side by side on shelves, the largest first."""
    import networkx as nx

    network = nx.Graph()
    network.add_nodes_from(range(n))
    network.add_edges_from(ends.tolist())
    parts = sorted((sorted(part) for part in nx.connected_components(network)), key=lambda part: (-len(part), part))
    sizes = [
        (2.0, 1.5) if len(part) == 2 else (1.5 * np.sqrt(len(part)) + 0.8, 1.3 * np.sqrt(len(part)) + 0.5) for part in parts
    ]
    widths = np.linspace(1.0, 3.0, 21) * np.sqrt(sum(width * height for width, height in sizes))
    corners = min((_on_shelves(sizes, width) for width in widths), key=lambda placed: abs(_shape(placed, sizes) - SHAPE))
    position = np.zeros((n, 2))
    for part, (width, height), corner in zip(parts, sizes, corners):
        spread = _lay_out_part(network.subgraph(part), part)
        low, high = spread.min(axis=0), spread.max(axis=0)
        unit = (spread - low) / np.maximum(high - low, 1e-9)
        position[part] = corner + np.array([0.25, 0.4]) + unit * [width - 1.1, height - 0.8]
    return position


def _on_shelves(sizes: list[tuple[float, float]], widest: float) -> list[np.ndarray]:
    """The lower left corner of each part, shelf by shelf downwards, no shelf wider than ``widest``."""
    corners = []
    x = y = shelf = 0.0
    for width, height in sizes:
        if x > 0 and x + width > widest:
            x, y, shelf = 0.0, y - shelf, 0.0
        corners.append(np.array([x, y - height]))
        x, shelf = x + width, max(shelf, height)
    return corners


def _shape(corners: list[np.ndarray], sizes: list[tuple[float, float]]) -> float:
    """Width over height of everything placed."""
    right = max(corner[0] + size[0] for corner, size in zip(corners, sizes))
    return float(right / -min(corner[1] for corner in corners))


def _lay_out_part(network: Any, part: list[int]) -> np.ndarray:
    import networkx as nx

    if len(part) == 2:
        return np.array([[0.0, 1.0], [0.0, 0.0]])
    laid = nx.kamada_kawai_layout(network, pos=nx.circular_layout(sorted(network)))
    spread = np.array([laid[node] for node in part])
    centred = spread - spread.mean(axis=0)
    turn = np.linalg.svd(centred, full_matrices=False)[2]  # the long way lies across
    turn *= np.where(turn[np.arange(2), np.abs(turn).argmax(axis=1)] < 0, -1.0, 1.0)[:, None]
    return centred @ turn.T
