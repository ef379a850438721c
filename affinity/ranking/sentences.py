"""The sentences of recommendations, in three parts: what is owned, since when, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.ranking.evidence import BOUGHT_TOGETHER, CONVERTS_FROM, look_up_pairs
from affinity.ranking.kinds import are_related
from affinity.ranking.reasons import Buyers, describe_pairs, describe_popularity, mark_related, product_names
from affinity.tables.conversion import Conversion
from affinity.tables.families import shared_families
from affinity.tables.holdings import Holdings
from affinity.tables.pair_graph import PairGraph
from affinity.tables.products import Products
from affinity.tables.sentences import Sentences
from affinity.tables.table import pick_rows

#: The key of a colon alone, and what is added to an age to make it a key.
_COLON, _AGES = 0, 1 << 32


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a recommendation may be explained with.

    just_bought : int32 codes of the order that was just placed, for the wording
    """

    graph: PairGraph
    conversion: Conversion | None
    horizon_days: int
    min_evidence: int
    just_bought: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class ReasonWriter:
    """Writes "Owns A, same family" + " (bought 41 days ago): " + what was measured of A and the product, or how popular it is.

    holdings, buyers : of the customers that the sentences are about
    """

    evidence: Evidence
    holdings: Holdings
    products: Products
    buyers: Buyers

    def keys(self, rows: Sentences) -> tuple[np.ndarray, ...]:
        """int64 a row: 4·because + 2·(same family) + (just bought); the age; the pair, or the product and its segment."""
        n, known = len(self.products), np.flatnonzero(rows.because >= 0)
        opening, since = (np.full(len(rows), -1, dtype=np.int64) for _ in range(2))
        said = n * n + (rows.segment.astype(np.int64) + 1) * n + rows.product
        because, product = rows.because[known].astype(np.int64), rows.product[known]
        bought = self.evidence.just_bought
        fresh = np.zeros(len(known), dtype=bool) if bought is None else np.isin(because, bought)
        opening[known] = 4 * because + 2 * are_related(because, product, shared_families(self.products)) + fresh
        since[known] = np.where(fresh | (self._unit is None), _COLON, self._ages(rows.customer[known], because) + _AGES)
        said[known] = because * n + product
        return opening, since, said

    def texts(self, part: int, keys: np.ndarray) -> np.ndarray:
        """object: what the distinct keys of a part say."""
        return (self._openings, self._since, self._say)[part](keys)

    @property
    def _unit(self) -> str | None:
        return {"day": "day", "order": "order"}.get(self.holdings.clock or "")

    def _ages(self, customer: np.ndarray, owned: np.ndarray) -> np.ndarray:
        """int64 days (or orders) since the customer last bought what he owns."""
        held, n = self.holdings, len(self.products)
        who, place = np.unique(customer, return_inverse=True)
        bounds, rows = pick_rows(held.indptr, who)
        keys = np.repeat(np.arange(len(who), dtype=np.int64), np.diff(bounds)) * n + held.product[rows]
        found = np.searchsorted(keys, place.reshape(-1).astype(np.int64) * n + owned)
        return held.end[customer].astype(np.int64) - held.last_at[rows][found]

    def _openings(self, keys: np.ndarray) -> np.ndarray:
        names = mark_related(product_names(self.products)[keys // 4], keys // 2 % 2 == 1)
        said = (f"{'Just bought' if fresh else 'Owns'} {name}" for name, fresh in zip(names, (keys % 2).tolist()))
        return np.fromiter(said, dtype=object, count=len(keys))

    def _since(self, keys: np.ndarray) -> np.ndarray:
        unit = self._unit
        verb = "bought" if unit == "day" else "last bought"
        ages = (keys - _AGES).tolist()
        said = (
            ": " if key == _COLON else f" ({verb} {k} {unit}{'' if k == 1 else 's'} ago): "
            for key, k in zip(keys.tolist(), ages)
        )
        return np.fromiter(said, dtype=object, count=len(keys))

    def _say(self, keys: np.ndarray) -> np.ndarray:
        n, evidence = len(self.products), self.evidence
        pairs = int(np.searchsorted(keys, n * n))
        a, b = (keys[:pairs] // n).astype(np.int32), (keys[:pairs] % n).astype(np.int32)
        found = look_up_pairs(
            a, b, graph=evidence.graph, conversion=evidence.conversion, horizon_days=evidence.horizon_days,
            min_evidence=evidence.min_evidence,
        )  # fmt: skip
        code = np.where(found.converts, CONVERTS_FROM, BOUGHT_TOGETHER).astype(object)
        names = product_names(self.products)
        measured = describe_pairs(a, b, code, found, graph=evidence.graph, conversion=evidence.conversion, names=names)
        rest = keys[pairs:] - n * n
        popular = describe_popularity((rest % n).astype(np.int32), self.buyers, (rest // n - 1).astype(np.int32))
        return np.concatenate([measured, popular])
