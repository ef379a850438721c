"""What a metric is and takes; and what a bare "cross-sell rate" may mean on these data."""

from __future__ import annotations

import pytest

from affinity.errors import SettingsError
from affinity.metrics import DEFINITIONS, FORMULAS, MEASURES, compute_metrics, explain_metric, list_meanings
from affinity.metrics.compute import PAIR_MEASURES
from affinity.metrics.meanings import MEANINGS
from affinity.settings import MetricSettings
from tests.makers import make_lines

ROWS = [
    *[(f"o{i}", f"c{i:02}", "A", "2024-01-05", 1, 10.0) for i in range(20)],
    *[(f"n{i}", f"c{i:02}", "B", "2024-03-10", 1, 10.0) for i in range(5)],
    ("x", "c19", "A", "2024-03-11", 1, 10.0),
    ("x", "c19", "B", "2024-03-11", 1, 10.0),
]
LINES = make_lines(ROWS, as_of="2024-04-01")


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_every_metric_explains_itself(name):
    found = explain_metric(name)
    assert found.measured == (name in MEASURES or name in PAIR_MEASURES)
    assert (found.function is not None) == (name in FORMULAS)
    for part in (found.formula, found.population, found.needs, found.source):
        assert part in str(found)


def test_names_that_are_none():
    assert explain_metric("attach_rate(A, B)").function == "rates.attach_rate(both, with_antecedent)"
    with pytest.raises(SettingsError, match="Did you mean 'simple_ltv'"):
        explain_metric("simpl_ltv")
    with pytest.raises(SettingsError, match="one name for a dozen"):
        explain_metric("cross-sell rate")


def test_the_bare_rate_is_answered_with_the_named_ones_on_these_data():
    chosen = MetricSettings(window_days=31)
    found = list_meanings(compute_metrics(LINES, settings=chosen)).to_pandas()
    assert [name for name in MEANINGS if name in set(found["metric"].str.partition("(")[0])] == list(MEANINGS)
    values = found.set_index("metric")["value"]
    assert values["customer_cross_sell_rate"] == 0.3
    assert values["cross_sell_revenue_share"] == pytest.approx(60 / 70)
    assert found["formula"].notna().all()
    with pytest.raises(SettingsError) as error:
        compute_metrics(LINES, settings=MetricSettings(window_days=31, names=("cross_sell_rate",)))
    for told in ("customer_cross_sell_rate = ", "30.0% (6 / 20)", "offer_conversion_rate = ", "null (NO_OFFERS"):
        assert told in str(error.value)
