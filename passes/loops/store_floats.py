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

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.memref import GlobalOp
from stepwell.pass_manager import ModulePass
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import (
    AnyFloat,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    FloatAttr,
    FunctionType,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    TensorType,
    bf16,
    f16,
    f32,
    i16,
    i32,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

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
        keep = Keep(cast("dict[Attribute, Attribute]", kept))
        ops = list(module.walk())
        for op in ops:
            keep.retype(ctx, op)
        for op in [op for op in ops if keep.computes_in_them(op)]:
            keep.compute_wide(op)


@dataclass
class Keep:
    """`kinds`: a float of 16 bits → the type that it is kept in. `floats`: what values were that are kept so."""

    kinds: dict[Attribute, Attribute]
    floats: dict[SSAValue, Attribute] = field(default_factory=dict[SSAValue, Attribute])
    buffers: dict[Attribute, Attribute] = field(default_factory=dict[Attribute, Attribute])

    # -- types -------------------------------------------------------------------------------------------------------

    def type(self, kind: Attribute) -> Attribute:
        if not isinstance(kind, MemRefType):
            return self.kinds.get(kind, kind)
        if kind not in self.buffers:
            buffer = cast("MemRefType[Attribute]", kind)
            element = self.kinds.get(buffer.element_type, buffer.element_type)
            self.buffers[kind] = MemRefType(element, buffer.get_shape(), buffer.layout, buffer.memory_space)
        return self.buffers[kind]

    def retype(self, ctx: Context, op: Operation) -> None:
        """Give `op`'s results, and the arguments of its blocks, the types of the device."""
        if isinstance(op, GlobalOp):
            self.global_weight(ctx, op)
        elif isinstance(op, func.FuncOp):
            inputs, outputs = op.function_type.inputs, op.function_type.outputs
            op.properties["function_type"] = FunctionType.from_lists(
                [*map(self.type, inputs)], [*map(self.type, outputs)]
            )
        for value in (*op.results, *(arg for region in op.regions for block in region.blocks for arg in block.args)):
            if (kind := self.type(old := value.type)) != old:
                new = Rewriter.replace_value_with_new_type(value, kind)
                if old in self.kinds:
                    self.floats[new] = old

    def global_weight(self, ctx: Context, op: GlobalOp) -> None:
        """The weight of a global as the device has it."""
        old, kind = op.type.get_element_type(), self.type(op.type)
        if kind == op.type:
            return
        value = op.initial_value
        if isinstance(value, DenseResourceAttr):
            array = ctx.weights[value.resource_handle.data]
        else:
            assert isinstance(value, DenseIntOrFPElementsAttr)
            array = np.array(list(value.get_values()), dtype_of(old)).reshape(op.type.get_shape())
        element = self.kinds[old]
        array = array.astype(np.float32) if element == f32 else array.view(np.int16)
        key = ctx.weights.add(f"{op.sym_name.data}.{element}", np.ascontiguousarray(array))
        op.properties["initial_value"] = DenseResourceAttr.from_params(key, TensorType(element, op.type.get_shape()))
        op.properties["type"] = kind

    # -- ops ---------------------------------------------------------------------------------------------------------

    def computes_in_them(self, op: Operation) -> bool:
        """Whether `op` does more than move numbers that the device keeps in another type."""
        if not op.name.startswith(("arith.", "math.")) or isinstance(op, arith.SelectOp):
            return False
        return any(value in self.floats for value in (*op.operands, *op.results))

    def compute_wide(self, op: Operation) -> None:
        """Let `op` read and make what the device keeps."""
        make, narrow = Maker(op, self.kinds), self.floats.get(op.results[0])
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
                wide = make.widened(op.input, self.floats[op.input])
                result = wide if op.result.type == f32 else make.op(arith.ExtFOp(wide, op.result.type))
            case arith.TruncFOp():
                assert narrow is not None
                single = op.input if op.input.type == f32 else make.op(arith.TruncFOp(op.input, f32))
                result = make.narrowed(single, narrow)
            case _:
                operands = [make.widened(v, self.floats[v]) if v in self.floats else v for v in op.operands]
                kind = op.results[0].type if narrow is None else f32
                result = make.op(type(op).create(operands=operands, result_types=[kind], properties=op.properties))
                if narrow is not None:
                    result = make.narrowed(result, narrow)
        if narrow is not None:
            self.floats[result] = narrow
        make.instead(result)

    def constant(self, value: FloatAttr[AnyFloat]) -> Attribute:
        if self.kinds[value.type] == f32:
            return FloatAttr(value.value.data, f32)
        bits = np.array(value.value.data, dtype_of(value.type)).view(np.int16)
        return IntegerAttr(int(bits), i16)


@dataclass
class Maker:
    """Ops in the place of `old`."""

    old: Operation
    kinds: dict[Attribute, Attribute]

    def op(self, new: Operation) -> SSAValue:
        assert self.old.parent is not None
        new.location = self.old.location
        self.old.parent.insert_op_before(new, self.old)
        return new.results[0]

    def instead(self, value: SSAValue) -> None:
        """Nobody needs the old op any more."""
        old = self.old.results[0]
        if value.name_hint is None:
            value.name_hint = old.name_hint
        old.replace_all_uses_with(value)
        assert self.old.parent is not None
        self.old.parent.erase_op(self.old)

    def number(self, value: int) -> SSAValue:
        return self.op(arith.ConstantOp(IntegerAttr(value - (1 << 32) if value >= SIGN else value, i32)))

    def bits(self, make: Callable[..., Operation], a: SSAValue, b: int | SSAValue) -> SSAValue:
        return self.op(make(a, self.number(b) if isinstance(b, int) else b))

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


def dtype_of(kind: Attribute) -> Any:
    import ml_dtypes

    return np.dtype(np.float16) if kind == f16 else np.dtype(ml_dtypes.bfloat16)
