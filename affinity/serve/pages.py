"""Files that browsers load (the widget, the demo shop), read once from the package; no path leads anywhere else."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from affinity.serve.follow import Follower
from affinity.serve.shelf import Shelf

STATIC = Path(__file__).parent / "static"

TYPES = {
    ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
}  # fmt: skip

#: Products and customers that the demo shop shows.
DEMO_PRODUCTS, DEMO_CUSTOMERS = 48, 12


def static_routes() -> list[Route]:
    """/static/NAME of every script, sheet and picture of the package's folder and of those in it."""
    paths = [path for path in sorted(STATIC.rglob("*")) if path.suffix in TYPES and path.suffix != ".html"]
    return [_route(f"/static/{path.relative_to(STATIC).as_posix()}", path) for path in paths]


def demo_routes(follower: Follower) -> list[Route]:
    """/demo, a shop of the release's own products, and what it shows; for this machine only, since it names customers."""

    async def shop(_: Request) -> Response:
        return JSONResponse(demo_shop(follower.shelf), headers={"Cache-Control": "no-store"})

    return [_route("/demo", STATIC / "demo.html"), Route("/demo/shop.json", shop)]


def demo_shop(shelf: Shelf) -> dict[str, object]:
    """{"products": [{id, name, price}], "customers": [id]}: those bought most, then by id; the first customers with a list."""
    a = shelf.arrays
    codes = list(range(len(a["product_offsets"]) - 1))
    if "product_baskets" in a:
        codes.sort(key=lambda code: (-int(a["product_baskets"][code]), code))
    products = [{"id": shelf.product(c), "name": shelf.name(c), "price": shelf.price(c)} for c in codes[:DEMO_PRODUCTS]]
    bounds = a["customer_rows"]
    shown = (code for code in range(len(bounds) - 1) if bounds[code] < bounds[code + 1])
    customers = [a.text("customer", code) for code, _ in zip(shown, range(DEMO_CUSTOMERS))]
    return {"products": products, "customers": customers, "release": shelf.id, "as_of": shelf.as_of}


def _route(address: str, path: Path) -> Route:
    body, kind = path.read_bytes(), TYPES[path.suffix]
    tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=600", "Vary": "Origin"}

    async def send(request: Request) -> Response:
        if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
            return Response(None, 304, headers)
        return Response(body, 200, {**headers, "Content-Type": kind})

    return Route(address, send)
