"""Kernels of the life tables A→B: who was at risk, who bought B, and when, over all pairs of products.

Slots and cells are those of `affinity.kernels.life_table_clocks`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from affinity.kernels.intrinsics import get, put
from affinity.kernels.life_table_clocks import (
    BEGIN,
    DAY,
    END,
    FIRST_CELL,
    LAST_CELL,
    SLOT_COLUMNS,
    STRATUM_CELL,
    UNSEEN,
    UNTIL,
    add_days,
    ask_ahead,
)


class Owned(NamedTuple):
    """Who owns what since when, by customer and by product.

    slots   : int32[n_slots × SLOT_COLUMNS]
    records : int32[n × 3] product, day of its first purchase, slot: of the consequents, by customer
    owner_indptr, owner_slot : int64, int32: CSC by antecedent, owners by rising UNTIL
    """

    slots: np.ndarray
    records: np.ndarray
    owner_indptr: np.ndarray
    owner_slot: np.ndarray


class Rule(NamedTuple):
    """first_day : first calendar day that is counted; gap : days up to it are simultaneous; max_horizon,
    min_converted : what is kept."""

    first_day: int
    gap: int
    max_horizon: int
    min_converted: int


class Asked(NamedTuple):
    """The pairs and days that were asked for, by antecedent: int64[n_products + 1], int32[pairs], int64[pairs + 1],
    int32[days]; an empty ``indptr``: every pair with ``min_converted`` events, on the days of its events."""

    indptr: np.ndarray
    consequent: np.ndarray
    day_indptr: np.ndarray
    day: np.ndarray


class PairCells(NamedTuple):
    """What `fill_life_tables` writes, a row an ordered pair (see affinity.tables.LifeTables for the meaning)."""

    antecedent: np.ndarray
    consequent: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    day: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    prior: np.ndarray
    simultaneous: np.ndarray
    followed: np.ndarray
    entered: np.ndarray
    exposure: np.ndarray
    observed: np.ndarray
    owner_exposure: np.ndarray
    owner_events: np.ndarray


class Scratch(NamedTuple):
    """Of one thread, zeroed: int32[n_products] ×4; int32[records] ×2; int32[days], int64[C], int32[strata].

    converted, together : of each consequent while pairs are chosen, then how many of ``left_at`` and of
    ``seen_until`` are filled; row_of : its row + 1; place_of : where its records begin
    """

    converted: np.ndarray
    together: np.ndarray
    row_of: np.ndarray
    place_of: np.ndarray
    left_at: np.ndarray
    seen_until: np.ndarray
    surviving: np.ndarray
    dense: np.ndarray
    entered: np.ndarray


@njit(nogil=True, cache=True)
def sort_ascending(values):
    """Sort int32 ``values`` in place (Shell, gaps of Tokuda); the library's sort takes seconds to compile."""
    gap = 1
    while gap < len(values):
        gap = gap * 9 // 4 + 1
    while gap > 0:
        for i in range(gap, len(values)):
            value = values[i]
            j = i
            while j >= gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value
        gap = gap * 4 // 9


@njit(nogil=True, cache=True)
def count_entering(owned, rule, a, scratch, touched):
    """Co-owners whose life is counted (``together``) and the events among them (``converted``) by consequent of ``a``."""
    n_touched = 0
    end = owned.owner_indptr[a + 1]
    for k in range(owned.owner_indptr[a], end):
        ask_ahead(owned.owner_slot, k, end, owned.slots, owned.records, owned.slots, 0)
        row = get(owned.owner_slot, k) * SLOT_COLUMNS
        start, unseen, until = get(owned.slots, row + DAY), get(owned.slots, row + UNSEEN), get(owned.slots, row + UNTIL)
        if until < 0:
            continue
        most = min(until, rule.max_horizon)
        for r in range(get(owned.slots, row + BEGIN), get(owned.slots, row + END)):
            b = get(owned.records, 3 * r)
            count = get(scratch.together, b)
            if count == 0:
                put(touched, n_touched, b)
                n_touched += 1
            put(scratch.together, b, count + 1)
            d = get(owned.records, 3 * r + 1) - start
            put(scratch.converted, b, get(scratch.converted, b) + (d > unseen and d <= most))
    return n_touched


