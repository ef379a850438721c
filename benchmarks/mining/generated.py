"""Large generated sets: ours alone, at the full size and a tenth of it; time a basket must not grow, memory must stay small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from affinity.tables import Baskets
from benchmarks.generate import make_quest_baskets, make_zipf_baskets
from benchmarks.mining.data import save
from benchmarks.mining.measure import Limits, Measured, try_alone
from benchmarks.mining.ours import OURS
from benchmarks.mining.rows import Row

SUPPORTS = (0.001, 0.0005, 0.0001)
MOST_MEMORY = 8_000_000_000


@dataclass(frozen=True)
class Generated:
    """A recipe at its full size."""

    name: str
    n_baskets: int
    make: Callable[[int], Baskets]


SETS = (
    Generated("T10I4", 1_000_000, make_quest_baskets),
    Generated("Zipf, 50,000 products", 3_000_000, lambda n: make_zipf_baskets(n, 50_000)),
)


@dataclass(frozen=True)
class Scaled:
    """One threshold of one set: the figures of the tenth and of the whole."""

    name: str
    row: Row
    baskets: tuple[int, int]
    figures: tuple[Measured, Measured]

    @property
    def microseconds(self) -> tuple[float, float]:
        """Median wall time a basket, of the tenth and of the whole."""
        tenth, whole = (1e6 * one.seconds / n for one, n in zip(self.figures, self.baskets))
        return tenth, whole


def measure_generated(folder: Path, limits: Limits, shrink: int = 1) -> Iterator[Scaled]:
    """Every set and support, each run in a process of its own; ``shrink`` makes all of them smaller, to try it out."""
    for kind in SETS:
        sizes = (max(kind.n_baskets // shrink // 10, 1), max(kind.n_baskets // shrink, 1))
        kept = [save(kind.name, kind.make(n), folder / f"{kind.name}-{n}") for n in sizes]
        for table, support in [*(("itemsets", support) for support in SUPPORTS), ("pairs", SUPPORTS[-1])]:
            rows = [Row(table, kind.name, max(round(support * n), 1)) for n in sizes]
            figures = [
                try_alone(OURS[table][0], loaded, row, replace(limits, budget=10 * limits.budget), repeats=limits.repeats)
                for loaded, row in zip(kept, rows)
            ]
            yield Scaled(kind.name, rows[1], sizes, (figures[0], figures[1]))


def generated_table(found: list[Scaled]) -> list[str]:
    """Markdown of the large sets."""
    lines = [
        "## Large generated sets, ours alone", "",
        "Ratio: time a basket at the full size over that at a tenth of it; memory is that of the run's process.", "",
        "| set | what | baskets | min_count | results | wall s | CPU s | µs a basket | at a tenth | ratio | growth MB | "
        "process MB | < 8 GB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for one in found:
        head = f"| {one.name} | {one.row.table} | {one.baskets[1]:,} | {one.row.min_count:,} | "
        failed = next((figures.failed for figures in one.figures if figures.failed), "")
        if failed:
            lines.append(head + failed + " | – " * 8 + "|")
            continue
        whole, (small, large) = one.figures[1], one.microseconds
        fits = "yes" if (whole.held or 0) < MOST_MEMORY else "**no**"
        lines.append(
            f"{head}{whole.results:,} | {whole.seconds:.3g} | {whole.cpu_seconds:.3g} | {large:.3g} | {small:.3g} | "
            f"{large / small:.2f} | {(whole.growth or 0) / 1e6:.0f} | {(whole.held or 0) / 1e6:.0f} | {fits} |"
        )
    return [*lines, ""]
