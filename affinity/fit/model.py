"""Learning the fit model: edges as of now, the blend and the probability from landmarks of the past."""

from __future__ import annotations

from collections.abc import Iterable

from affinity.fit.blend import as_mapping
from affinity.fit.calibrate import report_calibration
from affinity.fit.closed_form import Edges
from affinity.fit.features import CUSTOMER_TERMS
from affinity.fit.probability import learn_probability, season_shift
from affinity.fit.study import landmark_day, pool_blend, solve_both, study_landmark, take_sample
from affinity.settings import FitSettings
from affinity.tables.fit_model import FitModel
from affinity.tables.landmark import Landmark
from affinity.threads import available_threads, run_together


def train_model(
    landmarks: Iterable[Landmark],
    now: Landmark,
    *,
    settings: FitSettings,
    horizon_days: int,
    threads: int | None = None,
    solved: tuple[Edges, Edges] | None = None,
) -> FitModel:
    """The fit model as of ``now``.

    Edges come from the counts at ``now``; the blend and the probability from all landmarks, each with counts before
    it and labels after it only. landmarks : the latest first; consumed one at a time.
    The calibration report compares the latest landmark with a model that knows only the landmarks whose labels end
    by then; where there is none, with the model itself, and its note says so.
    solved : what `solve_both` says of ``now``, where it was asked before; the matrices of ``now`` are then not needed
    """
    threads = threads or available_threads()
    studied, (edges, similar) = run_together(
        lambda: [study for mark in landmarks if (study := study_landmark(mark, settings, horizon_days, threads)) is not None],
        lambda: solved or solve_both(now, settings, threads),
    )
    studied.sort(key=lambda study: -study.at)
    blend = pool_blend(studied)
    probability = learn_probability([take_sample(study, blend) for study in studied])
    shift = season_shift(now.steps, landmark_day(now), horizon_days)
    calibration, info = report_calibration(studied, blend, probability, now, horizon_days)
    info |= {"landmarks": [study.at for study in studied], "season_shift": shift, "season_known": shift is not None}
    return FitModel(
        indptr=edges.indptr,
        consequent=edges.consequent,
        edge=edges.weight,
        products=now.holdings.products,
        clock=now.holdings.clock,
        half_life=now.transitions.half_life,
        blend=as_mapping(blend),
        slope=probability.slope if probability else float("nan"),
        customer_terms=dict(zip(CUSTOMER_TERMS, probability.customer_terms.tolist())) if probability else {},
        intercept=probability.intercept + (shift or 0.0) if probability else float("nan"),
        calibration=calibration,
        horizon_days=horizon_days,
        info=info,
        similar_indptr=similar.indptr,
        similar_consequent=similar.consequent,
        similar_edge=similar.weight,
    )
