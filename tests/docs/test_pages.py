"""What the pages print runs, what they link to is there, and what they measure names its command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from affinity.cli.app import app
from affinity.serve.page.registry import PAGES as VIEWS
from docs.making import commands

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "pages"
WRITTEN = sorted(path for path in PAGES.rglob("*.md") if "reference" not in path.parts)
ILLUSTRATION = "<!-- illustration"
#: Verbs that wait, make the whole shop or compile everything: their words are checked, they are not run.
NOT_RUN = {"serve", "demo", "doctor"}
OTHER_PROGRAMS = {"curl", "python3", "python", "zensical", "pip"}


def read_blocks(path: Path) -> Iterator[tuple[str, str, bool]]:
    """(language, text, whether it is marked as an illustration) of every fenced block."""
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"^([^\n]*)\n```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[2], found[3], found[1].startswith(ILLUSTRATION)


def list_lines(language: str = "bash") -> list[tuple[str, str, bool]]:
    """(page, line, illustration) of every command on the pages."""
    return [
        (str(path.relative_to(PAGES)), line, shown)
        for path in WRITTEN
        for kind, text, shown in read_blocks(path)
        if kind == language
        for line in text.splitlines()
        if line and not line.startswith("#")
    ]


def split_line(line: str) -> list[str]:
    """The words of the `affinity` command of a line, without the word itself; [] where it is another program."""
    last = line.rsplit("&&", maxsplit=1)[-1]
    words = shlex.split(last, comments=True)
    return words[1:] if words[0] in ("affinity", ".venv/bin/affinity") else []


def list_examples() -> list[tuple[str, str]]:
    """("affinity run --help", a line of its example) of every verb."""
    found = commands.list_commands()
    return [
        (f"affinity {name} --help", line)
        for name, one in found
        for line in commands.split_help(one)[1]
        if line.startswith("affinity ")
    ]


@pytest.mark.parametrize(("page", "line"), [*((page, line) for page, line, _ in list_lines()), *list_examples()])
def test_commands_exist_with_their_options(page: str, line: str) -> None:
    words = split_line(line)
    if not words:
        program = Path(shlex.split(line)[0]).name
        assert program in OTHER_PROGRAMS, f"{page}: {program}"
        return
    known: dict[str, Any] = dict(commands.list_commands())
    verb = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in known), None)
    assert verb, f"{page}: {line}: there is no such verb"
    options = {name for one in known[verb].params for name in one.opts}
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in options, f"{page}: affinity {verb} has no option {word}"


@pytest.mark.parametrize(
    "line",
    sorted({line for _, line, shown in list_lines() if not shown and "affinity-demo" in line}),
)
def test_commands_on_the_sample_shop_run(line: str, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = split_line(line)
    if words[0] in NOT_RUN:
        pytest.skip("waits, or makes the whole shop")
    monkeypatch.chdir(demo_folder)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception!r}"
    assert result.output.strip()


@pytest.mark.parametrize(
    "path", [path for path in WRITTEN if "```python" in path.read_text(encoding="utf-8")], ids=lambda p: p.stem
)
def test_python_blocks_run(path: Path, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo_folder)
    names: dict[str, Any] = {}
    for kind, text, shown in read_blocks(path):
        if kind == "python" and not shown:
            exec(compile(text, f"{path.name}", "exec"), names)  # noqa: S102 - the project's own pages


def test_every_block_says_its_language() -> None:
    for path in WRITTEN:
        kinds = {kind for kind, _, _ in read_blocks(path)}
        assert kinds <= {"bash", "python", "text", "html", "dockerfile", "toml"}, (path, kinds)


def _slug(heading: str) -> str:
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", text))


def test_links_lead_somewhere(pages: dict[str, str]) -> None:
    texts = {str(path.relative_to(PAGES)): path.read_text(encoding="utf-8") for path in WRITTEN}
    texts |= {f"reference/{name}": text for name, text in pages.items()}
    checked = 0
    for name, text in texts.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            target, _, anchor = link.partition("#")
            if not name.endswith(".md") or "://" in link:
                continue
            place = Path("/", name).parent.joinpath(target).resolve() if target else Path("/", name)
            found = str(place).removeprefix("/")
            assert found in texts or (PAGES / found).is_file(), f"{name}: {link}"
            if anchor and found.endswith(".md"):
                assert anchor in {_slug(one) for one in re.findall(r"^#+ (.*)$", texts[found], re.MULTILINE)}, f"{name}: {link}"
            checked += 1
    assert checked > 30


def test_the_navigation_holds_every_page(pages: dict[str, str]) -> None:
    plain = re.sub(r"!!?python\S*", "", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    def leaves(part: Any) -> Iterator[str]:
        for one in part.values() if isinstance(part, dict) else part:
            yield from [one] if isinstance(one, str) else leaves(one)

    listed = sorted(leaves(yaml.safe_load(plain)["nav"]))
    written = [str(path.relative_to(PAGES)) for path in WRITTEN]
    assert listed == sorted([*written, *(f"reference/{name}" for name in pages if name.endswith(".md"))])


#: A measured figure: .136, 1/8.8, 1.19, ± .008
FIGURE = re.compile(r"(?<![\w.-])(?:\d+/)?\d*\.\d+(?![\w.]*\w)")


def test_measured_figures_name_a_command_and_stand_in_the_records() -> None:
    records = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("DECISIONS.md", "CHANGELOG.md", "README.md"))
    for name in ("limits.md", "statistics.md"):
        for section in (PAGES / "how-it-works" / name).read_text(encoding="utf-8").split("\n## "):
            figures = [one for one in FIGURE.findall(section) if one not in (".1", ".05")]
            if not figures or section.startswith("Calibration"):  # thresholds of ours, not measured
                continue
            named = re.findall(r"`(?:python -m (benchmarks[\w.]*)|pytest -m slow (tests/\w+))", section)
            assert named, f"{name}: {section.splitlines()[0]}: no command regenerates {figures}"
            for module, folder in named:
                place = ROOT / (folder or module.replace(".", "/"))
                assert place.exists() or place.with_suffix(".py").exists(), module or folder
            assert [one for one in figures if one not in records] == [], f"{name}: figures that no record has"


def test_the_site_asks_nobody_outside() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in text
    for path in WRITTEN:
        said = path.read_text(encoding="utf-8")
        assert "```mermaid" not in said
        assert not re.search(r"!\[[^\]]*\]\(https?://", said)


def test_the_marketer_is_told_of_every_view() -> None:
    said = (PAGES / "how-to" / "marketer.md").read_text(encoding="utf-8")
    assert [place.name for place in VIEWS.values() if place.name and f"| {place.name} |" not in said] == []


def test_completion_is_offered() -> None:
    names = {name for one in typer.main.get_command(app).params for name in one.opts}
    assert {"--install-completion", "--show-completion", "--version"} <= names
