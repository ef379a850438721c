"""The affinity engine."""
