"""Pictures of a plan and of what came of a campaign."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.campaigns import Question, measure_outcomes
from affinity.plots.figure import BLUE, GREY
from affinity.tables import CampaignOutcomes
from tests.campaigns.makers import make_prospects, plan_of


def test_a_plan_grows_to_what_it_expects() -> None:
    plan = plan_of(make_prospects(300, 12), capacity=40)
    figure = plan.plot(products=4)
    above, below = figure.axes
    assert above.lines[0].get_ydata()[-1] == pytest.approx(plan.expected[0]["conversions"]["value"])
    assert len(above.lines[0].get_ydata()) == plan.info["sizes"]["treated"] + 1
    labels = [text.get_text() for text in below.get_legend().get_texts()]
    assert len(labels) == 5
    assert labels[-1].startswith("8 others")
    assert sum(line.get_ydata()[-1] for line in below.lines) == pytest.approx(plan.fit[plan.treated].sum())
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_an_empty_plan_says_so() -> None:
    figure = plan_of(make_prospects(), size=0).plot()
    assert "Nobody is offered anything." in [text.get_text() for text in figure.axes[0].texts]


def _outcomes() -> CampaignOutcomes:
    rng = np.random.default_rng(0)
    arm = np.repeat(np.array(["treated", "control"], dtype=object), 500)
    bought = (rng.random(1000) < np.where(arm == "treated", 0.5, 0.2)).astype(float)
    names = np.array(["a", "b", "c", "d"] * 250, dtype=object)
    return CampaignOutcomes(arm, bought, revenue=bought * 3, fit=rng.random(1000), segments={"s": names})


def test_effects_have_a_row_over_all_and_one_a_segment() -> None:
    result = measure_outcomes(_outcomes(), Question(randomised=True, by=("s",)))
    axes = result.plot().axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["all", "s = a", "s = b", "s = c", "s = d"]
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert points[0].get_xdata()[0] == pytest.approx(100 * result.effect[0])
    assert {line.get_color() for line in points} == {BLUE}
    money = result.plot(outcome="revenue").axes[0]
    assert "money a customer" in money.get_xlabel()


def test_without_a_claim_there_is_no_effect_in_the_picture() -> None:
    result = measure_outcomes(_outcomes(), Question())
    axes = result.plot().axes[0]
    assert "no effect claimed" in axes.get_title(loc="left")
    assert {line.get_color() for line in axes.lines} == {GREY}
    assert "treated customers" in axes.get_xlabel()
