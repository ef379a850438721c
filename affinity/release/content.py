"""Columns of the published tables that no room makes as a table: the bins of the calibration, the offers that were made."""

from __future__ import annotations

import numpy as np

from affinity.frames import AnyColumn, LabelColumn
from affinity.tables import Calibration, Offers
from affinity.tables.order_lines import MICROSECONDS_A_DAY


def calibration_columns(calibration: Calibration) -> dict[str, AnyColumn]:
    """The bins of a calibration for calibration.parquet: bin (from 1), rows, predicted, observed."""
    return {
        "bin": np.arange(1, len(calibration.rows) + 1, dtype=np.int32),
        "rows": calibration.rows,
        "predicted": calibration.predicted,
        "observed": calibration.observed,
    }


def offer_columns(offers: Offers, accepted: np.ndarray, *, window_days: int, as_of_day: int | None) -> dict[str, AnyColumn]:
    """The offers that were made and seen before as_of for offers.parquet, in the order of the log.

    accepted : bool a row of ``offers``, as recorded or measured; published as 1 or 0; null where it is not, the offer was
               made less than ``window_days`` before as_of and its outcome is not recorded: it may yet be
    """
    made = offers.treated & offers.exposed
    unknown = offers.accepted < 0
    if offers.offered_at is None:
        offered_at = np.full(len(offers), np.datetime64("NaT"), dtype="datetime64[us]")
    else:
        offered_at = offers.offered_at.astype("datetime64[us]")
        day = offers.offered_at // MICROSECONDS_A_DAY
        if as_of_day is not None:
            made &= day < as_of_day
            unknown &= day + window_days >= as_of_day
    rows = np.flatnonzero(made)
    outcome = np.where(unknown & ~accepted, np.nan, accepted)
    return {
        "offer_id": offers.offer[rows],
        "customer_id": LabelColumn(offers.customer[rows], offers.customers.labels),
        "campaign": _used_labels(offers.campaign[rows], offers.campaigns.labels),
        "product_id": LabelColumn(offers.product[rows], offers.products.labels),
        "offered_at": offered_at[rows],
        "accepted": outcome[rows],
    }


def _used_labels(code: np.ndarray, labels: np.ndarray) -> LabelColumn:
    """The labels of ``code`` (−1 none) and no others: a file's dictionary is not to name what comes after as_of."""
    used, place = np.unique(code, return_inverse=True)
    unknown = int(np.searchsorted(used, 0))
    return LabelColumn((place - unknown).astype(np.int32), labels[used[unknown:]])
