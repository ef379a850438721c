"""A release is the same bytes whatever it was made with; `python -m benchmarks.same_bytes` looks at many more circumstances."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from affinity.sample_shop import make_shop, write_shop
from benchmarks.same_bytes import CIRCUMSTANCES, Circumstance, compare, make_release

ROOT = Path(__file__).parents[1]
LITTLE = Circumstance("one core, one thread", {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}, cores=(0,))
MUCH = Circumstance(
    "two cores, four threads, another locale",
    {"PYTHONHASHSEED": "1", "OPENBLAS_NUM_THREADS": "4", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"},
    cores=(0, 1),
)


def test_a_release_depends_on_neither_cores_nor_threads_nor_hash_seeds(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    write_shop(make_shop(seed=5, customers=150, days=300), shop)
    one, two = (make_release(shop, tmp_path / str(n), how, tmp_path) for n, how in enumerate((LITTLE, MUCH)))
    assert compare(one, two, bytewise=True) == []
    serving = two / "serving" / "fit_value.npy"
    values = np.load(serving)
    values[0] *= 1 + 1e-12
    np.save(serving, values)
    manifest = two / "manifest.json"
    manifest.write_text(
        manifest.read_text().replace(
            '"serving/fit_value.npy": {\n   "sha256": "', '"serving/fit_value.npy": {\n   "sha256": "0'
        )
    )
    (said,) = compare(one, two, bytewise=True)
    assert said.startswith(f"serving/fit_value.npy : 1 of {len(values)} rows, by 1.0e-12")


def test_a_run_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="one core, one thread: the run failed"):
        make_release(tmp_path / "nothing", tmp_path / "out", LITTLE, tmp_path)


def test_circumstances_have_names_of_their_own() -> None:
    assert len({one.name for one in CIRCUMSTANCES}) == len(CIRCUMSTANCES)
    assert CIRCUMSTANCES[0] == replace(CIRCUMSTANCES[0], variables={}, cores=None)


#: Rooms whose numbers are published in releases.
PUBLISHED = ("fit", "conversion", "graph", "rules", "measures", "metrics", "ranking", "statistics", "counting", "eligibility")
DENSE = {"dot", "vdot", "inner", "outer", "matmul", "einsum", "tensordot", "linalg", "polyfit", "lstsq"}
#: What NumPy works out by itself on some processors, and with the C library on others (`affinity.statistics.elementary`).
OF_THE_PROCESSOR = {
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "power",
    "float_power",
    "cbrt",
    "sin",
    "cos",
    "tan",
}
OF_THE_PROCESSOR |= {"arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"}
#: Products of SciPy's sparse matrices, which add up in the order of the rows.
SPARSE = {"affinity/fit/named.py"}


def of_the_processor(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, what) of everything that is worked out otherwise on another processor: by BLAS or LAPACK, whose order of sums is
    the processor's, or by NumPy's own exponentials and logarithms."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield node.lineno, "@"
        elif (
            isinstance(node, ast.Attribute)
            and node.attr in DENSE | OF_THE_PROCESSOR
            and ast.unparse(node.value) in ("np", "numpy", "scipy")
        ):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("scipy.linalg", "numpy.linalg")):
            yield node.lineno, str(node.module)
        elif isinstance(node, ast.ImportFrom) and node.module == "scipy.optimize":
            yield from ((node.lineno, one.name) for one in node.names if one.name in ("minimize", "root", "least_squares"))


def test_no_published_number_depends_on_what_a_library_does_on_a_processor() -> None:
    found = []
    for path in sorted((ROOT / "affinity").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if path.relative_to(ROOT / "affinity").parts[0] in PUBLISHED and name not in SPARSE:
            found += [(name, *one) for one in of_the_processor(ast.parse(path.read_text(encoding="utf-8")))]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "a @ b",
        "np.dot(a, b)",
        "np.linalg.solve(a, b)",
        "np.log(a)",
        "from scipy.linalg import lapack",
        "from scipy.optimize import minimize",
    ],
)
def test_the_walk_finds_it(text: str) -> None:
    assert list(of_the_processor(ast.parse(text)))
