"""Expected counts of product pairs under independence, with uneven basket sizes allowed for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.threads import available_threads, map_blocks

#: Pairs handed to a thread at a time.
BLOCK = 200_000


@dataclass(frozen=True, eq=False)
class ExpectedCounts:
    """expected : float64[n_pairs] ≥ 0; variance : float64[n_pairs], of the count if products were independent."""

    expected: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True, eq=False)
class SizeStrata:
    """What the expected count reads, by size stratum k: shares of products, weights and the two corrections.

    share  : float64[n_products, K], p_Ak = n_Ak / n_k; n : float64[K], n_k
    weight : float64[K], n_k where a basket can hold a pair, else 0
    spread : float64[K], mean[s²] / mean[s]²; room : float64[K], max(Σ_j p_jk(1 − p_jk), 1e-9)
    """

    share: np.ndarray
    n: np.ndarray
    weight: np.ndarray
    spread: np.ndarray
    room: np.ndarray

    @classmethod
    def of(cls, item: np.ndarray, n: np.ndarray, size_sum: np.ndarray, size_square_sum: np.ndarray) -> SizeStrata:
        """From counts by stratum: item int64[K, n_products], n, Σs and Σs² int64[K]."""
        n = n.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(n > 0, item.T / n, 0.0)
            mean = np.where(n > 0, size_sum / n, 0.0)
            spread = np.where(mean > 0, (size_square_sum / n) / (mean * mean), 0.0)
        # A stratum of baskets with one product holds no pair at all.
        weight = np.where(size_sum > n, n, 0.0)
        room = np.array([max(float((p * (1.0 - p)).sum()), 1e-9) for p in np.ascontiguousarray(share.T)])
        return cls(np.ascontiguousarray(share), n, weight, spread, room)


def expected_counts(a: np.ndarray, b: np.ndarray, strata: SizeStrata, *, threads: int | None = None) -> ExpectedCounts:
    """E* of each pair (a, b): the count that independent products would have in baskets of these sizes.

    E*_AB = Σ_k n_k·p_Ak·p_Bk · max(0, mean_k[s²]/mean_k[s]² − (1−p_Ak)(1−p_Bk)/d_k), d_k = Σ_j p_jk(1−p_jk)
    (Hájek's term: a staple takes room that others then lack), V_AB = Σ_k E_k(1−p_Ak)(1−p_Bk).
    a, b : int32[n_pairs] codes, a ≠ b. 0 where the two never meet a stratum. With uneven sizes the classical
    n_a·n_b/n is too small: in a heavy-tailed null world observed / classical was 2.30, observed / E* 1.01.
    Strata are summed in rising order, so the figures do not depend on ``threads``.
    """
    from affinity.kernels.expected_count import fill_expected_counts

    a, b = np.ascontiguousarray(a, dtype=np.int32), np.ascontiguousarray(b, dtype=np.int32)
    expected, variance = np.zeros(len(a)), np.zeros(len(a))

    def fill(first: int, last: int) -> None:
        fill_expected_counts(
            a, b, strata.share, strata.weight, strata.spread, strata.room, np.int64(first), np.int64(last), expected, variance
        )

    bounds = np.unique(np.append(np.arange(0, len(a), BLOCK), len(a)))
    map_blocks(fill, bounds, threads or available_threads())
    return ExpectedCounts(expected, variance)


def count_candidates(strata: SizeStrata, least: float, *, most: int = 20_000_000) -> tuple[int, bool]:
    """How many of the P(P−1)/2 pairs, seen or not, have E* ≥ ``least``; and whether that is exact.

    Where more than ``most`` pairs would have to be looked at, all of them are counted: too many tests make
    q-values larger, never smaller.
    """
    present = np.flatnonzero((strata.share > 0).any(axis=1)).astype(np.int32)
    n_present = len(present)
    pairs = n_present * (n_present - 1) // 2
    if pairs > most:
        return pairs, False
    passed = 0
    rows = max(BLOCK * 5 // max(n_present, 1), 1)
    for first in range(0, n_present, rows):
        block = np.arange(first, min(first + rows, n_present))
        i, j = np.nonzero(np.arange(n_present)[None, :] > block[:, None])
        passed += int((expected_counts(present[block[i]], present[j], strata).expected >= least).sum())
    return passed, True
