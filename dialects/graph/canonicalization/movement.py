"""Movements that move nothing, and pairs that are one."""

from __future__ import annotations

from math import prod

from stepwell.dialects.graph.movement import BroadcastToOp, ConcatOp, PadOp, ReshapeOp, ResizeOp, SliceOp, TransposeOp
from stepwell.dialects.graph.reduction import ReduceOp
from stepwell.dialects.graph.types import Shape, is_static, known, shape_of
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


class DropSame(RewritePattern):
    """A reshape, broadcast, slice, pad or resize to the shape that x has is x."""

    @op_type_rewrite_pattern
    def match_and_rewrite(
        self, op: ReshapeOp | BroadcastToOp | SliceOp | PadOp | ResizeOp, rewriter: PatternRewriter, /
    ) -> None:
        if op.x.type != op.result.type or not is_static(op.x):
            return
        if isinstance(op, SliceOp) and any(
            step < 0 and size > 1 for step, size in zip(op.steps, op.sizes, strict=True)
        ):
            return  # it turns round
        if isinstance(op, ResizeOp) and any(scale != 1.0 for scale in op.scales):
            return  # it shifts
        rewriter.replace(op, (), (op.x,))


class DropIdentityTranspose(RewritePattern):
    """transpose(x, [0, 1, ...]) is x."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TransposeOp, rewriter: PatternRewriter, /) -> None:
        if op.perm == tuple(range(len(op.perm))) and op.x.type == op.result.type:
            rewriter.replace(op, (), (op.x,))


class MergeTransposes(RewritePattern):
    """transpose(transpose(x, p), q) is transpose(x, [p[i] for i in q])."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TransposeOp, rewriter: PatternRewriter, /) -> None:
        inner = op.x.owner
        if isinstance(inner, TransposeOp):
            perm = tuple(inner.perm[axis] for axis in op.perm)
            rewriter.replace(op, TransposeOp(inner.x, perm=perm, result_type=op.result.type))


class TransposeToReshape(RewritePattern):
    """A transpose that moves only dims of 1 is a reshape, which moves nothing."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TransposeOp, rewriter: PatternRewriter, /) -> None:
        shape = shape_of(op.x)
        moved = [axis for axis in op.perm if shape[axis] != 1]
        if is_static(op.x) and moved == sorted(moved):
            rewriter.replace(op, ReshapeOp(op.x, result_type=op.result.type))


class MergeReshapes(RewritePattern):
    """reshape(reshape(x)) is reshape(x)."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter, /) -> None:
        inner = op.x.owner
        if isinstance(inner, ReshapeOp):
            rewriter.replace(op, ReshapeOp(inner.x, result_type=op.result.type))


class BroadcastToReshape(RewritePattern):
    """A broadcast that repeats nothing (adds dims of 1) is a reshape."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BroadcastToOp, rewriter: PatternRewriter, /) -> None:
        before, after = shape_of(op.x), op.shape
        if known(*before, *after) and after == (1,) * (len(after) - len(before)) + before:
            rewriter.replace(op, ReshapeOp(op.x, result_type=op.result.type))


class MergeSlices(RewritePattern):
    """slice(slice(x, a), b) is one slice of x."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SliceOp, rewriter: PatternRewriter, /) -> None:
        inner = op.x.owner
        if not isinstance(inner, SliceOp) or 0 in op.sizes:
            return
        starts = tuple(a + s * b for a, s, b in zip(inner.starts, inner.steps, op.starts, strict=True))
        steps = tuple(a * b for a, b in zip(inner.steps, op.steps, strict=True))
        rewriter.replace(op, SliceOp(inner.x, starts=starts, sizes=op.sizes, steps=steps, result_type=op.result.type))


