"""Conversion A→B: life tables and offers become rates, intervals, hazard ratios and curves.

Public functions are loaded on first use, so that importing the room costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: public name -> module of this room
_PUBLIC = {
    "curve_rows": "curves",
    "estimate_conversion": "estimate",
    "measure_offers": "offers",
    "require_observed": "horizons",
}

__all__ = ["curve_rows", "estimate_conversion", "measure_offers", "require_observed"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
