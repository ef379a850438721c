"""Labels that only later lines have are gone after a cut."""

from __future__ import annotations

from affinity.baskets import cut_lines, drop_unseen_labels
from tests.makers import make_lines

ROWS = [
    ("o1", "ann", "bread", "2024-01-01", 1, 2.0),
    ("o2", None, "milk", "2024-01-02", 1, 1.0),
    ("o3", "zoe", "tea", "2024-02-01", 1, 3.0),
]


def test_what_only_the_future_knows_is_forgotten() -> None:
    cut = drop_unseen_labels(cut_lines(make_lines(ROWS), "2024-02-01"))
    alone = cut_lines(make_lines(ROWS[:2]), "2024-02-01")
    for name in ("orders", "customers", "products"):
        assert getattr(cut, name).labels.tolist() == getattr(alone, name).labels.tolist()
    for name in ("order", "customer", "product"):
        assert getattr(cut, name).tolist() == getattr(alone, name).tolist()
    assert cut.customer.tolist() == [0, -1]


def test_nothing_changes_where_everything_is_seen() -> None:
    lines = make_lines(ROWS)
    assert drop_unseen_labels(lines).products is lines.products
