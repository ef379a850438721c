"""What a widget asks: checked once, whether it came as a query or as a body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from affinity.contexts import Context

#: Longest lists that are read.
MOST_ITEMS, MOST_PRODUCTS, MOST_EXCLUDED, MOST_CATEGORIES = 100, 100, 1000, 50

#: An id is text without control characters.
Id = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Part(BaseModel):
    """A part of a question; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Filters(Part):
    """Which products may be shown. A product whose category or price is unknown passes no filter on it."""

    category: Annotated[tuple[Id, ...], Field(max_length=MOST_CATEGORIES)] = Field((), description="Any of these.")
    price_min: Price | None = None
    price_max: Price | None = None
    available: bool | None = Field(None, description="True: only what is on sale; false: only what is not.")

    @property
    def asked(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.category) or not (self.price_min is self.price_max is self.available is None)


class Question(Part):
    """What to show, where, to whom."""

    context: Context = "customer"
    product_ids: Annotated[tuple[Id, ...], Field(max_length=MOST_PRODUCTS)] = Field(
        (), description="Products of the context: beside which, in the cart, or just bought."
    )
    customer_id: Id | None = Field(None, description="Nobody: a guest.")
    limit: int = Field(10, ge=1, le=MOST_ITEMS, description="Items at most; fewer are legal.")
    exclude_ids: Annotated[tuple[Id, ...], Field(max_length=MOST_EXCLUDED)] = Field((), description="Never shown.")
    filters: Filters = Filters()
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


def read_query(pairs: Iterable[tuple[str, str]]) -> Question:
    """The question of a query string; ValidationError for a parameter that is unknown, repeated or out of range."""
    asked: dict[str, object] = {}
    filters: dict[str, object] = {}
    for name, value in pairs:
        target = filters if name in FILTERS else asked
        if name in LISTS:
            target[name] = (*target.get(name, ()), *(part for part in value.split(",") if part))  # type: ignore[misc]
        else:
            target[name] = [target[name], value] if name in target else value  # a repeated one is no text: refused
    return Question.model_validate(asked | ({"filters": filters} if filters else {}), strict=False)


EventType = Literal["impression", "click", "purchase"]


class Event(Part):
    """What happened in a shop. ``event_id`` is the sender's; the same id again changes nothing."""

    event_id: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:-]+$")]
    type: EventType
    request_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}-[tc]-[0-9a-f]{16}$")] | None = Field(
        None, description="Of the answer that showed the product."
    )
    product_id: Id | None = Field(None, description="Needed for a click and a purchase.")
    customer_id: Id | None = None
    placement: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_.:-]*$")] = ""
    rank: int | None = Field(None, ge=1, le=MOST_ITEMS)
    occurred_at: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")] | None = Field(
        None, description="UTC, e.g. 2026-11-23T12:00:00Z. Default: when it is received."
    )
    order_id: Id | None = None
    quantity: float | None = Field(None, gt=0, le=1e9, allow_inf_nan=False)
    amount: float | None = Field(None, ge=0, le=1e12, allow_inf_nan=False)

    @model_validator(mode="after")
    def _needs_product(self) -> Event:
        if self.type != "impression" and self.product_id is None:
            raise ValueError(f"a {self.type} needs product_id")
        return self


class Events(Part):
    """Events of one request."""

    events: Annotated[tuple[Event, ...], Field(min_length=1, max_length=500)]
