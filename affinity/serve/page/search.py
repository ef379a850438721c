"""Finding products by name or id: all of them in memory, in lower case, in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.serve.page.desk import Desk

#: How found products can be ordered: name of the order -> descending by itself.
ORDERS = ("baskets", "buyers", "price", "name")


class Finder:
    """The products of a release, to be searched."""

    def __init__(self, desk: Desk) -> None:
        arrays, shelf = desk.shelf.arrays, desk.shelf
        n = len(arrays["product_offsets"]) - 1
        self.ids = [shelf.product(code) for code in range(n)]
        self.names = [shelf.name(code) for code in range(n)]
        self._words = [f"{name.lower()}\0{one.lower()}" for name, one in zip(self.names, self.ids)]
        known = {
            name: np.asarray(arrays[f"product_{name}"])
            for name in ("baskets", "buyers", "price")
            if f"product_{name}" in arrays
        }
        self.columns = {name: values.astype(np.float64) for name, values in known.items() if len(values) == n}

    def find(self, said: str, order: str, *, falling: bool) -> list[int]:
        """Codes of the products whose name or id holds every word of ``said``; the exact id and names that begin so first.

        order : one of ORDERS, "" for the best match, then the most baskets; ties by name, then id
        """
        asked = said.lower().split()
        whole = " ".join(asked)
        found = [code for code, text in enumerate(self._words) if all(word in text for word in asked)]
        if order in self.columns:
            values = self.columns[order]
            missing = float("inf")
            return sorted(
                found, key=lambda c: (missing if np.isnan(values[c]) else -values[c] if falling else values[c], self._tie(c))
            )
        if order == "name":
            return sorted(found, key=self._tie, reverse=falling)
        baskets = self.columns.get("baskets")

        def nearness(code: int) -> tuple[Any, ...]:
            name, exact = self._words[code], self.ids[code].lower() == whole
            return (
                not exact,
                bool(whole) and not name.startswith(whole),
                0.0 if baskets is None else -baskets[code],
                self._tie(code),
            )

        return sorted(found, key=nearness)

    def _tie(self, code: int) -> tuple[str, str]:
        return self.names[code].lower(), self.ids[code]

    def row(self, code: int) -> dict[str, Any]:
        """What is said of a product in a list."""
        facts = {name: _known(self.columns, name, code) for name in ("baskets", "buyers", "price")}
        return {"id": self.ids[code], "name": self.names[code], **facts}


def finder_of(desk: Desk) -> Finder:
    """The finder of a release, made once."""
    return desk.once("finder", lambda: Finder(desk))


def _known(columns: dict[str, np.ndarray], name: str, code: int) -> float | None:
    value = float(columns[name][code]) if name in columns else float("nan")
    return None if np.isnan(value) else value
