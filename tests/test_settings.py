"""Settings: defaults, unknown keys, values out of range."""

from __future__ import annotations

import datetime as dt

import pytest

from affinity.errors import SettingsError
from affinity.settings import FitSettings, Settings, make_section


def test_defaults_are_those_of_the_specification() -> None:
    settings = Settings()
    assert settings.conversion.horizons_days == (30, 90, 365)
    assert (settings.top_k, settings.horizon_days, settings.fit.support_per_target) == (10, 90, 200)
    assert settings.baskets.max_products_per_customer == 500


def test_values_are_read_and_frozen() -> None:
    settings = Settings.from_mapping({"as_of": "2025-06-30", "graph": {"fdr": 0.1}})
    assert settings.as_of == dt.date(2025, 6, 30)
    assert settings.graph.fdr == 0.1
    with pytest.raises(Exception, match="frozen"):
        settings.top_k = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"min_suport": 0.1}, r"Unknown setting 'min_suport' at the top level\. Did you mean 'min_support'\?"),
        ({"graph": {"neighbours": 3}}, r"Unknown setting 'neighbours' in section \[graph\]\. Did you mean 'neighbors'\?"),
        ({"min_support": 2}, r"min_support=2 is not valid: input should be less than or equal to 1"),
        ({"horizon_days": -1}, r"horizon_days=-1 is not valid"),
        ({"as_of": "yesterday"}, r"as_of='yesterday' is not valid"),
    ],
)
def test_bad_settings_are_explained(mapping: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.from_mapping(mapping)


def test_a_section_has_the_same_errors() -> None:
    assert make_section(FitSettings, alpha=0.3).alpha == 0.3
    with pytest.raises(SettingsError, match=r"Unknown setting 'alhpa' at the top level\. Did you mean 'alpha'\?"):
        make_section(FitSettings, alhpa=0.3)
