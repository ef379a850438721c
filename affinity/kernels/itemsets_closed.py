"""Closed and maximal itemsets of rows of bits, each found once and none that is not wanted kept.

An itemset is closed under the items that all its rows share. It is extended by a bit below the last one, and only
where this shares no bit above it: then every closed itemset is met once, in the branch of its highest bit.
Source: prefix-preserving closure extension, LCM (Uno, Asai, Uchida and Arimura, 2004). Rows that agree on the bits
still to be added are one row, with the intersection of their other bits. Words hold 64 bits, a row is ``width`` words.
"""

from __future__ import annotations

from numba import njit

from affinity.kernels.intrinsics import count_bits, get, lowest_bit


@njit(nogil=True, cache=True)
def _intersect(words, weights, width, begin, end, bit, picked, both):
    """List the rows from ``begin`` that hold ``bit`` in ``picked``, and put into ``both`` what they share.

    Returns how many there are, and their weight.
    """
    word, flag = bit >> 6, 1 << (bit & 63)
    both[:width] = -1
    n_picked, weight = 0, 0
    for row in range(begin, end):
        if get(words, row * width + word) & flag:
            picked[n_picked] = row
            n_picked += 1
            weight += get(weights, row)
            for k in range(width):
                both[k] &= get(words, row * width + k)
    return n_picked, weight


@njit(nogil=True, cache=True)
def _shares_above(both, width, bit):
    """Whether a bit above ``bit`` is in ``both``."""
    word, flag = bit >> 6, 1 << (bit & 63)
    if both[word] & ~(flag | (flag - 1)):
        return True
    rest = 0
    for k in range(word + 1, width):
        rest |= both[k]
    return rest != 0


@njit(nogil=True, cache=True)
def _add_shared(both, bit, names, path, size):
    """Add to ``path`` the items of the bits below ``bit`` in ``both``; returns its new size."""
    for word in range((bit >> 6) + 1):
        mask = both[word]
        if word == bit >> 6:
            mask &= (1 << (bit & 63)) - 1
        while mask:
            path[size] = names[(word << 6) + lowest_bit(mask)]
            mask &= mask - 1
            size += 1
    return size


@njit(nogil=True, cache=True)
def _count_below(words, weights, width, picked, n_picked, bit, total):
    """Add to ``total`` the weight of the picked rows that hold each bit below ``bit``."""
    last, below = bit >> 6, (1 << (bit & 63)) - 1
    for k in range(n_picked):
        row = get(picked, k)
        weight = get(weights, row)
        for word in range(last + 1):
            mask = get(words, row * width + word)
            if word == last:
                mask &= below
            while mask:
                total[(word << 6) + lowest_bit(mask)] += weight
                mask &= mask - 1


@njit(nogil=True, cache=True)
def _weight_of_all(words, weights, width, picked, n_picked, cands, first, last):
    """Weight of the picked rows that hold all candidates from number ``first`` to ``last``."""
    weight = 0
    for k in range(n_picked):
        row = picked[k]
        held = True
        for at in range(first, last):
            bit = cands[at]
            held &= (words[row * width + (bit >> 6)] >> (bit & 63)) & 1 == 1
        weight += weights[row] if held else 0
    return weight


# Oracle: tests/naive.py::transposed
@njit(nogil=True, cache=True)
def make_columns(words, weights, width, n_rows, n_bits, columns, planes):
    """The rows turned: bit r of column b is bit b of row r; bit r of plane p is bit p of its weight.

    columns : int64, column b from b * n on, where n = ceil(n_rows / 64); planes : int64, the same, at least 31 of them
    Returns how many planes there are; −1 without room.
    """
    n = (n_rows + 63) >> 6
    if n_bits * n > len(columns) or 31 * n > len(planes):
        return -1
    columns[: n_bits * n] = 0
    planes[: 31 * n] = 0
    n_planes = 0
    for row in range(n_rows):
        word, flag = row >> 6, 1 << (row & 63)
        for k in range(width):
            mask = words[row * width + k]
            while mask:
                columns[((k << 6) + lowest_bit(mask)) * n + word] |= flag
                mask &= mask - 1
        weight, plane = weights[row], 0
        while weight:
            planes[plane * n + word] |= flag * (weight & 1)
            weight >>= 1
            plane += 1
        n_planes = max(n_planes, plane)
    return n_planes


