"""The Spark session of a run: one that the caller has, or one made for a master URL and stopped afterwards."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from affinity.errors import EngineError, MissingExtra

#: Of sessions made here; a session that is handed in keeps its own.
_OPTIONS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.maxResultSize": "0",  # spark.max_rows_on_driver guards it
    "spark.log.level": "ERROR",
    "spark.python.daemon.module": "affinity.spark_daemon",  # forks Python workers that have everything imported
}
#: Times that a task is tried before the job fails: what Spark does by itself on every master but this machine.
_TRIES = 4
#: Of a master on this machine: no socket listens to another one.
_ON_THIS_MACHINE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "4g",  # at most: shards, sums and what is fetched pass through this one Java process
}


@contextmanager
def spark_session(master: str | None = None, session: Any = None) -> Iterator[Any]:
    """``session`` as it is; else the active one; else one for ``master``, which is stopped at the end.

    master : a Spark master URL (``local[2]``, ``spark://host:7077``, ``yarn``); None: what spark-defaults.conf says

    Raises MissingExtra without PySpark, EngineError where no session can be had.
    """
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")  # columns travel as Arrow
    kind = _session_class()
    if session is None and master is None:
        session = kind.getActiveSession()
    if session is not None:
        yield session
        return
    made = _make_session(kind, master)
    try:
        yield made
    finally:
        made.stop()


def _session_class() -> Any:
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise MissingExtra(
            "engine='spark' needs PySpark, which is not installed.", do="pip install 'affinity-engine[spark]'"
        ) from None
    return SparkSession


def _make_session(kind: Any, master: str | None) -> Any:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else the executors run whatever python3 is on the path
    options = dict(_OPTIONS)
    if master is None or master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        options |= _ON_THIS_MACHINE
    builder = kind.builder.appName("affinity")
    for name, value in options.items():
        builder = builder.config(name, value)
    if master is not None:
        builder = builder.master(_with_retries(master))
    try:
        return builder.getOrCreate()
    except Exception as error:  # the launcher raises whatever the Java side says
        raise EngineError(
            f"No Spark session for {master or 'the configured master'}: {str(error).strip().splitlines()[0]}",
            do="Check the master URL, that Java 17 or later is installed (java -version), and that the cluster is up.",
        ) from None


def _with_retries(master: str) -> str:
    """``local[2]`` as ``local[2,4]``: a task that fails is tried again, as on a cluster."""
    return re.sub(r"^local\[(\w+|\*)\]$", rf"local[\1,{_TRIES}]", master)
