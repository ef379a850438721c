"""Docstrings of the house style as Markdown: examples as code, "name : what it is" as lists, the rest as text."""

from __future__ import annotations

import re
from typing import Any

import griffe

_TERM = re.compile(r"^(\S[^:]{0,110}?) : (.+)$")


class Docstrings(griffe.Extension):
    """Rewrites the docstring of every object before it is shown."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """After an object was read."""
        if obj.docstring:
            obj.docstring.value = to_markdown(obj.docstring.value)


def to_markdown(docstring: str) -> str:
    """A docstring, paragraph by paragraph."""
    return "\n\n".join(_paragraph(one) for one in re.split(r"\n\s*\n", docstring.strip()))


def _paragraph(text: str) -> str:
    lines = text.splitlines()
    if lines[0].lstrip().startswith((">>>", "...")):
        return "```pycon\n" + "\n".join(line.removeprefix("    ") for line in lines) + "\n```"
    if all(line.startswith("    ") for line in lines):
        return "```text\n" + "\n".join(line[4:] for line in lines) + "\n```"
    if any(_TERM.match(line) for line in lines):
        return _terms(lines)
    return _plain(" ".join(line.strip() for line in lines))


def _terms(lines: list[str]) -> str:
    """Lines "name : text", each with what is indented below it, as a list; lines before the first stay text."""
    said: list[str] = []
    items: list[tuple[str, list[str]]] = []
    for line in lines:
        if found := _TERM.match(line):
            items.append((found[1].strip(), [found[2].strip()]))
        elif items:
            items[-1][1].append(line.strip())
        else:
            said.append(line.strip())
    shown = [f"- `{name.replace('``', '')}`: {_plain(' '.join(text))}" for name, text in items]
    return "\n\n".join(part for part in (_plain(" ".join(said)), "\n".join(shown)) if part)


def _plain(text: str) -> str:
    """Text without what Markdown would take for links and HTML; code stays code."""
    parts = re.split(r"(``.+?``|`[^`]+`)", text)
    for at in range(0, len(parts), 2):
        parts[at] = re.sub(r"([\[\]<>*_|])", r"\\\1", parts[at])
    return "".join(parts)
