"""Releases of a generated shop for the serving benchmark: 1,000,000 customers × 20,000 products, seeded.

The shop's tables are drawn, then packed by `affinity.packing.pack_shop` and written by the writer of serving arrays that
publishes every release. Releases of one folder share the shop and differ in what they recommend.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from affinity.contexts import Facts, Shop
from affinity.eligibility import judge_eligibility
from affinity.frames import LabelColumn
from affinity.history import History
from affinity.packing import pack_shop
from affinity.release.checksum import release_id
from affinity.release.parquet import write_hashed
from affinity.release.served import serving_files
from affinity.release.verify import manifest_checksum
from affinity.settings import Settings
from affinity.tables import Calibration, Customers, FitModel, Holdings, Landmark, OrderLines, PairGraph, Products
from affinity.tables.transitions import WEIGHT_UNIT, SquareCounts, Transitions
from affinity.vocabulary import Vocabulary

#: Recommendations a customer, products owned, companions of a product, edges of the model a product.
TOP, OWNED, COMPANIONS, EDGES = 10, 8, 100, 200
AS_OF_DAY = 20_000

BLEND = {
    "buyers": 0.9, "buyers_by_history": -0.3, "closed_form": 1.3, "cosine": 0.4, "first_purchases": 0.1, "recent_lines": 0.1,
    "segment": 0.0,
}  # fmt: skip
CUSTOMER_TERMS = {
    "mean_score": -1.0, "orders": 0.3, "products": 0.3, "recency": -0.1, "recent_orders": 0.6, "spread_of_score": 0.4,
    "tenure": -0.3,
}  # fmt: skip


def make_releases(folder: Path, customers: int, products: int, count: int = 2) -> list[str]:
    """Write ``count`` releases that differ into ``folder`` (those that are there already are kept); their ids."""
    named = [
        {"inputs": {"made": f"{turn} {customers} {products}"}, "settings": {}, "as_of": "2024-10-04", "version": "0"}
        for turn in range(count)
    ]
    homes = [folder / "releases" / release_id(identity) for identity in named]
    missing = [turn for turn, home in enumerate(homes) if not (home / "manifest.json").is_file()]
    if missing:
        shop = make_shop(customers, products)
        packed = pack_shop(shop)
        for turn in missing:
            _write(homes[turn], named[turn], packed, *make_tables(shop, turn))
    return [home.name for home in homes]


def _write(home: Path, identity: dict[str, Any], packed: dict[str, Any], recommendations: Any, bought: Any) -> None:
    ids = packed["shop_product"]
    named = {"product_id": ids, "name": [f"Product {label[1:]}" for label in ids]}
    listed = {name: np.array(texts, dtype=object) for name, texts in named.items()}
    (home / "serving").mkdir(parents=True)
    files = {
        f"serving/{name}": write_hashed(home / "serving" / name, write)
        for name, write in serving_files(recommendations=recommendations, also_bought=bought, products=listed, shop=packed)
    }
    manifest: dict[str, Any] = {"format": "affinity-release-1", "release": home.name, "as_of": identity["as_of"]}
    manifest |= {"identity": identity, "rows": {"recommendations": len(recommendations["rank"])}, "files": files}
    manifest["checksum"] = manifest_checksum(manifest)
    (home / "manifest.json").write_text(json.dumps(manifest))


def _table(columns: dict[str, Any]) -> dict[str, Any]:
    """Columns as a table has them; a pair (codes, labels) is a column of texts, code −1 none."""
    return {
        name: LabelColumn(column[0], np.array(column[1], dtype=object)) if isinstance(column, tuple) else column
        for name, column in columns.items()
    }


def make_tables(shop: Shop, seed: int) -> tuple[Any, Any]:
    """(recommendations, also_bought) as a release publishes them, drawn; every tenth row only fills up."""
    random = np.random.default_rng([seed, 1])
    products, customers = shop.graph.products.labels.tolist(), shop.past.holdings.customers.labels.tolist()
    n, graph = len(customers) * TOP, shop.graph
    fallback = random.random(n) < 0.1
    owned = shop.past.holdings.product[random.integers(0, len(shop.past.holdings.product), n)]
    said = [
        f"Owns Product {i % len(products)} (bought {i % 365} days ago): bought together: basket lift 2.1 [1.8, 2.5], {i} orders"
        for i in range(100_000)
    ]
    code = np.where(fallback, 2, random.integers(0, 2, n)).astype(np.int32)
    recommendations = _table(
        {
            "customer_id": (np.repeat(np.arange(len(customers), dtype=np.int32), TOP), customers),
            "rank": np.tile(np.arange(1, TOP + 1, dtype=np.int32), len(customers)),
            "product_id": (graph.consequent[random.integers(0, len(graph.consequent), n)], products),
            "fit": -np.sort(-random.random((len(customers), TOP)), axis=1).ravel(),
            "because": (np.where(fallback, -1, owned).astype(np.int32), products),
            "kind": (random.integers(0, 2, n, dtype=np.int32), ["cross_sell", "upsell"]),
            "reason": (random.integers(0, len(said), n, dtype=np.int32), said),
            "reason_code": (code, ["converts_from", "bought_together", "popular"]),
            "is_fallback": fallback,
        }
    )
    rows = (graph.indptr[:-1, None] + np.arange(TOP)).ravel()
    by = np.repeat(np.arange(len(products), dtype=np.int32), TOP)
    bought = _table(
        {
            "product_id": (by, products),
            "rank": np.tile(np.arange(1, TOP + 1, dtype=np.int32), len(products)),
            "recommended_id": (graph.consequent[rows], products),
            "score": -np.sort(-random.random((len(products), TOP)), axis=1).ravel(),
            "kind": (np.zeros(len(by), dtype=np.int32), ["cross_sell"]),
        }
    )
    return recommendations, bought


def make_shop(customers: int, products: int, seed: int = 0) -> Shop:
    """A shop whose figures are drawn: who owns what, which products go together, and a fit model with its counts."""
    random = np.random.default_rng([seed, 0])
    goods = Vocabulary("product", [f"p{i:05d}" for i in range(products)])
    people = Vocabulary("customer", [f"c{i:07d}" for i in range(customers)])
    holdings = _draw_holdings(random, people, goods)
    bare = Products.bare(goods)
    listed = Products(
        goods, np.array([f"Product {i}" for i in range(products)], dtype=object), bare.family, bare.tier,
        np.array([f"Category {i % 40}" for i in range(products)], dtype=object), random.integers(1, 100, products) + 0.99,
        bare.margin, bare.available, bare.on_sale_from, bare.on_sale_to, bare.lasting_days, bare.requires_indptr, bare.requires,
    )  # fmt: skip
    settings, known = Settings(), Customers.bare(people)
    none = np.empty(0, dtype=np.int32)
    lines = OrderLines(
        none, none, none, np.empty(0), np.empty(0), np.empty(0, np.int64), Vocabulary("order", []), people, goods,
        as_of_day=AS_OF_DAY,
    )  # fmt: skip
    judged = judge_eligibility(holdings, products=listed, customers=known, rules=settings.eligibility, as_of_day=AS_OF_DAY)
    past = History(lines, lines, None, holdings, (none, none))
    facts = Facts(listed, known, None)
    learnt = _draw_model(random, holdings)
    return Shop(past, facts, settings, _draw_graph(random, holdings), None, judged, learnt)


def _draw_holdings(random: np.random.Generator, people: Vocabulary, goods: Vocabulary) -> Holdings:
    n, m = len(people), len(goods)
    drawn = np.sort((m * random.random((n, OWNED)) ** 3).astype(np.int32), axis=1)  # the first products are popular
    new = np.ones(drawn.shape, dtype=bool)
    new[:, 1:] = drawn[:, 1:] != drawn[:, :-1]
    product = drawn[new]
    last = random.integers(AS_OF_DAY - 365, AS_OF_DAY, len(product), dtype=np.int32)
    indptr = np.concatenate([[0], np.cumsum(new.sum(axis=1))]).astype(np.int64)
    end = np.full(n, AS_OF_DAY, dtype=np.int32)
    return Holdings(indptr, product, last - 30, last, np.ones(len(product), np.int32), end, people, goods)


def _draw_rows(random: np.random.Generator, products: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(int64 bounds, int32 columns rising within a row) of up to ``size`` distinct others of each product."""
    size = min(size, products - 1)
    drawn = np.sort((products * random.random((products, 2 * size)) ** 2).astype(np.int32), axis=1)
    keep = np.ones(drawn.shape, dtype=bool)
    keep[:, 1:] = drawn[:, 1:] != drawn[:, :-1]
    keep &= drawn != np.arange(products, dtype=np.int32)[:, None]
    keep &= np.cumsum(keep, axis=1) <= size
    return np.concatenate([[0], np.cumsum(keep.sum(axis=1))]).astype(np.int64), drawn[keep]


