"""Patterns that move transposes down, towards the results, through ops that work the same on permuted dims.

    op(transpose(a, p), transpose(b, p))  is  transpose(op'(a, b), p)

where op' says of dim p[i] what op says of dim i. Going one way only, they meet their inverses and vanish, or arrive at
a result. An operand that is no transpose gets one of its own, with the inverse permutation: that is free for constants
(permuted at once) and for what has no more than one dim to move; otherwise there must be enough transposes saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from stepwell.context import Context
from stepwell.dialects.graph import (
    ArgReduceOp,
    BroadcastToOp,
    ConcatOp,
    ConstantOp,
    ElementwiseOp,
    LogSoftmaxOp,
    PadOp,
    ReduceOp,
    ReshapeOp,
    ResizeOp,
    SliceOp,
    SoftmaxOp,
    TransposeOp,
    constant,
    constant_array,
    constant_owner,
)
from stepwell.dialects.graph.base import Array, GraphOp
from stepwell.dialects.graph.canonicalization.movement import (
    DropIdentityTranspose,
    MergeReshapes,
    MergeTransposes,
    TransposeToReshape,
)
from stepwell.dialects.graph.types import rank_of, shape_of, tensor
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .layout import Perm, channels_last_perm, inverse, moves_only_ones, permuted, widened


def sinking_patterns(ctx: Context) -> list[RewritePattern]:
    return [
        DropIdentityTranspose(),
        MergeTransposes(),
        TransposeConstant(ctx),
        SinkThroughElementwise(ctx),
        SinkThroughConcat(ctx),
        SinkThroughMovement(),
        SinkThroughReduction(),
        SinkThroughBroadcast(),
    ]


def cleaning_patterns() -> list[RewritePattern]:
    """For the transposes that stay: those that move nothing become reshapes."""
    return [TransposeToReshape(), MergeReshapes(), DropReshape()]


def transpose_of(value: SSAValue) -> TransposeOp | None:
    return value.owner if isinstance(value.owner, TransposeOp) else None


def attributes_of(op: GraphOp) -> dict[str, Any]:
    return {name: getattr(op, name) for name in op.fields}


@dataclass
class TransposeConstant(RewritePattern):
    """transpose(constant) is a constant."""

    ctx: Context

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TransposeOp, rewriter: PatternRewriter, /) -> None:
        owner = constant_owner(op.x)
        if owner is None or (array := constant_array(self.ctx, op.x)) is None:
            return
        new = constant(self.ctx, np.ascontiguousarray(np.transpose(array, op.perm)), owner.key or "constant")
        new.result.name_hint = owner.result.name_hint
        rewriter.replace(op, new)


class DropReshape(RewritePattern):
    """reshape(x) to the shape that x has is x."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter, /) -> None:
        if op.x.type == op.result.type:
            rewriter.replace(op, (), (op.x,))


@dataclass
class Sink(RewritePattern):
    """What the patterns for several operands share."""

    ctx: Context

    def gather(self, op: GraphOp) -> tuple[Perm, list[Operation], list[SSAValue]] | None:
        """The permutation to sink, new ops, and the operands before it; None where nothing would be gained."""
        rank = op.result_type.get_num_dims()
        transposes = [t for value in op.operands if (t := transpose_of(value)) is not None and rank_of(value) == rank]
        for perm in dict.fromkeys(t.perm for t in transposes):
            if self.gains(op.operands, perm):
                new: list[Operation] = []
                return perm, new, [self.before(value, perm, new) for value in op.operands]
        return None

    def gains(self, operands: Sequence[SSAValue], perm: Perm) -> bool:
        """Whether fewer transposes move elements afterwards, or as many further down: none comes back up this way."""
        sunk = {t for value in operands if (t := transpose_of(value)) is not None and t.perm == perm}
        others = [v for v in operands if transpose_of(v) not in sunk and not isinstance(v.owner, ConstantOp)]
        if not others:
            return True
        saved = [t for t in sunk if not moves_only_ones(shape_of(t.x), perm)]
        costly = {value for value in others if not is_free(value, perm)}
        return bool(saved) and (not costly or len(costly) + 1 <= len(saved))

    def before(self, value: SSAValue, perm: Perm, new: list[Operation]) -> SSAValue:
        """`value` as it is before the transpose by `perm`."""
        transpose = transpose_of(value)
        if transpose is not None and transpose.perm == perm:
            return transpose.x
        shape, rank = shape_of(value), len(perm)
        if all(size == 1 for size in shape):
            return value
        if (array := constant_array(self.ctx, value)) is not None:
            full = np.transpose(array.reshape((1,) * (rank - array.ndim) + array.shape), inverse(perm))
            owner = constant_owner(value)
            assert owner is not None
            made = constant(self.ctx, np.ascontiguousarray(self.trimmed(full)), owner.key or "constant")
            made.result.name_hint = value.name_hint
            new.append(made)
            return made.result
        if len(shape) < rank:
            wide = ReshapeOp(value, shape=(1,) * (rank - len(shape)) + shape)
            new.append(wide)
            value = wide.result
        back = TransposeOp(value, perm=inverse(perm))
        back.result.name_hint = value.name_hint
        new.append(back)
        return back.result

    def trimmed(self, array: Array) -> Array:
        return array


