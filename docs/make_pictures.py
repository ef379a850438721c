"""Draws the pictures of the pages from the sample shop: python -m docs.make_pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path

import affinity as af
from affinity.plots import plot_conversion
from affinity.plots.svg import draw_svg
from affinity.sample_shop import write_shop

PICTURES = Path(__file__).parent / "pages" / "pictures"


def main() -> None:
    """conversion-light.svg and conversion-dark.svg: the follow-on that stands out most from similar buyers."""
    with tempfile.TemporaryDirectory() as folder:
        files = write_shop(af.make_shop(), folder)
        result = af.run(files["orders"], products=files["products"], customers=files["customers"])
    found = result.conversion.to_pandas().sort_values("hazard_ratio_lower", ascending=False).iloc[0]
    for name, dark in (("light", False), ("dark", True)):
        drawn = draw_svg(
            lambda: plot_conversion(result.life_tables, found["antecedent"], found["consequent"], horizon_days=120), dark=dark
        )
        (PICTURES / f"conversion-{name}.svg").write_bytes(drawn)


if __name__ == "__main__":
    main()
