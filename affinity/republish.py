"""Publishing with a state: the tables of what was learnt, where nothing new was learnt, are the files of the last release."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from affinity.errors import OutputError
from affinity.learnt import Learnt
from affinity.release import FORMAT, MANIFEST, KnownFile
from affinity.state import Part, open_state
from affinity.tables import Conversion, PairGraph

#: The part of the state.
PUBLISHED = "published"


@dataclass(frozen=True)
class Republisher:
    """What a state can give again; what it cannot is written anew.

    state : its folder; key : all that the files of ``tables`` depend on
    tables : name of the file -> a table of what was learnt
    """

    state: Path
    key: str
    tables: Mapping[str, Any]

    @classmethod
    def of(cls, state: Path, learnt: Learnt, graph: PairGraph, conversion: Conversion | None) -> Republisher:
        """graph, conversion : what was learnt, in today's codes"""
        tables = {"conversions": conversion, "curves": learnt.curves, "pairs": graph, "segment_conversions": learnt.by_segment}
        return cls(state, str((learnt.key, graph.products.fingerprint, FORMAT, version("pyarrow"))), tables)

    def publish(self, write: Callable[..., Path], tables: Mapping[str, Any]) -> Path:
        """Call ``write(known=…)`` (see `affinity.release.write_release`) with the files there are, and remember its own.

        tables : what is published; a table that is another one than was learnt is not known
        """
        unchanged = {name for name, table in self.tables.items() if tables.get(name) is table}
        release = write(known={name: file for name, file in self._known_files().items() if name in unchanged})
        if len(unchanged) == len(self.tables):
            self._remember(release)
        return release

    def _known_files(self) -> Mapping[str, KnownFile]:
        """Table -> its file in the last release that was published with this state; none where it was made of other things."""
        with contextlib.suppress(OutputError), open_state(self.state) as state:
            part = state.load(PUBLISHED, self.key)
            if part is not None:
                release = Path(part.plain["release"])
                entries: Mapping[str, Any] = part.plain["entries"]
                return {name: KnownFile(release / f"{name}.parquet", entry) for name, entry in entries.items()}
        return {}

    def _remember(self, release: Path) -> None:
        """Where the files of ``release`` are and what they hold; whether the state takes it is no matter of the release."""
        files = json.loads((release / MANIFEST).read_text(encoding="utf-8"))["files"]
        entries = {name: files[f"{name}.parquet"] for name in self.tables}
        with contextlib.suppress(OutputError), open_state(self.state) as state:
            state.save(PUBLISHED, self.key, Part({}, {"release": str(release.resolve()), "entries": entries}))
