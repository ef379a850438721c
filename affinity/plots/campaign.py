"""A campaign as pictures: what a plan is expected to bring, what its test can tell, what came of it by segment."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.plots.figure import BLUE, DARK, GREY, GROUPS, ORANGE, dress_axes, new_figure, plain_axes, shorten
from affinity.statistics.power import power_of
from affinity.tables import CampaignPlan, CampaignResult


def plot_plan(plan: CampaignPlan, *, products: int = 7) -> Any:
    """Expected buyers against audience size, likeliest first: all offers above, each product's below; a matplotlib Figure.

    The band is the plan's 95 % interval at the whole audience, shared out by expected buyers. ``products`` with the most
    offers have a line of their own, the others are one.
    """
    figure = new_figure(8.0, 6.5)
    sizes = plan.info["sizes"]
    if not sizes["treated"]:
        axes = plain_axes(figure, f"Campaign plan: {shorten(plan.info['name'])}")
        axes.text(0.5, 0.5, "Nobody is offered anything.", ha="center", transform=axes.transAxes)
        return figure
    above, below = figure.subplots(2, 1, gridspec_kw={"height_ratios": [1, 1.2]})
    days = plan.info["horizon_days"]
    within = f" within {days} days" if days else ""
    subtitle = f"{sizes['treated']:,} offers, {sizes['control']:,} held out; who buys{within} as fit has it, offer or not"
    dress_axes(above, f"Campaign plan: {shorten(plan.info['name'])}", subtitle)
    whole = _growing(plan.fit[plan.treated])
    expected = plan.expected[0]["conversions"]
    share = whole / whole[-1]
    at = np.arange(len(whole))
    above.fill_between(at, share * expected["lower"], share * expected["upper"], color=BLUE, alpha=0.15, linewidth=0,
                       label="95 % interval")  # fmt: skip
    above.plot(at, whole, color=BLUE, linewidth=1.8, label="all offers, likeliest first")
    above.set_ylabel("expected buyers")
    above.set_ylim(0, None)
    above.legend(frameon=False, loc="upper left")
    dress_axes(below, "", "")
    for place, (label, fits) in enumerate(_by_product(plan, products)):
        line = _growing(fits)
        style = {"color": GREY if label.endswith("others") else GROUPS[place % len(GROUPS)]}
        below.plot(np.arange(len(line)), line, linewidth=1.6, label=f"{label} ({len(fits):,})", **style)
    below.set_xlabel("offers made")
    below.set_ylabel("expected buyers")
    below.set_ylim(0, None)
    below.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    return figure


def plot_power(plan: CampaignPlan, *, rise: float | None = None) -> Any:
    """Chance that the test of ``plan`` tells a rise of conversion, against that rise in points; a matplotlib Figure.

    The base rate is that of ``plan.info["power"]``; the grey line is the power asked for, the dot the smallest rise that is
    told with it. rise : a rise hoped for, as a share of the base rate, marked too. Without a control group there is no curve.
    """
    power, sizes = plan.info["power"], plan.info["sizes"]
    base, least, wanted = power["base_rate"], power["smallest_detectable"], power["power"]
    subtitle = f"{sizes['treated']:,} treated, {sizes['control']:,} held out; base rate {100 * base:.2f} %"
    axes = plain_axes(new_figure(7.0, 3.6), f"What the test can tell: {shorten(plan.info['name'])}", subtitle)
    if least is None:
        axes.text(0.5, 0.5, "The test can tell nothing.", ha="center", transform=axes.transAxes)
        return axes.figure
    at, chance = power_curve(plan, rise)
    most = float(at[-1])
    axes.plot(100 * at, 100 * chance, color=BLUE, linewidth=1.8)
    axes.axhline(100 * wanted, color=GREY, linewidth=1)
    axes.plot(
        [100 * least], [100 * wanted], "o", color=BLUE, markersize=8, label=f"smallest detectable: {100 * least:.2f} points"
    )
    if rise and base * rise <= most:
        hoped = base * rise
        seen = power_of(base, base + hoped, sizes["treated"], sizes["control"], alpha=power["alpha"])
        label = f"hoped for: {100 * hoped:.2f} points ({rise:+.0%})"
        axes.plot([100 * hoped], [100 * seen], "D", color=ORANGE, markersize=7, label=label)
    axes.set_ylim(0, 103)
    axes.set_xlim(0, None)
    axes.set_xlabel("rise of conversion, points")
    axes.set_ylabel("chance to tell it, %")
    axes.tick_params(colors=DARK)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(DARK)
    axes.legend(frameon=False, loc="lower right", fontsize=8, labelcolor=DARK)
    return axes.figure


def power_curve(plan: CampaignPlan, rise: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(rise as a share of all, chance that the test tells it), float64[121] each: to twice the smallest detectable rise.

    The plan has a smallest detectable rise. rise : a rise hoped for, as a share of the base rate, that is to be on the curve
    """
    power, sizes = plan.info["power"], plan.info["sizes"]
    base, least = power["base_rate"], power["smallest_detectable"]
    at = np.linspace(0, min(max(2 * least, 1.3 * base * (rise or 0)), 1 - base), 121)
    told = [power_of(base, base + x, sizes["treated"], sizes["control"], alpha=power["alpha"]) for x in at.tolist()]
    return at, np.array(told, dtype=np.float64)


