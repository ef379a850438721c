"""Files that browsers load (the widget, the demo shop), read once from the package; no path leads anywhere else.

The widget is served twice: under its plain name, which browsers ask for again after ten minutes, and under a name with its
version and its hash, which they may keep for ever and check (`widget_tag`).
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import blake2b, sha384
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from affinity import __version__
from affinity.serve.follow import Follower
from affinity.serve.shelf import Shelf

STATIC = Path(__file__).parent / "static"

TYPES = {
    ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
}  # fmt: skip

#: Products and customers that the demo shop shows.
DEMO_PRODUCTS, DEMO_CUSTOMERS = 48, 12


WIDGET = STATIC / "affinity-recommendations.js"

SOON, NEVER = "public, max-age=600", "public, max-age=31536000, immutable"


def static_routes() -> list[Route]:
    """/static/NAME of every script, sheet and picture of the package's folder, and the widget under its versioned name."""
    paths = [path for path in sorted(STATIC.rglob("*")) if path.suffix in TYPES and path.suffix != ".html"]
    plain = [_route(f"/static/{path.relative_to(STATIC).as_posix()}", path.read_bytes(), path.suffix) for path in paths]
    return [*plain, _route(widget_address(), WIDGET.read_bytes(), WIDGET.suffix, keep=NEVER)]


def widget_address() -> str:
    """/static/affinity-recommendations.VERSION-HASH.js: another address for every change of the file."""
    return f"/static/{WIDGET.stem}.{__version__}-{blake2b(WIDGET.read_bytes(), digest_size=4).hexdigest()}{WIDGET.suffix}"


def widget_tag(server: str = "") -> str:
    """The script element, with its hash, that loads the widget from ``server`` ("https://recommend.example"; empty: this)."""
    integrity = b64encode(sha384(WIDGET.read_bytes()).digest()).decode()
    source = escape(server.rstrip("/") + widget_address())
    return f'<script type="module" src="{source}" integrity="sha384-{integrity}" crossorigin="anonymous"></script>'


def demo_routes(follower: Follower) -> list[Route]:
    """/demo, a shop of the release's own products, and what it shows; for this machine only, since it names customers."""

    async def shop(_: Request) -> Response:
        return JSONResponse(demo_shop(follower.shelf), headers={"Cache-Control": "no-store"})

    page = (
        (STATIC / "demo.html").read_text().replace(f'<script type="module" src="/static/{WIDGET.name}"></script>', widget_tag())
    )
    page = page.replace("EMBED", escape(widget_tag("https://recommend.example")))
    return [_route("/demo", page.encode(), ".html"), Route("/demo/shop.json", shop)]


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


def _route(address: str, body: bytes, suffix: str, *, keep: str = SOON) -> Route:
    """keep : how long browsers may keep the file"""
    kind, tag = TYPES[suffix], f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": keep, "Vary": "Origin"}

    async def send(request: Request) -> Response:
        if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
            return Response(None, 304, headers)
        return Response(body, 200, {**headers, "Content-Type": kind})

    return Route(address, send)
