"""Two releases held against each other: what moved more than it may between one night and the next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from affinity.errors import SettingsError, did_you_mean
from affinity.release.opened import Release, open_release
from affinity.settings import Section


class DriftLimits(Section):
    """How far each figure may move from one release to the next; null: it is not looked at."""

    rows_read: float | None = Field(0.3, ge=0, description="Rows read, relative: 0.3 is 30 % more or fewer.")
    set_aside: float | None = Field(0.02, ge=0, le=1, description="Share of rows set aside, in points: 0.02 is 2 points.")
    metrics: float | None = Field(
        0.25, ge=0, description="A metric over everybody, relative, where its 95 % interval and the one before do not touch."
    )
    calibration_error: float | None = Field(
        0.01, ge=0, description="Expected calibration error of fit: by how much it may rise."
    )
    coverage: float | None = Field(0.1, ge=0, le=1, description="Share of products recommended to anybody, in points.")


@dataclass(frozen=True)
class Moved:
    """A figure before and after, by how much it moved, and how much it may. kind : "relative" or "points" """

    what: str
    before: float
    after: float
    change: float
    limit: float
    kind: str

    @property
    def is_beyond(self) -> bool:
        """Whether it moved more than it may."""
        return abs(self.change) > self.limit

    def __str__(self) -> str:
        by = f"{self.change:+.1%}" if self.kind == "relative" else f"{100 * self.change:+.2f} points"
        most = f"{self.limit:.1%}" if self.kind == "relative" else f"{100 * self.limit:.2f} points"
        return f"{self.what}: {self.before:,.6g} → {self.after:,.6g} ({by}; at most {most})"


@dataclass(frozen=True)
class Drift:
    """What was compared. before, after : ids of the releases; figures : everything looked at"""

    before: str
    after: str
    figures: tuple[Moved, ...]

    @property
    def beyond(self) -> tuple[Moved, ...]:
        """The figures that moved more than they may."""
        return tuple(figure for figure in self.figures if figure.is_beyond)

    def __str__(self) -> str:
        head = (
            f"Release {self.after} against {self.before}: {len(self.beyond)} of {len(self.figures)} figures moved beyond limits"
        )
        return "\n".join([head, *(f"  {figure}" for figure in self.beyond)])


def compare_releases(before: str | Path, after: str | Path, *, limits: Mapping[str, Any] | None = None) -> Drift:
    """What moved between two releases (release folders, whose current one is meant, or releases), and what moved too far.

    limits : those of `DriftLimits` that are not the default: rows_read, set_aside, metrics, calibration_error, coverage.
    A figure that either release lacks is not compared. Raises SettingsError for an unknown limit or one out of range,
    ReleaseError where there is no release.
    """
    allowed = _read_limits(limits or {})
    old, new = open_release(before), open_release(after)
    return Drift(old.id, new.id, tuple(_compare(old, new, allowed)))


def _read_limits(limits: Mapping[str, Any]) -> DriftLimits:
    unknown = sorted(set(limits) - set(DriftLimits.model_fields))
    if unknown:
        raise SettingsError(f"There is no limit {unknown[0]!r}.", do=did_you_mean(unknown[0], list(DriftLimits.model_fields)))
    try:
        return DriftLimits(**limits)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"The limit {first['loc'][0]} = {first['input']!r} is out of range: {first['msg']}.") from None


def _compare(old: Release, new: Release, limits: DriftLimits) -> Iterator[Moved]:
    was, now = (float(each.report["rows_read"]) for each in (old, new))
    if limits.rows_read is not None and was:
        yield _relative("rows read", was, now, limits.rows_read)
    if limits.set_aside is not None and was and now:
        before, after = float(old.report["rows_set_aside"]) / was, float(new.report["rows_set_aside"]) / now
        yield _points("share of rows set aside", before, after, limits.set_aside)
    if limits.metrics is not None:
        yield from _compare_metrics(old, new, limits.metrics)
    errors = [each.report.get("fit", {}).get("expected_calibration_error") for each in (old, new)]
    if limits.calibration_error is not None and all(isinstance(error, float) for error in errors):
        rise = max(errors[1] - errors[0], 0.0)  # a smaller error is no harm
        yield Moved("calibration error of fit", errors[0], errors[1], rise, limits.calibration_error, "points")
    covered, covered_now = _coverage(old), _coverage(new)
    if limits.coverage is not None and covered is not None and covered_now is not None:
        yield _points("share of products recommended", covered, covered_now, limits.coverage)


def _compare_metrics(old: Release, new: Release, limit: float) -> Iterator[Moved]:
    """The metrics over everybody that both have; where the intervals touch, or one has none at all, nothing moved."""
    was, now = _whole(old), _whole(new)
    for name in was:
        if name not in now or was[name]["value"] == 0:
            continue
        (before, low, high), (after, low_now, high_now) = (
            (row["value"], *(row[end] for end in ("lower", "upper"))) for row in (was[name], now[name])
        )
        unbounded = any(bound is None for bound in (low, high, low_now, high_now))
        if not unbounded and low <= high_now and low_now <= high:
            yield Moved(f"metric {name}", before, after, 0.0, limit, "relative")
        else:
            yield _relative(f"metric {name}", before, after, limit)


def _whole(release: Release) -> dict[str, dict[str, Any]]:
    columns = ["metric", "segment", "value", "lower", "upper"]
    rows = release.arrow("metrics", columns).to_pylist()
    return {
        row["metric"]: row
        for row in rows
        if row["segment"] is None and row["value"] is not None and math.isfinite(row["value"])
    }


def _coverage(release: Release) -> float | None:
    """Share of the products that somebody is recommended; None without either."""
    shown = release.arrow("recommendations", ["product_id"]).column(0).unique()
    products = release.manifest["rows"].get("products", 0)
    return len(shown) / products if products and len(shown) else None


def _relative(what: str, before: float, after: float, limit: float) -> Moved:
    return Moved(what, before, after, (after - before) / abs(before), limit, "relative")


def _points(what: str, before: float, after: float, limit: float) -> Moved:
    return Moved(what, before, after, after - before, limit, "points")
