"""What to show each customer: eligible candidates by fit, each with a measured reason, popular ones to fill up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from affinity.errors import SettingsError
from affinity.ranking.evidence import BOUGHT_TOGETHER, CONVERTS_FROM, POPULAR, PairEvidence, choose_horizon, look_up_pairs
from affinity.ranking.fallback import fill_with_popular
from affinity.ranking.reasons import describe_ownership, describe_pairs, describe_popularity, product_names
from affinity.settings import RankingSettings
from affinity.tables.conversion import Conversion
from affinity.tables.eligibility import Eligibility
from affinity.tables.fit_model import Candidates, FitModel
from affinity.tables.holdings import Holdings
from affinity.tables.pair_graph import PairGraph
from affinity.tables.products import Products
from affinity.tables.recommendations import Recommendations

#: The horizon of the reasons where no model says another.
DEFAULT_HORIZON_DAYS = 90


@dataclass(frozen=True, eq=False)
class Chosen:
    """Recommended rows in their order: customer, product, fit (NaN: not a candidate) and the candidates' row (−1: none)."""

    customer: np.ndarray
    product: np.ndarray
    fit: np.ndarray
    row: np.ndarray


@dataclass(frozen=True, eq=False)
class Reasons:
    """Of each row: the owned product that speaks for it (−1 none), the reason code, the evidence of the pair."""

    because: np.ndarray
    code: np.ndarray
    evidence: PairEvidence


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
) -> Recommendations:
    """The ``top_k`` best eligible candidates of every customer with a purchase, each with its reason.

    Order: the candidates' own (fit falls with rank); ``rank_by="expected_value"`` sorts by fit × margin, and
    ``info["fit_given_up"]`` says what that costs, Σ fit by fit − Σ fit by value. Owned products and those that are
    not eligible are never shown. Where candidates run out, products with the most buyers fill the list (fit NaN).

    because and reason_code, for the owned product with the largest contribution whose measured pair supports it:
      converts_from   : its shrunk hazard ratio towards the product is above 1 (5 % bound)
      bought_together : else, its shrunk basket lift is above 1 (5 % bound)
      popular         : no owned product has either; because is −1 and is_fallback True
    model : gives the horizon of the figures and the calibration note in ``info``.
    """
    settings = settings or RankingSettings()
    _require_margins(products, rank_by)
    candidates.products.require_same(holdings.products)
    chosen, info = _choose(candidates, eligibility, products, top_k, settings.min_fit, rank_by)
    buyers = np.bincount(holdings.product, minlength=len(holdings.products))
    chosen = _fill(chosen, holdings, eligibility, buyers, top_k)
    horizon = choose_horizon(conversion, model.horizon_days if model else DEFAULT_HORIZON_DAYS)
    reasons = _choose_reasons(candidates, chosen, graph, conversion, horizon)
    if model is not None:
        info["calibration_note"] = model.calibration.note
        info["fit_horizon_days"] = model.horizon_days
    return Recommendations(
        customer=chosen.customer,
        rank=_ranks(chosen.customer),
        product=chosen.product,
        fit=chosen.fit,
        because=reasons.because,
        reason_code=reasons.code,
        reason=_write_reasons(chosen, reasons, graph, conversion, holdings, products),
        is_fallback=reasons.because < 0,
        customers=holdings.customers,
        products=holdings.products,
        info=info | {"reason_horizon_days": horizon, "rank_by": rank_by},
    )


def _require_margins(products: Products, rank_by: str) -> None:
    if rank_by == "expected_value" and np.isnan(products.margin).all():
        raise SettingsError(
            "rank_by='expected_value' needs margins, and no product has one.",
            why="Expected value is fit × margin.",
            do="Give products with a margin column, or rank_by='fit'.",
        )


