"""Back to graph ops, before kernels are formed: those know no swish.

    %y = swish.swish %x : tensor<4xf32>
  becomes
    %n = graph.neg %x : tensor<4xf32>
    %e = graph.exp %n : tensor<4xf32>
    %d = graph.add %e, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    %y = graph.div %x, %d : tensor<4xf32>

Where exp overflows, the quotient is 0, which is what swish tends to there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from stepwell.context import Context
from stepwell.dialects.graph import AddOp, DivOp, ExpOp, NegOp, constant
from stepwell.dialects.graph.types import dtype_of, element_type_of
from stepwell.pass_manager import FunctionPass
from stepwell.rewriting import apply_patterns
from xdsl.dialects.func import FuncOp
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .dialect import SwishOp


@dataclass(frozen=True)
class LowerSwish(FunctionPass):
    name = "lower-swish"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        apply_patterns(func, [ToArithmetic(ctx)])


@dataclass
class ToArithmetic(RewritePattern):
    """swish(x) is x / (1 + exp(-x))."""

    ctx: Context

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SwishOp, rewriter: PatternRewriter, /) -> None:
        one = constant(self.ctx, np.array(1, dtype_of(element_type_of(op.x))), "one")
        negative = NegOp(op.x)
        power = ExpOp(negative)
        divisor = AddOp(power, one)
        rewriter.replace(op, [one, negative, power, divisor, DivOp(op.x, divisor)])
