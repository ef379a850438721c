"""A small shop, its releases, and servers over them on free ports of this machine."""

from __future__ import annotations

import contextlib
import io
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
    app = create_app(folder, ServeOptions(**({"events": events, "rate": 0.0, "check_seconds": 0.05} | options)), log_to=log)
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
