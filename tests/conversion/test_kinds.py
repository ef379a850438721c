"""Cross-sell and upsell kept apart: pairs within one product family."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.conversion import estimate_conversion, family_codes
from affinity.conversion.kinds import count_tests
from affinity.counting import count_life_tables
from affinity.settings import ConversionSettings
from affinity.statistics.false_discovery import benjamini_hochberg
from affinity.tables import Products
from affinity.vocabulary import Vocabulary
from tests.conversion.worlds import simulate_shop

CODES = Vocabulary("product", ["p000", "p001", "p002", "p003"])


def test_a_product_without_a_family_is_one_by_itself():
    families = np.array(["plan", None, "plan", None], dtype=object)
    codes = family_codes(replace(Products.bare(CODES), family=families))
    assert codes.tolist() == [0, 1, 0, 2]
    assert count_tests(codes, 4) == (10, 2)
    assert count_tests(None, 4) == (12, 0)


def test_pairs_within_a_family_are_upsell_and_tested_among_themselves():
    holdings, steps = simulate_shop(seed=5, customers=1500, products=6, lifted={(0, 1): 4.0, (2, 3): 4.0})
    tables = count_life_tables(holdings, steps, start_day=0, wash_in_days=0, horizons_days=(90,))
    rules = ConversionSettings(min_converted=1)
    family = np.array([0, 0, 1, 2, 3, 4], dtype=np.int32)
    apart, together = (estimate_conversion(tables, family=f, settings=rules) for f in (family, None))
    within = family[apart.antecedent] == family[apart.consequent]
    assert within.sum() == 2
    assert (apart.kind == np.where(within, "upsell", "cross_sell")).all()
    assert (together.kind == "cross_sell").all()
    for name in ("eligible", "converted", "rate"):
        assert (getattr(apart, name) == getattr(together, name)).all()
    assert len(benjamini_hochberg(np.ones(3), 28)) == 3
    # Of two tests instead of thirty, the upsell's own claim is the stronger; what it claims opens no door to cross-sell.
    assert (apart.q_value[within] <= together.q_value[within]).all()
    assert (apart.q_value[within] < 1e-6).any()


@pytest.fixture(scope="module")
def lines():
    rng = np.random.default_rng(1)
    rows = [
        (
            f"o{c}-{k}",
            f"c{c}",
            f"p{p}",
            pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day)),
            1,
            2.0,
            "UK" if c % 2 else "FR",
        )
        for c in range(300)
        for k, (p, day) in enumerate(zip(rng.permutation(6)[:4], np.sort(rng.integers(0, 500, 4))))
    ]
    names = ["order_id", "customer_id", "product_id", "ordered_at", "quantity", "unit_price", "country"]
    return pd.DataFrame(rows, columns=names)


def test_kinds_segments_and_churn_are_reached_from_python(lines):
    goods = pd.DataFrame({"product_id": ["p0", "p1", "p2", "p3"], "family": ["a", "a", "b", "c"]})
    pairs = af.estimate_conversion(lines, products=goods, horizon_days=[30, 90]).to_pandas()
    assert set(pairs.horizon_days) == {30, 90}
    assert set(pairs[["antecedent", "consequent"]][pairs.kind == "upsell"].itertuples(index=False, name=None)) == {
        ("p0", "p1"), ("p1", "p0"),
    }  # fmt: skip
    assert set(pairs.churn) == {"crude"}
    table = af.estimate_conversion(lines, by="country", horizon_days=90, products=goods)
    shown = table.to_pandas()
    assert set(shown.segment) == {"UK", "FR"}
    assert set(shown.kind) == {"cross_sell", "upsell"}
    whole = af.estimate_conversion(lines, horizon_days=90, products=goods).to_pandas()
    both = shown.groupby(["antecedent", "consequent"])[["eligible", "converted"]].sum().reset_index()
    joined = both.merge(whole, on=["antecedent", "consequent"])
    assert len(joined) == len(both) == 30
    assert (joined.eligible_x == joined.eligible_y).all()
    assert (joined.converted_x == joined.converted_y).all()
    assert np.allclose(shown.pooled_rate[::2], whole.rate)
    with pytest.raises(af.AffinityError, match="Did you mean 'country'"):
        af.estimate_conversion(lines, by="contry")
    with pytest.raises(af.AffinityError, match="nobody|no customer has an ended_at"):
        af.estimate_conversion(lines, churn="net")
    people = pd.DataFrame({"customer_id": ["c0", "c1"], "ended_at": ["2024-06-01", "2024-06-01"]})
    net = af.estimate_conversion(lines, churn="net", customers=people)
    assert set(net.churn) == {"net"}
    assert "nobody leaves" in net.info["risk"]


def test_few_pairs_are_shown_by_segment_where_so_asked(lines):
    table = af.estimate_conversion(lines, by="country", horizon_days=90, conversion={"segment_pairs": 3})
    pairs = table.to_pandas()[["antecedent", "consequent"]].drop_duplicates()
    assert len(pairs) == 3
    assert table.info["pairs_left_out"] == 27
    whole = af.estimate_conversion(lines, horizon_days=90).to_pandas().sort_values("converted", ascending=False)
    assert pairs.merge(whole).converted.min() >= whole.converted.iloc[3]


def test_offers_of_products_never_sold_keep_their_category(lines):
    log = pd.DataFrame(
        {
            "offer_id": ["a", "b", "c", "d"], "customer_id": ["c0", "c1", "c2", "nobody"],
            "product_id": ["new", "new", "other", "new"], "campaign_id": "spring", "offered_at": "2025-04-01",
        }
    )  # fmt: skip
    goods = pd.DataFrame({"product_id": ["new", "other"], "category": ["tea", "tools"]})
    table = af.measure_offers(log, orders=lines, products=goods, by="country").to_pandas()
    assert table.offered[0] == 3
    assert set(table.category.dropna()) == {"tea", "tools"}
    assert set(table.segment.dropna()) == {"UK", "FR"}
    assert (table.accepted == 0).all()
    assert "targeted, not randomised" in table.note[0]
    alone = af.measure_offers(log.assign(accepted="no"), products=goods)
    assert (alone.offered[0], alone.info["excluded"]) == (4, {})
    untold = af.measure_offers(log, products=goods)  # neither the log nor any order says what came of them
    assert untold.info["excluded"] == {"acceptance_unknown": 4}


def test_a_run_publishes_segments_and_offers(lines, tmp_path):
    log = pd.DataFrame(
        {"customer_id": ["c0", "c1"], "product_id": ["p0", "p1"], "offered_at": "2024-03-01", "campaign_id": "x"}
    )
    result = af.run(lines, offers=log, conversion={"by": "country", "horizons_days": [90]})
    assert result.segment_conversion is not None
    assert result.offer_conversion is not None
    release = af.open_release(result.publish(tmp_path / "shop"))
    assert len(release.offer_conversions) == len(result.offer_conversion)
    assert set(release.segment_conversions.segment) == {"UK", "FR"}
    assert {"q_value", "kind", "churn", "best_from_day"} <= set(release.conversions.columns)
