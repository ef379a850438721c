"""Figures as Markdown: a table of times, one of memory, and how much faster in the geometric mean."""

from __future__ import annotations

import math
import platform
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from affinity.threads import available_threads
from benchmarks.mining.contender import Contender, version_of
from benchmarks.mining.measure import Measured
from benchmarks.mining.programs import ROOT
from benchmarks.mining.rows import TITLES, Row

Figures = dict[str, Measured]
Results = list[tuple[Row, Figures]]


def about(packages: Iterable[str], repeats: int, lcm: Path | None) -> list[str]:
    """What was run, on what, and how to read it."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=ROOT, check=False
    ).stdout
    versions = [version_of(name) for name in dict.fromkeys(["affinity-engine", "numpy", "numba", *packages]) if name]
    return [
        "# Mining, side by side", "",
        f"Commit {commit.strip() or 'unknown'}; {_processor()}, {available_threads()} cores in use, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}.",
        f"{'; '.join(versions)}; LCM {'from ' + lcm.name if lcm else 'not given'}.", "",
        f"Seconds: median wall / minimum wall / median CPU of {repeats} interleaved runs, after one that is not counted. "
        "Inputs are made beforehand, results freed afterwards. Peers' results are their own Python objects, ours are arrays. "
        "**Bold**: another number of results than is known to be right (counted by several programs and the plain oracle), "
        "or, where none is known, than ours.",
        "Memory: growth in MB at the peak of one run over what the process held with its imports, kernels and input loaded, "
        "each in a process of its own; of whole processes: the peak.", "",
    ]  # fmt: skip


def table(results: Results, contenders: Sequence[Contender]) -> list[str]:
    """Times of one table: a row a set and threshold, a column a contender."""
    names = [contender.name for contender in contenders]
    lines = [f"## {TITLES[results[0][0].table]}", "", "| set | min_count | results | best PyFIM ÷ affinity, wall (CPU) | "
             + " | ".join(names) + " |", "|---" * (len(names) + 4) + "|"]  # fmt: skip
    for row, figures in results:
        expected = expected_results(row, figures)
        wall, cpu = (speedup(figures, contenders, "pyfim", cpu=by_cpu) for by_cpu in (False, True))
        cells = [_time_cell(figures.get(name), expected) for name in names]
        ratio = "–" if wall is None or cpu is None else f"{wall:.1f} ({cpu:.1f})"
        lines.append(f"| {_set_name(row)} | {row.min_count:,} | {expected:,} | {ratio} | " + " | ".join(cells) + " |")
    return [*lines, "", *summary(results, contenders), ""]


def memory_table(results: Results, contenders: Sequence[Contender]) -> list[str]:
    """Growth of all, and whether ours stays within that of PyFIM's fastest and the size of our result together."""
    ours = [c for c in contenders if c.group == "ours"]
    others = [c for c in contenders if c.group != "ours"]
    lines = ["| set | min_count | our result | " + " | ".join(c.name for c in [*ours, *others])
             + " | within PyFIM's fastest + our result |",
             "|---" * (len(contenders) + 4) + "|"]  # fmt: skip
    for row, figures in results:
        first = figures.get(ours[0].name)
        pyfim = [one for c in others if c.group == "pyfim" and (one := figures.get(c.name)) is not None and one.wall]
        fastest = min(pyfim, key=lambda one: one.seconds, default=None)
        verdict = "–"
        if first is not None and first.growth is not None and fastest is not None and fastest.growth is not None:
            verdict = "yes" if first.growth <= fastest.growth + (first.size or 0) else "**no**"
        size = "–" if first is None else _megabytes(first.size)
        cells = [_megabytes(figures[c.name].growth) if c.name in figures else "–" for c in [*ours, *others]]
        lines.append(f"| {_set_name(row)} | {row.min_count:,} | {size} | " + " | ".join(cells) + f" | {verdict} |")
    return ["Memory, MB:", "", *lines, ""]


def expected_results(row: Row, figures: Figures) -> int:
    """How many results are right: the known number, else that of our first contender, else of the first that ended."""
    if row.known is not None:
        return row.known
    return next((one.results for one in figures.values() if not one.failed), -1)


def wrong(results: Results) -> list[tuple[Row, str, str]]:
    """(row, contender, what it has) of all with another number of results than expected."""
    return [
        (row, name, f"has {one.results:,} of {expected_results(row, figures):,}")
        for row, figures in results
        for name, one in figures.items()
        if not one.failed and one.results != expected_results(row, figures)
    ]


def speedup(
    figures: Figures, contenders: Sequence[Contender], group: str, *, cpu: bool = False, ours: str = ""
) -> float | None:
    """Median seconds of the fastest of ``group`` over those of ours (the first of ours unless named); None without both."""
    ours = ours or contenders[0].name
    peers = [figures[c.name] for c in contenders if c.group == group and c.name in figures and figures[c.name].wall]
    if ours not in figures or not figures[ours].wall or not peers:
        return None
    seconds = [peer.cpu_seconds if cpu else peer.seconds for peer in peers]
    return min(seconds) / (figures[ours].cpu_seconds if cpu else figures[ours].seconds)


def geometric_mean(ratios: Iterable[float]) -> float:
    """exp of the mean logarithm, of ratios above 0."""
    logs = [math.log(ratio) for ratio in ratios]
    return math.exp(sum(logs) / len(logs))


def summary(results: Results, contenders: Sequence[Contender]) -> list[str]:
    """Best of PyFIM, of mlxtend and of LCM over ours: geometric mean, least and most, over the rows that have both."""
    lines = []
    for ours in [c.name for c in contenders if c.group in ("ours", "drop-in") and not c.process]:
        for group, label in (("pyfim", "PyFIM's best"), ("mlxtend", "mlxtend's best"), ("lcm", "LCM's best")):
            for cpu in (False, True):
                ratios = [speedup(figures, contenders, group, cpu=cpu, ours=ours) for _, figures in results]
                known = [ratio for ratio in ratios if ratio is not None]
                if known:
                    lines.append(f"- {label} ÷ {ours}, {'CPU' if cpu else 'wall'}: geometric mean {geometric_mean(known):.1f}, "
                                 f"least {min(known):.2f}, most {max(known):.1f}, over {len(known)} rows")  # fmt: skip
    return lines


def _time_cell(one: Measured | None, expected: int) -> str:
    if one is None:
        return "–"
    if one.failed:
        return one.failed
    mark = "" if one.results == expected else f" **{one.results:,}**"
    return f"{one.seconds:.3g} / {min(one.wall):.3g} / {one.cpu_seconds:.3g}{mark}"


def _set_name(row: Row) -> str:
    return f"{row.data}, confidence {row.min_confidence}" if row.min_confidence else row.data


def _megabytes(size: int | None) -> str:
    return "–" if size is None else f"{size / 1e6:.1f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