# Oracle: tests/naive.py::life_table
@njit(nogil=True, cache=True)
def choose_pairs(owned, rule, asked, first, last, scratch, touched, chosen, pairs):
    """Which pairs the antecedents from ``first`` to ``last`` (exclusive) store; returns how many.

    touched : int32[n_products]; pairs : int64[n_products], written for these antecedents
    chosen  : int32[room × 3]    consequent (rising), days to be stored at most, co-owners whose life is counted
    """
    write = 0
    for a in range(first, last):
        n_touched = count_entering(owned, rule, a, scratch, touched)
        opened = write
        if len(asked.indptr) > 0:
            for place in range(asked.indptr[a], asked.indptr[a + 1]):
                b = asked.consequent[place]
                days = asked.day_indptr[place + 1] - asked.day_indptr[place]
                chosen[3 * write], chosen[3 * write + 1], chosen[3 * write + 2] = b, days, scratch.together[b]
                write += 1
        else:
            kept = 0
            for t in range(n_touched):
                b = touched[t]
                if b != a and scratch.converted[b] >= rule.min_converted:
                    put(touched, kept, b)
                    kept += 1
                else:
                    scratch.together[b] = 0
                    scratch.converted[b] = 0
            sort_ascending(touched[:kept])
            n_touched = kept
            for t in range(kept):
                b = touched[t]
                days = min(scratch.converted[b], np.int32(rule.max_horizon))
                chosen[3 * write], chosen[3 * write + 1], chosen[3 * write + 2] = b, days, scratch.together[b]
                write += 1
        for t in range(n_touched):
            scratch.together[touched[t]] = 0
            scratch.converted[touched[t]] = 0
        pairs[a] = write - opened
    return write


