"""The velocity curve, the cohort triangle and the grouped matrix of rules."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.counting import mine_itemsets
from affinity.errors import SettingsError
from affinity.flow import group_baskets
from affinity.metrics import count_triangle, trace_adoption
from affinity.plots import plot_adoption, plot_cohorts, plot_rule_matrix
from affinity.rules import induce_rules
from affinity.settings import MetricSettings
from tests.metrics.test_velocity import shop

PEOPLE = [(0, 10), (0, 50), (5, None), (200, 20), (200, None), (440, None)]


def test_the_velocity_picture_ends_where_nobody_was_followed_and_names_the_median():
    axes = plot_adoption(trace_adoption(shop(PEOPLE, 450), by="cohort")).axes[0]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["2010-Q1 (3), half by day 50", "2010-Q3 (2), half by day 20", "2011-Q1 (1), half not reached"]
    ends = sorted(line.get_xdata()[-1] for line in axes.lines if line.get_label().startswith("201"))
    assert ends == [9, 249, 444]
    assert axes.get_xlim() == (0, 444)


def test_the_triangle_shows_what_is_censored_and_leaves_out_what_was_not_seen():
    table = count_triangle(shop(PEOPLE, 450), months=12, settings=MetricSettings(cohort_by="year"))
    axes = plot_cohorts(table).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert "40%" in texts  # two of five in the first month: all were followed
    assert len(texts) - 1 == int(np.isfinite(table.rate).sum()) < len(table)
    assert any(text.startswith("~") for text in texts) == bool((~table.complete & np.isfinite(table.rate)).any())


def test_the_matrix_groups_antecedents_that_lead_to_the_same():
    pairs = [("tea", "cup"), ("coffee", "cup"), ("nail", "hammer"), ("screw", "hammer")]
    baskets = group_baskets([list(pair) for pair in pairs for _ in range(6)] + [["rope"]] * 9)
    rules = induce_rules(mine_itemsets(baskets, min_count=2), min_confidence=0.6)
    axes = plot_rule_matrix(rules, groups=2).axes[0]
    assert sorted(label.get_text().split("  ")[0] for label in axes.get_xticklabels()) == ["coffee", "nail"]
    assert [label.get_text().split("  ")[1] for label in axes.get_xticklabels()] == ["+1", "+1"]
    assert {label.get_text() for label in axes.get_yticklabels()} == {"cup", "hammer"}
    cells = np.asarray(axes.collections[0].get_offsets())
    assert len(cells) == 2
    assert cells[0].tolist()[0] != cells[1].tolist()[0]
    with pytest.raises(SettingsError, match="groups=0"):
        plot_rule_matrix(rules, groups=0)


def test_nothing_to_draw_is_said():
    empty = trace_adoption(shop([(449, None)], 450))
    assert "Nobody was followed" in plot_adoption(empty).axes[0].texts[-1].get_text()
    rules = induce_rules(mine_itemsets(group_baskets([["a"], ["b"]]), min_count=1), min_confidence=0.1)
    assert plot_rule_matrix(rules).axes[0].texts[-1].get_text() == "No rules."
    triangle = count_triangle(shop([(449, None)], 450), months=2)
    assert "No cohort" in plot_cohorts(triangle).axes[0].texts[-1].get_text()
