"""Quantization: a few ops a number, which merge with what makes it and what reads it.

    %y = graph.dequantize %x, %scale, %zero : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  becomes a generic whose body is
    %i = arith.extui %x : i8 to i32          %z = arith.extui %zero : i8 to i32
    %d = arith.subi %i, %z : i32
    %r = arith.sitofp %d : i32 to f32
    %y = arith.mulf %r, %scale : f32

and back it is a division (a scale of 1, which `fuse-qdq` leaves, costs none), a rounding, an addition, a maximum and a
minimum, before the number is as narrow as its type. A NaN becomes the least number.
"""

from __future__ import annotations

from stepwell.dialects import graph
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import i32
from xdsl.ir import Attribute, SSAValue

from .casts import cast
from .elementwise import highest, is_constant, lower, lowest
from .lowering import Body, Lowering, Rules, compute_type, element_of


def lower_dequantize(op: graph.DequantizeOp, at: Lowering) -> SSAValue:
    element, wide = element_of(op.x), compute_type(element_of(op.result))

    def real(b: Body, x: SSAValue, scale: SSAValue, *zero: SSAValue) -> SSAValue:
        number = cast(element, i32)(b, x)
        if zero and not is_constant(zero[0], 0):
            number = b.sub(number, cast(element, i32)(b, zero[0]))
        number = cast(i32, wide)(b, number)
        return number if is_constant(scale, 1.0) else b.mul(number, scale)

    return lower(op, at, real)


def lower_quantize(op: graph.QuantizeOp, at: Lowering) -> SSAValue:
    element = element_of(op.result)

    def integer(b: Body, x: SSAValue, scale: SSAValue, *zero: SSAValue) -> SSAValue:
        wide: Attribute = x.type
        number = x if is_constant(scale, 1.0) else b.emit(arith.DivfOp(x, scale))
        number = b.emit(math.RoundEvenOp(number))
        if zero and not is_constant(zero[0], 0):
            number = b.add(number, cast(element, wide)(b, zero[0]))
        for bound, inside in ((lowest(element), "ogt"), (highest(element), "olt")):
            edge = b.constant(bound, wide)
            number = b.select(b.emit(arith.CmpfOp(number, edge, inside)), number, edge)
        return cast(wide, element)(b, number)

    return lower(op, at, integer)


def populate_quantization(rules: Rules) -> None:
    rules["graph.dequantize"] = lower_dequantize
    rules["graph.quantize"] = lower_quantize