@njit(nogil=True, cache=True)
def _in_larger(columns, planes, n, n_planes, inside, chosen, bit, n_bits, min_count):
    """Whether a bit above ``bit``, not in ``chosen``, is in rows ``inside`` (int64[n]) of at least ``min_count`` weight."""
    for other in range(bit + 1, n_bits):
        if (chosen[other >> 6] >> (other & 63)) & 1:
            continue
        column = columns[other * n : (other + 1) * n]
        count = 0
        for plane in range(n_planes):
            flags = planes[plane * n : (plane + 1) * n]
            weight = 0
            for k in range(n):
                weight += count_bits(inside[k] & column[k] & flags[k])
            count += weight << plane
        if count >= min_count:
            return True
    return False


@njit(nogil=True, cache=True)
def _narrow(columns, n, bit, inside, to_inside):
    """Rows of ``inside`` that hold ``bit``."""
    column = columns[bit * n : (bit + 1) * n]
    for k in range(n):
        to_inside[k] = inside[k] & column[k]


# Oracle: tests/naive.py::merged_rows
@njit(nogil=True, cache=True)
def gather_rows(words, weights, width, picked, n_picked, bit, keep, compared, same_bits, end, slots):
    """Copy the picked rows behind row ``end``, cut to ``keep`` (int64[width]); rows without a bit below ``bit`` vanish.

    Rows that are equal in their first ``compared`` words, of the word of ``bit`` in ``same_bits`` only, become one with the
    sum of their weights and what they share elsewhere. Returns the new end, −1 when there is no room.
    """
    size = 16
    while size < 2 * n_picked:
        size *= 2
    if size > len(slots) or (end + n_picked) * width > len(words) or end + n_picked > len(weights):
        return -1
    slots[:size] = -1
    last, below = bit >> 6, (1 << (bit & 63)) - 1
    place = end
    for k in range(n_picked):
        row, to = picked[k], place * width
        low, code = 0, 0
        for word in range(width):
            mask = words[row * width + word] & keep[word]
            words[to + word] = mask
            if word <= last:
                low |= mask & below if word == last else mask
            if word < compared:
                code = (code ^ (mask & same_bits if word == last else mask)) * 0x2545F4914F6CDD1D
                code ^= code >> 29
        if low == 0:
            continue
        slot = (code >> 20) & (size - 1)
        while slots[slot] >= 0:
            other, same = slots[slot] * width, True
            for word in range(compared):
                differs = words[other + word] ^ words[to + word]
                same &= (differs & same_bits if word == last else differs) == 0
            if same:
                break
            slot = (slot + 1) & (size - 1)
        if slots[slot] >= 0:
            weights[slots[slot]] += weights[row]
            for word in range(last, width):
                words[slots[slot] * width + word] &= words[to + word]
        else:
            slots[slot] = place
            weights[place] = weights[row]
            place += 1
    return place


@njit(nogil=True, cache=True)
def add_set(out_item, out_size, out_count, made, path, size, count):
    """Write the first ``size`` items of ``path`` as an itemset if there is room; ``made`` counts itemsets and items."""
    sets, items = made[0], made[1]
    if sets < len(out_size) and items + size <= len(out_item):
        out_size[sets] = size
        out_count[sets] = count
        for k in range(size):
            out_item[items + k] = path[k]
    made[0] = sets + 1
    made[1] = items + size


@njit(nogil=True, cache=True)
def _list_frequent(cands, cand_count, first, last, free, both, min_count, total):
    """Copy the candidates ``first`` to ``last`` that are frequent by ``total``, and not in ``both``, to ``free`` and on.

    Returns the place behind them; zeroes ``total``.
    """
    for k in range(first, last):
        bit = cands[k]
        if total[bit] >= min_count and not (both[bit >> 6] >> (bit & 63)) & 1:
            cands[free] = bit
            cand_count[free] = total[bit]
            free += 1
        total[bit] = 0
    return free


@njit(nogil=True, cache=True)
def _set_kept(keep, width, bit, cands, first, last):
    """``keep`` becomes the bits above ``bit``, and the candidates ``first`` to ``last``."""
    for word in range(width):
        keep[word] = 0 if word <= bit >> 6 else -1
    keep[bit >> 6] = ~((1 << (bit & 63)) | ((1 << (bit & 63)) - 1))
    for k in range(first, last):
        keep[cands[k] >> 6] |= 1 << (cands[k] & 63)


