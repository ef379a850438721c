"""Figures as SVG for a page: light or dark, wide or for a phone, without the title that the page's own heading says."""

from __future__ import annotations

import colorsys
import io
import re
from collections.abc import Callable
from typing import Any

from affinity.plots.figure import look_of

#: What white and black become on a dark page (greys lie between), and the least lightness of colours there.
DARKEST, LIGHTEST, LEAST = (0x1D, 0x20, 0x26), (0xEC, 0xEE, 0xF2), 0.66


def draw_svg(plot: Callable[[], Any], *, dark: bool = False, narrow: bool = False) -> bytes:
    """The Figure that ``plot`` draws as SVG; the same figure gives the same bytes.

    dark : greys turned about and colours lightened; narrow : 4.2 inches wide, for a phone
    """
    with look_of(narrow=narrow, titled=False):
        figure = plot()
    import matplotlib as mpl  # after new_figure, which says what to install

    file = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "affinity"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue().decode()
    return (darken(text) if dark else text).encode()


def darken(svg: str) -> str:
    """Every colour of ``svg`` for a dark page: white becomes nearly black and the other way round, colours keep their hue."""
    svg = svg.replace("<svg ", '<svg fill="#000000" ', 1)  # what names no colour: text
    svg = re.sub(r"(?<=[:\"\s])(black|white)\b", lambda found: {"black": "#000000", "white": "#ffffff"}[found[0]], svg)
    return re.sub(r"#[0-9a-fA-F]{6}\b", lambda found: _dark(found[0]), svg)


def _dark(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    if max(red, green, blue) - min(red, green, blue) < 0.16:
        return "#" + "".join(f"{round(high + light * (low - high)):02x}" for low, high in zip(DARKEST, LIGHTEST))
    light = 1.12 - light if light > 0.85 else max(light, LEAST)
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, light, saturation))
