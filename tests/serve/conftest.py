"""A small shop, its releases, and servers over them on free ports of this machine."""

from __future__ import annotations

import contextlib
import io
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

import affinity as af
from affinity.sample_shop import write_shop
from affinity.serve.app import create_app
from affinity.serve.options import ServeOptions
from affinity.serve.run import _listen

AS_OF = "2024-10-01"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).parent / "vendored" / "axe-4.14.1.min.js"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a small sample shop."""
    return write_shop(af.make_shop(seed=11, customers=500), tmp_path_factory.mktemp("shop"))


def run_shop(shop: dict[str, Path], **changes: Any) -> af.Result:
    """A run on the shop."""
    return af.run(shop["orders"], products=shop["products"], customers=shop["customers"], as_of=AS_OF, **changes)


@pytest.fixture(scope="session")
def result(shop: dict[str, Path]) -> af.Result:
    """A run with the settings a shop begins with."""
    return run_shop(shop)


@pytest.fixture(scope="session")
def folder(result: af.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its release folder; nobody publishes another into it."""
    home = tmp_path_factory.mktemp("release") / "shop"
    result.publish(home)
    return home


@dataclass
class Served:
    """A running server: a client of it, its log, its application."""

    client: httpx.Client
    app: Any
    log: io.StringIO = field(default_factory=io.StringIO)

    def ask(self, **asked: Any) -> dict[str, Any]:
        """The answer to a question sent as a body."""
        answer = self.client.post("/v1/recommendations", json=asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@contextlib.contextmanager
def serving(folder: Path, events: Path, **options: Any) -> Iterator[Served]:
    """Serve a folder from a thread until the block ends."""
    log = io.StringIO()
    usual: dict[str, Any] = {"events": events, "rate": 0.0, "check_seconds": 0.05, "log_seconds": 0.0}
    app = create_app(folder, ServeOptions(**(usual | options)), log_to=log)
    listener = _listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield Served(client, app, log)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def served(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over the shop's release."""
    with serving(folder, tmp_path_factory.mktemp("events"), origins=("https://shop.example",)) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; closed with each module, since its loop stands in the way of others."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@contextlib.contextmanager
def visiting(browser: Any, served: Served, **options: Any) -> Iterator[Any]:
    """A browser page of a fresh visitor of ``served``; at the end it must have had no fault and asked no other server.

    options : of the browser's context, such as color_scheme="dark", viewport={"width": 360, "height": 740},
              java_script_enabled=False, bypass_csp=True (only for axe)
    """
    context = browser.new_context(base_url=str(served.client.base_url), reduced_motion="reduce", **options)
    page = context.new_page()
    faults: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    try:
        yield page
        assert faults == []
        assert {address.split("/")[2] for address in asked} <= {f"127.0.0.1:{served.client.base_url.port}"}
    finally:
        context.close()


def violations(page: Any) -> list[str]:
    """What axe-core finds on the page that is shown and is serious or critical (a page of bypass_csp=True)."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    bad = [one for one in found if one["impact"] in {"serious", "critical"}]
    return [f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:4]]}" for one in bad]


def scrolls_sideways(page: Any) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
