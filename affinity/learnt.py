"""What was learnt as of one day, and the same in the codes of a later day.

Made by `affinity.learning`. A vocabulary of a later day holds every product of an earlier one, in the same order among
more; what is learnt of a product that came later is nothing: no pair, no edge, no buyer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from affinity.contexts import Facts, Shop
from affinity.frames import AnyColumn, LabelColumn
from affinity.history import History
from affinity.ranking import Buyers, SegmentBuyers
from affinity.settings import Settings
from affinity.state import Part
from affinity.tables import (
    Conversion,
    Eligibility,
    FitModel,
    ItemsetCounts,
    Landmark,
    LifeTables,
    PairGraph,
    Rules,
    SegmentConversion,
)
from affinity.tables.fit_model import Calibration
from affinity.tables.itemset_rows import ItemsetRows
from affinity.tables.landmark import SegmentScores
from affinity.tables.transitions import SquareCounts, Transitions
from affinity.vocabulary import Vocabulary

#: The tables that are kept.
_KINDS: Mapping[str, type[Any]] = {
    "itemsets": ItemsetCounts, "rules": Rules, "graph": PairGraph, "conversion": Conversion,
    "by_segment": SegmentConversion, "model": FitModel, "counts": Transitions,
}  # fmt: skip

#: Dataclasses that may be fields of them.
_NESTED = {"Calibration": Calibration, "SquareCounts": SquareCounts, "ItemsetRows": ItemsetRows}


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a history taught, in its own codes.

    day            : the first day not learnt from; None without dates
    model, counts  : the fit model and the counts that score, without their matrices; None: ``no_fit`` says why
    segments, segment_score : of ``fit.segment``: the label of each row (None: unknown) and float64[rows, n_products]
    by_segment     : conversion by ``conversion.by``
    lives          : None where it comes from a state; key : fingerprint of all that it depends on, where a state keeps it
    buyers         : who owned each product; None where the data name no customers
    """

    day: int | None
    itemsets: ItemsetCounts
    rules: Rules
    graph: PairGraph
    too_large: int
    conversion: Conversion | None
    curves: Mapping[str, AnyColumn] | None
    by_segment: SegmentConversion | None
    no_conversion: str | None
    model: FitModel | None
    counts: Transitions | None
    segments: tuple[str | None, ...]
    segment_score: np.ndarray
    no_fit: str | None
    buyers: Buyers | None
    lives: LifeTables | None = None
    key: str = ""

    @property
    def products(self) -> Vocabulary:
        """The products that are known of."""
        return self.graph.products


def shop_of(learnt: Learnt, past: History, facts: Facts, settings: Settings, judged: Eligibility | None) -> Shop:
    """The shop of ``past`` with what an earlier day taught, in today's codes.

    A customer's ages end on the later of the day that was learnt as of and the day after the customer's last line, so what
    is recommended to somebody of whom there is nothing new stays as it is.
    """
    products = past.lines.products
    place = products.recode_from(learnt.products)
    conversion = learnt.conversion
    if conversion is not None:
        pair = {name: place[getattr(conversion, name)] for name in ("antecedent", "consequent")}
        conversion = replace(conversion, **pair, products=products)
    past = replace(past, holdings=replace(past.holdings, end=last_ends(past, learnt.day)))
    fit = None
    if learnt.model is not None and learnt.counts is not None:
        label = None if settings.fit.segment is None else facts.customers.segments.get(settings.fit.segment)
        score = SegmentScores(_places(learnt.segments, label, past), _spread_columns(learnt.segment_score, place, products))
        counts = _recode_counts(learnt.counts, place, products)
        fit = _recode_model(learnt.model, place, products), Landmark(None, past.holdings, past.steps, counts, segment=score)
    return Shop(
        past, facts, settings, _recode_graph(learnt.graph, place, products), conversion, judged, fit, learnt.no_fit,
        counted=_recode_buyers(learnt.buyers, place, products, facts),
    )  # fmt: skip


