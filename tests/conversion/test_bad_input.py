"""Conversion of shops in which little or nothing can be measured: defined, or a clear error."""

from __future__ import annotations

import pandas as pd
import pytest

import affinity as af


def orders(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "ordered_at"])
    return frame.assign(order_id=[f"o{i}" for i in range(len(frame))], quantity=1, unit_price=2.0)


EVERYBODY = [(f"c{c}", f"p{p}", "2024-01-05") for c in range(20) for p in range(3)]


@pytest.mark.parametrize(
    "rows",
    [
        [("c0", "p0", "2024-01-01"), ("c0", "p0", "2024-05-01"), ("c1", "p0", "2024-03-01")],
        [("c0", "p0", "2024-01-01"), ("c0", "p1", "2024-05-01")],
        [*EVERYBODY, ("c0", "p0", "2024-12-01")],
    ],
    ids=["one product", "one customer", "all own everything"],
)
def test_no_pair_gives_a_table_without_rows(rows):
    assert len(af.estimate_conversion(orders(rows))) == 0


@pytest.mark.parametrize("horizon", [0, -1, [], [30, 0]])
def test_a_horizon_of_no_days_is_an_error(horizon):
    with pytest.raises(af.AffinityError, match="horizons_days"):
        af.estimate_conversion(orders(EVERYBODY), horizon_days=horizon)


def test_as_of_beyond_the_data_follows_everybody_to_it():
    rows = [(f"c{c}", p, day) for c in range(20) for p, day in (("p0", "2024-01-05"), ("p1", "2024-01-25"))]
    rules = {"conversion": {"wash_in_days": 0}, "horizon_days": 30}
    later = af.estimate_conversion(orders(rows), as_of="2025-01-01", **rules).to_pandas()
    assert later[["eligible", "converted", "censored"]].values.tolist() == [[20, 20, 0]]
    with pytest.raises(af.AffinityError, match="no customer has been followed"):
        af.estimate_conversion(orders(rows), as_of="2024-02-01", **rules)


def test_offers_that_cannot_count_are_named():
    rows = [("c0", "p0", "2024-03-01"), ("c1", "p0", "2024-01-01"), ("c1", "p1", "2024-06-01")]
    log = pd.DataFrame(
        [("c0", "p1", "2024-02-01"), ("nobody", "p1", "2024-04-01"), ("c1", "p0", "2024-04-01"), ("c1", "p1", "2024-05-28")],
        columns=["customer_id", "product_id", "offered_at"],
    )
    table = af.measure_offers(log, orders=orders(rows), as_of="2025-01-01")
    assert table.info["excluded"] == {"unknown_customer": 1, "before_first_order": 1, "owner": 1}
    assert (table.offered[0], table.accepted[0]) == (1, 1)
    twice = pd.DataFrame(
        {"customer_id": "c1", "product_id": "p1", "offered_at": ["2024-05-25", "2024-05-28"], "campaign_id": ["a", "b"]}
    )
    credited = af.measure_offers(twice, orders=orders(rows), as_of="2025-01-01").to_pandas()
    by_campaign = credited[credited.cut == "campaign"].set_index("campaign").accepted
    assert by_campaign.to_dict() == {"a": 0, "b": 1}
