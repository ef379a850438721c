"""Offer conversion by campaign, category and segment: raw, shrunk level by level, and beside what is bought unoffered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.conversion.offers import judge_offers, organic_rate
from affinity.errors import InputError
from affinity.statistics.hierarchy import shrink_hierarchy
from affinity.statistics.intervals import wilson_interval
from affinity.tables.holdings import Holdings
from affinity.tables.offer_conversion import OfferConversion
from affinity.tables.offers import Offers

#: What an offer is cut by, from the top of the hierarchy down, and the cuts that are shown beside it.
LEVELS = ("campaign", "category", "segment")
CUTS = ((), ("campaign",), ("category",), ("segment",), ("campaign", "category"), LEVELS)

TARGETED = (
    "The offers were targeted, not randomised: these rates say how customers who were chosen behaved, not what the "
    "offers caused. Only a control arm shows that."
)
CONTROLLED = "The log has a control arm, left out here: the effect of the offers is the difference to it."


def measure_campaigns(
    offers: Offers,
    *,
    holdings: Holdings | None = None,
    categories: np.ndarray | None = None,
    segments: np.ndarray | None = None,
    window_days: int = 14,
    as_of_day: int | None = None,
) -> OfferConversion:
    """Of the customers who were made offers, how many accepted: over all, by campaign, category, segment, and within.

    Which offers count is said by `judge_offers`; accepted is what the log says, else a first purchase within
    ``window_days``, credited to the last offer before it, of whatever campaign. A customer counts once a cell.

    holdings   : in the codes of ``offers``; None: only what the log says is known (an owner is then not recognised)
    categories : object label of each product of ``offers``; segments : object label of each customer; None: not known
    as_of_day  : first day not looked at; default: the end of ``holdings``, or none

    Degenerate: no offer that counts: the row "all" with 0 offered and NaN rates, ``info["note"]`` = NO_OFFERS.
    """
    _check_labels(offers, categories, segments)
    if as_of_day is None and holdings is not None:
        as_of_day = int(holdings.end.max(initial=0))
    judged = judge_offers(offers, holdings, window_days=window_days, end_day=as_of_day)
    rows = judged.rows
    coded = {
        "campaign": _code(offers.campaigns.labels, offers.campaign[rows]),
        "category": _code(categories, offers.product[rows]),
        "segment": _code(segments, offers.customer[rows]),
    }
    tally = _Tally(offers.customer[rows], judged.accepted[rows], {name: coded[name][0] for name in LEVELS})
    cuts = [tally.count(names) for names in CUTS]
    shrunk, kappa = _shrink(tally)
    parts = [_columns_of(names, cut, {name: coded[name][1] for name in LEVELS}) for names, cut in zip(CUTS, cuts)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    bounds = [shrunk[names] for names in CUTS]
    for place, name in enumerate(("shrunk", "shrunk_lower", "shrunk_upper")):
        columns[name] = np.concatenate([bound[place] for bound in bounds])
    organic = np.full(len(columns["cut"]), np.nan)
    if holdings is not None and judged.day is not None:
        product, day = offers.product[rows], judged.day[rows]
        for row in range(1 + len(cuts[1].keys)):
            mine = np.ones(len(rows), dtype=bool) if row == 0 else tally.codes["campaign"] == cuts[1].keys[row - 1, 0]
            named = mine & (product >= 0)
            organic[row] = organic_rate(offers, holdings, product[named], day[named], window_days)
    note = "NO_OFFERS" if len(rows) == 0 else CONTROLLED if not offers.treated.all() else TARGETED
    info = {"window_days": window_days, "excluded": judged.excluded, "note": note, "kappa": kappa}
    if judged.day is None:
        info["dates"] = "the offers have no dates: an acceptance in time cannot be told from a late one, and none is immature"
    return OfferConversion(**columns, organic_rate=organic, info=info)


@dataclass(frozen=True)
class _Cut:
    """keys : int64[cells, names] codes, rising; offered, accepted : int64 distinct customers."""

    keys: np.ndarray
    offered: np.ndarray
    accepted: np.ndarray


@dataclass(frozen=True)
class _Tally:
    customer: np.ndarray
    took: np.ndarray
    codes: dict[str, np.ndarray]

    def count(self, names: tuple[str, ...]) -> _Cut:
        """Distinct customers, and those who accepted, in each cell of a cut."""
        rows = np.stack([*(self.codes[name] for name in names), self.customer], axis=1).astype(np.int64)
        units, unit = np.unique(rows, axis=0, return_inverse=True)
        took = np.zeros(len(units), dtype=np.int64)
        np.maximum.at(took, unit.reshape(-1), self.took.astype(np.int64))
        if not names:
            return _Cut(np.zeros((1, 0), np.int64), np.array([len(units)]), np.array([took.sum()]))
        keys, cell = np.unique(units[:, :-1], axis=0, return_inverse=True)
        cell = cell.reshape(-1)
        accepted = np.bincount(cell, took, minlength=len(keys)).astype(np.int64)
        return _Cut(keys, np.bincount(cell, minlength=len(keys)), accepted)


Bounds = tuple[np.ndarray, np.ndarray, np.ndarray]


def _shrink(tally: _Tally) -> tuple[dict[tuple[str, ...], Bounds], dict[str, float]]:
    """Shrunk rate and bounds of every cut, and κ of each level of the hierarchy."""
    lowest = tally.count(LEVELS)
    pairs, pair = np.unique(lowest.keys[:, :2], axis=0, return_inverse=True)
    _, campaign = np.unique(pairs[:, 0], return_inverse=True)
    levels = shrink_hierarchy(lowest.accepted, lowest.offered, [pair.reshape(-1), campaign])
    found: dict[tuple[str, ...], Bounds] = {
        LEVELS[:depth]: (level.rate, level.lower, level.upper) for depth, level in enumerate(levels)
    }
    for name in ("category", "segment"):
        alone = tally.count((name,))
        flat = shrink_hierarchy(alone.accepted, alone.offered, [])[1]
        found[(name,)] = (flat.rate, flat.lower, flat.upper)
    return found, {name: level.kappa for name, level in zip(LEVELS, levels[1:])}


def _columns_of(names: tuple[str, ...], cut: _Cut, labels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    n = len(cut.offered)
    lower, upper = wilson_interval(cut.accepted, cut.offered)
    rate = np.divide(cut.accepted, cut.offered, out=np.full(n, np.nan), where=cut.offered > 0)
    columns = {"cut": np.full(n, " × ".join(names) or "all", dtype=object)}
    for name in LEVELS:
        columns[name] = np.full(n, None, dtype=object)
        if name in names:
            columns[name] = labels[name][cut.keys[:, names.index(name)]]
    return columns | {"offered": cut.offered, "accepted": cut.accepted, "rate": rate, "lower": lower, "upper": upper}


def _code(labels: np.ndarray | None, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(code of the label at each place, the labels by code): codes rise with the label, what is not known comes last."""
    if labels is None:
        labels = np.empty(0, dtype=object)
        place = np.full(len(place), -1)
    known = sorted({label for label in labels.tolist() if label is not None})
    number = {label: code for code, label in enumerate(known)} | {None: len(known)}
    of_label = np.array([*(number[label] for label in labels.tolist()), len(known)], dtype=np.int64)
    return of_label[place], np.array([*known, None], dtype=object)


def _check_labels(offers: Offers, categories: np.ndarray | None, segments: np.ndarray | None) -> None:
    for name, labels, words in (("categories", categories, offers.products), ("segments", segments, offers.customers)):
        if labels is not None and len(labels) != len(words):
            raise InputError(
                f"{name} holds {len(labels):,} labels for {len(words):,} {words.kind}s of the offers.",
                why="Each needs one label, or None.",
                do="Give the labels in the order of the offers' vocabulary.",
            )
