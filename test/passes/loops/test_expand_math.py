"""The functions that expand-math writes, over every exponent, against the C library in f64: errors, special values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from stepwell.passes.loops.expand_math import DOUBLE, FORMULAS, SINGLE
from ulps import BOUNDS, COUNT, PAIRS, errors, kernel, sample

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


def check(op: str, lanes: int, *args: Any, expand: str = "", bound: float | None = None) -> None:
    """Errors within the bound, NaN where and only where C has it, and the sign of every zero and infinity."""
    with np.errstate(all="ignore"):
        got, exact = kernel(op, lanes=lanes, expand=expand or True)(*args), kernel(op, "f64")(*args)
        found = errors(got, exact)
    worst = int(found.argmax())
    assert found[worst] <= (bound or BOUNDS[op]), [float(a[worst]) for a in (*args, got, exact)]
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


GPU = "ordered=false double=false"
POWERS = {"": BOUNDS["math.powf"], GPU: 4.3}
"""Options of expand-math, and the largest error: in f64, and in f32 as for GPUs."""


@pytest.mark.parametrize("options", POWERS)
@pytest.mark.parametrize("lanes", WIDTHS)
def test_powers_of_special_values(lanes: int, options: str) -> None:
    """Every pair of numbers for which C's pow has a case, with either sign."""
    numbers = np.concatenate([SPECIAL, -SPECIAL])
    x, y = (padded(a.ravel()) for a in np.meshgrid(numbers, numbers))
    check("math.powf", lanes, x, y, expand=options, bound=POWERS[options])


@pytest.mark.parametrize("options", POWERS)
@pytest.mark.parametrize("low, high", [(0.0, 3e38), (0.5, 2.0), (0.7, 0.72), (1.38, 1.42), (0.999, 1.001)])
def test_powers_in_range(low: float, high: float, options: str) -> None:
    """Exponents such that results spread over all floats, denormals and both overflows included."""
    rng = np.random.default_rng(0)
    x = rng.uniform(low, high, 16 * COUNT).astype(np.float32)
    with np.errstate(all="ignore"):
        y = (rng.uniform(-152, 130, x.size) / np.log2(x.astype(np.float64))).astype(np.float32)
    check("math.powf", 16, x, y, expand=options, bound=POWERS[options])


SINGLE_RANGES = {
    "acos": (1.3, (-1, 1)),
    "acosh": (1.9, (0.9, 10)),
    "asin": (2.5, (-1, 1)),
    "asinh": (1.8, (-10, 10)),
    "atan": (2.1, (-10, 10)),
    "atanh": (2.0, (-1, 1)),
    "cosh": (2.3, (-92, 92)),
    "sinh": (2.3, (-92, 92)),
    "tan": (3.6, (-70000, 70000)),
}
"""Functions that GPUs compute by formulas of their own: the largest error, and where something happens."""


def test_every_formula_for_gpus_is_looked_at() -> None:
    assert set(SINGLE) == {f"math.{name}" for name in SINGLE_RANGES} | {"math.powf"}


@pytest.mark.parametrize("name", SINGLE_RANGES)
def test_functions_for_gpus(name: str) -> None:
    bound, (low, high) = SINGLE_RANGES[name]
    near = [np.linspace(low / by, high / by, 4 * COUNT, dtype=np.float32) for by in (1, 20, 4000)]
    x = np.concatenate([sample(per_exponent=512), *near])
    if name == "tan":  # beyond, the C library is asked, which no GPU has
        x = padded(x[abs(x) < 70000])
    with np.errstate(all="ignore"):
        got, want = kernel(f"math.{name}", expand=GPU)(x), EXACT[name](x.astype(np.float64))
        found = errors(got, want)
    worst = int(found.argmax())
    assert found[worst] <= bound, [float(a[worst]) for a in (x, got, want)]
    assert ((np.signbit(got) == np.signbit(want)) | np.isnan(want)).all()


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


# -- functions of f64, without a C library -----------------------------------------------------------------------------

DOUBLE_RANGES = {
    "acos": (1.2, (-1, 1)),
    "acosh": (2.6, (0.9, 10)),
    "asin": (2.2, (-1, 1)),
    "asinh": (2.6, (-10, 10)),
    "atan": (1.0, (-10, 10)),
    "atanh": (2.6, (-1, 1)),
    "cos": (2.0, (-2e6, 2e6)),
    "cosh": (2.4, (-30, 30)),
    "erf": (1.1, (-7, 7)),
    "exp": (1.0, (-760, 720)),
    "expm1": (1.6, (-60, 5)),
    "log": (1.0, (0.4, 2.5)),
    "log1p": (1.8, (-1, 1.5)),
    "sin": (2.0, (-2e6, 2e6)),
    "sinh": (2.4, (-30, 30)),
    "tan": (3.2, (-20, 20)),
    "tanh": (2.6, (-25, 25)),
}
"""The largest error, and where something happens."""
NO_LIBRARY = "library=false"
EXACT: dict[str, Any] = {name: getattr(np, name.replace("a", "arc", 1) if name[0] == "a" else name, None)
                         for name in DOUBLE_RANGES} | {"erf": np.vectorize(math.erf)}  # fmt: skip


