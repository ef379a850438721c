"""Customers who opted out: their lines leave before anything is counted."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

import numpy as np

from affinity import mapped
from affinity.errors import InputError
from affinity.tables import OrderLines, Quarantine
from affinity.vocabulary import Vocabulary


def exclude_customers(lines: OrderLines, ids: Iterable[Hashable]) -> OrderLines:
    """``lines`` without the customers ``ids``: not their lines, and not their place in the vocabulary.

    Their rows are set aside as ``opted_out``, by source row and reason alone: whoever opted out is not listed.
    Ids that bought nothing are named in a warning (a number may be given for the text that the lines hold).
    """
    if isinstance(ids, str):
        raise InputError(f"ids={ids!r} is one text, not a list of customer ids.", do="Pass [id, …].")
    asked = list(dict.fromkeys(ids))
    found = [_known_as(lines.customers, one) for one in asked]
    gone = np.zeros(len(lines.customers) + 1, dtype=bool)  # the last place stands for guests (code −1)
    gone[[code for code in found if code >= 0]] = True
    report = lines.report
    unknown = [str(one) for one, code in zip(asked, found) if code < 0]
    if unknown:
        shown = ", ".join(sorted(unknown)[:5]) + (", …" if len(unknown) > 5 else "")
        report = report.warn(f"{len(unknown):,} of {len(asked):,} customers to exclude are not among the customers: {shown}")
    if not gone.any():
        return replace(lines, report=report)
    mask = mapped.look_up(gone, lines.customer)
    report = report.set_aside(Quarantine.build(lines.row[mask], "opted_out"))
    customers = lines.customers.among(~gone[:-1])
    recode = np.append(np.cumsum(~gone[:-1], dtype=np.int64) - 1, -1).astype(np.int32)
    kept = lines.take(~mask)
    return replace(kept, customer=mapped.look_up(recode, kept.customer), customers=customers, report=report)


def _known_as(customers: Vocabulary, label: Hashable) -> int:
    for form in (label, str(label)):
        if form in customers:
            return customers.code(form)
    return -1
