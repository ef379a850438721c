"""What fit learns from: landmarks of the past, each counted as it was known then, and now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from affinity import baskets, counting, fit
from affinity.fit.closed_form import BITMAP_PRODUCTS
from affinity.history import History, look_back
from affinity.memory import require_room, scale_block
from affinity.progress import track
from affinity.settings import Settings
from affinity.tables import Candidates, Customers, FitModel, Landmark, Offers
from affinity.tables.order_lines import MICROSECONDS_A_DAY
from affinity.tables.transitions import Transitions

#: Entries of the counts that score (12 bytes each) up to which a past landmark is studied beside them.
ENTRIES_SIDE_BY_SIDE = 50_000_000
#: Holdings up to which it is, where counts are not stored.
HOLDINGS_SIDE_BY_SIDE = 5_000_000

#: Fit learns from customers who own up to so many times ``baskets.max_products_per_customer``: pairs grow with the square.
LEARNT_FROM = 10

#: Counts the transitions of a landmark, given its time, what was known then, and the half-lives and the cap.
CountTransitions = Callable[[int | None, History, dict[str, Any]], Transitions]


def count_here(at: int | None, known: History, rules: dict[str, Any]) -> Transitions:
    """The transitions of a landmark, to be counted on this machine where fit needs them.

    Of more than BITMAP_PRODUCTS products they are counted now: what counts later marks pairs in a table of all of them.
    """
    many = len(known.holdings.products) > BITMAP_PRODUCTS
    count = counting.count_transitions if many else counting.defer_transitions
    return count(known.steps, known.holdings, **rules)


def learn_fit(
    past: History,
    settings: Settings,
    now: Landmark | None = None,
    *,
    customers: Customers | None = None,
    offers: Offers | None = None,
) -> tuple[FitModel, Candidates]:
    """The fit model as of the end of ``past`` (see `learn_model`), and every customer's candidates with their fit."""
    model, now = learn_model(past, settings, now, customers=customers, offers=offers)
    return model, fit.score_candidates(model, now, candidates=settings.fit.candidates)


def learn_model(
    past: History,
    settings: Settings,
    now: Landmark | None = None,
    *,
    customers: Customers | None = None,
    offers: Offers | None = None,
    count: CountTransitions = count_here,
) -> tuple[FitModel, Landmark]:
    """The fit model as of the end of ``past``, and the counts at that end, which score.

    Counts at each landmark hold only lines before it, and train with what was newly bought in the horizon after
    it; counts at the end (``now``, counted here when not given) score. Nothing that a label says is in the counts
    that predict it.

    customers : their segment column ``settings.fit.segment``; what a customer file says of it is taken to have been the
                same at earlier landmarks, what the order lines say is what those before the landmark say
    offers    : what a customer was offered in the horizon of a landmark is neither a purchase nor none to learn from:
                fit is the probability of buying without an offer
    count     : where transitions are counted
    """
    now = _tell_segments(now or _landmark(None, past, settings, count), customers, settings)

    def recall(at: int) -> Landmark:
        then, landmark = look_back_to(at, past, settings, count)
        landmark = _tell_segments(landmark, recall_customers(customers, settings, past, then), settings)
        return replace(landmark, offered=_offered_in(offers, at, settings.horizon_days))

    earlier = (recall(at) for at in track(plan_times(past, settings), "landmarks"))
    solved = None
    budget = settings.memory_budget
    require_room(budget, "learning fit", fit.solving_bytes(now, settings.fit.support_per_target))
    deferred = now.transitions.lists is not None
    size, most = (len(now.holdings), HOLDINGS_SIDE_BY_SIDE) if deferred else (now.transitions.entries, ENTRIES_SIDE_BY_SIDE)
    if size > scale_block(most, budget):  # one landmark's counts in memory at a time
        solved = fit.solve_both(now, settings.fit)
        now = replace(now, transitions=now.transitions.without_pairs())
    model = fit.train_model(earlier, now, settings=settings.fit, horizon_days=settings.horizon_days, solved=solved)
    return model, replace(now, transitions=now.transitions.without_pairs())


def plan_times(past: History, settings: Settings) -> list[int]:
    """Where the past landmarks are, the latest first; none without customers or time."""
    if past.steps is None:
        return []
    lines = past.gross
    return fit.plan_landmarks(lines.clock, past.first_day or 0, lines.as_of_day or 0, settings.horizon_days)


def look_back_to(at: int, past: History, settings: Settings, count: CountTransitions = count_here) -> tuple[History, Landmark]:
    """What was known at a past time, and the landmark with what was newly bought in the horizon after it."""
    assert past.steps is not None
    then = look_back(fit.cut_lines(past.gross, at))
    known = _landmark(at, then, settings, count)
    labels = fit.label_purchases(past.steps, then.holdings, at=at, horizon_days=settings.horizon_days)
    return then, Landmark(at, known.holdings, known.steps, known.transitions, *labels)


def recall_customers(customers: Customers | None, settings: Settings, past: History, then: History) -> Customers | None:
    """``customers``, known at the end of ``past``, as they were known at the end of ``then``, as far as fit looks at them."""
    if customers is None or settings.fit.segment is None:
        return customers
    return baskets.recall_segment(customers, settings.fit.segment, past.lines, then.lines)


def _tell_segments(landmark: Landmark, customers: Customers | None, settings: Settings) -> Landmark:
    """The landmark with the segment scores of ``customers``; unchanged where fit knows no segments."""
    if customers is None or settings.fit.segment is None:
        return landmark
    code, label = customers.segment_codes(settings.fit.segment)
    known = np.array([name is not None for name in label], dtype=bool)
    codes = np.where(known[code], code, -1).astype(np.int32)
    return replace(landmark, segment=fit.score_segments(landmark.holdings, codes))


def _offered_in(offers: Offers | None, at: int | None, horizon_days: int) -> tuple[np.ndarray, np.ndarray] | None:
    """(customers, products) codes of the offers made in [at, at + horizon_days); None without a dated log."""
    if offers is None or offers.offered_at is None or at is None or at < 0:
        return None
    day = offers.offered_at // MICROSECONDS_A_DAY
    made = (day >= at) & (day < at + horizon_days) & offers.treated & (offers.customer >= 0) & (offers.product >= 0)
    return offers.customer[made], offers.product[made]


def _landmark(at: int | None, known: History, settings: Settings, count: CountTransitions) -> Landmark:
    chosen, days = settings.fit, known.lines.clock != "order"
    rules: dict[str, Any] = {
        "half_life": chosen.half_life_days if days else chosen.half_life_orders,
        "co_owned_half_life": chosen.co_owned_half_life_days if days else chosen.co_owned_half_life_orders,
        "row_half_life": chosen.row_half_life_days if days else chosen.row_half_life_orders,
        "lasting_half_life": chosen.lasting_half_life_days if days else chosen.lasting_half_life_orders,
        "max_products_per_customer": LEARNT_FROM * settings.baskets.max_products_per_customer,
    }
    transitions = count(at, known, rules)
    return Landmark(at, known.holdings, known.steps, transitions)
