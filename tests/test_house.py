"""The house: layers, lint, types, and rooms that have not outgrown themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import affinity as af

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "affinity").rglob("*.py"))


def outcome(*command: str) -> tuple[int, str]:
    """Exit code and output of a tool of this environment."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)],
    ids=" ".join,
)
def test_the_checkers_are_content(command: tuple[str, ...]) -> None:
    code, said = outcome(*command)
    assert code == 0, said


def test_the_layers_hold() -> None:
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_and_no_function_has_outgrown_its_room(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            doc = ast.get_docstring(node, clean=False)
            lines = node.end_lineno - node.lineno - (doc.count("\n") + 1 if doc else 0)
            assert lines <= (100 if "kernels" in path.parts else 60), f"{node.name} has {lines} lines"


def test_every_public_name_is_there_and_documented() -> None:
    for name in af.__all__:
        public = getattr(af, name)
        if name != "__version__":
            assert public.__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = af.nothing
    assert set(af.__all__) <= set(dir(af))


def test_no_kernel_without_an_oracle() -> None:
    """Each compiled kernel names the plain function that it is tested against, and that function is there."""
    oracles = {node.name for node in ast.parse((ROOT / "tests/naive.py").read_text()).body if isinstance(node, ast.FunctionDef)}
    for path in FILES:
        if "kernels" in path.parts:
            named = [
                line.split("::")[1].split()[0].strip(",.")
                for line in path.read_text().splitlines()
                if "Oracle: tests/naive.py::" in line
            ]
            assert set(named) <= oracles, path.name
