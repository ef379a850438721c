"""Everything on or after as_of is another: orders, returns, names, segments, offers. No table of before may change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.sample_shop import write_shop

AS_OF = pd.Timestamp("2024-10-01")

#: All that a run says of the customers, products and offers of before.
TABLES = (
    "recommendations", "newcomers", "also_bought", "graph", "bundles", "itemsets", "rules", "conversion", "segment_conversion",
    "offer_conversion", "metrics", "metric_tree", "metric_change", "eligibility", "holdings",
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a small sample shop."""
    return write_shop(af.make_shop(seed=5, customers=500), tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def known(shop: dict[str, Path]) -> pd.DataFrame:
    """Its order lines before as_of."""
    lines = pd.read_csv(shop["orders"], dtype=str, keep_default_na=False)
    return lines[~(pd.to_datetime(lines["ordered_at"], errors="coerce") >= AS_OF)]


def invent_lines(known: pd.DataFrame, start: pd.Timestamp, seed: int) -> pd.DataFrame:
    """Other lines from ``start`` on, its first moment among them: copies of known ones and returns of them, new customers
    and products, under other names, in a channel that there was not."""
    random, n = np.random.default_rng(seed), 3000
    lines = known.sample(n, replace=True, random_state=seed).reset_index(drop=True)
    moments = np.append(0, random.integers(0, 80 * 24 * 60, n - 1))
    place = np.arange(n)
    return lines.assign(
        order_id=[f"future {i}" for i in place],
        ordered_at=(start + pd.to_timedelta(moments, unit="min")).strftime("%Y-%m-%d %H:%M:%S"),
        quantity=np.where(place % 3 == 0, "-" + lines["quantity"].str.lstrip("-"), lines["quantity"]),
        customer_id=np.where(place % 7 == 0, [f"new {i % 40}" for i in place], lines["customer_id"]),
        product_id=np.where(place % 11 == 0, [f"new {i % 5}" for i in place], lines["product_id"]),
        product_name="Renamed " + lines["product_name"],
        channel="kiosk",
    )


def invent_offers(offers: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The offers before as_of, and behind them others, all accepted: of their campaigns and of a new one, to strangers too."""
    before = offers[pd.to_datetime(offers["offered_at"]) < AS_OF]
    again = before[before["customer_id"].isin(known["customer_id"])].head(80)
    day = AS_OF.strftime("%Y-%m-%d")
    more = again.assign(offer_id="future " + again["offer_id"], offered_at=day, accepted_at=f"{day} 10:00:00", arm="treated")
    new = more.assign(offer_id="new " + more["offer_id"], campaign_id="a campaign of the future")
    strange = more.head(3).assign(offer_id=["s1", "s2", "s3"], customer_id="nobody of before")
    return pd.concat([before, more, new, strange])


def test_another_future_changes_no_table(shop: dict[str, Path], known: pd.DataFrame) -> None:
    offers = pd.read_csv(shop["offers"], dtype=str, keep_default_na=False)
    asked = {
        "products": shop["products"],
        "customers": shop["customers"],
        "as_of": AS_OF.date(),
        "fit": {"segment": "channel"},
        "conversion": {"by": "channel", "segment": "channel"},
        "metrics": {"by": ("channel", "tenure")},
    }
    one = af.run(known, offers=offers[pd.to_datetime(offers["offered_at"]) < AS_OF], **asked)
    other = af.run(pd.concat([known, invent_lines(known, AS_OF, 1)]), offers=invent_offers(offers, known), **asked)
    for name in TABLES:
        before, after = getattr(one, name).to_pandas(), getattr(other, name).to_pandas()
        assert len(before), name
        pd.testing.assert_frame_equal(before, after, check_exact=True, obj=name)
    assert one.model.blend == other.model.blend
    assert "kiosk" not in set(other.segment_conversion.segment)


def test_lines_after_the_horizon_of_a_landmark_change_no_figure(known: pd.DataFrame) -> None:
    """By segment too, whose value a customer's lines carry: that of before the landmark counts."""
    over = pd.Timestamp("2024-07-30")
    before = known[~(pd.to_datetime(known["ordered_at"], errors="coerce") >= over)]
    asked = {"at": ["2024-05-01"], "horizon_days": 90, "fit": {"segment": "channel"}}
    one = af.backtest(before, as_of=over.date(), **asked)
    other = af.backtest(pd.concat([before, invent_lines(before, over, 2)]), as_of=over.date(), **asked)
    pd.testing.assert_frame_equal(one.to_pandas(), other.to_pandas(), check_exact=True)
    window = pd.to_datetime(before["ordered_at"], errors="coerce") >= pd.Timestamp(asked["at"][0])
    moved = before.assign(channel=np.where(window, "kiosk", before["channel"]))
    other = af.backtest(moved, as_of=over.date(), **asked)
    pd.testing.assert_frame_equal(one.to_pandas(), other.to_pandas(), check_exact=True)
