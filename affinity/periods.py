"""The same shop at several times: its metrics and its metric tree in two windows, and around interventions.

One reading of the inputs serves all of them; what is looked at in a window is what was known at its end. A customer's
segment column keeps the value known last; bands such as tenure are of the window's end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from affinity.contexts import Facts
from affinity.errors import InputError, MissingPart
from affinity.history import History, look_back
from affinity.ingest import read_interventions
from affinity.metrics import Facts as MetricFacts
from affinity.metrics import measure_facts
from affinity.metrics.tree import check_intervention, compare_metric_trees
from affinity.settings import Settings
from affinity.steps import gather_facts, judge_customers, measure_tree, read_facts, read_past
from affinity.tables import Metrics
from affinity.tables.interventions import Impact, Impacts, Intervention
from affinity.tables.metric_tree import MetricTree, TreeChange

#: Windows before the last one that the best in history is looked for in.
HISTORY = 4


@dataclass(frozen=True)
class Window:
    """The days [first, end), as days since the epoch."""

    first: int
    end: int

    @property
    def days(self) -> int:
        """How many."""
        return self.end - self.first

    def __str__(self) -> str:
        return f"{np.datetime64(self.first, 'D')}/{np.datetime64(self.end, 'D')}"


@dataclass(frozen=True)
class ShopTimes:
    """A shop as it was read, to be looked at as of several days."""

    past: History
    facts: Facts
    settings: Settings

    @property
    def last(self) -> Window:
        """The window before as_of; MissingPart without dates."""
        end = self.past.lines.as_of_day
        if end is None:
            raise MissingPart(
                "The order lines have no dates, so there are no windows to look at.", do="Give a column ordered_at."
            )
        return Window(end - self.settings.metrics.window_days, end)

    def windows_before(self, most: int) -> list[Window]:
        """At most ``most`` windows of the same length before the last, the latest first, all of them inside the data."""
        last, first_day = self.last, self.past.first_day or 0
        ends = [last.end - last.days * step for step in range(1, most + 1)]
        return [Window(end - last.days, end) for end in ends if end - last.days > first_day]

    def at(self, window: Window) -> tuple[History, Settings]:
        """What was known at the end of ``window``, and the settings with its length."""
        settings = self.settings.changed(metrics={"window_days": window.days})
        if window.end == self.past.lines.as_of_day:
            return self.past, settings
        return look_back(self.past.gross, np.datetime64(window.end, "D").astype(dt.date), with_steps=False), settings

    def tree(self, window: Window, by: Iterable[str] = (), *, through_offers: bool = True) -> MetricTree:
        """The metric tree of ``window``; MissingPart without customers, dates or prices."""
        seen, settings = self._gather(window)
        return measure_tree(seen, settings, by, through_offers=through_offers)

    def trees(self, windows: Iterable[Window], by: Iterable[str] = ()) -> list[MetricTree]:
        """Their trees, alike: where one of them has no offers that can be judged, all are of all cross-sell."""
        windows, by = tuple(windows), tuple(by)
        found = [self.tree(window, by) for window in windows]
        if len({tree.root.definition for tree in found}) == 1:
            return found
        note = "all cross-sell, as not every window has offers that can be judged: reach left out"
        trees = [self.tree(window, by, through_offers=False) for window in windows]
        return [replace(tree, notes=(note, *tree.notes)) for tree in trees]

    def history(self, tree: MetricTree, by: Iterable[str] = ()) -> list[MetricTree]:
        """The trees of the windows before the last that are of the same definition as ``tree``, the latest first."""
        found = [self.tree(window, by) for window in self.windows_before(HISTORY)]
        return [old for old in found if old.root.definition == tree.root.definition]

    def metrics(self, window: Window | None = None, by: Iterable[str] = ()) -> Metrics:
        """The named metrics of ``window``; None: of the last, or of everything where there are no dates."""
        return measure_facts(self._gather(window)[0], tuple(by))

    def _gather(self, window: Window | None) -> tuple[MetricFacts, Settings]:
        """What is counted from in ``window``, and the settings with its length."""
        then, settings = (self.past, self.settings) if window is None else self.at(window)
        return gather_facts(then, self.facts, settings, judge_customers(then, self.facts, settings)), settings


def read_times(
    orders: Any,
    *,
    offers: Any = None,
    products: Any = None,
    customers: Any = None,
    subscriptions: Any = None,
    settings: Settings | None = None,
) -> ShopTimes:
    """The shop read once, with what else is known (paths or dataframes, or None)."""
    settings = settings or Settings()
    past = read_past(orders, settings)
    return ShopTimes(past, read_facts(past, offers, products, customers, subscriptions), settings)


def read_period(text: str, times: ShopTimes) -> Window:
    """The window that ``text`` means: "previous" (the equally long one before the last), "year-ago" (the same days a year
    before), "2011-03-01" (the equally long one before that day) or "2011-01-01/2011-04-01" (the end not included).

    Raises InputError for another text, and for a window that is not inside the data.
    """
    last = times.last
    if text in ("previous", "year-ago"):
        back = last.days if text == "previous" else 365
        window = Window(last.first - back, last.end - back)
    else:
        first, _, end = text.rpartition("/")
        try:
            ends = _day_of(end)
            window = Window(_day_of(first) if first else ends - last.days, ends)
        except ValueError:
            raise InputError(
                f"{text!r} is no period.", do="Write previous, year-ago, 2011-03-01 or 2011-01-01/2011-04-01."
            ) from None
    begin = times.past.first_day or 0
    if window.days < 1 or window.first < begin or window.end > last.end:
        raise InputError(
            f"The period {window} is not inside the data, {Window(begin, last.end)}.",
            why="What was not recorded cannot be compared.",
            do="Name a period inside, or a shorter window (metrics.window_days).",
        )
    return window


def _day_of(text: str) -> int:
    """Days since the epoch of an ISO date; ValueError for anything else."""
    return (dt.date.fromisoformat(text.strip()) - dt.date(1970, 1, 1)).days


def describe_mismatch(before: Window, after: Window) -> str | None:
    """What makes two windows hard to compare: days of both in common, or different lengths; None where nothing does."""
    shared = min(before.end, after.end) - max(before.first, after.first)
    if shared > 0:
        return f"The periods {before} and {after} have {shared} days in common: part of the change is hidden."
    if before.days != after.days:
        return (
            f"The periods have {before.days} and {after.days} days: sums, and shares that grow with time, differ by that alone."
        )
    return None


def explain_change(past: History, facts: Facts, settings: Settings, tree: MetricTree) -> TreeChange:
    """What moved ``tree``, that of the window before as_of, since the equally long window before it.

    Raises MissingPart where the data do not reach back so far.
    """
    times = ShopTimes(past, facts, settings)
    earlier = times.windows_before(1)
    if not earlier:
        raise MissingPart(
            f"The data begin after the start of the window before {times.last}, so there is nothing to compare it with.",
            do="Give a longer history, or a shorter window (metrics.window_days).",
        )
    before = times.tree(earlier[0])
    if before.root.definition != tree.root.definition:
        before, tree = times.trees((earlier[0], times.last))
    return compare_metric_trees(before, tree)


def build_metric_tree(
    orders: Any,
    *,
    by: str | Iterable[str] = (),
    offers: Any = None,
    products: Any = None,
    customers: Any = None,
    owners: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    **changes: Any,
) -> MetricTree:
    """Cross-sell revenue over its drivers, of the window before as_of: eligible customers × reach × conversion × value each.

    by     : segment columns, crossed where there are several; by default those of the metrics (tenure)
    offers : without an offer log reach is dropped, and conversion is bought / eligible
    owners : node name -> who answers for it

    Two trees are compared by `affinity.compare_metric_trees`. Raises MissingPart where the orders lack customers, dates or
    prices.

    >>> import affinity as af, pandas as pd
    >>> orders = pd.DataFrame(af.make_shop(seed=3, customers=600).orders)
    >>> tree = af.build_metric_tree(orders, as_of="2024-06-01", owners={"conversion": "customer success"})
    >>> before = af.build_metric_tree(orders, as_of="2024-03-03")
    >>> change = af.compare_metric_trees(before, tree)
    >>> parts = sum(change.contribution_of(name) for name in tree.root.parts) + float(change.came_or_went[0])
    >>> abs(change.change - parts) < 1e-6
    True
    """
    settings = (settings or Settings()).changed(**changes)
    if owners:
        settings = settings.changed(metrics={"owners": dict(owners)})
    times = read_times(orders, offers=offers, products=products, customers=customers, settings=settings)
    return times.tree(times.last, (by,) if isinstance(by, str) else tuple(by))


def check_interventions(
    orders: Any,
    interventions: Any,
    *,
    by: str | Iterable[str] = (),
    offers: Any = None,
    products: Any = None,
    customers: Any = None,
    settings: Settings | None = None,
    **changes: Any,
) -> Impacts:
    """What each recorded intervention's node did afterwards, labelled by how far that shows an effect.

    interventions : a .toml, .json or .csv file, or mappings (see `affinity.read_interventions`); their segments are labels
                    of ``by``

    The window before the day is held against the window from it on, as far as observed. Labels: randomised,
    difference_in_differences, before_after_unverified, not_yet_observed.
    """
    settings = (settings or Settings()).changed(**changes)
    times = read_times(orders, offers=offers, products=products, customers=customers, settings=settings)
    return Impacts(tuple(check_all(times, read_interventions(interventions), (by,) if isinstance(by, str) else tuple(by))))


def check_all(times: ShopTimes, interventions: Iterable[Intervention], by: tuple[str, ...]) -> list[Impact]:
    """The `Impact` of each intervention."""
    interventions, last = tuple(interventions), times.last
    found = []
    for one in interventions:
        observed = min(last.end - one.day, last.days)
        before = Window(one.day - last.days, one.day) if observed > 0 else last
        if before.first < (times.past.first_day or 0):
            raise InputError(
                f"{one.what!r} of {np.datetime64(one.day, 'D')} has no window of {last.days} days before it in the data.",
                why="There is nothing to hold it against.",
                do="Leave it out, or use a shorter window (metrics.window_days).",
            )
        was, now = times.trees((before, Window(one.day, one.day + observed) if observed > 0 else before), by)
        near = [other for other in interventions if before.first <= other.day < one.day + max(observed, 1)]
        found.append(check_intervention(one, was, now, observed_days=observed, others=near))
    return found
