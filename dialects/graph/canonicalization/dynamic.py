"""Dynamic forms become static ones."""

from __future__ import annotations

from stepwell.dialects.graph.dynamic import DynamicOp
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


class MakeStatic(RewritePattern):
    """A dynamic form is its static form once what it needs is a constant and the dims of x are known.

    Its type must say so already: a rewriting does not change types under the users. `infer-shapes` does both.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: DynamicOp, rewriter: PatternRewriter, /) -> None:
        ops = op.static_form()
        if ops is not None and ops[-1].result.type == op.result.type:
            rewriter.replace(op, ops)


DYNAMIC_PATTERNS: tuple[RewritePattern, ...] = (MakeStatic(),)
