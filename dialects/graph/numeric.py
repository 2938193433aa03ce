"""What numpy has not, or has with other semantics than ONNX: functions on arrays for constant folding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def erf(x: Array) -> Array:
    return np.asarray(_erf(x.astype(np.float64)) if x.size else x).astype(x.dtype)


def rsqrt(x: Array) -> Array:
    return np.reciprocal(np.sqrt(x))


def relu(x: Array) -> Array:
    return np.maximum(x, x.dtype.type(0))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow: of x < 0 the equal exp(x) / (1 + exp(x))."""
    small: Array = np.exp(-np.abs(x))
    one = np.ones((), x.dtype)
    return np.where(x >= 0, one, small) / (one + small)


def div(a: Array, b: Array) -> Array:
    """Integers toward 0 (numpy's `//` goes down); a divisor of 0 gives 0 rather than a trap."""
    if a.dtype.kind not in "iu":
        return np.divide(a, b)
    safe = np.where(b == 0, b.dtype.type(1), b)
    floor = np.floor_divide(a, safe)
    remainder = a - floor * safe
    if a.dtype.kind == "i":
        floor = floor + ((remainder != 0) & ((a < 0) != (safe < 0)))
    return np.where(b == 0, a.dtype.type(0), floor).astype(a.dtype)


def power(a: Array, b: Array) -> Array:
    """Integers to negative integers go through floats, and come back toward 0."""
    if a.dtype.kind in "iu" and b.dtype.kind == "i" and np.any(b < 0):
        return np.trunc(np.power(a.astype(np.float64), b.astype(np.float64))).astype(a.dtype)
    return np.power(a, b)


def cast(x: Array, to: np.dtype[Any]) -> Array:
    if to == np.bool_:
        return np.asarray(x != 0)
    with np.errstate(all="ignore"):
        if x.dtype.kind == "f" and to.kind == "i" and to.itemsize < 8:
            return np.asarray(x.astype(np.int64).astype(to))  # numpy leaves it open what an overflow gives
        return np.asarray(x.astype(to))


def limits(dtype: np.dtype[Any]) -> dict[str, Any]:
    """What a maximum and a minimum start from: the least and the greatest number of a type."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return {"max": info.min, "min": info.max}
    return {"max": -math.inf, "min": math.inf}


def clamp(x: Array, low: float, high: float) -> Array:
    """Bounds outside the range of an integer type do not bound."""
    if x.dtype.kind in "iu":
        info = np.iinfo(x.dtype)
        least = info.min if low <= info.min else math.ceil(low)
        most = info.max if high >= info.max else math.floor(high)
        return np.minimum(np.maximum(x, x.dtype.type(least)), x.dtype.type(most))
    return np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high))
