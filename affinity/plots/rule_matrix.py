"""Association rules as a grouped matrix: consequents down, groups of alike antecedents across (Hahsler & Karpienko 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.errors import SettingsError
from affinity.plots.figure import log_ticks, new_figure, plain_axes, shorten
from affinity.tables import Rules


def plot_rule_matrix(rules: Rules, *, groups: int = 12, consequents: int = 20) -> Any:
    """Which consequents which kinds of antecedents lead to; a matplotlib Figure.

    Antecedents with alike lift towards the consequents stand in one of at most ``groups`` columns (average-linkage clusters of
    their rows of log lift); a balloon is the rules of a cell: area their greatest support, colour their median lift (log
    scale). Consequents are the ``consequents`` that most rules lead to. Source: Hahsler & Karpienko 2017, "Visualizing
    association rules in hierarchical groups". Raises SettingsError for fewer than one group or consequent.
    """
    if groups < 1 or consequents < 1:
        raise SettingsError(f"groups={groups}, consequents={consequents}: neither can be below 1.", do="Give 1 or more.")
    cells = _Cells(rules, consequents)
    figure = new_figure(11.0, max(4.0, 2.6 + 0.3 * len(cells.consequents)))
    hidden = f", those to the {len(cells.consequents)} most frequent consequents" if cells.cut else ""
    axes = plain_axes(figure, "Association rules in groups", f"{len(cells.row):,} of {len(rules):,} rules{hidden}")
    if not len(cells.row):
        axes.text(0.5, 0.5, "No rules.", ha="center", transform=axes.transAxes)
        return figure
    group = cells.group_antecedents(groups)
    _draw_balloons(figure, axes, cells, group)
    return figure


class _Cells:
    """The rules to the shown consequents: row, code of the antecedent set and of the consequent set, lift and support."""

    def __init__(self, rules: Rules, most: int) -> None:
        self.rules = rules
        antecedent, self.antecedent_sets = _codes(rules.antecedent_indptr, rules.antecedent_item)
        consequent, sets = _codes(rules.consequent_indptr, rules.consequent_item)
        rules_to = np.bincount(consequent, minlength=len(sets))
        shown = np.argsort(-rules_to, kind="stable")[:most]
        place = np.full(len(sets), -1)
        place[shown] = np.arange(len(shown))
        self.row = np.flatnonzero(place[consequent] >= 0)
        self.cut = len(self.row) < len(rules)
        self.antecedent, self.consequent = antecedent[self.row], place[consequent[self.row]]
        self.consequents = [_name(rules, sets[code]) for code in shown.tolist()]
        xy, x, y = (column[self.row].astype(np.float64) for column in (rules.n_xy, rules.n_x, rules.n_y))
        self.lift, self.support = rules.n * xy / (x * y), xy / max(rules.n, 1)

    def group_antecedents(self, groups: int) -> np.ndarray:
        """int[n_sets]: the column of each antecedent set, the columns in falling order of their median lift."""
        used, code = np.unique(self.antecedent, return_inverse=True)
        table = np.zeros((len(used), len(self.consequents)))
        table[code, self.consequent] = np.log(np.maximum(self.lift, 1e-9))
        cluster = np.arange(len(used)) if len(used) <= groups else _clusters(table, groups)
        lift = [float(np.median(self.lift[cluster[code] == one])) for one in range(cluster.max() + 1)]
        place = np.empty(len(lift), dtype=np.int64)
        place[np.argsort([-value for value in lift], kind="stable")] = np.arange(len(lift))
        of_set = np.full(len(self.antecedent_sets), -1)
        of_set[used] = place[cluster]
        return of_set

    def name_group(self, group: np.ndarray, one: int) -> str:
        """The product that most of its antecedents' rules hold, and how many antecedent sets there are."""
        inside = self.antecedent[group[self.antecedent] == one]
        items = [item for code in inside.tolist() for item in self.antecedent_sets[code]]
        first = int(np.bincount(items).argmax())
        sets = len(set(inside.tolist()))
        label = shorten(self.rules.products.labels[first], 22)
        return label if sets == 1 and len(self.antecedent_sets[inside[0]]) == 1 else f"{label}  +{sets - 1}"


def _clusters(table: np.ndarray, groups: int) -> np.ndarray:
    """int[n]: average-linkage clusters 0, 1, … of the rows; beyond 2,000 rows by k-means, whose memory is linear."""
    if len(table) <= 2_000:
        from scipy.cluster.hierarchy import fcluster, linkage

        found = fcluster(linkage(table, "average"), groups, criterion="maxclust")
    else:
        from scipy.cluster.vq import kmeans2

        found = kmeans2(table, groups, minit="++", rng=np.random.default_rng(0))[1]
    return np.unique(found, return_inverse=True)[1]


def _codes(indptr: np.ndarray, item: np.ndarray) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """int64[n] code of each row's set of items, and the sets in the order of their first row."""
    number: dict[tuple[int, ...], int] = {}
    bounds = indptr.tolist()
    items = item.tolist()
    rows = [tuple(items[first:last]) for first, last in zip(bounds, bounds[1:])]
    code = np.fromiter((number.setdefault(row, len(number)) for row in rows), dtype=np.int64, count=len(rows))
    return code, list(number)


def _name(rules: Rules, items: tuple[int, ...]) -> str:
    return shorten(" + ".join(str(rules.products.labels[item]) for item in items), 30)


def _draw_balloons(figure: Any, axes: Any, cells: _Cells, group: np.ndarray) -> None:
    from matplotlib.colors import LogNorm

    column = group[cells.antecedent]
    width = int(column.max()) + 1
    key, cell = np.unique(cells.consequent * width + column, return_inverse=True)
    lift = np.array([np.median(cells.lift[cell == i]) for i in range(len(key))])
    support = np.zeros(len(key))
    np.maximum.at(support, cell, cells.support)
    low, high = float(lift.min()), float(lift.max())
    area = 30 + 370 * support / support.max()
    marks = axes.scatter(
        key % width, key // width, s=area, c=lift, cmap="viridis_r", norm=LogNorm(low, high if high > low else low * 1.01)
    )
    axes.set_xticks(
        range(width), [cells.name_group(group, one) for one in range(width)], rotation=40, ha="right", rotation_mode="anchor"
    )
    axes.set_yticks(range(len(cells.consequents)), cells.consequents)
    axes.set_xlim(-0.7, width - 0.3)
    axes.set_ylim(len(cells.consequents) - 0.3, -0.7)
    axes.set_xlabel("antecedents: the product most of the group hold, + further sets of products in it")
    axes.set_ylabel("consequent")
    bar = figure.colorbar(marks, ax=axes, pad=0.02, shrink=0.8)
    bar.set_label("median lift (log scale); balloon area: greatest support")
    ticks = log_ticks(low, high)
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
