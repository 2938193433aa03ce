"""Merge chains of elementwise generics, so that a kernel's epilogue is one loop over one tensor.

    %1 = linalg.generic {(d0, d1) -> (d0, d1), (d0, d1) -> (d1), (d0, d1) -> (d0, d1)} ins(%0, %bias) { addf }
    %2 = linalg.generic {(d0, d1) -> (d0, d1), (d0, d1) -> (d0, d1)} ins(%1) { maximumf }
  becomes
    %2 = linalg.generic {(d0, d1) -> (d0, d1), (d0, d1) -> (d1), (d0, d1) -> (d0, d1)} ins(%0, %bias) { addf, maximumf }

A producer is merged into the generic that reads it when that is its only reader, all its loops are parallel, and no
element is computed more often than before: the reader runs through at most as many points. So an elementwise generic
merges into a sum over its result, but not into a convolution; and a reduction stays apart from what follows it. One that
only moves elements merges into every reader. What is left without use goes, and with it fills and empty tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias, cast

from stepwell.context import Context
from stepwell.pass_manager import ModulePass
from stepwell.rewriting import apply_patterns
from xdsl.dialects import arith
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, IntegerAttr, ModuleOp, TensorType
from xdsl.dialects.linalg.attrs import IteratorType
from xdsl.dialects.linalg.ops import GenericOp, IndexOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import (
    AffineBinaryOpExpr,
    AffineBinaryOpKind,
    AffineConstantExpr,
    AffineDimExpr,
    AffineExpr,
    AffineMap,
)
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

Read: TypeAlias = tuple[SSAValue, AffineMap]
"""An operand of a generic and the place that is read of it at each point of the loops."""


def reads_of(op: GenericOp) -> list[Read]:
    return [(value, m.data) for value, m in zip(op.inputs, op.indexing_maps, strict=False)]


def shape_of(value: SSAValue) -> tuple[int, ...]:
    return cast("TensorType[Attribute]", value.type).get_shape()


def loop_sizes(op: GenericOp) -> list[int] | None:
    """The sizes of a generic's loops, from the operands' dims that a loop alone runs through."""
    sizes: dict[int, int] = {}
    for value, m in zip(op.operands, op.indexing_maps, strict=True):
        for size, expr in zip(shape_of(value), m.data.results, strict=True):
            if isinstance(expr, AffineDimExpr):
                sizes[expr.position] = size
    count = len(op.iterator_types)
    return [sizes[i] for i in range(count)] if len(sizes) == count else None


def is_elementwise(op: GenericOp) -> bool:
    """All loops parallel, one result, and nothing read of what the output held before."""
    parallel = all(kind.data is IteratorType.PARALLEL for kind in op.iterator_types)
    return parallel and len(op.results) == 1 and not op.body.block.args[-1].uses


def only_moves(op: GenericOp) -> bool:
    return len(op.body.block.ops) == 1


def loops_by_output(op: GenericOp) -> list[int] | None:
    """For each loop of `op` the dim of its output that it runs through; None where it is not one loop a dim."""
    exprs = op.indexing_maps.data[-1].data.results
    dims = [expr.position for expr in exprs if isinstance(expr, AffineDimExpr)]
    if len(dims) != len(exprs) or sorted(dims) != list(range(len(op.iterator_types))):
        return None
    return [dims.index(loop) for loop in range(len(dims))]


def index_value(expr: AffineExpr, ops: list[Operation]) -> SSAValue:
    """`expr` over the loops as ops of a body, appended to `ops`."""
    if isinstance(expr, AffineDimExpr):
        ops.append(IndexOp(expr.position))
    elif isinstance(expr, AffineConstantExpr):
        ops.append(arith.ConstantOp(IntegerAttr.from_index_int_value(expr.value)))
    else:
        assert isinstance(expr, AffineBinaryOpExpr)
        make = {AffineBinaryOpKind.Add: arith.AddiOp, AffineBinaryOpKind.Mul: arith.MuliOp}[expr.kind]
        ops.append(make(index_value(expr.lhs, ops), index_value(expr.rhs, ops)))
    return ops[-1].results[0]


def inline(source: GenericOp, block: Block, args: Sequence[SSAValue], loops: Sequence[AffineExpr] | None) -> SSAValue:
    """Copy the body of `source` to the end of `block` with `args` for its elements; gives what it yields.

    `loops` says where the loops of `source` stand among those of the new generic; None: where they stood.
    """
    values: dict[SSAValue, SSAValue] = dict(zip(source.body.block.args, args, strict=False))
    *ops, last = source.body.block.ops
    for op in ops:
        if isinstance(op, IndexOp) and loops is not None:
            made: list[Operation] = []
            values[op.result] = index_value(loops[op.dim.value.data], made)
            block.add_ops(made)
        else:
            block.add_op(op.clone(values))
    return values.get(last.operands[0], last.operands[0])


def replace_generic(
    op: GenericOp, reads: Sequence[Read], block: Block, rewriter: PatternRewriter, *also: Operation
) -> None:
    """Put a generic with the same loops and output in the place of `op`; erase the ops `also`, which it stands for."""
    maps = [*(AffineMapAttr(m) for _, m in reads), op.indexing_maps.data[-1]]
    inputs = [value for value, _ in reads]
    new = GenericOp(inputs, op.outputs, Region(block), ArrayAttr(maps), op.iterator_types, op.result_types)
    new.results[0].name_hint = op.results[0].name_hint
    rewriter.replace(op, new)
    for gone in also:
        rewriter.erase(gone)


def element_types(values: Sequence[SSAValue]) -> list[Attribute]:
    return [cast("TensorType[Attribute]", value.type).element_type for value in values]


def yield_of(op: GenericOp, values: dict[SSAValue, SSAValue]) -> Operation:
    last = op.body.block.last_op
    assert last is not None
    return last.clone(values)


class MergeProducer(RewritePattern):
    """generic(generic(x)) is one generic, where that repeats no work."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GenericOp, rewriter: PatternRewriter) -> None:
        for position, (value, read_map) in enumerate(reads_of(op)):
            producer = value.owner
            if not isinstance(producer, GenericOp) or not can_merge(producer, op, read_map):
                continue
            assert (outputs := loops_by_output(producer)) is not None
            loops = [read_map.results[dim] for dim in outputs]
            merge(producer, op, position, loops, rewriter)
            return


