"""What came of a campaign, in one honest sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def word_verdict(rows: list[dict[str, Any]], info: Mapping[str, Any]) -> str:
    """One sentence on the first row (conversion over all): what is known, how it is known, and what is not."""
    row, level = rows[0], f"{info['level']:.0%}"
    if info["label"] == "before_after_unverified":
        return _no_claim(row, level)
    if math.isnan(row["effect"]):
        row = rows[1] if len(rows) > 1 else row
        return _changes(row, level) if not math.isnan(row["effect"]) else _no_claim(row, level)
    if info["label"] == "difference_in_differences":
        return _changes(row, level)
    shares = (
        f"{row['treated_mean']:.2%} of {row['treated']:,} treated customers converted against {row['control_mean']:.2%} of "
        f"{row['control']:,} held out"
    )
    effect = f"{_points(row['effect'])} ({level} interval {_points(row['lower'])} to {_points(row['upper'])})"
    if row["lower"] <= 0 <= row["upper"]:
        return (
            f"No effect on conversion can be told from chance: {shares}, {effect}; neither no effect nor one within that "
            f"interval is ruled out{_money(info)}."
        )
    more = "more" if row["effect"] > 0 else "fewer"
    low, high = sorted((abs(row["incremental_lower"]), abs(row["incremental_upper"])))
    return (
        f"The campaign brought {more} conversions: {shares}, {effect}, about {abs(row['incremental']):,.0f} {more} "
        f"({low:,.0f} to {high:,.0f}) than without it{_money(info)}."
    )


def _no_claim(row: Mapping[str, Any], level: str) -> str:
    if row["treated"] == 0:
        return "Nobody was treated: there is nothing to measure."
    if row["outcome"] == "conversion" and "rate_lower" in row:
        interval = f" ({level} interval {row['rate_lower']:.2%} to {row['rate_upper']:.2%})"
        share = f"{row['treated_mean']:.2%} of {row['treated']:,} customers converted{interval}"
    else:
        share = f"{row['treated']:,} customers were treated"
    return (
        f"{share}; they were targeted, not randomised, and what they would have done anyway is not known: no uplift is claimed."
    )


def _changes(row: Mapping[str, Any], level: str) -> str:
    show = _points if row["outcome"] == "conversion" else _amount
    told = "cannot be told from chance" if row["lower"] <= 0 <= row["upper"] else "differs"
    return (
        f"Not randomised: the change in {row['outcome']} of {row['treated']:,} treated customers against {row['control']:,} "
        f"others {told}, {show(row['effect'])} ({level} interval {show(row['lower'])} to {show(row['upper'])}), an effect "
        "only if both would have changed alike."
    )


def _money(info: Mapping[str, Any]) -> str:
    """What it was worth, where cost and revenue are known."""
    net = info["return_on_cost"]["incremental_net"]
    if net is None or net["lower"] is None or info["few_buyers"]:
        return ""
    interval = f"net return {net['value']:+.2f}, {net['lower']:+.2f} to {net['upper']:+.2f}"
    if net["lower"] <= 0 <= net["upper"]:
        return f"; whether it paid for itself is open ({interval})"
    return f"; it {'paid' if net['lower'] > 0 else 'did not pay'} for itself ({interval})"


def _points(share: float) -> str:
    return f"{100 * share:+.2f} points"


def _amount(money: float) -> str:
    return f"{money:+,.2f} a customer"
