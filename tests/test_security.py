"""What the package never does: unpickle what it is given, evaluate text, open a shell, paste names into SQL, write formulas."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from csv import reader
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

import affinity as af
from affinity.frames import ListColumn
from affinity.release import write_table
from affinity.release.download import write_download

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "affinity").rglob("*.py"))

BANNED_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
BANNED_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "subprocess.getoutput"}
BANNED_OPTIONS = {"allow_pickle", "shell"}

#: Pickle of what this installation itself made: compiled kernels, and parts of tables between the workers of a cluster.
PICKLES = {"affinity/cli/kernel_cache.py", "affinity/sharded.py"}

SQL = re.compile(r'\b(SELECT|CREATE|ALTER|UPDATE|INSERT|DESCRIBE|ATTACH|read_\w+)\b|\bAS "')
#: Functions that quote a name or a path.
QUOTES = ("quote_name(", "_quoted(")


def dangers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, what) of everything that is banned in a file."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None)
            names = [module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from ((node.lineno, name) for name in names if name.split(".")[0] in BANNED_MODULES)
        elif isinstance(node, ast.Call):
            if ast.unparse(node.func) in BANNED_CALLS:
                yield node.lineno, ast.unparse(node.func)
            for option in node.keywords:
                if option.arg in BANNED_OPTIONS and not (
                    isinstance(option.value, ast.Constant) and option.value.value is False
                ):
                    yield node.lineno, f"{option.arg}="
        elif isinstance(node, ast.JoinedStr):
            yield from ((node.lineno, f"SQL with {name}") for name in pasted_names(node))


def pasted_names(node: ast.JoinedStr) -> Iterator[str]:
    """Values that stand between hand-written quotes in a text of SQL and are not quoted by a function that knows how."""
    text = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
    if SQL.search(text):
        for before, part in zip(node.values, node.values[1:]):
            quoted = isinstance(part, ast.FormattedValue) and isinstance(before, ast.Constant) and before.value[-1:] in "\"'"
            if quoted and not ast.unparse(part.value).startswith(QUOTES):  # type: ignore[attr-defined]
                yield ast.unparse(part.value)  # type: ignore[attr-defined]


def test_nothing_dangerous_stands_in_the_package() -> None:
    names = ((path, path.relative_to(ROOT).as_posix()) for path in FILES)
    found = [(name, *one) for path, name in names for one in dangers(ast.parse(path.read_text(encoding="utf-8")))]
    assert len(FILES) > 200
    assert [one for one in found if not (one[0] in PICKLES and one[2] == "pickle")] == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from pickle import loads", "import joblib.pool", "eval('1')", "os.system('ls')", "yaml.load(x)",
        "np.load(f, allow_pickle=True)", "run('ls', shell=True)", "np.load(f, allow_pickle=some)",
        'f\'SELECT "{name}" FROM x\'', "f\"SELECT * FROM x WHERE a = '{value}'\"", 'f\'{x} AS "{name}"\'',
    ],
)  # fmt: skip
def test_the_walk_finds_what_it_looks_for(text: str) -> None:
    assert list(dangers(ast.parse(text)))


NASTY = ['x"; DROP TABLE staged; --', "x'; DROP TABLE staged; --", "$1", "row", "select", "c0", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("name", NASTY)
def test_names_of_columns_are_only_ever_names(name: str, tmp_path: Path) -> None:
    table = pa.table({"order_id": ["1", "2"], "product_id": ["a", "b"], "customer_id": ["u", "v"], name: ["p", "q"]})
    lines = af.read_orders(table, columns={"segment": name})
    assert len(lines) == 2
    assert "segment" in lines.attributes
    assert len(af.read_orders(table)) == 2
    csv.write_csv(table, tmp_path / "x.csv")
    assert len(af.read_orders(tmp_path / "x.csv")) == 2


FORMULAS = ["=1+1", "+cmd|'x'", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1", '=HYPERLINK("http://x")']
PLAIN = ["-5", "+4912345", "-1.50", "tea", "a=b", "", "1-2"]


def cells(path: Path) -> list[list[str]]:
    """The cells of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(reader(file))


@pytest.mark.parametrize("text", [*FORMULAS, *PLAIN])
def test_no_csv_holds_a_formula(text: str, tmp_path: Path) -> None:
    """Both writers of CSV: tables of verbs, plans and offers; downloads of pages. Lists and the names of columns too."""
    expected = "'" + text if text in FORMULAS else text
    lists = ListColumn(np.array([0, 1]), np.array([text], dtype=object))
    write_table({"plain": np.array([text], dtype=object), "lists": lists, f"{text} ": np.array([1])}, tmp_path / "a.csv")
    table = pa.table({"plain": [text], "lists": [[text]], f"{text} ": [1]})
    write_download(table.to_reader(), tmp_path / "b.csv")
    for name in "ab":
        head, row = cells(tmp_path / f"{name}.csv")
        assert row == [expected, expected, "1"]
        assert head[2] == (f"'{text} " if text in FORMULAS else head[2])


def test_the_reader_writes_no_progress_among_answers() -> None:
    from affinity.ingest.workbench import open_workbench

    with open_workbench() as bench:
        assert bench.run("SELECT current_setting('enable_progress_bar')") == [(False,)]


def test_every_csv_of_the_package_goes_through_the_two_writers() -> None:
    writers = {"affinity/release/parquet.py", "affinity/release/download.py", "affinity/sample_shop/shop.py"}
    writers.add("affinity/ingest/csv_text.py")  # a file of passage, that the reader itself reads back and removes
    found = {
        path.relative_to(ROOT).as_posix()
        for path in FILES
        if re.search(r"write_csv\(|CSVWriter\(|\.to_csv\(|csv\.writer\(|csv\.DictWriter\(", path.read_text(encoding="utf-8"))
    }
    assert found <= writers
