"""Calibration of fit to explore: what was predicted against what happened, a point a bin."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.plots.calibration import bound_bins, describe_calibration, sqrt_ticks
from affinity.plots.figure import BLUE, GREY
from affinity.plots.interactive.chart import dress_chart, load_altair, make_rows, say_counts, say_nothing, say_shares, tell
from affinity.tables import Calibration, FitModel
from affinity.tables.number_text import format_share


def chart_calibration(calibration: Calibration | FitModel) -> Any:
    """Mean predicted fit against the share who bought, a point a bin with its 95 % Wilson bar; an altair.Chart.

    On the dashed line fit is right; below it fit promises too much. Both axes are on a square-root scale.
    """
    if isinstance(calibration, FitModel):
        calibration = calibration.calibration
    predicted, observed, lower, upper, rows = bound_bins(calibration)
    if not len(rows):
        return say_nothing("Calibration of fit", calibration.note or "No calibration.")
    altair = load_altair()
    top = float(max(predicted.max(), upper.max())) * 1.15
    roots, percent = altair.Scale(type="sqrt", domain=[0, top], nice=False), altair.Axis(format=".2~%", values=sqrt_ticks(top))
    x = altair.X("predicted:Q", title="predicted: mean fit of the bin (square-root scale)", scale=roots, axis=percent)
    observed_title = "observed: share who bought (square-root scale)"
    y, y_lower = (altair.Y(f"{name}:Q", title=observed_title, scale=roots, axis=percent) for name in ("observed", "lower"))
    data = make_rows({
        "predicted": predicted, "observed": observed, "lower": lower, "upper": upper,
        "promised": [format_share(x) for x in predicted.tolist()],
        "said": say_shares(observed, lower, upper),
        "bought": say_counts(np.rint(observed * rows)), "rows": say_counts(rows),
    })  # fmt: skip
    told = tell(promised="predicted", said="observed [95 %]", bought="bought", rows="customer-product rows")
    base = altair.Chart(data, width=420, height=420)
    line = altair.Chart(make_rows({"predicted": [0.0, top], "observed": [0.0, top]})).mark_line(color=GREY, strokeDash=[5, 4])
    bars = base.mark_rule(color=BLUE, strokeWidth=2).encode(x, y_lower, altair.Y2("upper:Q"), tooltip=told)
    dots = base.mark_circle(size=90, color=BLUE, opacity=1).encode(x, y, tooltip=told)
    return dress_chart(altair.layer(line.encode(x, y), bars, dots), "Calibration of fit", describe_calibration(calibration))
