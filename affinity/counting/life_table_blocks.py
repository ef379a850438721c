"""Life tables by blocks of antecedents and classes of consequents: from `count_life_tables` to the kernels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affinity import mapped
from affinity.counting.lives import Exposed, Lives, Window
from affinity.counting.risk_classes import RiskClass
from affinity.tables.life_tables import BASELINE_BINS, EventDays
from affinity.threads import map_blocks, split_by_work

if TYPE_CHECKING:
    from affinity.kernels.life_tables import Asked, PairCells, Rule, Scratch

#: Sums over every antecedent, by consequent.
_OF_PRODUCTS = ("index_exposure", "index_events", "index_repeats")

#: Runs of antecedents handed to the threads; the counts do not depend on it.
BLOCKS = 32
#: Bytes, about, of a first purchase, and of a customer's day of them, while life tables are counted; of a pair without what
#: depends on strata and horizons; of a day of a pair.
_BYTES_A_ROW, _BYTES_A_SLOT, _BYTES_A_PAIR, _BYTES_A_RECORD = 24, 160, 40, 12
_WIDEST_BIN = int(np.diff((0, *BASELINE_BINS)).max())


def count_classes(
    lives: Lives,
    classes: list[RiskClass],
    window: Window,
    rule: Rule,
    horizons: tuple[int, ...],
    *,
    asked: EventDays | None,
    max_table_bytes: int | None,
    threads: int | None,
) -> dict[str, np.ndarray]:
    """The counts of `LifeTables` by name, a pass for each class that has products; rows sorted by codes.

    max_table_bytes : what takes more stands in files (`affinity.mapped`); None: all is in memory
    """
    bins = np.array((0, *BASELINE_BINS), dtype=np.int64)
    owners = lives.owners(window.first_day)
    most_bytes = np.inf if max_table_bytes is None else max_table_bytes
    may_map = len(lives.product) * _BYTES_A_ROW + len(lives.slot_day) * _BYTES_A_SLOT > most_bytes
    parts = []
    for risk in classes:
        if not risk.products.any() and risk is not classes[0]:
            continue
        exposed = Exposed.of(lives, risk, window, gap=rule.gap, n_bins=len(bins) - 1, may_map=may_map)
        wanted = None if asked is None else asked.towards(risk.products)
        asking = _asked(wanted, lives.n_products)
        counted = _Pass(lives, exposed, rule, bins, horizons, asking, most_bytes, may_map, threads).count()
        counted["excluded"] = (owners - _owners_at_risk(lives, exposed, rule.first_day))[counted["antecedent"]]
        for name in _OF_PRODUCTS:
            counted[name][~risk.products] = 0
        parts.append(counted)
    return parts[0] if len(parts) == 1 else _merge(parts, lives.n_products)


def _owners_at_risk(lives: Lives, exposed: Exposed, first_day: int) -> np.ndarray:
    """int64[n_products]: owners whose life is open to the class."""
    return lives.count_owners((exposed.entries > 0) & (lives.slot_day >= first_day))


def _merge(parts: list[dict[str, np.ndarray]], n_products: int) -> dict[str, np.ndarray]:
    """The rows of all classes in the order of codes; the index sums of products, which are of one class each, added."""
    merged: dict[str, np.ndarray] = {name: np.sum([part[name] for part in parts], axis=0) for name in _OF_PRODUCTS}
    a, b = (np.concatenate([part[name] for part in parts]).astype(np.int64) for name in ("antecedent", "consequent"))
    order = np.argsort(a * n_products + b)
    lengths = np.concatenate([np.diff(part["indptr"]) for part in parts])
    begins = np.cumsum(lengths) - lengths
    indptr = np.concatenate([[0], np.cumsum(lengths[order])]).astype(np.int64)
    position = np.arange(indptr[-1]) + np.repeat(begins[order] - indptr[:-1], lengths[order])
    for name in parts[0]:
        if name in (*_OF_PRODUCTS, "indptr"):
            continue
        column = np.concatenate([part[name] for part in parts])
        merged[name] = column[position if name in ("day", "at_risk", "events") else order]
    return merged | {"indptr": indptr}


def _asked(wanted: EventDays | None, n_products: int) -> Asked:
    from affinity.kernels.life_tables import Asked

    nothing, no_days = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    if wanted is None:
        return Asked(nothing, no_days, nothing, no_days)
    indptr = np.searchsorted(wanted.antecedent, np.arange(n_products + 1)).astype(np.int64)
    return Asked(indptr, wanted.consequent, wanted.indptr, wanted.day)


@dataclass(frozen=True)
class _Pass:
    """One class of consequents."""

    lives: Lives
    exposed: Exposed
    rule: Rule
    bins: np.ndarray
    horizons: tuple[int, ...]
    asked: Asked
    most_bytes: float
    may_map: bool
    threads: int | None

    def count(self) -> dict[str, np.ndarray]:
        """Index clocks, then which pairs there are, then their rows."""
        from affinity.kernels import life_tables as kernels

        clocks, every_life, sums = self._index_clocks()
        n_cells = len(every_life)
        bounds = split_by_work(self.exposed.work + 1.0, BLOCKS)
        chosen, pairs = self._choose(bounds)
        n_days = np.array([int(part[1::3].sum(dtype=np.int64)) for part in chosen], dtype=np.int64)
        sizes = {"pairs": int(pairs.sum()), "records": int(n_days.sum()), "horizons": len(self.horizons)}
        rows = _allocate(**sizes, strata=self.lives.n_strata, cells=(n_cells, self._whole()), most_bytes=self.most_bytes)
        first_row, first_record = np.cumsum(pairs) - pairs, dict(zip(bounds.tolist(), (np.cumsum(n_days) - n_days).tolist()))
        block, horizon = dict(zip(bounds.tolist(), chosen)), np.array(self.horizons, dtype=np.int64)

        def fill(first: int, last: int) -> None:
            scratch = self._scratch(int(self.exposed.work[first:last].max(initial=0)), n_cells)
            places = (first_row, pairs, first_record[first])
            kernels.fill_life_tables(
                self.exposed.owned, self.rule, self.asked, first, last, self.bins, horizon, clocks, sums, block[first],
                places, scratch, rows,
            )  # fmt: skip

        map_blocks(fill, bounds, self.threads)
        return _finish(rows, every_life - sums[:, :n_cells], sums[:, n_cells:])

    def _index_clocks(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(int[n_slots × 2C] clocks, int64[C] customer-days of all lives, int64[n_products, 3C] sums over owners)."""
        from affinity.kernels import life_table_clocks as kernels

        lives, exposed = self.lives, self.exposed
        n_cells = lives.n_strata * (len(self.bins) - 1)
        clocks = _zeros((len(exposed.entries) * 2 * n_cells,), clock_dtype(lives.most_owned), may_map=self.may_map)
        sums = np.zeros((lives.n_products, 3 * n_cells), dtype=np.int64)

        def clock(first: int, last: int) -> np.ndarray:
            total = np.zeros(n_cells, dtype=np.int64)
            layout = (lives.slot_indptr, first, last, exposed.entries, exposed.owned.slots)
            kernels.fill_customer_clocks(*layout, self.bins, clocks, total)
            return total

        def add(first: int, last: int) -> None:
            kernels.sum_owner_rows(exposed.owned, first, last, clocks, sums)

        totals = map_blocks(clock, split_by_work(np.diff(lives.slot_indptr) + 1.0, BLOCKS), self.threads)
        map_blocks(add, split_by_work(np.diff(lives.owner_indptr) + 1.0, BLOCKS), self.threads)
        return clocks, sum(totals, np.zeros(n_cells, dtype=np.int64)), sums

    def _choose(self, bounds: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """The chosen pairs of each block (see `choose_pairs`), and how many each antecedent has."""
        from affinity.kernels.life_tables import choose_pairs

        n_products, work = self.lives.n_products, self.exposed.work
        pairs = np.zeros(n_products, dtype=np.int64)
        rows = np.minimum(work, n_products) if len(self.asked.indptr) == 0 else np.diff(self.asked.indptr)

        def choose(first: int, last: int) -> np.ndarray:
            chosen = np.empty(3 * int(rows[first:last].sum()), dtype=np.int32)
            scratch, touched = self._scratch(0, 0), np.empty(n_products, dtype=np.int32)
            n = choose_pairs(self.exposed.owned, self.rule, self.asked, first, last, scratch, touched, chosen, pairs)
            return chosen[: 3 * n].copy()

        return map_blocks(choose, bounds, self.threads), pairs

    def _whole(self) -> Any:
        return cell_dtype(int(self.exposed.entries.sum(dtype=np.int64)))

    def _scratch(self, records: int, n_cells: int) -> Scratch:
        from affinity.kernels.life_table_clocks import SLOT_COLUMNS, UNTIL
        from affinity.kernels.life_tables import Scratch

        n_products = self.lives.n_products
        days = min(self.rule.max_horizon, int(self.exposed.owned.slots[UNTIL::SLOT_COLUMNS].max(initial=0))) + 1
        converted, together, row_of, place_of = (np.zeros(n_products, dtype=np.int32) for _ in range(4))
        left_at, seen_until = np.zeros(records, dtype=np.int32), np.zeros(records, dtype=np.int32)
        cells: np.ndarray = np.zeros(n_cells, dtype=np.int64)
        surviving, strata = np.zeros(days + 1, dtype=np.int32), np.zeros(self.lives.n_strata, dtype=np.int32)
        return Scratch(converted, together, row_of, place_of, left_at, seen_until, surviving, cells, strata)


def _finish(out: PairCells, index_exposure: np.ndarray, sums: np.ndarray) -> dict[str, np.ndarray]:
    from affinity.kernels.life_tables import close_gaps

    indptr = np.zeros(len(out.antecedent) + 1, dtype=np.int64)
    close_gaps(out.begin, out.end, out.day, out.at_risk, out.events, indptr)
    n_events = int(indptr[-1])
    columns = out._asdict()
    del columns["begin"], columns["end"]
    for name in ("day", "at_risk", "events"):
        columns[name] = columns[name][:n_events]
    eligible = out.entered.sum(axis=1, dtype=np.int64)
    index_events, index_repeats = (part.copy() for part in np.hsplit(sums, 2))
    index = {"index_exposure": index_exposure, "index_events": index_events, "index_repeats": index_repeats}
    return columns | {"indptr": indptr, "eligible": eligible} | index


def _allocate(*, pairs: int, records: int, horizons: int, strata: int, cells: tuple[int, Any], most_bytes: float) -> PairCells:
    from affinity.kernels.life_tables import PairCells

    n_cells, whole = cells
    of_pair = _BYTES_A_PAIR + 8 * horizons + 4 * strata + 4 * n_cells * np.dtype(whole).itemsize
    may_map = pairs * of_pair + records * _BYTES_A_RECORD > most_bytes

    def zeros(*shape: int, dtype: Any) -> np.ndarray:
        return _zeros(shape, dtype, may_map=may_map)

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


def _zeros(shape: tuple[int, ...], dtype: Any, *, may_map: bool) -> np.ndarray:
    """Zeros, in a file where they ``may_map`` and are many."""
    return mapped.full(math.prod(shape), 0, dtype, may_map).reshape(shape) if may_map else np.zeros(shape, dtype=dtype)


def clock_dtype(most_owned: int) -> type:
    """uint16 while no customer's lives, at most ``most_owned`` of them, can pass 2**16 days in a cell, else int32."""
    return np.uint16 if most_owned * _WIDEST_BIN < 2**16 else np.int32


def cell_dtype(lives: int) -> type:
    """int32 while no cell of ``lives`` lives can pass 2**31 customer-days, else int64."""
    return np.int32 if lives * _WIDEST_BIN < 2**31 else np.int64
