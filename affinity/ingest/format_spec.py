"""What is known of an export format: how its columns are called and which conventions it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FormatSpec:
    """A known export. Names are compared without case, blanks, underscores and punctuation.

    columns         : canonical name -> names in the source, the first present one is taken
    requires        : names that must all be present for the format to be recognised
    product_pattern : regular expression that a product id matches in full; others are no products
    return_orders   : regular expression of order ids that mark returns
    month_first     : dates such as 12/1/2010 are month first (None: decided by the column)
    day_index       : integers in the time column count days from an arbitrary start
    """

    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    requires: tuple[str, ...]
    product_pattern: str | None = None
    return_orders: str | None = None
    month_first: bool | None = None
    day_index: bool = False
    rules: Mapping[str, str] = field(default_factory=dict)
