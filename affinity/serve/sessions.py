"""Sessions of people who signed in: signed cookies, of this process, for some hours; signing out ends them here too."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

COOKIE = "affinity_session"

#: How long somebody stays signed in.
SESSION_SECONDS = 8 * 3600


class Sessions:
    """Makes and checks session cookies: NAME.EXPIRES.NONCE.SIGNATURE, an HMAC-SHA256 with a secret of this process."""

    def __init__(self, clock: Callable[[], float], seconds: int = SESSION_SECONDS) -> None:
        """clock : seconds since the epoch; seconds : how long a session lasts"""
        self.seconds = seconds
        self._clock, self._secret = clock, secrets.token_bytes(32)
        self._ended: dict[str, int] = {}

    def open(self, name: str) -> str:
        """The cookie of a new session of whoever holds the key ``name``."""
        said = f"{name}|{int(self._clock()) + self.seconds}|{secrets.token_urlsafe(12)}"
        return f"{said}|{self._sign(said)}"

    def name_of(self, cookie: str) -> str | None:
        """Whose session it is; None when it is forged, over, or was ended."""
        said, _, signature = cookie.rpartition("|")
        if not hmac.compare_digest(signature.encode(), self._sign(said).encode()) or signature in self._ended:
            return None
        name, expires, _ = said.split("|")
        return name if self._clock() < int(expires) else None

    def close(self, cookie: str) -> None:
        """End a session before its time."""
        if self.name_of(cookie) is not None:
            said, _, signature = cookie.rpartition("|")
            now = self._clock()
            self._ended = {one: until for one, until in self._ended.items() if until > now}
            self._ended[signature] = int(said.split("|")[1])

    def _sign(self, said: str) -> str:
        return hmac.new(self._secret, said.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
