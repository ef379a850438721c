"""The public names of `affinity`, its errors and the tables, from their docstrings (by mkdocstrings)."""

from __future__ import annotations

import inspect

import affinity
from affinity import errors, mlxtend, plots, tables
from docs.making.markdown import NOTICE

#: What a reader looks for -> public names, in the order in which they are met.
GROUPS = {
    "Read": ("read_orders", "read_offers", "read_products", "read_customers", "read_subscriptions", "read_interventions"),
    "The whole job": ("run", "Result", "open_release", "Settings", "show_progress", "make_shop", "write_shop"),
    "Releases": ("compare_releases", "adopt_release"),
    "Baskets, itemsets, rules, pairs": ("group_baskets", "mine_itemsets", "induce_rules", "build_graph"),
    "Conversion": ("estimate_conversion", "measure_offers"),
    "Recommendations": ("recommend", "backtest"),
    "Adoption over time": ("trace_adoption", "count_cohorts"),
    "Campaigns": ("plan_campaign", "measure_campaign", "read_plan", "write_plan"),
}


def grouped_names() -> dict[str, list[str]]:
    """Every public name under its heading; names that no group has are under "Metrics"."""
    known = {name for names in GROUPS.values() for name in names}
    rest = [name for name in affinity.__all__ if name not in known and name not in ("__version__", "AffinityError")]
    return {**{head: list(names) for head, names in GROUPS.items()}, "Metrics and their tree": rest}


def error_names() -> list[str]:
    """The errors a user meets, in the order of their file."""
    found = [
        (name, one) for name, one in vars(errors).items() if inspect.isclass(one) and issubclass(one, errors.AffinityError)
    ]
    return [name for name, one in found if one.__module__ == errors.__name__]


def _entry(path: str, members: str = "") -> str:
    options = f"    options:\n      members: {members}\n" if members else ""
    return f"::: {path}\n{options}\n"


def place_of(name: str) -> str:
    """The module that a public name is written in, dot its name."""
    value = getattr(affinity, name)
    return f"{value.__module__}.{value.__qualname__}"


def make_pages() -> dict[str, str]:
    """python.md, tables.md, errors.md, plots.md and mlxtend.md."""
    functions = (
        NOTICE + "# Python\n\nEvery name below is `af.<name>` after `import affinity as af`, loaded at its first use.\n\n"
    )
    for head, names in grouped_names().items():
        functions += f"## {head}\n\n" + "".join(_entry(place_of(name), "[]" if name == "Settings" else "") for name in names)
    nouns = NOTICE + (
        "# Tables\n\nFrozen arrays with names. Every table has `to_pandas()`, `to_polars()` and `to_arrow()` (rows with "
        "labels, not codes); many have `plot()`.\n\n"
    )
    nouns += "".join(_entry(f"{getattr(tables, name).__module__}.{name}") for name in tables.__all__)
    failures = NOTICE + (
        "# Errors\n\nEverything a caller can mend is an `AffinityError`: what happened with the values, why it matters, what to "
        "do. The command line prints it without a traceback and exits with 1.\n\n"
    )
    failures += "".join(_entry(f"affinity.errors.{name}") for name in error_names())
    drawn = NOTICE + (
        '# Pictures\n\n`table.plot()` draws a table with matplotlib (`pip install "affinity-engine[plots]"`). '
        "The functions take options.\n\n"
    )
    drawn += "".join(_entry(_place(plots, name)) for name in plots.__all__)
    drop_in = NOTICE + "# Drop-in for mlxtend\n\n" + _entry("affinity.mlxtend", "[]")
    drop_in += "".join(_entry(_place(mlxtend, name)) for name in mlxtend.__all__ if callable(getattr(mlxtend, name)))
    return {
        "python.md": functions, "tables.md": nouns, "errors.md": failures, "plots.md": drawn, "mlxtend.md": drop_in,
    }  # fmt: skip


def _place(room: object, name: str) -> str:
    value = getattr(room, name)
    return f"{value.__module__}.{value.__qualname__}"
