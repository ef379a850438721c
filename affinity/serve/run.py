"""Running the application: one process, one event loop, uvicorn."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from pathlib import Path
from typing import TextIO

from affinity.errors import MissingExtra, OutputError
from affinity.serve.options import ServeOptions

#: How long a thread (that opens a release, or makes a page) may hold up the answers of the loop.
SWITCH_SECONDS = 0.0005

#: Objects made before the collector looks for circles (of young, middle and old ones): an answer leaves none behind.
COLLECT_AFTER = (50_000, 20, 20)

#: How long a stop waits for answers under way: a download that somebody reads slowly is cut off then.
LAST_SECONDS = 20


def run_server(path: Path, options: ServeOptions, *, log_to: TextIO | None, announce: TextIO | None) -> None:
    """Serve until stopped (SIGINT or SIGTERM: requests under way are answered first).

    announce : gets one line with the address once the server listens. OutputError for a port that is taken.
    """
    try:
        import uvicorn

        from affinity.serve.app import create_app
    except ModuleNotFoundError as error:
        raise MissingExtra(f"{error.name} is not installed.", do="pip install 'affinity-engine[serve]'") from None
    app = create_app(path, options, log_to=log_to)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # what lives as long as the server is never looked through again
    gc.set_threshold(*COLLECT_AFTER)
    listener = _listen(options.host, options.port)
    if announce is not None:
        host, port = listener.getsockname()[:2]
        announce.write(f"Serving {path} on http://{f'[{host}]' if ':' in host else host}:{port}\n")
        announce.flush()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        limit_concurrency=1000,
        backlog=2048,
        timeout_graceful_shutdown=LAST_SECONDS,
    )
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # answers under way are given first; then it ends as service managers expect
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        listener.listen(2048)  # whoever reads the address may connect at once
    except OSError as error:
        listener.close()
        what = f"{host}:{port} cannot be listened on: {error.strerror or error}."
        raise OutputError(what, do="Choose another with --port (0: any free one).") from None
    return listener
