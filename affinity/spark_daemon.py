"""The process from which Spark forks its Python workers: what each of them needs is imported once, before they are.

Started by Spark on every executor, ``python -m affinity.spark_daemon`` (setting ``spark.python.daemon.module`` of sessions
made here; a session that is handed in may name it too). Importing it imports nothing.
"""

from __future__ import annotations

from importlib import import_module

_NEEDED = (
    "numba",
    "scipy.sparse.csgraph",
    "affinity.engines",
    "affinity.counting.spark",
    "affinity.counting.spark_lives",
    "affinity.counting.spark_transitions",
    "affinity.baskets.spark",
    "pyspark.worker",
)


def main() -> None:
    """Import, then fork on request."""
    from pyspark.daemon import manager

    for name in _NEEDED:
        import_module(name)
    manager()


if __name__ == "__main__":
    main()
