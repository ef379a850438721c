"""GET and POST /v1/recommendations: plain Starlette routes, for their speed; the schema is declared by hand."""

from __future__ import annotations

import secrets
from hashlib import blake2b

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from affinity.serve.answers import JSON, Encoded, describe_items, group_of, invalid, problem
from affinity.serve.follow import Follower
from affinity.serve.meters import Meters
from affinity.serve.options import ServeOptions
from affinity.serve.question import Question, read_body, read_query, split_query
from affinity.serve.shelf import Item, Shelf

#: How long a browser may keep an answer, in seconds.
MAX_AGE = 60


class Recommender:
    """The route's handler."""

    def __init__(self, follower: Follower, options: ServeOptions, meters: Meters) -> None:
        self._follower, self._options, self._meters = follower, options, meters

    async def handle(self, request: Request) -> Response:
        """The answer to a question; 304 to one whose answer the asker has; 422 where it is not valid."""
        posted = request.method == "POST"
        try:
            if posted:
                if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
                    return problem(415, "json_needed", "Send application/json.")
                question = read_body(await request.body())
            else:
                question = read_query(split_query(request.scope["query_string"]))
        except ValidationError as error:
            return invalid(error)
        shelf = self._follower.shelf  # one release for the whole answer
        if question.release not in (None, shelf.id):
            return problem(404, "unknown_release", "That release is not the current one.")
        group = group_of(question.customer_id, salt=self._options.salt, holdout=self._options.holdout)
        if posted:
            return Encoded(200, self._answer(shelf, question, group), _FRESH)
        tag = etag(shelf, request.scope["query_string"], group)
        asked = next((value for name, value in request.scope["headers"] if name == b"if-none-match"), b"")
        if asked and tag in [one.strip() for one in asked.split(b",")]:
            return Encoded(304, b"", [*_KEPT, (b"etag", tag)])
        return Encoded(200, self._answer(shelf, question, group), [*_KEPT, _TYPE, (b"etag", tag)])

    def _answer(self, shelf: Shelf, question: Question, group: str) -> bytes:
        given, missing = shelf.find_products(question.product_ids)
        customer = shelf.find_customer(question.customer_id)
        if question.customer_id is not None and customer < 0:
            missing.append(question.customer_id)
        items: list[Item] = []
        if group == "treatment":
            items = shelf.answer(question, given, customer)
        outcome = "control" if group == "control" else "items" if items else "empty"
        self._meters.answers[question.context, outcome] += 1
        answer = {
            "request_id": f"{shelf.id}-{group[0]}-{secrets.token_hex(8)}",
            "release": shelf.id,
            "as_of": shelf.as_of,
            "group": group,
            "context": question.context,
            "placement": question.placement,
            "missing_ids": missing,
            "items": describe_items(shelf, items),
        }
        return to_json(answer, inf_nan_mode="null")


_TYPE = (b"content-type", JSON.encode())
_VARY = (b"vary", b"Origin, X-API-Key, Authorization")
_KEPT = [(b"cache-control", b"private, max-age=%d" % MAX_AGE), _VARY]
_FRESH = [(b"cache-control", b"no-store"), _VARY, _TYPE]


def etag(shelf: Shelf, query: bytes, group: str) -> bytes:
    """Weak: the same release, query and group give the same items, under another request_id."""
    return b'W/"%b"' % blake2b(b"%b %b %b" % (shelf.id.encode(), group.encode(), query), digest_size=12).hexdigest().encode()
