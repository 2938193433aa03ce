"""Step down from ONNX to the graph dialect: opset differences end here.

    %1 = "onnx.Relu"(%0) : (tensor<*xf32>) -> tensor<*xf32>
    %2 = "onnx.Clip"(%1, %lo, %hi) : ...
  becomes
    %1 = graph.relu %0 : tensor<1x8xf32>
    %2 = graph.clamp %1 {min = 0.0, max = 6.0} : tensor<1x8xf32>

Each ONNX op becomes a few graph ops (the files of this folder, one a family), each with the node's location. Types
are worked out anew from the function's arguments on; what a file says of its intermediate values isn't needed. Ops
that have no conversion are all named in one error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.onnx import NoValueOp, OnnxOp
from stepwell.pass_manager import ModulePass
from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation
from xdsl.traits import is_side_effect_free

from . import (  # each registers its conversions
    attention_ops,
    constant,
    contrib,
    contrib_attention,
    contrib_quantization,
    control_flow,
    convolution,
    deformable,
    determinant,
    einsum,
    elementwise,
    fourier,
    grid,
    indexing,
    linear_algebra,
    losses,
    movement,
    normalization,
    ordering,
    pooling,
    quantization,
    quantized_lstm,
    random_numbers,
    recurrent,
    reduction,
    regions,
    resize,
    selection,
    sequences,
    signal_tables,
    unpooling,
)
from .blocks import Progress, convert_op, forget_attempts, surely_converted, unsupported
from .conversion import Unsettled, Values
from .sizes import hand_out

FAMILIES = (
    attention_ops,
    constant,
    control_flow,
    contrib,
    contrib_attention,
    contrib_quantization,
    convolution,
    deformable,
    determinant,
    einsum,
    elementwise,
    fourier,
    grid,
    indexing,
    linear_algebra,
    losses,
    movement,
    normalization,
    ordering,
    pooling,
    quantization,
    random_numbers,
    quantized_lstm,
    recurrent,
    reduction,
    regions,
    resize,
    selection,
    sequences,
    signal_tables,
    unpooling,
)


@dataclass(frozen=True)
class OnnxToGraph(ModulePass):
    name = "onnx-to-graph"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        functions = [op for op in module.ops if isinstance(op, FuncOp) and not op.is_declaration]
        ops = (inner for function in functions for op in function.body.block.ops for inner in surely_converted(op))
        if (missing := unsupported(ops)) is not None:
            ctx.report(missing)
        for function in functions:
            convert_function(ctx, function)
        module.attributes["stepwell.level"] = StringAttr("graph")


def convert_function(ctx: Context, function: FuncOp) -> None:
    block = function.body.block
    refuse_other_types(function)
    values: Values = {argument: argument for argument in block.args}
    progress = Progress(ctx, values)
    old = [op for op in block.ops if isinstance(op, OnnxOp | NoValueOp)]
    for op in old:
        if isinstance(op, OnnxOp) and unsupported(surely_converted(op)) is None:  # else it has been reported
            try:
                convert_op(progress, op, op)
                continue
            except Unsettled:
                pass
            except StepwellError as error:
                ctx.report(error)
        stand_in(op, block, values)
    if ctx.problems:
        return  # what there is to say has been said; the function is neither ONNX nor graph now
    end = block.last_op
    assert isinstance(end, ReturnOp)
    hand_out(function, end, [values[operand] for operand in end.operands])
    for op in reversed(old):
        op.detach()
        op.erase(safe_erase=False)
    forget_attempts(function)
    drop_unused(block)
    function.update_function_type()


def stand_in(op: Operation, block: Block, values: Values) -> None:
    """Where problems are gathered: results of the types that the file states, so that what follows can be looked at."""
    for result in op.results:
        kind: Attribute = result.type
        if isinstance(kind, TensorType):
            values[result] = block.insert_arg(cast("TensorType[Attribute]", kind), len(block.args))


def refuse_other_types(function: FuncOp) -> None:
    for argument in function.body.block.args:
        if not isinstance(argument.type, TensorType):
            raise StepwellError(
                f"input {argument.index} is {argument.type}; only tensors of known rank are supported",
                where=function,
                fix="export the model with tensors, of known rank, as inputs",
            )


def drop_unused(block: Block) -> None:
    """Axes, shapes and the like have become attributes; their constants go."""
    for op in reversed(list(block.ops)):
        for region in op.regions:
            drop_unused(region.block)
        if op.results and not any(result.uses for result in op.results) and is_side_effect_free(op):
            op.detach()
            op.erase()
