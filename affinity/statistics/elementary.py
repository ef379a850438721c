"""Exponentials and logarithms that are the same on every processor: those of the C library, value by value.

NumPy has its own on processors with AVX-512, which round otherwise in the last digit. What is published goes through these.
Shapes are kept; a number gives a number; what is no float64 is taken as one. Beyond the range they give inf, −inf or NaN
without a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def exp(x: ArrayLike) -> Any:
    """eˣ, float64 as ``x``.

    >>> exp(0.0), exp([0, -np.inf]).tolist()
    (1.0, [1.0, 0.0])
    """
    from affinity.kernels.elementary import fill_exp

    return _each(fill_exp, x)


def exp2(x: ArrayLike) -> Any:
    """2ˣ, float64 as ``x``: exact for whole numbers.

    >>> exp2([-1, 10]).tolist()
    [0.5, 1024.0]
    """
    from affinity.kernels.elementary import fill_power_of_two

    return _each(fill_power_of_two, x)


def expm1(x: ArrayLike) -> Any:
    """eˣ − 1, exact near 0, float64 as ``x``."""
    from affinity.kernels.elementary import fill_expm1

    return _each(fill_expm1, x)


def log(x: ArrayLike) -> Any:
    """ln x, float64 as ``x``; −inf at 0, NaN below.

    >>> log([1, 0]).tolist(), log(1.0)
    ([0.0, -inf], 0.0)
    """
    from affinity.kernels.elementary import fill_log

    return _each(fill_log, x)


def log1p(x: ArrayLike) -> Any:
    """ln(1 + x), exact near 0, float64 as ``x``; −inf at −1, NaN below."""
    from affinity.kernels.elementary import fill_log1p

    return _each(fill_log1p, x)


def log10(x: ArrayLike) -> Any:
    """The logarithm to the base 10, float64 as ``x``; −inf at 0, NaN below."""
    from affinity.kernels.elementary import fill_log10

    return _each(fill_log10, x)


def power(x: ArrayLike, exponent: float) -> Any:
    """``x`` to the power ``exponent``, float64 as ``x``.

    >>> power([4, 9], 0.5).tolist()
    [2.0, 3.0]
    """
    from affinity.kernels.elementary import fill_power

    return _each(lambda flat, out: fill_power(flat, float(exponent), out), x)


def _each(fill: Callable[[np.ndarray, np.ndarray], None], x: ArrayLike) -> Any:
    values = np.asarray(x, dtype=np.float64)
    flat = np.ascontiguousarray(values).reshape(-1).view()
    flat.flags.writeable = False  # one compiled signature, whatever the caller's array is
    out = np.empty(flat.shape)
    fill(flat, out)
    return out.reshape(values.shape) if values.ndim else float(out[0])
