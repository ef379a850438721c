"""Small trees for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from affinity.metrics.tree import Measure, evaluate_metric_tree
from affinity.tables import MetricTree, TreeNode

NODES = (
    TreeNode("revenue", "Revenue", "product", "money", "t.revenue", ("eligible", "reach", "conversion", "value")),
    TreeNode("eligible", "Eligible", "leaf", "count", "t.eligible"),
    TreeNode("reach", "Reach", "leaf", "share", "t.reach", owner="marketing"),
    TreeNode("conversion", "Conversion", "leaf", "share", "t.conversion"),
    TreeNode("value", "Value each", "leaf", "money", "t.value"),
)


def make_tree(rows: Sequence[Sequence[float]], segments: Sequence[str] = (), **more: str) -> MetricTree:
    """The tree of rows (eligible, offered, bought, revenue), one a segment."""
    eligible, offered, bought, revenue = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    measures = {
        "eligible": Measure(eligible),
        "reach": Measure(offered, eligible),
        "conversion": Measure(bought, offered),
        "value": Measure(revenue, bought),
    }
    return evaluate_metric_tree(NODES, measures, segments, segment_by="segment", **more)
