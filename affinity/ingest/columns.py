"""Which column is which: the user's mapping first, then a known format, then the usual names; never a guess."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from affinity.errors import InputError, UnknownColumns, did_you_mean
from affinity.ingest.detection import known_headers, listed, near_formats, normalise
from affinity.ingest.format_spec import FormatSpec
from affinity.ingest.staging import Column

Aliases = Mapping[str, tuple[str, ...]]

#: Canonical name of an order column -> what it is usually called, the surest name first.
ORDER_ALIASES: Aliases = {
    "order_id": (
        "order_id", "invoice_no", "invoice_id", "invoice_number", "invoice", "basket_id", "transaction_id", "receipt_id",
        "receipt_no", "ticket_id", "bill_no", "order_number", "order_no", "order", "transaction", "basket", "receipt", "tid",
    ),
    "customer_id": (
        "customer_id", "customer_unique_id", "user_id", "member_id", "member_number", "household_id", "household_key",
        "client_id", "account_id", "buyer_id", "shopper_id", "card_id", "customer_no", "customer_number", "customer", "user",
    ),
    "product_id": (
        "product_id", "stock_code", "item_id", "sku", "article_id", "product_code", "item_code", "article", "product", "item",
        "product_name", "item_description", "item_name",
    ),
    "ordered_at": (
        "ordered_at", "order_date", "invoice_date", "order_timestamp", "order_purchase_timestamp", "transaction_timestamp",
        "transaction_date", "purchase_date", "purchased_at", "order_time", "created_at", "timestamp", "datetime", "date",
    ),
    "order_seq": ("order_seq", "order_sequence"),
    "quantity": ("quantity", "qty", "unit_quantity", "units"),
    "unit_price": ("unit_price", "price", "item_price", "selling_price"),
    "net_amount": (
        "net_amount", "sales_value", "unit_spend", "line_total", "row_total", "line_amount", "net_sales", "total_price",
    ),
    "product_name": ("product_name", "description", "product_description", "item_description", "item_name", "product_title"),
    "currency": ("currency", "currency_code"),
    "line_id": ("line_id", "order_line_id", "line_item_id", "event_id"),
    "return_mark": ("return_mark", "is_return", "returned", "is_refund", "return_flag"),
    "set_aside": (),
    "set_aside_detail": (),
}  # fmt: skip

#: Why the importer of a known export sets a row aside, and the offending value: never looked for in a source.
REASON_COLUMNS = ("set_aside", "set_aside_detail")


@dataclass(frozen=True)
class Recognised:
    """The outcome: canonical name -> position of the source column; ``rest`` are the positions not used."""

    format: str
    position: Mapping[str, int]
    rest: tuple[int, ...]
    spec: FormatSpec | None = None
    user_named: frozenset[str] = field(default_factory=frozenset)

    def has(self, name: str) -> bool:
        """Whether the source has this column."""
        return name in self.position

    def names(self, columns: Sequence[Column]) -> dict[str, str]:
        """canonical name -> name in the source, for the report."""
        return {canonical: columns[at].name for canonical, at in self.position.items() if canonical not in REASON_COLUMNS}


def attribute_name(name: str) -> str:
    """A header as the name of an attribute: lower case, words joined by underscores."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return "_".join(words)


@cache
def known_names() -> frozenset[str]:
    """Every name of order columns that is known, normalised."""
    names = [alias for aliases in ORDER_ALIASES.values() for alias in aliases]
    return frozenset(map(normalise, names)) | known_headers()


def recognise(
    columns: Sequence[Column],
    aliases: Aliases,
    *,
    mapping: Mapping[str, str] | None = None,
    spec: FormatSpec | None = None,
) -> Recognised:
    """Find the columns of ``aliases`` among ``columns``.

    mapping : canonical (or attribute) name -> name in the source; always wins
    spec    : the known export that the source is, if it is one
    """
    places: dict[str, int] = {}
    for at, column in enumerate(columns):
        places.setdefault(normalise(column.name), at)
    named = {canonical: _find(name, columns, places, mapping or {}) for canonical, name in (mapping or {}).items()}
    wanted = {**aliases, **(spec.columns if spec else {})}
    position = dict(named)
    for canonical, candidates in wanted.items():
        if canonical in position:
            continue
        found = [places[normalise(name)] for name in candidates if normalise(name) in places]
        free = [at for at in found if at not in position.values()]
        if free:
            position[canonical] = free[0]
    _refuse_twins(columns, position)
    rest = tuple(at for at in range(len(columns)) if at not in position.values())
    return Recognised(spec.name if spec else "generic", position, rest, spec, frozenset(named))


def _find(name: str, columns: Sequence[Column], places: Mapping[str, int], mapping: Mapping[str, str]) -> int:
    for at, column in enumerate(columns):
        if column.name == name:
            return at
    if normalise(name) in places:
        return places[normalise(name)]
    names = [column.name for column in columns]
    turned = any(key in names for key in mapping)
    raise UnknownColumns(
        f"columns names {name!r}, which the source does not hold; it holds {listed(names)}.",
        do="columns is {canonical: name in the source}, not the other way round." if turned else did_you_mean(name, names),
    )


def _refuse_twins(columns: Sequence[Column], position: Mapping[str, int]) -> None:
    times = Counter(column.name for column in columns)
    for canonical, at in position.items():
        if times[columns[at].name] > 1:
            raise UnknownColumns(
                f"{times[columns[at].name]} columns are called {columns[at].name!r}.",
                why=f"It is not certain which one is {canonical}.",
                do="Rename one of them.",
            )


def require(
    found: Recognised, columns: Sequence[Column], aliases: Aliases, needed: Sequence[str], what: str, also: str = ""
) -> None:
    """Raise UnknownColumns unless every ``needed`` name was found: what there is, near misses, how to map."""
    missing = [name for name in needed if not found.has(name)]
    if not missing:
        return
    names = [column.name for column in columns]
    hints = [f"{name}: {near!r} is near" for name in missing if (near := _near_miss(names, aliases.get(name, (name,)), found))]
    example = ",".join(f"{name}=<its name>" for name in missing)
    raise UnknownColumns(
        f"No column for {' and '.join(missing)} among {listed(names)}.",
        why=" ".join(filter(None, (what, "; ".join(hints) + "." if hints else near_formats(names)))),
        do=f"Name them: --columns {example} (in Python: columns={{{missing[0]!r}: …}}).{also}",
    )


def refuse_nested(found: Recognised, columns: Sequence[Column]) -> None:
    """Raise InputError when a column in use holds lists or records instead of one value a row."""
    for canonical, at in found.position.items():
        type_name = columns[at].type
        if type_name.endswith("]") or type_name.startswith(("STRUCT", "MAP", "UNION")):
            raise InputError(
                f"{columns[at].name} ({canonical}) holds {type_name[:60]}, not one value a row.",
                why="A row is one product of an order.",
                do="Unnest it first, one row an order line.",
            )


def _near_miss(names: Sequence[str], aliases: Sequence[str], found: Recognised) -> str | None:
    free = {normalise(names[at]): names[at] for at in found.rest}
    for alias in aliases:
        near = difflib.get_close_matches(normalise(alias), list(free), n=1, cutoff=0.75)
        if near:
            return free[near[0]]
    return None
