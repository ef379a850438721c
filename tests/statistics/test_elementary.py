"""Exponentials and logarithms: those of the C library on every processor, in any shape."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.statistics import elementary
from tests import naive

NAMES = ("exp", "exp2", "expm1", "log", "log1p", "log10")
NUMBERS = st.lists(st.floats(-500.0, 500.0), max_size=20)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)  # the first call loads a kernel
@given(x=NUMBERS)
def test_every_value_is_that_of_the_c_library(name: str, x: list[float]) -> None:
    found = getattr(elementary, name)(np.array(x))
    assert np.array_equal(found, naive.elementary(name, x), equal_nan=True)
    with np.errstate(all="ignore"):
        assert np.allclose(found, getattr(np, name)(np.array(x)), rtol=1e-14, atol=0, equal_nan=True)


@settings(deadline=None)
@given(x=st.lists(st.floats(1e-6, 1e6), max_size=20), exponent=st.floats(-3, 3))
def test_powers_too(x: list[float], exponent: float) -> None:
    found = elementary.power(np.array(x), exponent)
    assert np.array_equal(found, naive.elementary("power", x, exponent), equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_are_kept_and_a_number_gives_a_number(name: str) -> None:
    function = getattr(elementary, name)
    table = np.arange(1, 13).reshape(3, 4)
    assert function(table).shape == (3, 4)
    assert function(table.T).tolist() == function(table.astype(np.float64)).T.tolist()
    assert function(table[:, ::2]).tolist() == function(table)[:, ::2].tolist()
    assert isinstance(function(2), float)
    assert function([]).shape == (0,)


def test_beyond_the_range_there_is_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    assert elementary.exp([1000.0, -1000.0]).tolist() == [math.inf, 0.0]
    assert elementary.log([0.0]).tolist() == [-math.inf]
    assert np.isnan(elementary.log([-1.0, math.nan])).all()
    assert elementary.log1p(-1.0) == -math.inf
    assert not recwarn.list