def last_ends(past: History, day: int | None) -> np.ndarray:
    """int32 a customer: the later of ``day`` and the day after the last line, a return too."""
    lines, end = past.gross, past.holdings.end
    assert day is not None
    assert lines.day is not None
    last = np.full(len(end) + 1, day, dtype=np.int32)  # the last place stands for guests (code −1)
    np.maximum.at(last, lines.customer, lines.day + 1)
    return last[:-1]


def _spread(column: np.ndarray, place: np.ndarray, n: int, blank: float = 0) -> np.ndarray:
    """A column by product in the later codes, ``blank`` for products that came later."""
    found = np.full(n, blank, dtype=column.dtype)
    found[place] = column
    return found


def _spread_rows(indptr: np.ndarray, place: np.ndarray, n: int) -> np.ndarray:
    """The bounds of a CSR by product in the later codes."""
    return np.concatenate([[0], np.cumsum(_spread(np.diff(indptr), place, n))]).astype(np.int64)


def _spread_columns(score: np.ndarray, place: np.ndarray, products: Vocabulary) -> np.ndarray:
    found = np.zeros((len(score), len(products)))
    found[:, place] = score
    return found


def _recode_graph(graph: PairGraph, place: np.ndarray, products: Vocabulary) -> PairGraph:
    n = len(products)
    return replace(
        graph,
        indptr=_spread_rows(graph.indptr, place, n),
        consequent=place[graph.consequent],
        n_item=_spread(graph.n_item, place, n),
        community=_spread(graph.community, place, n, -1),
        products=products,
    )


def _recode_model(model: FitModel, place: np.ndarray, products: Vocabulary) -> FitModel:
    assert model.similar_indptr is not None
    assert model.similar_consequent is not None
    n = len(products)
    return replace(
        model,
        indptr=_spread_rows(model.indptr, place, n),
        consequent=place[model.consequent],
        similar_indptr=_spread_rows(model.similar_indptr, place, n),
        similar_consequent=place[model.similar_consequent],
        products=products,
    )


def _recode_counts(counts: Transitions, place: np.ndarray, products: Vocabulary) -> Transitions:
    names = ("first_purchases", "recent_lines", "buyers")
    columns: dict[str, Any] = {name: _spread(getattr(counts, name), place, len(products)) for name in names}
    return replace(counts, **columns, products=products)


def _recode_buyers(buyers: Buyers | None, place: np.ndarray, products: Vocabulary, facts: Facts) -> Buyers | None:
    if buyers is None:
        return None
    by = buyers.segments
    if by is not None:
        label = facts.customers.segments.get(by.name, np.full(len(facts.customers), None, dtype=object))
        count = np.zeros((len(by.labels), len(products)), dtype=by.count.dtype)
        count[:, place] = by.count
        by = replace(by, count=count).seen_by(label)
    return Buyers(_spread(buyers.count, place, len(products)), buyers.customers, by)


def _places(segments: tuple[str | None, ...], label: np.ndarray | None, past: History) -> np.ndarray:
    """int32 a customer: the row of the label among ``segments``, 0 where it is none of them."""
    if label is None:
        return np.zeros(len(past.holdings.customers), dtype=np.int32)
    row = {name: number for number, name in enumerate(segments) if name is not None}
    return np.fromiter((row.get(one, 0) for one in label.tolist()), dtype=np.int32, count=len(label))


