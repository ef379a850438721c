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
    "/page/trend.svg": Place("affinity.serve.page.overview:trend"),
    "/page/products": Place("affinity.serve.page.products:view", "Products"),
    "/page/products/{product_id:path}": Place("affinity.serve.page.products:one"),
    "/page/pair": Place("affinity.serve.page.products:pair"),
    "/page/pair.svg": Place("affinity.serve.page.products:picture"),
    "/page/rules": Place("affinity.serve.page.rules:view", "Rules"),
    "/page/rules.csv": Place("affinity.serve.page.rules:as_csv"),
    "/page/rules.parquet": Place("affinity.serve.page.rules:as_parquet"),
    "/page/segments": Place("affinity.serve.page.segments:view", "Segments"),
    "/page/tree": Place("affinity.serve.page.tree:view", "Metric tree"),
    "/page/tree.svg": Place("affinity.serve.page.tree:tree_picture"),
    "/page/tree/change.svg": Place("affinity.serve.page.tree:change_picture"),
    "/page/tree/waterfall.svg": Place("affinity.serve.page.tree:waterfall_picture"),
    "/page/campaigns": Place("affinity.serve.page.campaigns:view", "Campaigns"),
    "/page/campaigns/{plan}/power.svg": Place("affinity.serve.page.campaigns:power_picture"),
    "/page/campaigns/{plan}/{file}": Place("affinity.serve.page.campaigns:download"),
    "/page/trust": Place("affinity.serve.page.trust:view", "Trust"),
    "/page/trust/calibration.svg": Place("affinity.serve.page.trust:calibration_picture"),
    "/page/trust/backtest.svg": Place("affinity.serve.page.trust:backtest_picture"),
}
