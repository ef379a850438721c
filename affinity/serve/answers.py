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

#: Pairs whose evidence is kept encoded (some 20 MB).
MOST_PAIRS = 100_000


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


class Encoder:
    """Items as JSON, of one release: what is the same in every answer about a product, or a pair, is encoded once."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._products: dict[int, bytes] = {}
        self._speakers: dict[int, bytes] = {}
        self._evidence: dict[tuple[int, int], bytes] = {}

    def items(self, items: list[Item]) -> bytes:
        """The list of the items, best first."""
        products, evidence = self._products, self._evidence
        parts = []
        for rank, (product, score, code, reason, because, alone) in enumerate(items, 1):
            known, why = products.get(product), evidence.get((because, product))
            parts.append(
                b'%b,"rank":%d,"score":%b,"reason_code":%b,"reason":%b,"evidence":%b,"is_fallback":%b}'
                % (
                    self._describe(product) if known is None else known,
                    rank,
                    b"null" if score is None else repr(score).encode(),
                    to_json(code),
                    to_json(reason),
                    self._explain(because, product) if why is None else why,
                    b"true" if alone else b"false",
                )
            )
        return b"[%b]" % b",".join(parts)

    def _describe(self, product: int) -> bytes:
        shelf = self._shelf
        facts = {"product_id": shelf.product(product), "name": shelf.name(product), "price": shelf.price(product)}
        found = self._products[product] = to_json(facts)[:-1]
        return found

    def _explain(self, because: int, product: int) -> bytes:
        if because < 0:
            return b'{"because":null}'
        speaker, figures = self._speakers.get(because), self._shelf.figures(because, product)
        if speaker is None:
            said = {"because": self._shelf.product(because), "because_name": self._shelf.name(because)}
            speaker = self._speakers[because] = to_json(said)[:-1]
        if not figures:
            return speaker + b"}"
        if len(self._evidence) >= MOST_PAIRS:
            self._evidence.clear()
        found = b"%b,%b" % (speaker, to_json(figures, inf_nan_mode="null")[1:])
        self._evidence[because, product] = found
        return found
