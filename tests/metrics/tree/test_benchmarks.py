"""Benchmarks belong to a definition: the same only is compared."""

from __future__ import annotations

import pytest

from affinity.errors import InputError
from affinity.metrics import DEFINITIONS
from affinity.metrics.tree import BENCHMARKS, compare_to_benchmark, list_benchmarks


def test_only_the_same_definition_is_compared() -> None:
    saas = next(one for one in BENCHMARKS if one.context == "mature SaaS")
    for value, standing in ((0.2, "below"), (0.25, "within"), (0.45, "within"), (0.5, "above")):
        assert compare_to_benchmark(value, "multi_product_rate", saas).standing == standing
    with pytest.raises(InputError, match=r"multi_product_rate.*Count multi_product_rate"):
        compare_to_benchmark(0.3, "eligible_conversion_rate", saas)
    assert compare_to_benchmark(float("nan"), "multi_product_rate", saas).standing == "not comparable"


def test_all_are_listed_with_the_reason_why_not() -> None:
    found = list_benchmarks(0.12, "eligible_conversion_rate")
    assert len(found) == len(BENCHMARKS)
    for verdict in found:
        same = verdict.benchmark.definition == "eligible_conversion_rate"
        assert (verdict.standing != "not comparable") == same
        assert same or verdict.benchmark.definition in verdict.note
    assert next(v for v in found if v.benchmark.context == "ecommerce at checkout").standing == "within"


def test_ranges_are_ranges_and_their_definitions_exist() -> None:
    for one in BENCHMARKS:
        assert one.high is None or one.low <= one.high
        assert one.definition in DEFINITIONS or one.source == "S3"
    slow = next(one for one in BENCHMARKS if one.context.startswith("slow"))
    assert slow.low == pytest.approx(548, abs=1)
