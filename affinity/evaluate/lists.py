"""Score matrices to ranked lists: one helper for every baseline and peer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from affinity.errors import InputError
from affinity.evaluate.judged import Ranked
from affinity.tables.holdings import Holdings

#: What a method may give instead of lists: int32[b] customer codes -> float[b, n_products]; −inf is never listed.
Scorer = Callable[[np.ndarray], np.ndarray]

#: A dense block of scores is at most so large.
BLOCK_BYTES = 64_000_000


def rank_scores(score: Scorer, holdings: Holdings, customers: np.ndarray, *, places: int, repeats: bool) -> Ranked:
    """The ``places`` best products of each of ``customers`` by ``score``, ties by product code.

    customers : int32, rising; the others have empty lists
    repeats   : whether products that the customer owns may be listed. Products nobody has bought never are.
    Scores are asked for in blocks of customers, each a dense float64 matrix of at most 64 MB (one row at least).
    Raises InputError for a score that is no number.
    """
    n = len(holdings.products)
    unknown = np.bincount(holdings.product, minlength=n) == 0
    rows = max(1, BLOCK_BYTES // (8 * max(n, 1)))
    sizes, listed = np.zeros(len(holdings.customers), dtype=np.int64), [np.zeros(0, dtype=np.int32)]
    for start in range(0, len(customers) if n else 0, rows):
        who = customers[start : start + rows]
        block = np.array(score(who), dtype=np.float64)
        if np.isnan(block.sum()):
            raise InputError("A score is not a number (NaN).", do="Give finite scores, or −inf for what is never listed.")
        block[:, unknown] = -np.inf
        if not repeats:
            count = holdings.indptr[who + 1] - holdings.indptr[who]
            place = np.repeat(holdings.indptr[who] - np.cumsum(count) + count, count) + np.arange(count.sum())
            block[np.repeat(np.arange(len(who)), count), holdings.product[place]] = -np.inf
        product = _best(block, min(places, n))
        shown = np.take_along_axis(block, product, axis=1) > -np.inf
        sizes[who] = shown.sum(axis=1)
        listed.append(product[shown].astype(np.int32))
    return Ranked(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), np.concatenate(listed))


def _best(block: np.ndarray, k: int) -> np.ndarray:
    """int64[rows, k]: the columns of the k largest values of each row, largest first, ties by column."""
    least = np.partition(block, block.shape[1] - k, axis=1)[:, block.shape[1] - k, None]
    chosen, tied = block > least, block == least
    wanted = k - chosen.sum(axis=1)
    crowded = np.flatnonzero(tied.sum(axis=1) > wanted)
    tied[crowded] &= np.cumsum(tied[crowded], axis=1, dtype=np.int32) <= wanted[crowded, None]
    chosen |= tied
    product = np.nonzero(chosen)[1].reshape(len(block), k)
    order = np.argsort(-np.take_along_axis(block, product, axis=1), axis=1, kind="stable")
    return np.take_along_axis(product, order, axis=1)
