"""A Dagster job that calls the command line: an op fails on any exit code but 0, and reads the JSON of what succeeded.

Load it with `dagster dev -f dagster_job.py`; the package may live in another environment, as only the command is called.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import Any

from dagster import Definitions, Failure, OpExecutionContext, ScheduleDefinition, job, op

ORDERS, SHOP = "/data/orders.parquet", "/srv/shop"


def call(context: OpExecutionContext, command: str) -> Any:
    """The JSON that the command prints; a Failure with what it said where it did not succeed."""
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"exit code {done.returncode}: {done.stderr.strip()}")
    context.log.info(done.stderr)
    return json.loads(done.stdout)


@op
def release(context: OpExecutionContext) -> str:
    """A new release; its id."""
    made = call(context, f"affinity run {ORDERS} --products /data/products.csv --out {SHOP} --json")
    context.add_output_metadata({name: made["report"][name] for name in ("rows_read", "rows_kept", "rows_set_aside")})
    return str(made["release"])


@op
def feed(context: OpExecutionContext, release: str) -> None:
    """The release as static files, checked."""
    call(context, f"affinity publish {SHOP} --feed /srv/feed --json")
    checked = call(context, f"affinity publish {SHOP} --check-feed /srv/feed --json")
    if checked["release"] != release:
        raise Failure(f"the feed is of release {checked['release']}, not {release}")


@job
def affinity_nightly() -> None:
    """Release, then feed."""
    feed(release())


defs = Definitions(jobs=[affinity_nightly], schedules=[ScheduleDefinition(job=affinity_nightly, cron_schedule="30 2 * * *")])
