"""Everything that a user can name has an entry of its own that says something."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import affinity as af
from affinity import errors, tables
from affinity.measures import MEASURES
from affinity.metrics import DEFINITIONS
from affinity.release.columns import COLUMNS, ROWS, describe_column
from affinity.release.schema import TABLES
from affinity.settings import Field, Section
from docs.making import api, commands, data, python, settings
from docs.making.docstrings import to_markdown

ROOT = Path(__file__).parents[2]


def test_every_public_name_has_an_entry_and_says_something(pages: dict[str, str]) -> None:
    names = [name for name in af.__all__ if name not in ("__version__", "AffinityError")]
    assert sorted(name for group in python.grouped_names().values() for name in group) == sorted(names)
    for name in names:
        assert inspect.getdoc(getattr(af, name)), f"affinity.{name} has no docstring"
        assert f"::: {python.place_of(name)}\n" in pages["python.md"], name


def test_every_table_and_error_has_an_entry_and_says_something(pages: dict[str, str]) -> None:
    for name in tables.__all__:
        said = getattr(tables, name).__doc__ or ""
        assert said.strip(), f"{name} has no docstring"
        assert not said.startswith(f"{name}("), f"{name} has only the signature that dataclasses write"
        assert f".{name}\n" in pages["tables.md"], name
    for name in python.error_names():
        assert (getattr(errors, name).__doc__ or "").strip(), f"{name} has no docstring"
        assert f"::: affinity.errors.{name}\n" in pages["errors.md"], name


def test_every_verb_and_option_is_described(pages: dict[str, str]) -> None:
    found = dict(commands.list_commands())
    assert {"run", "campaign plan", "campaign measure", "doctor"} <= set(found)
    for name, command in found.items():
        what, examples = commands.split_help(command)
        assert what, f"affinity {name} does not say what it does"
        assert any(line.startswith(f"affinity {name}") for line in examples), f"affinity {name} has no example"
        part = pages["cli.md"].split(f"\n## affinity {name}\n")[1].split("\n## ")[0]
        for option, _, _, about in commands.list_options(command):
            assert about.strip(), f"affinity {name} {option} has no description"
            assert f"| {option} |" in part, f"affinity {name} {option} is not on the page"


def test_every_setting_is_described(pages: dict[str, str]) -> None:
    keys = dict(settings.list_settings())
    assert {"as_of", "graph.fdr", "campaign.holdout"} <= set(keys)
    for key, field in keys.items():
        assert (field.description or "").strip(), f"{key} has no description"
        assert f"| `{key.rpartition('.')[2]}` |" in pages["settings.md"], key


def test_a_setting_without_a_description_would_be_found() -> None:
    class Bare(Section):
        said: int = Field(1, description="A number.")
        silent: int = 1

    assert [name for name, field in settings.list_settings(Bare) if not field.description] == ["silent"]


def test_every_field_and_address_of_the_api_is_described(demo_folder: Path, pages: dict[str, str]) -> None:
    schema = api.read_schema(demo_folder / "affinity-demo")
    for model, field, one, _ in api.list_fields(schema):
        assert one.get("description", "").strip(), f"{model}.{field} has no description"
        assert f"| `{field}` |" in pages["api.md"].split(f"\n## {model}\n")[1].split("\n## ")[0], f"{model}.{field}"
    for path, methods in schema["paths"].items():
        for method, one in methods.items():
            assert one.get("summary", "").strip(), f"{method} {path} has no summary"
            assert f"| `{method.upper()} {path}` |" in pages["api.md"]


def test_every_release_column_is_described(demo_folder: Path, pages: dict[str, str]) -> None:
    assert set(ROWS) == set(COLUMNS) == set(TABLES)
    release = demo_folder / "affinity-demo" / "current"
    for name, columns in TABLES.items():
        path = release / f"{name}.parquet"
        published = pq.read_schema(path).names if path.exists() else []
        known = {*columns, *published}
        for column in known:
            assert describe_column(name, column).strip(), f"{name}.{column} has no description"
            assert f"| `{column}` |" in pages["release.md"].split(f"\n## {name}.parquet\n")[1].split("\n## ")[0]
        if path.exists():
            assert set(COLUMNS[name]) <= known, f"{name}: described, and not published"
    assert describe_column("pairs", "no_such_column") == ""


def test_every_measure_metric_and_reason_is_described(pages: dict[str, str]) -> None:
    for name in MEASURES:
        row = next(line for line in pages["measures.md"].splitlines() if line.startswith(f"| `{name}` |"))
        assert all(cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]), name
    assert set(data.WHEN) <= set(MEASURES)
    for name, one in DEFINITIONS.items():
        assert all((one.formula, one.population, one.source, one.needs)), name
        assert f"\n## {name}\n" in pages["metrics.md"]
    assert set(data.known_reasons()) <= set(data.REASONS)
    for reason in data.known_reasons():
        assert f"| `{reason}` |" in pages["reasons.md"]


def test_every_environment_variable_is_described() -> None:
    said = (ROOT / "docs/pages/how-it-works/environment.md").read_text(encoding="utf-8")
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "affinity").rglob("*.py"))
    read = set(re.findall(r"environ(?:\.get|\.setdefault|\.pop)?[\[(]\s*\"([A-Z_0-9]+)\"", source))
    read |= set(re.findall(r"\"(NUMBA_[A-Z_]+)\"", source))
    assert read
    assert [name for name in sorted(read) if f"| `{name}` |" not in said] == []


def test_the_house_is_drawn_from_the_layers(pages: dict[str, str]) -> None:
    for room in ("cli", "ingest", "kernels", "errors"):
        assert f">{room}</text>" in pages["house.svg"]
        assert f"| `affinity.{room}` |" in pages["house.md"]
    assert "| `affinity.errors` |" in pages["house.md"].splitlines()[-1]
    assert pages["house.md"].splitlines()[-1].endswith("| nothing |")


@pytest.mark.parametrize(
    ("docstring", "shown"),
    [
        ("One thing [a, b].", "One thing \\[a, b\\]."),
        ("name : what\n       it is\nother : more", "- `name`: what it is\n- `other`: more"),
        ("Says.\n\n>>> 1 + 1\n2", "Says.\n\n```pycon\n>>> 1 + 1\n2\n```"),
        ("Keeps `x[0]`.", "Keeps `x[0]`."),
    ],
)
def test_docstrings_become_markdown(docstring: str, shown: str) -> None:
    assert to_markdown(docstring) == shown


def test_inspect_says_what_the_columns_of_a_release_are(demo_folder: Path, tmp_path: Path) -> None:
    from affinity.release import describe_path

    published = demo_folder / "affinity-demo" / "current" / "pairs.parquet"
    said = describe_path(published)
    assert said["row"] == ROWS["pairs"]
    assert said["meaning"]["lift_eb"] == describe_column("pairs", "lift_eb")
    (tmp_path / "pairs.parquet").write_bytes(published.read_bytes())
    assert "meaning" not in describe_path(tmp_path / "pairs.parquet")  # no release: it may be anything
