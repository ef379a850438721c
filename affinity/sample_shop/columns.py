"""The sample shop as the columns of its files: texts, some of them as dirty as real exports are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.sample_shop import plants
from affinity.sample_shop.catalogue import Catalogue
from affinity.sample_shop.history import History, People
from affinity.sample_shop.planting import OfferLog, sale_days

FIRST_DAY = np.datetime64("2023-01-01", "D")
CHANNELS = np.array(["web", "store", "app"], dtype=object)
REGIONS = np.array(["north", "south", "east", "west"], dtype=object)
ORDER_COLUMNS = (
    "order_id", "customer_id", "product_id", "ordered_at", "quantity", "unit_price", "product_name", "channel"
)  # fmt: skip

Text = dict[str, np.ndarray]


@dataclass(frozen=True)
class CleanLines:
    """The clean order lines in time order; codes and numbers (see `clean_lines`)."""

    order: np.ndarray
    customer: np.ndarray
    product: np.ndarray
    day: np.ndarray
    second: np.ndarray
    quantity: np.ndarray
    price: np.ndarray
    channel: np.ndarray


def clean_lines(rng: np.random.Generator, history: History, catalogue: Catalogue, people: People) -> CleanLines:
    """Lines in time order with order numbers that rise in time, quantities, prices (some discounted) and channels."""
    used, line_order = np.unique(history.order, return_inverse=True)
    customer, day = history.customer[used], history.day[used]
    second = np.minimum(rng.normal(14 * 3600, 3 * 3600, len(used)).clip(7 * 3600), 22 * 3600).astype(np.int64)
    in_time = np.lexsort((customer, second, day))
    number = np.empty(len(used), dtype=np.int64)
    number[in_time] = np.arange(len(used))
    favourite = rng.integers(0, len(CHANNELS), len(people) + 1)
    channel = np.where(rng.random(len(used)) < 0.75, favourite[customer], rng.integers(0, len(CHANNELS), len(used)))
    lines = np.lexsort((history.product, number[line_order]))
    order, product = line_order[lines], history.product[lines]
    again = 1 + np.minimum(rng.poisson(0.35, len(lines)), 5)
    quantity = np.where(catalogue.durable[product], 1, again)
    discount = np.where(rng.random(len(lines)) < 0.12, 0.85, 1.0)
    price = np.round(catalogue.price[product] * discount, 2)
    return CleanLines(number[order], customer[order], product, day[order], second[order], quantity, price, channel[order])


def customer_label(code: np.ndarray) -> np.ndarray:
    """object: "C-1000" and on; None for a guest."""
    labels = np.array([f"C-{number}" for number in range(1000, 1000 + int(code.max(initial=-1)) + 1)] + [None], dtype=object)
    return labels[code]


def timestamp(day: np.ndarray, second: np.ndarray | int = 0) -> np.ndarray:
    """object: "2023-04-01 14:05:10"."""
    moment = (FIRST_DAY + day).astype("datetime64[s]") + second
    texts = [text.replace("T", " ") for text in np.datetime_as_string(moment).tolist()]
    return np.array(texts, dtype=object)


def as_text(numbers: np.ndarray, form: str) -> np.ndarray:
    """object: each number in the printf ``form``."""
    return np.array([form % number for number in numbers.tolist()], dtype=object)


def order_text(lines: CleanLines, catalogue: Catalogue) -> Text:
    """The clean lines as the columns of orders.csv."""
    ids = np.array(catalogue.ids, dtype=object)
    names = np.array([product.capitalize() for product in catalogue.ids], dtype=object)
    return {
        "order_id": as_text(lines.order + 100_000, "O-%d"),
        "customer_id": customer_label(lines.customer),
        "product_id": ids[lines.product],
        "ordered_at": timestamp(lines.day, lines.second),
        "quantity": as_text(lines.quantity, "%d"),
        "unit_price": as_text(lines.price, "%.2f"),
        "product_name": names[lines.product],
        "channel": CHANNELS[lines.channel],
    }


def return_rows(rng: np.random.Generator, lines: CleanLines, days: int, share: float = 0.015) -> tuple[np.ndarray, np.ndarray]:
    """Which lines come back in full, and on which day (only returns that the file can still show)."""
    came_back = np.flatnonzero((rng.random(len(lines.order)) < share) & (lines.customer >= 0))
    day = lines.day[came_back] + 2 + rng.integers(0, 20, len(came_back))
    shown = day < days
    return came_back[shown], day[shown]


def return_text(clean: Text, lines: CleanLines, which: np.ndarray, day: np.ndarray) -> Text:
    """Returns: the line again with a negative quantity, under an order id of its own, later."""
    rows = {name: column[which] for name, column in clean.items()}
    rows["order_id"] = as_text(np.arange(len(which)) + 900_000, "R-%d")
    rows["ordered_at"] = timestamp(day, lines.second[which])
    rows["quantity"] = as_text(-lines.quantity[which], "%d")
    return rows


def dirty_rows(rng: np.random.Generator, clean: Text, catalogue: Catalogue, scale: float) -> dict[str, Text]:
    """Rows that a loader must set aside or notice, by kind; every one is a row too many, none replaces a clean one."""

    first_of_order = np.unique(clean["order_id"], return_index=True)[1]

    def some(count: float, rows: np.ndarray | None = None) -> Text:
        among = np.arange(len(clean["order_id"])) if rows is None else rows
        picked = np.sort(rng.permutation(among)[: max(1, round(count * scale))])
        return {name: column[picked].copy() for name, column in clean.items()}

    dirty = {
        "bad_date": some(40),
        "missing_product": some(30),
        "bad_quantity": some(25),
        "unmatched_return": some(15),
        "postage": some(600, first_of_order),
        "duplicate": some(60),
    }
    wrong = np.array(["2023-02-30 10:00:00", "31/13/2023", "yesterday", ""], dtype=object)
    dirty["bad_date"]["ordered_at"] = wrong[rng.integers(0, len(wrong), len(dirty["bad_date"]["ordered_at"]))]
    dirty["missing_product"]["product_id"][:] = None
    dirty["bad_quantity"]["quantity"][:] = "two"
    stray = dirty["unmatched_return"]
    stray["order_id"] = as_text(np.arange(len(stray["order_id"])) + 990_000, "R-%d")
    stray["quantity"][:] = "-1"
    stray["customer_id"] = np.array([f"C-{9_000_000 + i}" for i in range(len(stray["order_id"]))], dtype=object)
    postage = dirty["postage"]
    postage["product_id"][:], postage["product_name"][:] = "POST", "Postage"
    postage["quantity"][:], postage["unit_price"][:] = "1", "4.90"
    return dirty


def mix_rows(parts: list[tuple[Text, np.ndarray]]) -> Text:
    """The rows of all parts, sorted by the place that each row asks for (ties: part order)."""
    place = np.concatenate([where for _, where in parts])
    order = np.argsort(place, kind="stable")
    return {name: np.concatenate([part[name] for part, _ in parts])[order] for name in ORDER_COLUMNS}


def product_text(catalogue: Catalogue, days: int) -> Text:
    """The columns of products.csv."""
    opened, closed = sale_days(catalogue, days)
    price = catalogue.price
    dates = (FIRST_DAY + np.clip(opened, 0, days), FIRST_DAY + np.clip(closed, 0, days))
    start, stop = (np.datetime_as_string(date).astype(object) for date in dates)
    start[opened < 0], stop[closed > days] = None, None
    return {
        "product_id": np.array(catalogue.ids, dtype=object),
        "name": np.array([product.capitalize() for product in catalogue.ids], dtype=object),
        "family": np.array(catalogue.family, dtype=object),
        "tier": np.array([tier or None for tier in catalogue.tier], dtype=object),
        "category": np.array(catalogue.categories, dtype=object)[catalogue.category_code],
        "price": as_text(price, "%.2f"),
        "margin": as_text(np.round(price * catalogue.margin_share, 2), "%.2f"),
        "available": np.where(closed > days, "true", "false").astype(object),
        "on_sale_from": start,
        "on_sale_to": stop,
    }


def customer_text(rng: np.random.Generator, people: People, last_day: np.ndarray, days: int) -> Text:
    """The columns of customers.csv: start, and the end of the few who closed their account."""
    ended = np.maximum(people.end, last_day + 1)
    closed = (ended < days) & (rng.random(len(people)) < 0.25)
    end = np.datetime_as_string(FIRST_DAY + np.minimum(ended, days)).astype(object)
    end[~closed] = None
    names = np.array([segment.name for segment in plants.SEGMENTS], dtype=object)
    return {
        "customer_id": customer_label(np.arange(len(people))),
        "started_at": np.datetime_as_string(FIRST_DAY + people.start).astype(object),
        "ended_at": end,
        "status": np.where(closed, "closed", "active").astype(object),
        "segment": names[people.segment],
        "region": REGIONS[rng.integers(0, len(REGIONS), len(people))],
    }


def offer_text(log: OfferLog, catalogue: Catalogue, lines: CleanLines) -> Text:
    """The columns of offers.csv; a treated customer accepted with the first purchase within the offer window."""
    products = np.array([catalogue.code(plan.product) for plan in plants.CAMPAIGNS], dtype=np.int64)
    product = products[log.campaign]
    accepted = np.full(len(product), None, dtype=object)
    when = timestamp(lines.day, lines.second)
    for code in np.unique(product):
        bought = np.flatnonzero((lines.product == code) & (lines.customer >= 0))
        for row in np.flatnonzero((product == code) & log.treated):
            after = lines.day[bought] - log.day[row]
            hits = bought[(lines.customer[bought] == log.customer[row]) & (after > 0) & (after <= plants.OFFER_WINDOW_DAYS)]
            if len(hits):
                accepted[row] = when[hits[0]]
    names = np.array([plan.name for plan in plants.CAMPAIGNS], dtype=object)
    return {
        "offer_id": as_text(np.arange(len(product)) + 1, "OF-%05d"),
        "customer_id": customer_label(log.customer),
        "product_id": np.array(catalogue.ids, dtype=object)[product],
        "campaign_id": names[log.campaign],
        "offered_at": timestamp(log.day, 9 * 3600),
        "channel": np.full(len(product), "email", dtype=object),
        "arm": np.where(log.treated, "treated", "control").astype(object),
        "accepted_at": accepted,
        "cost": np.where(log.treated, f"{plants.OFFER_COST:.2f}", "0.00").astype(object),
    }
