"""Indices that are the same along a dim are not spread along it: then whole rows are gathered and scattered."""

from __future__ import annotations

from stepwell.dialects.graph.indexing import GatherElementsOp, ScatterOp
from stepwell.dialects.graph.movement import BroadcastToOp, ReshapeOp
from stepwell.dialects.graph.types import Shape, is_static, shape_of
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


def narrow(indices: SSAValue, keep: set[int]) -> ReshapeOp | None:
    """What `indices` are spread from, with a dim of 1 wherever they are: None where they are spread along a dim that
    is to be kept, or nowhere."""
    spread = indices.owner
    if not isinstance(spread, BroadcastToOp) or not is_static(indices) or not is_static(spread.x):
        return None
    shape = shape_of(indices)
    from_: Shape = (1,) * (len(shape) - len(shape_of(spread.x))) + shape_of(spread.x)
    if from_ == shape or any(from_[dim] != shape[dim] for dim in keep):
        return None
    return ReshapeOp(spread.x, shape=from_)


class GatherWhereSpread(RewritePattern):
    """gather_elements(x, broadcast_to(i)) is gather_elements(x, i) where x is as long as i was spread."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GatherElementsOp, rewriter: PatternRewriter, /) -> None:
        x, shape = shape_of(op.x), shape_of(op.indices)
        keep = {dim for dim in range(len(shape)) if dim == op.axis or x[dim] != shape[dim]}
        if (indices := narrow(op.indices, keep)) is not None:
            rewriter.replace(op, [indices, GatherElementsOp(op.x, indices, axis=op.axis)])


class ScatterWhereSpread(RewritePattern):
    """scatter(x, broadcast_to(i), u) is scatter(x, i, u), unless i is spread along the axis."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ScatterOp, rewriter: PatternRewriter, /) -> None:
        if (indices := narrow(op.indices, {op.axis})) is not None:
            rewriter.replace(op, [indices, ScatterOp(op.reduction, op.x, indices, op.updates, axis=op.axis)])


INDEXING_PATTERNS = (GatherWhereSpread(), ScatterWhereSpread())
