"""The sample shop that the pages' examples run on, small."""

from __future__ import annotations

from pathlib import Path

import pytest

import affinity as af
from affinity.sample_shop import write_shop

KNOWN = ("products", "customers", "offers")


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with affinity-demo/ as `affinity demo` leaves it: its files, and the release of a run on them."""
    folder = tmp_path_factory.mktemp("docs")
    files = write_shop(af.make_shop(customers=500, days=500), folder / "affinity-demo" / "shop")
    result = af.run(files["orders"], **{name: files[name] for name in KNOWN})
    result.publish(folder / "affinity-demo")
    return folder


@pytest.fixture(scope="session")
def pages(demo_folder: Path) -> dict[str, str]:
    """The generated pages, name -> text."""
    from docs.make_reference import make_pages

    return make_pages((demo_folder / "affinity-demo" / "current").resolve())
