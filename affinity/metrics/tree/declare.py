"""Trees as data: the cross-sell tree of S0, the check that a declaration is a tree, and who owns which node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from affinity.errors import SettingsError, did_you_mean
from affinity.tables.metric_tree import TreeNode


def cross_sell_nodes(*, with_offers: bool) -> tuple[TreeNode, ...]:
    """Cross-sell revenue = eligible customers × reach × conversion × value each; the first and the last have parts.

    Without an offer log nothing tells who was reached: reach is dropped, and conversion is bought / eligible.
    """
    drivers = ("eligible_customers", *(("reach",) if with_offers else ()), "conversion", "value_each")
    reached = (
        TreeNode("reach", "Reach (offered / eligible)", "leaf", "share", "tree.reach"),
        TreeNode("conversion", "Conversion (bought / offered)", "leaf", "share", "tree.conversion_of_offered"),
    )
    unreached = (TreeNode("conversion", "Conversion (bought / eligible)", "leaf", "share", "eligible_conversion_rate"),)
    root = (
        ("Cross-sell revenue through offers", "tree.offered_revenue") if with_offers else ("Cross-sell revenue", "tree.revenue")
    )
    return (
        TreeNode("cross_sell_revenue", root[0], "product", "money", root[1], drivers),
        TreeNode(
            "eligible_customers", "Eligible customers", "product", "count", "tree.eligible_customers",
            ("customers", "eligible_share"),
        ),
        TreeNode("customers", "Customers at the start", "leaf", "count", "tree.customers"),
        TreeNode("eligible_share", "Could be sold more", "leaf", "share", "tree.eligible_share"),
        *(reached if with_offers else unreached),
        TreeNode(
            "value_each", "Value of each", "product", "money", "tree.value_each", ("products_each", "revenue_per_product")
        ),
        TreeNode("products_each", "Products added by each", "leaf", "ratio", "tree.products_each"),
        TreeNode("revenue_per_product", "Revenue per product added", "leaf", "money", "tree.revenue_per_product"),
    )  # fmt: skip


def name_owners(nodes: Sequence[TreeNode], owners: Mapping[str, str]) -> tuple[TreeNode, ...]:
    """The nodes with the named ``owners`` (node name -> who answers for it). SettingsError for an unknown node."""
    names = [node.name for node in nodes]
    for name in owners:
        if name not in names:
            raise SettingsError(
                f"There is no node {name!r} in the tree to own.",
                do=did_you_mean(name, names),
                why="An owner answers for a node.",
            )
    return tuple(replace(node, owner=owners.get(node.name, node.owner)) for node in nodes)


def check_nodes(nodes: Sequence[TreeNode]) -> tuple[TreeNode, ...]:
    """``nodes``, the root first and parts after their node; SettingsError unless they are one tree.

    Names are unique, every part exists and has one node above, a leaf has no parts, the others have some, and the parts of a
    sum have its unit.
    """
    by_name = {node.name: node for node in nodes}
    if len(by_name) != len(nodes) or not nodes:
        raise SettingsError(f"A tree needs nodes of different names; there are {[node.name for node in nodes]}.")
    below = [part for node in nodes for part in node.parts]
    for part in below:
        if part not in by_name:
            raise SettingsError(f"The tree has no node {part!r}, which is a part of another.", do=did_you_mean(part, by_name))
        if below.count(part) > 1:
            raise SettingsError(f"The node {part!r} is a part of two.", why="Its change would be counted twice.")
    roots = [node for node in nodes if node.name not in below]
    if len(roots) != 1:
        raise SettingsError(f"A tree has one root; this one has {[node.name for node in roots]}.")
    for node in nodes:
        if (node.kind == "leaf") != (not node.parts):
            raise SettingsError(f"The node {node.name!r} is a {node.kind} with {len(node.parts)} parts.")
        if node.kind == "sum" and {by_name[part].unit for part in node.parts} != {node.unit}:
            raise SettingsError(f"The parts of the sum {node.name!r} are not all in its unit, {node.unit}.")
    ordered: list[TreeNode] = []
    waiting = [roots[0]]
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        waiting += [by_name[part] for part in reversed(node.parts)]
    return tuple(ordered)
