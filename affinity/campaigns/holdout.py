"""Who is offered nothing, so that the campaign can be measured: a share of each stratum, by a stable hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from affinity.errors import SettingsError


def hold_out(ids: Sequence[str], strata: np.ndarray, share: float, salt: str) -> np.ndarray:
    """bool[n]: who is held out: exactly round(share·n) customers, ⌊share·n_s⌋ or one more of each stratum.

    ids    : distinct ids; strata : int[n] codes ≥ 0; share in [0, 1)
    Within a stratum customers stand by BLAKE2b-64 of the UTF-8 text ``salt|id`` (big-endian; ties by id) and the first are held
    out; what rounding leaves over goes to the strata with the largest remainders (ties: the lower code). The order
    of a stratum's customers never changes, so customers who join move its cut and nothing else.

    >>> ids = [f"c{i}" for i in range(40)]
    >>> int(hold_out(ids, np.arange(40) % 10, 0.1, "spring").sum())  # rounding alone would hold out nobody of 4
    4
    """
    if not 0 <= share < 1:
        raise SettingsError(f"holdout={share} is not in [0, 1).", why="Somebody must be offered something.", do="Use 0.1.")
    held = np.zeros(len(ids), dtype=bool)
    if not len(ids):
        return held
    sizes = np.bincount(strata)
    take = np.floor(share * sizes + 1e-9).astype(np.int64)
    left = round(share * len(ids)) - int(take.sum())
    take[np.argsort(take - share * sizes, kind="stable")[: max(left, 0)]] += 1
    place = np.fromiter((_place(salt, label) for label in ids), dtype=np.uint64, count=len(ids))
    order = np.lexsort((np.array(ids, dtype=str), place, strata))
    rank = np.arange(len(ids)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    held[order] = rank < take[strata[order]]
    return held


def cut_by_fit(segment: np.ndarray, fit: np.ndarray, deciles: int = 10) -> np.ndarray:
    """int32[n]: stratum = segment × decile of fit (of the audience, equal numbers, ties by position), numbered from 0.

    segment : int[n] codes ≥ 0
    """
    order = np.argsort(fit, kind="stable")
    decile = np.empty(len(fit), dtype=np.int64)
    decile[order] = np.arange(len(fit)) * deciles // max(len(fit), 1)
    return np.unique(segment.astype(np.int64) * deciles + decile, return_inverse=True)[1].reshape(-1).astype(np.int32)


def _place(salt: str, label: str) -> int:
    text = f"{salt}|{label}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
