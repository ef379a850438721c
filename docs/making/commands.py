"""The command line: every verb with its arguments, options and examples, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import typer

from affinity.cli.app import app
from docs.making.markdown import NOTICE, code, table

EXIT_CODES = (
    (0, "Done."),
    (
        1,
        "An `AffinityError`, printed without a traceback: what happened, why it matters, what to do. What was published before is untouched.",
    ),
    (2, "Bad usage: an unknown verb or option, or a value that cannot be one."),
    (130, "Stopped by Ctrl-C. What was published before is untouched."),
    (143, "Stopped by SIGTERM, in the same way."),
)


def list_commands() -> Iterator[tuple[str, Any]]:
    """("campaign plan", its command) of every verb and sub-command."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        if hasattr(command, "commands"):
            for name, part in command.commands.items():
                yield from walk(part, (*words, name))
        else:
            yield " ".join(words), command

    yield from walk(typer.main.get_command(app), ())


def split_help(command: Any) -> tuple[str, list[str]]:
    """(what it does, its examples, with what is said between them) of a command."""
    what, _, rest = (command.help or "").partition("\b\nExample:\n")
    return what.strip(), [line.strip() for line in rest.splitlines() if line.strip()]


def list_options(command: Any) -> list[tuple[str, str, str, str]]:
    """(name, type, default, what it is) of every argument and option."""
    rows = []
    for one in command.params:
        is_argument = one.param_type_name == "argument"
        name = one.name.upper() if is_argument else ", ".join(one.opts)
        default = "" if one.default is None or callable(one.default) or one.default in ((), False, "") else code(one.default)
        required = "required" if one.required else default
        rows.append((code(name), _kind(one), required, one.help or ""))
    return rows


def _kind(one: Any) -> str:
    """What a value of the parameter is: its choices, or the name of a type."""
    described = getattr(one, "type_descriptor", None) or one.type
    if choices := getattr(described, "choices", None):
        return ", ".join(map(str, choices))
    annotation = getattr(described, "annotation", None)
    name = annotation.__name__ if isinstance(annotation, type) and annotation.__module__ != "builtins" else str(annotation)
    shown = {"<class 'bool'>": "flag", "<class 'str'>": "text", "<class 'int'>": "whole number", "<class 'float'>": "number"}
    return shown.get(name, name.replace("list[str]", "text, repeatable").replace("Path", "path"))


def _show(lines: list[str]) -> str:
    """Commands as code, what is said between them as text."""
    runs = [(is_code, list(run)) for is_code, run in groupby(lines, lambda line: line.startswith("affinity "))]
    return "\n\n".join("```bash\n" + "\n".join(run) + "\n```" if is_code else " ".join(run) for is_code, run in runs)


def make_pages() -> dict[str, str]:
    """cli.md."""
    text = NOTICE + (
        "# Command line\n\n`affinity --help`, `affinity VERB --help` and `affinity --version` say the same in a terminal. "
        "Progress is on standard error, and only when it is a terminal; `--json` prints one JSON document for programs.\n\n"
        "`affinity --install-completion` sets up completion of verbs and options for your shell (bash, zsh, fish, "
        "PowerShell), and `affinity --show-completion` prints what it would add.\n\n"
    )
    for name, command in list_commands():
        what, examples = split_help(command)
        text += f"## affinity {name}\n\n{what}\n\n{_show(examples)}\n\n"
        text += table(("option", "type", "default", "what it is"), list_options(command)) + "\n"
    text += "## Exit codes\n\n" + table(("code", "means"), EXIT_CODES)
    return {"cli.md": text}
