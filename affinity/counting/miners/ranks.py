"""Frequent items by rank (0 the most frequent, ties by code), and the work space that masks need."""

from __future__ import annotations

import numpy as np

from affinity.counting.mining_task import MiningTask

_MASK_BITS, _TABLE = 64, 1 << 14


def ranked_items(task: MiningTask) -> np.ndarray:
    """int32 codes of the frequent items by rank."""
    codes = task.frequent_items
    return codes[np.argsort(-task.item_count[codes], kind="stable")].astype(np.int32)


def mask_names() -> np.ndarray:
    """int32[64, 64] scratch of ``mine_masks``: the items of the bits at each level."""
    return np.empty((_MASK_BITS, _MASK_BITS), dtype=np.int32)


def mask_scratch(masks: int) -> tuple[np.ndarray, ...]:
    """``heads`` to ``frames`` of ``mine_masks`` for so many masks, ``pairs`` before them."""
    slots = 1 << max(4, (2 * masks).bit_length())
    return (
        np.empty((_MASK_BITS,) * 3, dtype=np.int32), np.empty((_MASK_BITS, _MASK_BITS), dtype=np.int32),
        np.empty(masks, dtype=np.int64), np.empty(masks, dtype=np.int32), np.empty(masks, dtype=np.int32),
        np.empty(slots, dtype=np.int32), np.empty(_MASK_BITS, dtype=np.int64), np.empty(_TABLE, dtype=np.int32),
        np.empty((_MASK_BITS, 4), dtype=np.int64),
    )  # fmt: skip
