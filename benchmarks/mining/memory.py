"""The memory of this process, as Linux tells it, and how to take its peak from a given moment on."""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path


def resident() -> int:
    """Bytes of memory this process holds now."""
    return _status("VmRSS")


def peak() -> int:
    """The most bytes it held since the last `reset_peak`, or since its start."""
    return _status("VmHWM")


def reset_peak() -> None:
    """Give freed memory back, so that it cannot hide growth, and let the peak start at what is held now."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {name}: memory can be measured on Linux only.")
