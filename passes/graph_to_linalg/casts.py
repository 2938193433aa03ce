"""Casts between element types, as ONNX and numpy do them.

    %y = graph.cast %x : (tensor<4xf32>) -> tensor<4xui8>
  becomes a generic whose body is
    %i = arith.fptosi %a : f32 to i32
    %b = arith.trunci %i : i32 to i8

Floats are truncated toward 0, and what does not fit wraps; anything but 0 is true, and true is 1.
"""

from __future__ import annotations

from stepwell.dialects import graph
from xdsl.dialects import arith
from xdsl.dialects.builtin import AnyFloat, IntegerType, i32, i64
from xdsl.ir import Attribute, SSAValue

from .elementwise import BOOL, FLOAT, SIGNED, UNSIGNED, Kind, Render, constant_like, kind_of, lower
from .lowering import Body, Lowering, Rules, compute_type, element_of, integer, signless


def resize_integer(b: Body, x: SSAValue, target: IntegerType, *, signed: bool) -> SSAValue:
    have, want = integer(x.type).width.data, target.width.data
    if have == want:
        return x
    if have > want:
        return b.emit(arith.TruncIOp(x, target))
    return b.emit(arith.ExtSIOp(x, target) if signed else arith.ExtUIOp(x, target))


def float_to_integer(b: Body, x: SSAValue, target: IntegerType, kind: Kind) -> SSAValue:
    """Truncated; narrow and unsigned integers go through a wider signed one, so that -1.0 wraps as it does in C."""
    width = target.width.data
    if width == 64:
        return b.emit((arith.FPToUIOp if kind is UNSIGNED else arith.FPToSIOp)(x, target))
    wide = b.emit(arith.FPToSIOp(x, i64 if width == 32 and kind is UNSIGNED else i32))
    return resize_integer(b, wide, target, signed=True)


def cast(source: Attribute, target: Attribute) -> Render:
    """The body that turns an element of the graph-level type `source` into one of `target`."""
    have, want, out = kind_of(source), kind_of(target), signless(target)

    def render(b: Body, x: SSAValue) -> SSAValue:
        if want is BOOL:
            zero = constant_like(b, x, 0)
            if have is BOOL:
                return x
            return b.emit(arith.CmpfOp(x, zero, "une") if have is FLOAT else arith.CmpiOp(x, zero, "ne"))
        if want is FLOAT:
            assert isinstance(out, AnyFloat)
            if have is FLOAT:
                return b.convert(x, out)
            wide = compute_type(out)
            assert isinstance(wide, AnyFloat)
            return b.convert(b.emit((arith.SIToFPOp if have is SIGNED else arith.UIToFPOp)(x, wide)), out)
        if have is FLOAT:
            return float_to_integer(b, x, integer(out), want)
        return resize_integer(b, x, integer(out), signed=have is SIGNED)

    return render


def lower_cast(op: graph.CastOp, at: Lowering) -> SSAValue:
    return lower(op, at, cast(element_of(op.operands[0]), element_of(op.results[0])))


def populate_casts(rules: Rules) -> None:
    rules["graph.cast"] = lower_cast