def _choose(
    candidates: Candidates, eligibility: Eligibility | None, products: Products, top_k: int, min_fit: float, rank_by: str
) -> tuple[Chosen, dict[str, object]]:
    """The best ``top_k`` eligible candidates of each customer."""
    customer = candidates.customer
    keep = ~(candidates.fit < min_fit)  # unknown fit stays
    if eligibility is not None:
        keep &= eligibility.allowed(customer, candidates.product)
    rows = np.flatnonzero(keep)
    by_fit = rows[_ranks(customer[rows]) <= top_k]
    if rank_by == "fit":
        return _chosen(candidates, customer, by_fit), {}
    margin = products.margin[candidates.product[rows]]
    value = np.where(np.isnan(margin), -np.inf, candidates.fit[rows] * margin)
    rows = rows[np.lexsort((candidates.product[rows], -value, customer[rows]))]
    by_value = rows[_ranks(customer[rows]) <= top_k]
    given_up = float(np.nansum(candidates.fit[by_fit]) - np.nansum(candidates.fit[by_value]))
    return _chosen(candidates, customer, by_value), {"fit_given_up": given_up}


def _chosen(candidates: Candidates, customer: np.ndarray, rows: np.ndarray) -> Chosen:
    return Chosen(customer[rows], candidates.product[rows], candidates.fit[rows], rows)


def _ranks(customer: np.ndarray) -> np.ndarray:
    """int32 position from 1 within each run of equal customers."""
    place = np.arange(len(customer))
    starts = np.concatenate([[True], customer[1:] != customer[:-1]]) if len(customer) else np.zeros(0, dtype=bool)
    return (place - np.maximum.accumulate(np.where(starts, place, 0)) + 1).astype(np.int32)


def _fill(chosen: Chosen, holdings: Holdings, eligibility: Eligibility | None, buyers: np.ndarray, top_k: int) -> Chosen:
    customer, product = fill_with_popular(
        chosen.customer, chosen.product, holdings=holdings, eligibility=eligibility, buyers=buyers, top_k=top_k
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
    )


def _choose_reasons(
    candidates: Candidates, chosen: Chosen, graph: PairGraph, conversion: Conversion | None, horizon_days: int
) -> Reasons:
    """The owned product with the largest contribution whose measured pair supports the row, where there is one."""
    terms = candidates.antecedent if candidates.antecedent is not None else candidates.because[:, None]
    owned = np.full((len(chosen.row), terms.shape[1]), -1, dtype=np.int32)
    owned[chosen.row >= 0] = terms[chosen.row[chosen.row >= 0]]
    product = np.repeat(chosen.product, terms.shape[1])
    found = look_up_pairs(owned.ravel(), product, graph=graph, conversion=conversion, horizon_days=horizon_days)
    supported = ((found.converts | found.together) & (owned.ravel() >= 0)).reshape(owned.shape)
    place = np.argmax(supported, axis=1)  # the first, that is the largest contribution
    some = supported[np.arange(len(place)), place]
    evidence = found.take(np.arange(len(place)) * terms.shape[1] + place)
    because = np.where(some, owned[np.arange(len(place)), place], -1).astype(np.int32)
    code = np.full(len(place), POPULAR, dtype=object)
    code[some] = np.where(evidence.converts[some], CONVERTS_FROM, BOUGHT_TOGETHER)
    return Reasons(because, code, evidence)


def _write_reasons(
    chosen: Chosen,
    reasons: Reasons,
    graph: PairGraph,
    conversion: Conversion | None,
    holdings: Holdings,
    products: Products,
) -> np.ndarray:
    """object: the sentence of each row."""
    names = product_names(products)
    text = np.empty(len(chosen.product), dtype=object)
    known = np.flatnonzero(reasons.because >= 0)
    popular = np.flatnonzero(reasons.because < 0)
    text[popular] = describe_popularity(chosen.product[popular], holdings)
    because, product = reasons.because[known], chosen.product[known]
    owns = describe_ownership(chosen.customer[known], because, holdings=holdings, names=names)
    measured = describe_pairs(
        because, product, reasons.code[known], reasons.evidence.take(known), graph=graph, conversion=conversion, names=names
    )
    text[known] = [f"{own}: {what}" for own, what in zip(owns, measured)]
    return text
