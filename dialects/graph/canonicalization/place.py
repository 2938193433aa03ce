"""Parts whose place is known, or that are the whole."""

from __future__ import annotations

from stepwell.dialects.graph.control import scalar
from stepwell.dialects.graph.movement import SliceOp
from stepwell.dialects.graph.place import SliceAtOp, UpdateAtOp, clamped
from stepwell.dialects.graph.types import is_static, shape_of
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


class DropWholePart(RewritePattern):
    """All of x, wherever it is asked for, is x; and an update of all of x is the update."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SliceAtOp | UpdateAtOp, rewriter: PatternRewriter, /) -> None:
        if is_static(op.x) and op.part == shape_of(op.x):
            rewriter.replace(op, (), (op.x if isinstance(op, SliceAtOp) else op.update,))


class SliceAtKnownPlace(RewritePattern):
    """slice_at(x, constants) is a slice."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SliceAtOp, rewriter: PatternRewriter, /) -> None:
        starts = [scalar(start) for start in op.starts]
        known = [start for start in starts if start is not None]
        if len(known) == len(starts) and is_static(op.x):
            dims = zip(known, shape_of(op.x), op.sizes, strict=True)
            rewriter.replace(op, SliceOp(op.x, starts=tuple(clamped(*dim) for dim in dims), sizes=op.sizes))


class SliceOfUpdate(RewritePattern):
    """slice_at(update_at(x, y, i), i) is y, where it is as large as y."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SliceAtOp, rewriter: PatternRewriter, /) -> None:
        update = op.x.owner
        if isinstance(update, UpdateAtOp) and op.starts == update.starts and op.result.type == update.update.type:
            rewriter.replace(op, (), (update.update,))


PLACE_PATTERNS: tuple[RewritePattern, ...] = (DropWholePart(), SliceAtKnownPlace(), SliceOfUpdate())
