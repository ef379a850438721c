"""Pictures of the page: drawn by affinity.plots on the server, as SVG, in the form that the address asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from affinity.serve.page.desk import Desk

#: Drawing shares fonts and caches: one picture at a time.
_DRAWING = threading.Lock()


def draw(desk: Desk, request: Request, plot: Callable[[], Any]) -> Response:
    """The Figure that ``plot`` gives as an answer, light or dark (?dark=1), wide or narrow (?narrow=1); drawn once a release.

    In a template: {{ parts.picture("/page/…/….svg", "what it shows", {"of": "…"}) }}.
    """
    asked = request.query_params

    def make() -> bytes:
        from affinity.plots.svg import draw_svg

        with _DRAWING:
            return draw_svg(plot, dark=asked.get("dark") == "1", narrow=asked.get("narrow") == "1")

    body = desk.once(("picture", str(request.url.path), str(request.url.query)), make)
    return Response(body, 200, {"Cache-Control": "private, max-age=60"}, "image/svg+xml")
