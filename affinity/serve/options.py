"""How a server is run: what is allowed, how much, and what it is given from outside (its clocks)."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from affinity.errors import SettingsError
from affinity.serve.keys import Keys


@dataclass(frozen=True)
class ServeOptions:
    """Options of a server.

    host, port    : where it listens; 0 is any free port
    events        : folder of the event log; None: DIR/events
    keys          : who may ask; None: everybody, which only a loopback address may be
    origins       : web origins whose pages may ask from a browser, "https://shop.example"
    rate, burst   : requests a second and at once, of one key (or address); 0: no limit
    max_body_bytes, max_header_bytes : larger requests are refused
    holdout, salt : share of the customers who are shown nothing (group control), and what the hash is salted with
    check_seconds : how often the folder is looked at for a new release
    log_seconds   : how long the log line of a request may wait for others
    demo          : also a demo shop at /demo; it names products and customers, so only on a loopback address without keys
    """

    host: str = "127.0.0.1"
    port: int = 8000
    events: Path | None = None
    keys: Keys | None = None
    origins: tuple[str, ...] = ()
    rate: float = 200.0
    burst: int = 400
    max_body_bytes: int = 256 << 10
    max_header_bytes: int = 16 << 10
    holdout: float = 0.0
    salt: str = "affinity"
    check_seconds: float = 0.5
    log_seconds: float = 0.2
    demo: bool = False
    clock: Callable[[], float] = field(default=time.time, repr=False)
    ticks: Callable[[], float] = field(default=time.monotonic, repr=False)

    def __post_init__(self) -> None:
        if self.keys is None and not is_loopback(self.host):
            raise SettingsError(
                f"host={self.host!r} can be reached from outside, and no API keys are given.",
                why="Anybody could ask what customers are likely to buy.",
                do="Make a key with: affinity serve DIR --keys FILE --new-key NAME, then start with --keys FILE.",
            )
        if self.demo and not (self.loopback and self.keys is None):
            raise SettingsError(
                "The demo shop is for this machine, without keys.",
                why="It names customers of the release, and its page cannot keep a key secret.",
                do="Leave out --demo, or --host and --keys.",
            )
        if not 0 <= self.holdout < 1:
            raise SettingsError(f"holdout={self.holdout} is not valid.", do="Give a share from 0 to below 1.")
        if "*" in self.origins:
            raise SettingsError("Origin '*' would let every web page ask.", do="List the shop's origins.")

    @cached_property
    def loopback(self) -> bool:
        """Whether only this machine can ask."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine only; a name other than localhost is not."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
