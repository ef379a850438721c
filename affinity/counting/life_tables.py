"""Life tables A→B for every ordered pair of products: exact integer counts, from which conversion follows.

The dense part of a risk set depends on the antecedent alone; only co-owned pairs are looked at:
n_AB(u) = N_A(u) − [#{j < u} − #{f < u}] over the co-owners of A and B, N_A(u) the owners of A followed at
least u days, j the days until B (0 where B came before or with A), f the days followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affinity.counting.lives import Entry, Lives
from affinity.errors import InputError, MissingPart
from affinity.tables.baskets import Baskets
from affinity.tables.holdings import Holdings
from affinity.tables.life_tables import BASELINE_BINS, LifeTables
from affinity.threads import map_blocks, split_by_work

if TYPE_CHECKING:
    from affinity.kernels.life_tables import PairCells, Rule, Scratch

#: Days of purchases that show who owned what before the first counted life; at most a third of the history.
WASH_IN_DAYS = 365

#: Runs of antecedents handed to the threads; the counts do not depend on it.
BLOCKS = 32


def count_life_tables(
    holdings: Holdings,
    steps: Baskets | None = None,
    *,
    horizons_days: tuple[int, ...] = (30, 90, 365),
    as_of_day: int | None = None,
    start_day: int | None = None,
    wash_in_days: int | None = None,
    started_at: np.ndarray | None = None,
    min_converted: int = 1,
    gap_days: int = 0,
    max_products_per_customer: int = 500,
    strata: np.ndarray | None = None,
    threads: int | None = None,
) -> LifeTables:
    """The life tables of every ordered pair with ``min_converted`` converted within the longest horizon.

    With t_A, t_B first purchases, d = t_B − t_A, f = as_of − 1 − t_A (whole days): d < 0 prior owner,
    0 ≤ d ≤ gap simultaneous (in both directions when d = 0), gap < d ≤ h converted; at risk at u are those
    with f ≥ u who did not buy B before u. The counts of disjoint sets of customers add up (with
    ``min_converted`` = 1), and do not depend on the order of customers or on threads.

    holdings   : clock "day"; days since the epoch
    steps      : baskets by customer-day of the same customers, for the order number at A; without them it is
                 the number of days on which something was bought for the first time
    as_of_day  : first day not looked at; default: the end of ``holdings``. start_day : first day of the data;
                 default: the earliest first purchase
    wash_in_days, started_at : a life enters when t_A ≥ start_day + wash_in_days (default 365, at most a third
                 of the history), or when the customer's ``started_at`` (int32 days, −1 unknown) ≥ start_day:
                 a first *seen* purchase is no start. Ownership is known from all purchases.
    max_products_per_customer : customers who own more are left out (and counted)
    strata     : int32 segment of each customer (0, 1, …), to compare like with like in the baseline
    Degenerate: nobody enters, one product or nobody repeats: a table without rows. Raises MissingPart
    without dates.
    """
    _require_days(holdings, steps)
    horizons = _check_horizons(horizons_days)
    end_day = _end_of(holdings) if as_of_day is None else int(as_of_day)
    first_day = int(holdings.first_at.min(initial=end_day)) if start_day is None else int(start_day)
    wash_in = min(WASH_IN_DAYS, max(end_day - first_day, 0) // 3) if wash_in_days is None else int(wash_in_days)
    entry = Entry(first_day, wash_in, started_at)
    lives = Lives.of(holdings, steps, entry, end_day=end_day, max_products=max_products_per_customer, strata=strata)
    rule = _rule(end_day - 1, gap_days, horizons[-1], min_converted)
    cells = _count(lives, rule, horizons, threads)
    return LifeTables(
        **cells,
        owners=lives.owners,
        products=holdings.products,
        horizons_days=horizons,
        longest_followed_days=lives.longest_followed(end_day - 1),
        wash_in_days=wash_in,
        entry_rule=entry.rule,
        min_converted=min_converted,
        as_of_day=end_day,
        start_day=first_day,
        gap_days=gap_days,
        customers_left_out=lives.left_out,
    )


@dataclass(frozen=True)
class _IndexClocks:
    """after, arrivals : see `fill_customer_clocks`; owner_after, index_events : int64[n_products, C], their sums over
    each product's owners; every_life : int64[C], customer-days of all lives."""

    after: np.ndarray
    arrivals: np.ndarray
    owner_after: np.ndarray
    index_events: np.ndarray
    every_life: np.ndarray

    @property
    def n_cells(self) -> int:
        """Strata × bins."""
        return self.after.shape[1]


