"""Turn each fusion into a function of its own and a call.

    %y = graph.fusion(%a = %x) : (tensor<4xf32>) -> tensor<4xf32> {
      %r = graph.relu %a : tensor<4xf32>
      graph.yield %r : tensor<4xf32>
    }
  becomes
    %y = func.call @kernel_relu_0(%x) : (tensor<4xf32>) -> tensor<4xf32>
    ...
    func.func private @kernel_relu_0(%a: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
      %r = graph.relu %a : tensor<4xf32>
      func.return %r : tensor<4xf32>
    }

A kernel is named after its anchor (the first op that is not elementwise), or after its last op. What is left of @main
are constants, views, calls, control flow and the return. Each kernel can be lowered alone, and equal ones once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.dialects.graph import ConstantOp, ElementwiseOp, FusionOp, SliceOp, TransposeOp, YieldOp
from stepwell.levels import set_level
from stepwell.pass_manager import ModulePass
from xdsl.dialects.builtin import ModuleOp, StringAttr, UnitAttr
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Operation

KERNEL = "stepwell.kernel"
"""The unit attribute that marks a function as a kernel."""

MOVEMENTS = (SliceOp, TransposeOp)
"""Ops that a kernel is not named after if it has another."""


@dataclass(frozen=True)
class OutlineKernels(ModulePass):
    name = "outline-kernels"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        names = free_names(module)
        for func in [op for op in module.body.ops if isinstance(op, FuncOp)]:
            for op in list(func.walk()):
                if isinstance(op, FusionOp):
                    module.body.block.add_op(outline(op, names))
        set_level(module, "kernels")


class free_names:
    """Names of kernels, numbered for each kind: kernel_conv_0, kernel_conv_1, ..."""

    def __init__(self, module: ModuleOp) -> None:
        self._taken = {op.sym_name.data for op in module.body.ops if isinstance(op, FuncOp)}
        self._next: Counter[str] = Counter()

    def __call__(self, kind: str) -> str:
        while True:
            name = f"kernel_{kind}_{self._next[kind]}"
            self._next[kind] += 1
            if name not in self._taken:
                return name


def outline(fusion: FusionOp, names: free_names) -> FuncOp:
    """Put a call in the fusion's place; returns the function that holds what it did."""
    name = names(root_of(fusion).name.removeprefix("graph.").replace(".", "_"))
    inputs, outputs = list(fusion.operand_types), list(fusion.result_types)
    location = fusion.location
    call = CallOp(name, list(fusion.operands), outputs)
    call.location = location
    last = fusion.yield_op
    leave = ReturnOp(*last.operands)
    leave.location = location
    fusion.body.add_op(leave)
    last.detach()
    last.erase()
    func = FuncOp(name, (inputs, outputs), fusion.detach_region(0), visibility=StringAttr("private"))
    func.attributes[KERNEL] = UnitAttr()
    func.location = location
    block = fusion.parent
    assert block is not None
    block.insert_op_before(call, fusion)
    for old, new in zip(fusion.results, call.results, strict=True):
        new.name_hint = old.name_hint
        old.replace_all_uses_with(new)
    fusion.detach()
    fusion.erase()
    return func


def root_of(fusion: FusionOp) -> Operation:
    """The op that a kernel is named after."""
    ops = list(computing(fusion))
    anchors = [op for op in ops if not isinstance(op, ElementwiseOp)]
    return next((op for op in anchors if not isinstance(op, MOVEMENTS)), anchors[0] if anchors else ops[-1])


def computing(fusion: FusionOp) -> Iterator[Operation]:
    return (op for op in fusion.body.ops if not isinstance(op, ConstantOp | YieldOp))