@njit(nogil=True, cache=True)
def fill_dense(owned, rule, a, bins, scratch):
    """Owners of ``a``: ``surviving[u]`` at risk on day u but for their purchases, ``dense`` their days by cell."""
    surviving = scratch.surviving
    surviving[:] = 0
    scratch.dense[:] = 0
    scratch.entered[:] = 0
    n_bins = len(bins) - 1
    for k in range(owned.owner_indptr[a], owned.owner_indptr[a + 1]):
        row = get(owned.owner_slot, k) * SLOT_COLUMNS
        unseen, until = get(owned.slots, row + UNSEEN), get(owned.slots, row + UNTIL)
        if until <= unseen:
            continue
        cell = get(owned.slots, row + STRATUM_CELL)
        if unseen + 1 < len(surviving):
            surviving[unseen + 1] += 1
            if until + 1 < len(surviving):
                surviving[until + 1] -= 1
        scratch.entered[cell // n_bins] += unseen == rule.gap
        add_days(scratch.dense, cell, bins, unseen, until, 1)
    for u in range(1, len(surviving)):
        surviving[u] += surviving[u - 1]


@njit(nogil=True, cache=True)
def add_co_owners(owned, rule, a, bins, clocks, scratch, out):
    """One pass over what the owners of ``a`` own: records (left_at, seen_until) and cells of each chosen pair.

    A record of left_at is 2 × the day that the customer left the risk set, + 1 when by buying.
    """
    n_bins, n_cells, n_strata = len(bins) - 1, out.exposure.shape[1], out.entered.shape[1]
    exposure, observed, entered = out.exposure.ravel(), out.observed.ravel(), out.entered.ravel()
    owner_exposure, owner_events = out.owner_exposure.ravel(), out.owner_events.ravel()
    end = owned.owner_indptr[a + 1]
    for k in range(owned.owner_indptr[a], end):
        ask_ahead(owned.owner_slot, k, end, owned.slots, owned.records, clocks, n_cells)
        slot = get(owned.owner_slot, k)
        at = slot * SLOT_COLUMNS
        start, unseen, until = get(owned.slots, at + DAY), get(owned.slots, at + UNSEEN), get(owned.slots, at + UNTIL)
        own_cell, first_cell, last_cell = (
            get(owned.slots, at + STRATUM_CELL),
            get(owned.slots, at + FIRST_CELL),
            get(owned.slots, at + LAST_CELL),
        )
        for r in range(get(owned.slots, at + BEGIN), get(owned.slots, at + END)):
            b = get(owned.records, 3 * r)
            row = get(scratch.row_of, b) - 1
            if row < 0:
                continue
            d = get(owned.records, 3 * r + 1) - start
            to, source = row * n_cells, max(slot, get(owned.records, 3 * r + 2)) * 2 * n_cells
            for cell in range(first_cell, last_cell):
                put(owner_exposure, to + cell, get(owner_exposure, to + cell) - get(clocks, source + cell))
            if d > 0:
                for cell in range(first_cell, last_cell):
                    put(owner_events, to + cell, get(owner_events, to + cell) + get(clocks, source + n_cells + cell))
            if until < 0:
                continue
            out.prior[row] += d < 0 and start >= rule.first_day
            out.simultaneous[row] += d >= 0 and d <= rule.gap and start + d >= rule.first_day
            if until <= unseen or d > until:
                continue  # never at risk, or as long as anybody who never buys
            converts = d > unseen
            left = max(d, unseen)
            put(scratch.seen_until, scratch.place_of[b] + get(scratch.together, b), until)
            put(scratch.together, b, get(scratch.together, b) + 1)
            put(scratch.left_at, scratch.place_of[b] + get(scratch.converted, b), 2 * left + converts)
            put(scratch.converted, b, get(scratch.converted, b) + 1)
            entered[row * n_strata + own_cell // n_bins] -= left == rule.gap
            add_days(exposure, to + own_cell, bins, left, until, -1)
            if converts and d <= bins[n_bins]:
                cell = 0
                while d > bins[cell + 1]:
                    cell += 1
                observed[to + own_cell + cell] += 1


@njit(nogil=True, cache=True)
def list_event_days(left_at, max_horizon, begin, day):
    """Write the distinct days of events in ``left_at`` (rising) to ``day`` from ``begin``; returns where they end."""
    write, last = begin, -1
    for place in range(len(left_at)):
        when = left_at[place] >> 1
        if (left_at[place] & 1) == 1 and when != last and when <= max_horizon:
            day[write] = when
            last = when
            write += 1
    return write


@njit(nogil=True, cache=True)
def sweep_pair(left_at, seen_until, surviving, horizons, row, out):
    """n(u) = surviving(u) − (#{left < u} − #{seen < u}) over one pair's co-owners, at its days and at the horizons.

    left_at, seen_until : int32, both rising; horizons : int64, rising; the days stand in ``out.day``
    """
    left, seen, h, place = 0, 0, 0, out.begin[row]
    while place < out.end[row] or h < len(horizons):
        at_horizon = place >= out.end[row] or (h < len(horizons) and horizons[h] < out.day[place])
        u = horizons[h] if at_horizon else out.day[place]
        while left < len(left_at) and left_at[left] >> 1 < u:
            left += 1
        while seen < len(seen_until) and seen_until[seen] < u:
            seen += 1
        n = (surviving[u] if u < len(surviving) else 0) - (left - seen)
        if at_horizon:
            out.followed[row, h] = n
            h += 1
            continue
        events, ahead = 0, left
        while ahead < len(left_at) and left_at[ahead] >> 1 == u:
            events += left_at[ahead] & 1
            ahead += 1
        out.at_risk[place], out.events[place] = n, events
        place += 1


# Oracle: tests/naive.py::life_table
@njit(nogil=True, cache=True)
def fill_life_tables(owned, rule, asked, first, last, bins, horizons, clocks, owner_after, chosen, places, scratch, out):
    """The life tables of the antecedents ``first`` to ``last`` (exclusive), each in its own rows of ``out``.

    clocks, owner_after : of `fill_customer_clocks` and, int64[n_products, 3C], of `sum_owner_rows`
    chosen : int32[room × 3] of `choose_pairs` for these antecedents
    places : (first_row, pairs, first_record): int64[n_products] ×2, and the record at which this block begins
    """
    first_row, pairs, record = places
    n_cells = out.exposure.shape[1]
    read = 0
    for a in range(first, last):
        kept, row = pairs[a], first_row[a]
        if kept == 0:
            continue
        fill_dense(owned, rule, a, bins, scratch)
        place = 0
        for t in range(kept):
            b, days = chosen[3 * (read + t)], chosen[3 * (read + t) + 1]
            out.antecedent[row + t], out.consequent[row + t] = a, b
            out.begin[row + t] = record
            out.end[row + t] = record + days
            scratch.row_of[b], scratch.place_of[b] = row + t + 1, place
            if len(asked.indptr) > 0:
                source = asked.day_indptr[asked.indptr[a] + t]
                for day in range(days):
                    out.day[record + day] = asked.day[source + day]
            record += days
            place += chosen[3 * (read + t) + 2]
            for cell in range(n_cells):  # a loop compiles in a tenth of the time of a row assignment
                out.exposure[row + t, cell] = scratch.dense[cell]
                out.owner_exposure[row + t, cell] = owner_after[a, cell]
            for stratum in range(len(scratch.entered)):
                out.entered[row + t, stratum] = scratch.entered[stratum]
        add_co_owners(owned, rule, a, bins, clocks, scratch, out)
        for t in range(kept):
            b = chosen[3 * (read + t)]
            begin = scratch.place_of[b]
            left_at = scratch.left_at[begin : begin + scratch.converted[b]]
            sort_ascending(left_at)
            if len(asked.indptr) == 0:
                out.end[row + t] = list_event_days(left_at, rule.max_horizon, out.begin[row + t], out.day)
            seen_until = scratch.seen_until[begin : begin + scratch.together[b]]
            sweep_pair(left_at, seen_until, scratch.surviving, horizons, row + t, out)
            scratch.converted[b] = 0
            scratch.together[b] = 0
            scratch.row_of[b] = 0
        read += kept


@njit(nogil=True, cache=True)
def close_gaps(begin, end, day, at_risk, events, indptr):
    """Move the runs [begin, end) of the three arrays together, in place; ``indptr`` int64[rows + 1] says where they went."""
    write = 0
    for row in range(len(begin)):
        indptr[row] = write
        for read in range(begin[row], end[row]):
            day[write], at_risk[write], events[write] = day[read], at_risk[read], events[read]
            write += 1
    indptr[len(begin)] = write