def _index_clocks(lives: Lives, rule: Rule, bins: np.ndarray, threads: int | None) -> _IndexClocks:
    """Lives by customer and day, then by product: work in the number of purchases, not of pairs."""
    from affinity.kernels import life_tables as kernels

    n_cells = lives.n_strata * (len(bins) - 1)
    whole: Any = cell_dtype(int(lives.entries.sum()))
    after, arrivals = (np.zeros((len(lives.entries), n_cells), dtype=whole) for _ in range(2))
    owner_after, index_events = (np.zeros((len(lives.owners), n_cells), dtype=np.int64) for _ in range(2))

    def clock(first: int, last: int) -> np.ndarray:
        total = np.zeros(n_cells, dtype=np.int64)
        layout = (lives.slot_indptr, first, last, lives.entries, lives.owned)
        kernels.fill_customer_clocks(*layout, rule, bins, after, arrivals, total)
        return total

    def add(first: int, last: int) -> None:
        for rows, out in ((after, owner_after), (arrivals, index_events)):
            kernels.sum_owner_rows(lives.owned.owner_indptr, lives.owned.owner_slot, first, last, rows, out)

    totals = map_blocks(clock, split_by_work(np.diff(lives.slot_indptr) + 1.0, BLOCKS), threads)
    map_blocks(add, split_by_work(np.diff(lives.owned.owner_indptr) + 1.0, BLOCKS), threads)
    every_life = sum(totals, np.zeros(n_cells, dtype=np.int64))
    return _IndexClocks(after, arrivals, owner_after, index_events, every_life)


def _count(lives: Lives, rule: Rule, horizons: tuple[int, ...], threads: int | None) -> dict[str, np.ndarray]:
    """The counts of `LifeTables` by name: index clocks, then sizes of the rows, then the rows."""
    from affinity.kernels import life_tables as kernels

    n_products = len(lives.owners)
    bins = np.array((0, *BASELINE_BINS), dtype=np.int64)
    clocks = _index_clocks(lives, rule, bins, threads)
    bounds = split_by_work(lives.work() + 1.0, BLOCKS)
    pairs, records = np.zeros(n_products, dtype=np.int64), np.zeros(n_products, dtype=np.int64)

    def size(first: int, last: int) -> None:
        kernels.count_life_tables(lives.owned, rule, first, last, _scratch(lives, rule, 0, clocks.n_cells), pairs, records)

    map_blocks(size, bounds, threads)
    sizes = {"pairs": int(pairs.sum()), "records": int(records.sum()), "horizons": len(horizons)}
    rows = _allocate(**sizes, strata=lives.n_strata, n_cells=clocks.n_cells, whole=clocks.after.dtype)
    arrays = (clocks.after, clocks.arrivals, clocks.owner_after, lives.entered_by_stratum(rule))
    places = (np.cumsum(pairs) - pairs, np.cumsum(records) - records)
    work, horizon = lives.work(), np.array(horizons, dtype=np.int64)

    def fill(first: int, last: int) -> None:
        scratch = _scratch(lives, rule, int(work[first:last].max(initial=0)), clocks.n_cells)
        kernels.fill_life_tables(lives.owned, rule, first, last, bins, horizon, arrays, places, scratch, rows)

    map_blocks(fill, bounds, threads)
    return _finish(rows, clocks.every_life - clocks.owner_after, clocks.index_events)


