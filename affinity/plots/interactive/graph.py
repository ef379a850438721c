"""The product-pair graph to explore: pointing at a product shows its neighbours, at a line the pair's evidence."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.plots.figure import GREY, GROUPS, cut
from affinity.plots.graph import place_nodes, strongest_pairs
from affinity.plots.interactive.chart import MOST_ROWS, dress_chart, load_altair, make_rows, say_counts, say_nothing, tell
from affinity.tables import PairGraph
from affinity.tables.number_text import format_interval, format_number, format_q
from affinity.tables.number_text import format_share_interval as format_within

#: Whether a mark has to do with the product pointed at; everything has while none is.
_MINE = "!isValid(near.product) || !isValid(near.product[0]) || indexof(datum.of, near.product[0]) >= 0"


#: Width and height of the picture, and how far a name is from the middle of its disc, in pixels.
WIDE, HIGH, ABOVE = 860, 600, 16


def chart_graph(graph: PairGraph, *, top: int = 60, min_lift: float = 1.5, around: Any = None) -> Any:
    """The ``top`` strongest pairs of ``graph`` (by lift_eb, the shrunk lift) as a network; an altair.Chart.

    Pairs, places, sizes and colours are those of `affinity.plots.plot_graph`; at most 5,000 pairs.
    """
    pairs = strongest_pairs(graph, min(top, MOST_ROWS), min_lift, around)
    title = "Products bought together" if around is None else f"Products bought together with {cut(around, 40)}"
    if not len(pairs):
        return say_nothing(title, f"No pair reaches a shrunk lift of {min_lift:g}.")
    altair = load_altair()
    nodes, ends = np.unique(np.column_stack([graph.antecedent[pairs], graph.consequent[pairs]]), return_inverse=True)
    ends = ends.reshape(-1, 2)
    position = place_nodes(len(nodes), ends)
    near = altair.selection_point(name="near", on="pointerover", clear="pointerout", fields=["product"], empty=False)
    faded = {"opacity": altair.condition(_MINE, altair.value(0.95), altair.value(0.12))}
    ways = {
        "x": altair.X("x:Q", axis=None, scale=altair.Scale(zero=False, nice=False, padding=70)),
        "y": altair.Y("y:Q", axis=None, scale=altair.Scale(zero=False, nice=False, padding=30)),
    }
    edges = altair.Chart(_tell_edges(graph, pairs, nodes, ends, position)).mark_rule(color=GREY).encode(
        **ways, x2="x2:Q", y2="y2:Q", **faded,
        size=altair.Size("strength:Q", scale=altair.Scale(type="log", range=[0.8, 5]), legend=None),
        tooltip=tell(pair="pair", count="baskets with both", customers="customers", there="of A's baskets [95 %]",
                     back="of B's baskets [95 %]", lift="shrunk lift [90 %]", raw="classical lift", q="q-value"),
    )  # fmt: skip
    colours = altair.Scale(domain=["–", *map(str, range(len(GROUPS)))], range=[GREY, *GROUPS])
    discs = altair.Chart(_tell_nodes(graph, pairs, nodes, ends, position))
    shown = discs.mark_circle(stroke="white", strokeWidth=1.5).encode(
        **ways, **faded,
        color=altair.Color("group:N", scale=colours, legend=None),
        tooltip=tell(product="product", baskets="baskets", group="community", neighbours="goes with", strongest="most with"),
        size=altair.Size("n:Q", scale=altair.Scale(type="linear", range=[80, 600], zero=True), legend=None),
    )  # fmt: skip
    words = [
        discs.transform_filter(f"datum.above == {above}").mark_text(dy=dy, fontSize=11).encode(**ways, **faded, text="short:N")
        for above, dy in (("true", -ABOVE), ("false", ABOVE))
    ]
    layers = altair.layer(edges, shown.add_params(near), *words).resolve_scale(size="independent")
    said = (
        f"{len(pairs)} pairs with the highest shrunk lift (of {len(graph) // 2:,}); disc: baskets; point at a product or a line"
    )
    return dress_chart(layers.properties(width=WIDE, height=HIGH).interactive(), title, said)


def _tell_edges(graph: PairGraph, pairs: np.ndarray, nodes: np.ndarray, ends: np.ndarray, position: np.ndarray) -> Any:
    """A row a pair; "of A's baskets" is the confidence of one direction, "of B's baskets" that of the other."""
    names = graph.products.decode(nodes)
    antecedent, consequent = (names[column].tolist() for column in ends.T)
    back = [_edge(graph, int(graph.consequent[pair]), int(graph.antecedent[pair])) for pair in pairs.tolist()]
    bounds = ("confidence", "confidence_lower", "confidence_upper")
    confidence = [zip(*(getattr(graph, name)[rows].tolist() for name in bounds)) for rows in (pairs, np.array(back))]
    eb = zip(*(getattr(graph, f"lift_eb{end}")[pairs].tolist() for end in ("", "_lower", "_upper")))
    return make_rows({
        "x": position[ends[:, 0], 0], "y": position[ends[:, 0], 1],
        "x2": position[ends[:, 1], 0], "y2": position[ends[:, 1], 1],
        "strength": graph.lift_eb[pairs],
        "of": list(zip(map(str, antecedent), map(str, consequent))),
        "pair": [f"{cut(a, 50)} – {cut(b, 50)}" for a, b in zip(antecedent, consequent)],
        "count": say_counts(graph.count[pairs]),
        "customers": say_counts(graph.customers[pairs]),
        "there": [format_within(*three) for three in confidence[0]],
        "back": [format_within(*three) for three in confidence[1]],
        "lift": [format_interval(*three) for three in eb],
        "raw": [format_number(x) for x in graph.lift[pairs].tolist()],
        "q": [format_q(x) for x in graph.q_value[pairs].tolist()],
    })  # fmt: skip


def _edge(graph: PairGraph, antecedent: int, consequent: int) -> int:
    """The row of a directed edge that is there."""
    edges = graph.edges_of(antecedent)
    return edges.start + int(np.searchsorted(graph.consequent[edges], consequent))


def _tell_nodes(graph: PairGraph, pairs: np.ndarray, nodes: np.ndarray, ends: np.ndarray, position: np.ndarray) -> Any:
    names = [str(label) for label in graph.products.decode(nodes).tolist()]
    goes: list[list[int]] = [[] for _ in names]  # strongest first, as the pairs are
    for a, b in ends.tolist():
        goes[a].append(b)
        goes[b].append(a)
    community = graph.community[nodes].tolist()
    return make_rows({
        "x": position[:, 0], "y": position[:, 1], "n": graph.n_item[nodes],
        "product": names, "short": [cut(name, 24) for name in names],
        "above": _above(position, [len(cut(name, 24)) for name in names]),
        "of": [[name, *(names[other] for other in others)] for name, others in zip(names, goes)],
        "baskets": say_counts(graph.n_item[nodes]),
        "group": ["–" if c < 0 else str(c % len(GROUPS)) for c in community],
        "neighbours": [f"{len(others)} of these products" for others in goes],
        "strongest": [", ".join(cut(names[other], 30) for other in others[:4]) for others in goes],
    })  # fmt: skip


def _above(position: np.ndarray, letters: list[int]) -> list[bool]:
    """Whether each name stands above its disc: below where a name that was placed before is in the way above."""
    span = np.maximum(np.ptp(position, axis=0), 1e-9)
    middle = (position - position.min(axis=0)) / span * [WIDE - 140, HIGH - 60]
    boxes: list[tuple[float, float, float]] = []
    found = []
    for (x, y), length in zip(middle.tolist(), letters):
        half = 3.2 * length
        above = not any(abs(x - x2) < half + half2 and abs(y + ABOVE - y2) < 13 for x2, y2, half2 in boxes)
        found.append(above)
        boxes.append((x, y + (ABOVE if above else -ABOVE), half))
    return found
