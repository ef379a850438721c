"""What `induce_rules` refuses, and the labels it is given."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np

from affinity.errors import SettingsError, did_you_mean
from affinity.measures import get_measure
from affinity.tables import ItemsetCounts
from affinity.vocabulary import Vocabulary

PRUNES = ("redundant", "unproductive")
TESTS = ("mid-p", "exact")
CORRECTIONS = ("bh", "by")


def check_settings(
    itemsets: ItemsetCounts,
    measures: tuple[str, ...],
    *,
    min_confidence: float,
    min_lift: float | None,
    consequent_size: int | None,
    prune: str | None,
    test: str | None,
    correction: str,
) -> None:
    if itemsets.target != "frequent":
        raise SettingsError(
            f"Rules cannot be made from {itemsets.target} itemsets.",
            why="They lack the counts of their subsets, and a rule needs the counts of both of its sides.",
            do="Mine with target='frequent'.",
        )
    if not 0.0 <= min_confidence <= 1.0:
        raise SettingsError(f"min_confidence={min_confidence!r} is not between 0 and 1.", do="0.1 asks for one basket in ten.")
    if min_lift is not None and not min_lift >= 0.0:
        raise SettingsError(f"min_lift={min_lift!r} is negative or no number.", do="1 is independence.")
    if consequent_size is not None and (consequent_size != int(consequent_size) or consequent_size < 1):
        raise SettingsError(f"consequent_size={consequent_size!r} is no number of items from 1.", do="Leave it out for any.")
    if prune is not None and prune not in PRUNES:
        raise SettingsError(f"prune={prune!r} is not a way to prune.", do=did_you_mean(str(prune), PRUNES))
    if test is not None and test not in TESTS:
        raise SettingsError(f"test={test!r} is not a test.", do=did_you_mean(str(test), TESTS))
    if test is None and prune == "unproductive":
        raise SettingsError(
            "prune='unproductive' with test=None.", why="Productive rules are found by a test.", do="Leave test out."
        )
    if correction not in CORRECTIONS:
        raise SettingsError(f"correction={correction!r} is not a correction.", do=did_you_mean(str(correction), CORRECTIONS))
    for name in measures:
        get_measure(name)


def encode_consequents(products: Vocabulary, labels: Iterable[Hashable] | None) -> np.ndarray | None:
    """bool[n_products]: the products of ``labels``; None for all. UnknownLabel names the nearest one."""
    if labels is None:
        return None
    if isinstance(labels, str):
        raise SettingsError(f"consequents={labels!r} is one label, not several.", do=f"Pass [{labels!r}].")
    allowed = np.zeros(max(len(products), 1), dtype=bool)
    allowed[[products.code(label) for label in labels]] = True
    return allowed
