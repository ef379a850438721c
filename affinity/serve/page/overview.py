"""The overview: how fresh the release is, what was read, the metrics and their course."""

from __future__ import annotations

from starlette.requests import Request

from affinity.serve.page.desk import Desk
from affinity.serve.page.shell import View


def view(desk: Desk, request: Request) -> View:
    """What the release is and holds."""
    return View("overview.html", {})
