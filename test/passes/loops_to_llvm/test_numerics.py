"""Every op of arith and math that loops-to-llvm lowers, run here and held against numpy: scalars and vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from jit import jit
from stepwell.targets.cpu.hardware import Hardware, host

LANES = 8
COUNT = 32

DTYPES: dict[str, Any] = {
    "i1": np.bool_,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "f16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "f32": np.float32,
    "f64": np.float64,
}
INTS = ("i8", "i16", "i32", "i64")
FLOATS = ("f16", "bf16", "f32", "f64")
EPS = {"f16": 2e-3, "bf16": 2e-2, "f32": 2e-6, "f64": 1e-13}


def elementwise(op: str, args: list[str], result: str, *, lanes: int = 0, suffix: str = "") -> str:
    """`%r = op %a, %b : type` over 32 elements, scalars or vectors of `lanes`; {} in `op` stands for the operands."""
    step = lanes or 1
    wide = (lambda t: f"vector<{lanes}x{t}>") if lanes else (lambda t: t)
    params = [f"%m{n}: memref<{COUNT}x{t}>" for n, t in enumerate(args)] + [f"%out: memref<{COUNT}x{result}>"]
    lines = []
    for n, t in enumerate(args):
        kind = f"memref<{COUNT}x{t}>"
        load = f"vector.load %m{n}[%i] : {kind}, {wide(t)}" if lanes else f"memref.load %m{n}[%i] : {kind}"
        lines.append(f"%a{n} = {load}")
    names = ", ".join(f"%a{n}" for n in range(len(args)))
    trailing = suffix.format(*map(wide, args), result=wide(result)) if suffix else wide(args[-1])
    lines.append(f"%r = {op} {names} : {trailing}")
    kind = f"memref<{COUNT}x{result}>"
    lines.append(
        f"vector.store %r, %out[%i] : {kind}, {wide(result)}" if lanes else f"memref.store %r, %out[%i] : {kind}"
    )
    body = "\n    ".join(lines)
    return f"""
