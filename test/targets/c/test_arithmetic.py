"""Every op that the C printer knows, compiled strictly, run under the sanitizers, and held against numpy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from c_programs import lowered, run_sanitized
from requirements import needs_compiler
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.targets.c.program import Program
from stepwell.targets.source.expressions import RULES

DTYPES = {"i1": "?", "i8": "i1", "i16": "i2", "i32": "i4", "i64": "i8", "f32": "f4", "f64": "f8"}
INTS = ("i8", "i16", "i32", "i64")
FLOATS = ("f32", "f64")
EDGES = {"f32": np.finfo("f4"), "f64": np.finfo("f8")}


def integers(kind: str) -> Any:
    info = np.iinfo(DTYPES[kind])
    return np.array([info.min, info.max, 0, 1, -1, 7, -7, 100, -100, info.min + 1], DTYPES[kind])


def floats(kind: str) -> Any:
    odd = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.25, EDGES[kind].max, EDGES[kind].tiny]
    return np.array(odd, DTYPES[kind])


def values(kind: str) -> Any:
    if kind == "i1":
        return np.array([False, True])
    return integers(kind) if kind in INTS else floats(kind)


def unsigned(x: Any) -> Any:
    return x.view(f"u{x.dtype.itemsize}")


def exactly(function: Callable[..., Any]) -> Callable[..., Any]:
    """An integer function of Python ints, wrapped to the operands' type."""

    def wrapped(*arrays: Any) -> Any:
        bits = 8 * arrays[0].dtype.itemsize
        results = [function(*(int(v) for v in row)) % (1 << bits) for row in zip(*arrays, strict=True)]
        return np.array(results, f"u{bits // 8}").view(arrays[0].dtype)

    return wrapped


