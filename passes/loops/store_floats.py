"""Keep floats of 16 bits that a device has no type for as what it has: their bits in an i16, or their value in an f32.

    store-floats{bf16=i16}
    %a = memref.load %x[%n] : memref<8xbf16>            %a = memref.load %x[%n] : memref<8xi16>
    %w = arith.extf %a : bf16 to f32                    %0 = arith.extui %a : i16 to i32
                                                        %1 = arith.shli %0, %c16 : i32
                                                        %w = arith.bitcast %1 : i32 to f32
    %s = arith.addf %w, %w : f32                 =>     %s = arith.addf %w, %w : f32
    %t = arith.truncf %s : f32 to bf16                  ...                                  // rounded to nearest
    memref.store %t, %y[%n] : memref<8xbf16>            memref.store %t, %y[%n] : memref<8xi16>

    store-floats{f16=f32}
    %a = memref.load %x[%n] : memref<8xf16>             %a = memref.load %x[%n] : memref<8xf32>
    %w = arith.extf %a : f16 to f32              =>     ...                                  // %a itself
    %t = arith.truncf %s : f32 to f16                   %t = ...                             // still f32, with 11 bits

Bodies compute in f32 whatever a tensor's type is, so 16 bits are storage; an op that computes in them nevertheless (a
comparison, a maximum) computes in f32, which is exact and rounded once. An f32 that holds a value of a narrower type
gives up the memory that the type would save, for a device whose buffers have no 16 bits.

The roundings are to nearest, ties to even (IEEE 754-2019, 4.3.1), by integer arithmetic on the bits: a shader's
compiler may reorder sums of floats, and need not keep a NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.graph.types import dtype_of
from stepwell.pass_manager import ModulePass
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    AnyFloat,
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    bf16,
    f16,
    f32,
    i16,
    i32,
)
from xdsl.ir import Attribute, Operation, SSAValue

from .retyping import Array, Maker, Retyping

TYPES: dict[str, Attribute] = {"i16": i16, "f32": f32}
SIGN, EXPONENT, QUIET = 1 << 31, 0x7F800000, 0x00400000
"""Bits of an f32."""
LEAST_NORMAL_HALF, LARGEST_HALF = 0x38800000, 0x477FE000
"""2**-14 and 65504, as bits of an f32."""


@dataclass(frozen=True)
class StoreFloats(ModulePass):
    """`f16`, `bf16`: what they are kept in, `i16` (bf16 only) or `f32`; nothing for a type that the device has."""

    name = "store-floats"

    f16: str = ""
    bf16: str = ""

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        if self.f16 not in ("", "f32") or self.bf16 not in ("", *TYPES):
            raise StepwellError("store-floats: f16 is kept in f32, bf16 in i16 or f32")
        kept = {kind: TYPES[word] for kind, word in ((f16, self.f16), (bf16, self.bf16)) if word}
        keep = Keep(cast("dict[Attribute, Attribute]", kept), as_kept)
        ops = list(module.walk())
        for op in ops:
            keep.retype(ctx, op)
        for op in [op for op in ops if keep.computes_in_them(op)]:
            keep.compute_wide(op)


class Keep(Retyping):
    """Floats of 16 bits as what the device keeps them in."""

    def computes_in_them(self, op: Operation) -> bool:
        """Whether `op` does more than move numbers that the device keeps in another type."""
        if not op.name.startswith(("arith.", "math.")) or isinstance(op, arith.SelectOp):
            return False
        return any(value in self.was for value in (*op.operands, *op.results))

    def compute_wide(self, op: Operation) -> None:
        """Let `op` read and make what the device keeps."""
        make, narrow = FloatMaker(op, self.kinds), self.was.get(op.results[0])
        match op:
            case arith.ConstantOp():
                assert isinstance(op.value, FloatAttr)
                op.properties["value"] = self.constant(op.value)
                return
            case arith.BitcastOp():
                if op.input.type != op.result.type:
                    raise StepwellError("the bits of a float of 16 bits, of which the device keeps the value", op)
                result = op.input
            case arith.ExtFOp():
                wide = make.widened(op.input, self.was[op.input])
                result = wide if op.result.type == f32 else make.op(arith.ExtFOp(wide, op.result.type))
            case arith.TruncFOp():
                assert narrow is not None
                single = op.input if op.input.type == f32 else make.op(arith.TruncFOp(op.input, f32))
                result = make.narrowed(single, narrow)
            case _:
                operands = [make.widened(v, self.was[v]) if v in self.was else v for v in op.operands]
                kind = op.results[0].type if narrow is None else f32
                result = make.again(operands, kind)
                if narrow is not None:
                    result = make.narrowed(result, narrow)
        if narrow is not None:
            self.was[result] = narrow
        make.instead(result)

    def constant(self, value: FloatAttr[AnyFloat]) -> Attribute:
        if self.kinds[value.type] == f32:
            return FloatAttr(value.value.data, f32)
        bits = np.array(value.value.data, dtype_of(value.type)).view(np.int16)
        return IntegerAttr(int(bits), i16)


def as_kept(array: Array, old: Attribute, kept: Attribute) -> Array:
    return array.astype(np.float32) if kept == f32 else array.view(np.int16)


@dataclass
class FloatMaker(Maker):
    kinds: Mapping[Attribute, Attribute]

    def compare(self, a: SSAValue, order: str, b: int) -> SSAValue:
        return self.op(arith.CmpiOp(a, self.number(b), order))

    def widened(self, value: SSAValue, kind: Attribute) -> SSAValue:
        """What a device keeps of a number of type `kind`, as an f32."""
        if self.kinds[kind] == f32:
            return value
        return self.op(arith.BitcastOp(self.bits(arith.ShLIOp, self.op(arith.ExtUIOp(value, i32)), 16), f32))

    def narrowed(self, value: SSAValue, kind: Attribute) -> SSAValue:
        """An f32 as the device keeps a number of type `kind`."""
        bits = self.op(arith.BitcastOp(value, i32))
        size = self.bits(arith.AndIOp, bits, SIGN - 1)
        is_nan = self.compare(size, "ugt", EXPONENT)
        rounded = self.half(size) if kind == f16 else self.without(size, 16)
        rounded = self.op(arith.SelectOp(is_nan, self.bits(arith.OrIOp, size, QUIET), rounded))
        rounded = self.bits(arith.OrIOp, rounded, self.bits(arith.AndIOp, bits, SIGN))
        if self.kinds[kind] == f32:
            return self.op(arith.BitcastOp(self.bits(arith.AndIOp, rounded, -(1 << (13 if kind == f16 else 16))), f32))
        return self.op(arith.TruncIOp(self.bits(arith.ShRUIOp, rounded, 16), i16))

    def without(self, size: SSAValue, count: int) -> SSAValue:
        """The bits of a number rounded to nearest, ties to even, so that the last `count` do not count any more; past
        the largest number comes infinity, whose bits are the next."""
        odd = self.bits(arith.AndIOp, self.bits(arith.ShRUIOp, size, count), 1)
        return self.bits(arith.AddiOp, self.bits(arith.AddiOp, size, (1 << (count - 1)) - 1), odd)

    def half(self, size: SSAValue) -> SSAValue:
        """The bits of a number rounded to one of f16's. Below its least normal number the steps are 2**-24, as those of
        f32 are from 0.5 on: how many there are say the last bits of a sum."""
        normal = self.bits(arith.AndIOp, self.without(size, 13), -(1 << 13))
        too_large = self.compare(normal, "ugt", LARGEST_HALF)
        normal = self.op(arith.SelectOp(too_large, self.number(EXPONENT), normal))
        half = self.op(arith.ConstantOp(FloatAttr(0.5, f32)))
        step = self.op(arith.ConstantOp(FloatAttr(2.0**-24, f32)))
        sum = self.op(arith.BitcastOp(self.op(arith.AddfOp(self.op(arith.BitcastOp(size, f32)), half)), i32))
        steps = self.op(arith.SIToFPOp(self.bits(arith.SubiOp, sum, 0x3F000000), f32))
        small = self.op(arith.BitcastOp(self.op(arith.MulfOp(steps, step)), i32))
        return self.op(arith.SelectOp(self.compare(size, "ult", LEAST_NORMAL_HALF), small, normal))
