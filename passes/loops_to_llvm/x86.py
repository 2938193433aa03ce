"""x86vector and amx: LLVM's intrinsics of the same instructions.

  %s = x86vector.avx512.dot %acc, %a, %b : vector<32xbf16> -> vector<16xf32>
  %t = amx.tile_mulf %a, %b, %acc : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
become
  %s = llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%acc, %a, %b) : ...
  %t = llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"(%c16, %c64, %c64, %acc, %a, %b) : ...

An `.internal` intrinsic on tiles says its shape, rows and bytes of a row, each time. LLVM gathers them and sets the
shapes of the registers at the head of the function.
"""

from __future__ import annotations

from stepwell.dialects.amx import TileLoadOp, TileMulFOp, TileStoreOp, TileType, tile_type
from stepwell.dialects.lanes import lanes, memref_type
from stepwell.dialects.x86vector import DotOp
from xdsl.dialects.builtin import i16
from xdsl.ir import Operation, SSAValue

from .lowering import Lowering, lowers
from .memory import element_address, element_bytes, static_strides


@lowers("x86vector.avx512.dot")
def lower_dot(low: Lowering, op: Operation) -> None:
    kind = low.type(op.results[0].type)
    shape = lanes(kind)
    assert shape is not None
    instruction = "avx512.vpdpbusd" if isinstance(op, DotOp) and op.of_bytes else "avx512bf16.dpbf16ps"
    name = f"llvm.x86.{instruction}.{shape[0] * 32}"
    low[op.results[0]] = low.call_intrinsic(name, low.all(op.operands), kind)


def shape(low: Lowering, type: TileType) -> list[SSAValue]:
    """Rows, and bytes of a row."""
    return [low.constant(type.rows, i16), low.constant(type.row_bytes, i16)]


def place(low: Lowering, op: TileLoadOp | TileStoreOp) -> list[SSAValue]:
    """Where a tile starts, and how many bytes its rows are apart."""
    memory = memref_type(op.base)
    stride = static_strides(memory)[-2] * element_bytes(memory.element_type)
    return [element_address(low, op.base, list(op.indices)), low.constant(stride)]


@lowers("amx.tile_zero")
def lower_zero(low: Lowering, op: Operation) -> None:
    type = tile_type(op.results[0])
    low[op.results[0]] = low.call_intrinsic("llvm.x86.tilezero.internal", shape(low, type), low.type(type))


@lowers("amx.tile_load")
def lower_tile_load(low: Lowering, op: Operation) -> None:
    assert isinstance(op, TileLoadOp)
    type = tile_type(op.res)
    operands = [*shape(low, type), *place(low, op)]
    low[op.res] = low.call_intrinsic("llvm.x86.tileloadd64.internal", operands, low.type(type))


@lowers("amx.tile_store")
def lower_tile_store(low: Lowering, op: Operation) -> None:
    assert isinstance(op, TileStoreOp)
    operands = [*shape(low, tile_type(op.val)), *place(low, op), low[op.val]]
    low.intrinsic("llvm.x86.tilestored64.internal", operands, None)


@lowers("amx.tile_mulf")
def lower_tile_mulf(low: Lowering, op: Operation) -> None:
    assert isinstance(op, TileMulFOp)
    type = tile_type(op.res)
    sizes = [*shape(low, type), low.constant(tile_type(op.lhs).row_bytes, i16)]
    operands = [*sizes, *low.all([op.acc, op.lhs, op.rhs])]
    low[op.res] = low.call_intrinsic("llvm.x86.tdpbf16ps.internal", operands, low.type(type))
