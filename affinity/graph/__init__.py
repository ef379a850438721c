"""Pair counts to the product-pair graph: expected counts, shrunk lifts, significance, bundles, export."""

from affinity.graph.build import build_graph
from affinity.graph.communities import list_bundles
from affinity.graph.export import export_graph

__all__ = ["build_graph", "export_graph", "list_bundles"]
