"""Make a sample shop with planted structure, run the main job on it and show what was found.

affinity demo --out affinity-demo
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from affinity.cli.summary import describe_result


def command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the shop and its releases.")] = Path("affinity-demo"),
    seed: Annotated[int, typer.Option(help="Seed of the sample shop.")] = 7,
) -> None:
    from affinity import flow
    from affinity.release import check_output
    from affinity.sample_shop import make_shop, write_shop

    check_output(out)
    files = write_shop(make_shop(seed=seed), out / "shop")
    result = flow.run(files["orders"], offers=files["offers"], products=files["products"], customers=files["customers"])
    path = result.publish(out)
    typer.echo(describe_result(result))
    typer.echo(f"\nThe shop      {out / 'shop'}  (what was planted: truth.json)")
    typer.echo(f"The release   {path}")
    typer.echo(f"\nTry next\n  affinity inspect {out}")
    typer.echo(f"  affinity recommend {files['orders']} --customer {result.sample_customer()} --explain")
    typer.echo("  affinity run YOUR_ORDERS.csv --out YOUR_SHOP")
