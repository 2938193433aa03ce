"""The functions that expand-math writes, over every exponent, against the C library in f64: errors, special values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from stepwell.passes.loops.expand_math import FORMULAS
from ulps import BOUNDS, COUNT, errors, kernel, sample

WIDTHS = (0, 4, 16)

RANGES = {
    "math.cos": (-70000, 70000),
    "math.erf": (-4.5, 4.5),
    "math.exp": (-105, 90),
    "math.exp2": (-152, 130),
    "math.expm1": (-30, 90),
    "math.log": (0.5, 2),
    "math.log10": (0.5, 2),
    "math.log1p": (-1, 1),
    "math.log2": (0.5, 2),
    "math.sin": (-70000, 70000),
    "math.tanh": (-10, 10),
}
"""Where something happens: overflow, underflow, saturation, cancellation, the change of method."""


def check(op: str, lanes: int, *args: Any) -> None:
    """Errors within the bound, NaN where and only where C has it, and the sign of every zero and infinity."""
    with np.errstate(all="ignore"):
        got, exact = kernel(op, lanes=lanes)(*args), kernel(op, "f64")(*args)
        found = errors(got, exact)
    worst = int(found.argmax())
    assert found[worst] <= BOUNDS[op], [float(a[worst]) for a in (*args, got, exact)]
    signs = (np.signbit(got) == np.signbit(exact)) | np.isnan(exact)
    assert signs.all(), [float(a[~signs][0]) for a in (*args, got, exact)]


def padded(x: Any) -> Any:
    return np.concatenate([x, np.ones(-len(x) % COUNT, np.float32)])


def test_every_formula_has_a_bound() -> None:
    assert set(FORMULAS) == set(BOUNDS)


@pytest.mark.parametrize("lanes", WIDTHS)
@pytest.mark.parametrize("op", RANGES)
def test_every_exponent(op: str, lanes: int) -> None:
    check(op, lanes, sample(per_exponent=512))


@pytest.mark.parametrize("op", RANGES)
def test_where_something_happens(op: str) -> None:
    check(op, 16, np.linspace(*RANGES[op], 32 * COUNT, dtype=np.float32))


@pytest.mark.parametrize("op", RANGES)
def test_scalars_and_lanes_agree_bit_by_bit(op: str) -> None:
    x = np.concatenate([sample(per_exponent=32), np.linspace(*RANGES[op], COUNT, dtype=np.float32)])
    scalar, *wide = (kernel(op, lanes=lanes)(x).view(np.uint32) for lanes in WIDTHS)
    for got in wide:
        same = (scalar == got) | np.isnan(scalar.view(np.float32))
        assert same.all(), x[~same][:4]


WHOLE = (0, 1, 2, 3, 1e10, 3.4e38, 16777215, 33554432)
BROKEN = (0.5, 2.5, 1e-45, 1e-38, 0.1, 8388607.5, 1 + 2**-23, 1 - 2**-24)
SPECIAL = np.array([*WHOLE, *BROKEN, np.inf, np.nan], np.float32)


@pytest.mark.parametrize("lanes", WIDTHS)
def test_powers_of_special_values(lanes: int) -> None:
    """Every pair of numbers for which C's pow has a case, with either sign."""
    numbers = np.concatenate([SPECIAL, -SPECIAL])
    x, y = (padded(a.ravel()) for a in np.meshgrid(numbers, numbers))
    check("math.powf", lanes, x, y)


@pytest.mark.parametrize("low, high", [(0.0, 3e38), (0.5, 2.0), (0.999, 1.001)])
def test_powers_in_range(low: float, high: float) -> None:
    """Exponents such that results spread over all floats, denormals and both overflows included."""
    rng = np.random.default_rng(0)
    x = rng.uniform(low, high, 16 * COUNT).astype(np.float32)
    with np.errstate(all="ignore"):
        y = (rng.uniform(-152, 130, x.size) / np.log2(x.astype(np.float64))).astype(np.float32)
    check("math.powf", 16, x, y)


@pytest.mark.parametrize("lanes", (0, 8))
def test_halves_go_through_single_precision(lanes: int) -> None:
    """The f16 nearest to the result of f32: within half a unit and a little."""
    x = np.linspace(-8, 8, COUNT, dtype=np.float16)
    got = kernel("math.tanh", "f16", lanes)(x).astype(np.float64)
    np.testing.assert_allclose(got, np.tanh(x.astype(np.float64)), rtol=2**-10, atol=2**-25)


def test_a_sigmoid() -> None:
    """1 / (1 + exp(-x)) as three ops; where exp overflows it is 0, which a denormal would be more exactly."""
    x = padded(np.linspace(-87, 100, 32 * COUNT - 5, dtype=np.float32))
    got = 1 / (1 + kernel("math.exp", lanes=16)(-x))
    assert errors(got, 1 / (1 + np.exp(-x.astype(np.float64)))).max() <= 2.6
