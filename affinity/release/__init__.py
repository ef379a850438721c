"""Releases on disk: written atomically, verified when opened, kept by number."""

from affinity.release.adopt import adopt_release
from affinity.release.backtests import latest_backtest, publish_backtest
from affinity.release.checksum import fingerprint_arrays, release_id
from affinity.release.content import calibration_columns, offer_columns
from affinity.release.describe import describe_path
from affinity.release.drift import Drift, DriftLimits, compare_releases
from affinity.release.folder import FORMAT, MANIFEST, check_output, list_releases
from affinity.release.known import KnownFile
from affinity.release.opened import Release, open_release
from affinity.release.parquet import write_table
from affinity.release.switch import use_release
from affinity.release.write import write_release

__all__ = [
    "FORMAT", "MANIFEST", "Drift", "DriftLimits", "KnownFile", "Release", "adopt_release", "calibration_columns",
    "check_output", "compare_releases", "describe_path", "fingerprint_arrays", "latest_backtest", "list_releases",
    "offer_columns", "open_release", "publish_backtest", "release_id", "use_release", "write_release", "write_table",
]  # fmt: skip
