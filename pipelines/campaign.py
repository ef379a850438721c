"""The campaign job: measure the campaigns that are due, and plan the next one when none is running.

    python pipelines/campaign.py orders.parquet shop campaigns --config pipelines/campaign.toml

A plan stands in campaigns/<name>.plan.json with its audience in <name>.audience.csv (who is offered what, who is held out);
what came of it in <name>.result.json, once everybody was followed for the horizon. Call it as often as you like: a plan is
frozen when it is written, and measured once. Exit code 0, or 1 with an error.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from pathlib import Path

import affinity as af
from affinity.errors import HorizonUnobserved


def main() -> None:
    """Measure what is due, then plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("orders", type=Path)
    parser.add_argument("shop", type=Path, help="the folder of releases that the plan is made from")
    parser.add_argument("campaigns", type=Path)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_suffix(".toml"))
    arguments = parser.parse_args()
    config = tomllib.loads(arguments.config.read_text(encoding="utf-8"))
    try:
        running = measure(arguments.orders, arguments.campaigns)
        if running:
            print(f"{running} is running; it is measured when everybody was followed.")
        else:
            plan(arguments.shop, arguments.campaigns, af.Settings.from_mapping(config))
    except af.AffinityError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None


def measure(orders: Path, campaigns: Path) -> str | None:
    """Measure each plan without a result; the name of one that is not due yet."""
    running = None
    for file in sorted(campaigns.glob("*.plan.json")):
        name = file.name.removesuffix(".plan.json")
        result = campaigns / f"{name}.result.json"
        if result.exists():
            continue
        try:
            found = af.measure_campaign(orders, plan=file)
        except HorizonUnobserved:
            running = name
            continue
        rows = found.to_arrow().to_pylist()
        result.write_text(json.dumps({"info": dict(found.info), "rows": rows}, indent=1, default=str), encoding="utf-8")
        print(f"{name}: {found.verdict}")
    return running


def plan(shop: Path, campaigns: Path, settings: af.Settings) -> None:
    """Plan a campaign from the current release; the plan last, so that a job that was stopped plans anew."""
    made = af.plan_campaign(shop, settings=settings)
    name = f"{made.info['name']}-{made.info['as_of']}"
    if (campaigns / f"{name}.plan.json").exists():
        print(f"{name} was planned from this release already; the next release plans the next.")
        return
    campaigns.mkdir(parents=True, exist_ok=True)
    made.to_pandas().to_csv(campaigns / f"{name}.audience.csv", index=False)
    af.write_plan(made, campaigns / f"{name}.plan.json")
    sizes = made.info["sizes"]
    print(f"{name}: {sizes['treated']:,} customers to be offered a product, {sizes['control']:,} held out.")


if __name__ == "__main__":
    main()
