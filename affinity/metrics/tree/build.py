"""The cross-sell tree of a shop, from its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from affinity.metrics.facts import Facts
from affinity.metrics.segments import find_segments
from affinity.metrics.tree.count import count_selling
from affinity.metrics.tree.declare import cross_sell_nodes, name_owners
from affinity.metrics.tree.evaluate import evaluate_metric_tree
from affinity.tables.metric_tree import MetricTree


def build_tree(
    facts: Facts, *, by: Sequence[str] = (), owners: Mapping[str, str] | None = None, through_offers: bool = True
) -> MetricTree:
    """The cross-sell tree of the window of ``facts``, the days before as_of.

    by     : segment columns; several are crossed ("UK · Y1")
    owners : node name -> who answers for it
    through_offers : with an offer log, the tree of what was sold through offers, with reach; False: of all cross-sell

    Raises MissingPart where the lines lack customers, dates or prices, UnknownColumns for a column that is not there,
    SettingsError for an owner of no node.
    """
    selling = count_selling(facts, through_offers=through_offers)
    labels, group = _cross_segments(facts, tuple(dict.fromkeys(by)), selling.present > 0)
    return evaluate_metric_tree(
        name_owners(cross_sell_nodes(with_offers=selling.offered is not None), owners or {}),
        selling.measures(group, max(len(labels), 1)),
        labels,
        segment_by=" · ".join(dict.fromkeys(by)) or None,
        window=facts.window,
        as_of=None if facts.as_of_day is None else str(np.datetime64(facts.as_of_day, "D")),
        notes=selling.notes,
    )


def _cross_segments(facts: Facts, by: tuple[str, ...], present: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """(labels of the segments of those ``present``, column by column; int64[n_customers]: each one's, others 0)."""
    customer = np.arange(len(facts.lines.customers), dtype=np.int32)
    if not by:
        return (), np.zeros(len(customer), dtype=np.int64)
    found = [find_segments(facts, name) for name in by]
    codes = [segmentation.of_units(customer, None)[present] for segmentation in found]
    crossed = first = np.zeros(int(present.sum()), dtype=np.int64)
    for segmentation, code in zip(found, codes):
        _, first, crossed = np.unique(crossed * len(segmentation.labels) + code, return_index=True, return_inverse=True)
    group = np.zeros(len(customer), dtype=np.int64)
    group[present] = crossed
    words = [[segmentation.labels[i] for i in code[first].tolist()] for segmentation, code in zip(found, codes)]
    return tuple(" · ".join(row) for row in zip(*words)), group
