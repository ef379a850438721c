"""What the server counts, as Prometheus text."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

#: Upper bounds of the buckets of the time of a request, in seconds.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1.0)


class Meters:
    """Counters of one process. Labels are fixed words of the server, never what a client sent."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.answers: Counter[tuple[str, str]] = Counter()
        self.events: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._seconds, self._slower = [0] * (len(BUCKETS) + 1), 0.0

    def time(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self.requests[route, status] += 1
        self._seconds[bisect_left(BUCKETS, seconds)] += 1
        self._slower += seconds

    def text(self, gauges: Iterable[tuple[str, str, str, float]]) -> str:
        """The Prometheus text format; gauges : (name, help, labels, value) beside what is counted here."""
        lines: list[str] = []

        def family(name: str, kind: str, what: str, values: Iterable[tuple[str, float]]) -> None:
            lines.extend((f"# HELP affinity_{name} {what}", f"# TYPE affinity_{name} {kind}"))
            lines.extend(f"affinity_{name}{labels} {value}" for labels, value in values)

        requests = (('{route="%s",status="%d"}' % key, n) for key, n in sorted(self.requests.items()))  # noqa: UP031
        family("requests_total", "counter", "Requests answered.", requests)
        answers = (('{context="%s",outcome="%s"}' % key, n) for key, n in sorted(self.answers.items()))  # noqa: UP031
        family("answers_total", "counter", "Answers by context and outcome (items, empty, control).", answers)
        family("events_total", "counter", "Events written, known before.", _by("outcome", self.events))
        family("refused_total", "counter", "Requests refused.", _by("reason", self.refused))
        family("request_seconds", "histogram", "Time to the end of the answer.", [])
        total = 0
        for bound, n in zip((*map(str, BUCKETS), "+Inf"), self._seconds):
            total += n
            lines.append(f'affinity_request_seconds_bucket{{le="{bound}"}} {total}')
        lines.extend((f"affinity_request_seconds_sum {self._slower:.6f}", f"affinity_request_seconds_count {total}"))
        for name, what, labels, value in gauges:
            family(name, "gauge", what, [(labels, value)])
        return "\n".join(lines) + "\n"


def _by(label: str, counts: Counter[str]) -> Iterable[tuple[str, float]]:
    return ((f'{{{label}="{key}"}}', n) for key, n in sorted(counts.items()))
