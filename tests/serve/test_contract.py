"""The schema that is told and what the server does are the same: drawn requests, valid and not, of every operation."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from affinity.serve.question import Filters, Question
from affinity.serve.schema import complete_schema
from tests.serve.conftest import Served

LEAST = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


@pytest.fixture(scope="module")
def document(served: Served) -> Any:
    """The schema, as the server tells it."""
    return schemathesis.openapi.from_url(f"{served.client.base_url}/openapi.json")


ASKED = [("/v1/recommendations", "GET"), ("/v1/recommendations", "POST"), ("/v1/events", "POST")]
PLAIN = [("/v1/health", "GET"), ("/v1/release", "GET"), ("/metrics", "GET")]


def test_every_operation_is_tried(document: Any) -> None:
    told = {(route, method.upper()) for route, some in document.raw_schema["paths"].items() for method in some}
    assert told == {*ASKED, *PLAIN}


@pytest.mark.parametrize(
    ("route", "method", "mode"),
    [(*one, mode) for one in ASKED for mode in GenerationMode] + [(*one, GenerationMode.POSITIVE) for one in PLAIN],
)
def test_every_answer_is_one_that_the_schema_tells(document: Any, route: str, method: str, mode: GenerationMode) -> None:
    """Every status is declared, every body of its schema; what breaks the schema is refused, and nothing is a 500."""
    operation = document[route][method]
    seen = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=5 if (route, method) in PLAIN else 60, **LEAST)
    def holds(case: schemathesis.Case) -> None:
        answer = case.call()
        seen.add(answer.status_code)
        if answer.status_code != 414:  # an address that is too long is refused before anything is read
            case.validate_response(answer, excluded_checks=[] if _is_told(case) else [positive_data_acceptance])
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error"}

    holds()
    assert (200 if mode is GenerationMode.POSITIVE else 422) in seen


def _is_told(case: schemathesis.Case) -> bool:
    """Whether the schema can say what is refused: not that a context of a query needs products, nor which days there are."""
    asked = case.query or {}
    return asked.get("context") not in ("product", "order_confirmation") and "occurred_at" not in str(case.body)


WRONG: dict[str, st.SearchStrategy[Any]] = {
    "string": st.integers()
    | st.booleans()
    | st.lists(st.none(), max_size=2)
    | st.dictionaries(st.text(), st.none(), max_size=2),
    "integer": st.text(alphabet="abc?") | st.floats(0.1, 0.9) | st.lists(st.integers(), max_size=2) | st.just({}),
    "number": st.text(alphabet="abc?") | st.lists(st.integers(), max_size=2) | st.just({}),
    "boolean": st.text(alphabet="abc?") | st.integers(2, 9) | st.just([]),
    "array": st.text() | st.integers() | st.just({}),
    "object": st.text() | st.integers() | st.lists(st.none(), max_size=2),
}


def fields_of(
    body: dict[str, Any], components: dict[str, Any], path: tuple[Any, ...] = ()
) -> list[tuple[tuple[Any, ...], str]]:
    """(path, type) of every field of a body's schema, also in what it refers to."""
    found = []
    for name, one in body.get("properties", {}).items():
        for part in (one, *one.get("anyOf", ())):
            kind = part.get("type", "object" if "$ref" in part else None)
            if kind not in (None, "null"):
                found.append(((*path, name), kind))
            for below, more in ((part, ()), (part.get("items", {}), (0,))):
                if "$ref" in below:
                    found += fields_of(components[below["$ref"].rpartition("/")[2]], components, (*path, name, *more))
    return found


@given(data=st.data())
@settings(max_examples=150, **LEAST)
def test_a_field_of_another_type_is_refused_by_name(served: Served, document: Any, data: st.DataObject) -> None:
    """Each field that a body declares, replaced by a value of another type: 422 and the name of the field."""
    described = document.raw_schema
    components = described["components"]["schemas"]
    route, name, body = data.draw(
        st.sampled_from(
            [
                ("/v1/recommendations", "Question", {"filters": {}}),
                ("/v1/events", "Events", {"events": [{"event_id": "e", "type": "impression"}]}),
            ]
        )
    )
    path, kind = data.draw(st.sampled_from(fields_of(components[name], components)))
    body = json.loads(json.dumps(body))
    place = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = data.draw(WRONG[kind])
    answer = served.client.post(route, json=body)
    assert answer.status_code == 422, (path, place)
    details = answer.json()["error"]["details"]
    named = ".".join(map(str, path))
    assert any(one["field"].startswith(named) for one in details)


def test_every_parameter_and_every_part_of_an_answer_is_declared(served: Served, document: Any) -> None:
    """The document is that of affinity/serve/schema.py, and says each field of a question once as a query parameter."""
    described = document.raw_schema
    made = complete_schema({"paths": {}})
    for route in ("/v1/recommendations", "/v1/events"):
        assert described["paths"][route] == json.loads(json.dumps(made["paths"][route]))
    names = [one["name"] for one in described["paths"]["/v1/recommendations"]["get"]["parameters"]]
    assert sorted(names) == sorted({*Question.model_fields, *Filters.model_fields} - {"filters"})
    refused = served.client.get("/v1/recommendations", params={"nonsense": 1})
    assert (refused.status_code, refused.json()["error"]["details"]) == (
        422,
        [{"field": "(unknown)", "problem": "extra_forbidden"}],
    )


def test_methods_that_are_not_declared_are_refused_as_problems(served: Served, document: Any) -> None:
    for route, operations in document.raw_schema["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} - set(operations):
            answer: httpx.Response = served.client.request(method.upper(), route)
            assert (answer.status_code, set(answer.json())) == (405, {"error"})
