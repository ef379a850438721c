"""How often one client may ask: a token bucket each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

#: Clients remembered; the one not seen for longest is forgotten first (and begins with a full bucket again).
MOST_CLIENTS = 10_000


class TokenBuckets:
    """``burst`` requests at once, ``rate`` a second after that, for each client apart. Of one process."""

    def __init__(self, rate: float, burst: int, ticks: Callable[[], float]) -> None:
        """rate : tokens a second, 0 for no limit; ticks : seconds of a steady clock"""
        self._rate, self._burst, self._ticks = rate, float(burst), ticks
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> bool:
        """Whether the client may ask now."""
        if self._rate <= 0:
            return True
        now = self._ticks()
        tokens, then = self._buckets.pop(client, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._rate)
        allowed = tokens >= 1.0
        self._buckets[client] = (tokens - allowed, now)
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return allowed
