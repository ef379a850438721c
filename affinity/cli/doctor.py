"""What this installation can do: versions, extras, threads, memory, and whether the kernels are compiled; --compile does it.

affinity doctor --compile --json
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from affinity import __version__
from affinity.cli import options
from affinity.cli.extras import describe_extra_lines, describe_extras, installed_version

CORE = (
    "numpy", "scipy", "pandas", "networkx", "mlxtend", "numba", "narwhals", "duckdb", "pyarrow", "pydantic", "typer", "tqdm",
)  # fmt: skip
#: Settings of Numba that decide where machine code lies and how many threads there are.
VARIABLES = ("NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS", "NUMBA_DISABLE_JIT", "NUMBA_CPU_NAME")

Compile = Annotated[
    bool,
    typer.Option(
        "--compile",
        help="Compile all kernels now (a minute or two), so that an image or a server starts warm. "
        "Set NUMBA_CACHE_DIR to a folder that stays when the package's own cannot be written to.",
    ),
]


def command(compile_all: Compile = False, as_json: options.Json = False) -> None:
    import platform

    from affinity.counting.mining_memory import measured_memory
    from affinity.threads import available_threads

    compiled_now = _compile() if compile_all else None
    facts = {
        "affinity": __version__,
        "python": platform.python_version(),
        "threads": available_threads(),
        "memory available": measured_memory(),
        "packages": {name: installed_version(name) or "not installed" for name in CORE},
        "extras": describe_extras(),
        "numba settings": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "kernels": _kernels(),
    }
    if compiled_now is not None:
        facts["compiled now"] = compiled_now
    typer.echo(json.dumps(facts) if as_json else "\n".join(_describe(facts)))


def _compile() -> int:
    """Compile what is stale or missing; how many functions were."""
    from affinity.cli.kernel_cache import compile_steps, count_states, remove_stale
    from affinity.progress import track

    before = count_states()["compiled"]
    remove_stale()
    with tempfile.TemporaryDirectory() as folder:
        steps = compile_steps(Path(folder))
        for work in track(steps.values(), "compiling", total=len(steps)):
            work()
    return count_states()["compiled"] - before


def _kernels() -> dict[str, Any]:
    from affinity.cli.kernel_cache import STATES, cache_folders, count_states, is_writable, kernel_states

    try:
        states = kernel_states()
    except RuntimeError as error:  # Numba found no folder that it may write to
        return {"error": str(error)}
    folders = cache_folders()
    return {
        **count_states(states),
        "folders": {str(folder): "writable" if is_writable(folder) else "not writable" for folder in folders},
        "modules": {
            module: {
                state: sorted(name for name, is_in in of.items() if is_in == state) for state in STATES if state in of.values()
            }
            for module, of in states.items()
        },
    }


def _describe(facts: dict[str, Any]) -> list[str]:
    """The facts as lines: simple ones first, then each group, and what to do about kernels that are not compiled."""
    kernels = facts["kernels"]
    lines = [f"{name:<18} {_shown(name, value)}" for name, value in facts.items() if not isinstance(value, dict)]
    for group in ("packages", "numba settings"):
        lines += [f"{group}:", *(f"  {name:<18} {value}" for name, value in facts[group].items())] if facts[group] else []
    lines += ["extras:", *describe_extra_lines(facts["extras"])]
    if "error" in kernels:
        return [*lines, "kernels:", f"  {kernels['error']}", "Set NUMBA_CACHE_DIR to a folder that can be written to."]
    lines.append(f"kernels: {kernels['compiled']} compiled, {kernels['stale']} stale, {kernels['not yet']} not yet")
    lines += [f"  {folder} ({state})" for folder, state in kernels["folders"].items()]
    for module, states in kernels["modules"].items():
        shown = ", ".join(f"{len(names)} {state}" for state, names in states.items())
        lines.append(f"  {module:<22} {shown}")
    if "not writable" in kernels["folders"].values():
        lines.append("The folder cannot be written to, so every start compiles anew: set NUMBA_CACHE_DIR to one that can.")
    if kernels["stale"]:
        lines.append(
            "Stale machine code was made from other source or by another Numba: affinity doctor --compile makes it anew."
        )
    elif kernels["not yet"]:
        lines.append("What is not yet compiled is at its first use, seconds a kernel; affinity doctor --compile does it now.")
    return lines


def _shown(name: str, value: Any) -> str:
    return f"{value / 1e9:.1f} GB" if name == "memory available" and value is not None else str(value)
