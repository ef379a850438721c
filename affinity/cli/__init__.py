"""The command line: one verb a file; parse, call, write."""

from affinity.cli.app import main

__all__ = ["main"]
