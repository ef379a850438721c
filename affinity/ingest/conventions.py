"""What is no product and what is a return: conventions of the shop that the whole data show, or that the user names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from affinity.errors import SettingsError
from affinity.ingest.columns import Recognised
from affinity.ingest.formats.uci_online_retail import CANCELLATION, STOCK_CODE
from affinity.ingest.workbench import Workbench, first_line
from affinity.settings import IngestSettings

#: Set aside where no stock-code pattern applies; whole words only, as short codes can be products.
NON_PRODUCT_CODES = (
    "POST", "POSTAGE", "DOTCOM POSTAGE", "SHIPPING", "SHIPPING FEE", "SHIPPING COST", "DELIVERY", "DELIVERY FEE", "CARRIAGE",
    "HANDLING FEE",
    "BANK CHARGES", "AMAZONFEE", "AMAZON FEE", "SERVICE FEE", "DISCOUNT", "GIFT CARD", "GIFT VOUCHER", "GIFT CERTIFICATE",
    "ADJUSTMENT", "ROUNDING", "SALES TAX",
)  # fmt: skip

#: Values of a return_mark column that mark a return (compared in lower case).
RETURN_MARKS = ("1", "true", "t", "yes", "y", "c", "r", "return", "returned", "refund", "refunded", "cancelled", "canceled")

#: Share of the rows whose product id is a stock code that makes generic columns UCI Online Retail.
UCI_SHARE = 0.9


@dataclass
class Draft:
    """The rules of one read while they are being decided from the table ``staged``.

    types      : staged column -> DuckDB type
    ctes       : ``WITH {ctes} SELECT … FROM ruled`` gives every row with q, p, a, t, s and its reason
    rules      : for the report
    tallies    : sentence for the user, with {count} in it -> how many rows it is about
    uci        : the data follow the conventions of UCI Online Retail
    """

    bench: Workbench
    found: Recognised
    settings: IngestSettings
    types: Mapping[str, str]
    ctes: str = ""
    parameters: dict[str, object] = field(default_factory=dict)
    rules: dict[str, object] = field(default_factory=dict)
    tallies: dict[str, int] = field(default_factory=dict)
    uci: bool = False


def set_non_products(draft: Draft) -> None:
    """Fill the table ``non_products`` (product_id) and say in the rules what made it.

    The user's pattern and codes; else the pattern of the format; else, where at least UCI_SHARE of the rows have
    UCI Online Retail stock codes and no other id is a plain number, that pattern; else a short list of charges.
    """
    import duckdb

    draft.bench.run(
        "CREATE OR REPLACE TEMP TABLE product_rows AS SELECT product_id, count(*) AS n FROM staged "
        "WHERE product_id IS NOT NULL GROUP BY product_id"
    )
    settings, spec = draft.settings, draft.found.spec
    pattern, because = settings.product_pattern, "asked for"
    draft.uci = spec is not None and spec.product_pattern == STOCK_CODE
    if pattern is None and spec is not None and spec.product_pattern:
        pattern, because = spec.product_pattern, f"format {spec.name}"
    elif pattern is None and spec is None:
        share = _uci_share(draft.bench)
        if share >= UCI_SHARE:
            draft.uci, pattern = True, STOCK_CODE
            because = f"{share:.1%} of the rows have stock codes of UCI Online Retail; product_pattern = '.*' keeps everything"
    codes = settings.non_product_codes
    if codes is None:
        codes = () if pattern else NON_PRODUCT_CODES
    try:
        draft.bench.run(
            "CREATE OR REPLACE TEMP TABLE non_products AS SELECT product_id FROM product_rows "
            "WHERE NOT regexp_full_match(product_id, $pattern, 's') OR list_contains($codes::VARCHAR[], lower(product_id))",
            {"pattern": pattern or ".*", "codes": [code.strip().lower() for code in codes]},
        )
    except duckdb.Error as error:
        raise SettingsError(f"product_pattern={pattern!r} is no regular expression: {first_line(error)}") from None
    if pattern:
        draft.rules["product_pattern"] = {"pattern": pattern, "because": because}
    if codes:
        draft.rules["non_product_codes"] = list(codes) if settings.non_product_codes else "the built-in list of charges"


def _uci_share(bench: Workbench) -> float:
    """Share of rows with a UCI stock code; 0 where other ids are plain numbers (then five digits are no convention)."""
    ((matching, numbers, rows),) = bench.run(
        "SELECT coalesce(sum(n) FILTER (stock), 0), coalesce(sum(n) FILTER (NOT stock AND plain), 0), coalesce(sum(n), 0) FROM "
        "(SELECT n, regexp_full_match(product_id, $pattern) AS stock, regexp_full_match(product_id, '[0-9.]+') AS plain "
        "FROM product_rows)",
        {"pattern": STOCK_CODE},
    )
    return float(matching) / float(rows) if rows and not numbers else 0.0


def set_returns(draft: Draft, quantity: str) -> tuple[str, bool]:
    """(SQL of "this row is marked as a return", whether negative rows without a mark are set aside)."""
    mark, words = "false", ""
    if draft.found.has("return_mark"):
        draft.parameters["return_marks"] = list(RETURN_MARKS)
        mark, words = "lower(return_mark) IN (SELECT unnest($return_marks))", "the column return_mark"
    elif draft.uci:
        initial = "order_id LIKE 'C%' OR order_id LIKE 'c%'"
        mark, words = f"(({initial}) AND regexp_full_match(order_id, '{CANCELLATION}'))", "an order id C…"
        ((marked, negative),) = draft.bench.run(f"SELECT count(*), count(*) FILTER (({quantity}) < 0) FROM staged WHERE {mark}")
        if negative * 2 <= marked:  # ids that happen to begin with C
            mark = "false"
    choice = draft.settings.returns
    only_marked = choice == "marked" or (choice == "auto" and mark != "false")
    if mark != "false":
        draft.rules["returns"] = f"marked by {words}" + ("" if only_marked else ", or a negative quantity")
    else:
        draft.rules["returns"] = "only marked rows, and nothing marks them" if only_marked else "a negative quantity"
    return mark, only_marked


def limit_quantity(draft: Draft, quantity: str) -> str:
    """SQL of the quantity, with 1 (or −1) where the format says that so large a number is a measure."""
    largest = draft.found.spec.largest_quantity if draft.found.spec else None
    if largest is None:
        return quantity
    ((measured,),) = draft.bench.run(f"SELECT count(*) FROM staged WHERE abs({quantity}) >= {largest}")
    draft.tallies[f"{{count}} rows have a quantity of {largest:,.0f} or more and are counted as one unit."] = measured
    return f"CASE WHEN abs({quantity}) >= {largest} THEN sign({quantity})::DOUBLE ELSE {quantity} END"
