"""The widget API, from the OpenAPI schema that the server itself answers with."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.making.markdown import NOTICE, code, table


def read_schema(release: Path) -> dict[str, Any]:
    """The schema of a server over ``release`` (as /openapi.json has it)."""
    from affinity.serve.app import create_app
    from affinity.serve.options import ServeOptions

    with tempfile.TemporaryDirectory() as folder:
        return create_app(release, ServeOptions(events=Path(folder))).openapi()


def list_fields(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    """(model, field, its schema, whether it is required) of everything asked and answered."""
    for name, model in schema["components"]["schemas"].items():
        for field, one in model.get("properties", {}).items():
            yield name, field, one, field in model.get("required", ())


def _kind(one: dict[str, Any]) -> str:
    if "$ref" in one:
        return one["$ref"].rpartition("/")[2]
    if "anyOf" in one:
        return " or ".join(_kind(part) for part in one["anyOf"])
    kind = one.get("type", "any")
    text = " or ".join(kind) if isinstance(kind, list) else kind
    if text == "array":
        return f"list of {_kind(one.get('items', {}))}"
    if "enum" in one:
        return ", ".join("null" if value is None else str(value) for value in one["enum"])
    low, high = one.get("minimum"), one.get("maximum")
    return text + (
        f", {low:g} to {high:g}" if low is not None and high is not None else f", ≥ {low:g}" if low is not None else ""
    )


def make_pages(release: Path) -> dict[str, str]:
    """api.md."""
    schema = read_schema(release)
    text = NOTICE + (
        "# Widget API\n\nThe server's own `/openapi.json` says the same for programs. Unknown fields are refused with 422, and an "
        "answer with fewer items than `limit`, or none, is a good answer. Errors are `Problem`.\n\n## Addresses\n\n"
    )
    rows = []
    for path, methods in schema["paths"].items():
        for method, one in methods.items():
            codes = ", ".join(sorted(one["responses"]))
            rows.append((code(f"{method.upper()} {path}"), one.get("summary", ""), codes))
    text += table(("address", "what it answers", "status codes"), rows) + "\n"
    models: dict[str, list[tuple[object, ...]]] = {}
    for model, field, one, required in list_fields(schema):
        default = "required" if required else code(one["default"]) if one.get("default") not in (None, "", [], {}) else ""
        models.setdefault(model, []).append((code(field), _kind(one), default, one.get("description", "")))
    for model, fields in models.items():
        about = schema["components"]["schemas"][model].get("description", "").replace("``", "`")
        text += f"## {model}\n\n{about}\n\n" + table(("field", "type", "default", "what it is"), fields) + "\n"
    return {"api.md": text}
