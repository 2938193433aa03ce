"""Branches never taken, loops that are none, and what a loop need not do again and again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from stepwell.dialects.graph.base import GraphOp
from stepwell.dialects.graph.constant import inline_constant
from stepwell.dialects.graph.control import IfOp, LoopOp, scalar, yield_of
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.rewriter import InsertPoint


def inline(region: Region, op: Operation, args: Sequence[SSAValue], rewriter: PatternRewriter) -> list[SSAValue]:
    """Put what the region does before `op`; what it yields."""
    last = yield_of(region)
    values = list(last.operands)
    given = dict[SSAValue, SSAValue](zip(region.block.args, args, strict=True))
    rewriter.erase(last)
    rewriter.inline_block(region.block, InsertPoint.before(op), args)
    return [given.get(value, value) for value in values]


class TakeKnownBranch(RewritePattern):
    """`if` on a constant is the branch that is taken."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: IfOp, rewriter: PatternRewriter, /) -> None:
        if (known := scalar(op.condition)) is None:
            return
        region = op.then_region if known else op.else_region
        if tuple(yield_of(region).operand_types) == tuple(op.result_types):
            rewriter.replace(op, (), inline(region, op, (), rewriter))


class DropBranchValue(RewritePattern):
    """What nobody uses of an `if`, or what both branches take from outside, is no result of it."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: IfOp, rewriter: PatternRewriter, /) -> None:
        yields = yield_of(op.then_region), yield_of(op.else_region)
        same = [a if a is b and a.type == op.result_types[n] else None
                for n, (a, b) in enumerate(zip(*(last.operands for last in yields), strict=True))]  # fmt: skip
        kept = [n for n, result in enumerate(op.values) if result.first_use is not None and same[n] is None]
        if len(kept) == len(same):
            return
        for last in yields:
            last.operands = [last.operands[n] for n in kept]
        regions = [rewriter.move_region_contents_to_new_regions(region) for region in op.regions]
        new = IfOp(op.condition, [op.result_types[n] for n in kept], *regions)
        values = dict(zip(kept, new.values, strict=True))
        rewriter.replace(op, new, [values.get(n, same[n]) for n in range(len(same))])


class DropLoopWithoutSteps(RewritePattern):
    """A loop whose first step is known not to run gives its initial values."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: LoopOp, rewriter: PatternRewriter, /) -> None:
        trips, condition = scalar(op.trips), scalar(op.condition)
        if ((trips is not None and trips <= 0) or condition == 0) and tuple(op.inits.types) == tuple(op.result_types):
            rewriter.replace(op, (), list(op.inits))


class InlineOneStep(RewritePattern):
    """A loop of one step is that step."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: LoopOp, rewriter: PatternRewriter, /) -> None:
        yielded = tuple(value.type for value in op.next_values)
        if op.trip_count != 1 or not tuple(op.inits.types) == tuple(op.result_types) == yielded:
            return
        first = inline_constant(np.array(0, np.int64))
        rewriter.insert(first, InsertPoint.before(op))
        rewriter.replace(op, (), inline(op.body, op, (first.result, *op.inits), rewriter))


class DropTrueCondition(RewritePattern):
    """A condition that always holds is none, in a loop whose steps are counted."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: LoopOp, rewriter: PatternRewriter, /) -> None:
        if op.trips is None or scalar(op.condition) != 1 or scalar(op.next_condition) != 1:
            return
        last = yield_of(op.body)
        last.operands = list(last.operands)[1:]
        body = rewriter.move_region_contents_to_new_regions(op.body)
        rewriter.replace(op, LoopOp(op.trips, None, list(op.inits), body))


class DropCarried(RewritePattern):
    """What every step hands on as it is, or what nobody reads, need not be carried."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: LoopOp, rewriter: PatternRewriter, /) -> None:
        inits, following = list(op.inits), op.next_values
        for n, (arg, init) in enumerate(zip(op.carried, inits, strict=True)):
            unused = arg.first_use is None and op.values[n].first_use is None
            constant = following[n] is arg and arg.type == init.type == op.values[n].type
            if not unused and not constant:
                continue
            last = yield_of(op.body)
            keep = [*last.operands]
            del keep[len(keep) - len(inits) + n]
            last.operands = keep
            arg.replace_all_uses_with(init)
            op.body.block.erase_arg(arg)
            body = rewriter.move_region_contents_to_new_regions(op.body)
            new = LoopOp(op.trips, op.condition, inits[:n] + inits[n + 1 :], body)
            values = list[SSAValue](new.values)
            rewriter.replace(op, new, [*values[:n], init, *values[n:]])
            return


class HoistInvariant(RewritePattern):
    """What needs nothing that the loop makes is computed once, before it."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: LoopOp, rewriter: PatternRewriter, /) -> None:
        block = op.body.block
        for inner in list(block.ops):
            if isinstance(inner, GraphOp) and all(is_outside(operand, block) for operand in inner.operands):
                inner.detach()
                rewriter.insert(inner, InsertPoint.before(op))


def is_outside(value: SSAValue, block: Block) -> bool:
    """Whether a value that an op of `block` uses is made elsewhere."""
    owner = value.owner
    return owner is not block if isinstance(owner, Block) else owner.parent is not block


CONTROL_PATTERNS: tuple[RewritePattern, ...] = (
    TakeKnownBranch(),
    DropBranchValue(),
    DropLoopWithoutSteps(),
    InlineOneStep(),
    DropTrueCondition(),
    DropCarried(),
    HoistInvariant(),
)
