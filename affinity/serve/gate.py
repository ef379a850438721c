"""The gate before every route: sizes, host, keys, rates; headers, log and meters on the way out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from affinity.serve.answers import problem
from affinity.serve.limits import TokenBuckets
from affinity.serve.log import Log
from affinity.serve.meters import Meters
from affinity.serve.options import ServeOptions, is_loopback
from affinity.serve.sessions import COOKIE, Sessions

#: Asked without a key, by load balancers and by browsers that load a page.
OPEN_PATHS = frozenset({"/", "/v1/health", "/openapi.json", "/page/sign-in"})
OPEN_PREFIXES = ("/static/",)

#: Longest path and query.
MOST_URL_BYTES = 8192

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # with "no-referrer" browsers send the pages' own forms with "Origin: null"
    (
        b"content-security-policy",
        b"default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    ),
]


#: Methods that change nothing, whatever page sent them.
_READING = frozenset({"GET", "HEAD"})


class _TooLarge(Exception):
    """A body without a stated length turned out to be larger than allowed."""


#: (method, path) -> handler of the routes that are answered without the framework's routing.
Fast = Mapping[tuple[str, str], Callable[[Request], Awaitable[Response]]]


def dispatch(fast: Fast, others: ASGIApp) -> ASGIApp:
    """The application that answers ``fast`` itself and leaves everything else to ``others``."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        handler = fast.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if handler is None:
            await others(scope, receive, send)
        else:
            response = await handler(Request(scope, receive))
            await response(scope, receive, send)

    return answer


class Gate:
    """ASGI middleware; refuses with plain problem documents that repeat nothing of the request."""

    def __init__(
        self, app: ASGIApp, *, options: ServeOptions, sessions: Sessions, meters: Meters, log: Log, paths: frozenset[str]
    ) -> None:
        """sessions : of people signed in to the pages; paths : those without parameters, for the log and the meters"""
        self._app, self._options, self._meters, self._log = app, options, meters, log
        self._across, self._sessions = _cors(app, options), sessions
        self._paths = paths
        self._buckets = TokenBuckets(options.rate, options.burst, options.ticks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, started = self._options.ticks(), 500, False

        async def answer(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
            await send(message)

        refusal = self._refusal(scope)
        try:
            if refusal is not None:
                self._meters.refused[refusal[1]] += 1
                await _refused(scope, refusal)(scope, receive, answer)
            else:
                foreign = any(name == b"origin" for name, _ in scope["headers"]) and not _is_page(scope["path"])
                app = self._across if foreign else self._app
                await app(scope, self._counted(receive), answer)
        except _TooLarge:
            self._meters.refused["body_too_large"] += 1
            if not started:
                await problem(413, "body_too_large", "The body is too large.")(scope, receive, answer)
        except Exception:
            if not started:
                await problem(500, "failed", "The server failed; its log says when.")(scope, receive, answer)
            raise
        finally:
            self._note(scope, status, self._options.ticks() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or (scope["path"] if scope["path"] in self._paths else "other")
        self._meters.time(route, status, seconds)
        self._log.request(route, _method(scope), status, seconds)

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        """(status, code, sentence) of what is not let through."""
        options, headers = self._options, dict(scope["headers"])
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MOST_URL_BYTES:
            return 414, "url_too_long", "The address is too long; send a body."
        if sum([len(name) + len(value) for name, value in scope["headers"]]) > options.max_header_bytes:
            return 431, "headers_too_large", "The headers are too large."
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > options.max_body_bytes:
            return 413, "body_too_large", "The body is too large."
        if options.loopback and not _is_local(headers.get(b"host", b"")):
            return 421, "wrong_host", "This server answers for this machine only."
        path = scope["path"]
        if _is_page(path) and scope["method"] not in _READING and not _is_own(headers):
            return 403, "wrong_origin", "This was not sent by a page of this server."
        if scope["method"] == "OPTIONS" or path in OPEN_PATHS or path.startswith(OPEN_PREFIXES):
            who: str | None = _address(scope)
        else:
            who = self._reader(scope, headers) if _is_page(path) else self._who(scope, headers)
        if who is None:
            return 401, "key_needed", "A valid API key is needed (header X-API-Key)."
        if not who:
            return 403, "page_key_needed", "This key is for widgets; the pages need one made with --scope page."
        if not self._buckets.take(who):
            return 429, "too_many_requests", "Too many requests; wait a second."
        return None

    def _who(self, scope: Scope, headers: dict[bytes, bytes]) -> str | None:
        """Whose request it is; None without a valid key where one is needed."""
        if self._options.keys is None:
            return _address(scope)
        key = headers.get(b"x-api-key", b"")
        if not key and headers.get(b"authorization", b"")[:7].lower() == b"bearer ":
            key = headers[b"authorization"][7:]
        name = self._options.keys.name_of(key.decode("latin-1"))
        return None if name is None else f"key {name}"

    def _reader(self, scope: Scope, headers: dict[bytes, bytes]) -> str | None:
        """Whose request for a page it is: by session or page key; "" with a key for widgets only, None without any."""
        cookie = cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE)
        name = None if cookie is None else self._sessions.name_of(cookie)
        if name is not None:
            return f"key {name}"
        who = self._who(scope, headers)
        if self._options.keys is None or who is None:
            return who
        return who if self._options.keys.scope_of(who.removeprefix("key ")) == "page" else ""

    def _counted(self, receive: Receive) -> Receive:
        """The same messages, until the body is larger than allowed."""
        size, most = 0, self._options.max_body_bytes

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > most:
                raise _TooLarge
            return message

        return counted


def _cors(app: ASGIApp, options: ServeOptions) -> ASGIApp:
    """The same for pages of other origins, of which those listed may read the answers."""
    return CORSMiddleware(
        app,
        allow_origins=options.origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Content-Type", "X-API-Key", "Authorization", "If-None-Match"],
        expose_headers=["ETag"],
        max_age=600,
    )


def _refused(scope: Scope, refusal: tuple[int, str, str]) -> Response:
    """The refusal; a person who asks for a page without a key is led to the door."""
    if refusal[0] == 401 and scope["method"] in _READING and _is_page(scope["path"]):
        return RedirectResponse("/page/sign-in", 303, {"Cache-Control": "no-store"})
    return problem(*refusal)


def _is_page(path: str) -> bool:
    return path == "/page" or path.startswith("/page/")


def _is_own(headers: dict[bytes, bytes]) -> bool:
    """Whether a request was sent by a page of this server: its Origin names the host that was asked (behind a proxy that
    ends TLS too, so the scheme is not compared)."""
    scheme, _, host = headers.get(b"origin", b"").partition(b"://")
    return scheme in {b"http", b"https"} and host == headers.get(b"host")


def _address(scope: Scope) -> str:
    client: Any = scope.get("client")
    return f"address {client[0]}" if client else "address"


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in {"GET", "POST", "OPTIONS", "HEAD"} else "other"


@lru_cache(maxsize=64)
def _is_local(host: bytes) -> bool:
    """Whether the Host header names this machine: else a page elsewhere could have its own name point here."""
    try:
        name = urlsplit(f"//{host.decode('ascii')}").hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name)
