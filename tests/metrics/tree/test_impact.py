"""Interventions checked afterwards: the label says what the figure is worth, and the trap stays unverified."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from affinity.errors import InputError, SettingsError
from affinity.ingest import read_interventions
from affinity.metrics.tree import check_intervention
from affinity.tables import Impacts, Intervention, MetricTree
from tests.metrics.tree.trees import make_tree

DAY = int(np.datetime64("2024-04-01", "D").astype(int))
SEGMENTS = [f"s{i:02d}" for i in range(12)]


def sell(bought: np.ndarray, offered: int) -> MetricTree:
    """Segments that were all offered as often, of whom so many bought for 10 each."""
    return make_tree([(offered, offered, x, 10 * x) for x in bought.tolist()], SEGMENTS[: len(bought)])


def test_the_trap_of_the_worst_segments_looks_positive_and_stays_unverified() -> None:
    """A change without any effect, made in the worst 3 of 12 segments: about +1 point, positive in most runs."""
    rng = np.random.default_rng(7)
    gains = []
    for _ in range(200):
        first, then = rng.binomial(1250, 0.10, (2, 12))
        worst = tuple(SEGMENTS[i] for i in np.argsort(first)[:3])
        found = check_intervention(
            Intervention(DAY, "conversion", "new page", worst), sell(first, 1250), sell(then, 1250), observed_days=90
        )
        gains.append(found.effect)
        assert found.label == "before_after_unverified"
        assert "unverified" in found.text
        assert "regression to the mean" in found.text
        assert "effect" not in found.text
    assert 0.007 < np.mean(gains) < 0.013
    assert np.mean(np.array(gains) > 0) > 0.8


def test_a_difference_in_differences_covers_a_planted_effect_and_no_effect() -> None:
    rng = np.random.default_rng(1)
    for planted in (0.0, 0.03):
        covered = 0
        for _ in range(200):
            first = rng.binomial(2000, [0.10, 0.14])
            then = rng.binomial(2000, [0.12 + planted, 0.16])
            found = check_intervention(
                Intervention(DAY, "conversion", "new page", ("s00",), comparison=("s01",)),
                sell(first, 2000), sell(then, 2000), observed_days=90,
            )  # fmt: skip
            assert found.label == "difference_in_differences"
            covered += found.lower <= planted <= found.upper
        assert 0.9 < covered / 200 <= 1


def test_a_split_by_lot_is_compared_afterwards_only() -> None:
    before, after = sell(np.array([100, 160]), 1000), sell(np.array([150, 110]), 1000)
    found = check_intervention(
        Intervention(DAY, "conversion", "new page", ("s00",), True, ("s01",)), before, after, observed_days=90
    )
    assert found.label == "randomised"
    assert found.effect == pytest.approx(0.04)
    assert found.lower > 0
    assert "clear of zero" in found.text


@pytest.mark.parametrize(
    ("one", "others", "why"),
    [
        (Intervention(DAY, "conversion", "x", ("s00",), True), (), "The lot is recorded, but no comparison segment"),
        (Intervention(DAY, "conversion", "x", ("s00",), True, ("s00",)), (), "was changed too"),
        (Intervention(DAY, "conversion", "x", (), False, ("s01",)), (), "was changed too"),
        (
            Intervention(DAY, "conversion", "x", ("s00",), False, ("s01",)),
            (Intervention(DAY + 3, "reach", "y", ("s01",)),),
            "'y'",
        ),
        (Intervention(DAY, "conversion", "x", ("s00",), False, ("s01",)), (Intervention(DAY, "reach", "all"),), "'all'"),
    ],
)
def test_without_an_untouched_comparison_it_is_unverified(one: Intervention, others: tuple, why: str) -> None:
    before, after = sell(np.array([100, 160, 120]), 1000), sell(np.array([150, 110, 100]), 1000)
    found = check_intervention(one, before, after, observed_days=90, others=(one, *others))
    assert found.label == "before_after_unverified"
    assert why in found.text


def test_a_mean_has_bounds_and_what_is_not_over_is_said() -> None:
    before, after = sell(np.array([100, 160]), 1000), sell(np.array([150, 110]), 1000)
    early = check_intervention(Intervention(DAY, "conversion", "x"), before, after, observed_days=0)
    assert (early.label, np.isnan(early.effect)) == ("not_yet_observed", True)
    dated = make_tree([(1000, 1000, 100, 1000.0)], ["s00"], window="2024-01-01/2024-04-01")
    short = check_intervention(Intervention(DAY, "conversion", "x"), dated, after, observed_days=20)
    assert "Only 20 days have been observed, against 91 before." in short.text
    with pytest.raises(SettingsError, match="Did you mean 'conversion'"):
        check_intervention(Intervention(DAY, "conversoin", "x"), before, after, observed_days=9)
    rows = Impacts((early, short)).to_pandas()
    assert rows.label.tolist() == ["not_yet_observed", "before_after_unverified"]
    assert str(rows.date[0])[:10] == "2024-04-01"


def test_the_record_is_read_from_toml_json_and_csv(tmp_path: Path) -> None:
    expected = (
        Intervention(DAY, "conversion", "new page", ("north", "south"), True, ("west",)),
        Intervention(DAY + 1, "reach", "more mail"),
    )
    (tmp_path / "a.toml").write_text(
        '[[intervention]]\ndate = 2024-04-01\nnode = "conversion"\nwhat = "new page"\nsegment = ["north", "south"]\n'
        'randomised = true\ncomparison_segment = "west"\n\n'
        '[[intervention]]\ndate = "2024-04-02"\nnode = "reach"\nwhat = "more mail"\n'
    )
    rows = [
        {"date": "2024-04-01", "node": "conversion", "what": "new page", "segment": ["north", "south"], "randomised": True,
         "comparison_segment": "west"},
        {"date": "2024-04-02", "node": "reach", "what": "more mail"},
    ]  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"interventions": rows}))
    (tmp_path / "a.csv").write_text(
        "date,node,segment,what,randomised,comparison_segment\n2024-04-01,conversion,north; south,new page,yes,west\n"
        "2024-04-02,reach,,more mail,,\n"
    )
    for source in (tmp_path / "a.toml", str(tmp_path / "a.json"), tmp_path / "a.csv", rows):
        assert read_interventions(source) == expected


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"date": "spring", "node": "reach", "what": "x"}, "is no date"),
        ({"node": "reach", "what": "x"}, "has no 'date'"),
        ({"date": "2024-04-01", "node": "reach", "what": "x", "segmnt": "a"}, "Did you mean 'segment'"),
        ({"date": "2024-04-01", "node": "reach", "what": "x", "randomised": "maybe"}, "neither yes nor no"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named(row: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_interventions([row])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("= nothing")
    (tmp_path / "b.json").write_text('{"a": 1}')
    for name, said in (("a.toml", "cannot be read"), ("b.json", "no list"), ("c.csv", "cannot be read")):
        with pytest.raises(InputError, match=said):
            read_interventions(tmp_path / name)