def _finish(out: PairCells, index_exposure: np.ndarray, index_events: np.ndarray) -> dict[str, np.ndarray]:
    from affinity.kernels.life_tables import close_gaps

    indptr = np.zeros(len(out.antecedent) + 1, dtype=np.int64)
    close_gaps(out.begin, out.end, out.day, out.at_risk, out.events, indptr)
    n_events = int(indptr[-1])
    columns = out._asdict()
    del columns["begin"], columns["end"]
    for name in ("day", "at_risk", "events"):
        columns[name] = columns[name][:n_events]
    eligible = out.entered.sum(axis=1, dtype=np.int64)
    return columns | {"indptr": indptr, "eligible": eligible, "index_exposure": index_exposure, "index_events": index_events}


def _allocate(*, pairs: int, records: int, horizons: int, strata: int, n_cells: int, whole: np.dtype) -> PairCells:
    from affinity.kernels.life_tables import PairCells

    def zeros(*shape: int, dtype: Any) -> np.ndarray:
        return np.zeros(shape, dtype=dtype)

    return PairCells(
        antecedent=zeros(pairs, dtype=np.int32),
        consequent=zeros(pairs, dtype=np.int32),
        begin=zeros(pairs, dtype=np.int64),
        end=zeros(pairs, dtype=np.int64),
        day=zeros(records, dtype=np.int32),
        at_risk=zeros(records, dtype=np.int32),
        events=zeros(records, dtype=np.int32),
        prior=zeros(pairs, dtype=np.int64),
        simultaneous=zeros(pairs, dtype=np.int64),
        followed=zeros(pairs, horizons, dtype=np.int64),
        entered=zeros(pairs, strata, dtype=np.int32),
        exposure=zeros(pairs, n_cells, dtype=whole),
        observed=zeros(pairs, n_cells, dtype=whole),
        owner_exposure=zeros(pairs, n_cells, dtype=whole),
        owner_events=zeros(pairs, n_cells, dtype=whole),
    )


def _scratch(lives: Lives, rule: Rule, records: int, n_cells: int) -> Scratch:
    from affinity.kernels.life_tables import Scratch

    n_products = len(lives.owners)
    days = max(rule.last_day - int(lives.owned.slot_day.min(initial=rule.last_day)), 0) + 2
    converted, together, row_of, touched = (np.zeros(n_products, dtype=np.int32) for _ in range(4))
    records_left, records_seen = np.zeros(records, dtype=np.int32), np.zeros(records, dtype=np.int32)
    cells: np.ndarray = np.zeros(n_cells, dtype=np.int64)
    surviving = np.zeros(days, dtype=np.int32)
    return Scratch(converted, together, row_of, touched, records_left, records_seen, surviving, cells)


def _rule(last_day: int, gap: int, max_horizon: int, min_converted: int) -> Rule:
    from affinity.kernels.life_tables import Rule

    return Rule(last_day, gap, max_horizon, min_converted)


def cell_dtype(lives: int) -> type:
    """int32 while no cell of ``lives`` lives can pass 2**31 customer-days, else int64."""
    widest = int(np.diff((0, *BASELINE_BINS)).max())
    return np.int32 if lives * widest < 2**31 else np.int64


def _end_of(holdings: Holdings) -> int:
    return int(holdings.end.max(initial=0))


def _check_horizons(horizons_days: tuple[int, ...]) -> tuple[int, ...]:
    horizons = tuple(sorted({int(h) for h in horizons_days}))
    if not horizons or horizons[0] < 1:
        raise InputError(
            f"horizons_days={tuple(horizons_days)} is not valid.",
            why="A horizon is the number of days within which a purchase counts as converted.",
            do="Give whole days of at least 1, for example (30, 90, 365).",
        )
    return horizons


def _require_days(holdings: Holdings, steps: Baskets | None) -> None:
    if holdings.clock != "day":
        raise MissingPart(
            f"Conversion A→B needs dates, and these orders have {'only a sequence' if holdings.clock else 'none'}.",
            why="Who was followed for how many days cannot be known without them.",
            do="Give the order lines a column ordered_at.",
        )
    if steps is not None and steps.customers is not None:
        holdings.customers.require_same(steps.customers)
