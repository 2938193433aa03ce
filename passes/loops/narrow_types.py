"""Keep a program to the types of a device that has 32 bits: int64 becomes int32, a bool in memory an int32 of 0 or 1.

    %i = memref.load %ids[%n] : memref<8xi64>                   %i = memref.load %ids[%n] : memref<8xi32>
    %low = arith.cmpi slt, %i, %zero : i64                =>    %low = arith.cmpi slt, %i, %zero : i32
    memref.store %low, %mask[%n] : memref<8xi1>                 %0 = arith.extui %low : i1 to i32
                                                                memref.store %0, %mask[%n] : memref<8xi32>

@main's signature stays: who runs the program hands over what the model says, converted, and refuses numbers that do
not fit. The host has 64 bits: what @main computes for its control flow stays as it is, and only what stands in buffers
is narrowed.
    %n = memref.load %count[] : memref<i64>                     %0 = memref.load %count[] : memref<i32>
                                                          =>    %n = arith.extsi %0 : i32 to i64

In kernels an int64 is moved, compared and used as an index, and computed where its result fits 32 bits whatever the
inputs are (`integer_ranges.py` says between which numbers it lies); elsewhere it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.memref import GlobalOp
from stepwell.manifest import ENTRY
from stepwell.pass_manager import ModulePass
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    FunctionType,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    TensorType,
    i1,
    i32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

from .integer_ranges import integer_ranges
from .intervals import ANYTHING, INT32, Range, within

Buffer = MemRefType[Attribute]

LIMITS = np.iinfo(np.int32)


@dataclass(frozen=True)
class NarrowTypes(ModulePass):
    name = "narrow-types"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        ops = list(module.walk())
        host = {op for main in module.body.block.ops if is_entry(main) for op in main.walk()}
        ranges = integer_ranges(ctx, module)
        for op in ops:
            if op not in host:
                check(ctx, op, ranges)
        for op in ops:
            if isinstance(op, GlobalOp):
                narrow_global(ctx, op)
            elif isinstance(op, func.FuncOp):
                inputs, outputs = op.function_type.inputs, op.function_type.outputs
                op.properties["function_type"] = FunctionType.from_lists(
                    [*map(narrowed, inputs)], [*map(narrowed, outputs)]
                )
            (narrow_on_host if op in host else narrow)(op)


def is_entry(op: Operation) -> bool:
    return isinstance(op, func.FuncOp) and op.sym_name.data == ENTRY


def narrowed(kind: Attribute) -> Attribute:
    """The type on the device."""
    if isinstance(kind, MemRefType):
        buffer = cast("Buffer", kind)
        if buffer.element_type in (i64, i1):
            return MemRefType(i32, buffer.get_shape(), buffer.layout, buffer.memory_space)
        return buffer
    return i32 if kind == i64 else kind


def check(ctx: Context, op: Operation, ranges: Mapping[SSAValue, Range]) -> None:
    """Report what 32 bits may not be enough for. A number without a sign may have its top bit set:
    sign-extended, it is as large as ever compared with others, but not as a float."""
    if isinstance(op, arith.ConstantOp) or not op.name.startswith(("arith.", "math.")):
        return
    made = [ranges.get(value, ANYTHING) for value in op.results if value.type == i64]
    seen = [ranges.get(value, ANYTHING) for value in op.operands if value.type == i64 and op.name == "arith.uitofp"]
    if all(within(found, INT32) for found in made) and all(low >= 0 for low, _ in seen):
        return
    what = f"{op.name} on i64: the device has integers of 32 bits, for which its result may be too large"
    ctx.report(StepwellError(what, op, "compute with int32 or float32 in the model, or take another target"))


def narrow(op: Operation) -> None:
    """Give `op`'s results, and the arguments of its blocks, the types of the device."""
    if isinstance(op, memref.StoreOp) and op.value.type == i1:
        widened = arith.ExtUIOp(op.value, i32)
        insert_before(op, widened)
        op.operands[0] = widened.result
    if isinstance(op, arith.ConstantOp) and op.result.type == i64:
        assert isinstance(op.value, IntegerAttr)
        number = op.value.value.data
        if not LIMITS.min <= number <= LIMITS.max:
            raise StepwellError(f"the constant {number} does not fit 32 bits, which the device has", op)
        op.properties["value"] = IntegerAttr(number, i32)
    for value in (*op.results, *(arg for region in op.regions for block in region.blocks for arg in block.args)):
        if isinstance(op, memref.LoadOp) and value.type == i1:
            as_bool(op)
        elif (kind := narrowed(value.type)) != value.type:
            Rewriter.replace_value_with_new_type(value, kind)
    if op.name in ("arith.extsi", "arith.extui", "arith.trunci") and op.operands[0].type == op.results[0].type:
        op.results[0].replace_all_uses_with(op.operands[0])
        erase(op)


