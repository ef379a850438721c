"""The pair graph as a file for graph tools: GraphML (Gephi, Cytoscape, igraph) or node-link JSON (D3, networkx)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from affinity.errors import OutputError, SettingsError, did_you_mean
from affinity.replacing import replacing
from affinity.tables import PairGraph

FORMATS = ("graphml", "json")
INTEGERS = ("count", "customers")
NUMBERS = (
    "support", "confidence", "confidence_lower", "confidence_upper", "lift", "lift_adjusted", "lift_eb", "lift_eb_lower",
    "lift_eb_upper", "owner_lift_eb", "q_value",
)  # fmt: skip
#: Characters that XML 1.0 cannot hold, however escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def export_graph(graph: PairGraph, path: str | Path, format: str | None = None) -> Path:
    """Write ``graph`` to ``path`` as "graphml" or "json" (unset: by the ending of the name) and return the path.

    A node a product that has an edge (id, count, community), a directed edge a row with its columns. What is not
    known (NaN) is left out in GraphML and null in JSON. The file appears complete or not at all.
    JSON is networkx's node-link form: ``networkx.node_link_graph(json.load(file), edges="edges")``.
    """
    path = Path(path)
    format = path.suffix.lstrip(".").lower() if format is None else format
    if format not in FORMATS:
        raise SettingsError(f"format={format!r} is not a form a graph is written in.", do=did_you_mean(format, FORMATS))
    write = _write_graphml if format == "graphml" else _write_json
    try:
        with (
            replacing(path) as aside,
            aside.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
        ):
            write(graph, file)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}.", do="Name a file in a folder that exists and is writable."
        ) from None
    return path


def _nodes(graph: PairGraph) -> tuple[np.ndarray, list[str]]:
    """Codes of the products with an edge, and a distinct text for each product."""
    texts = [str(label) for label in graph.products.labels]
    if len(set(texts)) < len(texts):
        texts = [f"{text}#{code}" for code, text in enumerate(texts)]
    return np.flatnonzero(np.diff(graph.indptr) > 0), texts


def _edges(graph: PairGraph) -> Iterator[tuple[int, int, dict[str, Any]]]:
    columns = {name: getattr(graph, name).tolist() for name in (*INTEGERS, *NUMBERS)}
    names = tuple(columns)
    for source, target, *values in zip(graph.antecedent.tolist(), graph.consequent.tolist(), *columns.values()):
        yield source, target, dict(zip(names, values))


def _write_json(graph: PairGraph, file: TextIO) -> None:
    present, texts = _nodes(graph)
    facts = {"n_baskets": int(graph.n), "q_grain": graph.q_grain}
    file.write(f'{{"directed": true, "multigraph": false, "graph": {json.dumps(facts)},\n"nodes": [')
    for place, code in enumerate(present.tolist()):
        node = {"id": texts[code], "count": int(graph.n_item[code]), "community": int(graph.community[code])}
        file.write((",\n" if place else "\n") + json.dumps(node))
    file.write('],\n"edges": [')
    for place, (source, target, values) in enumerate(_edges(graph)):
        known = {name: value if math.isfinite(value) else None for name, value in values.items()}
        file.write((",\n" if place else "\n") + json.dumps({"source": texts[source], "target": texts[target], **known}))
    file.write("]}\n")


def _write_graphml(graph: PairGraph, file: TextIO) -> None:
    present, texts = _nodes(graph)
    texts = [_NOT_XML.sub("\ufffd", text) for text in texts]
    if len(set(texts)) < len(texts):
        texts = [f"{text}#{code}" for code, text in enumerate(texts)]
    file.write('<?xml version="1.0" encoding="utf-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
    keys = [("node", "count", "long"), ("node", "community", "int")]
    keys += [("edge", name, "long") for name in INTEGERS] + [("edge", name, "double") for name in NUMBERS]
    for kind, name, type_ in keys:
        file.write(f'<key id="{kind}_{name}" for="{kind}" attr.name="{name}" attr.type="{type_}"/>\n')
    file.write('<graph edgedefault="directed">\n')
    for code in present.tolist():
        data = _data("node", {"count": int(graph.n_item[code]), "community": int(graph.community[code])})
        file.write(f"<node id={quoteattr(texts[code])}>{data}</node>\n")
    for source, target, values in _edges(graph):
        ends = f"source={quoteattr(texts[source])} target={quoteattr(texts[target])}"
        file.write(f"<edge {ends}>{_data('edge', values)}</edge>\n")
    file.write("</graph>\n</graphml>\n")


def _data(kind: str, values: dict[str, Any]) -> str:
    known = ((name, value) for name, value in values.items() if math.isfinite(value))
    return "".join(f'<data key="{kind}_{name}">{escape(repr(value))}</data>' for name, value in known)
