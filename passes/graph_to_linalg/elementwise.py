"""Elementwise graph ops: one generic each, its body written by a table of rules, one a pair (op, kind of element).

    %2 = graph.add %0, %1 : tensor<4x8xf32>, tensor<8xf32>
  becomes
    %e = tensor.empty() : tensor<4x8xf32>
    %2 = linalg.generic {indexing_maps = [(d0, d1) -> (d0, d1), (d0, d1) -> (d1), (d0, d1) -> (d0, d1)], ...}
           ins(%0, %1) outs(%e) { ^bb0(%a: f32, %b: f32, %o: f32):
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32 }

A constant with one number is a scalar inside the body. Elements of 16 bits are computed in f32 and rounded once an op.
What the bodies mean is what ONNX and numpy mean: NaN propagates through max, min, relu and clamp; integer division
truncates and gives 0 for a divisor 0 (where the processor would trap); round goes half to even.
"""

from __future__ import annotations

import math as pymath
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeAlias

from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.dialects.arith import RemFOp
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import AnyFloat, FloatAttr, IntegerAttr, Signedness, f64
from xdsl.ir import Attribute, Operation, SSAValue

from .lowering import Body, Lowering, Number, Rules, compute_type, element_of, integer, shape_of, signless


class Kind(Enum):
    FLOAT = "float"
    SIGNED = "signed integer"
    UNSIGNED = "unsigned integer"
    BOOL = "bool"


def kind_of(element: Attribute) -> Kind:
    """The kind of a graph-level element type: `i64` is signed, `ui8` unsigned, `i1` a bool."""
    if isinstance(element, AnyFloat):
        return Kind.FLOAT
    kind = integer(element)
    if kind.width.data == 1:
        return Kind.BOOL
    return Kind.UNSIGNED if kind.signedness.data is Signedness.UNSIGNED else Kind.SIGNED


Render: TypeAlias = Callable[..., SSAValue]
"""`render(b, *elements)` writes one op's scalar form."""

FLOAT, SIGNED, UNSIGNED, BOOL = Kind.FLOAT, Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL


def direct(op: type[Operation]) -> Render:
    """The op is one op of arith or math."""
    make: Any = op

    def render(b: Body, *elements: SSAValue) -> SSAValue:
        return b.emit(make(*elements))

    return render


def is_constant(x: SSAValue, *numbers: Number) -> bool:
    """Whether `x` is an arith.constant, and one of `numbers` where some are given."""
    owner = x.owner
    if not isinstance(owner, arith.ConstantOp):
        return False
    value = owner.value
    assert isinstance(value, FloatAttr | IntegerAttr)
    return not numbers or value.value.data in numbers


def constant_like(b: Body, x: SSAValue, number: Number) -> SSAValue:
    return b.constant(number, x.type)


