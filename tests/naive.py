"""The obvious oracle of every kernel: plain Python, slow on purpose, imports nothing from affinity."""

from __future__ import annotations
