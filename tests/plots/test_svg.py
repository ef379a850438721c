"""Pictures as SVG: the same bytes again, dark ones readable, narrow ones narrow, without titles."""

from __future__ import annotations

import re
from typing import Any

from affinity.plots.svg import darken, draw_svg
from affinity.plots.trend import plot_trend


def trend() -> Any:
    """A picture with an interval, and a point without one."""
    return plot_trend("Rate", ["2024-01-01", "2024-02-01"], [0.2, 0.3], lower=[0.1, None], upper=[0.4, None], share=True)


def test_pictures_are_the_same_again_and_differ_where_they_should() -> None:
    light, dark, narrow = draw_svg(trend), draw_svg(trend, dark=True), draw_svg(trend, narrow=True)
    assert light == draw_svg(trend)
    widths = [float(re.search(rb'width="([\d.]+)pt"', one)[1]) for one in (light, dark, narrow)]  # type: ignore[index]
    assert widths[0] == widths[1] == 8.0 * 72
    assert widths[2] < 320
    assert b"#ffffff" in light
    assert b"#ffffff" not in dark
    assert trend().axes[0].get_title(loc="left") == "Rate"  # with a title elsewhere
    assert len(draw_svg(trend)) < len(_titled())


def _titled() -> bytes:
    import io

    file = io.BytesIO()
    trend().savefig(file, format="svg")
    return file.getvalue()


def test_dark_colours_can_be_read_on_the_dark_card() -> None:
    said = darken('<svg a="#ffffff" b="#000000" c="#2f6db3" d="#e4e7eb" e: black>')
    assert said.startswith('<svg fill="#eceef2" a="#1d2026" b="#eceef2"')
    blue, pale = re.search(r'c="#(\w{6})" d="#(\w{6})"', said).groups()  # type: ignore[union-attr]
    assert int(blue[4:], 16) > 0xC0  # a lighter blue
    assert max(int(pale[i : i + 2], 16) for i in (0, 2, 4)) < 0x50  # the grid stays faint
    assert said.endswith("e: #eceef2>")
