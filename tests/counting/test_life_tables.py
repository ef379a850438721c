"""Life tables: equal to the obvious count, additive over customers, blind to their order; edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting import count_life_tables
from affinity.counting.life_table_blocks import cell_dtype
from affinity.errors import InputError, MissingPart, VocabularyMismatch
from affinity.tables import Baskets, Holdings
from affinity.tables.life_tables import BASELINE_BINS, ORDER_NUMBER_STRATA
from affinity.vocabulary import Vocabulary
from tests import naive

PRODUCTS = 6
END = 460
HORIZONS = (30, 90, 365)


def make_holdings(owned: dict[int, dict[int, int]], *, customers: int | None = None, end: int = END, products: int = PRODUCTS):
    """Holdings of {customer: {product: first day}}."""
    n = customers if customers is not None else max(owned, default=-1) + 1
    rows = [(c, p, owned[c][p]) for c in sorted(owned) for p in sorted(owned[c])]
    customer, product, day = (np.array([row[i] for row in rows], dtype=np.int32) for i in range(3))
    indptr = np.concatenate([[0], np.bincount(customer, minlength=n).cumsum()]).astype(np.int64)
    return Holdings(
        indptr, product, day, day, np.ones(len(rows), np.int32), np.full(n, end, np.int32),
        Vocabulary("customer", [f"c{i:03d}" for i in range(n)]), Vocabulary("product", [f"p{i}" for i in range(products)]),
    )  # fmt: skip


def make_steps(days: dict[int, set[int]], holdings: Holdings) -> Baskets:
    """Customer-day baskets (their items do not matter here)."""
    rows = [(c, day) for c in sorted(days) for day in sorted(days[c])]
    return Baskets(
        np.arange(len(rows) + 1, dtype=np.int64), np.zeros(len(rows), np.int32), holdings.products,
        np.array([row[0] for row in rows], np.int32), holdings.customers, np.array([row[1] for row in rows], np.int32),
        "day", "customer_day",
    )  # fmt: skip


@st.composite
def worlds(draw):
    """({customer: {product: first day}}, {customer: order days}): few days, so that ties are common."""
    n = draw(st.integers(1, 9))
    day = st.one_of(st.integers(0, 12).map(lambda x: x * 7), st.integers(0, END - 1))
    owned = {c: draw(st.dictionaries(st.integers(0, PRODUCTS - 1), day, max_size=PRODUCTS)) for c in range(n)}
    days = {c: set(owned[c].values()) | draw(st.sets(st.integers(0, END - 1), max_size=4)) for c in owned}
    return owned, days


def stratum_of(days):
    def stratum(customer: int, day: int) -> int:
        number = sum(other <= day for other in days[customer])
        return sum(number >= edge for edge in ORDER_NUMBER_STRATA) - 1

    return stratum


def rows_of(life_tables):
    return {pair: row for row, pair in enumerate(zip(life_tables.antecedent.tolist(), life_tables.consequent.tolist()))}


def cells_of(values, exposure, events):
    n_bins = len(BASELINE_BINS)
    flat = np.zeros((2, len(exposure)), dtype=np.int64)
    for (stratum, which), (days, count) in values.items():
        flat[:, stratum * n_bins + which] = days, count
    assert exposure.tolist() == flat[0].tolist()
    assert events.tolist() == flat[1].tolist()


@settings(deadline=None, max_examples=60)
@given(worlds(), st.sampled_from([0, 3]), st.sampled_from([0, 60]))
def test_every_pair_equals_the_obvious_count(world, gap, wash_in):
    owned, days = world
    holdings = make_holdings(owned)
    table = count_life_tables(
        holdings, make_steps(days, holdings), horizons_days=HORIZONS, start_day=0, wash_in_days=wash_in, gap_days=gap
    )
    last_day, stratum, rows = END - 1, stratum_of(days), rows_of(table)

    def enters(_, day):
        return day >= wash_in

    for a in range(PRODUCTS):
        for b in range(PRODUCTS):
            if a == b:
                continue
            prior, simultaneous, durations, converted = naive.life_table(owned, a, b, last_day, enters, gap)
            event_days = sorted(d for d, event in zip(durations, converted) if event and d <= HORIZONS[-1])
            if not event_days:
                assert (a, b) not in rows
                continue
            row = rows[a, b]
            assert (table.prior[row], table.simultaneous[row]) == (prior, simultaneous)
            assert table.eligible[row] == len(durations) == table.entered[row].sum()
            assert table.followed[row].tolist() == [naive.at_risk(durations, h) for h in HORIZONS]
            here = slice(table.indptr[row], table.indptr[row + 1])
            assert table.day[here].tolist() == sorted(set(event_days))
            assert table.events[here].tolist() == [event_days.count(d) for d in sorted(set(event_days))]
            assert table.at_risk[here].tolist() == [naive.at_risk(durations, d) for d in sorted(set(event_days))]
            pair_cells = naive.index_baseline(owned, a, b, last_day, enters, stratum, BASELINE_BINS, gap)
            cells_of(pair_cells, table.exposure[row], table.observed[row])
            outside = naive.index_lives(owned, b, last_day, enters, stratum, BASELINE_BINS, gap, without_owners_of=a)
            exposure = table.index_exposure[b] - table.owner_exposure[row]
            cells_of(outside, exposure, table.index_events[b] - table.owner_events[row])
    for b in range(PRODUCTS):
        every_life = naive.index_lives(owned, b, last_day, enters, stratum, BASELINE_BINS, gap)
        cells_of(every_life, table.index_exposure[b], table.index_events[b])
        repeats = naive.index_repeats(owned, b, last_day, enters, stratum, BASELINE_BINS, gap)
        cells_of({cell: [0, n] for cell, n in repeats.items()}, 0 * table.index_repeats[b], table.index_repeats[b])


@settings(deadline=None, max_examples=15)
@given(worlds(), st.integers(0, 8))
def test_counts_of_shards_add_up(world, cut):
    owned, days = world
    n = max(owned) + 1
    holdings = make_holdings(owned)
    args = {"start_day": 0, "wash_in_days": 20, "as_of_day": END}
    whole = count_life_tables(holdings, make_steps(days, holdings), **args)
    parts = []
    for keep in (lambda c: c < cut, lambda c: c >= cut):
        shard = make_holdings({c: owned[c] for c in owned if keep(c)}, customers=n)
        parts.append(count_life_tables(shard, make_steps(days, holdings), **args))
    for name in ("index_events", "index_repeats"):
        assert (getattr(whole, name) == getattr(parts[0], name) + getattr(parts[1], name)).all()
    assert (whole.index_exposure == parts[0].index_exposure + parts[1].index_exposure).all()
    assert (whole.owners == parts[0].owners + parts[1].owners).all()
    rows = [rows_of(part) for part in parts]
    assert set(rows_of(whole)) == set(rows[0]) | set(rows[1])
    for pair, row in rows_of(whole).items():
        total = sum(part.observed[r[pair]] for part, r in zip(parts, rows) if pair in r)
        assert whole.observed[row].tolist() == total.tolist()
        events = {}
        for part, r in zip(parts, rows):
            for at in range(part.indptr[r[pair]], part.indptr[r[pair] + 1]) if pair in r else ():
                events[int(part.day[at])] = events.get(int(part.day[at]), 0) + int(part.events[at])
        here = slice(whole.indptr[row], whole.indptr[row + 1])
        assert dict(zip(whole.day[here].tolist(), whole.events[here].tolist())) == events
        if pair in rows[0] and pair in rows[1]:
            for name in ("eligible", "prior", "simultaneous", "followed", "exposure", "owner_exposure", "entered"):
                added = sum(getattr(part, name)[r[pair]] for part, r in zip(parts, rows))
                assert np.array_equal(getattr(whole, name)[row], added), name


def same(one, two):
    names = [name for name, value in vars(one).items() if isinstance(value, np.ndarray)]
    return all(getattr(one, name).tobytes() == getattr(two, name).tobytes() for name in names) and len(names) > 15


def random_world(seed=0, customers=300, products=40, per_customer=8):
    rng = np.random.default_rng(seed)
    return {
        c: {int(p): int(rng.integers(0, END)) for p in rng.choice(products, rng.integers(1, per_customer), replace=False)}
        for c in range(customers)
    }


def test_order_of_customers_and_threads_do_not_matter():
    owned = random_world()
    back = {len(owned) - 1 - c: owned[c] for c in owned}
    one = count_life_tables(make_holdings(owned, products=40), threads=1)
    assert len(one) > 500
    assert same(one, count_life_tables(make_holdings(back, products=40), threads=2))


def test_rare_pairs_are_left_out_and_the_others_do_not_change():
    owned = random_world()
    every = count_life_tables(make_holdings(owned, products=40))
    some = count_life_tables(make_holdings(owned, products=40), min_converted=3)
    converted = np.add.reduceat(every.events, every.indptr[:-1])
    kept = np.flatnonzero(converted >= 3)
    assert 20 < len(kept) < len(every)
    assert some.antecedent.tolist() == every.antecedent[kept].tolist()
    for name in ("eligible", "followed", "exposure", "owner_exposure", "owner_events", "observed", "prior"):
        assert np.array_equal(getattr(some, name), getattr(every, name)[kept]), name
    assert np.array_equal(some.index_exposure, every.index_exposure)


def test_product_limit_equals_scipys_on_many_pairs():
    from scipy import stats

    from affinity.statistics.survival import cumulative_curve

    owned = random_world(seed=3, customers=900)
    table = count_life_tables(make_holdings(owned, products=40), start_day=0, wash_in_days=100)
    curve = cumulative_curve(table.indptr, table.day, table.at_risk, table.events)
    rng = np.random.default_rng(1)
    for row in rng.choice(len(table), 200, replace=False):
        a, b = int(table.antecedent[row]), int(table.consequent[row])
        _, _, durations, converted = naive.life_table(owned, a, b, END - 1, lambda _, day: day >= 100)
        durations, converted = np.array(durations), np.array(converted)
        oracle = stats.ecdf(stats.CensoredData(uncensored=durations[converted], right=durations[~converted]))
        here = slice(table.indptr[row], table.indptr[row + 1])
        np.testing.assert_allclose(curve.rate[here], oracle.cdf.evaluate(table.day[here]), atol=1e-9)


def test_started_inside_the_data_enters_during_the_wash_in():
    owned = {0: {0: 5, 1: 9}, 1: {0: 5, 1: 9}, 2: {0: 5, 1: 9}, 3: {0: 200, 1: 201}}
    started = np.array([4, -1, -30, -1], np.int32)
    table = count_life_tables(make_holdings(owned), start_day=0, wash_in_days=100, started_at=started)
    assert table.entry_rule == "mixed"
    assert table.owners.tolist()[:2] == [2, 2]
    assert (table.eligible[0], table.events.sum()) == (2, 2)
    assert count_life_tables(make_holdings(owned), start_day=0, wash_in_days=100).owners[0] == 1
    everybody = count_life_tables(make_holdings(owned), start_day=0, started_at=np.zeros(4, np.int32))
    assert everybody.entry_rule == "started_at"


def test_wash_in_is_a_year_but_at_most_a_third_of_the_history():
    assert count_life_tables(make_holdings({0: {0: 0, 1: 400}})).wash_in_days == END // 3
    assert count_life_tables(make_holdings({0: {0: 0, 1: 400}}, end=4000)).wash_in_days == 365
    assert count_life_tables(make_holdings({0: {0: 0}}), wash_in_days=0).longest_followed_days == END - 1


def test_customers_with_too_many_products_are_left_out_and_counted():
    owned = {0: {p: 10 * p for p in range(5)}, 1: {0: 1, 1: 5}}
    table = count_life_tables(make_holdings(owned), wash_in_days=0, max_products_per_customer=4)
    assert (len(table), table.customers_left_out, table.owners.tolist()) == (1, 1, [1, 1, 0, 0, 0, 0])


def test_segments_keep_their_own_cells():
    owned = random_world(customers=60)
    segment = np.arange(60) % 3
    table = count_life_tables(make_holdings(owned, products=40), wash_in_days=0, strata=segment)
    pooled = count_life_tables(make_holdings(owned, products=40), wash_in_days=0)
    assert table.exposure.shape[1] == 3 * pooled.exposure.shape[1]
    assert (table.exposure.reshape(len(table), 3, -1).sum(axis=1) == pooled.exposure).all()
    assert (table.index_events.reshape(40, 3, -1).sum(axis=1) == pooled.index_events).all()


@pytest.mark.parametrize(
    "owned",
    [{}, {0: {}}, {0: {2: 7}}, {0: {0: 3}, 1: {1: 4}}, {0: {0: 3, 1: 3}}],
    ids=["nobody", "nothing", "one product", "nobody repeats", "all at once"],
)
def test_worlds_without_conversion_give_an_empty_table(owned):
    table = count_life_tables(make_holdings(owned), wash_in_days=0)
    assert len(table) == len(table.day) == 0
    assert table.indptr.tolist() == [0]
    assert table.index_events.sum() == 0
    assert table.to_pandas().columns.tolist() == ["antecedent", "consequent", "day", "at_risk", "events"]


def test_without_days_the_part_is_missing():
    holdings = make_holdings({0: {0: 1}})
    for clock, words in (("order", "only a sequence"), (None, "none")):
        other = Holdings(**{**vars(holdings), "clock": clock})
        with pytest.raises(MissingPart, match=f"Conversion A→B needs dates, and these orders have {words}"):
            count_life_tables(other)


def test_horizons_are_whole_positive_days():
    with pytest.raises(InputError, match=r"horizons_days=\(0, 30\) is not valid"):
        count_life_tables(make_holdings({0: {0: 1}}), horizons_days=(0, 30))


def test_steps_of_other_customers_are_refused():
    holdings = make_holdings({0: {0: 1}})
    with pytest.raises(VocabularyMismatch):
        count_life_tables(holdings, make_steps({0: {1}}, make_holdings({1: {0: 1}})))


def test_cells_grow_to_64_bits_only_where_they_must():
    assert cell_dtype(1_000_000) is np.int32
    assert cell_dtype(10_000_000) is np.int64
