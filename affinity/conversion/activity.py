"""How much more (or less) of everything the owners of A buy than the buyers they are compared with."""

from __future__ import annotations

import numpy as np

#: Pairs farther than so many standard errors from their antecedent's level are no ordinary ones; spread allowed besides.
FAR, SPREAD = 2.5, 0.05

#: Events that the level of all antecedents together is worth for one of them; rounds of leaving pairs out.
COMMON_EVENTS, ROUNDS = 50.0, 4


def activity_levels(
    antecedent: np.ndarray, observed: np.ndarray, expected: np.ndarray, n_products: int
) -> tuple[np.ndarray, np.ndarray]:
    """float64[n_products] c_A = (ΣO + k·c) / (ΣE + k) over the ordinary consequents of A, c the same over all antecedents,
    and 1 / (ΣO + k·c), its relative variance (0 where nothing is known of anybody).

    Buyers who do not own A are, as a rule, less active than those who do, so that A's owners buy more of *everything*
    than expected of them: in simulated worlds without any affinity ΣO/ΣE is 1.03–1.10 for each antecedent alike, and
    up to a quarter of the pairs pass |z| > 3. What is common to all consequents is activity; affinity is what stands out.
    Ordinary are the consequents within `FAR` standard errors of c_A·E; the first level is the median O/E (by E). To be
    given are pairs that were not chosen for their O or E; pairs with E = 0 say nothing.
    """
    usable = expected > 0
    a, o, e = antecedent[usable], observed[usable].astype(np.float64), expected[usable]
    if len(a) == 0:
        return np.ones(n_products), np.zeros(n_products)
    level = _weighted_medians(a, o / e, e, n_products)
    for _ in range(ROUNDS):
        goal = level[a] * e
        ordinary = (o - goal) ** 2 <= FAR**2 * (goal + (SPREAD * goal) ** 2)
        common = o[ordinary].sum() / e[ordinary].sum() if ordinary.any() else 1.0
        top = np.bincount(a[ordinary], o[ordinary], minlength=n_products) + COMMON_EVENTS * common
        level = top / (np.bincount(a[ordinary], e[ordinary], minlength=n_products) + COMMON_EVENTS)
    return level, 1.0 / top


def _weighted_medians(group: np.ndarray, value: np.ndarray, weight: np.ndarray, groups: int) -> np.ndarray:
    """float64[groups]: the smallest value with at least half of the weight of its group at or below it; 1 without any."""
    order = np.lexsort((value, group))
    group, value, weight = group[order], value[order], weight[order]
    total = np.bincount(group, weight, minlength=groups)
    before = np.concatenate([[0.0], np.cumsum(weight)])
    begin = np.searchsorted(group, np.arange(groups))
    within = before[1:] - before[begin[group]]
    reached = within >= 0.5 * total[group] * (1.0 - 1e-12)
    medians = np.full(groups, np.inf)
    np.minimum.at(medians, group[reached], value[reached])
    return np.where(np.isfinite(medians), medians, 1.0)
