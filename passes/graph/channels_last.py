"""Put channels last in convolutions, pools and resizes, where vectors want them, and sink the transposes away.

    %c = graph.conv %x, %w : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32>
    %y = graph.relu %c : tensor<1x16x6x6xf32>
  becomes
    %t = graph.transpose %x {perm = [0, 2, 3, 1]} : (tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32>
    %c = graph.conv %t, %w_hwio {layout = nhwc} : (tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>) -> tensor<1x6x6x16xf32>
    %r = graph.relu %c : tensor<1x6x6x16xf32>
    %y = graph.transpose %r {perm = [0, 3, 1, 2]} : (tensor<1x6x6x16xf32>) -> tensor<1x16x6x6xf32>

First each such op gets a transpose before and one after; weights are transposed at once. Then transposes sink through
whatever works the same on permuted dims (`sink_transposes.py`), until two that undo each other meet and vanish.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.context import Context
from stepwell.dialects.graph import BatchNormOp, ConvOp, ConvTransposeOp, PoolOp, ResizeOp, TransposeOp
from stepwell.dialects.graph.base import GraphOp
from stepwell.dialects.graph.types import rank_of, shape_of, tensor
from stepwell.locations import stamp
from stepwell.pass_manager import FunctionPass
from stepwell.rewriting import apply_patterns
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from .layout import Perm, channels_last_perm, inverse, permuted
from .sink_transposes import cleaning_patterns, sinking_patterns


@dataclass(frozen=True)
class ChannelsLast(FunctionPass):
    name = "channels-last"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        for op in list(func.walk()):
            if isinstance(op, GraphOp):
                put_channels_last(op)
        apply_patterns(func, sinking_patterns(ctx))
        apply_patterns(func, cleaning_patterns())


def put_channels_last(op: GraphOp) -> None:
    """Rewrite one op that has channels first."""
    if isinstance(op, ResizeOp):
        if rank_of(op.x) in (3, 4, 5) and shape_of(op.x)[:2] == op.result_type.get_shape()[:2]:
            replace(op, [op.x])
        return
    if not isinstance(op, ConvOp | ConvTransposeOp | PoolOp | BatchNormOp) or op.layout == "nhwc":
        return
    operands = list(op.operands)
    if isinstance(op, ConvOp | ConvTransposeOp):
        operands[1] = transposed(op, op.w, weight_perm(op))
    replace(op, operands)


def weight_perm(op: ConvOp | ConvTransposeOp) -> Perm:
    """[O, I, k...] to [k..., I, O]; of conv_transpose [I, O, k...] to [k..., I, O]."""
    spatial = range(2, rank_of(op.w))
    return (*spatial, 1, 0) if isinstance(op, ConvOp) else (*spatial, 0, 1)


def transposed(before: Operation, value: SSAValue, perm: Perm) -> SSAValue:
    transpose = TransposeOp(value, perm=perm)
    stamp((transpose,), before.location)
    block = before.parent
    assert block is not None
    block.insert_op_before(transpose, before)
    return transpose.result


def replace(op: GraphOp, operands: list[SSAValue]) -> None:
    """The same op on the first operand with its channels last, and its result back as it was."""
    block = op.parent
    assert block is not None
    perm = channels_last_perm(rank_of(operands[0]))
    x = transposed(op, operands[0], perm)
    attributes = {name: getattr(op, name) for name in op.fields}
    if isinstance(op, ResizeOp):
        attributes |= {name: permuted(getattr(op, name), perm) for name in ("scales", "starts", "ends")}
    else:
        attributes["layout"] = "nhwc"
    result = tensor(permuted(op.result_type.get_shape(), perm), op.result_type.element_type)
    new = type(op)(x, *operands[1:], result_type=result, **attributes)
    back = TransposeOp(new, perm=inverse(perm), result_type=op.result_type)
    new.result.name_hint = op.result.name_hint
    stamp((new, back), op.location)
    block.insert_ops_before([new, back], op)
    op.result.replace_all_uses_with(back.result)
    block.erase_op(op)
