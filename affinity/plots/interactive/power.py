"""What the test of a campaign plan can tell, to explore: the chance to tell a rise of conversion against that rise."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.plots.campaign import power_curve
from affinity.plots.figure import BLUE, GREY, cut
from affinity.plots.interactive.chart import dress_chart, load_altair, make_rows, say_nothing, tell
from affinity.tables import CampaignPlan
from affinity.tables.number_text import format_count, format_share


def chart_power(plan: CampaignPlan, *, rise: float | None = None) -> Any:
    """Chance that the test of ``plan`` tells a rise of conversion, against that rise in points; an altair.Chart.

    The curve is that of `affinity.plots.campaign.plot_power`; the dot is the smallest rise told with the power asked for.
    """
    power, sizes = plan.info["power"], plan.info["sizes"]
    title = f"What the test can tell: {cut(plan.info['name'], 60)}"
    if power["smallest_detectable"] is None:
        return say_nothing(title, "The test can tell nothing.")
    altair = load_altair()
    base, least, wanted = power["base_rate"], power["smallest_detectable"], power["power"]
    at, chance = power_curve(plan, rise)
    data = make_rows({
        "points": 100 * at, "next": 100 * np.append(at[1:], at[-1]), "chance": chance,
        "rise": [f"+{100 * x:.2f} points" for x in at.tolist()], "told": [format_share(x) for x in chance.tolist()],
        "to": [f"{100 * base:.2f} % → {100 * (base + x):.2f} %" for x in at.tolist()],
        "more": [f"{format_count(x * sizes['treated'])} more buyers" for x in at.tolist()],
    })  # fmt: skip
    drawn = altair.Chart(data, width=560, height=300)
    y = altair.Y(
        "chance:Q", title="chance to tell it", axis=altair.Axis(format="%"), scale=altair.Scale(domain=[0, 1.03], nice=False)
    )
    x = altair.X("points:Q", title="rise of conversion, points", scale=altair.Scale(nice=False))
    near = altair.selection_point(on="pointerover", fields=["points"], empty=False)
    told = tell(rise="rise", to="from → to", told="chance to tell it", more="among the treated")
    line = drawn.mark_line(color=BLUE, strokeWidth=2).encode(x, y)
    dots = drawn.mark_circle(size=70, color=BLUE).encode(x, y, opacity=altair.condition(near, altair.value(1), altair.value(0)))
    steps = drawn.mark_rect(opacity=0).encode(x, x2="next:Q", tooltip=told)  # each tells its step at any height
    asked = altair.Chart(make_rows({"chance": [wanted]})).mark_rule(color=GREY).encode(y)
    mark = altair.Chart(make_rows({"points": [100 * least], "chance": [wanted], "rise": [f"+{100 * least:.2f} points"],
                                   "told": [format_share(wanted)]}))  # fmt: skip
    smallest = mark.mark_point(size=130, filled=True, color=BLUE, opacity=1).encode(
        x, y, tooltip=tell(rise="smallest detectable", told="chance to tell it")
    )
    said = (
        f"{sizes['treated']:,} treated, {sizes['control']:,} held out; base rate {100 * base:.2f} %; "
        f"the dot: smallest detectable rise, {100 * least:.2f} points"
    )
    return dress_chart(altair.layer(asked, line, dots, steps.add_params(near), smallest), title, said)
