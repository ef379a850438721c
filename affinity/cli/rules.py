"""Association rules X ⇒ Y with support, confidence, lift and a false-discovery rate.

affinity rules orders.csv --min-support 0.005 --min-confidence 0.2 --out rules.parquet
"""

from __future__ import annotations

from typing import Annotated

import typer

from affinity.cli import options
from affinity.cli.output import show_table


@options.reads_orders
def command(
    reading: options.Reading,
    min_support: options.MinSupport = None,
    min_count: options.MinCount = None,
    max_size: options.MaxSize = None,
    min_confidence: Annotated[
        float | None, typer.Option(help="Share of the antecedent's baskets, in [0, 1]. Default 0.1.", show_default=False)
    ] = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow
    from affinity.rules import induce_rules

    settings = reading.settings(
        min_support=min_support, min_count=min_count, max_size=max_size, rules__min_confidence=min_confidence
    )
    baskets = flow.group_baskets(reading.lines(settings), settings=settings)
    found = induce_rules(flow.mine_within(baskets, settings), min_confidence=settings.rules.min_confidence)
    shown = ["antecedents", "consequents", "count", "support", "confidence", "lift", "q_value"]
    show_table(found, out=out, as_json=as_json, columns=shown)
