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

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.onnx import NoValueOp, OnnxOp
from stepwell.locations import describe
from stepwell.pass_manager import ModulePass
from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.traits import is_side_effect_free
from xdsl.utils.exceptions import VerifyException

from . import (  # each registers its conversions
    constant,
    convolution,
    elementwise,
    linear_algebra,
    losses,
    movement,
    normalization,
    pooling,
    reduction,
    resize,
)
from .conversion import Node, conversion_of
from .emitter import Array

FAMILIES = (
    constant,
    convolution,
    elementwise,
    linear_algebra,
    losses,
    movement,
    normalization,
    pooling,
    reduction,
    resize,
)

NAMED = 3
"""How many nodes an error names for each unsupported op."""


@dataclass(frozen=True)
class OnnxToGraph(ModulePass):
    name = "onnx-to-graph"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        functions = [op for op in module.ops if isinstance(op, FuncOp) and not op.is_declaration]
        refuse_unsupported(ctx, (op for function in functions for op in function.body.block.ops))
        for function in functions:
            convert_function(ctx, function)
        module.attributes["stepwell.level"] = StringAttr("graph")


def refuse_unsupported(ctx: Context, ops: Iterable[Operation]) -> None:
    """Report one error that names every op without a conversion, how often it occurs, where, and at which opset."""
    missing = [op for op in ops if isinstance(op, OnnxOp) and conversion_of(op) is None]
    if not missing:
        return
    counts = Counter((op.name.removeprefix("onnx."), op.opset) for op in missing)
    lines: list[str] = []
    for (name, opset), count in sorted(counts.items()):
        nodes = [describe(op.location) or "a node without a name" for op in missing if op.name == f"onnx.{name}"]
        more = ", ..." if count > NAMED else ""
        lines.append(f"  {count} x {name} (opset {opset}): {', '.join(nodes[:NAMED])}{more}")
    ctx.report(
        StepwellError(
            f"{len(counts)} ONNX operators are not supported:\n" + "\n".join(lines),
            fix="export the model with other operators; docs/onnx-support.md lists the supported ones",
        )
    )


def convert_function(ctx: Context, function: FuncOp) -> None:
    block = function.body.block
    refuse_other_types(function)
    values: dict[SSAValue, SSAValue] = {argument: argument for argument in block.args}
    old = [op for op in block.ops if isinstance(op, OnnxOp | NoValueOp)]
    known: dict[SSAValue, Array | None] = {}
    for op in old:
        if isinstance(op, OnnxOp) and can_convert(op, values):
            try:
                convert_op(ctx, op, values, known)
                continue
            except StepwellError as error:
                ctx.report(error)
        stand_in(op, block, values)
    if ctx.problems:
        return  # what there is to say has been said; the function is neither ONNX nor graph now
    end = block.last_op
    assert isinstance(end, ReturnOp)
    for index, operand in enumerate(end.operands):
        end.operands[index] = values[operand]
    for op in reversed(old):
        op.detach()
        op.erase(safe_erase=False)
    drop_unused(block)
    function.update_function_type()


def can_convert(op: OnnxOp, values: Mapping[SSAValue, SSAValue]) -> bool:
    """Whether there is a conversion, and all that it reads is there: else it has been reported already."""
    read = [op.input(index) for index in range(len(op.operands))]
    return conversion_of(op) is not None and all(value in values for value in read if value is not None)


def stand_in(op: Operation, block: Block, values: dict[SSAValue, SSAValue]) -> None:
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


def convert_op(ctx: Context, op: OnnxOp, values: dict[SSAValue, SSAValue], known: dict[SSAValue, Array | None]) -> None:
    conversion = conversion_of(op)
    assert conversion is not None
    node = Node(ctx, op, op.location, known, op=op, values=values)
    try:
        results = conversion.convert(node)
    except VerifyException as error:
        raise StepwellError(f"{node.name}: {error}", where=op) from error
    results = (results,) if isinstance(results, SSAValue) else results
    for number, result in enumerate(op.results[len(results) :], len(results)):
        if result.uses:
            raise node.unsupported(f"result {number} is used; only the first {len(results)} are supported", "drop it")
    for result, value in zip(op.results, results, strict=False):
        values[result] = value
        if value.name_hint is None:
            value.name_hint = result.name_hint


def drop_unused(block: Block) -> None:
    """Axes, shapes and the like have become attributes; their constants go."""
    for op in reversed(list(block.ops)):
        if op.results and not any(result.uses for result in op.results) and is_side_effect_free(op):
            op.detach()
            op.erase()
