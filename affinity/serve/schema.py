"""The part of the OpenAPI schema that the fast routes do not declare themselves."""

from __future__ import annotations

from typing import Any

from affinity.serve.question import LISTS, Events, Filters, Question

_TEXT, _NUMBER = {"type": "string"}, {"type": "number"}
_MAYBE_TEXT, _MAYBE_NUMBER = {"type": ["string", "null"]}, {"type": ["number", "null"]}


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _said(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {**schema, "description": description}


_WHOLE = {"type": "integer"}
_EVIDENCE = _object(
    {
        "because": _said(_MAYBE_TEXT, "Product that speaks for this one; null where popularity does."),
        "because_name": _said(_TEXT, "Its name."),
        "orders": _said(_WHOLE, "Orders that hold both."),
        "lift": _said(_MAYBE_NUMBER, "Shrunk lift of the two; 1 is independence."),
        "lift_lower": _said(_MAYBE_NUMBER, "5 % bound of lift."),
        "lift_upper": _said(_MAYBE_NUMBER, "95 % bound of lift."),
        "sentence": _said(_TEXT, "The reason with its figures, for the shop's own people."),
    },
    ("because_name", "orders", "lift", "lift_lower", "lift_upper"),
)
_KINDS = {"type": ["string", "null"], "enum": ["cross_sell", "upsell", "repurchase", None]}
_ITEM = _object(
    {
        "product_id": _said(_TEXT, "The product to show."),
        "name": _said(_TEXT, "Its name; the id where none is known."),
        "price": _said(_MAYBE_NUMBER, "Its price; null where it is not known."),
        "rank": {"type": "integer", "minimum": 1, "description": "Place in this answer, from 1."},
        "score": _said(_MAYBE_NUMBER, "What ranked it: fit for a customer, else the score of the context; null in a fill-up."),
        "kind": _said(_KINDS, "Against what is owned or in the cart; null where it is not known."),
        "reason_code": _said(_TEXT, "Kind of the reason, for programs."),
        "reason": _said(_TEXT, "For shoppers; the figures are evidence."),
        "evidence": {"$ref": "#/components/schemas/Evidence", "description": "The figures behind the reason."},
        "is_fallback": _said({"type": "boolean"}, "Whether popularity stands in for evidence."),
    }
)
_ANSWER = _object(
    {
        "request_id": {
            "type": "string",
            "pattern": "^[0-9a-f]{12}-[tc]-[0-9a-f]{16}$",
            "description": "Attribution token: send it with the events of this answer.",
        },
        "release": _said(_TEXT, "Release that answered."),
        "as_of": _said(_MAYBE_TEXT, "First day that the release did not look at; null without dates."),
        "group": {
            "type": "string",
            "enum": ["treatment", "control"],
            "description": "By a stable hash of the customer; control is shown nothing.",
        },
        "context": _said(_TEXT, "The context that was asked for."),
        "placement": _said(_TEXT, "The placement that was asked for."),
        "items": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Item"},
            "description": "Best first; fewer than limit, or none, are legal.",
        },
        "missing_ids": {"type": "array", "items": _TEXT, "description": "Ids of the question that the release does not know."},
    }
)
_DETAIL = _object({"field": _said(_TEXT, "Where in the question."), "problem": _said(_TEXT, "What is wrong with it.")})
_ERROR = _object(
    {
        "code": _said(_TEXT, "For programs."),
        "message": _said(_TEXT, "For people."),
        "details": {"type": "array", "items": _DETAIL, "description": "One a field that is not valid."},
    },
    ("details",),
)

_REFUSALS = {
    401: "No valid API key", 404: "Not there, or an unknown release", 413: "Body too large", 414: "Address too long",
    415: "Not JSON", 421: "Not for this machine", 422: "Not valid", 429: "Too many requests", 431: "Headers too large",
    503: "Cannot be written now",
}  # fmt: skip


def _refusals(*codes: int) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(code): {"description": _REFUSALS[code], "content": content} for code in codes}


def _ok(schema: str, description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": {"$ref": schema}}}}


_LISTED = {
    "type": "string",
    "description": "Repeat the parameter, or put commas between.",
    "pattern": r"^[^\x00-\x1f\x7f]*$",
}


def _parameters(questions: dict[str, Any]) -> list[dict[str, Any]]:
    """The query parameters: the fields of a question, those of its filters beside them."""
    fields = {name: one for name, one in questions["Question"]["properties"].items() if name != "filters"}
    fields |= questions["Filters"]["properties"]
    described = []
    for name, one in fields.items():
        schema = _LISTED if name in LISTS else next((part for part in one.get("anyOf", ()) if part != {"type": "null"}), one)
        schema = {key: value for key, value in schema.items() if key not in ("default", "title")}
        described.append({"name": name, "in": "query", "required": False, "schema": schema})
    return described


def complete_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's schema with the routes for recommendations and events, and the refusals of the gate everywhere."""
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for model in (Question, Filters, Events):
        described = model.model_json_schema(ref_template="#/components/schemas/{model}")
        components |= described.pop("$defs", {})
        components[model.__name__] = described
    problem = _object({"error": {"$ref": "#/components/schemas/ErrorDetail", "description": "What went wrong."}})
    components |= {"Evidence": _EVIDENCE, "Item": _ITEM, "Answer": _ANSWER, "ErrorDetail": _ERROR, "Problem": problem}
    components["Received"] = _object(
        {"accepted": _said(_WHOLE, "Events written now."), "duplicates": _said(_WHOLE, "Events that were known already.")}
    )
    answer = _ok("#/components/schemas/Answer", "Items, best first; fewer than limit, or none, are legal")
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Question"}}}}
    schema["paths"]["/v1/recommendations"] = {
        "get": {
            "summary": "What to show",
            "parameters": _parameters(components),
            "responses": {"200": answer, "304": {"description": "Unchanged (If-None-Match)"}, **_refusals(401, 404, 422)},
        },
        "post": {
            "summary": "What to show; for long lists and ids with commas",
            "requestBody": body,
            "responses": {"200": answer, **_refusals(401, 404, 413, 415, 422)},
        },
    }
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Events"}}}}
    schema["paths"]["/v1/events"] = {
        "post": {
            "summary": "What was shown, clicked, bought; the same event_id again changes nothing",
            "requestBody": body,
            "responses": {
                "200": _ok("#/components/schemas/Received", "On disk"),
                **_refusals(401, 413, 415, 422, 503),
            },
        }
    }
    schema["components"]["securitySchemes"] = {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
    for operation in (one for path in schema["paths"].values() for one in path.values()):
        operation["responses"] |= _refusals(414, 421, 429, 431)
    return schema
