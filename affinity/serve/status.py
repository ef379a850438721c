"""GET /v1/health, /v1/release, /metrics."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from affinity.serve.follow import Follower
from affinity.serve.meters import Meters


def status_router(follower: Follower, meters: Meters) -> APIRouter:
    """The routes that say how the server is."""
    router = APIRouter()

    @router.get("/v1/health", summary="Is the server up, and on which release?")
    async def health() -> dict[str, str]:
        return {"status": "ok", "release": follower.shelf.id}

    @router.get("/v1/release", summary="The release that is served")
    async def release() -> dict[str, Any]:
        shelf = follower.shelf
        contexts = ["customer", "product"]
        if shelf.packed is not None:
            contexts += ["cart"] + ["order_confirmation"] * shelf.packed.has_model
        return {"release": shelf.id, "as_of": shelf.as_of, "rows": shelf.rows, "contexts": contexts}

    @router.get("/metrics", summary="Counters as Prometheus text", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        info = [
            ("release_info", "The release that is served.", f'{{release="{follower.shelf.id}"}}', 1.0),
            ("release_switches", "Releases taken up since the start.", "", float(follower.switches)),
            ("release_failures", "Releases that could not be opened.", "", float(follower.failures)),
        ]
        return PlainTextResponse(meters.text(info), media_type="text/plain; version=0.0.4")

    return router
