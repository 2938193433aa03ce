"""Convert the ops of a block one after the other: the body of a function, or a graph inside of an op.

    %y = onnx.If(%c) : (tensor<i1>) -> tensor<4xf32> else_branch {        %y = graph.neg %a : tensor<4xf32>
      onnx.Yield %a : tensor<4xf32>                                   →   // where %c is known to be true
    } then_branch {
      %n = onnx.Neg(%a) : (tensor<4xf32>) -> tensor<4xf32>
      onnx.Yield %n : tensor<4xf32>
    }

What a graph inside of an op becomes is up to the op: its ops are written wherever the emitter stands, once or several
times, with the values that its arguments shall have. The ONNX ops themselves stay as they are until the function that
holds them is through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from stepwell.context import Context
from stepwell.diagnostics import StepwellError, one_line
from stepwell.dialects.graph import ShapeOfOp
from stepwell.dialects.onnx import OnnxOp, YieldOp
from stepwell.locations import describe
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from .conversion import Converted, Node, Sized, Unsettled, Values, conversion_of
from .emitter import Array

NAMED = 3
"""How many nodes an error names for each unsupported op."""


@dataclass
class Progress:
    """What the conversions of one function share: what values have become, what they hold, the ops written so far."""

    ctx: Context
    values: Values
    known: dict[SSAValue, Array | None] = field(default_factory=dict[SSAValue, Array | None])
    written: Iterator[int] = field(default_factory=count)


def convert_op(progress: Progress, op: OnnxOp, anchor: Operation) -> None:
    """Write what `op` becomes before `anchor`, and note what its results have become."""
    values = progress.values
    if any((value := op.input(index)) is not None and value not in values for index in range(len(op.operands))):
        raise Unsettled("what it reads could not be converted", where=op)
    conversion = conversion_of(op)
    assert conversion is not None
    node = Node(progress.ctx, anchor, op.location, progress.known, progress.written, op=op, values=values)
    try:
        converted = conversion.convert(node)
    except VerifyException as error:
        raise StepwellError(f"{node.name}: {error}", where=op) from error
    except (ValueError, IndexError, ArithmeticError, MemoryError) as error:  # in numpy's and Python's own words
        raise StepwellError(
            f"{node.name}: its attributes or constants are ones that it cannot take: {one_line(error)}",
            where=op,
            fix="onnx.checker.check_model(model, full_check=True) may say more",
        ) from error
    results = converted if isinstance(converted, Sequence) else (converted,)
    for number, result in enumerate(op.results[len(results) :], len(results)):
        if result.uses:
            raise node.unsupported(f"result {number} is used; only the first {len(results)} are supported", "drop it")
    for result, value in zip(op.results, results, strict=False):
        values[result] = value
        made = value.tensor if isinstance(value, Sized) else value
        if isinstance(made, SSAValue) and made.name_hint is None:
            made.name_hint = result.name_hint


def convert_region(
    node: Node, region: str, arguments: Sequence[Converted], anchor: Operation | None = None
) -> list[Converted]:
    """What the graph attribute `region` of a node yields for these arguments.

    Its ops are written where the node's own would be, or before `anchor`. Raises for the first that cannot be.
    """
    body = node.op.region(region)
    if body is None:
        raise node.unsupported(f"the graph '{region}' is missing", "export the model again with a valid node")
    block = body.block
    if (missing := unsupported(inner for op in block.ops for inner in surely_converted(op))) is not None:
        raise missing
    if len(block.args) != len(arguments):
        wanted = f"takes {len(block.args)} values, but is given {len(arguments)}"
        raise node.unsupported(f"the graph '{region}' {wanted}", "export the model again with a valid node")
    node.values.update(zip(block.args, arguments, strict=True))
    progress = Progress(node.ctx, node.values, node.known_values, node.written)
    for op in block.ops:
        if isinstance(op, OnnxOp):
            convert_op(progress, op, anchor or node.anchor)
    end = block.last_op
    assert isinstance(end, YieldOp)  # as the op's verifier has seen
    if any(value not in node.values for value in end.operands):
        raise Unsettled("what it gives could not be converted", where=node.op)
    return [node.values[value] for value in end.operands]


def surely_converted(op: Operation) -> Iterator[Operation]:
    """`op` and all inside of it; not what is inside of an If, of which only one side may be looked at."""
    yield op
    if not isinstance(op, OnnxOp) or op.op_type == "If":
        return
    for region in op.regions:
        for block in region.blocks:
            for inner in block.ops:
                yield from surely_converted(inner)


def unsupported(ops: Iterable[Operation]) -> StepwellError | None:
    """One error that names every op without a conversion, how often it occurs, where, and at which opset."""
    missing = [op for op in ops if isinstance(op, OnnxOp) and conversion_of(op) is None]
    if not missing:
        return None
    counts = Counter((op.name.removeprefix("onnx."), op.opset) for op in missing)
    lines: list[str] = []
    for (name, opset), times in sorted(counts.items()):
        nodes = [describe(op.location) or "a node without a name" for op in missing if op.name == f"onnx.{name}"]
        more = ", ..." if times > NAMED else ""
        lines.append(f"  {times} x {name} (opset {opset}): {', '.join(nodes[:NAMED])}{more}")
    return StepwellError(
        f"{len(counts)} ONNX operator{'s are' if len(counts) > 1 else ' is'} not supported:\n" + "\n".join(lines),
        fix="export the model with other operators; docs/onnx-support.md lists the supported ones",
    )


def origins_of(*values: SSAValue) -> set[BlockArgument]:
    """The arguments of blocks that `values` are computed from, by more than their shapes."""
    seen: set[SSAValue] = set()
    origins: set[BlockArgument] = set()
    open_ = list(values)
    while open_:
        value = open_.pop()
        if value in seen:
            continue
        seen.add(value)
        if isinstance(value, BlockArgument):
            origins.add(value)
        elif isinstance(owner := value.owner, Operation) and not isinstance(owner, ShapeOfOp):
            open_ += [operand for op in owner.walk() for operand in op.operands]
    return origins


def forget_attempts(function: FuncOp) -> None:
    """Take the uses back of what was written in blocks that found no place in the function."""
    for block in (block for op in function.walk() for region in op.regions for block in region.blocks):
        for value in (*block.args, *(result for op in block.ops for result in op.results)):
            for use in tuple(value.uses):
                if not function.is_ancestor(use.operation):
                    use.operation.drop_all_references()
