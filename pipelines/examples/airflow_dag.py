"""An Airflow DAG that calls the command line: a task fails on any exit code but 0, and its JSON is the task's result.

Copy it into the dags folder; the package is installed where the workers run, not in Airflow's own environment.
"""

from __future__ import annotations

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

ORDERS, SHOP = "/data/orders.parquet", "/srv/shop"

with DAG(
    dag_id="affinity",
    schedule="30 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1},
) as dag:
    # A retry is cheap to ask for: publishing an id that is there verifies it and writes nothing.
    release = BashOperator(
        task_id="release",
        bash_command=f"affinity run {ORDERS} --products /data/products.csv --out {SHOP} --json",
        do_xcom_push=True,  # the last line: {"release": …, "path": …, "report": …}
    )
    check = BashOperator(task_id="check", bash_command=f"affinity inspect {SHOP} --json")
    feed = BashOperator(task_id="feed", bash_command=f"affinity publish {SHOP} --feed /srv/feed --json")
    release >> check >> feed
