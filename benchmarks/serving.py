"""Requests a second of `affinity serve` on a release of 1,000,000 customers × 20,000 products.

    python -m benchmarks.serving FOLDER [--customers 1000000] [--products 20000] [--seconds 15] [--connections 16] [--switch 5]

The serving arrays are generated into FOLDER as two releases of the same rows (kept for the next call). The server is the
command itself, in its own process; the load generator is this one: raw HTTP/1.1 on keep-alive connections, customers drawn at
random, one request under way a connection. While it runs ``current`` is swapped every ``--switch`` seconds. Every 50th
answer is compared with the arrays. Printed: start, requests a second, p50 and p99, errors, CPU a request, memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from affinity.release.checksum import release_id
from affinity.release.folder import point_to
from affinity.release.serving import ServingArrays, _save, _texts
from affinity.release.verify import manifest_checksum

TOP = 10


def make_release(folder: Path, name: str, customers: int, products: int) -> str:
    """A release with only the serving arrays of customers and products, generated; its id."""
    identity = {"inputs": {"made": f"{name} {customers} {products}"}, "settings": {}, "as_of": "2026-01-01", "version": "0"}
    home = folder / "releases" / release_id(identity)
    if (home / "manifest.json").is_file():
        return home.name
    (home / "serving").mkdir(parents=True)
    random = np.random.default_rng(0)
    n = customers * TOP
    reasons = [
        f"Owns product {i % products} (bought {i % 365} days ago): bought together: basket lift 2.1" for i in range(100_000)
    ]
    arrays = _texts("product", [f"p{i:05d}" for i in range(products)])
    arrays |= _texts("product_name", [f"Product {i}" for i in range(products)])
    arrays |= _texts("customer", [f"c{i:07d}" for i in range(customers)])
    arrays |= _texts("reason_code", ["bought_together", "converts_from"]) | _texts("reason", reasons)
    arrays |= {
        "customer_rows": np.arange(customers + 1, dtype=np.int64) * TOP,
        "fit_product": random.integers(0, products, n, dtype=np.int32),
        "fit_because": random.integers(0, products, n, dtype=np.int32),
        "fit_value": random.random(n),
        "fit_reason_code": random.integers(0, 2, n, dtype=np.int32),
        "fit_reason": random.integers(0, len(reasons), n, dtype=np.int32),
        "fit_is_fallback": np.zeros(n, dtype=bool),
        "bought_rows": np.arange(products + 1, dtype=np.int64) * TOP,
        "bought_product": random.integers(0, products, products * TOP, dtype=np.int32),
        "bought_score": random.random(products * TOP),
    }
    files = {}
    for array_name, array in arrays.items():
        path = home / "serving" / f"{array_name}.npy"
        with path.open("wb") as file:
            _save(array, file)
        files[f"serving/{path.name}"] = {"sha256": "", "bytes": path.stat().st_size}
    manifest: dict[str, Any] = {"format": "affinity-release-1", "release": home.name, "as_of": "2026-01-01"}
    manifest |= {"identity": identity, "rows": {"recommendations": n}, "files": files}
    manifest["checksum"] = manifest_checksum(manifest)
    (home / "manifest.json").write_text(json.dumps(manifest))
    return home.name


class Load:
    """What the requests of all connections came to."""

    def __init__(self, arrays: ServingArrays, customers: int, port: int) -> None:
        self.arrays, self.customers, self.port = arrays, customers, port
        self.seconds: list[float] = []
        self.errors, self.wrong, self.checked = 0, 0, 0
        self.releases: set[str] = set()

    async def ask(self, until: float, seed: int) -> None:
        """One connection, until the time is up."""
        random = np.random.default_rng(seed)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while time.perf_counter() < until:
            for customer in random.integers(0, self.customers, 256).tolist():
                began = time.perf_counter()
                line = f"GET /v1/recommendations?customer_id=c{customer:07d} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                writer.write(line.encode())
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                self.seconds.append(time.perf_counter() - began)
                self.errors += not head.startswith(b"HTTP/1.1 200")
                if len(self.seconds) % 50 == 0:
                    self.check(customer, json.loads(body))
                if began > until:
                    break
        writer.close()

    def check(self, customer: int, answer: dict[str, Any]) -> None:
        """Whether an answer is what the arrays hold."""
        self.checked += 1
        self.releases.add(answer["release"])
        rows = self.arrays.rows("customer", customer)
        ids = [f"p{code:05d}" for code in self.arrays["fit_product"][rows].tolist()]
        same = [item["product_id"] for item in answer["items"]] == ids
        self.wrong += not (same and [item["score"] for item in answer["items"]] == self.arrays["fit_value"][rows].tolist())


async def run_load(load: Load, folder: Path, ids: list[str], options: argparse.Namespace) -> None:
    """All connections at once, and the switching of releases beside them."""

    async def switch() -> None:
        for turn in range(1, 10_000):
            await asyncio.sleep(options.switch)
            point_to(folder, ids[turn % 2])

    switching = asyncio.create_task(switch())
    until = time.perf_counter() + options.seconds
    await asyncio.gather(*(load.ask(until, seed) for seed in range(options.connections)))
    switching.cancel()


def main() -> None:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for name, default in (("customers", 1_000_000), ("products", 20_000), ("connections", 16)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--switch", type=float, default=5.0)
    options = parser.parse_args()
    folder: Path = options.folder
    ids = [make_release(folder, name, options.customers, options.products) for name in "ab"]
    point_to(folder, ids[0])
    command = [str(Path(sys.executable).with_name("affinity")), "serve", str(folder), "--port", "0", "--rate", "0", "--quiet"]
    began = time.perf_counter()
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    port = int(server.stdout.readline().rpartition(":")[2])
    load = Load(ServingArrays(folder / "releases" / ids[0] / "serving"), options.customers, port)
    asyncio.run(run_load(load, folder, ids, argparse.Namespace(seconds=0.01, connections=1, switch=9e9)))
    start, process = time.perf_counter() - began, psutil.Process(server.pid)
    load.seconds.clear()
    cpu, wall = process.cpu_times(), time.perf_counter()
    asyncio.run(run_load(load, folder, ids, options))
    wall, after, memory = time.perf_counter() - wall, process.cpu_times(), process.memory_full_info()
    n, p50, p99 = len(load.seconds), *np.percentile(load.seconds, [50, 99])
    used = after.user + after.system - cpu.user - cpu.system
    print(f"started and answered in {start:.2f} s; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(
        f"{n / wall:,.0f} requests/s for {wall:.0f} s, p50 {1000 * p50:.1f} ms, p99 {1000 * p99:.1f} ms, {load.errors} errors"
    )
    print(f"{1e6 * used / n:.0f} µs of CPU a request; RSS {memory.rss / 2**20:.0f} MB, of its own {memory.uss / 2**20:.0f} MB")
    print(f"{load.checked} answers compared, {load.wrong} wrong; releases seen: {len(load.releases)}")
    server.terminate()
    server.wait()


if __name__ == "__main__":
    main()