def pack(learnt: Learnt) -> Part:
    """What is kept of ``learnt``: all but the life tables and the matrices of the counts."""
    arrays: dict[str, np.ndarray] = {"products": learnt.products.labels, "segment_score": learnt.segment_score}
    plain: dict[str, Any] = {name: getattr(learnt, name) for name in ("day", "too_large", "no_conversion", "no_fit")}
    plain["segments"] = list(learnt.segments)
    kept = {name: getattr(learnt, name) for name in ("rules", "graph", "conversion", "by_segment", "model", "counts")}
    itemsets = learnt.itemsets
    kept["itemsets"] = replace(itemsets, found=itemsets.found.rows, baskets=None, known_margins=None)
    for name, table in kept.items():
        plain[name] = None if table is None else _pack_fields(table, name, arrays)
    plain["curves"] = None if learnt.curves is None else list(learnt.curves)
    for name, column in (learnt.curves or {}).items():
        arrays[f"curves/{name}"] = column.codes if isinstance(column, LabelColumn) else np.asarray(column)
    buyers = learnt.buyers
    plain["buyers"] = None if buyers is None else {"customers": buyers.customers}
    if buyers is not None:
        arrays["buyers"] = buyers.count
        if buyers.segments is not None:
            plain["buyers"] |= {"name": buyers.segments.name, "labels": list(buyers.segments.labels)}
            arrays["buyers/count"], arrays["buyers/customers"] = buyers.segments.count, buyers.segments.customers
    return Part(arrays, plain)


def unpack(part: Part) -> Learnt:
    """What `pack` kept."""
    plain, arrays = part.plain, part.arrays
    products = Vocabulary("product", arrays["products"])
    found: dict[str, Any] = {
        name: None if plain[name] is None else _unpack_fields(kind, plain[name], name, arrays, products)
        for name, kind in _KINDS.items()
    }
    curves: dict[str, Any] | None = None
    if plain["curves"] is not None:
        curves = {name: arrays[f"curves/{name}"] for name in plain["curves"]}
        curves |= {name: LabelColumn(curves[name], products.labels) for name in ("antecedent", "consequent")}
    buyers = None
    if (known := plain["buyers"]) is not None:
        by = None
        if "name" in known:
            nobody = np.empty(0, dtype=np.int32)
            by = SegmentBuyers(
                known["name"], tuple(known["labels"]), nobody, arrays["buyers/count"], arrays["buyers/customers"]
            )
        buyers = Buyers(arrays["buyers"], known["customers"], by)
    rest = {name: plain[name] for name in ("day", "too_large", "no_conversion", "no_fit")}
    return Learnt(
        **found, **rest, curves=curves, buyers=buyers, segments=tuple(plain["segments"]), segment_score=arrays["segment_score"]
    )


def _pack_fields(table: Any, name: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """The arrays of a table go to ``arrays``; the plain values of its fields, and where the arrays are, are returned."""
    plain: dict[str, Any] = {}
    for one in fields(table):
        value, place = getattr(table, one.name), f"{name}/{one.name}"
        if isinstance(value, np.ndarray):
            arrays[place] = value
            plain[one.name] = {"array": place}
        elif isinstance(value, Vocabulary):
            plain[one.name] = {"products": None}
        elif is_dataclass(value):
            plain[one.name] = {"table": type(value).__name__, "fields": _pack_fields(value, place, arrays)}
        elif isinstance(value, Mapping) and value and all(isinstance(column, np.ndarray) for column in value.values()):
            arrays |= {f"{place}/{key}": column for key, column in value.items()}
            plain[one.name] = {"columns": list(value)}
        else:
            plain[one.name] = {"value": _plain(value)}
    return plain


def _unpack_fields(
    kind: type[Any], plain: Mapping[str, Any], name: str, arrays: Mapping[str, np.ndarray], products: Vocabulary
) -> Any:
    found: dict[str, Any] = {}
    for key, value in plain.items():
        place = f"{name}/{key}"
        if "array" in value:
            found[key] = arrays[place]
        elif "products" in value:
            found[key] = products
        elif "table" in value:
            found[key] = _unpack_fields(_NESTED[value["table"]], value["fields"], place, arrays, products)
        elif "columns" in value:
            found[key] = {column: arrays[f"{place}/{column}"] for column in value["columns"]}
        else:
            found[key] = value["value"]
    return kind(**found)


def _plain(value: Any) -> Any:
    """``value`` as JSON holds it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value
