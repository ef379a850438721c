"""Requests a second of `affinity serve` on a release of 1,000,000 customers × 20,000 products, releases switched meanwhile.

    python -m benchmarks.serving [FOLDER] [--seconds 15] [--connections 16] [--switch 5] [--out FILE.json]

Two releases of that size that differ are generated into FOLDER and kept for the next call; without FOLDER into a temporary
one that is removed. The server is the command itself in its own process. The load comes from `wrk` where it is installed
(apt-get install wrk), else from `benchmarks.serving_load`, in a process of its own: of 100 questions 85 ask for a customer, 10
for a product, 4 for a cart of three, 1 for an order of two (``CONTEXTS``). ``current`` is swapped every ``--switch`` seconds.
Beside the load this process asks for customers and products and compares each answer with the files of the release it
names. Printed and written: requests a second, latencies, errors, CPU a request, start to the first answer, memory (USS:
the server's own; RSS: with the pages of the release's files that it has touched).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from affinity.release.folder import point_to
from affinity.release.serving import ServingArrays
from benchmarks.serving_release import make_releases

HERE = Path(__file__).parent

#: Questions of each context among a hundred.
CONTEXTS = {"customer": 85, "product": 10, "cart": 4, "order_confirmation": 1}


class Server:
    """`affinity serve` in a process of its own."""

    def __init__(self, folder: Path, events: Path, *, quiet: bool) -> None:
        program = Path(sys.executable).with_name("affinity")
        command = [str(program), "serve", str(folder), "--port", "0", "--rate", "0", "--events", str(events)]
        began = time.perf_counter()
        with (events.parent / "server.log").open("w") as log:
            self.process = subprocess.Popen(
                [*command, *(["--quiet"] if quiet else [])], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if not said:
            raise SystemExit(f"The server did not start: {(events.parent / 'server.log').read_text()}")
        self.port = int(said.rpartition(":")[2])
        self.ask("/v1/recommendations?customer_id=c0000001")
        self.start_seconds = time.perf_counter() - began
        self.known, self.most = psutil.Process(self.process.pid), {"uss": 0, "rss": 0}

    def ask(self, path: str) -> dict[str, Any]:
        """An answer on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return dict(json.loads(body))

    def cpu(self) -> float:
        """CPU seconds of the server so far."""
        used = self.known.cpu_times()
        return float(used.user + used.system)

    def weigh(self) -> None:
        """Keep the largest memory seen."""
        found = self.known.memory_full_info()
        self.most = {name: max(self.most[name], getattr(found, name)) for name in self.most}

    def stop(self) -> None:
        """End it as an operator would."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Checker:
    """Asks beside the load and compares with the files; swaps the releases; until stopped."""

    def __init__(self, server: Server, folder: Path, ids: list[str], switch: float) -> None:
        self._server, self._folder, self._ids, self._switch = server, folder, ids, switch
        self._arrays = {name: ServingArrays(folder / "releases" / name / "serving") for name in ids}
        self._stop = threading.Event()
        self.compared, self.wrong, self.switches, self.seen, self.failures = 0, 0, 0, set[str](), list[str]()
        self._threads = [threading.Thread(target=work) for work in (self._check, self._swap, self._weigh)]

    def __enter__(self) -> Checker:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _swap(self) -> None:
        while not self._stop.wait(self._switch):
            self.switches += 1
            point_to(self._folder, self._ids[self.switches % len(self._ids)])

    def _weigh(self) -> None:
        while not self._stop.wait(2.0):
            self._server.weigh()
        self._server.weigh()

    def _check(self) -> None:
        random, began = np.random.default_rng(7), time.monotonic()
        arrays = self._arrays[self._ids[0]]
        sizes = {name: len(arrays[f"{name}_offsets"]) - 1 for name in ("customer", "product")}
        while not self._stop.wait(0.05):
            name = "product" if self.compared % 4 == 0 else "customer"
            code = int(random.integers(sizes[name]))
            asked = f"context=product&product_ids=p{code:05d}" if name == "product" else f"customer_id=c{code:07d}"
            try:
                answer = self._server.ask(f"/v1/recommendations?{asked}&limit=100")
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                self.failures.append(f"{time.monotonic() - began:.0f} s, {asked}: {error!r}")
                continue
            self.compared += 1
            self.seen.add(answer["release"])
            self.wrong += not self._equal(answer, name, code)

    def _equal(self, answer: dict[str, Any], name: str, code: int) -> bool:
        arrays, of = self._arrays[answer["release"]], "customer" if name == "customer" else "bought"
        rows, items = arrays.rows(of, code), answer["items"]
        table, value = ("fit", "fit_value") if name == "customer" else ("bought", "bought_score")
        products = [arrays.text("product", one) for one in arrays[f"{table}_product"][rows]]
        expected = list(zip(products, arrays[value][rows].tolist()))
        if name == "product":
            return [(item["product_id"], item["score"]) for item in items] == sorted(
                expected, key=lambda row: (-row[1], row[0])
            )
        sentences = arrays.some_texts("reason", arrays["fit_reason"][rows].tolist())
        said = [((item["product_id"], item["score"]), item["evidence"]["sentence"]) for item in items]
        return said == list(zip(expected, sentences))


def run_load(port: int, options: argparse.Namespace) -> dict[str, float]:
    """Ask for so many seconds from another process; requests, seconds, errors and latencies (ms) at percentiles."""
    shares = ",".join(str(share) for share in CONTEXTS.values())
    size = [str(options.customers), str(options.products), shares]
    wrk = shutil.which("wrk")
    if wrk is not None and not options.python_load:
        each = ["-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--timeout", "10s"]
        command = [wrk, *each, "-s", str(HERE / "serving_load.lua"), f"http://127.0.0.1:{port}", "--", *size]
    else:
        each = [str(port), str(options.connections), str(options.seconds), *size]
        command = [sys.executable, "-m", "benchmarks.serving_load", *each]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent).stdout
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Everything that is reported."""
    ids = make_releases(folder, options.customers, options.products)
    point_to(folder, ids[0])
    with tempfile.TemporaryDirectory(prefix="affinity-serving-") as aside:
        server = Server(folder, Path(aside) / "events", quiet=not options.log)
        try:
            warm = argparse.Namespace(**{**vars(options), "seconds": 2})
            run_load(server.port, warm)
            with Checker(server, folder, ids, options.switch) as checker:
                before = server.cpu()
                load = run_load(server.port, options)
                used = server.cpu() - before
            orders = [_time_one(server, options) for _ in range(20)]
        finally:
            server.stop()
    made = load["requests"] + checker.compared
    return {
        "machine": {"cpus": os.cpu_count(), "load_average": os.getloadavg()[0], "python": platform.python_version()},
        "size": {"customers": options.customers, "products": options.products, "connections": options.connections},
        "start_s": round(server.start_seconds, 2),
        "seconds": round(load["seconds"], 1),
        "requests_a_second": round(load["requests"] / load["seconds"]),
        **{f"p{name}_ms": round(load[f"p{name}"], 2) for name in ("50", "99", "99.9")},
        "errors": int(load["errors"]) + len(checker.failures),
        "cpu_us_a_request": round(1e6 * used / made),
        "server_share_of_a_core": round(used / load["seconds"], 2),
        "uss_mb": round(server.most["uss"] / 2**20),
        "rss_mb": round(server.most["rss"] / 2**20),
        "switches": checker.switches,
        "releases_seen": len(checker.seen),
        "answers_compared": checker.compared,
        "answers_wrong": checker.wrong,
        "order_alone_ms": round(float(np.median(orders)), 1),
    }


def _time_one(server: Server, options: argparse.Namespace) -> float:
    """Milliseconds of one order's answer, with nothing else to do."""
    number = np.random.default_rng(time.perf_counter_ns())
    ids = ",".join(f"p{code:05d}" for code in number.integers(0, options.products, 2).tolist())
    began = time.perf_counter()
    server.ask(f"/v1/recommendations?context=order_confirmation&product_ids={ids}&customer_id=c0000042")
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where the releases are made and kept")
    for name, default in (("customers", 1_000_000), ("products", 20_000), ("connections", 16), ("seconds", 15)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--switch", type=float, default=5.0)
    parser.add_argument("--log", action="store_true", help="with a log line a request, to a file")
    parser.add_argument("--python-load", action="store_true", help="not wrk")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "serving.json", help="JSON file to write")
    options = parser.parse_args()
    if options.folder is None:
        with tempfile.TemporaryDirectory(prefix="affinity-releases-") as folder:
            found = measure(Path(folder), options)
    else:
        found = measure(options.folder, options)
    print(json.dumps(found, indent=1))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
