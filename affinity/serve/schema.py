"""The part of the OpenAPI schema that the fast routes do not declare themselves."""

from __future__ import annotations

from typing import Any

from affinity.serve.question import LISTS, Events, Filters, Question

_TEXT, _NUMBER = {"type": "string"}, {"type": "number"}
_MAYBE_TEXT, _MAYBE_NUMBER = {"type": ["string", "null"]}, {"type": ["number", "null"]}


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_EVIDENCE = _object(
    {
        "because": _MAYBE_TEXT, "because_name": _TEXT, "orders": {"type": "integer"}, "lift": _MAYBE_NUMBER,
        "lift_lower": _MAYBE_NUMBER, "lift_upper": _MAYBE_NUMBER, "sentence": _TEXT,
    },
    ("because_name", "orders", "lift", "lift_lower", "lift_upper"),
)  # fmt: skip
_ITEM = _object(
    {
        "product_id": _TEXT, "name": _TEXT, "price": _MAYBE_NUMBER, "rank": {"type": "integer", "minimum": 1},
        "score": _MAYBE_NUMBER, "kind": {"type": ["string", "null"], "enum": ["cross_sell", "upsell", "repurchase", None]},
        "reason_code": _TEXT, "reason": {"type": "string", "description": "For shoppers; the figures are evidence."},
        "evidence": {"$ref": "#/components/schemas/Evidence"}, "is_fallback": {"type": "boolean"},
    }
)  # fmt: skip
_ANSWER = _object(
    {
        "request_id": {"type": "string", "pattern": "^[0-9a-f]{12}-[tc]-[0-9a-f]{16}$"},
        "release": _TEXT,
        "as_of": _MAYBE_TEXT,
        "group": {"type": "string", "enum": ["treatment", "control"]},
        "context": _TEXT,
        "placement": _TEXT,
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
        "missing_ids": {"type": "array", "items": _TEXT},
    }
)
_DETAIL = _object({"field": _TEXT, "problem": _TEXT})
_ERROR = _object({"code": _TEXT, "message": _TEXT, "details": {"type": "array", "items": _DETAIL}}, ("details",))

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
    problem = _object({"error": {"$ref": "#/components/schemas/ErrorDetail"}})
    components |= {"Evidence": _EVIDENCE, "Item": _ITEM, "Answer": _ANSWER, "ErrorDetail": _ERROR, "Problem": problem}
    components["Received"] = _object({"accepted": {"type": "integer"}, "duplicates": {"type": "integer"}})
    answer = _ok("#/components/schemas/Answer", "Items, best first; fewer than limit, or none, are legal")
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Question"}}}}
    schema["paths"]["/v1/recommendations"] = {
        "get": {
            "summary": "What to show",
            "parameters": _parameters(components),
            "responses": {"200": answer, "304": {"description": "Unchanged (If-None-Match)"}, **_refusals(401, 404, 422, 503)},
        },
        "post": {
            "summary": "What to show; for long lists and ids with commas",
            "requestBody": body,
            "responses": {"200": answer, **_refusals(401, 404, 413, 415, 422, 503)},
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
