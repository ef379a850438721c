"""The shell of the page: routes, templates, the form of answers. Views run in worker threads, so that widgets never wait."""

from __future__ import annotations

import importlib
import itertools
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import anyio
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from affinity.errors import AffinityError
from affinity.serve.follow import Follower
from affinity.serve.log import Log
from affinity.serve.options import ServeOptions
from affinity.serve.page import formats
from affinity.serve.page.asked import Unclear
from affinity.serve.page.desk import Desk, Desks
from affinity.serve.page.help import HELP
from affinity.serve.page.registry import PAGES, Place
from affinity.serve.sessions import COOKIE, Sessions

TEMPLATES = Path(__file__).parents[1] / "templates"
HOME, SIGN_IN, SIGN_OUT = "/page", "/page/sign-in", "/page/sign-out"

#: Pages name customers: no proxy and no browser may keep them.
PRIVATE = {"Cache-Control": "no-store"}

_NUMBERS = itertools.count(1)

#: What is said of a fault; the log says more.
FAILED = (
    "The server could not make it: perhaps a file of the release is gone or damaged. Its log says when and where; whoever runs "
    "it finds out more with affinity inspect FOLDER. The other pages may work."
)

#: Views at work at the same time.
MOST_AT_WORK = 2


@dataclass(frozen=True)
class View:
    """A page to show: template : a file in templates/; values : what it is filled with; status : of the answer."""

    template: str
    values: dict[str, Any] = field(default_factory=dict)
    status: int = 200


class NotHere(Exception):
    """A view has nothing under this address; the sentence says what is not there."""


def page_routes(follower: Follower, options: ServeOptions, sessions: Sessions, log: Log) -> list[Route]:
    """The routes of the page: every address of the registry, signing in and out, and "/" which leads to it.

    The gate has checked key or session, and the Origin of a POST, before any of them is called.
    """
    desks = Desks(options.clock)
    limiter = anyio.CapacityLimiter(MOST_AT_WORK)

    def route(address: str, place: Place) -> Route:
        async def handle(request: Request) -> Response:
            request.state.signed_in = options.keys is not None
            return await anyio.to_thread.run_sync(_answer, place, desks.of(follower.shelf), request, log, limiter=limiter)

        return Route(address, handle, methods=list(place.methods))

    async def home(_: Request) -> Response:
        return RedirectResponse(HOME, 307, PRIVATE)

    door = _door(options, sessions)
    ways = [
        Route("/", home),
        Route(SIGN_IN, door, methods=["GET", "POST"]),
        Route(SIGN_OUT, _way_out(sessions), methods=["POST"]),
    ]
    return ways + [route(address, place) for address, place in PAGES.items()]


def warm_pages(desk: Desk, log: Log) -> None:
    """Do once what the first page would wait for: the modules of the views, the templates, the engine that reads tables.

    desk : one of its own, let go afterwards, so that it keeps no release that is no longer current
    """
    try:
        for module in {place.view.partition(":")[0] for place in PAGES.values()}:
            importlib.import_module(module)
        for name in _templates().list_templates():
            _templates().get_template(name)
        desk.ask("SELECT 1 FROM products LIMIT 1")
    except Exception as error:  # whoever asks for a page is told
        log.write("pages_not_warmed", kind=type(error).__name__)


def _answer(place: Place, desk: Desk, request: Request, log: Log) -> Response:
    """The answer of a view; what it could not do is said on a page of its own."""
    module, function = place.view.split(":")
    try:
        found = getattr(importlib.import_module(module), function)(desk, request)
        return found if isinstance(found, Response) else show(desk, request, found)
    except Unclear as error:
        found = View("problem.html", {"title": "This question cannot be read", "said": str(error)}, 400)
    except NotHere as error:
        found = View("problem.html", {"title": "Not in this release", "said": str(error)}, 404)
    except AffinityError as error:
        found = View("problem.html", {"title": "This could not be worked out", "said": str(error)}, 422)
    except Exception as error:  # a file of the release that is gone or damaged, or a fault of the view
        where = traceback.extract_tb(error.__traceback__)[-1]
        log.write(
            "view_failed", view=place.view, kind=type(error).__name__, at_line=f"{Path(where.filename).name}:{where.lineno}"
        )
        found = View("problem.html", {"title": "This page cannot be shown", "said": FAILED}, 500)
    return show(desk, request, found)


def show(desk: Desk | None, request: Request, view: View) -> Response:
    """A view as HTML. desk : None before anybody has signed in, when nothing of the release may be shown."""
    here = request.url.path
    nav = [(address, place.name, _within(here, address)) for address, place in PAGES.items() if place.name]
    frame = {"desk": desk, "nav": nav if desk else [], "signed_in": getattr(request.state, "signed_in", False), "here": here}
    html = _templates().get_template(view.template).render(frame | view.values)
    return HTMLResponse(html, view.status, PRIVATE)


def _within(here: str, address: str) -> bool:
    return here == address or (address != HOME and here.startswith(f"{address}/"))


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(formats.FILTERS)
    made.globals.update({"help_of": HELP.__getitem__, "query": formats.query, "fresh_id": _fresh_id})
    return made


def _fresh_id() -> str:
    """Another id for every help text, also of parts that are put into a page later."""
    return f"help-{next(_NUMBERS)}"


def _door(options: ServeOptions, sessions: Sessions) -> Callable[[Request], Awaitable[Response]]:
    """Signing in: the form, and what it sends."""

    async def door(request: Request) -> Response:
        if options.keys is None:
            return RedirectResponse(HOME, 303, PRIVATE)
        if request.method == "GET":
            return show(None, request, View("sign_in.html", {"said": ""}))
        sent = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        key = sent.get("key", "").strip()
        name = options.keys.name_of(key)
        if name is None:
            said = "This is not a key of this server."
            return show(None, request, View("sign_in.html", {"said": said}, 401))
        if options.keys.scope_of(name) != "page":
            said = "This key is for widgets. The pages show customers' data and need a key made with --scope page."
            return show(None, request, View("sign_in.html", {"said": said}, 403))
        answer = RedirectResponse(HOME, 303, PRIVATE)
        secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, sessions.open(name), max_age=sessions.seconds, path=HOME, httponly=True, samesite="strict", secure=secure
        )
        return answer

    return door


def _way_out(sessions: Sessions) -> Callable[[Request], Awaitable[Response]]:
    async def leave(request: Request) -> Response:
        sessions.close(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse(SIGN_IN, 303, PRIVATE)
        answer.delete_cookie(COOKIE, path=HOME, httponly=True, samesite="strict")
        return answer

    return leave