def every_exponent() -> Any:
    """Floats of f64 of every sign and exponent, denormals, infinities and NaNs included."""
    mantissas = np.concatenate([[0, 1, 2**52 - 1], np.random.default_rng(0).integers(0, 2**52, 13)]).astype(np.uint64)
    return ((np.arange(4096, dtype=np.uint64)[:, None] << np.uint64(52)) | mantissas).reshape(-1).view(np.float64)


def ulps(got: Any, exact: Any) -> Any:
    """As `errors`, of f64 against numbers of 64 bits of mantissa."""
    top = np.longdouble(2) ** 1024
    got, exact = (np.clip(np.asarray(a, np.longdouble), -top, top) for a in (got, exact))
    size = np.abs(got - exact) / np.ldexp(np.longdouble(1), np.clip(np.frexp(exact)[1] - 1, -1022, 1023) - 52)
    return np.where(np.isnan(got) | np.isnan(exact), np.where(np.isnan(got) & np.isnan(exact), 0.0, np.inf), size)


needs_more_than_f64 = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="the C library has no numbers of more than 53 bits to compare with"
)


def check_double(op: str, bound: float, exact: Any, *args: Any) -> None:
    args = tuple(np.concatenate([a, np.ones(-len(a) % COUNT)]) for a in args)
    with np.errstate(all="ignore"):
        got, want = kernel(op, "f64", expand=NO_LIBRARY)(*args), exact(*(a.astype(np.longdouble) for a in args))
        found = ulps(got, want)
    worst = int(found.argmax())
    assert found[worst] <= bound, [float(a[worst]) for a in (*args, got, want)]
    signs = (np.signbit(got) == np.signbit(want)) | np.isnan(got)
    assert signs.all(), [float(a[~signs][0]) for a in (*args, got, want)]


def test_every_formula_of_f64_is_looked_at() -> None:
    assert set(DOUBLE) == {f"math.{name}" for name in DOUBLE_RANGES} | set(PAIRS)


@needs_more_than_f64
@pytest.mark.parametrize("name", DOUBLE_RANGES)
def test_functions_of_f64(name: str) -> None:
    bound, ends = DOUBLE_RANGES[name]
    check_double(f"math.{name}", bound, EXACT[name], np.concatenate([every_exponent(), np.linspace(*ends, 1 << 16)]))


@needs_more_than_f64
def test_powers_of_f64() -> None:
    rng, n = np.random.default_rng(0), 1 << 16
    x = np.concatenate([rng.uniform(0, 1, n) * np.exp2(rng.integers(-1070, 1023, n)), rng.uniform(0.9999, 1.0001, n)])
    with np.errstate(all="ignore"):
        y = np.nan_to_num(rng.uniform(-1076, 1025, 2 * n) / np.log2(x))
    check_double("math.powf", 1.0, np.power, x, y)
    numbers = np.array([*WHOLE, *BROKEN, 5e-324, 2.0**60, 1.7e308, np.inf, np.nan])
    numbers = np.concatenate([numbers, -numbers])
    x, y = (a.ravel() for a in np.meshgrid(numbers, numbers))
    check_double("math.powf", 1.0, np.power, x, y)


@pytest.mark.parametrize("kind", ["f32", "f64"])
def test_remainders_are_exact(kind: str) -> None:
    x, y = np.random.default_rng(0).permuted(np.tile(every_exponent(), (2, 1)), axis=1)
    if kind == "f32":
        x, y = (padded(np.random.default_rng(n).permutation(sample(per_exponent=32))) for n in range(2))
    with np.errstate(all="ignore"):
        got, want = kernel("arith.remf", kind, expand=NO_LIBRARY)(x, y), np.fmod(x, y)
    np.testing.assert_array_equal(got, want)
    assert (np.signbit(got) == np.signbit(want))[~np.isnan(want)].all()


@pytest.mark.parametrize("name", [name for name in DOUBLE_RANGES if f"math.{name}" not in FORMULAS])
def test_functions_without_a_formula_of_f32_are_rounded_once(name: str) -> None:
    x = np.concatenate([sample(per_exponent=64)])
    with np.errstate(all="ignore"):
        exact = EXACT[name](x.astype(np.float64))
        assert errors(kernel(f"math.{name}", expand=NO_LIBRARY)(x), exact).max() <= 0.5001


def test_angles_of_f32_beyond_all_tables_need_no_library() -> None:
    x = sample(per_exponent=512)
    with np.errstate(all="ignore"):
        for op, exact in (("math.sin", np.sin), ("math.cos", np.cos)):
            assert errors(kernel(op, expand=NO_LIBRARY)(x), exact(x.astype(np.float64))).max() <= BOUNDS[op]


@pytest.mark.parametrize("op", ["math.sin", "math.powf", "math.acosh"])
def test_lanes_of_f64_agree_with_scalars(op: str) -> None:
    x = every_exponent()
    args = (x, x[::-1].copy()) if op in PAIRS else (x,)
    scalar, wide = (kernel(op, "f64", lanes, expand=NO_LIBRARY)(*args) for lanes in (0, 4))
    np.testing.assert_array_equal(scalar, wide)
