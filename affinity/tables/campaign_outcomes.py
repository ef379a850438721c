"""What became of the customers of a campaign, one row each.

Made by affinity.ingest from a table, or from a plan and the orders after it; read by affinity.campaigns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.ingest_report import IngestReport
from affinity.tables.table import Table, check_lengths

#: The columns beside arm and converted that may be None (then nobody's is known).
OPTIONAL = ("customer_id", "revenue", "exposed", "converted_before", "revenue_before", "fit", "stratum")


@dataclass(frozen=True, eq=False, repr=False)
class CampaignOutcomes(Table):
    """One row a customer of the campaign.

    arm       : object label
    converted : float64, 1 yes, 0 no
    customer_id : object; revenue : float64, money; exposed : bool, the offer reached the customer
    converted_before, revenue_before : float64, the same outcomes in an equally long time before the campaign
    fit       : float64, known before the campaign; stratum : int32, that the arms were drawn in
    segments  : name -> object labels a row
    blank     : rows whose outcome was not recorded and counts as none
    """

    arm: np.ndarray
    converted: np.ndarray
    customer_id: np.ndarray | None = None
    revenue: np.ndarray | None = None
    exposed: np.ndarray | None = None
    converted_before: np.ndarray | None = None
    revenue_before: np.ndarray | None = None
    fit: np.ndarray | None = None
    stratum: np.ndarray | None = None
    segments: Mapping[str, np.ndarray] = field(default_factory=dict)
    blank: int = 0
    report: IngestReport = IngestReport()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.arm), "converted", *OPTIONAL)

    def __len__(self) -> int:
        return len(self.arm)

    def take(self, rows: np.ndarray) -> CampaignOutcomes:
        """The rows that the mask or index array picks."""
        known = {name: getattr(self, name) for name in OPTIONAL}
        kept: dict[str, Any] = {name: None if column is None else column[rows] for name, column in known.items()}
        segments = {name: labels[rows] for name, labels in self.segments.items()}
        return replace(self, arm=self.arm[rows], converted=self.converted[rows], segments=segments, **kept)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """arm, converted, what else is known, then the segments."""
        known = {name: getattr(self, name) for name in OPTIONAL if getattr(self, name) is not None}
        return {"arm": self.arm, "converted": self.converted, **known, **self.segments}
