"""GET and POST /v1/recommendations: plain Starlette routes, for their speed; the schema is declared by hand."""

from __future__ import annotations

import asyncio
import secrets
from hashlib import blake2b

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from affinity.serve.answers import JSON, describe, group_of, invalid, problem
from affinity.serve.follow import Follower
from affinity.serve.meters import Meters
from affinity.serve.options import ServeOptions
from affinity.serve.question import Question, read_body, read_query
from affinity.serve.shelf import Shelf

#: How long a browser may keep an answer, in seconds.
MAX_AGE = 60


class Recommender:
    """The route's handler."""

    def __init__(self, follower: Follower, options: ServeOptions, meters: Meters) -> None:
        self._follower, self._options, self._meters = follower, options, meters

    async def handle(self, request: Request) -> Response:
        """The answer to a question; 304 to one whose answer the asker has; 422 where it is not valid."""
        try:
            if request.method == "POST":
                if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
                    return problem(415, "json_needed", "Send application/json.")
                question = read_body(await request.body())
            else:
                question = read_query(request.query_params.multi_items())
        except ValidationError as error:
            return invalid(error)
        shelf = self._follower.shelf  # one release for the whole answer
        if question.release not in (None, shelf.id):
            return problem(404, "unknown_release", "That release is not the current one.")
        group = group_of(question.customer_id, salt=self._options.salt, holdout=self._options.holdout)
        headers = {"Cache-Control": f"private, max-age={MAX_AGE}", "Vary": "Origin, X-API-Key, Authorization"}
        if request.method != "POST":
            headers["ETag"] = etag(shelf, question, group)
            if headers["ETag"] in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
                return Response(None, 304, headers)
        else:
            headers["Cache-Control"] = "no-store"
        return Response(await self._answer(shelf, question, group), 200, headers, JSON)

    async def _answer(self, shelf: Shelf, question: Question, group: str) -> bytes:
        given, missing = shelf.find_products(question.product_ids)
        customer = shelf.find_customer(question.customer_id)
        if question.customer_id is not None and customer < 0:
            missing.append(question.customer_id)
        items = []
        if group == "treatment":
            if question.context == "order_confirmation":  # milliseconds of work: beside the others
                items = await asyncio.get_running_loop().run_in_executor(None, shelf.answer, question, given, customer)
            else:
                items = shelf.answer(question, given, customer)
        outcome = "control" if group == "control" else "items" if items else "empty"
        self._meters.answers[question.context, outcome] += 1
        return to_json(
            {
                "request_id": f"{shelf.id}-{group[0]}-{secrets.token_hex(8)}",
                "release": shelf.id,
                "as_of": shelf.as_of,
                "group": group,
                "context": question.context,
                "placement": question.placement,
                "items": [describe(item, rank, shelf) for rank, item in enumerate(items, 1)],
                "missing_ids": missing,
            },
            inf_nan_mode="null",
        )


def etag(shelf: Shelf, question: Question, group: str) -> str:
    """Weak: the same release, question and group give the same items, under another request_id."""
    asked = to_json([shelf.id, group, question])
    return f'W/"{blake2b(asked, digest_size=12).hexdigest()}"'
