"""The whole main job: order lines in, a published release of recommendations out.

affinity run orders.csv --as-of 2025-06-30 --out shop
affinity run orders.csv --out shop --learn-every-days 7 --state shop-state
affinity run hdfs://lake/orders --engine spark --out shop
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from affinity.cli import options
from affinity.cli.summary import describe_result


@options.reads_orders
def command(
    reading: options.Reading,
    out: Annotated[Path, typer.Option("--out", "-o", help="Release folder: new, empty, or one that holds releases.")],
    offers: options.OfferFile = None,
    products: options.ProductFile = None,
    customers: options.CustomerFile = None,
    subscriptions: options.SubscriptionFile = None,
    exclude_customers: Annotated[
        Path | None, typer.Option(help="Opt-outs, one customer id a line; never counted.", show_default=False)
    ] = None,
    horizon_days: options.HorizonDays = None,
    min_support: options.MinSupport = None,
    top_k: options.TopK = None,
    engine: Annotated[
        str | None,
        typer.Option(help="Where to count: local (default), spark, or a Spark master URL: local[2], …", show_default=False),
    ] = None,
    memory_budget: Annotated[
        str | None, typer.Option(help="Memory of the run, such as 8GB; an error where it is too little.", show_default=False)
    ] = None,
    learn_every_days: options.LearnEveryDays = None,
    state: options.State = None,
    keep: Annotated[int | None, typer.Option(help="Releases that stay on disk. Default 5.", show_default=False)] = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow
    from affinity.release import check_output

    settings = reading.settings(
        horizon_days=horizon_days,
        min_support=min_support,
        top_k=top_k,
        engine=engine,
        memory_budget=memory_budget,
        learn_every_days=learn_every_days,
        release__keep=keep,
    )
    check_output(out)
    with reading.session(settings) as session:
        result = flow.run(
            reading.lines(settings, session),
            offers=offers,
            products=products,
            customers=customers,
            subscriptions=subscriptions,
            exclude_customers=options.read_ids(exclude_customers),
            settings=settings,
            session=session,
            state=state,
        )
    for part, what in result.kept.items():
        typer.echo(f"State, {part}: {what}", err=True)
    path = result.publish(out)
    if as_json:
        report = json.loads((path / "report.json").read_text(encoding="utf-8"))  # as published: what is no number is null
        typer.echo(json.dumps({"release": path.name, "path": str(path), "report": report}))
    else:
        typer.echo(describe_result(result))
        typer.echo(f"\nPublished {path}\nCurrent   {out / 'current'}")
