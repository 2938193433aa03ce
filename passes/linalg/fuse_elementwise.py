"""Merge chains of elementwise generics, so that a kernel's epilogue is one loop over one tensor.

    %1 = linalg.generic {(d0, d1) -> (d0, d1), (d0, d1) -> (d1), (d0, d1) -> (d0, d1)} ins(%0, %bias) { addf }
    %2 = linalg.generic {(d0, d1) -> (d0, d1), (d0, d1) -> (d0, d1)} ins(%1) { maximumf }
  becomes
    %2 = linalg.generic {(d0, d1) -> (d0, d1), (d0, d1) -> (d1), (d0, d1) -> (d0, d1)} ins(%0, %bias) { addf, maximumf }

A producer is merged into the generic that reads it when that is its only reader, all its loops are parallel, and no
element is computed more often than before: the reader runs through at most as many points. So an elementwise generic
merges into a sum over its result, but not into a convolution; and a reduction stays apart from what follows it. One
that only moves elements merges into every reader that is small enough; and into any, if it leaves neighbours along the
last dim together: then what it moved reads as fast where it lay.

On the way a read of a filled tensor becomes a constant, one through a view that only adds or drops dims of size 1 goes
straight to the tensor behind it, and what nothing reads goes: generics, fills, empty tensors, operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias, cast

from stepwell.context import Context
from stepwell.pass_manager import ModulePass
from stepwell.rewriting import apply_patterns
from xdsl.dialects import arith, tensor
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, IntegerAttr, ModuleOp, TensorType
from xdsl.dialects.linalg.attrs import IteratorType
from xdsl.dialects.linalg.ops import FillOp, GenericOp, IndexOp, YieldOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
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
"""An operand of a generic, and the element that is read of it at each point of the loops."""


def reads_of(op: GenericOp) -> list[Read]:
    return [(value, m.data) for value, m in zip(op.inputs, op.indexing_maps, strict=False)]


def shape_of(value: SSAValue) -> tuple[int, ...]:
    return cast("TensorType[Attribute]", value.type).get_shape()


def element_of(value: SSAValue) -> Attribute:
    return cast("TensorType[Attribute]", value.type).element_type


def points(op: GenericOp) -> int:
    """How many points the loops of a generic run through; their sizes are those of the dims they alone index."""
    sizes: dict[int, int] = {}
    for value, m in zip(op.operands, op.indexing_maps, strict=True):
        for size, expr in zip(shape_of(value), m.data.results, strict=True):
            if isinstance(expr, AffineDimExpr):
                sizes[expr.position] = size
    return prod(sizes.values())


def is_parallel(op: GenericOp) -> bool:
    return all(kind.data is IteratorType.PARALLEL for kind in op.iterator_types)


def loops_by_output(op: GenericOp) -> list[int] | None:
    """For each loop of `op` the dim of its output that it runs through; None where it is not one loop a dim."""
    exprs = op.indexing_maps.data[-1].data.results
    dims = [expr.position for expr in exprs if isinstance(expr, AffineDimExpr)]
    if len(dims) != len(exprs) or sorted(dims) != list(range(len(op.iterator_types))):
        return None
    return [dims.index(loop) for loop in range(len(dims))]


def index_value(expr: AffineExpr, block: Block) -> SSAValue:
    """`expr` over the loops as ops at the end of a body."""
    if isinstance(expr, AffineDimExpr):
        op: Operation = IndexOp(expr.position)
    elif isinstance(expr, AffineConstantExpr):
        op = arith.ConstantOp(IntegerAttr.from_index_int_value(expr.value))
    else:
        assert isinstance(expr, AffineBinaryOpExpr)
        make = {AffineBinaryOpKind.Add: arith.AddiOp, AffineBinaryOpKind.Mul: arith.MuliOp}[expr.kind]
        op = make(index_value(expr.lhs, block), index_value(expr.rhs, block))
    block.add_op(op)
    return op.results[0]


@dataclass
class Rebuilt:
    """A generic to be put in the place of `op`: the same loops and output, other reads, another body."""

    op: GenericOp
    block: Block = field(init=False)
    reads: dict[Read, BlockArgument] = field(default_factory=dict[Read, BlockArgument], init=False)

    def __post_init__(self) -> None:
        self.block = Block(arg_types=[element_of(self.op.outputs[0])])

    def read(self, value: SSAValue, map: AffineMap) -> SSAValue:
        """The element of `value` that is read at `map`."""
        if (value, map) not in self.reads:
            self.reads[value, map] = self.block.insert_arg(element_of(value), len(self.block.args) - 1)
        return self.reads[value, map]

    def inline(self, source: GenericOp, args: Sequence[SSAValue], loops: Sequence[AffineExpr] | None) -> SSAValue:
        """Copy the body of `source`, with `args` for its elements; gives what it yields.

        `loops` says where the loops of `source` stand among those of the new generic; None: where they stood.
        """
        values: dict[SSAValue, SSAValue] = dict(zip(source.body.block.args, args, strict=False))
        for op in source.body.block.ops:
            if isinstance(op, YieldOp):
                break
            if isinstance(op, IndexOp) and loops is not None:
                values[op.result] = index_value(loops[op.dim.value.data], self.block)
            else:
                self.block.add_op(op.clone(values))
        last = source.body.block.last_op
        assert last is not None
        return values.get(last.operands[0], last.operands[0])

    def put(self, args: Sequence[SSAValue], rewriter: PatternRewriter) -> None:
        """Finish with the body of `op` on `args`, and replace `op`. Reads that nothing uses go."""
        op = self.op
        self.block.add_op(YieldOp(self.inline(op, [*args, self.block.args[-1]], None)))
        if is_parallel(op):  # else an operand may be there to say how far a loop runs
            for read, arg in list(self.reads.items()):
                if not arg.uses:
                    self.block.erase_arg(arg)
                    del self.reads[read]
        maps = [*(AffineMapAttr(m) for _, m in self.reads), op.indexing_maps.data[-1]]
        inputs = [value for value, _ in self.reads]
        new = GenericOp(inputs, op.outputs, Region(self.block), ArrayAttr(maps), op.iterator_types, op.result_types)
        new.results[0].name_hint = op.results[0].name_hint
        rewriter.replace(op, new)


class MergeProducer(RewritePattern):
    """generic(generic(x)) is one generic, where that repeats no work."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GenericOp, rewriter: PatternRewriter) -> None:
        if len(op.results) != 1:
            return
        for value, read_map in reads_of(op):
            producer = value.owner
            if not isinstance(producer, GenericOp) or not can_merge(producer, op, read_map):
                continue
            outputs = loops_by_output(producer)
            assert outputs is not None
            loops = [read_map.results[dim] for dim in outputs]
            moved = [(x, compose(m, loops, read_map.num_dims)) for x, m in reads_of(producer)]
            if not runs_through(op, [*moved, *(read for read in reads_of(op) if read[0] is not value)]):
                continue
            new = Rebuilt(op)
            made = new.inline(producer, [new.read(*read) for read in moved], loops)
            new.put([made if read[0] is value else new.read(*read) for read in reads_of(op)], rewriter)
            if not value.uses:
                rewriter.erase(producer)
            return


