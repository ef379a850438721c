"""The sample shop: a seeded shop whose structure is known, because it was planted."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from affinity.errors import OutputError, SettingsError
from affinity.sample_shop import columns as texts
from affinity.sample_shop.catalogue import Catalogue, read_catalogue
from affinity.sample_shop.history import History, People, buy_durables_once, draw_guests, draw_history, draw_people
from affinity.sample_shop.planting import (
    OfferLog,
    add_bundles,
    add_campaigns,
    add_follow_ons,
    attach_complements,
    cut_to_file,
    prefer_one,
)
from affinity.sample_shop.truth import describe_truth

FILES = ("orders", "offers", "products", "customers")


@dataclass(frozen=True, eq=False, repr=False)
class SampleShop:
    """The files of a shop as columns of texts (object arrays of str, None an empty cell), and what is true of it.

    orders    : order_id, customer_id, product_id, ordered_at, quantity, unit_price, product_name, channel; dirty
    offers    : offer_id, customer_id, product_id, campaign_id, offered_at, channel, arm, accepted_at, cost
    products  : product_id, name, family, tier, category, price, margin, available, on_sale_from, on_sale_to
    customers : customer_id, started_at, ended_at, status, segment, region
    truth     : what was planted, with its parameters, and what was counted in the clean lines (plain JSON values)
    """

    orders: dict[str, np.ndarray]
    offers: dict[str, np.ndarray]
    products: dict[str, np.ndarray]
    customers: dict[str, np.ndarray]
    truth: dict[str, object]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(next(iter(getattr(self, name).values()))):,} {name}" for name in FILES)
        return f"SampleShop({sizes.replace('orders', 'order lines', 1)})"


def make_shop(seed: int = 7, *, customers: int = 4000, days: int = 730) -> SampleShop:
    """A shop of coffee, tea, baking, kitchen, table and outdoor goods with planted structure.

    Planted: complements in the same basket, substitutes, staples, bundles, delayed follow-on purchases, segments of
    different taste, late entry, churn, seasons, offers with a randomised control arm; and what real files bring:
    customers from before the file, guests, returns, postage, rows that cannot be read, exact duplicates.

    seed      : the same seed gives the same shop, to the byte
    customers : number of customers, at least 50
    days      : length of the file from 2023-01-01, at least 60

    >>> shop = make_shop(seed=7, customers=200, days=180)
    >>> shop.truth["follow_ons"][0]["consequent"]
    'descaling tablets'
    """
    if customers < 50 or days < 60:
        raise SettingsError(
            f"A sample shop of customers={customers}, days={days} is too small.",
            why="Nothing planted could be found in it.",
            do="Use customers >= 50 and days >= 60.",
        )
    rng = np.random.default_rng(seed)
    catalogue = read_catalogue()
    people = draw_people(rng, customers, days)
    history, log = _draw_everything(rng, catalogue, people, days)
    lines = texts.clean_lines(rng, history, catalogue, people)
    clean = texts.order_text(lines, catalogue)
    orders, added = _dirty_orders(rng, lines, clean, catalogue, days)
    last = np.full(customers, -1, dtype=np.int64)
    np.maximum.at(last, lines.customer[lines.customer >= 0], lines.day[lines.customer >= 0])
    return SampleShop(
        orders=orders,
        offers=texts.offer_text(log, catalogue, lines),
        products=texts.product_text(catalogue, days),
        customers=texts.customer_text(rng, people, last, days),
        truth={"seed": seed, "days": days} | describe_truth(lines, catalogue, people, log) | {"rows": added},
    )


def _draw_everything(rng: np.random.Generator, catalogue: Catalogue, people: People, days: int) -> tuple[History, OfferLog]:
    known = draw_history(rng, catalogue, people, days)
    guests = draw_guests(rng, catalogue, max(1, len(known.customer) // 25), days)
    history = History(
        np.concatenate([known.customer, guests.customer]),
        np.concatenate([known.day, guests.day]),
        np.concatenate([known.order, guests.order + len(known.customer)]),
        np.concatenate([known.product, guests.product]),
    )
    history = prefer_one(rng, history, catalogue, len(people))
    history = add_bundles(rng, history, catalogue, people)
    history = buy_durables_once(history, catalogue)
    history = add_follow_ons(rng, history, catalogue, people)
    history, log = add_campaigns(rng, history, catalogue, people, days)
    history = attach_complements(rng, history, catalogue)
    return cut_to_file(history, catalogue, days), log


def _dirty_orders(
    rng: np.random.Generator, lines: texts.CleanLines, clean: texts.Text, catalogue: Catalogue, days: int
) -> tuple[texts.Text, dict[str, int]]:
    back, day = texts.return_rows(rng, lines, days)
    moment = lines.day + lines.second / 86_400
    parts = [(clean, moment), (texts.return_text(clean, lines, back, day), day + lines.second[back] / 86_400)]
    counts = {"clean": len(moment), "returns": len(back)}
    for kind, rows in texts.dirty_rows(rng, clean, catalogue, len(moment) / 70_000).items():
        count = len(rows["order_id"])
        counts[kind] = count
        parts.append((rows, np.sort(rng.random(count)) * days))
    return texts.mix_rows(parts), counts


def write_shop(shop: SampleShop, folder: str | Path) -> dict[str, Path]:
    """Write orders.csv (dirty), offers.csv, products.csv, customers.csv and truth.json into ``folder``.

    The folder is made when absent; the same shop gives the same bytes. Returns name -> path ("orders", …, "truth").
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = {name: _write_csv(folder / f"{name}.csv", getattr(shop, name)) for name in FILES}
        truth = folder / "truth.json"
        truth.write_text(json.dumps(shop.truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"The sample shop cannot be written to {str(folder)!r}: {error.strerror or error}.",
            do="Name a folder that can be written.",
        ) from None
    return paths | {"truth": truth}


def _write_csv(path: Path, columns: Mapping[str, np.ndarray]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values())))
    return path