class SliceBehindReshape(RewritePattern):
    """reshape(slice(x)) is slice(reshape(x)), where one dim is cut and then split so that the cut falls between parts.

    A reshape of all of x is a view. So is then the slice: whoever needs a part (a head of all heads) reads it in place.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter, /) -> None:
        cut = op.x.owner
        if not isinstance(cut, SliceOp) or not is_static(cut.x) or not cut.result.has_one_use() or 0 in op.shape:
            return
        whole = shape_of(cut.x)
        axes = [axis for axis, size in enumerate(whole) if cut.sizes[axis] != size]
        if len(axes) != 1 or any(step != 1 for step in cut.steps):
            return
        axis = axes[0]
        outer, inner = prod(whole[:axis]), prod(whole[axis + 1 :])
        dims = [d for d, size in enumerate(op.shape) if prod(op.shape[:d]) == outer and size != 1]
        if not dims:
            return
        dim = dims[0]
        part = prod(op.shape[dim + 1 :])  # elements behind one index of `dim`
        if cut.starts[axis] * inner % part or whole[axis] * inner % part:
            return
        shape = (*op.shape[:dim], whole[axis] * inner // part, *op.shape[dim + 1 :])
        starts = tuple(cut.starts[axis] * inner // part if d == dim else 0 for d in range(len(shape)))
        view = ReshapeOp(cut.x, shape=shape)
        rewriter.replace(op, [view, SliceOp(view, starts=starts, sizes=op.shape, result_type=op.result.type)])


class MergePads(RewritePattern):
    """pad(pad(x)) with one value is one pad; with `edge` too, but two reflections are not one."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: PadOp, rewriter: PatternRewriter, /) -> None:
        inner = op.x.owner
        if not isinstance(inner, PadOp) or inner.mode != op.mode or op.mode == "reflect" or inner.value != op.value:
            return
        low, high = _sum(inner.low, op.low), _sum(inner.high, op.high)
        rewriter.replace(
            op, PadOp(inner.x, low=low, high=high, mode=op.mode, value=op.value, result_type=op.result.type)
        )


def _sum(a: Shape, b: Shape) -> Shape:
    return tuple(x + y for x, y in zip(a, b, strict=True))


class SliceOfConcat(RewritePattern):
    """slice(concat(a, b, ...)) that lies within one of them is a slice of that one."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SliceOp, rewriter: PatternRewriter, /) -> None:
        inner = op.x.owner
        if not isinstance(inner, ConcatOp) or 0 in op.sizes:
            return
        axis, start = inner.axis, op.starts[inner.axis]
        last = start + (op.sizes[axis] - 1) * op.steps[axis]
        offset = 0
        for part in inner.inputs:
            size = shape_of(part)[axis]
            if not known(size):
                return
            if offset <= min(start, last) and max(start, last) < offset + size:
                starts = (*op.starts[:axis], start - offset, *op.starts[axis + 1 :])
                cut = SliceOp(part, starts=starts, sizes=op.sizes, steps=op.steps, result_type=op.result.type)
                rewriter.replace(op, cut)
                return
            offset += size


class MergeConcats(RewritePattern):
    """concat(a) is a; concat(concat(a, b), c) along one axis is concat(a, b, c), where the inner has no other use."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ConcatOp, rewriter: PatternRewriter, /) -> None:
        if len(op.inputs) == 1 and op.inputs[0].type == op.result.type:
            rewriter.replace(op, (), (op.inputs[0],))
            return
        parts = [part for value in op.inputs for part in self._parts(value.owner, op) or (value,)]
        if len(parts) > len(op.inputs):
            rewriter.replace(op, ConcatOp(*parts, axis=op.axis, result_type=op.result.type))

    @staticmethod
    def _parts(owner: object, op: ConcatOp):
        if isinstance(owner, ConcatOp) and owner.axis == op.axis and owner.result.has_one_use():
            return owner.inputs
        return None


class ReduceNothing(RewritePattern):
    """A reduction over no axes, or over dims of 1 only, is a reshape."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReduceOp, rewriter: PatternRewriter, /) -> None:
        shape = shape_of(op.x)
        if is_static(op.x) and all(shape[axis] == 1 for axis in op.axes):
            rewriter.replace(op, ReshapeOp(op.x, result_type=op.result.type))


MOVEMENT_PATTERNS: tuple[RewritePattern, ...] = (
    DropSame(),
    DropIdentityTranspose(),
    MergeTransposes(),
    TransposeToReshape(),
    MergeReshapes(),
    BroadcastToReshape(),
    MergeSlices(),
    SliceBehindReshape(),
    MergePads(),
    SliceOfConcat(),
    MergeConcats(),
    ReduceNothing(),
)
