"""Columns of the small published tables that no room makes as a table: the bins of the calibration."""

from __future__ import annotations

import numpy as np

from affinity.frames import AnyColumn
from affinity.tables import Calibration


def calibration_columns(calibration: Calibration) -> dict[str, AnyColumn]:
    """The bins of a calibration for calibration.parquet: bin (from 1), rows, predicted, observed."""
    return {
        "bin": np.arange(1, len(calibration.rows) + 1, dtype=np.int32),
        "rows": calibration.rows,
        "predicted": calibration.predicted,
        "observed": calibration.observed,
    }
