"""Dynamic forms become static ones."""

from __future__ import annotations

from stepwell.dialects.graph.dynamic import DynamicOp
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


class MakeStatic(RewritePattern):
    """A dynamic form is its static form once what it needs is a constant and the dims of x are known."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: DynamicOp, rewriter: PatternRewriter, /) -> None:
        if (ops := op.static_form()) is not None:
            rewriter.replace(op, ops)


DYNAMIC_PATTERNS: tuple[RewritePattern, ...] = (MakeStatic(),)
