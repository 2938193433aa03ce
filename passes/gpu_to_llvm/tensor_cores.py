"""Rules of nvgpu ops: intrinsics of NVIDIA's tensor cores and asynchronous copies.

    %sum = nvgpu.mma.sync(%a, %b, %acc) {mmaShape = [16, 8, 16]}
      : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
  becomes
    %0 = llvm.bitcast %a : vector<8xbf16> to vector<4xi32>
    %1 = llvm.extractelement %0[%c0 : i64] : vector<4xi32>
    ...
    %s = llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.bf16"(%1, ..., %b0, %b1, %acc0, ...) : ...
      -> !llvm.struct<(f32, f32, f32, f32)>
    ...
    %sum = llvm.insertelement %7, %6[%c3 : i64] : vector<4xf32>

A fragment is one vector of all its elements. Tokens of copies say nothing that the device must be told: a wait counts
groups (LLVM, IntrinsicsNVVM.td; PTX ISA, `mma`, `ldmatrix`, `cp.async`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from stepwell.dialects.lanes import element, lanes
from stepwell.dialects.llvm import ExtractElementOp
from stepwell.dialects.nvgpu import DeviceAsyncCopyOp, DeviceAsyncWaitOp, LdMatrixOp, MmaSyncOp, word
from stepwell.passes.loops_to_llvm.lowering import Lowering, lowers
from stepwell.passes.loops_to_llvm.memory import element_address
from xdsl.dialects import llvm, vector
from xdsl.dialects.builtin import BFloat16Type, DenseArrayBase, Float16Type, Float32Type, VectorType, f16, f32, i32, i64
from xdsl.ir import Attribute, Operation, SSAValue

from .threads import DEVICE_RULES

PRODUCTS: dict[type[Attribute], str] = {
    Float16Type: "m16n8k16.row.col.f32.f32",
    BFloat16Type: "m16n8k16.row.col.bf16",
    Float32Type: "m16n8k8.row.col.tf32",
}
PAIR = VectorType(f16, [2])


def part(low: Lowering, value: SSAValue, n: int) -> SSAValue:
    return low.emit(ExtractElementOp, [value, low.constant(n)], element(value.type))


def joined(low: Lowering, parts: Iterable[SSAValue], type: Attribute) -> SSAValue:
    """A vector of its elements."""
    result = low.poison(type)
    for n, value in enumerate(parts):
        result = low.emit(llvm.InsertElementOp, [result, value, low.constant(n)], type)
    return result


def words(low: Lowering, value: SSAValue) -> list[SSAValue]:
    """A fragment as registers of 32 bits: integers, but pairs of f16. An f32 is rounded to the nearest tf32: what a
    product makes of other bits is undefined (PTX ISA, "Alternate floating point data formats")."""
    shape, kind = lanes(value.type), element(value.type)
    assert shape is not None
    count = shape[0] // word(kind)
    if kind == f32:
        return [low.call_intrinsic("llvm.nvvm.f2tf32.rna", [part(low, value, n)], i32) for n in range(count)]
    whole = low.emit(llvm.BitcastOp, [value], VectorType(i32, [count]))
    registers = [part(low, whole, n) for n in range(count)]
    return [low.emit(llvm.BitcastOp, [register], PAIR) for register in registers] if kind == f16 else registers


def several(low: Lowering, name: str, args: Sequence[SSAValue], kind: Attribute, count: int) -> list[SSAValue]:
    """The results of an intrinsic that gives `count` of a kind."""
    if count == 1:
        return [low.call_intrinsic(name, args, kind)]
    struct = low.call_intrinsic(name, args, llvm.LLVMStructType.from_type_list([kind] * count))
    positions = [{"position": DenseArrayBase.from_list(i64, [n])} for n in range(count)]
    return [low.emit(llvm.ExtractValueOp, [struct], kind, position) for position in positions]


@lowers("nvgpu.mma.sync", table=DEVICE_RULES)
def lower_product(low: Lowering, op: Operation) -> None:
    assert isinstance(op, MmaSyncOp)
    a, b, sums = low.all(op.operands)
    args = [*words(low, a), *words(low, b), *(part(low, sums, n) for n in range(4))]
    name = f"llvm.nvvm.mma.{PRODUCTS[type(element(a.type))]}"
    low[op.res] = joined(low, several(low, name, args, f32, 4), low.type(op.res.type))


@lowers("nvgpu.ldmatrix", table=DEVICE_RULES)
def lower_ldmatrix(low: Lowering, op: Operation) -> None:
    assert isinstance(op, LdMatrixOp)
    turned = ".trans" if op.transposed else ""
    name = f"llvm.nvvm.ldmatrix.sync.aligned.m8n8.x{op.tiles}{turned}.b16.p3"
    found = several(low, name, [element_address(low, op.srcMemref, op.indices)], i32, op.tiles)
    whole = joined(low, found, VectorType(i32, [op.tiles]))
    low[op.res] = low.emit(llvm.BitcastOp, [whole], low.type(op.res.type))


@lowers("nvgpu.device_async_copy", table=DEVICE_RULES)
def lower_copy(low: Lowering, op: Operation) -> None:
    """Where fewer elements are read than written, the intrinsic is told how many bytes."""
    assert isinstance(op, DeviceAsyncCopyOp)
    args = [element_address(low, op.dst, op.dstIndices), element_address(low, op.src, op.srcIndices)]
    name = f"llvm.nvvm.cp.async.{'ca' if op.bypassL1 is None else 'cg'}.shared.global.{op.bytes}"
    if op.srcElements is not None:
        size = op.bytes // op.dstElements.value.data
        read = low.emit(llvm.TruncOp, [low[op.srcElements]], i32)
        args.append(low.emit(llvm.MulOp, [read, low.constant(size, i32)], i32))
        name += ".s"
    low.intrinsic(name, args, None)
    low[op.asyncToken] = low.constant(0, i32)


@lowers("nvgpu.device_async_create_group", table=DEVICE_RULES)
def lower_group(low: Lowering, op: Operation) -> None:
    low.intrinsic("llvm.nvvm.cp.async.commit.group", [], None)
    low[op.results[0]] = low.constant(0, i32)


@lowers("nvgpu.device_async_wait", table=DEVICE_RULES)
def lower_wait(low: Lowering, op: Operation) -> None:
    assert isinstance(op, DeviceAsyncWaitOp)
    low.intrinsic("llvm.nvvm.cp.async.wait.group", [low.constant(op.groups, i32)], None)


def place(op: vector.ExtractOp | vector.InsertOp, shape: Sequence[int]) -> int | None:
    """The number of the element that is meant among all of the vector; None where only a run knows."""
    at = op.static_position.get_values()
    if op.dynamic_position or len(at) != len(shape):
        return None
    return sum(n * prod(shape[d + 1 :]) for d, n in enumerate(at))


@lowers("vector.extract", table=DEVICE_RULES)
def lower_extract(low: Lowering, op: Operation) -> None:
    assert isinstance(op, vector.ExtractOp)
    if (n := place(op, lanes(op.vector.type) or ())) is None:
        return Lowering.TABLE[op.name](low, op)
    low[op.result] = part(low, low[op.vector], n)


@lowers("vector.insert", table=DEVICE_RULES)
def lower_insert(low: Lowering, op: Operation) -> None:
    assert isinstance(op, vector.InsertOp)
    if (n := place(op, lanes(op.dest.type) or ())) is None:
        return Lowering.TABLE[op.name](low, op)
    low[op.result] = low.emit(
        llvm.InsertElementOp, [low[op.dest], low[op.source], low.constant(n)], low.type(op.result.type)
    )