def can_merge(producer: GenericOp, reader: GenericOp, read_map: AffineMap) -> bool:
    if not is_elementwise(producer) or loops_by_output(producer) is None:
        return False
    uses = [use for use in producer.results[0].uses if use.operation is reader]
    if any(reader.operands[use.index] in reader.outputs for use in uses):
        return False
    maps = {reader.indexing_maps.data[use.index].data for use in uses}
    if maps != {read_map} or (len(uses) != producer.results[0].get_uses_count() and not only_moves(producer)):
        return False
    before, after = loop_sizes(producer), loop_sizes(reader)
    return before is not None and after is not None and prod(after) <= prod(before)


def merge(
    producer: GenericOp, reader: GenericOp, position: int, loops: Sequence[AffineExpr], rewriter: PatternRewriter
) -> None:
    """Put the producer's body before the reader's, and its operands in the place of the reader's at `position`."""
    count = len(reader.iterator_types)
    moved = [
        (value, AffineMap(count, 0, tuple(e.replace_dims_and_symbols(loops, []) for e in m.results)))
        for value, m in reads_of(producer)
    ]
    result = producer.results[0]
    kept = [(i, read) for i, read in enumerate(reads_of(reader)) if read[0] is not result]
    before = [read for i, read in kept if i < position]
    after = [read for i, read in kept if i > position]
    reads = [*before, *moved, *after]
    block = Block(arg_types=[*element_types([value for value, _ in reads]), *element_types(reader.outputs)])
    first = len(before)
    made = inline(producer, block, block.args[first : first + len(moved)], loops)
    others = iter((*block.args[:first], *block.args[first + len(moved) :]))
    args = [made if value is result else next(others) for value in reader.operands]
    yielded = inline(reader, block, args, None)
    block.add_op(reader.body.block.last_op.__class__(yielded))  # pyright: ignore
    dead = (producer,) if producer.results[0].get_uses_count() == 0 else ()
    replace_generic(reader, reads, block, rewriter, *dead)


@dataclass(frozen=True)
class FuseElementwise(ModulePass):
    name = "fuse-elementwise"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        apply_patterns(module, (MergeProducer(),))
