"""Compute integers of 8 and 16 bits in 32, on a device that has no others: an i32 holds each, its sign extended.

    %a = memref.load %x[%n] : memref<8xi8>                  %0 = memref.load %x[%n] : memref<8xi32>
                                                            %1 = arith.shli %0, %c24 : i32
                                                            %a = arith.shrsi %1, %c24 : i32
    %s = arith.addi %a, %a : i8                      =>     %2 = arith.addi %a, %a : i32
                                                            %3 = arith.shli %2, %c24 : i32
                                                            %s = arith.shrsi %3, %c24 : i32       // wraps around
    %u = arith.extui %s : i8 to i32                         %u = arith.andi %s, %c255 : i32
    memref.store %s, %y[%n] : memref<8xi8>                  memref.store %s, %y[%n] : memref<8xi32>

Who hands over a buffer may have put the numbers there with a sign or without, so that a load extends the sign again.
Comparisons need nothing: numbers whose signs are extended stand in the same order, with a sign and without.

A buffer takes 4 bytes for each element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.pass_manager import ModulePass
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp, i8, i16, i32
from xdsl.ir import Attribute, Operation, SSAValue

from .retyping import Array, Maker, Retyping


def ops(names: str) -> frozenset[str]:
    return frozenset(f"arith.{name}" for name in names.split())


RIGHT = ops("select cmpi andi ori xori maxsi minsi maxui minui remsi shrsi sitofp")
"""Ops that give in 32 bits what they gave, where the signs of operands are extended."""
UNSIGNED = ops("divui remui shrui uitofp index_castui extui")
"""Ops that look at operands as numbers without a sign."""
CASTS = ops("extsi extui trunci")
"""Ops that do nothing between types that are one now."""
WRAPS = ops("addi subi muli shli divsi floordivsi divui remui shrui index_cast index_castui trunci fptosi fptoui") | {
    "memref.load",
    "math.absi",
}
"""Ops whose results may have other bits above those that they had."""
KNOWN = RIGHT | UNSIGNED | CASTS | WRAPS


@dataclass(frozen=True)
class WidenIntegers(ModulePass):
    name = "widen-integers"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        retyping = Retyping({i8: i32, i16: i32}, sign_extended)
        ops = list(module.walk())
        for op in ops:
            retyping.retype(ctx, op)
        widths = {value: cast("IntegerType", kind).width.data for value, kind in retyping.was.items()}
        for op in ops:
            if any(value in widths for value in (*op.operands, *op.results)):
                widen(op, widths)


def sign_extended(array: Array, old: Attribute, new: Attribute) -> Array:
    return array.view(f"i{array.dtype.itemsize}").astype(np.int32)


def widen(op: Operation, widths: dict[SSAValue, int]) -> None:
    """Let `op` give in 32 bits what it gave in fewer. `widths`: how many bits numbers had."""
    if not op.name.startswith(("arith.", "math.", "memref.load")) or op.name in RIGHT:
        return
    (result,) = op.results
    width = widths.get(result, 0)
    if isinstance(op, arith.ConstantOp):
        assert isinstance(op.value, IntegerAttr)
        number = op.value.value.data & ((1 << width) - 1)
        op.properties["value"] = IntegerAttr(number - ((number >> (width - 1)) << width), i32)
        return
    if op.name not in KNOWN:
        bits = width or next(widths[value] for value in op.operands if value in widths)
        raise StepwellError(
            f"{op.name} on i{bits}: the device has integers of 32 bits only",
            op,
            "compute with int32 or float32 in the model, or take another target",
        )
    make, operands = IntegerMaker(op), list(op.operands)
    if op.name in UNSIGNED:
        operands = [make.unsigned(value, widths[value]) if value in widths else value for value in operands]
    done = op.name in CASTS and operands[0].type == result.type
    new = operands[0] if done else make.again(operands, result.type)
    if width:
        new = make.extended(new, width) if op.name in WRAPS else new
        widths[new] = width
    make.instead(new)


class IntegerMaker(Maker):
    def unsigned(self, value: SSAValue, width: int) -> SSAValue:
        return self.bits(arith.AndIOp, value, (1 << width) - 1)

    def extended(self, value: SSAValue, width: int) -> SSAValue:
        """Its last `width` bits, with their sign."""
        return self.bits(arith.ShRSIOp, self.bits(arith.ShLIOp, value, 32 - width), 32 - width)