func.func @f({", ".join(params)}) {{
  %c0 = arith.constant 0 : index
  %n = arith.constant {COUNT} : index
  %s = arith.constant {step} : index
  scf.for %i = %c0 to %n step %s {{
    {body}
  }}
  func.return
}}"""


def sample(kind: str, seed: int, low: float = -100, high: float = 100) -> Any:
    rng = np.random.default_rng(seed)
    if kind == "i1":
        return rng.integers(0, 2, COUNT).astype(np.bool_)
    if kind in INTS:
        info = np.iinfo(DTYPES[kind])
        values = rng.integers(max(info.min, -100), min(info.max, 100), COUNT).astype(DTYPES[kind])
        values[:2] = info.min, info.max
        return values
    return rng.uniform(low, high, COUNT).astype(DTYPES[kind])


def same(got: Any, want: Any, kind: str, ulps: float = 4) -> None:
    if kind in FLOATS:
        np.testing.assert_allclose(
            got.astype(np.float64), want.astype(np.float64), rtol=ulps * EPS[kind], atol=EPS[kind]
        )
    else:
        np.testing.assert_array_equal(got, want)


def run(text: str, inputs: list[Any], result: str) -> Any:
    out = np.zeros(COUNT, DTYPES[result])
    jit(text)(*inputs, out)
    return out


def unsigned(x: Any) -> Any:
    return x.view(f"u{x.dtype.itemsize}")


def c_divide(a: Any, b: Any) -> Any:
    wide = [[int(x), int(y)] for x, y in zip(a, b, strict=True)]
    return np.array([abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1) for x, y in wide], a.dtype)


def c_remainder(a: Any, b: Any) -> Any:
    return np.array([math.fmod(int(x), int(y)) for x, y in zip(a, b, strict=True)], np.float64).astype(a.dtype)


def shift_amount(b: Any) -> Any:
    return unsigned(b) % (8 * b.dtype.itemsize)


INT_OPS: dict[str, Callable[[Any, Any], Any]] = {
    "arith.addi": lambda a, b: a + b,
    "arith.subi": lambda a, b: a - b,
    "arith.muli": lambda a, b: a * b,
    "arith.andi": lambda a, b: a & b,
    "arith.ori": lambda a, b: a | b,
    "arith.xori": lambda a, b: a ^ b,
    "arith.minsi": np.minimum,
    "arith.maxsi": np.maximum,
    "arith.minui": lambda a, b: np.minimum(unsigned(a), unsigned(b)).view(a.dtype),
    "arith.maxui": lambda a, b: np.maximum(unsigned(a), unsigned(b)).view(a.dtype),
}
DIVISIONS: dict[str, Callable[[Any, Any], Any]] = {
    "arith.divsi": c_divide,
    "arith.remsi": c_remainder,
    "arith.floordivsi": lambda a, b: a // b,
    "arith.ceildivsi": lambda a, b: -((-a) // b),
    "arith.divui": lambda a, b: (unsigned(a) // unsigned(b)).view(a.dtype),
    "arith.remui": lambda a, b: (unsigned(a) % unsigned(b)).view(a.dtype),
    "arith.ceildivui": lambda a, b: (-(-unsigned(a).astype(object) // unsigned(b))).astype(f"u{a.dtype.itemsize}"),
}
SHIFTS: dict[str, Callable[[Any, Any], Any]] = {
    "arith.shli": lambda a, b: a << b,
    "arith.shrsi": lambda a, b: a >> b,
    "arith.shrui": lambda a, b: (unsigned(a) >> unsigned(b)).view(a.dtype),
}


@pytest.mark.parametrize("lanes", [0, LANES], ids=["scalar", "vector"])
@pytest.mark.parametrize("kind", INTS)
def test_integer_arithmetic(kind: str, lanes: int) -> None:
    a, b = sample(kind, 1), sample(kind, 2)
    with np.errstate(all="ignore"):
        for op, reference in INT_OPS.items():
            got = run(elementwise(op, [kind, kind], kind, lanes=lanes), [a, b], kind)
            same(got, reference(a, b), kind)


@pytest.mark.parametrize("kind", INTS)
def test_integer_division(kind: str) -> None:
    a, b = sample(kind, 3)[2:], sample(kind, 4)[2:]
    a, b = np.resize(a, COUNT), np.resize(b, COUNT)
    b[b == 0] = 7
    for op, reference in DIVISIONS.items():
        got = run(elementwise(op, [kind, kind], kind), [a, b], kind)
        same(got, reference(a, b).view(got.dtype), kind)


@pytest.mark.parametrize("lanes", [0, LANES], ids=["scalar", "vector"])
@pytest.mark.parametrize("kind", INTS)
def test_shifts(kind: str, lanes: int) -> None:
    a = sample(kind, 5)
    b = shift_amount(sample(kind, 6)).astype(a.dtype)
    for op, reference in SHIFTS.items():
        same(run(elementwise(op, [kind, kind], kind, lanes=lanes), [a, b], kind), reference(a, b), kind)


def test_booleans_are_bytes_in_memory() -> None:
    """numpy's bool arrays are read and written as they are; any byte but 0 is true."""
    a, b = sample("i1", 1), sample("i1", 2)
    for lanes in (0, LANES):
        for op, reference in (("andi", np.logical_and), ("ori", np.logical_or), ("xori", np.logical_xor)):
            same(run(elementwise(f"arith.{op}", ["i1", "i1"], "i1", lanes=lanes), [a, b], "i1"), reference(a, b), "i1")
    odd = (a * 2).astype(np.uint8)
    assert run(elementwise("arith.ori", ["i1", "i1"], "i1"), [odd, odd], "i1").view(np.uint8).tolist() == a.tolist()


FLOAT_OPS: dict[str, Callable[[Any, Any], Any]] = {
    "arith.addf": lambda a, b: a + b,
    "arith.subf": lambda a, b: a - b,
    "arith.mulf": lambda a, b: a * b,
    "arith.divf": lambda a, b: a / b,
    "arith.remf": np.fmod,
    "arith.minimumf": np.minimum,
    "arith.maximumf": np.maximum,
    "arith.minnumf": np.fmin,
    "arith.maxnumf": np.fmax,
}


@pytest.mark.parametrize("lanes", [0, LANES], ids=["scalar", "vector"])
@pytest.mark.parametrize("kind", FLOATS)
def test_float_arithmetic(kind: str, lanes: int) -> None:
    a, b = sample(kind, 1), sample(kind, 2)
    for op, reference in FLOAT_OPS.items():
        same(run(elementwise(op, [kind, kind], kind, lanes=lanes), [a, b], kind), reference(a, b), kind)
    same(run(elementwise("arith.negf", [kind], kind, lanes=lanes), [a], kind), -a, kind)


