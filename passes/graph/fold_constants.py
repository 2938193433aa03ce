"""Compute while compiling what depends on constants only.

    %a = graph.constant dense<[2.0, 3.0]> : tensor<2xf32>
    %b = graph.constant dense<2.0> : tensor<f32>
    %c = graph.mul %a, %b : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  becomes
    %c = graph.constant dense<[4.0, 6.0]> : tensor<2xf32>

Each op folds itself in numpy (`GraphOp.fold`). A constant must not grow without need: what is larger than `max-bytes`
and more than twice as large as its operands together (a broadcast of one number over a large tensor, say) stays.

A tensor without elements is known, whatever it is computed from, and so is the sum of one: below this pass no loop of
no iterations is left.

    %s = graph.reduce sum %x {axes = [0]} : (tensor<0x2xf32>) -> tensor<2xf32>
  becomes
    %s = graph.constant dense<0.0> : tensor<2xf32>
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.graph import ConstantOp, GraphOp, constant, constant_array, constant_owner
from stepwell.dialects.graph.base import Array
from stepwell.dialects.graph.types import DYNAMIC, count, dtype_of, element_type_of, is_static, shape_of
from stepwell.locations import fuse
from stepwell.pass_manager import FunctionPass
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

GROWTH = 2
"""A folded constant may be this many times as large as the constants that it is made from, whatever `max-bytes`."""


@dataclass(frozen=True)
class FoldConstants(FunctionPass):
    name = "fold-constants"

    max_bytes: int = 16 << 20

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        for op in list(func.walk()):
            if isinstance(op, GraphOp):
                fold_op(ctx, op, self.max_bytes)
        for op in list(func.walk(reverse=True)):
            if isinstance(op, ConstantOp) and not op.result.uses.get_length():
                op.detach()
                op.erase()


def fold_op(ctx: Context, op: GraphOp, max_bytes: int) -> ConstantOp | None:
    """Replace `op` by the constant that it computes, if it does and that is not too large."""
    owners = [constant_owner(operand) for operand in op.operands]
    constants = [owner for owner in owners if owner is not None]
    if isinstance(op, ConstantOp) or len(op.results) != 1 or not _small_enough(op, constants, max_bytes):
        return None
    if is_empty(op.result):
        result = nothing(op.result)
    elif op.can_fold and all(map(is_known, op.operands)):
        arrays = [known_array(ctx, operand) for operand in op.operands]
        try:
            result = np.asarray(op.fold(*arrays))
        except (ValueError, IndexError, ArithmeticError) as error:
            raise StepwellError(f"{op.name}: its operands are constants that it cannot take: {error}", op) from error
    else:
        return None
    hint = op.result.name_hint or next((owner.key for owner in constants if owner.key is not None), op.name)
    folded = constant(ctx, result, hint, fuse([owner.location for owner in constants] + [op.location]))
    folded.result.name_hint = op.result.name_hint
    block = op.parent
    assert block is not None
    block.insert_op_before(folded, op)
    op.result.replace_all_uses_with(folded.result)
    op.detach()
    op.erase()
    return folded


def is_empty(value: SSAValue) -> bool:
    return 0 in shape_of(value) and is_static(value)


def nothing(value: SSAValue) -> Array:
    """What a value without elements is."""
    return np.empty(shape_of(value), dtype_of(element_type_of(value)))


def is_known(value: SSAValue) -> bool:
    return is_empty(value) or constant_owner(value) is not None


def known_array(ctx: Context, value: SSAValue) -> Array:
    array = constant_array(ctx, value)
    return nothing(value) if array is None else array


def _small_enough(op: GraphOp, constants: Sequence[ConstantOp], max_bytes: int) -> bool:
    shape = op.infer_type().get_shape()
    if DYNAMIC in shape or op.infer_type() != op.result_type:
        return False  # `infer-shapes` comes first
    size = count(shape) * dtype_of(op.result_type.element_type).itemsize
    return size <= max(max_bytes, GROWTH * sum(map(bytes_of, constants)))


def bytes_of(op: ConstantOp) -> int:
    """How many bytes the constant's elements take."""
    type = op.infer_type()
    return count(type.get_shape()) * dtype_of(type.element_type).itemsize