def _growing(fit: np.ndarray) -> np.ndarray:
    """Expected buyers of the first 0, 1, … offers, likeliest first."""
    return np.concatenate([[0.0], np.cumsum(np.sort(fit)[::-1])])


def _by_product(plan: CampaignPlan, most: int) -> list[tuple[str, np.ndarray]]:
    """(label, fits of the offers made) of the products with the most offers, the others together last."""
    rows = [row for row in plan.expected[1:] if row["offers"]]
    codes = plan.products.encode([row["product_id"] for row in rows])
    parts = [
        (shorten(row["product_id"], 24), plan.fit[plan.treated & (plan.product == code)]) for row, code in zip(rows, codes)
    ]
    if len(parts) <= most + 1:
        return parts
    rest = np.concatenate([fits for _, fits in parts[most:]])
    return [*parts[:most], (f"{len(parts) - most} others", rest)]


def plot_result(result: CampaignResult, *, outcome: str = "conversion") -> Any:
    """The effect on ``outcome`` over all and by segment, a point with its interval each; a matplotlib Figure.

    Thick bars are the intervals of single segments, thin ones hold for all segments of a column at once. Where no effect
    is claimed (targeted, not randomised), the shares who converted are shown instead, and said to be no effect.
    """
    rows = [i for i in range(len(result)) if result.outcome[i] == outcome and _is_overall(result, i)]
    claimed = [i for i in rows if np.isfinite(result.effect[i])]
    figure = new_figure(8.0, 1.9 + 0.42 * max(len(rows), 1))
    money = outcome == "revenue"
    title = f"Effect of the campaign on {outcome}" if claimed else f"What became of the customers: {outcome}, no effect claimed"
    axes = plain_axes(figure, title, _subtitle(result))
    scale = 1.0 if money else 100.0
    labels = []
    for place, i in enumerate(rows):
        y = -place
        labels.append("all" if result.segment_by[i] is None else shorten(f"{result.segment_by[i]} = {result.segment[i]}", 34))
        if not claimed:
            axes.plot(scale * result.treated_mean[i], y, "o", color=GREY)
            continue
        if np.isfinite(result.adjusted_lower[i]):
            axes.plot([scale * result.adjusted_lower[i], scale * result.adjusted_upper[i]], [y, y], color=GREY, linewidth=1.2)
        sure = not result.lower[i] <= 0 <= result.upper[i]
        color = BLUE if sure and result.effect[i] > 0 else ORANGE if sure else GREY
        axes.plot([scale * result.lower[i], scale * result.upper[i]], [y, y], color=color, linewidth=3, solid_capstyle="butt")
        axes.plot(scale * result.effect[i], y, "o", color=color, markeredgecolor="white", markersize=8)
    axes.set_yticks([-place for place in range(len(rows))], labels)
    axes.set_ylim(-len(rows) + 0.4, 0.6)
    if claimed:
        axes.axvline(0, color=DARK, linewidth=1)
        thin = " (thin: all segments at once)" if np.isfinite(result.adjusted_lower).any() else ""
        axes.set_xlabel("treated − control, " + ("money a customer" if money else "percentage points") + thin)
    else:
        axes.set_xlabel("money a treated customer" if money else "% of treated customers who converted")
    return figure


def _is_overall(result: CampaignResult, i: int) -> bool:
    """Whether row ``i`` is the plain estimate, over all or of a segment, and no refinement of it."""
    return result.segment_by[i] is not None or result.method[i] in (
        "newcombe", "welch", "difference in differences", "no comparison",
    )  # fmt: skip


def _subtitle(result: CampaignResult) -> str:
    level = f"{result.info['level']:.0%}"
    arms = f"{result.info['treated']:,} treated, {result.info['control']:,} control"
    return f"{result.label.replace('_', ' ')}; {arms}; {level} intervals"
