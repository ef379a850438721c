"""The measured figures of a pair of products that may stand in a reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.tables.conversion import Conversion
from affinity.tables.pair_graph import PairGraph
from affinity.tables.table import once_a_table

#: Reason codes, strongest evidence first.
CONVERTS_FROM, BOUGHT_TOGETHER, POPULAR = "converts_from", "bought_together", "popular"
REASON_CODES = (CONVERTS_FROM, BOUGHT_TOGETHER, POPULAR)


@dataclass(frozen=True, eq=False)
class PairEvidence:
    """Where the figures of each asked (antecedent, consequent) stand; −1 where there are none.

    conversion_row : int64, row of ``conversion`` at ``horizon_days``; edge : int64, row of ``graph``
    converts : bool, shrunk hazard ratio above 1 at its 5 % bound; together : the same of the shrunk lift
    """

    conversion_row: np.ndarray
    edge: np.ndarray
    converts: np.ndarray
    together: np.ndarray


def choose_horizon(conversion: Conversion | None, wanted: int) -> int:
    """The horizon of ``conversion`` nearest to the wanted number of days, the smaller of two."""
    if conversion is None or len(conversion) == 0:
        return wanted
    known = np.unique(conversion.horizon_days)
    return int(known[np.argmin(np.abs(known.astype(np.int64) - wanted))])


def take_speaking(conversion: Conversion, wanted: int) -> Conversion:
    """The rows that can be evidence: at the horizon nearest to ``wanted`` days, and above the baseline of similar buyers."""
    at = conversion.horizon_days == choose_horizon(conversion, wanted)
    return conversion.take(np.flatnonzero(at & (conversion.hazard_ratio_lower > 1.0)))


def look_up_pairs(
    antecedent: np.ndarray,
    consequent: np.ndarray,
    *,
    graph: PairGraph,
    conversion: Conversion | None,
    horizon_days: int,
    min_evidence: int = 1,
) -> PairEvidence:
    """The evidence of pairs of product codes (int32[n] each, antecedent −1: none).

    min_evidence : fewer converted customers (or orders that hold both) speak for nothing
    """
    n = len(graph.products)
    wanted = antecedent.astype(np.int64) * n + consequent
    edge = find_keys(_edge_keys(graph), wanted)
    row = np.full(len(wanted), -1, dtype=np.int64)
    converts = np.zeros(len(wanted), dtype=bool)
    if conversion is not None:
        known = _known_horizons(conversion)
        if horizon_days not in known:
            known[horizon_days] = _rows_at(conversion, horizon_days, n)
        at_horizon, keys = known[horizon_days]
        found = find_keys(keys, wanted)
        row[found >= 0] = at_horizon[found[found >= 0]]
        converts = (row >= 0) & _above(conversion.hazard_ratio_lower, row, 1.0)
        converts &= _above(conversion.converted, row, min_evidence - 1)
    together = (edge >= 0) & _above(graph.lift_eb_lower, edge, 1.0) & _above(graph.count, edge, min_evidence - 1)
    return PairEvidence(row, edge, converts, together)


@once_a_table
def _edge_keys(graph: PairGraph) -> np.ndarray:
    """int64, rising: antecedent × n_products + consequent of each edge."""
    return graph.antecedent.astype(np.int64) * len(graph.products) + graph.consequent


@once_a_table
def _known_horizons(conversion: Conversion) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """horizon -> `_rows_at`, filled as they are asked for."""
    return {}


def _rows_at(conversion: Conversion, horizon_days: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(int64 rows at the horizon, int64 rising: antecedent × n_products + consequent of each)."""
    rows = np.flatnonzero(conversion.horizon_days == horizon_days)
    return rows, conversion.antecedent[rows].astype(np.int64) * n + conversion.consequent[rows]


def find_keys(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """int64 position in ``keys`` (rising) of each wanted key, −1 where it is not there."""
    if len(keys) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1).astype(np.int64)


def _above(value: np.ndarray, row: np.ndarray, bound: float) -> np.ndarray:
    """bool: value[row] > bound; row −1 reads anything."""
    if len(value) == 0:
        return np.zeros(len(row), dtype=bool)
    return np.asarray(value[np.maximum(row, 0)] > bound)
