"""Carry what is known of shapes forward through each function.

    func.func @main(%x: tensor<2x8xf32>) -> tensor<?x?xf32> {
      %s = graph.shape_of %x : (tensor<2x8xf32>) -> tensor<2xi64>
      %y = graph.dynamic_reshape %x, %s : (tensor<2x8xf32>, tensor<2xi64>) -> tensor<?x?xf32>
      func.return %y : tensor<?x?xf32>
    }
  becomes
    func.func @main(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
      %y = graph.reshape %x : tensor<2x8xf32>
      func.return %y : tensor<2x8xf32>
    }

One walk in program order is enough: an op's type is inferred once those of its operands are, a dynamic form becomes
its static one on the way, and small constants (the arithmetic of shapes) are folded at once, since what comes next may
wait for them. A dim that an op's type states but that does not follow from its operands is kept. The regions of control
flow are walked where they stand: a loop carries what it starts with, and an `if` gives what both its branches do.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.graph import DynamicOp, GraphOp, IfOp, LoopOp, widens_bytes
from stepwell.dialects.graph.control import fits, yield_of
from stepwell.dialects.graph.types import Tensor, known, tensor, type_of
from stepwell.locations import stamp
from stepwell.pass_manager import FunctionPass
from xdsl.dialects.builtin import FunctionType
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation
from xdsl.rewriter import Rewriter
from xdsl.transforms.dead_code_elimination import region_dce
from xdsl.utils.exceptions import VerifyException

from .fold_constants import fold_op

SHAPE_BYTES = 1 << 10
"""What is folded on the way is no larger than this: shapes are. Bytes stay bytes (see `widens_bytes`)."""


@dataclass(frozen=True)
class InferShapes(FunctionPass):
    name = "infer-shapes"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        for block in func.body.blocks:
            infer_block(ctx, block)
        last = func.get_return_op()
        if isinstance(last, ReturnOp):
            func.function_type = FunctionType.from_lists(func.function_type.inputs.data, last.operand_types)
        region_dce(func.body)


def infer_block(ctx: Context, block: Block) -> None:
    for op in list(block.ops):
        if not isinstance(op, GraphOp | IfOp | LoopOp):
            continue
        try:
            if not isinstance(op, GraphOp):
                infer_control(ctx, op)
                continue
            op.verify_()  # what the types tell only now may not fit
            for new in settle(op):
                refine(new)
                if not widens_bytes(new):
                    fold_op(ctx, new, SHAPE_BYTES)
        except VerifyException as error:
            raise StepwellError(f"{op.name}: {error}", where=op) from error


def infer_control(ctx: Context, op: IfOp | LoopOp) -> None:
    """Give the values that an `if` or a loop gives, and those that a loop carries, the types that follow by now."""
    types: list[Tensor] = []
    if isinstance(op, LoopOp):
        for arg, init in zip(op.carried, op.inits, strict=True):
            if fits(arg.type, init.type):  # else the verifier will tell
                types.append(merge(type_of(init), type_of(arg)))
                Rewriter.replace_value_with_new_type(arg, types[-1])
    for region in op.regions:
        infer_block(ctx, region.block)
    if isinstance(op, IfOp):
        yields = [yield_of(region).operands for region in op.regions]
        for n, (a, b) in enumerate(zip(*yields, strict=True)):
            if not fits(a.type, b.type):
                raise VerifyException(
                    f"gives a {a.type} or a {b.type} as value {n}, by its condition, which is known only when run"
                )
            types.append(merge(type_of(a), type_of(b)))
    op.verify_()
    for value, type in zip(op.values, types, strict=True):
        Rewriter.replace_value_with_new_type(value, merge(type, type_of(value)))


def settle(op: GraphOp) -> list[GraphOp]:
    """The ops that `op` becomes: its static form, if it has one by now, or itself."""
    static = op.static_form() if isinstance(op, DynamicOp) else None
    if static is None:
        return [op]
    stamp(static, op.location)
    static[-1].result.name_hint = op.result.name_hint
    replace(op, static)
    return static


def replace(op: GraphOp, new: list[GraphOp]) -> None:
    block = op.parent
    assert block is not None
    block.insert_ops_before(list[Operation](new), op)
    op.result.replace_all_uses_with(new[-1].result)
    op.detach()
    op.erase()


def refine(op: GraphOp) -> None:
    """Give `op` the type that follows from its operands, and what its own type knows beyond that."""
    inferred, stated = op.infer_type(), op.result_type
    if inferred == stated:
        return
    op.verify_result(inferred)
    Rewriter.replace_value_with_new_type(op.result, merge(inferred, stated))


def merge(inferred: Tensor, stated: Tensor) -> Tensor:
    """The dims that either of the two types knows."""
    pairs = zip(inferred.get_shape(), stated.get_shape(), strict=True)
    return tensor((a if known(a) else b for a, b in pairs), inferred.element_type)
