"""Segment columns: a label a customer, or for guests a label a line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.errors import UnknownColumns, did_you_mean
from affinity.mapped import look_up, split_by_code, split_rows
from affinity.metrics.bands import BANDS, BANDS_OF_NUMBERS
from affinity.metrics.facts import Facts
from affinity.tables import Attribute

UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class Segmentation:
    """labels : the segments in label order, ``UNKNOWN`` last; of_customer : int64[n_customers]; of_line : int64[n] or None."""

    name: str
    labels: tuple[str, ...]
    of_customer: np.ndarray
    of_line: np.ndarray | None

    def of_units(self, customer: np.ndarray, line: np.ndarray | None) -> np.ndarray:
        """int64: the segment of each unit: its customer's, or a guest's line's."""
        group = np.append(self.of_customer, len(self.labels) - 1)[customer]
        if line is not None and self.of_line is not None:
            guest = customer < 0
            group[guest] = self.of_line[line[guest]]
        return group


def find_segments(facts: Facts, name: str) -> Segmentation:
    """The segmentation by ``name``: a column of the customers, or else of the order lines (the customer's last value), or
    one of the bands of `affinity.metrics.bands`, where no column bears its name.

    Raises UnknownColumns with the nearest column.
    """
    attribute = facts.lines.attributes.get(name)
    given = facts.customers.segments.get(name)
    if name in ("status", "plan"):
        given = getattr(facts.customers, name) if given is None else given
    if name in BANDS and (name in BANDS_OF_NUMBERS or (given is None and attribute is None)):
        given, attribute = BANDS[name](facts), None
    if given is None and attribute is None:
        known = {*facts.customers.segments, *facts.lines.attributes, "status", "plan", *BANDS} - {"product_name"}
        if (ignored := _why_ignored(facts, name)) is not None:
            raise UnknownColumns(
                f"The column {name!r} is not kept as a segment: {ignored}.",
                why="A segment is a label that many customers share.",
                do="Give it as text with fewer values, such as bands.",
            )
        raise UnknownColumns(
            f"There is no column {name!r} to split by.",
            do=did_you_mean(name, known) or "Neither the order lines nor the customers have a further column.",
        )
    texts = _last_values(facts, name) if given is None else given
    seen = {str(text) for text in set(texts.tolist()) if text is not None}
    if attribute is not None:
        seen |= {str(text) for text in attribute.labels.labels[_used(attribute)]}
    labels = (*sorted(seen), UNKNOWN)
    number = {label: i for i, label in enumerate(labels)}
    of_line = None
    if attribute is not None:  # the last place stands for lines without a label
        table = [number.get(str(label), -1) for label in attribute.labels.labels]
        of_line = look_up(np.array([*table, number[UNKNOWN]]), attribute.code)
    return Segmentation(name, labels, _codes(texts, number), of_line)


def _used(attribute: Attribute) -> np.ndarray:
    """bool[n_labels]: the labels that some line has."""
    used = np.zeros(len(attribute.labels) + 1, dtype=bool)
    for rows in split_rows(len(attribute.code)):
        used[attribute.code[rows]] = True
    return used[:-1]


def _why_ignored(facts: Facts, name: str) -> str | None:
    """Why the readers left the column ``name`` out; None where there was none."""
    for report in (facts.customers.report, facts.lines.report):
        ignored = report.rules.get("ignored_columns")
        if isinstance(ignored, dict):
            reasons = {str(column).strip().lower(): reason for column, reason in ignored.items()}
            if (reason := reasons.get(name.strip().lower())) is not None:
                return str(reason)
    return None


def _codes(texts: np.ndarray, number: dict[str, int]) -> np.ndarray:
    unknown = number[UNKNOWN]
    return np.fromiter((unknown if t is None else number[str(t)] for t in texts), dtype=np.int64, count=len(texts))


def _last_values(facts: Facts, name: str) -> np.ndarray:
    """object[n_customers]: the value of each customer's latest line that has one (ties: the later row)."""
    attribute, lines = facts.lines.attributes[name], facts.lines
    when = lines.ordered_at if lines.ordered_at is not None else facts.at
    last = np.full(len(lines.customers), -1, dtype=np.int32)
    for _, _, rows in split_by_code(lines.customer, len(lines.customers)):
        label, row = attribute.code[rows], lines.row[rows]
        some = np.flatnonzero(label >= 0)
        by = some[np.lexsort((row[some], when[rows][some]))]
        last[lines.customer[rows][by]] = label[by]
    return attribute.labels.decode(last)