@pytest.mark.parametrize("lanes", [0, LANES], ids=["scalar", "vector"])
@pytest.mark.parametrize("kind", ["f32", "f64"])
def test_nan_and_signed_zero(kind: str, lanes: int) -> None:
    """minimumf and maximumf hand a NaN on; minnumf and maxnumf give the number."""
    a = np.resize(np.array([np.nan, 1.0, -0.0, 0.0, np.inf, -np.inf, 3.0, np.nan], DTYPES[kind]), COUNT)
    b = np.resize(np.array([1.0, np.nan, 0.0, -0.0, 1.0, 1.0, -3.0, np.nan], DTYPES[kind]), COUNT)
    for op in ("minimumf", "maximumf", "minnumf", "maxnumf"):
        got = run(elementwise(f"arith.{op}", [kind, kind], kind, lanes=lanes), [a, b], kind)
        np.testing.assert_array_equal(got, FLOAT_OPS[f"arith.{op}"](a, b))
    low = run(elementwise("arith.minimumf", [kind, kind], kind, lanes=lanes), [a, b], kind)
    assert np.signbit(low[2:4]).all()


CMPI = {
    "eq": np.equal,
    "ne": np.not_equal,
    "slt": np.less,
    "sle": np.less_equal,
    "sgt": np.greater,
    "sge": np.greater_equal,
    "ult": lambda a, b: unsigned(a) < unsigned(b),
    "ule": lambda a, b: unsigned(a) <= unsigned(b),
    "ugt": lambda a, b: unsigned(a) > unsigned(b),
    "uge": lambda a, b: unsigned(a) >= unsigned(b),
}


@pytest.mark.parametrize("lanes", [0, LANES], ids=["scalar", "vector"])
@pytest.mark.parametrize("kind", INTS)
def test_integer_comparisons(kind: str, lanes: int) -> None:
    a, b = sample(kind, 1), sample(kind, 2)
    b[::3] = a[::3]
    for predicate, reference in CMPI.items():
        text = elementwise(f"arith.cmpi {predicate},", [kind, kind], "i1", lanes=lanes, suffix="{0}")
        same(run(text, [a, b], "i1"), reference(a, b), "i1")


ORDERED = {
    "eq": np.equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "le": np.less_equal,
    "ne": np.not_equal,
}


@pytest.mark.parametrize("lanes", [0, LANES], ids=["scalar", "vector"])
@pytest.mark.parametrize("kind", FLOATS)
def test_float_comparisons(kind: str, lanes: int) -> None:
    a, b = sample(kind, 1), sample(kind, 2)
    b[::3] = a[::3]
    a[1], b[5] = np.nan, np.nan
    nan = np.isnan(a) | np.isnan(b)
    expected = {f"o{name}": compare(a, b) & ~nan for name, compare in ORDERED.items()}
    expected |= {f"u{name}": compare(a, b) | nan for name, compare in ORDERED.items()}
    expected |= {"ord": ~nan, "uno": nan, "false": nan & ~nan, "true": nan | ~nan}
    for predicate, want in expected.items():
        text = elementwise(f"arith.cmpf {predicate},", [kind, kind], "i1", lanes=lanes, suffix="{0}")
        same(run(text, [a, b], "i1"), want, "i1")


@pytest.mark.parametrize("kind", [*INTS, *FLOATS, "i1"])
def test_select(kind: str) -> None:
    c, a, b = sample("i1", 3), sample(kind, 1), sample(kind, 2)
    for lanes in (0, LANES):
        suffix = "{0}, {1}" if lanes else "{1}"
        text = elementwise("arith.select", ["i1", kind, kind], kind, lanes=lanes, suffix=suffix)
        same(run(text, [c, a, b], kind), np.where(c, a, b), kind)


