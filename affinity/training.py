"""What fit learns from: landmarks of the past, each counted as it was known then, and now."""

from __future__ import annotations

from collections.abc import Iterator

from affinity import counting, fit
from affinity.fit import Landmark
from affinity.history import History, look_back
from affinity.progress import track
from affinity.settings import Settings
from affinity.tables import Candidates, FitModel


def learn_fit(past: History, settings: Settings) -> tuple[FitModel, Candidates]:
    """The fit model as of the end of ``past``, and every customer's candidates with their fit.

    Counts at each landmark hold only lines before it, and train with what was newly bought in the horizon after
    it; counts at the end score. Nothing that a label says is in the counts that predict it.
    """
    now = _landmark(None, past, settings)
    model = fit.train_model(_landmarks(past, settings), now, settings=settings.fit, horizon_days=settings.horizon_days)
    return model, fit.score_candidates(model, now, candidates=settings.fit.candidates)


def _landmarks(past: History, settings: Settings) -> Iterator[Landmark]:
    lines, first, steps = past.gross, past.first_day or 0, past.steps
    if steps is None:
        return
    for at in track(fit.plan_landmarks(lines.clock, first, lines.as_of_day or 0, settings.horizon_days), "landmarks"):
        then = _landmark(at, look_back(fit.cut_lines(lines, at)), settings)
        labels = fit.label_purchases(steps, then.holdings, at=at, horizon_days=settings.horizon_days)
        yield Landmark(at, then.holdings, then.steps, then.transitions, *labels)


def _landmark(at: int | None, known: History, settings: Settings) -> Landmark:
    chosen, days = settings.fit, known.lines.clock != "order"
    transitions = counting.count_transitions(
        known.steps,
        known.holdings,
        half_life=chosen.half_life_days if days else chosen.half_life_orders,
        co_owned_half_life=chosen.co_owned_half_life_days if days else chosen.co_owned_half_life_orders,
        row_half_life=chosen.row_half_life_days if days else chosen.row_half_life_orders,
    )
    return Landmark(at, known.holdings, known.steps, transitions)
