"""The metric tree as a picture: a box a node, with its value, change, contribution and owner."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from affinity.metrics.tree import compare_metric_trees
from tests.metrics.tree.trees import make_tree

BEFORE = [(400, 400, 80, 800), (600, 600, 30, 300)]
AFTER = [(400, 400, 88, 880), (1000, 1000, 60, 600)]


def texts(figure: Any) -> list[str]:
    """Everything that the picture says."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_every_node_is_a_box_with_its_value_and_owner() -> None:
    tree = make_tree(AFTER, ["tenured", "new $"], window="2024-01-01/2024-04-01")
    said = texts(tree.plot())
    for words in ("Revenue", "Eligible", "Reach", "1,480", "10.6 %", "marketing", "no owner", "tenured", r"new \$"):
        assert words in said
    assert any("2024-01-01/2024-04-01" in words for words in said)


def test_a_change_shows_what_each_node_contributed_and_its_warnings() -> None:
    change = compare_metric_trees(*(make_tree(rows, ["tenured", "new"]) for rows in (BEFORE, AFTER)))
    figure = change.plot()
    said = texts(figure)
    assert "Revenue: +380.00" in said
    assert "was 11.0 %  ·  −0.4 points" in said
    assert any(words.startswith("! Conversion fell over everybody") for words in said)
    assert any("size" in words and "mix" in words for words in said)
    for form in ("png", "svg"):
        file = io.BytesIO()
        figure.savefig(file, format=form)
        assert len(file.getvalue()) > 10_000


def test_texts_stay_inside_the_picture_and_boxes_apart() -> None:
    figure = make_tree(AFTER, ["tenured", "new"]).plot()
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    axes = figure.axes[0]
    for text in axes.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height
    boxes = [patch.get_window_extent() for patch in axes.patches if type(patch).__name__ == "FancyBboxPatch"]
    assert len(boxes) == 5
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[i + 1 :])


def test_a_tree_without_segments_and_owners_is_drawn_without_them() -> None:
    tree = make_tree([(100, 0, 0, 0)])
    said = texts(tree.plot())
    assert "–" in said
    assert not any(words.startswith("By ") for words in said)
    assert np.isnan(tree.value_of("conversion"))
