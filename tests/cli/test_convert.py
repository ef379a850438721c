"""`affinity convert`: pairs, segments and offers from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.test_verbs import call


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("convert")
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
        for c in range(200)
        for k, (p, day) in enumerate(zip(rng.permutation(6)[:4], np.sort(rng.integers(0, 500, 4))))
    ]
    names = ["order_id", "customer_id", "product_id", "ordered_at", "quantity", "unit_price", "country"]
    frames = {
        "orders": pd.DataFrame(rows, columns=names),
        "offers": pd.DataFrame(
            {
                "customer_id": ["c0", "c1", "c2"],
                "product_id": ["p0", "p1", "new"],
                "offered_at": "2024-11-01",
                "campaign_id": "x",
            }
        ),
        "products": pd.DataFrame({"product_id": ["p0", "p1", "new"], "category": ["tea", "tea", "tools"], "family": "a"}),
    }
    paths = {name: folder / f"{name}.csv" for name in frames}
    for name, frame in frames.items():
        frame.to_csv(paths[name], index=False)
    return paths


def test_pairs_at_two_horizons_with_their_kind(shop: dict[str, Path]) -> None:
    done = call(
        "convert", shop["orders"], "--products", shop["products"], "--horizon-days", "30", "--horizon-days", "90", "--json"
    )
    assert done.code == 0, done.err
    rows = pd.DataFrame(json.loads(done.out))
    assert set(rows.horizon_days) == {30, 90}
    assert set(rows.kind) == {"cross_sell", "upsell"}
    assert "crude" in call("convert", shop["orders"]).out.lower()


def test_segments_and_offers(shop: dict[str, Path]) -> None:
    done = call("convert", shop["orders"], "--by", "country", "--json")
    assert done.code == 0, done.err
    assert {"UK", "FR"} == {row["segment"] for row in json.loads(done.out)}
    offers = ["--offers", shop["offers"], "--products", shop["products"], "--by", "country"]
    done = call("convert", shop["orders"], *offers, "--show", "offers")
    assert done.code == 0, done.err
    assert "campaign × category × segment" in done.out
    assert "targeted, not randomised" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--show", "offers"], "--offers"),
        (["--show", "segments"], "--by"),
        (["--by", "contry"], "Did you mean 'country'?"),
        (["--churn", "net"], "ended_at"),
        (["--horizon-days", "0"], "horizons_days"),
        (["--horizon-days", "5000"], "HorizonUnobserved"),
    ],
)
def test_what_cannot_be_answered_says_what_is_needed(shop: dict[str, Path], arguments: list[str], words: str) -> None:
    failed = call("convert", shop["orders"], *arguments)
    assert failed.code == 1
    assert words in failed.err
