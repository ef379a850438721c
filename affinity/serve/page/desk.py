"""The desk: what the views of the page read of the current release, a slice at a time, kept for as long as it is current."""

from __future__ import annotations

import datetime
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from affinity.errors import ReleaseError
from affinity.release.folder import RELEASES, list_releases
from affinity.release.query import TableReader
from affinity.serve.shelf import Shelf

#: Things that views work out once for a release and keep; the one not used for longest goes first.
MOST_KEPT = 256


class Desk:
    """One release as the page reads it.

    id, as_of : of the release; shelf : names, prices and serving arrays; report, rows : what the run noted and published
    """

    def __init__(self, shelf: Shelf, *, clock: Callable[[], float]) -> None:
        """clock : seconds since the epoch, for the age of the release"""
        self.shelf, self.release, self.clock = shelf, shelf.release, clock
        self.id, self.as_of, self.rows = shelf.id, shelf.as_of, shelf.rows
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def report(self) -> dict[str, Any]:
        """report.json of the release."""
        return self.release.report

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings that the release was made with."""
        return dict(self.release.manifest.get("identity", {}).get("settings", {}))

    @cached_property
    def _reader(self) -> TableReader:
        return TableReader(self.release.path)

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows of an SQL question to the release's tables (views named as the files); every value as a question mark."""
        return self._reader.ask(sql, values)

    def write(self, sql: str, values: Sequence[Any], path: Path) -> int:
        """The same rows as a file .csv or .parquet, lists of products with their names beside them; how many rows."""
        return self._reader.write(sql, values, path)

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, worked out once for ``key`` while this release is current."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return made

    def code(self, product_id: str) -> int:
        """The product's code in the serving arrays, −1 for an unknown one."""
        found, _ = self.shelf.find_products([product_id])
        return found[0] if found else -1

    def name(self, product_id: str | None) -> str:
        """The name of a product, or its id where it has none."""
        code = -1 if product_id is None else self.code(product_id)
        return str(product_id) if code < 0 else self.shelf.name(code)

    @property
    def folder(self) -> Path | None:
        """The folder that the release lives in beside others; None for a release that stands alone."""
        home = self.release.path.parent
        return home.parent if home.name == RELEASES else None

    def releases(self) -> list[dict[str, Any]]:
        """The releases that are kept, oldest first: id, as_of, current, rows; this one alone when it stands alone."""
        alone = [{"id": self.id, "as_of": self.as_of, "current": True, "rows": self.rows}]
        try:
            return alone if self.folder is None else list_releases(self.folder)
        except ReleaseError:
            return alone

    @property
    def age_days(self) -> int | None:
        """Whole days from ``as_of`` to today (UTC); None without dates."""
        if self.as_of is None:
            return None
        today = datetime.datetime.fromtimestamp(self.clock(), datetime.UTC).date()
        return (today - datetime.date.fromisoformat(self.as_of[:10])).days


class Desks:
    """The desk of the current release; the last one stays for whoever still reads from it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._desk: Desk | None = None
        self._lock = threading.Lock()

    def of(self, shelf: Shelf) -> Desk:
        """The desk of a shelf."""
        with self._lock:
            if self._desk is None or self._desk.id != shelf.id:
                self._desk = Desk(shelf, clock=self._clock)
            return self._desk