def is_free(value: SSAValue, perm: Perm) -> bool:
    """Whether `value`, no constant, comes before the transpose by `perm` at no cost."""
    shape, back = (1,) * (len(perm) - rank_of(value)) + shape_of(value), inverse(perm)
    if moves_only_ones(shape, back):
        return True
    if back == perm or back != channels_last_perm(len(perm)):
        return False  # to go by what is there already, one direction must be preferred, or two would go round for ever
    return any(isinstance(use.operation, TransposeOp) and use.operation.perm == back for use in value.uses)


class SinkThroughElementwise(Sink):
    """op(transpose(a, p), b) is transpose(op(a, transpose(b, p')), p); b broadcasts as before."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ElementwiseOp, rewriter: PatternRewriter, /) -> None:
        if (found := self.gather(op)) is None:
            return
        perm, new, operands = found
        shape = permuted(op.result_type.get_shape(), inverse(perm))
        result = tensor(shape, op.result_type.element_type)
        same = type(op).create(operands=operands, result_types=[result], properties=dict(op.properties))
        same.result.name_hint = op.result.name_hint
        rewriter.replace(op, [*new, same, TransposeOp(same, perm=perm, result_type=op.result_type)])

    def trimmed(self, array: Array) -> Array:
        """Leading dims of 1 broadcast by themselves."""
        while array.ndim > 1 and array.shape[0] == 1:
            array = array[0]
        return array


class SinkThroughConcat(Sink):
    """concat(transpose(a, p), transpose(b, p), axis = i) is transpose(concat(a, b, axis = p[i]), p)."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ConcatOp, rewriter: PatternRewriter, /) -> None:
        if (found := self.gather(op)) is None:
            return
        perm, new, operands = found
        same = ConcatOp(*operands, axis=perm[op.axis])
        same.result.name_hint = op.result.name_hint
        rewriter.replace(op, [*new, same, TransposeOp(same, perm=perm, result_type=op.result_type)])


class SinkThroughMovement(RewritePattern):
    """pad, slice, resize and softmax of transpose(x, p): what they say of dim i is said of dim p[i]."""

    @op_type_rewrite_pattern
    def match_and_rewrite(
        self, op: PadOp | SliceOp | ResizeOp | SoftmaxOp | LogSoftmaxOp, rewriter: PatternRewriter, /
    ) -> None:
        if (transpose := transpose_of(op.x)) is None:
            return
        perm, back = transpose.perm, inverse(transpose.perm)
        attributes = attributes_of(op)
        for name, value in attributes.items():
            if name == "axis":
                attributes[name] = perm[op.axis] if isinstance(op, SoftmaxOp | LogSoftmaxOp) else value
            elif isinstance(value, tuple):  # one number a dim
                attributes[name] = permuted(cast("tuple[float, ...]", value), back)
        result = tensor(permuted(op.result_type.get_shape(), back), op.result_type.element_type)
        same = type(op)(transpose.x, result_type=result, **attributes)
        same.result.name_hint = op.result.name_hint
        rewriter.replace(op, [same, TransposeOp(same, perm=perm, result_type=op.result_type)])


class SinkThroughReduction(RewritePattern):
    """reduce(transpose(x, p), axes) is a transpose of reduce(x, [p[i] for i in axes]) of the dims that are kept."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReduceOp | ArgReduceOp, rewriter: PatternRewriter, /) -> None:
        if (transpose := transpose_of(op.x)) is None:
            return
        perm, keepdims = transpose.perm, op.keepdims
        if isinstance(op, ReduceOp):
            axes = op.axes
            same = ReduceOp(op.kind, transpose.x, axes=tuple(sorted(perm[axis] for axis in axes)), keepdims=keepdims)
        else:
            axes, last = (op.axis,), op.select_last
            same = ArgReduceOp(op.kind, transpose.x, axis=perm[op.axis], keepdims=keepdims, select_last=last)
        kept = perm if keepdims else tuple(dim for axis, dim in enumerate(perm) if axis not in axes)
        after = tuple(sorted(kept).index(dim) for dim in kept)
        same.result.name_hint = op.result.name_hint
        rewriter.replace(op, [same, TransposeOp(same, perm=after, result_type=op.result_type)])


class SinkThroughBroadcast(RewritePattern):
    """broadcast_to(transpose(x, p)) is transpose(broadcast_to(x), p), where p leaves new leading dims alone."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BroadcastToOp, rewriter: PatternRewriter, /) -> None:
        if (transpose := transpose_of(op.x)) is None:
            return
        perm = widened(transpose.perm, len(op.shape))
        same = BroadcastToOp(transpose.x, shape=permuted(op.shape, inverse(perm)))
        same.result.name_hint = op.result.name_hint
        rewriter.replace(op, [same, TransposeOp(same, perm=perm, result_type=op.result_type)])
