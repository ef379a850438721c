"""Everything that the package needs at its users' is under a licence of a short list."""

from __future__ import annotations

import re

from tests.supply.licences import licence_of, list_licences
from tests.supply.requirements import list_installed

#: Permissive licences, and MPL-2.0, whose source stays with its own files (tqdm, used unchanged).
ALLOWED = {
    "MIT", "MIT-CMU", "HPND", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "ISC",
    "PSF-2.0", "Zlib", "CC0-1.0", "Unlicense", "MPL-2.0",
}  # fmt: skip


def allowed(expression: str) -> bool:
    """Whether one side of every OR, and all of every AND, is on the list."""
    bare = expression.replace("(", " ").replace(")", " ")
    return any(all(part.strip() in ALLOWED for part in re.split(r"\bAND\b", side)) for side in re.split(r"\bOR\b", bare))


def test_every_licence_is_on_the_list() -> None:
    found = list_licences()
    assert {"numpy", "numba", "duckdb", "pyarrow", "fastapi", "pydantic"} <= set(found)
    assert {name: licence for name, (_, licence) in found.items() if not allowed(licence)} == {}


def test_the_check_refuses_what_is_not_on_the_list() -> None:
    assert not allowed("GPL")
    assert not allowed("MIT AND LGPL")
    assert not allowed("none stated")
    assert allowed("GPL OR MIT")


def test_what_is_installed_is_walked_to_the_end() -> None:
    names = list_installed(("",))
    assert "llvmlite" in names  # of numba
    assert "starlette" not in names  # of an extra
    assert licence_of("numpy").startswith("BSD-3-Clause")
