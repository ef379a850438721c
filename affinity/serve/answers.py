"""Answers as JSON, and refusals."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.responses import Response

from affinity.serve.question import Question
from affinity.serve.shelf import Item, Shelf

JSON = "application/json"


class Encoded(Response):
    """A response whose headers are encoded already."""

    def __init__(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [*headers, (b"content-length", b"%d" % len(body))] if body else headers


def problem(status: int, code: str, sentence: str, details: list[dict[str, str]] | None = None) -> Response:
    """A refusal: {"error": {code, message, details}}; it repeats nothing that was sent."""
    error: dict[str, Any] = {"code": code, "message": sentence}
    if details:
        error["details"] = details
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 429:
        headers["Retry-After"] = "1"
    return Response(to_json({"error": error}), status, headers, JSON)


def invalid(error: ValidationError) -> Response:
    """What is wrong with a question: the names of the fields (only those that are ours) and why, not the values."""
    wrong = error.errors(include_url=False)[:20]
    details = [{"field": ".".join(_name(part) for part in one["loc"]), "problem": one["type"]} for one in wrong]
    return problem(422, "invalid_request", "The request is not valid.", details)


#: Names of fields that may be told back.
_OURS = {*Question.model_fields, "filters", "category", "price_min", "price_max", "available", "events", "event_id", "type",
         "request_id", "product_id", "rank", "occurred_at", "order_id", "quantity", "amount"}  # fmt: skip


def _name(part: str | int) -> str:
    return str(part) if isinstance(part, int) or part in _OURS else "(unknown)"


def group_of(customer_id: str | None, *, salt: str, holdout: float) -> str:
    """ "control" for a stable share ``holdout`` of the customers, else "treatment"; a guest is never held out.

    blake2b(salt, 0, id) as a fraction of 2^64 < holdout: the same customer is in the same group for as long as the salt is.
    """
    if customer_id is None or holdout <= 0:
        return "treatment"
    digest = blake2b(f"{salt}\0{customer_id}".encode(), digest_size=8).digest()
    return "control" if int.from_bytes(digest) < holdout * 2**64 else "treatment"


def describe_items(shelf: Shelf, items: list[Item]) -> list[dict[str, Any]]:
    """The items as an answer tells them, best first: words for shoppers, and what was measured as evidence."""
    facts, speakers, figures = shelf.facts, shelf.speakers, shelf.figures
    told = []
    for rank, (product, score, code, sentence, because, alone, kind) in enumerate(items, 1):
        speaker, words = speakers[code, because]
        told.append(
            {
                **facts[product],
                "rank": rank,
                "score": score,
                "kind": kind,
                "reason_code": code,
                "reason": words,
                "evidence": {**speaker, **figures(because, product), "sentence": sentence},
                "is_fallback": alone,
            }
        )
    return told
