"""The server's log: together when all is well, at once when it is not."""

from __future__ import annotations

import asyncio
import io
import json

from affinity.serve.log import MOST_LINES, Log


def test_lines_of_requests_wait_for_each_other_and_a_failure_waits_for_nothing() -> None:
    out = io.StringIO()
    log = Log(out, lambda: 12.3456, seconds=0.01)

    def written() -> list[int]:
        return [json.loads(line)["status"] for line in out.getvalue().splitlines()]

    async def go() -> None:
        log.request("/a", "GET", 200, 0.001)
        log.request("/a", "GET", 404, 0.001)
        assert written() == []
        while not written():
            await asyncio.sleep(0.002)
        assert written() == [200, 404]
        log.request("/a", "GET", 200, 0.001)
        log.request("/a", "GET", 500, 0.001)
        assert written() == [200, 404, 200, 500]
        for _ in range(MOST_LINES):
            log.request("/a", "GET", 200, 0.001)
        assert len(written()) == 4 + MOST_LINES
        log.request("/a", "GET", 201, 0.001)
        log.write("stopped")
        assert json.loads(out.getvalue().splitlines()[-1]) == {"at": 12.346, "what": "stopped"}

    asyncio.run(go())
    assert json.loads(out.getvalue().splitlines()[-2])["status"] == 201