def narrow_on_host(op: Operation) -> None:
    """Narrow the buffers of `op`, an op of @main; numbers keep their width."""
    for value in (*op.results, *(arg for region in op.regions for block in region.blocks for arg in block.args)):
        if (kind := value.type) != i64 and narrowed(kind) != kind:
            Rewriter.replace_value_with_new_type(value, narrowed(kind))
    if isinstance(op, memref.LoadOp) and op.res.type == i1:
        as_bool(op)
    elif isinstance(op, memref.LoadOp) and op.res.type == i64:
        new = memref.LoadOp(operands=[op.memref, op.indices], result_types=[i32])
        widened = arith.ExtSIOp(new.res, i64)
        widened.result.name_hint = op.res.name_hint
        for made in (new, widened):
            insert_before(op, made)
        op.res.replace_all_uses_with(widened.result)
        erase(op)
    elif isinstance(op, memref.StoreOp) and op.value.type in (i64, i1):
        kept = arith.TruncIOp(op.value, i32) if op.value.type == i64 else arith.ExtUIOp(op.value, i32)
        insert_before(op, kept)
        op.operands[0] = kept.result


def as_bool(op: memref.LoadOp) -> None:
    """A bool that is loaded as a number."""
    new = memref.LoadOp(operands=[op.memref, op.indices], result_types=[i32])
    zero = arith.ConstantOp(IntegerAttr(0, i32))
    read = arith.CmpiOp(new.res, zero.result, "ne")
    read.result.name_hint = op.res.name_hint
    for made in (new, zero, read):
        insert_before(op, made)
    op.res.replace_all_uses_with(read.result)
    erase(op)


def insert_before(op: Operation, new: Operation) -> None:
    assert op.parent is not None
    new.location = op.location
    op.parent.insert_op_before(new, op)


def erase(op: Operation) -> None:
    assert op.parent is not None
    op.parent.erase_op(op)


def narrow_global(ctx: Context, op: GlobalOp) -> None:
    """The weight of a global as the device has it. Raises `StepwellError` for one with numbers that do not fit."""
    kind = narrowed(op.type)
    if kind == op.type:
        return
    assert isinstance(kind, MemRefType)
    value = op.initial_value
    if isinstance(value, DenseResourceAttr):
        array = ctx.weights[value.resource_handle.data]
    else:
        assert isinstance(value, DenseIntOrFPElementsAttr)
        array = np.array(list(value.get_values())).reshape(op.type.get_shape())
    if array.size and not (LIMITS.min <= array.min() and array.max() <= LIMITS.max):
        raise StepwellError(f"weights of @{op.sym_name.data} do not fit 32 bits, which the device has", op)
    key = ctx.weights.add(f"{op.sym_name.data}.i32", array.astype(np.int32))
    op.properties["initial_value"] = DenseResourceAttr.from_params(key, TensorType(i32, op.type.get_shape()))
    op.properties["type"] = kind
