"""Frameworks export swish as two nodes; make them one op again.

  %s = graph.sigmoid %x : tensor<4xf32>
  %y = graph.mul %x, %s : tensor<4xf32>
becomes
  %y = swish.swish %x : tensor<4xf32>
"""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.context import Context
from stepwell.dialects.graph import MulOp, SigmoidOp
from stepwell.pass_manager import FunctionPass
from stepwell.rewriting import apply_patterns
from xdsl.dialects.func import FuncOp
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .dialect import SwishOp


@dataclass(frozen=True)
class FormSwish(FunctionPass):
    name = "form-swish"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        apply_patterns(func, [MulOfSigmoid()])


class MulOfSigmoid(RewritePattern):
    """x * sigmoid(x) is swish(x), in either order. A sigmoid that is used elsewhere too stays for that use."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MulOp, rewriter: PatternRewriter, /) -> None:
        for x, gate in ((op.a, op.b), (op.b, op.a)):
            if isinstance(gate.owner, SigmoidOp) and gate.owner.x is x:
                rewriter.replace(op, [SwishOp(x)])
                return
