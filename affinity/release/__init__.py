"""Releases on disk: written atomically, verified when opened, kept by number."""

from affinity.release.checksum import fingerprint_arrays, release_id
from affinity.release.content import bundle_columns, calibration_columns, curve_columns
from affinity.release.describe import describe_path
from affinity.release.folder import check_output, list_releases, use_release
from affinity.release.opened import Release, open_release
from affinity.release.parquet import write_table
from affinity.release.write import write_release

__all__ = [
    "Release", "bundle_columns", "calibration_columns", "check_output", "curve_columns", "describe_path",
    "fingerprint_arrays", "list_releases", "open_release", "release_id", "use_release", "write_release", "write_table",
]  # fmt: skip
