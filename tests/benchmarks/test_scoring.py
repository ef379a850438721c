"""The generated shop of the scoring benchmark: everybody gets a full list."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scoring import make_shop, measure


@pytest.mark.parametrize("skewed", [False, True])
def test_everybody_gets_ten(skewed: bool) -> None:
    model, now = make_shop(300, 400, 10, skewed=skewed)
    assert np.diff(model.indptr).max() > 10 if skewed else np.diff(model.indptr).max() <= 10
    assert measure(model, now, 2)["rows"] == 3000
