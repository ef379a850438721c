"""Association rules X ⇒ Y with support, confidence, lift and a false-discovery rate.

affinity rules orders.csv --min-support 0.005 --min-confidence 0.2 --out rules.parquet
affinity rules orders.csv --consequent 85123A --prune unproductive
"""

from __future__ import annotations

from typing import Annotated, Literal

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
    consequent: Annotated[
        list[str] | None,
        typer.Option(
            help="Only rules that lead to this product; may be repeated. No others are looked for.", show_default=False
        ),
    ] = None,
    prune: Annotated[
        Literal["redundant", "unproductive"] | None,
        typer.Option(help="Leave out rules that a more general one makes superfluous.", show_default=False),
    ] = None,
    correction: Annotated[Literal["bh", "by"], typer.Option(help="False-discovery control over all candidates.")] = "bh",
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow
    from affinity.rules import induce_rules

    settings = reading.settings(
        min_support=min_support, min_count=min_count, max_size=max_size, rules__min_confidence=min_confidence
    )
    baskets = flow.group_baskets(reading.lines(settings), settings=settings)
    itemsets = flow.mine_within(baskets, settings, consequents=consequent or None)
    found = induce_rules(
        itemsets, min_confidence=settings.rules.min_confidence, consequents=consequent or None,
        consequent_size=1 if consequent else None, prune=prune, correction=correction,
    )  # fmt: skip
    shown = ["antecedents", "consequents", "count", "support", "confidence", "lift", "q_value"]
    show_table(found, out=out, as_json=as_json, columns=shown)
