"""What became of every row read: kept, or set aside under its first reason.

Made by affinity.ingest, continued by affinity.baskets (cut at as_of, returns), written by affinity.release.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table

#: Reasons whose rows are counted and not listed (the future is no defect of a row).
COUNTED_ONLY = frozenset({"after_as_of"})

TEXT_COLUMNS = ("order_id", "customer_id", "product_id", "ordered_at", "quantity", "unit_price", "raw")


@dataclass(frozen=True, eq=False, repr=False)
class Quarantine(Table):
    """The rows set aside. row : int64 source row (from 0); the rest object (str or None), as read.

    reason : short code, e.g. "bad_quantity"; detail : the offending value; raw : the line when it could not be split.
    """

    row: np.ndarray
    reason: np.ndarray
    detail: np.ndarray
    order_id: np.ndarray
    customer_id: np.ndarray
    product_id: np.ndarray
    ordered_at: np.ndarray
    quantity: np.ndarray
    unit_price: np.ndarray
    raw: np.ndarray

    @classmethod
    def build(
        cls,
        row: np.ndarray,
        reason: Sequence[str] | np.ndarray | str,
        **texts: np.ndarray | Sequence[str | None] | None,
    ) -> Quarantine:
        """A quarantine of ``row`` for one reason or a reason a row; columns not given are None."""
        n = len(row)

        def as_column(value: np.ndarray | Sequence[str | None] | str | None) -> np.ndarray:
            column = np.full(n, None, dtype=object)
            column[:] = value
            return column

        rest = {name: as_column(texts.get(name)) for name in ("detail", *TEXT_COLUMNS)}
        return cls(np.asarray(row, dtype=np.int64), as_column(reason), **rest)

    @classmethod
    def empty(cls) -> Quarantine:
        """No rows."""
        return cls.build(np.empty(0, dtype=np.int64), "")

    def joined(self, other: Quarantine) -> Quarantine:
        """The rows of both, in source order."""
        names = list(self.columns())
        both = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names}
        order = np.argsort(both["row"], kind="stable")
        return Quarantine(**{name: column[order] for name, column in both.items()})

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """row, reason, detail, then the row's texts as read."""
        return {name: getattr(self, name) for name in ("row", "reason", "detail", *TEXT_COLUMNS)}


@dataclass(frozen=True)
class IngestReport:
    """rows_read = rows_kept + rows_set_aside, to the row; ``reasons`` adds up to rows_set_aside.

    format     : which known format was recognised ("uci_online_retail", "generic", "basket_file", …)
    mapping    : canonical name -> name in the source
    rules      : the rules applied that a user may change (non-product pattern, duplicates, returns, …)
    warnings   : sentences for the user
    quarantine : the rows set aside, except those only counted
    """

    rows_read: int = 0
    rows_kept: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    format: str = "frame"
    mapping: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    quarantine: Quarantine = field(default_factory=Quarantine.empty)

    @property
    def rows_set_aside(self) -> int:
        """Rows read and not kept."""
        return self.rows_read - self.rows_kept

    def set_aside(self, quarantine: Quarantine, counted: Mapping[str, int] | None = None) -> IngestReport:
        """This report after the rows of ``quarantine`` and the ``counted`` ones were set aside too."""
        reasons = Counter(self.reasons) + Counter(quarantine.reason.tolist()) + Counter(counted or {})
        moved = len(quarantine) + sum((counted or {}).values())
        return replace(
            self,
            rows_kept=self.rows_kept - moved,
            reasons=dict(sorted(reasons.items())),
            quarantine=self.quarantine.joined(quarantine),
        )

    def warn(self, *sentences: str) -> IngestReport:
        """This report with further warnings."""
        return replace(self, warnings=self.warnings + sentences)

    def to_dict(self) -> dict[str, object]:
        """The report as plain values for report.json (no paths, no clock)."""
        return {
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "rows_set_aside": self.rows_set_aside,
            "reasons": dict(self.reasons),
            "format": self.format,
            "columns": dict(self.mapping),
            "rules": dict(self.rules),
            "warnings": list(self.warnings),
        }

    def _repr_html_(self) -> str:
        """The report in a notebook: rows read = kept + set aside, by reason."""
        from affinity.tables.notebook import show_report

        return show_report(self)

    def __str__(self) -> str:
        lines = [f"{self.rows_read:,} rows read as {self.format} = {self.rows_kept:,} kept + {self.rows_set_aside:,} set aside"]
        lines += [f"  {count:>10,}  {reason}" for reason, count in sorted(self.reasons.items(), key=lambda r: (-r[1], r[0]))]
        return "\n".join(lines + [f"  note: {warning}" for warning in self.warnings])