# Oracle: tests/naive.py::closed_itemsets
@njit(nogil=True, cache=True)
def close_rows(
    task, halt, n_rows, width, first_cand, n_cands, n_path, n_bits, n_column, n_planes, names, words, weights, picked, slots,
    cands, cand_count, frames, total, both, keep, path, columns, planes, inside, chosen, out_item, out_size, out_count, made,
):  # fmt: skip
    """Write the closed (or maximal) itemsets whose highest bit is a candidate from number ``first_cand`` on.

    task    : int64[6], (unused, unused, min_count, min_size, max_size, 1 for maximal, else 0); halt int64[1]: stop soon
    words   : int64, the first ``n_rows`` rows; weights int32; picked int32 of that length; slots int32[2**n]
    cands, cand_count : int32, ``n_cands`` rising bits in at least min_count baskets each, and their counts; scratch behind.
              Bits below the highest candidate that are no candidates are in no row; bits above are known to be tried elsewhere
    names   : int32, items of the bits; path : int32, n_path items that are in all rows
    frames  : int64[levels, 6]; total int32[bits], zeros; both, keep : int64[width]   scratch
    columns, planes, n_planes : of ``n_bits`` bits and all rows, ``n_column`` words each, from ``make_columns``; for maximal
              inside int64[levels * n_column], chosen int64[levels * width] : scratch, inside[:n_column] all rows
    out_item int32, out_size int32, out_count int32; made : int64[2], itemsets and items so far, written or not
    Returns 0 when done or halted, 1 without room for results, 2 for scratch.
    """
    min_count, min_size, max_size, maximal = task[2], task[3], task[4], task[5] == 1
    frames[0, 0], frames[0, 1], frames[0, 2], frames[0, 3], frames[0, 4] = 0, n_rows, first_cand, n_cands - 1, n_path
    level, frames[0, 5] = 0, n_cands
    while level >= 0 and halt[0] == 0:
        begin, end, size, free = frames[level, 0], frames[level, 1], frames[level, 4], frames[level, 5]
        first, at = frames[level, 2], frames[level, 3]
        if at < first:
            level -= 1
            continue
        frames[level, 3] = at - 1
        bit, count = 0 + cands[at], 0 + cand_count[at]  # as int64
        n_picked, weight = _intersect(words, weights, width, begin, end, bit, picked, both)
        if weight < count:
            both[:width] = 0  # some baskets hold nothing else
        if _shares_above(both, width, bit):
            continue
        path[size] = names[bit]
        size = _add_shared(both, bit, names, path, size + 1)
        if size > max_size:
            continue
        _count_below(words, weights, width, picked, n_picked, bit, total)
        if free + at > len(cands) or level + 2 > len(frames) or (maximal and (level + 2) * max(n_column, width) > len(inside)):
            return 2
        last = _list_frequent(cands, cand_count, 0 if level == 0 else first, at, free, both, min_count, total)
        if maximal:
            below, here = (
                inside[level * n_column : (level + 1) * n_column],
                inside[(level + 1) * n_column : (level + 2) * n_column],
            )
            _narrow(columns, n_column, bit, below, here)
            held = chosen[(level + 1) * width : (level + 2) * width]
            for word in range(width):
                held[word] = both[word] | (chosen[level * width + word] if level else 0)
            held[bit >> 6] |= 1 << (bit & 63)
            weight = _weight_of_all(words, weights, width, picked, n_picked, cands, free, last) if last > free else 0
            if last > free and weight >= min_count:  # all that may follow does so together: nothing else is maximal
                for k in range(free, last):
                    path[size] = names[cands[k]]
                    size += 1
                    _narrow(columns, n_column, cands[k], here, here)
                last, count = free, weight
            wanted = (
                min_size <= size <= max_size and last == free
                and not _in_larger(columns, planes, n_column, n_planes, here, held, bit, n_bits, min_count)
            )  # fmt: skip
        else:
            wanted = size >= min_size
        if wanted:
            add_set(out_item, out_size, out_count, made, path, size, count)
            if made[0] > len(out_size) or made[1] > len(out_item):
                return 1
        if last == free or size >= max_size:
            continue
        _set_kept(keep, width, bit, cands, free, last)
        stop = gather_rows(
            words, weights, width, picked, n_picked, bit, keep, (bit >> 6) + 1, (1 << (bit & 63)) - 1, end, slots
        )
        if stop < 0:
            return 2
        level += 1
        frames[level, 0], frames[level, 1], frames[level, 2], frames[level, 3] = end, stop, free, last - 1
        frames[level, 4], frames[level, 5] = size, last
    return 0
