"""What came of a campaign, by intention to treat: who was assigned counts, whoever was reached."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from affinity.campaigns.returns import cost_per_conversion, return_on_cost
from affinity.campaigns.verdict import word_verdict
from affinity.errors import InputError, SettingsError, did_you_mean
from affinity.statistics.effects import (
    UNKNOWN,
    Effect,
    adjusted_difference,
    complier_effect,
    difference_of_means,
    difference_of_shares,
    stratified_difference,
)
from affinity.statistics.intervals import wilson_interval
from affinity.tables import CampaignOutcomes, CampaignResult

RANDOMISED, DIFFERENCES, UNVERIFIED = "randomised", "difference_in_differences", "before_after_unverified"

#: Buyers in each arm from which Welch's interval of revenue, which is skewed, is relied on.
ENOUGH_BUYERS = 20

#: Labels of an arm that was offered nothing, in lower case.
CONTROL = ("control", "control group", "holdout", "none", "no offer", "no e-mail", "no email")


@dataclass(frozen=True)
class Question:
    """How the outcomes are to be read.

    randomised : the arms were drawn by chance before the campaign
    treated, control : labels of the arms compared, None the only ones there are
    by     : segment columns; cost : money of the campaign, None unknown; value : money of a conversion, where revenue
             was not measured; level : of the intervals; context : what else goes into ``info``
    """

    randomised: bool = False
    treated: str | None = None
    control: str | None = None
    by: tuple[str, ...] = ()
    cost: float | None = None
    value: float | None = None
    level: float = 0.95
    notes: tuple[str, ...] = ()
    context: dict[str, Any] = field(default_factory=dict)


def measure_outcomes(outcomes: CampaignOutcomes, question: Question) -> CampaignResult:
    """The effects of a campaign on conversion and revenue, and what they are worth.

    randomised              : Newcombe's interval for shares, Welch's for revenue; beside them weighted over the strata of the
                              holdout, adjusted by fit (CUPED), and on those reached (CACE)
    difference_in_differences : arms not drawn by chance, with their outcomes before: difference of the changes (Welch)
    before_after_unverified : neither: shares with Wilson's interval, no effect, no claim

    Incremental is effect × treated. InputError for arms that cannot be told apart, SettingsError for an unknown segment column.
    """
    kept, treated = _split_arms(outcomes, question)
    label = _label(kept, treated, question)
    rows = _overall(kept, treated, label, question.level)
    rows += [row for name in question.by for row in _by_segment(kept, treated, name, label, question.level)]
    if label == RANDOMISED:
        rows += _refined(kept, treated, question.level)
    info = _worth(rows, kept, treated, question)
    info |= {"label": label, "level": question.level, **question.context}
    info["notes"] = [*question.notes, *_notes(kept, label, question)]
    if info["few_buyers"] and label == RANDOMISED:
        info["notes"].append(f"Fewer than {ENOUGH_BUYERS} buyers in an arm: intervals of revenue (Welch) are then too narrow.")
    info["verdict"] = word_verdict(rows, info)
    return CampaignResult.of(rows, info)


def _split_arms(outcomes: CampaignOutcomes, question: Question) -> tuple[CampaignOutcomes, np.ndarray]:
    """The rows of the two arms, and bool: treated."""
    labels = sorted({str(a) for a in outcomes.arm.tolist() if a is not None})
    control = question.control or next((a for a in labels if a.lower() in CONTROL), None)
    others = [a for a in labels if a != control]
    treated = question.treated or (others[0] if len(others) == 1 else None)
    for name in (question.control, question.treated):
        if name is not None and name not in labels:
            raise InputError(f"No customer is in the arm {name!r}.", do=did_you_mean(name, labels))
    if treated is None:
        known = ", ".join(labels) or "none"
        raise InputError(
            f"It is not clear which arm was treated and which was not; the arms are: {known}.",
            why="An effect is one arm against another.",
            do="Name them: treated='…', control='…'.",
        )
    rows = np.array([a == treated or (control is not None and a == control) for a in outcomes.arm], dtype=bool)
    kept = outcomes.take(rows)
    return kept, np.array([a == treated for a in kept.arm], dtype=bool)


def _label(kept: CampaignOutcomes, treated: np.ndarray, question: Question) -> str:
    if treated.all() or not treated.any():
        return UNVERIFIED
    if question.randomised:
        return RANDOMISED
    return UNVERIFIED if kept.converted_before is None and kept.revenue_before is None else DIFFERENCES


def _overall(kept: CampaignOutcomes, treated: np.ndarray, label: str, level: float) -> list[dict[str, Any]]:
    rows = [_conversion(kept.converted, kept.converted_before, treated, label, level)]
    if kept.revenue is not None:
        rows.append(_revenue(kept.revenue, kept.revenue_before, treated, label, level))
    return rows


def _conversion(
    converted: np.ndarray, before: np.ndarray | None, treated: np.ndarray, label: str, level: float
) -> dict[str, Any]:
    """The row of conversion: two shares, or the change of two shares, or one share without a comparison."""
    x1, n1 = int(converted[treated].sum()), int(treated.sum())
    x0, n0 = int(converted[~treated].sum()), int((~treated).sum())
    if label == RANDOMISED:
        return _row("conversion", "newcombe", converted, treated, difference_of_shares(x1, n1, x0, n0, level))
    if label == DIFFERENCES and before is not None:
        return _row("conversion", "difference in differences", converted, treated, _change(converted - before, treated, level))
    bounds = wilson_interval(x1, n1, level)
    row = _row("conversion", "no comparison", converted, treated, UNKNOWN)
    return row | {"rate_lower": float(bounds[0]), "rate_upper": float(bounds[1])}


def _revenue(revenue: np.ndarray, before: np.ndarray | None, treated: np.ndarray, label: str, level: float) -> dict[str, Any]:
    if label == RANDOMISED:
        return _row("revenue", "welch", revenue, treated, _change(revenue, treated, level))
    if label == DIFFERENCES and before is not None:
        return _row("revenue", "difference in differences", revenue, treated, _change(revenue - before, treated, level))
    return _row("revenue", "no comparison", revenue, treated, UNKNOWN)


def _change(column: np.ndarray, treated: np.ndarray, level: float) -> Effect:
    return difference_of_means(column[treated], column[~treated], level)


def _refined(kept: CampaignOutcomes, treated: np.ndarray, level: float) -> list[dict[str, Any]]:
    """The same effects weighted over strata, adjusted by fit, and on those reached, as far as the data have them."""
    rows = []
    columns = {"conversion": kept.converted} | ({} if kept.revenue is None else {"revenue": kept.revenue})
    for outcome, column in columns.items():
        if kept.stratum is not None and kept.stratum.max(initial=0) > 0:
            rows.append(
                _row(outcome, "stratified", column, treated, stratified_difference(column, treated, kept.stratum, level))
            )
        if kept.fit is not None:
            effect, saved = adjusted_difference(column, treated, kept.fit, level)
            rows.append(_row(outcome, f"cuped ({saved:.1%} less variance)", column, treated, effect))
        if kept.exposed is not None:
            effect = complier_effect(column, treated, kept.exposed, level)
            reached = float(kept.exposed[treated].mean() - kept.exposed[~treated].mean()) * int(treated.sum())
            rows.append(_row(outcome, "cace", column, treated, effect, reached))
    return rows


def _by_segment(kept: CampaignOutcomes, treated: np.ndarray, name: str, label: str, level: float) -> Iterable[dict[str, Any]]:
    """The overall rows of each segment, with intervals that hold for all segments of the column at once (Bonferroni)."""
    if name not in kept.segments:
        raise SettingsError(f"There is no segment column {name!r}.", do=did_you_mean(name, kept.segments))
    labels = np.array(["(unknown)" if v is None else str(v) for v in kept.segments[name]], dtype=object)
    segments = sorted(set(labels.tolist()))
    wide = 1 - (1 - level) / max(len(segments), 1)
    for segment in segments:
        mine = labels == segment
        part, arm = kept.take(mine), treated[mine]
        own = UNVERIFIED if arm.all() or not arm.any() else label
        for row, adjusted in zip(_overall(part, arm, own, level), _overall(part, arm, own, wide)):
            bounds = {"adjusted_lower": adjusted["lower"], "adjusted_upper": adjusted["upper"]}
            yield row | bounds | {"segment_by": name, "segment": segment}


def _row(
    outcome: str, method: str, column: np.ndarray, treated: np.ndarray, effect: Effect, count: float | None = None
) -> dict[str, Any]:
    """count : customers that the effect is one of, for what is incremental; None all treated"""
    n1, n0 = int(treated.sum()), int((~treated).sum())
    every = effect.times(n1 if count is None else count)
    return {
        "outcome": outcome, "method": method, "segment_by": None, "segment": None, "treated": n1, "control": n0,
        "treated_mean": float(column[treated].mean()) if n1 else math.nan,
        "control_mean": float(column[~treated].mean()) if n0 else math.nan,
        "effect": effect.value, "lower": effect.lower, "upper": effect.upper,
        "adjusted_lower": math.nan, "adjusted_upper": math.nan,
        "incremental": every.value, "incremental_lower": every.lower, "incremental_upper": every.upper,
    }  # fmt: skip


def _worth(rows: list[dict[str, Any]], kept: CampaignOutcomes, treated: np.ndarray, question: Question) -> dict[str, Any]:
    """Incremental conversions and revenue, the return on the cost, cost a conversion."""
    conversion = rows[0]
    few = kept.revenue is not None and min(kept.converted[treated].sum(), kept.converted[~treated].sum()) < ENOUGH_BUYERS
    bought = Effect(*(conversion[name] for name in ("incremental", "incremental_lower", "incremental_upper")))
    revenue, attributed, source = UNKNOWN, None, None
    if kept.revenue is not None:
        revenue = Effect(*(rows[1][name] for name in ("incremental", "incremental_lower", "incremental_upper")))
        attributed, source = float(kept.revenue[treated].sum()), "revenue measured a customer (Welch's interval)"
    elif question.value is not None:
        revenue, attributed = bought.times(question.value), float(kept.converted[treated].sum()) * question.value
        source = f"conversions × {question.value:g} each; the value is taken as known"
    return {
        "treated": int(treated.sum()),
        "control": int((~treated).sum()),
        "incremental_conversions": bought.plain(),
        "incremental_revenue": revenue.plain(),
        "revenue_source": source,
        "few_buyers": bool(few),
        "cost": question.cost,
        "return_on_cost": return_on_cost(revenue, attributed, question.cost),
        "cost_per_conversion": cost_per_conversion(bought, float(kept.converted[treated].sum()), question.cost),
    }


def _notes(kept: CampaignOutcomes, label: str, question: Question) -> list[str]:
    notes = []
    if kept.blank:
        notes.append(f"{kept.blank:,} outcomes were not recorded and count as no conversion.")
    if question.by:
        notes.append(
            f"{question.level:.0%} intervals of single segments: of twenty segments without any effect one would look as if it "
            "had one; adjusted_lower and adjusted_upper hold for all segments of a column at once."
        )
    if label == DIFFERENCES:
        notes.append("Difference in differences holds only if both groups would have changed alike without the campaign.")
    if label == UNVERIFIED:
        notes.append("Customers were not assigned by chance and there is no comparison: nothing is claimed to be an effect.")
    return notes