def less(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
    return b.emit(arith.CmpfOp(x, y, "olt") if isinstance(x.type, AnyFloat) else arith.CmpiOp(x, y, "slt"))


def equal(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
    return b.emit(arith.CmpfOp(x, y, "oeq") if isinstance(x.type, AnyFloat) else arith.CmpiOp(x, y, "eq"))


def lowest(element: Attribute) -> Number:
    """The smallest number of a graph-level element type; a maximum starts from it."""
    if isinstance(element, AnyFloat):
        return -pymath.inf
    return -(1 << (integer(element).width.data - 1)) if kind_of(element) is Kind.SIGNED else 0


def highest(element: Attribute) -> Number:
    """The largest number of a graph-level element type; a minimum starts from it."""
    if isinstance(element, AnyFloat):
        return pymath.inf
    signed = kind_of(element) is Kind.SIGNED
    return (1 << (integer(element).width.data - signed)) - 1


# ---- one operand


def identity(b: Body, x: SSAValue) -> SSAValue:
    return x


def negate(b: Body, x: SSAValue) -> SSAValue:
    return b.sub(constant_like(b, x, 0), x)


def reciprocal(b: Body, x: SSAValue) -> SSAValue:
    return b.emit(arith.DivfOp(constant_like(b, x, 1), x))


def rsqrt(b: Body, x: SSAValue) -> SSAValue:
    return reciprocal(b, b.emit(math.SqrtOp(x)))


def sigmoid(b: Body, x: SSAValue) -> SSAValue:
    """1 / (1 + exp(-x)): exp overflows to infinity for a very negative x, and 1 / inf is the right 0."""
    e = b.emit(math.ExpOp(b.emit(arith.NegfOp(x))))
    return reciprocal(b, b.add(constant_like(b, x, 1), e))


def sign(b: Body, x: SSAValue) -> SSAValue:
    """-1, 0 or 1; NaN stays NaN."""
    zero = constant_like(b, x, 0)
    rest = b.select(equal(b, x, zero), zero, x)
    rest = b.select(less(b, x, zero), constant_like(b, x, -1), rest)
    return b.select(less(b, zero, x), constant_like(b, x, 1), rest)


def sign_unsigned(b: Body, x: SSAValue) -> SSAValue:
    zero = constant_like(b, x, 0)
    return b.select(equal(b, x, zero), zero, constant_like(b, x, 1))


def relu(b: Body, x: SSAValue) -> SSAValue:
    zero = constant_like(b, x, 0)
    return b.emit(arith.MaximumfOp(x, zero) if isinstance(x.type, AnyFloat) else arith.MaxSIOp(x, zero))


def invert(b: Body, x: SSAValue) -> SSAValue:
    return b.emit(arith.XOrIOp(x, constant_like(b, x, -1)))


def is_inf(b: Body, x: SSAValue) -> SSAValue:
    return equal(b, b.emit(math.AbsFOp(x)), constant_like(b, x, pymath.inf))


def is_nan(b: Body, x: SSAValue) -> SSAValue:
    return b.emit(arith.CmpfOp(x, x, "uno"))


UNARY: dict[str, dict[Kind, Render]] = {
    "abs": {FLOAT: direct(math.AbsFOp), SIGNED: direct(math.AbsIOp), UNSIGNED: identity},
    "neg": {FLOAT: direct(arith.NegfOp), SIGNED: negate, UNSIGNED: negate},
    "exp": {FLOAT: direct(math.ExpOp)},
    "log": {FLOAT: direct(math.LogOp)},
    "sqrt": {FLOAT: direct(math.SqrtOp)},
    "rsqrt": {FLOAT: rsqrt},
    "reciprocal": {FLOAT: reciprocal},
    "relu": {FLOAT: relu, SIGNED: relu, UNSIGNED: identity},
    "sigmoid": {FLOAT: sigmoid},
    "tanh": {FLOAT: direct(math.TanhOp)},
    "erf": {FLOAT: direct(math.ErfOp)},
    "floor": {FLOAT: direct(math.FloorOp)},
    "ceil": {FLOAT: direct(math.CeilOp)},
    "round": {FLOAT: direct(math.RoundEvenOp)},
    "sign": {FLOAT: sign, SIGNED: sign, UNSIGNED: sign_unsigned},
    "sin": {FLOAT: direct(math.SinOp)},
    "cos": {FLOAT: direct(math.CosOp)},
    "tan": {FLOAT: direct(math.TanOp)},
    "asin": {FLOAT: direct(math.AsinOp)},
    "acos": {FLOAT: direct(math.AcosOp)},
    "atan": {FLOAT: direct(math.AtanOp)},
    "sinh": {FLOAT: direct(math.SinhOp)},
    "cosh": {FLOAT: direct(math.CoshOp)},
    "asinh": {FLOAT: direct(math.AsinhOp)},
    "acosh": {FLOAT: direct(math.AcoshOp)},
    "atanh": {FLOAT: direct(math.AtanhOp)},
    "not": {BOOL: invert, SIGNED: invert, UNSIGNED: invert},
    "is_nan": {FLOAT: is_nan},
    "is_inf": {FLOAT: is_inf},
}


# ---- two operands


def divide_signed(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
    """x / y truncated; 0 for y = 0 and wrapping for y = -1, where the processor's division would trap."""
    if is_constant(y) and not is_constant(y, 0, -1):
        return b.emit(arith.DivSIOp(x, y))
    zero, one = constant_like(b, x, 0), constant_like(b, x, 1)
    by_zero, by_minus_one = equal(b, y, zero), equal(b, y, constant_like(b, x, -1))
    safe = b.select(by_minus_one, one, b.select(by_zero, one, y))
    quotient = b.select(by_minus_one, b.sub(zero, x), b.emit(arith.DivSIOp(x, safe)))
    return b.select(by_zero, zero, quotient)


def divide_unsigned(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
    if is_constant(y) and not is_constant(y, 0):
        return b.emit(arith.DivUIOp(x, y))
    zero = constant_like(b, x, 0)
    by_zero = equal(b, y, zero)
    quotient = b.emit(arith.DivUIOp(x, b.select(by_zero, constant_like(b, x, 1), y)))
    return b.select(by_zero, zero, quotient)


def power(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
    """x ** y; squares and cubes, which networks are full of, are multiplications."""
    if is_constant(y, 1.0):
        return x
    if is_constant(y, 2.0):
        return b.mul(x, x)
    if is_constant(y, 3.0):
        return b.mul(b.mul(x, x), x)
    return b.emit(math.PowFOp(x, y))


def power_signed(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
    """Through f64 and back, as ONNX Runtime does: exact up to 2**53."""
    power = math.PowFOp(b.emit(arith.SIToFPOp(x, f64)), b.emit(arith.SIToFPOp(y, f64)))
    return b.emit(arith.FPToSIOp(b.emit(power), integer(x.type)))


def modulo_signed(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
    """x - y * floor(x / y), which has the divisor's sign."""
    rest = remainder_signed(b, x, y)
    zero = constant_like(b, x, 0)
    other_sign = b.emit(arith.XOrIOp(less(b, rest, zero), less(b, y, zero)))
    exact = equal(b, rest, zero)
    return b.select(exact, rest, b.select(other_sign, b.add(rest, y), rest))


def remainder_signed(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
    """x - y * trunc(x / y), which has the dividend's sign."""
    return b.sub(x, b.mul(divide_signed(b, x, y), y))


def remainder_unsigned(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
    return b.sub(x, b.mul(divide_unsigned(b, x, y), y))


def modulo_float(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
    """The remainder with the divisor's sign, that of a zero too."""
    rest, zero = b.emit(RemFOp(x, y)), constant_like(b, x, 0)
    other_sign = b.emit(arith.XOrIOp(less(b, rest, zero), less(b, y, zero)))
    moved = b.select(other_sign, b.add(rest, y), rest)
    return b.select(equal(b, rest, zero), b.emit(math.CopySignOp(zero, y)), moved)


def shift(op: type[Operation]) -> Render:
    """Bits moved out on either side are gone, all of them from the type's width on, where LLVM leaves it open."""
    make: Any = op

    def render(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
        width = integer(x.type).width.data
        if is_constant(y, *range(width)):
            return b.emit(make(x, y))
        beyond = b.emit(arith.CmpiOp(y, constant_like(b, y, width), "uge"))
        if op is arith.ShRSIOp:
            return b.emit(make(x, b.select(beyond, constant_like(b, y, width - 1), y)))
        return b.select(beyond, constant_like(b, x, 0), b.emit(make(x, b.select(beyond, constant_like(b, y, 0), y))))

    return render


MODULO = {FLOAT: modulo_float, SIGNED: modulo_signed, UNSIGNED: remainder_unsigned}
REMAINDER = {FLOAT: direct(RemFOp), SIGNED: remainder_signed, UNSIGNED: remainder_unsigned}

BINARY: dict[str, dict[Kind, Render]] = {
    "add": {FLOAT: direct(arith.AddfOp), SIGNED: direct(arith.AddiOp), UNSIGNED: direct(arith.AddiOp)},
    "sub": {FLOAT: direct(arith.SubfOp), SIGNED: direct(arith.SubiOp), UNSIGNED: direct(arith.SubiOp)},
    "mul": {FLOAT: direct(arith.MulfOp), SIGNED: direct(arith.MuliOp), UNSIGNED: direct(arith.MuliOp)},
    "div": {FLOAT: direct(arith.DivfOp), SIGNED: divide_signed, UNSIGNED: divide_unsigned},
    "pow": {FLOAT: power, SIGNED: power_signed},
    "max": {FLOAT: direct(arith.MaximumfOp), SIGNED: direct(arith.MaxSIOp), UNSIGNED: direct(arith.MaxUIOp)},
    "min": {FLOAT: direct(arith.MinimumfOp), SIGNED: direct(arith.MinSIOp), UNSIGNED: direct(arith.MinUIOp)},
    "and": {BOOL: direct(arith.AndIOp), SIGNED: direct(arith.AndIOp), UNSIGNED: direct(arith.AndIOp)},
    "or": {BOOL: direct(arith.OrIOp), SIGNED: direct(arith.OrIOp), UNSIGNED: direct(arith.OrIOp)},
    "shift_left": {SIGNED: shift(arith.ShLIOp), UNSIGNED: shift(arith.ShLIOp)},
    "shift_right": {SIGNED: shift(arith.ShRSIOp), UNSIGNED: shift(arith.ShRUIOp)},
    "xor": {BOOL: direct(arith.XOrIOp), SIGNED: direct(arith.XOrIOp), UNSIGNED: direct(arith.XOrIOp)},
}

COMPARE_FLOAT = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}


def compare(predicate: str) -> dict[Kind, Render]:
    """The rules of `graph.compare` for one predicate. A NaN is unequal to all, itself included."""
    ordered = predicate not in ("eq", "ne")
    signed, unsigned = (f"s{predicate}", f"u{predicate}") if ordered else (predicate, predicate)
    return {
        FLOAT: compare_by(arith.CmpfOp, COMPARE_FLOAT[predicate]),
        SIGNED: compare_by(arith.CmpiOp, signed),
        UNSIGNED: compare_by(arith.CmpiOp, unsigned),
        BOOL: compare_by(arith.CmpiOp, unsigned),
    }


def compare_by(op: type[arith.CmpfOp] | type[arith.CmpiOp], predicate: str) -> Render:
    def render(b: Body, x: SSAValue, y: SSAValue) -> SSAValue:
        return b.emit(op(x, y, predicate))

    return render


# ---- from graph ops to generics


def lower(op: Operation, at: Lowering, render: Render, result: Attribute | None = None) -> SSAValue:
    """`op` as one generic whose body is `render`. Constants of one number go inside the body."""
    shape, element = shape_of(op.results[0]), signless(element_of(op.results[0]))
    splats = [at.splat(x) for x in op.operands]
    inputs = [at[x] for x, splat in zip(op.operands, splats, strict=True) if splat is None]

    def body(b: Body, *elements: SSAValue) -> SSAValue:
        given = iter(elements)
        args: list[SSAValue] = []
        for splat in splats:
            if splat is None:
                x = next(given)
                args.append(b.convert(x, compute_type(x.type)) if isinstance(x.type, AnyFloat) else x)
            else:
                args.append(b.constant(splat.value.data, compute_type(splat.type)))
        y = render(b, *args)
        return b.convert(y, element) if isinstance(element, AnyFloat) else y

    return at.elementwise(inputs, shape, element, body)


def choose(op: Operation, rules: dict[Kind, Render], element: Attribute) -> Render:
    if (render := rules.get(kind_of(element))) is not None:
        return render
    known = " and ".join(sorted(kind.value for kind in rules))
    raise StepwellError(f"{op.name} of {element} elements is not supported", op, fix=f"{known} elements are")


def from_table(rules: dict[Kind, Render]) -> Callable[[Any, Lowering], SSAValue]:
    return lambda op, at: lower(op, at, choose(op, rules, element_of(op.operands[0])))


def lower_compare(op: graph.CompareOp, at: Lowering) -> SSAValue:
    return lower(op, at, choose(op, compare(op.predicate), element_of(op.a)))


def lower_select(op: graph.SelectOp, at: Lowering) -> SSAValue:
    return lower(op, at, direct(arith.SelectOp))


def lower_clamp(op: graph.ClampOp, at: Lowering) -> SSAValue:
    """min(max(x, low), high); bounds of integers are rounded inward, and left out where they bound nothing."""
    element = element_of(op.x)
    kind = kind_of(element)
    low, high = op.min, op.max
    if kind is not FLOAT:
        low = max(pymath.ceil(low), lowest(element)) if pymath.isfinite(low) else lowest(element)
        high = min(pymath.floor(high), highest(element)) if pymath.isfinite(high) else highest(element)

    def clamp(b: Body, x: SSAValue) -> SSAValue:
        if low > lowest(element):
            x = BINARY["max"][kind](b, x, constant_like(b, x, low))
        if high < highest(element):
            x = BINARY["min"][kind](b, x, constant_like(b, x, high))
        return x

    return lower(op, at, clamp)


def lower_mod(op: graph.ModOp, at: Lowering) -> SSAValue:
    return lower(op, at, choose(op, REMAINDER if op.fmod else MODULO, element_of(op.operands[0])))


def populate_elementwise(rules: Rules) -> None:
    for name, kinds in (UNARY | BINARY).items():
        rules[f"graph.{name}"] = from_table(kinds)
    rules["graph.compare"] = lower_compare
    rules["graph.select"] = lower_select
    rules["graph.clamp"] = lower_clamp
    rules["graph.mod"] = lower_mod
