"""Metrics of money: revenue of products that customers added (cross-sell) and of their own families (upsell)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from affinity.mapped import look_up
from affinity.metrics.facts import Facts
from affinity.metrics.tally import Tally, Undefined

_NO_FAMILIES = "NO_FAMILIES: without product families there is no upsell"
_Lines = Callable[[Facts], np.ndarray]  # bool[n]: the lines whose amounts are summed


def sum_cross_sell(facts: Facts) -> Tally | Undefined:
    """Revenue in the window of families that the customer added in it, after the first purchase."""
    return _sums(facts, _cross_sell_lines, None)


def sum_cross_sell_of_opening(facts: Facts) -> Tally | Undefined:
    """The same / the revenue of the equally long period before the window."""
    found = _sums(facts, _cross_sell_lines, _opening_lines)
    if isinstance(found, Undefined) or facts.start_day is None or len(facts.at) == 0:
        return found
    if int(facts.at.min()) > facts.start_day - facts.settings.window_days:
        return Undefined("SHORT_HISTORY: the data begin within the period before the window", facts.window)
    return found


def sum_cross_sell_of_total(facts: Facts) -> Tally | Undefined:
    """The same / all revenue of the window."""
    return _sums(facts, _cross_sell_lines, lambda facts: facts.in_window)


def sum_upsell(facts: Facts) -> Tally | Undefined:
    """Revenue in the window of products new to the customer in families that the customer had."""
    if not facts.has_families:
        return Undefined(_NO_FAMILIES, facts.window)
    return _sums(facts, _upsell_lines, None)


def sum_expansion_of_total(facts: Facts) -> Tally | Undefined:
    """(Cross-sell + upsell) revenue / all revenue of the window; needs families to tell the two apart from repeats."""
    if not facts.has_families:
        return Undefined(_NO_FAMILIES, facts.window)
    return _sums(facts, lambda facts: _cross_sell_lines(facts) | _upsell_lines(facts), lambda facts: facts.in_window)


def _sums(facts: Facts, top: _Lines, bottom: _Lines | None) -> Tally | Undefined:
    if len(facts.lines.customers) == 0:
        return Undefined("NO_CUSTOMERS: the order lines name no customers", facts.window)
    if facts.start_day is None:
        return Undefined("NO_DATES: without dates nothing tells what was bought later", facts.window)
    known = np.isfinite(facts.lines.net_amount)
    if len(known) and not known.any():
        return Undefined("NO_AMOUNTS: the order lines have no prices", facts.window)
    left_out = int(np.count_nonzero(~known & facts.in_window))
    part = top(facts) & known
    whole = None if bottom is None else bottom(facts) & known
    note = f"{left_out:,} lines of unknown amount left out" if left_out else None
    return _by_customer(facts, part, whole, note)


def _by_customer(facts: Facts, part: np.ndarray, whole: np.ndarray | None, note: str | None) -> Tally:
    """The sums of the lines ``part`` and ``whole`` a customer; a guest's lines stand alone."""
    amount, customer, n = facts.lines.net_amount, facts.lines.customer, len(facts.lines.customers)
    used = part if whole is None else part | whole
    guests = np.flatnonzero(used & (customer < 0))

    def sums(which: np.ndarray) -> np.ndarray:
        mine = np.flatnonzero(which & (customer >= 0))
        return np.concatenate(
            [np.bincount(customer[mine], amount[mine], minlength=n), np.where(which[guests], amount[guests], 0.0)]
        )

    return Tally(
        sums(part),
        None if whole is None else sums(whole),
        np.concatenate([np.arange(n, dtype=np.int32), np.full(len(guests), -1, dtype=np.int32)]),
        kind="sum" if whole is None else "ratio",
        line=np.concatenate([np.zeros(n, dtype=np.int64), guests]),
        window=facts.window,
        note=note,
    )


def _cross_sell_lines(facts: Facts) -> np.ndarray:
    assert facts.start_day is not None
    pairs = facts.by_family
    return _of_pairs(facts.added & (pairs.first_at >= facts.start_day), pairs.of_line)


def _upsell_lines(facts: Facts) -> np.ndarray:
    return _of_pairs(facts.upsold, facts.by_product.of_line)


def _opening_lines(facts: Facts) -> np.ndarray:
    assert facts.start_day is not None
    return ~facts.in_window & (facts.at >= facts.start_day - facts.settings.window_days)


def _of_pairs(which: np.ndarray, of_line: np.ndarray) -> np.ndarray:
    """bool, a line: its pair is one of ``which``; a guest's never is."""
    return look_up(np.append(which, False), of_line)
