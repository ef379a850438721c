"""`affinity serve` under a steady load for half an hour while the current release is switched: does its memory grow?

    python -m benchmarks.soak [FOLDER] [--minutes 30] [--rate 200] [--switch 10] [--page SHOP] [--out FILE.json]

Two releases that differ are made in FOLDER, as by `benchmarks.serving` (50,000 customers × 5,000 products), or SHOP, a
folder of real releases, is served, and its pages are asked for too. So many requests a second ask for all four contexts,
send events, some of them twice, and ask what cannot be answered (404, 422). Beside them `benchmarks.serving.Checker` compares
answers with the files of the release they name and swaps the releases. Every ten seconds the server's own memory (USS), its
open files and threads are noted. Reported: what the first and the last window after a warm-up of three minutes hold, the slope
of a line through all of them, errors, and answers that were wrong.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from affinity.release import list_releases
from affinity.release.folder import point_to
from benchmarks.serving import CONTEXTS, HERE, Checker, Server
from benchmarks.serving_load import make_question
from benchmarks.serving_release import make_releases

#: Questions and the status that is right for each; every so many-th request is one of them.
ODD = (
    ("/v1/recommendations?context=nowhere", 422),
    ("/v1/recommendations?customer_id=nobody-" + "x" * 50, 200),
    ("/v1/recommendations?context=product&product_ids=none", 200),
    ("/v1/recommendations?limit=many", 422),
    ("/nowhere", 404),
    ("/v1/health", 200),
    ("/metrics", 200),
)
PAGES = ("/page", "/page/products", "/page/rules", "/page/segments", "/page/tree", "/page/tree.svg", "/page/trust")
SAMPLE_SECONDS, WARM_SECONDS, WINDOW_SECONDS = 10.0, 180.0, 240.0


class Asker(threading.Thread):
    """Asks ``rate`` times a second until it is stopped, on one connection, or each time on a new one (``fresh``)."""

    def __init__(self, port: int, rate: float, seed: int, options: argparse.Namespace, *, fresh: bool = False) -> None:
        super().__init__()
        self._fresh = fresh
        self._port, self._rate, self._chance, self._options = port, rate, random.Random(seed), options
        self.stopping, self.statuses, self.errors = threading.Event(), Counter[int](), list[str]()

    def run(self) -> None:
        """Ask, and note what was not answered as it should be."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        begun = time.monotonic()
        for turn in itertools.count():
            pause = begun + turn / self._rate - time.monotonic()
            if pause < -30:  # far behind on a busy machine: what was missed is not made up for
                begun -= pause
            if self.stopping.wait(max(0.0, pause)):
                break
            method, path, body, right = self._draw(turn)
            try:
                connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(f"{time.monotonic() - begun:.0f} s, {method} {path}: {error!r}")
                connection.close()
                continue
            self.statuses[answer.status] += 1
            if self._fresh:
                connection.close()
            if answer.status != right:
                self.errors.append(f"{method} {path}: {answer.status}")
        connection.close()

    def _draw(self, turn: int) -> tuple[str, str, str | None, int]:
        if turn % 40 == 0:
            one = {"type": "impression", "event_id": f"{id(self)}-{turn // 80}", "product_id": "p00001"}
            return "POST", "/v1/events", json.dumps({"events": [one]}), 200
        if turn % 41 == 0:
            path, right = ODD[turn // 41 % len(ODD)]
            return "GET", path, None, right
        if self._options.page and turn % 10 == 0:
            return "GET", PAGES[turn // 10 % len(PAGES)], None, 200
        shares = list(CONTEXTS.values())
        asked = make_question(self._chance, self._options.customers, self._options.products, shares)
        return "GET", f"/v1/recommendations?{asked}", None, 200


class Swapper(threading.Thread):
    """Swaps the releases of a real shop every so many seconds, where there is no `Checker` to do it."""

    def __init__(self, folder: Path, ids: list[str], seconds: float) -> None:
        super().__init__()
        self._folder, self._ids, self._seconds = folder, ids, seconds
        self.stopping, self.switches = threading.Event(), 0

    def __enter__(self) -> Swapper:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.join()

    def run(self) -> None:
        """Point to the next release, for ever."""
        while not self.stopping.wait(self._seconds):
            self.switches += 1
            point_to(self._folder, self._ids[self.switches % len(self._ids)])


def watch(server: Server, seconds: float) -> np.ndarray:
    """float[samples, 4]: seconds since the start, USS in MB, open files, threads."""
    began, found = time.monotonic(), []
    while (passed := time.monotonic() - began) < seconds:
        uss = server.known.memory_full_info().uss / 2**20
        found.append((passed, uss, server.known.num_fds(), server.known.num_threads()))
        time.sleep(SAMPLE_SECONDS)
    return np.array(found)


def judge(samples: np.ndarray) -> dict[str, Any]:
    """What the samples after the warm-up say."""
    after = samples[samples[:, 0] >= WARM_SECONDS]
    last = after[-1, 0]
    window = min(WINDOW_SECONDS, (last - WARM_SECONDS) / 2)
    first, end = after[after[:, 0] <= WARM_SECONDS + window], after[after[:, 0] >= last - window]
    slope = float(np.polyfit(after[:, 0] / 60, after[:, 1], 1)[0])
    means = [float(part[:, 1].mean()) for part in (first, end)]
    return {
        "samples": len(after),
        "uss_first_window_mb": round(means[0], 1),
        "uss_last_window_mb": round(means[1], 1),
        "growth_percent": round(100 * (means[1] / means[0] - 1), 2),
        "slope_mb_a_minute": round(slope, 3),
        "uss_least_and_most_mb": [round(float(after[:, 1].min()), 1), round(float(after[:, 1].max()), 1)],
        "open_files": [int(first[:, 2].max()), int(end[:, 2].max())],
        "threads": [int(first[:, 3].max()), int(end[:, 3].max())],
    }


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Everything that is reported."""
    ids = (
        [one["id"] for one in list_releases(folder)]
        if options.page
        else make_releases(folder, options.customers, options.products)
    )
    point_to(folder, ids[0])
    with tempfile.TemporaryDirectory(prefix="affinity-soak-") as aside, ExitStack() as stack:
        server = Server(folder, Path(aside) / "events", quiet=True)
        stack.callback(server.stop)
        swap: Any = Swapper(folder, ids, options.switch) if options.page else Checker(server, folder, ids, options.switch)
        askers = [Asker(server.port, options.rate / 3, seed, options, fresh=seed == 2) for seed in range(3)]
        with swap:
            before = server.cpu()
            for asker in askers:
                asker.start()
            samples = watch(server, 60 * options.minutes)
            for asker in askers:
                asker.stopping.set()
                asker.join()
            used = server.cpu() - before
        log = (Path(aside) / "server.log").read_text()
    statuses = sum((asker.statuses for asker in askers), Counter[int]())
    errors = [error for asker in askers for error in asker.errors]
    return {
        "minutes": options.minutes,
        "requests": sum(statuses.values()),
        "statuses": {str(status): statuses[status] for status in sorted(statuses)},
        "errors": len(errors),
        "errors_seen": sorted(set(errors))[:10],
        "switches": swap.switches,
        **({} if options.page else {
            "answers_compared": swap.compared, "answers_wrong": swap.wrong, "answers_failed": swap.failures,
            "releases_seen": len(swap.seen),
        }),
        "server_share_of_a_core": round(used / (60 * options.minutes), 3),
        "server_log": log[-500:],
        **judge(samples),
        "uss_mb_by_minute": [
            round(float(samples[samples[:, 0] // 60 == minute, 1].mean()), 1) for minute in range(int(samples[-1, 0] // 60) + 1)
        ],
    }  # fmt: skip


def main() -> None:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where the releases are made and kept")
    for name, default in (("customers", 50_000), ("products", 5_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    for name, default in (("minutes", 30.0), ("rate", 200.0), ("switch", 10.0)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--page", type=Path, help="serve this folder of real releases instead, and ask for its pages")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "soak.json", help="JSON file to write")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="affinity-soak-releases-") as made:
        found = measure(options.page or options.folder or Path(made), options)
    print(json.dumps(found, indent=1))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
