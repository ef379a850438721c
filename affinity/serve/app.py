"""The application: its routes, what stands before them, and what lives as long as it does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TextIO

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from affinity import __version__
from affinity.release.folder import RELEASES
from affinity.serve.answers import problem
from affinity.serve.event_log import EventLog
from affinity.serve.events import Receiver
from affinity.serve.follow import Follower
from affinity.serve.gate import Gate, dispatch
from affinity.serve.log import Log
from affinity.serve.meters import Meters
from affinity.serve.options import ServeOptions
from affinity.serve.page.desk import Desk
from affinity.serve.page.shell import page_routes, warm_pages
from affinity.serve.pages import demo_routes, static_routes
from affinity.serve.recommendations import Recommender
from affinity.serve.schema import complete_schema
from affinity.serve.sessions import Sessions
from affinity.serve.status import status_router

ASK, TELL = "/v1/recommendations", "/v1/events"


class Application(FastAPI):
    """The framework's application behind the gate, which answers the fast routes without it."""

    gate: Gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Every request, through the gate."""
        await self.gate(scope, receive, send)

    async def behind(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What the gate lets through to the framework."""
        await super().__call__(scope, receive, send)


def create_app(path: Path, options: ServeOptions, *, log_to: TextIO | None = None) -> FastAPI:
    """The application over the current release of ``path`` (a release folder, or one release).

    Opens the release and the event log at once, so that what is wrong is said before anything listens. Pages and the
    widget are further routes, below the API's.
    """
    log, meters = Log(log_to, options.clock, options.log_seconds), Meters()
    follower = Follower(path, log=log)
    events = EventLog(options.events or _event_folder(path))

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        following = asyncio.create_task(follower.follow(options.check_seconds))
        log.write("started", release=follower.shelf.id)
        asyncio.get_running_loop().run_in_executor(None, warm_pages, Desk(follower.shelf, clock=options.clock), log)
        yield
        following.cancel()
        await events.close()
        log.write("stopped")

    app = Application(title="Affinity", version=__version__, lifespan=life, docs_url=None, redoc_url=None)
    recommender, receiver = Recommender(follower, options, meters), Receiver(events, options, meters)
    app.router.routes.append(Route(ASK, recommender.handle, methods=["GET", "POST"]))
    app.router.routes.append(Route(TELL, receiver.handle, methods=["POST"]))
    app.include_router(status_router(follower, meters))
    sessions = Sessions(options.clock)
    files = static_routes() + page_routes(follower, options, sessions, log) + (demo_routes(follower) if options.demo else [])
    app.router.routes.extend(files)
    app.state.follower, app.state.meters, app.state.events_folder = follower, meters, events.folder
    _describe(app)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(Exception, _fail)
    fast = {("GET", ASK): recommender.handle, ("POST", ASK): recommender.handle, ("POST", TELL): receiver.handle}
    paths = frozenset({ASK, TELL, "/openapi.json", *(route.path for route in files if "{" not in route.path)})
    app.gate = Gate(dispatch(fast, app.behind), options=options, sessions=sessions, meters=meters, log=log, paths=paths)
    return app


def _event_folder(path: Path) -> Path:
    """DIR/events beside DIR/releases, also when DIR/current or one release is served."""
    path = path.absolute()
    if path.name == "current" and (path.parent / RELEASES).is_dir():
        return path.parent / "events"
    return (path.parent.parent if path.parent.name == RELEASES else path) / "events"


def _describe(app: FastAPI) -> None:
    """Let the schema hold the routes that are not FastAPI's own."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = complete_schema(get_openapi(title=app.title, version=app.version, routes=app.routes))
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


async def _refuse(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentences = {404: ("not_found", "There is nothing here."), 405: ("wrong_method", "This method is not answered here.")}
    found = problem(status, *sentences.get(status, ("refused", "The request was refused.")))
    found.headers.update(dict(getattr(error, "headers", None) or {}))
    return found


async def _fail(_: Request, error: Exception) -> Response:
    return problem(500, "failed", "The server failed; its log says when.")
