"""What a widget asks: checked once, whether it came as a query or as a body."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from affinity.contexts import Context

#: Longest lists that are read.
MOST_ITEMS, MOST_PRODUCTS, MOST_EXCLUDED, MOST_CATEGORIES = 100, 100, 1000, 50

#: An id is text without control characters.
Id = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _integral(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


#: A whole number, also one that is written 3.0 (which JSON holds to be the same).
Whole = Annotated[int, BeforeValidator(_integral)]


class Part(BaseModel):
    """A part of a question; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Filters(Part):
    """Which products may be shown. A product whose category or price is unknown passes no filter on it."""

    category: Annotated[tuple[Id, ...], Field(max_length=MOST_CATEGORIES)] = Field((), description="Any of these.")
    price_min: Price | None = Field(None, description="Price at least, in the currency of the product file.")
    price_max: Price | None = Field(None, description="Price at most, in the same currency.")
    available: bool | None = Field(None, description="True: only what is on sale; false: only what is not.")

    @property
    def asked(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.category) or not (self.price_min is self.price_max is self.available is None)


_NEEDS_PRODUCTS: dict[str, Any] = {
    "anyOf": [
        {"properties": {"context": {"enum": ["customer", "cart"]}}},
        {"required": ["product_ids"], "properties": {"product_ids": {"minItems": 1}}},
    ]
}


class Question(Part):
    """What to show, where, to whom."""

    model_config = ConfigDict(json_schema_extra=_NEEDS_PRODUCTS)

    context: Context = Field(
        "customer", description="Where it is shown: to a customer, beside a product, in a cart, or after an order."
    )
    product_ids: Annotated[tuple[Id, ...], Field(max_length=MOST_PRODUCTS)] = Field(
        (), description="Products of the context: beside which, in the cart, or just bought."
    )
    customer_id: Id | None = Field(None, description="Nobody: a guest.")
    limit: Whole = Field(10, ge=1, le=MOST_ITEMS, description="Items at most; fewer are legal.")
    exclude_ids: Annotated[tuple[Id, ...], Field(max_length=MOST_EXCLUDED)] = Field((), description="Never shown.")
    filters: Filters = Field(Filters(), description="Which products may be shown.")
    min_score: float | None = Field(None, allow_inf_nan=False, description="Items with less, or without a score, are left out.")
    placement: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_.:-]*$")] = Field(
        "", description="Where on the page, for measurement."
    )
    release: Annotated[str, StringConstraints(pattern="^[0-9a-f]{12}$")] | None = Field(
        None, description="Answer only from this release (404 when another is current)."
    )

    @model_validator(mode="after")
    def _needs_products(self) -> Question:
        if self.context in ("product", "order_confirmation") and not self.product_ids:
            raise ValueError(f"context {self.context} needs product_ids")
        return self


#: Query parameters that are lists: repeated, or one with commas between (an id with a comma must be sent in a body).
LISTS = {"product_ids", "exclude_ids", "category"}
FILTERS = set(Filters.model_fields)


#: A number as JSON writes it.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def _whole(text: str) -> Any:
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text, re.ASCII) else text


def _number(text: str) -> Any:
    return float(text) if _NUMBER.fullmatch(text) else text


def _truth(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


_READ: dict[str, Callable[[str], Any]] = {
    "limit": _whole, "min_score": _number, "price_min": _number, "price_max": _number, "available": _truth,
}  # fmt: skip


def split_query(query: bytes) -> Iterable[tuple[str, str]]:
    """(name, value) of every parameter, in order."""
    if b"%" in query or b"+" in query:
        return parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    parts = [part.partition("=") for part in query.decode("latin-1").split("&") if part]
    return [(name, value) for name, _, value in parts]


def read_query(pairs: Iterable[tuple[str, str]]) -> Question:
    """The question of a query string; ValidationError for a parameter that is unknown, repeated or out of range."""
    asked: dict[str, Any] = {}
    filters: dict[str, Any] = {}
    for name, value in pairs:
        target = filters if name in FILTERS else asked
        if name in LISTS:
            target[name] = (*target.get(name, ()), *(part for part in value.split(",") if part))
        elif name in target:
            target[name] = [value]  # a repeated one is no text: refused
        else:
            target[name] = _READ[name](value) if name in _READ else value
    return Question.model_validate(asked | ({"filters": filters} if filters else {}), strict=True)


def read_body(body: bytes) -> Question:
    """The question of a JSON body; ValidationError also for a value of another type that could be turned into the right one."""
    return Question.model_validate_json(body, strict=True)


#: A time in UTC; that its day exists (30 February) is looked at when it is received.
_TIME = (
    r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$"
)

EventType = Literal["impression", "click", "purchase"]


_NEEDS_PRODUCT: dict[str, Any] = {
    "anyOf": [
        {"properties": {"type": {"const": "impression"}}},
        {"required": ["product_id"], "properties": {"product_id": {"type": "string"}}},
    ]
}


class Event(Part):
    """What happened in a shop. ``event_id`` is the sender's; the same id again changes nothing."""

    model_config = ConfigDict(json_schema_extra=_NEEDS_PRODUCT)

    event_id: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:-]+$")] = Field(
        description="The sender's own id; sent again, it changes nothing."
    )
    type: EventType = Field(description="impression: items came into view; click; purchase.")
    request_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}-[tc]-[0-9a-f]{16}$")] | None = Field(
        None, description="Of the answer that showed the product."
    )
    product_id: Id | None = Field(None, description="Needed for a click and a purchase.")
    customer_id: Id | None = Field(None, description="Whom it concerns; without it, it is no offer to anybody.")
    placement: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_.:-]*$")] = Field(
        "", description="Where on the page; becomes the campaign of an exported offer."
    )
    rank: Annotated[int, Field(ge=1, le=MOST_ITEMS), BeforeValidator(_integral)] | None = Field(
        None, description="Place of the product in the answer, from 1."
    )
    occurred_at: Annotated[str, StringConstraints(pattern=_TIME)] | None = Field(
        None, description="UTC, e.g. 2026-11-23T12:00:00Z. Default: when it is received."
    )
    order_id: Id | None = Field(None, description="Of a purchase: the order.")
    quantity: float | None = Field(None, gt=0, le=1e9, allow_inf_nan=False, description="Of a purchase: units.")
    amount: float | None = Field(None, ge=0, le=1e12, allow_inf_nan=False, description="Of a purchase: money paid for it.")

    @model_validator(mode="after")
    def _needs_product(self) -> Event:
        if self.type != "impression" and self.product_id is None:
            raise ValueError(f"a {self.type} needs product_id")
        return self


class Events(Part):
    """Events of one request."""

    events: Annotated[tuple[Event, ...], Field(min_length=1, max_length=500)] = Field(
        description="In the order in which they happened; all are on disk when the answer comes."
    )
