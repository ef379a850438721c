"""Every key of a configuration file, from the settings themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from affinity.settings import Section, Settings
from docs.making.markdown import NOTICE, code, table


def list_settings(section: type[Section] = Settings, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """("graph.fdr", its field) of every key; sections after the keys beside them."""
    fields = section.model_fields
    inner = {name: one.annotation for name, one in fields.items() if _is_section(one.annotation)}
    for name, one in fields.items():
        if name not in inner:
            yield prefix + name, one
    for name, part in inner.items():
        yield from list_settings(part, f"{prefix}{name}.")


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def kind_of(field: Any) -> str:
    """The type in words of Python, with the bounds."""
    kind = field.annotation
    text = kind.__name__ if isinstance(kind, type) and not getattr(kind, "__args__", None) else str(kind)
    for long in ("typing.", "datetime."):
        text = text.replace(long, "")
    text = re.sub(r"Literal\[([^\]]*)\]", lambda found: found[1].replace(", ", " or "), text.replace(" | None", ""))
    bounds = [f"{sign} {getattr(one, name)}" for one in field.metadata for name, sign in _SIGNS.items() if hasattr(one, name)]
    return ", ".join([text, *bounds])


_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def make_pages() -> dict[str, str]:
    """settings.md."""
    text = NOTICE + (
        "# Settings\n\n`affinity run ORDERS --config shop.toml`, or `af.Settings.from_mapping({...})`, or keyword arguments "
        'of the Python functions (`af.run(orders, horizon_days=60, graph={"fdr": 0.01})`). The few at the top are met first; the '
        "rest stand in one section a room. A key that does not exist is an error that names the nearest one.\n\n"
    )
    sections: dict[str, list[tuple[str, Any]]] = {}
    for name, field in list_settings():
        sections.setdefault(name.rpartition(".")[0], []).append((name, field))
    for name, fields in sections.items():
        about = (Settings if not name else Settings.model_fields[name].annotation).__doc__  # type: ignore[union-attr]
        text += f"## {f'[{name}]' if name else 'Top level'}\n\n{about}\n\n"
        rows = [
            (
                code(key.rpartition(".")[2]),
                code(kind_of(one)),
                "unset" if one.default is None else code(one.default),
                one.description,
            )
            for key, one in fields
        ]
        text += table(("key", "type", "default", "what it is"), rows) + "\n"
    return {"settings.md": text}
