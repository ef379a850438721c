"""Kernels of the life tables A→B: who was at risk, who bought B, and when, over all pairs of products.

A customer's first purchases of one day are a *slot*; slots of a customer are neighbours and rise with the
day, so the later of two purchases is the larger slot. A cell is a stratum × a duration bin, row-major.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Owned(NamedTuple):
    """Who owns what since when, by customer and by product.

    indptr, product, day, slot : int64, int32, int32, int32: CSR by customer; day of the first purchase
    owner_indptr, owner_slot   : int64, int32: CSC by product, owners by falling day
    slot_day, slot_customer, slot_stratum : int32; slot_enters : uint8, a purchase of that slot starts a life
    """

    indptr: np.ndarray
    product: np.ndarray
    day: np.ndarray
    slot: np.ndarray
    owner_indptr: np.ndarray
    owner_slot: np.ndarray
    slot_day: np.ndarray
    slot_customer: np.ndarray
    slot_stratum: np.ndarray
    slot_enters: np.ndarray


class Rule(NamedTuple):
    """last_day : last observed day; gap : days up to it are simultaneous; max_horizon, min_converted : what is kept."""

    last_day: int
    gap: int
    max_horizon: int
    min_converted: int


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
    """Of one thread: zeroed int32[n_products] ×3, int32[n_products] ×1, int32[records] ×2, int32[days], int64[cells]."""

    converted: np.ndarray
    together: np.ndarray
    row_of: np.ndarray
    touched: np.ndarray
    left_at: np.ndarray
    seen_until: np.ndarray
    surviving: np.ndarray
    dense: np.ndarray


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
def add_days(cells, base, bins, low, high, sign):
    """Add ``sign`` × the days u with low < u ≤ high to the duration bins of ``cells[base:]``."""
    for b in range(len(bins) - 1):
        days = min(high, bins[b + 1]) - max(low, bins[b])
        if days > 0:
            cells[base + b] += sign * days


# Oracle: tests/naive.py::index_baseline
@njit(nogil=True, cache=True)
def fill_customer_clocks(slot_indptr, first, last, entries, owned, rule, bins, after, arrivals, total):
    """Index exposure after each slot's day, and index events if B is bought on it, of customers ``first`` to ``last``.

    slot_indptr : int64[n_customers + 1]  where each customer's slots begin
    entries     : int32[n_slots]          products whose life starts in the slot
    bins        : int64[n_bins + 1]       duration d is in bin b when bins[b] < d <= bins[b + 1]
    after       : int[n_slots, C]         zeros; customer-days of every life of the customer after the slot's day
    arrivals    : int[n_slots, C]         zeros; lives of the customer begun before, by stratum and duration
    total       : int64[C]                zeros; customer-days of every life of these customers
    """
    n_bins = len(bins) - 1
    for customer in range(first, last):
        for index in range(slot_indptr[customer], slot_indptr[customer + 1]):
            count = entries[index]
            if count == 0:
                continue
            start, base = owned.slot_day[index], owned.slot_stratum[index] * n_bins
            until = rule.last_day - start
            add_days(total, base, bins, rule.gap, until, count)
            for other in range(slot_indptr[customer], slot_indptr[customer + 1]):
                gone = owned.slot_day[other] - start
                add_days(after[other], base, bins, max(rule.gap, gone), until, count)
                if gone > rule.gap and gone <= bins[n_bins]:
                    b = 0
                    while gone > bins[b + 1]:
                        b += 1
                    arrivals[other, base + b] += count


@njit(nogil=True, cache=True)
def sum_owner_rows(owner_indptr, owner_slot, first, last, rows, out):
    """out[B] = sum of ``rows`` over the slots of B's owners, for products ``first`` to ``last`` (exclusive).

    rows : int[n_slots, C]; out : int64[n_products, C], zeros
    """
    for product in range(first, last):
        for k in range(owner_indptr[product], owner_indptr[product + 1]):
            row = owner_slot[k]
            for cell in range(out.shape[1]):
                out[product, cell] += rows[row, cell]


@njit(nogil=True, cache=True)
def count_entering(owned, rule, a, scratch, n_touched):
    """Co-owners who entered (``together``) and those who converted in time (``converted``) by consequent of ``a``."""
    for k in range(owned.owner_indptr[a], owned.owner_indptr[a + 1]):
        slot = owned.owner_slot[k]
        if owned.slot_enters[slot] == 0:
            continue
        start, customer = owned.slot_day[slot], owned.slot_customer[slot]
        for r in range(owned.indptr[customer], owned.indptr[customer + 1]):
            b = owned.product[r]
            if b == a:
                continue
            if scratch.together[b] == 0:
                scratch.touched[n_touched] = b
                n_touched += 1
            scratch.together[b] += 1
            d = owned.day[r] - start
            if d > rule.gap and d <= rule.max_horizon:
                scratch.converted[b] += 1
    return n_touched


# Oracle: tests/naive.py::life_table
@njit(nogil=True, cache=True)
def count_life_tables(owned, rule, first, last, scratch, pairs, event_records):
    """How many pairs, and events of them, each antecedent from ``first`` to ``last`` (exclusive) will store.

    pairs, event_records : int64[n_products], written for these antecedents
    """
    for a in range(first, last):
        n_touched = count_entering(owned, rule, a, scratch, 0)
        for t in range(n_touched):
            b = scratch.touched[t]
            if scratch.converted[b] >= rule.min_converted:
                pairs[a] += 1
                event_records[a] += scratch.converted[b]
            scratch.together[b] = 0
            scratch.converted[b] = 0


@njit(nogil=True, cache=True)
def open_rows(owned, rule, a, first_row, first_record, scratch, out):
    """Choose the consequents of ``a``; give each a row, a stretch of event days and one of co-owner records."""
    n_touched = count_entering(owned, rule, a, scratch, 0)
    kept = 0
    for t in range(n_touched):
        b = scratch.touched[t]
        if scratch.converted[b] >= rule.min_converted:
            scratch.touched[kept] = b
            kept += 1
        else:
            scratch.together[b] = 0
            scratch.converted[b] = 0
    chosen = scratch.touched[:kept]
    sort_ascending(chosen)
    record = first_record
    for t in range(kept):
        b = chosen[t]
        out.antecedent[first_row + t], out.consequent[first_row + t] = a, b
        out.begin[first_row + t] = record
        record += scratch.converted[b]
        scratch.row_of[b] = first_row + t + 1
    place = 0
    for t in range(kept):  # from counts to places in the records of the co-owners
        b = chosen[t]
        scratch.converted[b] = place
        place += scratch.together[b]
        scratch.together[b] = 0
    return kept


@njit(nogil=True, cache=True)
def fill_dense(owned, rule, a, bins, scratch):
    """Owners of ``a`` who entered: ``surviving[u]`` followed at least u days, ``dense`` their days by cell."""
    n_bins = len(bins) - 1
    for u in range(len(scratch.surviving)):
        scratch.surviving[u] = 0
    for cell in range(len(scratch.dense)):
        scratch.dense[cell] = 0
    for k in range(owned.owner_indptr[a], owned.owner_indptr[a + 1]):
        slot = owned.owner_slot[k]
        if owned.slot_enters[slot] != 0:
            until = rule.last_day - owned.slot_day[slot]
            scratch.surviving[until] += 1
            add_days(scratch.dense, owned.slot_stratum[slot] * n_bins, bins, rule.gap, until, 1)
    for u in range(len(scratch.surviving) - 2, -1, -1):
        scratch.surviving[u] += scratch.surviving[u + 1]


@njit(nogil=True, cache=True)
def add_co_owners(owned, rule, a, bins, after, arrivals, scratch, out):
    """One pass over what the owners of ``a`` own: records (left_at, seen_until) and cells of each chosen pair."""
    n_bins = len(bins) - 1
    n_cells = out.exposure.shape[1]
    for k in range(owned.owner_indptr[a], owned.owner_indptr[a + 1]):
        slot = owned.owner_slot[k]
        start, customer = owned.slot_day[slot], owned.slot_customer[slot]
        enters, until = owned.slot_enters[slot] != 0, rule.last_day - start
        stratum = owned.slot_stratum[slot]
        for r in range(owned.indptr[customer], owned.indptr[customer + 1]):
            b = owned.product[r]
            row = scratch.row_of[b] - 1
            if row < 0:
                continue
            later = max(slot, owned.slot[r])
            d = owned.day[r] - start
            for cell in range(n_cells):
                out.owner_exposure[row, cell] -= after[later, cell]
            if d > 0:
                for cell in range(n_cells):
                    out.owner_events[row, cell] += arrivals[later, cell]
            if not enters:
                continue
            left = d if d > rule.gap else 0
            out.prior[row] += d < 0
            out.simultaneous[row] += d >= 0 and d <= rule.gap
            out.entered[row, stratum] -= left == 0 and until > rule.gap
            add_days(out.exposure[row], stratum * n_bins, bins, max(left, rule.gap), until, -1)
            if left > 0 and d <= bins[n_bins]:
                cell = 0
                while d > bins[cell + 1]:
                    cell += 1
                out.observed[row, stratum * n_bins + cell] += 1
            place = scratch.converted[b] + scratch.together[b]
            scratch.left_at[place] = left
            scratch.seen_until[place] = until
            scratch.together[b] += 1


@njit(nogil=True, cache=True)
def sweep_pair(left_at, seen_until, surviving, rule, horizons, row, out):
    """n(u) = surviving(u) − (#{left < u} − #{seen < u}) over one pair's co-owners, at event days and horizons.

    left_at, seen_until : int32, both rising; horizons : int64, rising
    """
    write = out.begin[row]
    left, seen, h = 0, 0, 0
    while True:
        day = left_at[left] if left < len(left_at) else rule.max_horizon + 1
        if day == 0:  # prior and simultaneous owners never were at risk
            left += 1
            continue
        at_horizon = h < len(horizons) and horizons[h] < day
        u = horizons[h] if at_horizon else day
        if u > rule.max_horizon:
            break
        while seen < len(seen_until) and seen_until[seen] < u:
            seen += 1
        n = (surviving[u] if u < len(surviving) else 0) - (left - seen)
        if at_horizon:
            out.followed[row, h] = n
            h += 1
            continue
        events = 0
        while left + events < len(left_at) and left_at[left + events] == day:
            events += 1
        if h < len(horizons) and horizons[h] == day:  # at risk on the day itself, before the events leave
            out.followed[row, h] = n
            h += 1
        out.day[write], out.at_risk[write], out.events[write] = day, n, events
        write += 1
        left += events
    out.end[row] = write


# Oracle: tests/naive.py::life_table
@njit(nogil=True, cache=True)
def fill_life_tables(owned, rule, first, last, bins, horizons, clocks, places, scratch, out):
    """The life tables of the antecedents ``first`` to ``last`` (exclusive), each in its own rows of ``out``.

    clocks : (after, arrivals, owner_after, entered_dense): the first two of `fill_customer_clocks`;
             int64[n_products, C], `sum_owner_rows` of ``after``; int32[n_products, S] owners who entered and
             were followed beyond the gap, by stratum
    places : (first_row, first_record): int64[n_products], from `count_life_tables`
    """
    after, arrivals, owner_after, entered_dense = clocks
    first_row, first_record = places
    for a in range(first, last):
        kept = open_rows(owned, rule, a, first_row[a], first_record[a], scratch, out)
        if kept == 0:
            continue
        fill_dense(owned, rule, a, bins, scratch)
        for row in range(first_row[a], first_row[a] + kept):
            for cell in range(len(scratch.dense)):  # a loop compiles in a tenth of the time of a row assignment
                out.exposure[row, cell] = scratch.dense[cell]
                out.owner_exposure[row, cell] = owner_after[a, cell]
            for stratum in range(out.entered.shape[1]):
                out.entered[row, stratum] = entered_dense[a, stratum]
        add_co_owners(owned, rule, a, bins, after, arrivals, scratch, out)
        for t in range(kept):
            b = scratch.touched[t]
            begin = scratch.converted[b]
            end = begin + scratch.together[b]
            left_at = scratch.left_at[begin:end]
            sort_ascending(left_at)
            sweep_pair(left_at, scratch.seen_until[begin:end], scratch.surviving, rule, horizons, scratch.row_of[b] - 1, out)
            scratch.converted[b] = 0
            scratch.together[b] = 0
            scratch.row_of[b] = 0


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
