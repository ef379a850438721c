"""Numba types of the kernels' arguments, for kernels that other kernels call.

A kernel without a signature is compiled once more for every literal it is called with.
"""

from __future__ import annotations

from numba import int32, int64, uint8

#: An int64, and contiguous arrays of int64, int32 and uint8.
N = int64
N64, N32, N8 = int64[::1], int32[::1], uint8[::1]
#: out_item, out_depth, out_count of the miners.
TRIE = (N32, N8, N32)
#: names, pairs, heads, masks, weights, following, slots, bits, table, frames of ``mine_masks``.
MASKS = (int32[:, ::1], int32[:, :, ::1], int32[:, ::1], N64, N32, N32, N32, N64, N32, int64[:, ::1])
#: cells, active, values, both, frames of ``mine_columns``.
COLUMNS = (N64, N64, N64, N32, int64[:, ::1])
