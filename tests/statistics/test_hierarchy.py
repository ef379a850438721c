"""Hierarchical shrinkage: known strengths recovered, degenerate cells defined."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.statistics.hierarchy import shrink_hierarchy


def make_world(kappa: float, trials: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    of_b = rng.beta(2, 20, 60)
    b_of = np.repeat(np.arange(60), 40)
    of_pair = rng.beta(30 * of_b[b_of], 30 * (1 - of_b[b_of]))
    pair_of = np.repeat(np.arange(len(b_of)), 8)
    truth = rng.beta(kappa * of_pair[pair_of], kappa * (1 - of_pair[pair_of]))
    n = rng.poisson(trials, len(truth))
    return rng.binomial(n, truth), n, [pair_of, b_of], truth


@pytest.mark.parametrize(("kappa", "trials"), [(15, 1.0), (15, 12.0), (150, 12.0)])
def test_strength_is_recovered(kappa, trials):
    x, n, parents, truth = make_world(kappa, trials)
    levels = shrink_hierarchy(x, n, parents)
    assert [len(level.rate) for level in levels] == [1, 60, 2400, 19200]
    leaf = levels[-1]
    assert kappa / 2 < leaf.kappa < kappa * 2
    tried = n > 0
    raw = np.sqrt(np.mean((x[tried] / n[tried] - truth[tried]) ** 2))
    shrunk = np.sqrt(np.mean((leaf.rate - truth) ** 2))
    assert shrunk < 0.75 * raw
    assert 0.78 < ((leaf.lower <= truth) & (truth <= leaf.upper)).mean() < 0.92
    assert levels[0].rate[0] == x.sum() / n.sum()


def test_best_looking_cells_are_really_good():
    x, n, parents, truth = make_world(15, 1.0, seed=4)
    leaf = shrink_hierarchy(x, n, parents)[-1]
    raw = np.where(n > 0, x / np.maximum(n, 1), 0)
    assert truth[np.argsort(-leaf.rate)[:200]].mean() > 1.5 * truth[np.argsort(-raw, kind="stable")[:200]].mean()


def test_bounds_hold_the_rate_and_stay_in_range():
    x, n, parents, _ = make_world(40, 3.0, seed=5)
    for level in shrink_hierarchy(x, n, parents):
        assert (level.lower <= level.rate).all()
        assert (level.rate <= level.upper).all()
        assert (level.lower >= 0).all()
        assert (level.upper <= 1).all()


def test_counts_of_the_levels_add_up():
    levels = shrink_hierarchy([1, 2, 0], [4, 4, 2], [[0, 0, 1]])
    assert levels[1].successes.tolist() == [3, 0]
    assert levels[1].trials.tolist() == [8, 2]


def test_one_cell_has_only_its_parent():
    levels = shrink_hierarchy([0], [5], [[0]])
    assert np.isinf(levels[1].kappa)
    assert np.isinf(levels[2].kappa)
    assert levels[2].rate.tolist() == [0.0]
    assert levels[2].upper.tolist() == levels[0].upper.tolist()
    assert levels[2].upper[0] > 0.3


def test_untried_cells_take_the_rate_above():
    levels = shrink_hierarchy([3, 0, 9, 0], [10, 0, 10, 0], [[0, 0, 1, 2]])
    assert levels[2].rate[1] == levels[1].rate[0]
    assert levels[1].rate[2] == levels[0].rate[0]


def test_nothing_tried():
    for level in shrink_hierarchy([0, 0], [0, 0], [[0, 1]]):
        assert np.isnan(level.rate).all()
    assert shrink_hierarchy([], [], [])[-1].rate.shape == (0,)


def test_only_failures_leave_room_above():
    leaf = shrink_hierarchy([0, 0, 0], [5, 1, 0], [[0, 0, 1]])[-1]
    assert (leaf.rate == 0).all()
    assert (leaf.upper > 0.01).all()


def test_cells_of_one_trial_use_the_likelihood():
    levels = shrink_hierarchy([1, 0, 0, 1, 0, 0, 0, 0], [1] * 8, [])
    assert np.isfinite(levels[1].kappa)
    assert 0 < levels[1].rate[1] < levels[1].rate[0] < 1


def test_bounds_cover_where_the_levels_between_do_not_differ():
    # 30 groups of two; cells do not differ within a group, so κ runs to its bound, and the group is known from 100 trials.
    rng, inside = np.random.default_rng(0), []
    for _ in range(10):
        truth = np.repeat(np.where(np.arange(30) < 15, 0.3, 0.05), 4)
        middle, top = np.repeat(np.arange(60), 2), np.repeat(np.arange(30), 2)
        leaf = shrink_hierarchy(rng.binomial(25, truth), np.full(120, 25), [middle, top])[-1]
        inside.append(((leaf.lower <= truth) & (truth <= leaf.upper)).mean())
    assert 0.85 < np.mean(inside) < 0.97
