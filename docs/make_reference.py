"""Makes docs/pages/reference from the code: run it, then `zensical build --strict`.

python -m docs.make_reference              # pages, the house; a small shop is run for the files of a release
python -m docs.make_reference --release shop   # over a release that is there
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import affinity as af
from affinity.sample_shop import write_shop
from docs.making import api, commands, data, house, python, settings

PAGES = Path(__file__).parent / "pages" / "reference"


def make_release(folder: Path) -> Path:
    """A release of a small sample shop."""
    files = write_shop(af.make_shop(customers=300, days=420), folder / "files")
    result = af.run(files["orders"], **{name: files[name] for name in ("products", "customers", "offers")})
    return result.publish(folder / "shop")


def make_pages(release: Path) -> dict[str, str]:
    """Path below docs/pages/reference -> text, of every generated page."""
    return {
        **python.make_pages(), **commands.make_pages(), **settings.make_pages(), **api.make_pages(release),
        **data.make_pages(release), **house.make_pages(),
    }  # fmt: skip


def main() -> None:
    """Write the pages anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path)
    given = parser.parse_args().release
    with tempfile.TemporaryDirectory() as folder:
        pages = make_pages(af.open_release(given or make_release(Path(folder)), verify=False).path)
    shutil.rmtree(PAGES, ignore_errors=True)
    for name, text in pages.items():
        (PAGES / name).parent.mkdir(parents=True, exist_ok=True)
        (PAGES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