def truncated(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


@dataclass(frozen=True)
class Case:
    """An op on all pairs of values; `text` is what stands before the operands, `types` after them."""

    text: str
    args: tuple[str, ...]
    result: str
    reference: Callable[..., Any]
    types: str | None = None
    keep: Callable[..., Any] | None = None
    """Which operands the op is defined for."""
    exact: bool = True

    def inputs(self) -> list[Any]:
        grid = np.meshgrid(*(values(kind) for kind in self.args), indexing="ij")
        arrays = [a.reshape(-1) for a in grid]
        if self.keep is not None:
            chosen = self.keep(*arrays)
            arrays = [a[chosen] for a in arrays]
        return arrays


def divides(a: Any, b: Any) -> Any:
    return (b != 0) & ~((a == np.iinfo(a.dtype).min) & (b == -1))


def shifts(a: Any, b: Any) -> Any:
    return (b >= 0) & (b < 8 * a.dtype.itemsize)


CASES: list[Case] = []
for kind in INTS:
    pair = (kind, kind)
    CASES += [
        Case("arith.addi", pair, kind, exactly(lambda a, b: a + b)),
        Case("arith.subi", pair, kind, exactly(lambda a, b: a - b)),
        Case("arith.muli", pair, kind, exactly(lambda a, b: a * b)),
        Case("arith.andi", pair, kind, np.bitwise_and),
        Case("arith.ori", pair, kind, np.bitwise_or),
        Case("arith.xori", pair, kind, np.bitwise_xor),
        Case("arith.maxsi", pair, kind, np.maximum),
        Case("arith.minsi", pair, kind, np.minimum),
        Case("arith.maxui", pair, kind, lambda a, b: np.maximum(unsigned(a), unsigned(b)).view(a.dtype)),
        Case("arith.minui", pair, kind, lambda a, b: np.minimum(unsigned(a), unsigned(b)).view(a.dtype)),
        Case("arith.divsi", pair, kind, exactly(truncated), keep=divides),
        Case("arith.remsi", pair, kind, exactly(lambda a, b: a - b * truncated(a, b)), keep=divides),
        Case("arith.floordivsi", pair, kind, exactly(lambda a, b: a // b), keep=divides),
        Case("arith.ceildivsi", pair, kind, exactly(lambda a, b: -(-a // b)), keep=divides),
        Case("arith.divui", pair, kind, lambda a, b: (unsigned(a) // unsigned(b)).view(a.dtype), keep=divides),
        Case("arith.remui", pair, kind, lambda a, b: (unsigned(a) % unsigned(b)).view(a.dtype), keep=divides),
        Case("arith.shli", pair, kind, exactly(lambda a, b: a << b), keep=shifts),
        Case("arith.shrsi", pair, kind, np.right_shift, keep=shifts),
        Case("arith.shrui", pair, kind, lambda a, b: (unsigned(a) >> unsigned(b)).view(a.dtype), keep=shifts),
        Case("math.absi", (kind,), kind, exactly(abs)),
        Case("arith.sitofp", (kind,), "f32", lambda a: a.astype("f4"), f"{kind} to f32"),
        Case("arith.uitofp", (kind,), "f64", lambda a: unsigned(a).astype("f8"), f"{kind} to f64"),
        Case("arith.trunci", (kind,), "i1", lambda a: (a & 1).astype("?"), f"{kind} to i1"),
    ]
    for name, compare in zip(
        ("eq", "ne", "slt", "sle", "sgt", "sge"),
        (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
        strict=True,
    ):
        CASES.append(Case(f"arith.cmpi {name},", pair, "i1", compare))
    for name, compare in zip(
        ("ult", "ule", "ugt", "uge"), (np.less, np.less_equal, np.greater, np.greater_equal), strict=True
    ):
        CASES.append(
            Case(f"arith.cmpi {name},", pair, "i1", lambda a, b, compare=compare: compare(unsigned(a), unsigned(b)))
        )
for narrow, wide in (("i8", "i16"), ("i8", "i64"), ("i16", "i32"), ("i32", "i64")):
    CASES += [
        Case("arith.extsi", (narrow,), wide, lambda a, t=DTYPES[wide]: a.astype(t), f"{narrow} to {wide}"),
        Case("arith.extui", (narrow,), wide, lambda a, t=DTYPES[wide]: unsigned(a).astype(t), f"{narrow} to {wide}"),
        Case("arith.trunci", (wide,), narrow, lambda a, t=DTYPES[narrow]: a.astype(t), f"{wide} to {narrow}"),
    ]
for kind in ("i8", "i32", "f32"):
    CASES += [
        Case(
            "arith.extsi" if kind != "f32" else "arith.sitofp",
            ("i1",),
            kind,
            lambda a, t=DTYPES[kind]: 0 - a.astype(t),
            f"i1 to {kind}",
        ),
        Case(
            "arith.extui" if kind != "f32" else "arith.uitofp",
            ("i1",),
            kind,
            lambda a, t=DTYPES[kind]: a.astype(t),
            f"i1 to {kind}",
        ),
    ]
BOOLS = ("i1", "i1")
CASES += [
    Case("arith.addi", BOOLS, "i1", np.logical_xor),
    Case("arith.muli", BOOLS, "i1", np.logical_and),
    Case("arith.andi", BOOLS, "i1", np.logical_and),
    Case("arith.ori", BOOLS, "i1", np.logical_or),
    Case("arith.xori", BOOLS, "i1", np.logical_xor),
    Case("arith.cmpi slt,", BOOLS, "i1", lambda a, b: a & ~b),  # true is -1
    Case("arith.cmpi ult,", BOOLS, "i1", lambda a, b: ~a & b),
    Case("arith.select", ("i1", "i32", "i32"), "i32", np.where, "i32"),
    Case("arith.select", ("i1", "f32", "f32"), "f32", np.where, "f32"),
]


def ordered(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: test(a, b) & ~np.isnan(a) & ~np.isnan(b)


def maximum(a: Any, b: Any) -> Any:
    """IEEE 754-2019: +0 is larger than -0, and a NaN wins; numpy leaves the zeros open."""
    return np.where(a == b, np.where(np.signbit(a), b, a), np.maximum(a, b))


def unordered(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: test(a, b) | np.isnan(a) | np.isnan(b)


ORDERS = {
    "eq": np.equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "le": np.less_equal,
    "ne": np.not_equal,
}
EXACT = {"ceil": np.ceil, "floor": np.floor, "absf": np.abs, "roundeven": np.rint, "trunc": np.trunc, "sqrt": np.sqrt}
CLOSE = {
    name: getattr(np, f"arc{name[1:]}" if name[0] == "a" else name)
    for name in (
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "cos",
        "cosh",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log10",
        "log1p",
        "log2",
        "sin",
        "sinh",
        "tan",
        "tanh",
        "cbrt",
    )
}
for kind in FLOATS:
    pair = (kind, kind)
    for name, compare in ORDERS.items():
        CASES.append(Case(f"arith.cmpf {'one' if name == 'ne' else 'o' + name},", pair, "i1", ordered(compare)))
        CASES.append(Case(f"arith.cmpf {'une' if name == 'ne' else 'u' + name},", pair, "i1", unordered(compare)))
    CASES += [
        Case("arith.cmpf ord,", pair, "i1", ordered(lambda a, b: a == a)),
        Case("arith.cmpf uno,", pair, "i1", unordered(lambda a, b: a != a)),
        Case("arith.addf", pair, kind, np.add),
        Case("arith.subf", pair, kind, np.subtract),
        Case("arith.mulf", pair, kind, np.multiply),
        Case("arith.divf", pair, kind, np.divide),
        Case("arith.negf", (kind,), kind, np.negative),
        Case("arith.maximumf", pair, kind, maximum),
        Case("arith.minimumf", pair, kind, lambda a, b: -maximum(-a, -b)),
        Case("arith.maxnumf", pair, kind, np.fmax, exact=False),
        Case("arith.minnumf", pair, kind, np.fmin, exact=False),
        Case("math.copysign", pair, kind, np.copysign),
        Case("math.powf", pair, kind, np.power, exact=False),
        Case("math.atan2", pair, kind, np.arctan2, exact=False),
        Case("math.rsqrt", (kind,), kind, lambda a: 1 / np.sqrt(a), exact=False),
        Case("math.erf", (kind,), kind, np.vectorize(math.erf), exact=False),
        Case(
            "math.fma",
            (kind, kind, kind),
            kind,
            lambda a, b, c: a * b + c,
            kind,
            keep=lambda a, b, c: np.abs(a * b) < 1e6,
            exact=False,
        ),
        *(Case(f"math.{name}", (kind,), kind, f) for name, f in EXACT.items()),
        *(
            Case(f"math.{name}", (kind,), kind, f, exact=False, keep=lambda a: ~(np.abs(a) > 1e6) | np.isinf(a))
            for name, f in CLOSE.items()
        ),
        Case(
            "arith.fptosi",
            (kind,),
            "i32",
            lambda a: np.trunc(a).astype("i4"),
            f"{kind} to i32",
            keep=lambda a: np.abs(a) < 1000,
        ),
        Case(
            "arith.fptoui",
            (kind,),
            "i8",
            lambda a: np.trunc(a).astype("u1").view("i1"),
            f"{kind} to i8",
            keep=lambda a: (a >= 0) & (a < 256),
        ),
    ]
CASES += [
    Case("arith.extf", ("f32",), "f64", lambda a: a.astype("f8"), "f32 to f64"),
    Case("arith.truncf", ("f64",), "f32", lambda a: a.astype("f4"), "f64 to f32"),
    Case("arith.bitcast", ("f32",), "i32", lambda a: a.view("i4"), "f32 to i32"),
    Case("arith.bitcast", ("i64",), "f64", lambda a: a.view("f8"), "i64 to f64"),
]


def kernel(n: int, case: Case, count: int) -> str:
    params = [f"%x{k}: memref<{count}x{kind}>" for k, kind in enumerate(case.args)]
    loads = [f"%v{k} = memref.load %x{k}[%i] : memref<{count}x{kind}>" for k, kind in enumerate(case.args)]
    names = ", ".join(f"%v{k}" for k in range(len(case.args)))
    return f"""
  func.func private @k{n}({", ".join(params)}, %out: memref<{count}x{case.result}>) {{
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = arith.constant {count} : index
    scf.for %i = %c0 to %n step %c1 {{
      {"; ".join(loads).replace("; ", chr(10) + "      ")}
      %r = {case.text} {names} : {case.types or case.args[-1]}
      memref.store %r, %out[%i] : memref<{count}x{case.result}>
    }}
    func.return
  }}"""


def program(cases: list[Case]) -> tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """One module with a kernel a case: (its text, inputs, outputs' shapes, what they must be)."""
    kernels, calls, feeds, outputs, wanted = [], [], {}, {}, {}
    for n, case in enumerate(cases):
        with np.errstate(all="ignore"):
            arrays = case.inputs()
        count = len(arrays[0])
        kernels.append(kernel(n, case, count))
        types = [f"memref<{count}x{kind}>" for kind in (*case.args, case.result)]
        names = [*(f"%in{n}_{k}" for k in range(len(arrays))), f"%out{n}"]
        calls.append((names, types, count, case))
        feeds |= {f"in{n}_{k}": array for k, array in enumerate(arrays)}
        outputs[f"out{n}"] = ((count,), DTYPES[case.result])
        with np.errstate(all="ignore"):
            wanted[f"out{n}"] = np.asarray(case.reference(*arrays)).astype(DTYPES[case.result])
    ins = [
        (f"%in{n}_{k}", f"{count}x{kind}") for n, (_, _, count, c) in enumerate(calls) for k, kind in enumerate(c.args)
    ]
    outs = [(f"%out{n}", f"{count}x{c.result}") for n, (_, _, count, c) in enumerate(calls)]
    sides = [
        ", ".join(f'{{name = "{name[1:]}", type = tensor<{kind}>}}' for name, kind in side) for side in (ins, outs)
    ]
    body = "\n".join(
        f"    func.call @k{n}({', '.join(names)}) : ({', '.join(types)}) -> ()"
        for n, (names, types, *_) in enumerate(calls)
    )
    arguments = ", ".join(f"{name}: memref<{kind}>" for name, kind in (*ins, *outs))
    text = f"""builtin.module {{{"".join(kernels)}
  func.func @main({arguments}) attributes {{
      stepwell.signature = {{inputs = [{sides[0]}], outputs = [{sides[1]}]}}}} {{
{body}
    func.return
  }}
}}"""
    return text, feeds, outputs, wanted


@needs_compiler
def test_every_op_agrees_with_numpy(tmp_path: Path) -> None:
    text, feeds, outputs, wanted = program(CASES)
    ctx = Context()
    got = run_sanitized(tmp_path, ctx, lowered(ctx, text), feeds, outputs)
    for n, case in enumerate(CASES):
        name = f"out{n}"
        label = f"{case.text} {case.args}"
        if case.exact:
            np.testing.assert_array_equal(got[name], wanted[name], label)
            if case.result in FLOATS:
                number = ~np.isnan(wanted[name])
                assert (np.signbit(got[name]) == np.signbit(wanted[name]))[number].all(), label
        else:
            np.testing.assert_allclose(
                got[name],
                wanted[name],
                rtol=1e-5 if case.result == "f32" else 1e-12,
                atol=1e-7 if case.result == "f32" else 1e-14,
                err_msg=label,
            )


def test_every_rule_is_tried() -> None:
    tried = {case.text.split()[0] for case in CASES}
    assert set(RULES) - tried <= {"arith.index_cast", "arith.remf", "math.round"}


@pytest.mark.parametrize("kind", ["f16", "bf16"])
def test_half_floats_are_refused(kind: str) -> None:
    case = Case("math.exp", (kind,), kind, np.exp)
    text = f"""builtin.module {{{kernel(0, case, 4)}
  func.func @main(%in: memref<4x{kind}>, %out: memref<4x{kind}>) attributes {{stepwell.signature = {{
      inputs = [{{name = "in", type = tensor<4x{kind}>}}], outputs = [{{name = "out", type = tensor<4x{kind}>}}]}}}} {{
    func.call @k0(%in, %out) : (memref<4x{kind}>, memref<4x{kind}>) -> ()
    func.return
  }}
}}"""
    ctx = Context()
    module = lowered(ctx, text)
    with pytest.raises(StepwellError, match=f"C99 has no type for {kind}"):
        Program(ctx, module).source()
