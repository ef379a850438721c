"""What to show each customer: eligible candidates by fit, each with a measured reason, popular ones to fill up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from affinity.errors import SettingsError
from affinity.frames import WordColumn
from affinity.ranking.choice import Likeness, choose_rows, describe_likeness, ranks_within
from affinity.ranking.evidence import BOUGHT_TOGETHER, CONVERTS_FROM, POPULAR, REASON_CODES, choose_horizon, look_up_pairs
from affinity.ranking.fallback import fill_with_popular
from affinity.ranking.kinds import name_kinds_owned
from affinity.ranking.reasons import Buyers
from affinity.ranking.sentences import Evidence, ReasonWriter
from affinity.settings import RankingSettings
from affinity.statistics.elementary import exp
from affinity.tables.contributions import Contributions
from affinity.tables.conversion import Conversion
from affinity.tables.eligibility import Eligibility
from affinity.tables.fit_model import Candidates, FitModel
from affinity.tables.holdings import Holdings
from affinity.tables.pair_graph import PairGraph
from affinity.tables.products import Products
from affinity.tables.recommendations import Recommendations
from affinity.tables.sentences import Sentences

#: The horizon of the reasons where no model says another.
DEFAULT_HORIZON_DAYS = 90

#: Whose popularity stood in for evidence: the model's (recent purchases count more), of the segment, category or shop.
SCORED, SEGMENT, CATEGORY, SHOP = LEVELS = ("scored", "segment", "category", "shop")


@dataclass(frozen=True, eq=False)
class Shelf:
    """What may be put on a list and how: the products, who may be offered what, the settings."""

    products: Products
    eligibility: Eligibility | None
    settings: RankingSettings
    top_k: int
    likeness: Likeness


@dataclass(frozen=True, eq=False)
class Chosen:
    """Recommended rows in their order: customer, product, fit (NaN: not a candidate), the candidates' row (−1: none), and
    the segment that it is popular in (−1: none)."""

    customer: np.ndarray
    product: np.ndarray
    fit: np.ndarray
    row: np.ndarray
    segment: np.ndarray


@dataclass(frozen=True, eq=False)
class Reasons:
    """Of each row: the owned product that speaks for it (−1 none), and its reason (int8, a place in REASON_CODES)."""

    because: np.ndarray
    code: np.ndarray


def rank_candidates(
    candidates: Candidates,
    *,
    graph: PairGraph,
    conversion: Conversion | None,
    eligibility: Eligibility | None,
    holdings: Holdings,
    products: Products,
    top_k: int = 10,
    settings: RankingSettings | None = None,
    model: FitModel | None = None,
    rank_by: Literal["fit", "expected_value"] = "fit",
    who: np.ndarray | None = None,
    buyers: Buyers | None = None,
    just_bought: np.ndarray | None = None,
    explainer: Callable[[Recommendations], Contributions] | None = None,
) -> Recommendations:
    """The ``top_k`` best eligible candidates of every customer (or of ``who``, int32 codes), each with its reason.

    Order: the candidates' own (fit falls with rank); ``rank_by="expected_value"`` sorts by fit × margin. Owned products
    and those that are not eligible are never shown. ``settings.diversity`` and ``settings.max_per_category`` change
    which are shown, not their order. What value, diversity and caps cost stands in ``info``: shown, the rows with a
    fit; fit_shown, the sum of their fit; fit_given_up, by how much it is less than by fit alone. Where
    candidates run out, products with the most buyers fill the list (fit NaN); so they do for customers without orders, who
    get first what is popular in their segment (``buyers.segments``). A product that was never sold is never shown.

    because and reason_code, for the owned product with the largest contribution whose measured pair supports it:
      converts_from   : its shrunk hazard ratio towards the product is above 1 (5 % bound)
      bought_together : else, its shrunk basket lift is above 1 (5 % bound)
      popular         : no owned product has either; because is −1, is_fallback True, fallback_level says whose
    A pair needs ``settings.min_evidence`` converted customers, or orders with both; ``settings.require_evidence`` leaves
    out what is only popular. An owned product of the same family speaks for an upsell only, by the meaning of ``kind``, and
    the sentence says "same family": no cross-sell rests on such a pair.
    model  : gives the horizon of the figures and the calibration note in ``info``
    buyers : of each product, in the whole shop; None: in ``holdings``
    """
    settings = settings or RankingSettings()
    _require_margins(products, rank_by)
    candidates.products.require_same(holdings.products)
    buyers = buyers or Buyers.of(holdings)
    horizon = choose_horizon(conversion, model.horizon_days if model else DEFAULT_HORIZON_DAYS)
    evidence = Evidence(graph, conversion, horizon, settings.min_evidence, just_bought)
    shelf = Shelf(products, eligibility, settings, top_k, describe_likeness(products, model))
    chosen, info = _choose(candidates, evidence, shelf, rank_by)
    if not settings.require_evidence:
        chosen = _fill(chosen, holdings, buyers, shelf, np.arange(len(holdings.customers)) if who is None else who)
    reasons = _choose_reasons(candidates, chosen, evidence)
    if model is not None:
        info["calibration_note"] = model.calibration.note
        info["fit_horizon_days"] = model.horizon_days
    level = np.where(chosen.row >= 0, LEVELS.index(SCORED), LEVELS.index(SHOP))
    level[chosen.segment >= 0] = LEVELS.index(SEGMENT)
    level[reasons.because >= 0] = -1
    return Recommendations(
        customer=chosen.customer,
        rank=ranks_within(chosen.customer),
        product=chosen.product,
        fit=chosen.fit,
        because=reasons.because,
        reason_code=WordColumn.of(reasons.code, REASON_CODES),
        reason=Sentences(
            chosen.customer,
            chosen.product,
            reasons.because,
            chosen.segment.astype(np.int32),
            ReasonWriter(evidence, holdings, products, buyers),
        ),
        is_fallback=reasons.because < 0,
        score=_at(candidates.score, chosen.row),
        fallback_level=WordColumn.of(level, LEVELS),
        kind=name_kinds_owned(chosen.customer, chosen.product, holdings=holdings, products=products, eligibility=eligibility),
        customers=holdings.customers,
        products=holdings.products,
        info=info | {"reason_horizon_days": horizon, "rank_by": rank_by},
        explainer=explainer,
    )


def _require_margins(products: Products, rank_by: str) -> None:
    if rank_by == "expected_value" and np.isnan(products.margin).all():
        raise SettingsError(
            "rank_by='expected_value' needs margins, and no product has one.",
            why="Expected value is fit × margin.",
            do="Give products with a margin column, or rank_by='fit'.",
        )


def _choose(candidates: Candidates, evidence: Evidence, shelf: Shelf, rank_by: str) -> tuple[Chosen, dict[str, object]]:
    """The best ``top_k`` eligible candidates of each customer, and what value, diversity and caps cost."""
    customer = candidates.customer
    keep = ~(candidates.fit < shelf.settings.min_fit)  # unknown fit stays
    if shelf.eligibility is not None:
        keep &= shelf.eligibility.allowed(customer, candidates.product)
    rows = np.flatnonzero(keep)
    if shelf.settings.require_evidence:
        rows = rows[_choose_reasons(candidates, _chosen(candidates, customer, rows), evidence).because >= 0]
    by_fit = rows[ranks_within(customer[rows]) <= shelf.top_k]
    if rank_by == "fit":
        value = _worth(candidates, customer, rows)
    else:
        margin = shelf.products.margin[candidates.product[rows]]
        value = np.where(np.isnan(margin), -np.inf, candidates.fit[rows] * margin)
        order = np.lexsort((candidates.product[rows], -value, customer[rows]))
        rows, value = rows[order], value[order]
    places = choose_rows(
        customer[rows],
        candidates.product[rows],
        value,
        top_k=shelf.top_k,
        settings=shelf.settings,
        likeness=shelf.likeness,
    )
    shown = rows[places]
    fit_shown = float(np.nansum(candidates.fit[shown]))
    info: dict[str, object] = {
        "shown": int(np.count_nonzero(~np.isnan(candidates.fit[shown]))),
        "fit_shown": fit_shown,
        "fit_given_up": float(np.nansum(candidates.fit[by_fit])) - fit_shown,
    }
    return _chosen(candidates, customer, shown), info


def _worth(candidates: Candidates, customer: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """float64: fit, or where no probability was learnt exp(score − the customer's best score)."""
    fit = candidates.fit[rows]
    if not np.isnan(fit).any():
        return fit
    best = np.full(len(candidates.customers), -np.inf)
    np.maximum.at(best, customer[rows], candidates.score[rows])
    return np.where(np.isnan(fit), exp(candidates.score[rows] - best[customer[rows]]), fit)


def _chosen(candidates: Candidates, customer: np.ndarray, rows: np.ndarray) -> Chosen:
    return Chosen(customer[rows], candidates.product[rows], candidates.fit[rows], rows, np.full(len(rows), -1))


def _at(column: np.ndarray, row: np.ndarray) -> np.ndarray:
    """float64: column[row], NaN where the row is −1."""
    found = np.full(len(row), np.nan)
    found[row >= 0] = column[row[row >= 0]]
    return found


def _fill(chosen: Chosen, holdings: Holdings, buyers: Buyers, shelf: Shelf, who: np.ndarray) -> Chosen:
    customer, product, segment = fill_with_popular(
        chosen.customer,
        chosen.product,
        holdings=holdings,
        eligibility=shelf.eligibility,
        buyers=buyers,
        top_k=shelf.top_k,
        who=who,
        category=shelf.likeness.category,
        settings=shelf.settings,
    )
    if len(customer) == 0:
        return chosen
    every = np.concatenate([chosen.customer, customer])
    order = np.argsort(every, kind="stable")
    return Chosen(
        every[order],
        np.concatenate([chosen.product, product])[order],
        np.concatenate([chosen.fit, np.full(len(customer), np.nan)])[order],
        np.concatenate([chosen.row, np.full(len(customer), -1)])[order],
        np.concatenate([chosen.segment, segment])[order],
    )


def _choose_reasons(candidates: Candidates, chosen: Chosen, evidence: Evidence) -> Reasons:
    """The owned product with the largest contribution whose measured pair supports the row, where there is one."""
    terms = candidates.antecedent if candidates.antecedent is not None else candidates.because[:, None]
    owned = np.full((len(chosen.row), terms.shape[1]), -1, dtype=np.int32)
    owned[chosen.row >= 0] = terms[chosen.row[chosen.row >= 0]]
    return support_reasons(owned, chosen.product, evidence)


def support_reasons(owned: np.ndarray, product: np.ndarray, evidence: Evidence) -> Reasons:
    """The first of ``owned`` (int32[n, most], best first, −1 none) whose measured pair with ``product`` speaks for it."""
    found = look_up_pairs(
        owned.ravel(),
        np.repeat(product, owned.shape[1]),
        graph=evidence.graph,
        conversion=evidence.conversion,
        horizon_days=evidence.horizon_days,
        min_evidence=evidence.min_evidence,
    )
    supported = ((found.converts | found.together) & (owned.ravel() >= 0)).reshape(owned.shape)
    place = np.argmax(supported, axis=1)  # the first, that is the largest contribution
    some = supported[np.arange(len(place)), place]
    chosen = np.arange(len(place)) * owned.shape[1] + place
    because = np.where(some, owned[np.arange(len(place)), place], -1).astype(np.int32)
    pair = np.where(found.converts[chosen], REASON_CODES.index(CONVERTS_FROM), REASON_CODES.index(BOUGHT_TOGETHER))
    return Reasons(because, np.where(some, pair, REASON_CODES.index(POPULAR)).astype(np.int8))
