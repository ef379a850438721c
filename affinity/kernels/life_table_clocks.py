"""Kernels of the baseline of the life tables: customer-days of every index purchase, by customer and by product.

Columns of a *slot* (the first purchases of a customer on one day; slots of a customer are neighbours and rise
with the day, so the later of two purchases is the larger slot), `SLOT_COLUMNS` int32 end to end:
DAY of the purchases; BEGIN, END of the customer's records; STRATUM_CELL, the first cell of its stratum;
UNSEEN days after it that are not counted; UNTIL, days it was followed, −1 where no life starts;
FIRST_CELL, LAST_CELL (exclusive) of all strata of the customer. A cell is a stratum × a duration bin, row-major.
"""

from __future__ import annotations

from numba import njit

from affinity.kernels.intrinsics import get, prefetch, put

SLOT_COLUMNS = 8
DAY, BEGIN, END, STRATUM_CELL, UNSEEN, UNTIL, FIRST_CELL, LAST_CELL = range(SLOT_COLUMNS)

#: Owners whose slot, and whose rows, are asked for ahead of their turn.
SLOTS_AHEAD, ROWS_AHEAD = 24, 8


@njit(nogil=True, cache=True)
def add_days(cells, base, bins, low, high, sign):
    """Add ``sign`` × the days u with low < u ≤ high to the duration bins of ``cells`` from ``base`` on."""
    for b in range(len(bins) - 1):
        days = min(high, bins[b + 1]) - max(low, bins[b])
        if days > 0:
            put(cells, base + b, get(cells, base + b) + sign * days)


# Oracle: tests/naive.py::index_baseline
@njit(nogil=True, cache=True)
def fill_customer_clocks(slot_indptr, first, last, entries, slots, bins, clocks, total):
    """Index exposure after each slot's day, and index events if B is bought on it, of customers ``first`` to ``last``.

    slot_indptr : int64[n_customers + 1]  where each customer's slots begin
    entries     : int32[n_slots]          products whose life starts in the slot
    bins        : int64[n_bins + 1]       duration d is in bin b when bins[b] < d <= bins[b + 1]
    clocks      : int[n_slots × 2C]       zeros; a slot's C customer-days of every life of the customer after its day,
                                          then its C lives begun before, by stratum and duration
    total       : int64[C]                zeros; customer-days of every life of these customers
    """
    n_bins, n_cells = len(bins) - 1, len(total)
    for customer in range(first, last):
        for index in range(slot_indptr[customer], slot_indptr[customer + 1]):
            row = index * SLOT_COLUMNS
            count, until, unseen = entries[index], slots[row + UNTIL], slots[row + UNSEEN]
            if count == 0 or until <= unseen:
                continue
            start, base = slots[row + DAY], slots[row + STRATUM_CELL]
            add_days(total, base, bins, unseen, until, count)
            for other in range(slot_indptr[customer], slot_indptr[customer + 1]):
                gone = slots[other * SLOT_COLUMNS + DAY] - start
                place = other * 2 * n_cells + base
                add_days(clocks, place, bins, max(unseen, gone), until, count)
                if gone > unseen and gone <= min(until, bins[n_bins]):
                    b = 0
                    while gone > bins[b + 1]:
                        b += 1
                    clocks[place + n_cells + b] += count


@njit(nogil=True, cache=True)
def ask_ahead(owner_slot, k, end, slots, records, clocks, n_cells):
    """Ask for what the owners a little behind place ``k`` (before ``end``) need: their slots, records and clocks."""
    if k + SLOTS_AHEAD < end:
        prefetch(slots, get(owner_slot, k + SLOTS_AHEAD) * SLOT_COLUMNS)
    if k + ROWS_AHEAD < end:
        slot = get(owner_slot, k + ROWS_AHEAD)
        row = slot * SLOT_COLUMNS
        record = get(slots, row + BEGIN) * 3
        prefetch(records, record)
        prefetch(records, record + 16)
        if n_cells > 0:
            place = slot * 2 * n_cells + get(slots, row + FIRST_CELL)
            prefetch(clocks, place)
            prefetch(clocks, place + n_cells)
            prefetch(clocks, place + 2 * n_cells)


# Oracle: tests/naive.py::index_repeats
@njit(nogil=True, cache=True)
def sum_owner_rows(owned, first, last, clocks, out):
    """out[B] = sum of the clocks over the slots of B's owners, for products ``first`` to ``last`` (exclusive), and behind
    them, by cell, index events × all index events of the same buyer.

    clocks : int[n_slots × 2C]; out : int64[n_products, 3C], zeros
    """
    n_cells = out.shape[1] // 3
    for product in range(first, last):
        end = owned.owner_indptr[product + 1]
        for k in range(owned.owner_indptr[product], end):
            ask_ahead(owned.owner_slot, k, end, owned.slots, owned.records, clocks, n_cells)
            slot = get(owned.owner_slot, k)
            place, repeats = slot * 2 * n_cells, 0
            low, high = get(owned.slots, slot * SLOT_COLUMNS + FIRST_CELL), get(owned.slots, slot * SLOT_COLUMNS + LAST_CELL)
            for cell in range(low, high):
                out[product, cell] += get(clocks, place + cell)
                out[product, n_cells + cell] += get(clocks, place + n_cells + cell)
                repeats += get(clocks, place + n_cells + cell)
            for cell in range(low, high):
                out[product, 2 * n_cells + cell] += repeats * get(clocks, place + n_cells + cell)


# Oracle: tests/naive.py::owners_in_order
@njit(nogil=True, cache=True)
def deal_owners(order, begin, product, next_free, owner_slot):
    """List the slots of each product's owners, taking slots in ``order``.

    order      : int64[n_slots], each slot once; begin : int64[n_slots + 1], where its rows begin
    product    : int32, of each row; next_free : int64[n_products], where each product's list begins, advanced
    owner_slot : int32, out
    """
    for k in range(len(order)):
        slot = order[k]
        for row in range(begin[slot], begin[slot + 1]):
            place = get(next_free, get(product, row))
            put(owner_slot, place, slot)
            put(next_free, get(product, row), place + 1)