def _draw_graph(random: np.random.Generator, holdings: Holdings) -> PairGraph:
    m = len(holdings.products)
    indptr, consequent = _draw_rows(random, m, COMPANIONS)
    n = len(consequent)
    count, lift = random.integers(1, 200, n), random.lognormal(0.7, 0.5, n)
    buyers = np.bincount(holdings.product, minlength=m)
    return PairGraph(
        indptr, consequent, count, count, np.maximum(buyers, 200), len(holdings.customers) * 3, *(lift,) * 6,
        lift_eb=lift, lift_eb_lower=0.8 * lift, lift_eb_upper=1.2 * lift, owner_lift_eb=lift, q_value=lift,
        community=np.full(m, -1, np.int32), products=holdings.products,
    )  # fmt: skip


def _draw_model(random: np.random.Generator, holdings: Holdings) -> tuple[FitModel, Landmark]:
    goods = holdings.products
    m = len(goods)
    indptr, consequent = _draw_rows(random, m, EDGES)
    like, alike = _draw_rows(random, m, EDGES)
    nothing = np.empty(0)
    model = FitModel(
        indptr, consequent, random.normal(0.0, 0.1, len(consequent)), goods, "day", 120.0, BLEND, 1.1, CUSTOMER_TERMS, -2.7,
        Calibration(nothing, nothing, np.empty(0, np.int64), 1.0, 0.0, None), 90, {}, like, alike, random.random(len(alike)),
    )  # fmt: skip
    none = SquareCounts(np.zeros(m + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))
    buyers = np.bincount(holdings.product, minlength=m).astype(np.int64)
    counts = Transitions(
        none, none, none, buyers * WEIGHT_UNIT // 2, buyers * WEIGHT_UNIT // 3, buyers, goods, "day", 120.0, 45.0, 60.0
    )
    return model, Landmark(None, holdings, None, counts)
