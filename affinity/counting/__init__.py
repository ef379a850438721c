"""The waist of the engine: everything heavy becomes exact integer counts here.

Public functions are loaded on first use, so that importing the room costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: public name -> module of this room
_PUBLIC = {
    "count_life_tables": "life_tables",
    "count_pairs": "pairs",
    "count_transitions": "transitions",
    "mine_itemsets": "itemsets",
}

__all__ = ["count_life_tables", "count_pairs", "count_transitions", "mine_itemsets"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
