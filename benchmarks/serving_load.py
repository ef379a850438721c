"""The load of `benchmarks.serving` where wrk is not installed: raw HTTP/1.1, one request under way a connection.

    python -m benchmarks.serving_load PORT CONNECTIONS SECONDS CUSTOMERS PRODUCTS 85,10,4,1

The same questions as serving_load.lua; prints one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time


def make_question(chance: random.Random, customers: int, products: int, shares: list[int]) -> str:
    """The query of one question, its context drawn by its share."""

    def some(n: int) -> str:
        return ",".join(f"p{chance.randrange(products):05d}" for _ in range(n))

    (context,) = chance.choices(range(4), shares)
    who = f"c{chance.randrange(customers):07d}"
    return (
        f"customer_id={who}",
        f"context=product&product_ids={some(1)}",
        f"context=cart&product_ids={some(3)}&customer_id={who}",
        f"context=order_confirmation&product_ids={some(2)}&customer_id={who}",
    )[context]


async def ask(port: int, until: float, chance: random.Random, asked: tuple[int, int, list[int]]) -> tuple[list[float], int]:
    """(seconds of each answer, errors) of one connection, until the time is up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seconds, errors = [], 0
    while (began := time.perf_counter()) < until:
        line = f"GET /v1/recommendations?{make_question(chance, *asked)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        writer.write(line.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        seconds.append(time.perf_counter() - began)
        errors += not head.startswith(b"HTTP/1.1 200")
    writer.close()
    return seconds, errors


async def load(port: int, connections: int, seconds: float, asked: tuple[int, int, list[int]]) -> dict[str, float]:
    """What all connections came to; latencies in milliseconds."""
    began = time.perf_counter()
    found = await asyncio.gather(*(ask(port, began + seconds, random.Random(seed), asked) for seed in range(connections)))
    took, every = time.perf_counter() - began, sorted(one for some, _ in found for one in some)
    at = {name: 1000 * every[min(int(len(every) * float(name) / 100), len(every) - 1)] for name in ("50", "99", "99.9")}
    counted = {"requests": len(every), "seconds": took, "errors": sum(errors for _, errors in found)}
    return counted | {f"p{name}": value for name, value in at.items()}


if __name__ == "__main__":
    port, connections, seconds, customers, products = map(int, sys.argv[1:6])
    shares = [int(share) for share in sys.argv[6].split(",")]
    print(json.dumps(asyncio.run(load(port, connections, seconds, (customers, products, shares)))))