def runs_through(op: GenericOp, reads: Sequence[Read]) -> bool:
    """Whether each loop of `op` alone indexes a dim of its output or of `reads`: only that says how far it runs."""
    maps = [*(map for _, map in reads), op.indexing_maps.data[-1].data]
    alone = {expr.position for map in maps for expr in map.results if isinstance(expr, AffineDimExpr)}
    return len(alone) == len(op.iterator_types)


def compose(map: AffineMap, loops: Sequence[AffineExpr], num_dims: int) -> AffineMap:
    """`map` over other loops: `loops` says what each of its own has become."""
    return AffineMap(num_dims, 0, tuple(expr.replace_dims_and_symbols(loops, []) for expr in map.results))


def can_merge(producer: GenericOp, reader: GenericOp, read_map: AffineMap) -> bool:
    if not is_parallel(producer) or len(producer.results) != 1 or producer.body.block.args[-1].uses:
        return False
    if loops_by_output(producer) is None or producer.results[0] in reader.outputs:
        return False
    value = producer.results[0]
    if any(other is value and other_map != read_map for other, other_map in reads_of(reader)):
        return False
    only_moves = isinstance(producer.body.block.first_op, YieldOp)
    if not only_moves and any(use.operation is not reader for use in value.uses):
        return False
    return points(reader) <= points(producer) or (only_moves and moves_runs(producer))


