"""Exponentials and logarithms of arrays, each value as the C library gives it."""

from __future__ import annotations

import math

from numba import njit


# Oracle: tests/naive.py::elementary
@njit(nogil=True, cache=True)
def fill_exp(x, out):
    """out = eˣ; float64[n] each."""
    for i in range(len(x)):
        out[i] = math.exp(x[i])


# Oracle: tests/naive.py::elementary
@njit(nogil=True, cache=True)
def fill_expm1(x, out):
    """out = eˣ − 1; float64[n] each."""
    for i in range(len(x)):
        out[i] = math.expm1(x[i])


# Oracle: tests/naive.py::elementary
@njit(nogil=True, cache=True)
def fill_log(x, out):
    """out = ln x, −inf at 0, NaN below; float64[n] each."""
    for i in range(len(x)):
        out[i] = math.log(x[i])


# Oracle: tests/naive.py::elementary
@njit(nogil=True, cache=True)
def fill_log10(x, out):
    """out = log₁₀ x, −inf at 0, NaN below; float64[n] each."""
    for i in range(len(x)):
        out[i] = math.log10(x[i])


# Oracle: tests/naive.py::elementary
@njit(nogil=True, cache=True)
def fill_log1p(x, out):
    """out = ln(1 + x), −inf at −1, NaN below; float64[n] each."""
    for i in range(len(x)):
        out[i] = math.log1p(x[i])


# Oracle: tests/naive.py::elementary
@njit(nogil=True, cache=True)
def fill_power(x, exponent, out):
    """out = x to the power ``exponent`` (float64); float64[n] each."""
    for i in range(len(x)):
        out[i] = math.pow(x[i], exponent)


# Oracle: tests/naive.py::elementary
@njit(nogil=True, cache=True)
def fill_power_of_two(x, out):
    """out = 2ˣ; float64[n] each."""
    for i in range(len(x)):
        out[i] = math.pow(2.0, x[i])
