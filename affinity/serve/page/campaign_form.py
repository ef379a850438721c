"""The form of a campaign: what was typed, what is wrong with it, and the settings that it asks for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from starlette.datastructures import QueryParams

from affinity.errors import SettingsError
from affinity.serve.page.desk import Desk
from affinity.settings import CampaignSettings, make_section

#: Products that may be named, values of the audience, characters of a text.
MOST_PRODUCTS, MOST_VALUES, MOST_TEXT = 50, 200, 80
#: The largest number that a field takes.
LARGEST = 1e9

#: What stands in the fields at first.
FIRST = {
    "name": "campaign", "how": "choose", "n_products": "5", "limit": "size", "size": "1000", "budget": "", "cost": "0",
    "capacity": "", "min_fit": "", "holdout": "10", "strata": "", "maximise": "fit", "salt": "", "rise": "20", "find": "",
}  # fmt: skip

OBJECTIVES = {"fit": "most buyers", "value": "most revenue (price)", "margin": "most margin"}


@dataclass
class Form:
    """What was asked, as text, and what came of it.

    typed : field -> text; products, categories, where : what was ticked; errors : field -> what is wrong
    """

    typed: dict[str, str]
    products: list[str]
    categories: list[str]
    where: list[str]
    errors: dict[str, str] = field(default_factory=dict)
    settings: CampaignSettings | None = None
    rise: float = 0.2

    @property
    def chosen_columns(self) -> set[str]:
        """The segment columns of which a value is ticked."""
        return {condition.partition("=")[0] for condition in self.where}

    def key(self, release: str) -> str:
        """The id of the plan: a hash of the release and of the settings."""
        assert self.settings is not None
        text = json.dumps([release, self.settings.model_dump(mode="json", exclude_unset=True)], sort_keys=True)
        return blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Known:
    """What the release has to choose from. segments : column -> its values; products : ids by category (None: without)"""

    horizon_days: int | None
    products: Mapping[str, str | None]
    segments: Mapping[str, Sequence[str]]
    priced: bool
    with_margins: bool

    @property
    def categories(self) -> list[str]:
        """The categories, in order."""
        return sorted({category for category in self.products.values() if category})


def read_form(query: QueryParams, known: Known) -> Form:
    """The form as it was sent; every field that cannot be used has a sentence in ``errors``."""
    typed = {name: query.get(name, first)[:1000].strip() for name, first in FIRST.items()}
    form = Form(typed, _distinct(query, "product"), _distinct(query, "category"), _distinct(query, "where"))
    asked = _Reader(form, known)
    horizon = query.get("horizon_days")
    if horizon is not None and horizon != str(known.horizon_days or ""):
        form.errors["horizon_days"] = (
            f"This release counts {known.horizon_days} days; {_short(horizon)} days need a release made with that horizon."
        )
    values = asked.products() | asked.audience() | asked.limits()
    values |= {"name": asked.text("name") or "campaign", "salt": asked.text("salt") or None}
    values["holdout"] = asked.number("holdout", 0, 99, scale=0.01)
    form.rise = asked.number("rise", 1, 1000, scale=0.01) or 0.2
    if not form.errors:
        try:
            form.settings = make_section(CampaignSettings, **{name: v for name, v in values.items() if v not in (None, (), {})})
        except SettingsError as error:
            form.errors["form"] = str(error)
    return form


class _Reader:
    """Reads fields; what is wrong goes into the form's errors."""

    def __init__(self, form: Form, known: Known) -> None:
        self._form, self._known = form, known

    def products(self) -> dict[str, Any]:
        """The products named, or how many to choose among which."""
        form, known = self._form, self._known
        for label in form.products:
            if label not in known.products:
                form.errors["product"] = f"There is no product {_short(label)} in this release."
        for label in form.categories:
            if label not in known.categories:
                form.errors["category"] = f"There is no category {_short(label)} in this release."
        if self._choice("how", ("choose", "named")) == "named":
            if not form.products:
                form.errors["product"] = "Tick at least one product, or let the engine choose."
            elif len(form.products) > MOST_PRODUCTS:
                form.errors["product"] = f"{len(form.products)} products are too many: at most {MOST_PRODUCTS}."
            return {"offer_products": tuple(sorted(form.products))}
        wanted = set(form.categories)
        pool = tuple(sorted(label for label, category in known.products.items() if category in wanted))
        return {"n_products": self._whole("n_products", 1, MOST_PRODUCTS), "offer_products": pool if wanted else ()}

    def audience(self) -> dict[str, Any]:
        """Segments, least fit, the column that balances the holdout."""
        form, known = self._form, self._known
        where: dict[str, tuple[str, ...]] = {}
        for condition in form.where:
            column, equals, value = condition.partition("=")
            if not equals or value not in known.segments.get(column, ()):
                form.errors["where"] = f"Nobody in this release has {_short(condition)}."
            else:
                where[column] = (*where.get(column, ()), value)
        strata = form.typed["strata"]
        if strata and strata not in known.segments:
            form.errors["strata"] = f"There is no segment column {_short(strata)}."
        return {"where": where, "min_fit": self.number("min_fit", 0, 100, scale=0.01), "strata": strata or None}

    def limits(self) -> dict[str, Any]:
        """Size or budget, cost, capacity and what to maximise."""
        limit = self._choice("limit", ("size", "budget"))
        aim = self._choice("maximise", tuple(OBJECTIVES))
        if (aim == "value" and not self._known.priced) or (aim == "margin" and not self._known.with_margins):
            self._form.errors["maximise"] = f"The products of this release have no {'prices' if aim == 'value' else 'margins'}."
        found = {
            "cost": self.number("cost", 0, LARGEST), "capacity": self._whole("capacity", 0, LARGEST), "maximise": aim,
            limit: self._whole("size", 1, LARGEST) if limit == "size" else self.number("budget", 0, LARGEST),
        }  # fmt: skip
        if found[limit] is None and limit not in self._form.errors:
            self._form.errors[limit] = "Say how many offers." if limit == "size" else "Say how much money there is."
        if limit == "budget" and found["budget"] is not None and not found["cost"] and "cost" not in self._form.errors:
            self._form.errors["cost"] = "A budget needs the cost of an offer; an offer that costs nothing has no limit."
        return found

    def number(self, name: str, low: float, high: float, *, scale: float = 1.0) -> float | None:
        """The number of a field times ``scale``; None where it is empty or wrong."""
        text = self._form.typed[name].replace(",", "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            what = "is no number" if math.isnan(value) else "is out of range"
            self._form.errors[name] = f"{_short(self._form.typed[name])} {what}: give {low:,g} to {high:,.0f}."
            return None
        return value * scale

    def _whole(self, name: str, low: float, high: float) -> int | None:
        value = self.number(name, low, high)
        if value is not None and value != int(value):
            self._form.errors[name] = f"{_short(self._form.typed[name])} is no whole number."
            return None
        return None if value is None else int(value)

    def text(self, name: str) -> str:
        """A short text without control characters."""
        text = self._form.typed[name]
        if len(text) > MOST_TEXT or not text.isprintable():
            self._form.errors[name] = f"At most {MOST_TEXT} characters, on one line."
        return text

    def _choice(self, name: str, known: tuple[str, ...]) -> str:
        if self._form.typed[name] not in known:
            self._form.errors[name] = f"{_short(self._form.typed[name])} is none of {', '.join(known)}."
            self._form.typed[name] = known[0]
        return self._form.typed[name]


def read_known(desk: Desk) -> Known:
    """What the release has to choose from; worked out once a release."""
    known: Known = desk.once("campaign choices", lambda: _read_known(desk))
    return known


def _read_known(desk: Desk) -> Known:
    rows = desk.ask("SELECT product_id, category, price, margin FROM products")
    model = desk.shelf.packed.facts.get("model") if desk.shelf.packed is not None else None
    segments: dict[str, list[str]] = {}
    if desk.shelf.packed is not None:
        names = desk.shelf.packed.facts.get("customer_keys", {}).get("segments", [])
        segments = {name: desk.shelf.arrays.texts(f"customer_segments.{i}.label") for i, name in enumerate(names)}
    return Known(
        horizon_days=None if model is None else model["horizon_days"] if model["clock"] == "day" else None,
        products={row["product_id"]: row["category"] for row in rows},
        segments=dict(sorted((name, values) for name, values in segments.items() if 1 < len(values) <= MOST_VALUES)),
        priced=any(row["price"] is not None for row in rows),
        with_margins=any(row["margin"] is not None for row in rows),
    )


def _distinct(query: QueryParams, name: str) -> list[str]:
    return list(dict.fromkeys(value for value in query.getlist(name) if value))


def _short(text: str) -> str:
    """``text`` in quotation marks, cut."""
    return f"“{text if len(text) <= 60 else text[:59] + '…'}”"