def moves_runs(op: GenericOp) -> bool:
    """Whether a generic that only moves elements leaves neighbours along the last dim neighbours."""
    lasts = [map.data.results[-1:] for map in op.indexing_maps]
    return lasts[0] == lasts[-1] and isinstance(lasts[0][0] if lasts[0] else None, AffineDimExpr)


class ReadFill(RewritePattern):
    """An element of a filled tensor is a constant in the body."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GenericOp, rewriter: PatternRewriter) -> None:
        numbers = [filled_with(value) for value in op.inputs]
        if len(op.results) != 1 or not any(number is not None for number in numbers):
            return
        new = Rebuilt(op)
        args: list[SSAValue] = []
        for (value, map), number in zip(reads_of(op), numbers, strict=True):
            if number is None:
                args.append(new.read(value, map))
            else:
                new.block.add_op(constant := number.clone())
                args.append(constant.result)
        new.put(args, rewriter)


def filled_with(value: SSAValue) -> arith.ConstantOp | None:
    fill = value.owner
    if not isinstance(fill, FillOp):
        return None
    number = fill.inputs[0].owner
    return number if isinstance(number, arith.ConstantOp) else None


class ReadThroughView(RewritePattern):
    """A view that only adds or drops dims of size 1 is read where it came from."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GenericOp, rewriter: PatternRewriter) -> None:
        behind = [read_behind(value, map) for value, map in reads_of(op)]
        if len(op.results) != 1 or not is_parallel(op) or not any(read is not None for read in behind):
            return
        new = Rebuilt(op)
        pairs = zip(reads_of(op), behind, strict=True)
        new.put([new.read(*(read if other is None else other)) for read, other in pairs], rewriter)


def read_behind(value: SSAValue, map: AffineMap) -> Read | None:
    view = value.owner
    if not isinstance(view, tensor.ExpandShapeOp | tensor.CollapseShapeOp):
        return None
    before, after = shape_of(view.src), shape_of(value)
    if [size for size in before if size != 1] != [size for size in after if size != 1]:
        return None
    exprs = iter(expr for expr, size in zip(map.results, after, strict=True) if size != 1)
    zero = AffineExpr.constant(0)
    results = tuple(zero if size == 1 else next(exprs) for size in before)
    return view.src, AffineMap(map.num_dims, 0, results)


class DropCopy(RewritePattern):
    """A generic that yields its only input where it stood is that input (unless a function must make a new tensor)."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GenericOp, rewriter: PatternRewriter) -> None:
        last = op.body.block.first_op
        if not isinstance(last, YieldOp) or len(op.inputs) != 1 or last.operands[0] is not op.body.block.args[0]:
            return
        same = op.indexing_maps.data[0] == op.indexing_maps.data[1] and op.inputs[0].type == op.results[0].type
        if same and is_parallel(op) and isinstance(op.inputs[0].owner, GenericOp | FillOp):
            rewriter.replace(op, (), op.inputs)


class DropUnread(RewritePattern):
    """What nothing reads is not computed."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GenericOp | FillOp | tensor.EmptyOp, rewriter: PatternRewriter) -> None:
        if not any(result.uses for result in op.results):
            rewriter.erase(op)


@dataclass(frozen=True)
class FuseElementwise(ModulePass):
    name = "fuse-elementwise"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        apply_patterns(module, (DropUnread(), ReadFill(), ReadThroughView(), DropCopy(), MergeProducer()))
