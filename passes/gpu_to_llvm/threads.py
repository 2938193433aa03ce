"""Rules of gpu ops: what a thread is, by NVIDIA's special registers; and how threads of a block wait.

    %id = gpu.global_id x                 // in a function for blocks of 128 threads along x
  becomes
    %0 = llvm.call_intrinsic "llvm.nvvm.read.ptx.sreg.ctaid.x"() : () -> i32
    %1 = llvm.call_intrinsic "llvm.nvvm.read.ptx.sreg.tid.x"() : () -> i32
    %2 = llvm.mul %0, %c128 : i32
    %3 = llvm.add %2, %1 : i32
    %id = llvm.zext %3 : i32 to i64

A grid's threads are counted in 32 bits: LLVM sees by the widening that a division of their numbers takes no more.

A GPU has no C library to call: functions that `expand-math{library=false}` has left are refused by name.
"""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from stepwell.diagnostics import StepwellError
from stepwell.dialects.gpu.attributes import AddressSpace, space_of
from stepwell.dialects.gpu.ids import IdOp
from stepwell.dialects.lanes import element, lanes
from stepwell.passes.loops_to_llvm import arithmetic, control, mathematics, memory, vectors
from stepwell.passes.loops_to_llvm.lowering import PTR, RULES, Lowering, Rule, Types, lowers
from xdsl.dialects import llvm
from xdsl.dialects.builtin import IntAttr, MemRefType, VectorType, i32, i64
from xdsl.ir import Attribute, Operation, SSAValue

FAMILIES = (arithmetic, control, mathematics, memory, vectors)
"""Importing a family enters its rules into the table."""

SPACES = {
    AddressSpace.Global: llvm.LLVMPointerType(IntAttr(1)),
    AddressSpace.Workgroup: llvm.LLVMPointerType(IntAttr(3)),
    AddressSpace.Private: PTR,
}
"""LLVM, "User Guide for NVPTX Back-end", address spaces; what is a thread's own is found by a generic pointer."""

REGISTERS = {
    "gpu.thread_id": "tid",
    "gpu.block_id": "ctaid",
    "gpu.block_dim": "ntid",
    "gpu.grid_dim": "nctaid",
}
WARP = 32

ON_DEVICE = frozenset(
    f"math.{name}"
    for name in ("absf", "ceil", "copysign", "ctpop", "floor", "fma", "round", "roundeven", "sqrt", "trunc")
)
"""Intrinsics that are instructions of the device, or few of them."""

DEVICE_RULES: dict[str, Rule] = {}


class DeviceTypes(Types):
    """A buffer is a pointer into the memory that it is in; a vector has one dimension."""

    def convert(self, old: Attribute) -> Attribute:
        if old.name == MemRefType.name:
            return SPACES[space_of(old)]
        if (shape := lanes(old)) is not None and len(shape) > 1:  # a thread's part of a matrix
            return VectorType(element(old), [prod(shape)])
        return super().convert(old)


@dataclass(frozen=True)
class BlockSize:
    """How many threads a block has along x, y and z; None: what the launch says."""

    sizes: tuple[int, ...] | None

    def along(self, dimension: str) -> int | None:
        return None if self.sizes is None else self.sizes["xyz".index(dimension)]


class DeviceLowering(Lowering):
    """One kernel being lowered."""

    STEP: ClassVar = "gpu-to-llvm"
    TABLE: ClassVar = ChainMap(DEVICE_RULES, RULES)
    block_size: BlockSize = BlockSize(None)

    def register(self, name: str) -> SSAValue:
        return self.call_intrinsic(f"llvm.nvvm.read.ptx.sreg.{name}", [], i32)

    def threads(self, dimension: str) -> SSAValue:
        known = self.block_size.along(dimension)
        return self.register(f"ntid.{dimension}") if known is None else self.constant(known, i32)


def on_device(low: Lowering) -> DeviceLowering:
    assert isinstance(low, DeviceLowering)
    return low


def widened(low: Lowering, value: SSAValue) -> SSAValue:
    return low.emit(llvm.ZExtOp, [value], i64)


@lowers(*REGISTERS, table=DEVICE_RULES)
def lower_id(low: Lowering, op: Operation) -> None:
    assert isinstance(op, IdOp)
    dimension = str(op.dimension.data)
    if op.name == "gpu.block_dim":
        low[op.result] = widened(low, on_device(low).threads(dimension))
    else:
        low[op.result] = widened(low, on_device(low).register(f"{REGISTERS[op.name]}.{dimension}"))


@lowers("gpu.global_id", table=DEVICE_RULES)
def lower_global_id(low: Lowering, op: Operation) -> None:
    assert isinstance(op, IdOp)
    dimension, device = str(op.dimension.data), on_device(low)
    block, thread = device.register(f"ctaid.{dimension}"), device.register(f"tid.{dimension}")
    before = low.emit(llvm.MulOp, [block, device.threads(dimension)], i32)
    low[op.result] = widened(low, low.emit(llvm.AddOp, [before, thread], i32))


@lowers("gpu.lane_id", table=DEVICE_RULES)
def lower_lane_id(low: Lowering, op: Operation) -> None:
    low[op.results[0]] = widened(low, on_device(low).register("laneid"))


@lowers("gpu.subgroup_size", table=DEVICE_RULES)
def lower_subgroup_size(low: Lowering, op: Operation) -> None:
    low[op.results[0]] = low.constant(WARP)


@lowers("gpu.barrier", table=DEVICE_RULES)
def lower_barrier(low: Lowering, op: Operation) -> None:
    low.intrinsic("llvm.nvvm.barrier.cta.sync.aligned.all", [low.constant(0, i32)], None)


@lowers("gpu.return", table=DEVICE_RULES)
def lower_return(low: Lowering, op: Operation) -> None:
    low.append(llvm.ReturnOp())


@lowers(
    *(name for name in (*mathematics.INTRINSICS, *mathematics.LIBM) if name not in ON_DEVICE),
    "arith.remf",
    table=DEVICE_RULES,
)
def refuse_function(low: Lowering, op: Operation) -> None:
    raise StepwellError(
        f"{op.name} on {op.results[0].type} is a function of the C library, which a GPU has not",
        fix="run expand-math{library=false} first",
    )