CASTS = (
    *(("arith.extsi", a, b) for a, b in (("i8", "i16"), ("i8", "i64"), ("i16", "i32"), ("i32", "i64"))),
    *(("arith.trunci", a, b) for a, b in (("i64", "i8"), ("i32", "i16"), ("i64", "i32"))),
    *(("arith.sitofp", a, b) for a in INTS for b in ("f32", "f64")),
    *(("arith.fptosi", a, b) for a in ("f16", "bf16", "f32", "f64") for b in ("i8", "i32", "i64")),
    *(("arith.extf", a, b) for a, b in (("f16", "f32"), ("bf16", "f32"), ("f16", "f64"), ("f32", "f64"))),
    *(("arith.truncf", a, b) for a, b in (("f32", "f16"), ("f32", "bf16"), ("f64", "f32"), ("f64", "f16"))),
)


@pytest.mark.parametrize("lanes", [0, LANES], ids=["scalar", "vector"])
@pytest.mark.parametrize("op,source,target", CASTS)
def test_casts(op: str, source: str, target: str, lanes: int) -> None:
    a = sample(source, 7)
    text = elementwise(op, [source], target, lanes=lanes, suffix="{0} to {result}")
    same(run(text, [a], target), a.astype(DTYPES[target]), target, ulps=1)


@pytest.mark.parametrize("lanes", [0, LANES], ids=["scalar", "vector"])
def test_casts_of_unsigned_and_bool(lanes: int) -> None:
    a = sample("i8", 7)
    suffix = "{0} to {result}"
    got = run(elementwise("arith.extui", ["i8"], "i32", lanes=lanes, suffix=suffix), [a], "i32")
    same(got, unsigned(a).astype(np.int32), "i32")
    got = run(elementwise("arith.uitofp", ["i8"], "f32", lanes=lanes, suffix=suffix), [a], "f32")
    same(got, unsigned(a).astype(np.float32), "f32")
    positive = np.abs(sample("f32", 8))
    got = run(elementwise("arith.fptoui", ["f32"], "i8", lanes=lanes, suffix=suffix), [positive], "i8")
    same(unsigned(got), positive.astype(np.uint8), "i8")
    b = sample("i1", 9)
    got = run(elementwise("arith.extui", ["i1"], "i64", lanes=lanes, suffix=suffix), [b], "i64")
    same(got, b.astype(np.int64), "i64")
    got = run(elementwise("arith.uitofp", ["i1"], "f32", lanes=lanes, suffix=suffix), [b], "f32")
    same(got, b.astype(np.float32), "f32")


def test_bitcast() -> None:
    a = sample("f32", 1)
    got = run(elementwise("arith.bitcast", ["f32"], "i32", suffix="{0} to {result}"), [a], "i32")
    np.testing.assert_array_equal(got, a.view(np.int32))


vectorized: Callable[[Callable[[float], float]], Callable[[Any], Any]] = lambda f: np.vectorize(f, otypes=[float])  # noqa: E731
MATH: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "absf": (np.abs, -9, 9),
    "acos": (np.arccos, -0.9, 0.9),
    "acosh": (np.arccosh, 1.5, 9),
    "asin": (np.arcsin, -0.9, 0.9),
    "asinh": (np.arcsinh, -9, 9),
    "atan": (np.arctan, -9, 9),
    "atanh": (np.arctanh, -0.9, 0.9),
    "cbrt": (np.cbrt, -9, 9),
    "ceil": (np.ceil, -9, 9),
    "cos": (np.cos, -3, 3),
    "cosh": (np.cosh, -3, 3),
    "erf": (vectorized(math.erf), -2, 2),
    "exp": (np.exp, -5, 5),
    "exp2": (np.exp2, -5, 5),
    "expm1": (np.expm1, -2, 2),
    "floor": (np.floor, -9, 9),
    "log": (np.log, 0.1, 9),
    "log10": (np.log10, 0.1, 9),
    "log1p": (np.log1p, 0.1, 9),
    "log2": (np.log2, 0.1, 9),
    "round": (lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x), -9, 9),
    "roundeven": (np.rint, -9, 9),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 0.1, 9),
    "sin": (np.sin, -3, 3),
    "sinh": (np.sinh, -3, 3),
    "sqrt": (np.sqrt, 0.1, 9),
    "tan": (np.tan, -1, 1),
    "tanh": (np.tanh, -3, 3),
    "trunc": (np.trunc, -9, 9),
}


