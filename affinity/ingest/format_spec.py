"""What is known of an export format: how its columns are called and which conventions it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """One table of an export.

    needs    : headers that make a table this part
    may      : further headers that the format reads; NULL where the table lacks them
    required : the export is not complete without it
    many     : several files may be this part; they are read one after the other
    """

    needs: tuple[str, ...]
    may: tuple[str, ...] = ()
    required: bool = True
    many: bool = False


@dataclass(frozen=True)
class FormatSpec:
    """A known export. Names are compared without case, blanks, underscores and punctuation.

    columns          : canonical name -> names in the source, the first present one is taken
    requires         : names that must all be present for one table to be recognised; empty where it takes several tables
    product_pattern  : regular expression that a product id matches in full; others are no products
    month_first      : dates such as 12/1/2010 are month first (None: decided by the column)
    day_index        : integers in the time column count days from an arbitrary start
    largest_quantity : from here on a quantity is a measure (fuel by volume), counted as one unit
    rules            : conventions of the format, for the report
    parts            : name -> table that ``lines`` reads
    lines            : SQL over the tables ``part_<name>`` (row, and the headers as lower-case words joined by underscores,
                       all text, blanks NULL); it gives row, set_aside (reason or NULL), set_aside_detail and ``columns``
    line_part        : the part whose rows are counted; None where ``lines`` makes several rows of one record
    notes            : sentence for the user with {count} -> SQL of the count over the parts; said where it is not 0
    refusal          : why the export holds no order lines, and what to export instead
    """

    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    product_pattern: str | None = None
    month_first: bool | None = None
    day_index: bool = False
    largest_quantity: float | None = None
    rules: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    lines: str = ""
    line_part: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""
