"""What stands under which address: address -> its view and its name in the navigation ("" for what is not in it)."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """view : "module:function", called with a Desk and a Request; name : in the navigation; methods : that it answers"""

    view: str
    name: str = ""
    methods: tuple[str, ...] = ("GET",)


#: In the order of the navigation. Parameters as {name} or {name:path}; the more special address first.
PAGES: dict[str, Place] = {
    "/page": Place("affinity.serve.page.overview:view", "Overview"),
}