@pytest.mark.parametrize(
    "kind,lanes", [("f32", 0), ("f32", LANES), ("f64", 0), ("f64", LANES), ("f16", 0), ("bf16", LANES)]
)
def test_math(kind: str, lanes: int) -> None:
    for name, (reference, low, high) in MATH.items():
        x = sample(kind, 11, low, high)
        got = run(elementwise(f"math.{name}", [kind], kind, lanes=lanes), [x], kind)
        want = reference(x.astype(np.float64)).astype(DTYPES[kind])
        same(got, want, kind, ulps=4)


@pytest.mark.parametrize("lanes", [0, LANES], ids=["scalar", "vector"])
@pytest.mark.parametrize("kind", ["f32", "f64"])
def test_math_of_several_operands(kind: str, lanes: int) -> None:
    a, b, c = (sample(kind, n, 0.5, 3) for n in (1, 2, 3))
    wide = [x.astype(np.float64) for x in (a, b, c)]
    same(run(elementwise("math.powf", [kind] * 2, kind, lanes=lanes), [a, b], kind), wide[0] ** wide[1], kind)
    same(run(elementwise("math.atan2", [kind] * 2, kind, lanes=lanes), [a, b], kind), np.arctan2(*wide[:2]), kind)
    same(run(elementwise("math.copysign", [kind] * 2, kind, lanes=lanes), [a, -b], kind), -a, kind)
    fma = run(elementwise("math.fma", [kind] * 3, kind, lanes=lanes), [a, b, c], kind)
    same(fma, wide[0] * wide[1] + wide[2], kind)


@pytest.mark.parametrize("kind", INTS)
def test_integer_math(kind: str) -> None:
    a = sample(kind, 5)
    bits = 8 * a.dtype.itemsize
    texts = [format(int(x) & ((1 << bits) - 1), f"0{bits}b") for x in a]
    with np.errstate(all="ignore"):
        same(run(elementwise("math.absi", [kind], kind), [a], kind), np.abs(a), kind)
    same(run(elementwise("math.ctpop", [kind], kind), [a], kind), np.array([t.count("1") for t in texts]), kind)
    leading = np.array([len(t) - len(t.lstrip("0")) for t in texts])
    trailing = np.array([len(t) - len(t.rstrip("0")) for t in texts])
    same(run(elementwise("math.ctlz", [kind], kind), [a], kind), leading, kind)
    same(run(elementwise("math.cttz", [kind], kind), [a], kind), trailing, kind)


def processor(features: dict[str, bool]) -> Hardware:
    """This machine as if it had no more than `features`."""
    flat = ",".join(("+" if on else "-") + name for name, on in features.items())
    return Hardware(host().triple, "x86-64", flat, 256)


@pytest.mark.skipif("+avx2" not in host().features, reason="the processor has no AVX2")
@pytest.mark.parametrize("lanes", [0, LANES], ids=["scalar", "vector"])
def test_half_floats_without_bfloat16_instructions(lanes: int) -> None:
    """A processor with AVX2 only calls functions to narrow to bfloat16, and from a double to float16: ours."""
    older = processor({"avx2": True, "fma": True, "f16c": True})
    a, b = sample("bf16", 1), sample("bf16", 2)
    a[3], a[4] = np.nan, np.inf
    out = np.zeros(COUNT, DTYPES["bf16"])
    for op in ("addf", "mulf", "divf"):
        jit(elementwise(f"arith.{op}", ["bf16", "bf16"], "bf16", lanes=lanes), hardware=older)(a, b, out)
        same(out, FLOAT_OPS[f"arith.{op}"](a, b), "bf16", ulps=0)
    x = np.concatenate([sample("f64", 3)[:16], np.float64(1 + 2.0**-11) + np.arange(-8, 8) * 2.0**-40])
    x[0] = 1e9
    for target in ("f16", "bf16"):
        out = np.zeros(COUNT, DTYPES[target])
        text = elementwise("arith.truncf", ["f64"], target, lanes=lanes, suffix="{0} to {result}")
        jit(text, hardware=older)(x, out)
        with np.errstate(over="ignore"):
            want = x.astype(np.float16) if target == "f16" else round_to_bfloat16(x)
        np.testing.assert_array_equal(out.astype(np.float64), want.astype(np.float64))


def round_to_bfloat16(x: Any) -> Any:
    """To nearest even, from the double itself (a conversion by way of float32 would round twice)."""
    scale = 2.0 ** (np.floor(np.log2(np.abs(x))) - 7)
    return (np.rint(x / scale) * scale).astype(np.float32)
