"""The graph in files: what networkx reads back is what the table says."""

from __future__ import annotations

import json

import networkx as nx
import numpy as np
import pytest

from affinity.errors import OutputError, SettingsError
from affinity.graph import build_graph, export_graph
from affinity.tables import PairCounts
from affinity.vocabulary import Vocabulary
from tests.graph.worlds import make_pairs

ODD = ["<a & b>", "quote \" and '", "bell \x07", "emoji ☕", "line\nbreak\ttab", "half \ud800"]


@pytest.fixture
def graph():
    rng = np.random.default_rng(0)
    baskets = [np.flatnonzero(rng.random(6) < 0.5) for _ in range(300)]
    pairs = make_pairs([basket for basket in baskets if len(basket)], 6)
    columns = {name: getattr(pairs, name) for name in ("a", "b", "count", "customers", "baskets", "owners")}
    return build_graph(PairCounts(**columns, products=Vocabulary("product", ODD)))


def test_networkx_has_every_edge(graph):
    network = graph.to_networkx()
    assert network.number_of_edges() == len(graph) == 30
    edge = network.edges[ODD[graph.antecedent[3]], ODD[graph.consequent[3]]]
    assert edge["count"] == graph.count[3]
    assert edge["weight"] == edge["lift_eb"] == graph.lift_eb[3]
    assert "antecedent" not in edge
    assert network.nodes["emoji ☕"]["count"] == graph.n_item[3]


def test_json_is_node_link_form(graph, tmp_path):
    path = export_graph(graph, tmp_path / "graph.json")
    data = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    network = nx.node_link_graph(data, edges="edges")
    assert network.is_directed()
    assert set(network) == set(ODD)
    assert network.number_of_edges() == 30
    edge = network.edges["<a & b>", "emoji ☕"]
    place = [i for i in range(len(graph)) if graph.antecedent[i] == 0 and graph.consequent[i] == 3]
    assert edge["lift_eb"] == graph.lift_eb[place[0]]
    assert edge["owner_lift_eb"] is None


def test_graphml_is_read_back(graph, tmp_path):
    path = export_graph(graph, tmp_path / "graph.xml", "graphml")
    network = nx.read_graphml(path)
    assert network.is_directed()
    assert network.number_of_edges() == 30
    assert {"<a & b>", "quote \" and '", "bell \ufffd", "emoji ☕", "half \ufffd"} <= set(network)
    assert network.edges["<a & b>", "emoji ☕"]["count"] == graph.to_networkx().edges["<a & b>", "emoji ☕"]["count"]
    assert "owner_lift_eb" not in network.edges["<a & b>", "emoji ☕"]
    assert network.nodes["emoji ☕"] == {"count": int(graph.n_item[3]), "community": int(graph.community[3])}


def test_labels_that_look_alike_stay_apart(graph, tmp_path):
    columns = {name: getattr(graph, name) for name in graph.__dataclass_fields__}
    twins = type(graph)(**{**columns, "products": Vocabulary("product", [1, "1", "a\x01", "a\x02", "b", "c"])})
    assert nx.read_graphml(export_graph(twins, tmp_path / "g.graphml")).number_of_nodes() == 6
    assert len(json.loads(export_graph(twins, tmp_path / "g.json").read_text())["nodes"]) == 6


def test_the_same_graph_gives_the_same_bytes(graph, tmp_path):
    for form in ("graphml", "json"):
        one, two = (export_graph(graph, tmp_path / name, form).read_bytes() for name in ("one", "two"))
        assert one == two
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one", "two"]


def test_an_empty_graph_is_a_file_too(tmp_path):
    empty = build_graph(make_pairs([np.array([0])], 2))
    assert nx.read_graphml(export_graph(empty, tmp_path / "g.graphml")).number_of_nodes() == 0
    assert json.loads(export_graph(empty, tmp_path / "g.json").read_text())["edges"] == []


def test_unknown_format(graph, tmp_path):
    with pytest.raises(SettingsError, match="format='grapml'.*Did you mean 'graphml'"):
        export_graph(graph, tmp_path / "g", "grapml")
    with pytest.raises(SettingsError, match="Known: graphml, json"):
        export_graph(graph, tmp_path / "g.csv")


def test_a_place_that_cannot_be_written(graph, tmp_path):
    with pytest.raises(OutputError, match="cannot be written.*folder that exists"):
        export_graph(graph, tmp_path / "missing" / "g.json")
    (tmp_path / "taken.json").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        export_graph(graph, tmp_path / "taken.json")
    assert [file.name for file in tmp_path.iterdir()] == ["taken.json"]
