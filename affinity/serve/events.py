"""POST /v1/events: what was shown, clicked and bought, acknowledged when it is on disk."""

from __future__ import annotations

import datetime as dt

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from affinity.serve.answers import JSON, invalid, problem
from affinity.serve.event_log import EventLog, LogBusy
from affinity.serve.meters import Meters
from affinity.serve.options import ServeOptions
from affinity.serve.question import Events


class Receiver:
    """The route's handler."""

    def __init__(self, log: EventLog, options: ServeOptions, meters: Meters) -> None:
        self._log, self._options, self._meters = log, options, meters

    async def handle(self, request: Request) -> Response:
        """{"accepted", "duplicates"}; 503 when the disk does not take them (then send the same events again)."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return problem(415, "json_needed", "Send application/json.")
        try:
            events = Events.model_validate_json(await request.body(), strict=True).events
        except ValidationError as error:
            return invalid(error)
        now = dt.datetime.fromtimestamp(self._options.clock(), dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        lines = []
        for event in events:
            if event.occurred_at is not None and not _is_time(event.occurred_at):
                return problem(
                    422, "invalid_request", "The request is not valid.", [{"field": "occurred_at", "problem": "no such time"}]
                )
            said = event.model_dump(exclude_none=True, exclude_defaults=True)
            lines.append({**said, "occurred_at": event.occurred_at or now, "received_at": now})
        try:
            written, known = await self._log.append(lines)
        except LogBusy:
            self._meters.refused["log_busy"] += 1
            return problem(503, "try_again", "The events cannot be written now; send them again.")
        self._meters.events["written"] += written
        self._meters.events["known"] += known
        return Response(to_json({"accepted": written, "duplicates": known}), 200, {"Cache-Control": "no-store"}, JSON)


def _is_time(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
