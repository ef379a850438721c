"""Benchmark ranges of the sources, each with the definition it belongs to: orientation, never targets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from affinity.errors import InputError


@dataclass(frozen=True)
class Benchmark:
    """source : where it stands; definition : id of the metric it is of; context : whom it is of; low, high : the range
    in the unit of that metric (shares in [0, 1], days); high is None where the source gives no upper end."""

    source: str
    definition: str
    context: str
    low: float
    high: float | None


_S0, _S2, _S3 = "eligible_conversion_rate", "multi_product_rate", "S3 cross-sell rate (no formula given)"
_VELOCITY = "cross_sell_velocity_unconditional"
_MONTH = 365.25 / 12

BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("S0", _S0, "ecommerce at checkout", 0.05, 0.15),
    Benchmark("S0", _S0, "B2B SaaS multi-product", 0.15, 0.30),
    Benchmark("S0", _S0, "financial services", 0.20, 0.40),
    Benchmark("S0", _S0, "single-product business", 0.0, 0.0),
    Benchmark("S2", _S2, "mature SaaS", 0.25, 0.45),
    Benchmark("S2", _S2, "enterprise", 0.50, 0.70),
    Benchmark("S2", _S2, "enterprise (elsewhere on the same page)", 0.50, 0.65),
    Benchmark("S2", _S2, "mid-market", 0.30, 0.45),
    Benchmark("S2", _S2, "SMB", 0.15, 0.30),
    Benchmark("S2", _S2, "SMB (elsewhere on the same page)", 0.15, 0.25),
    Benchmark("S2", _S2, "tenure Y1", 0.15, 0.25),
    Benchmark("S2", _S2, "tenure Y2", 0.35, 0.50),
    Benchmark("S2", _S2, "tenure Y3+", 0.45, 0.65),
    Benchmark("S2", _S2, "health high", 0.60, 0.75),
    Benchmark("S2", _S2, "health medium", 0.35, 0.50),
    Benchmark("S2", _S2, "health low", 0.10, 0.20),
    Benchmark("S2", _VELOCITY, "median (8 to 14 months)", 8 * _MONTH, 14 * _MONTH),
    Benchmark("S2", _VELOCITY, "fast (4 to 6 months)", 4 * _MONTH, 6 * _MONTH),
    Benchmark("S2", _VELOCITY, "slow (18 months and more)", 18 * _MONTH, None),
    Benchmark("S3", _S3, "good", 0.20, 0.30),
    Benchmark("S3", _S3, "strong", 0.30, None),
)


@dataclass(frozen=True)
class Verdict:
    """standing : below, within or above the range, or "not comparable" with the reason in ``note``."""

    benchmark: Benchmark
    standing: Literal["below", "within", "above", "not comparable"]
    note: str


def compare_to_benchmark(value: float, definition: str, benchmark: Benchmark) -> Verdict:
    """Where ``value``, counted by ``definition``, stands to ``benchmark``.

    Raises InputError when the definitions differ: the figures answer different questions. An undefined value is "not
    comparable".

    >>> compare_to_benchmark(0.35, "multi_product_rate", BENCHMARKS[4]).standing
    'within'
    """
    if definition != benchmark.definition:
        raise InputError(
            f"{definition} cannot be held against {benchmark.context!r} of {benchmark.source}: {_reason(benchmark)}",
            why="One name, cross-sell rate, stands for a dozen ratios that differ several times over on the same shop.",
            do=f"Count {benchmark.definition} for it, or use a benchmark of {definition}.",
        )
    return _stand(value, benchmark)


def list_benchmarks(value: float, definition: str) -> list[Verdict]:
    """Where ``value`` stands to every benchmark; those of another definition are "not comparable", with the reason."""
    return [
        _stand(value, benchmark)
        if benchmark.definition == definition
        else Verdict(benchmark, "not comparable", f"not comparable: {_reason(benchmark)}")
        for benchmark in BENCHMARKS
    ]


def _reason(benchmark: Benchmark) -> str:
    return f"it is of another definition, {benchmark.definition}."


def _stand(value: float, benchmark: Benchmark) -> Verdict:
    if not math.isfinite(value):
        return Verdict(benchmark, "not comparable", "not comparable: the value is undefined")
    note = f"orientation, no target ({benchmark.source}, {benchmark.context})"
    if value < benchmark.low:
        return Verdict(benchmark, "below", note)
    return Verdict(benchmark, "within" if benchmark.high is None or value <= benchmark.high else "above", note)
