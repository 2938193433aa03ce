"""Control flow in @main: structured loops and branches on tensors, parts at places that are known when run.

    %h = graph.loop %i to %n iter(%a = %h0) : tensor<1x4xf32> {          // %n: a constant 9
      %x = graph.slice_at %xs, %i, %zero {sizes = [1, 4]} : ...
      %b = func.call @step(%a, %x) : ...
      graph.yield %b : tensor<1x4xf32>
    }
  becomes
    %h = scf.for %i = %c0 to %c9 step %c1 iter_args(%a = %h0) -> (tensor<1x4xf32>) {
      %x = tensor.extract_slice %xs[%i, 0] [1, 4] [1, 1] : tensor<9x4xf32> to tensor<1x4xf32>
      %b = func.call @step(%a, %x) : ...
      scf.yield %b : tensor<1x4xf32>
    }

A place that may lie outside is clamped first: by `arith.maxsi` and `arith.minsi`. A loop that a condition ends is a
`scf.while`, whose first region counts and tests. Scalars that control flow needs are taken out of their tensors
(`tensor.extract`); where a step's number is used as a tensor, it is put into one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.dialects.graph.control import CONDITION, scalar, yield_of
from stepwell.dialects.graph.place import PlaceOp, clamped
from xdsl.builder import Builder
from xdsl.dialects import arith, scf, tensor
from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, IndexType, IntegerAttr, i1, i64
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from .lowering import Lowering, element_of, scalar_attribute, shape_of, signless, tensor_type

LowerBlock = Callable[[Block, Block, Lowering], None]
"""Lower the ops of a graph block, all but its terminator, to the end of another block."""

INDEX = IndexType()


def position(at: Lowering, number: int) -> SSAValue:
    return at.emit(arith.ConstantOp(IntegerAttr.from_index_int_value(number)))


def element(at: Lowering, value: SSAValue) -> SSAValue:
    """The number in a tensor of rank 0."""
    if (known := scalar(value)) is not None:
        return at.emit(arith.ConstantOp(IntegerAttr(known, i1 if value.type == CONDITION else i64)))
    whole = at[value]
    return at.emit(tensor.ExtractOp(whole, [], tensor_type(whole).element_type))


def index(at: Lowering, value: SSAValue) -> SSAValue:
    """The number in a tensor<i64>, as an index."""
    if (counter := at.counters.get(value)) is not None:
        return counter
    return at.emit(arith.IndexCastOp(element(at, value), INDEX))


# Places


def starts(at: Lowering, op: PlaceOp) -> list[SSAValue | int]:
    """Where the part of x begins, within x."""
    dims = zip(op.starts, shape_of(op.x), op.part, strict=True)
    return [start_of(at, *dim) for dim in dims]


def start_of(at: Lowering, start: SSAValue, dim: int, size: int) -> SSAValue | int:
    if size == dim:
        return 0
    if (known := scalar(start)) is not None:
        return clamped(known, dim, size)
    if counts_within(start, dim - size):
        return at.counters[start]
    least, most = position(at, 0), position(at, dim - size)
    above = at.emit(arith.MaxSIOp(index(at, start), least))
    return at.emit(arith.MinSIOp(above, most))


def counts_within(start: SSAValue, last: int) -> bool:
    """Whether `start` is the number of a loop's step, none of which is beyond `last`."""
    loop = start.owner.parent_op() if isinstance(start, BlockArgument) else None
    if not isinstance(loop, graph.LoopOp) or loop.step is not start:
        return False
    most = scalar(loop.trips)
    return most is not None and most - 1 <= last


def slice_at(op: graph.SliceAtOp, at: Lowering) -> SSAValue:
    x = at[op.x]
    result = signless(op.result.type)
    return at.emit(tensor.ExtractSliceOp(x, starts(at, op), op.sizes, [1] * len(op.sizes), result))


def update_at(op: graph.UpdateAtOp, at: Lowering) -> SSAValue:
    x, update, places = at[op.x], at[op.update], starts(at, op)
    given = [place for place in places if isinstance(place, SSAValue)]
    properties = {
        "static_offsets": [DYNAMIC_INDEX if isinstance(place, SSAValue) else place for place in places],
        "static_sizes": list(op.part),
        "static_strides": [1] * len(places),
    }
    made = tensor.InsertSliceOp.build(
        operands=[update, x, given, [], []],
        result_types=[x.type],
        properties={name: DenseArrayBase.from_list(i64, numbers) for name, numbers in properties.items()},
    )
    return at.emit(made)


# Branches and loops


def inside(at: Lowering, block: Block, lower: Callable[[], Operation]) -> Block:
    """`block` with what `lower` writes, and the terminator that it gives."""
    outer, at.builder = at.builder, Builder(InsertPoint.at_end(block))
    at.builder.insert(lower())
    at.builder = outer
    return block


def lower_if(op: graph.IfOp, at: Lowering, lower_block: LowerBlock) -> None:
    condition = element(at, op.condition)

    def branch(region: Region) -> Region:
        block = Block()

        def lower() -> Operation:
            lower_block(region.block, block, at)
            return scf.YieldOp(*(at[value] for value in yield_of(region).operands))

        return Region(inside(at, block, lower))

    types = [signless(type) for type in op.result_types]
    made = scf.IfOp(condition, types, branch(op.then_region), branch(op.else_region))
    give(at, op, made)


def lower_loop(op: graph.LoopOp, at: Lowering, lower_block: LowerBlock) -> None:
    if op.never_ends:
        raise StepwellError(
            f"{op.name} never ends: nothing counts its steps below 2^62, and its condition stays true",
            op,
            fix="let its region yield a condition that becomes false, or give it a number of steps",
        )
    inits = [initial(at, value) for value in op.inits]
    if op.condition is None:
        lower_for(op, at, lower_block, inits)
    else:
        lower_while(op, at, lower_block, inits)


def initial(at: Lowering, value: SSAValue) -> SSAValue:
    """An initial value. One number everywhere is a fill, of a buffer in which the loop can go on; not a constant."""
    array = graph.constant_array(at.ctx, value)
    if array is None or not array.size or array.tobytes() != array.reshape(-1)[:1].tobytes() * array.size:
        return at[value]
    return at.fill(array.shape, scalar_attribute(array.reshape(-1)[0].item(), signless(element_of(value))))


def lower_for(op: graph.LoopOp, at: Lowering, lower_block: LowerBlock, inits: Sequence[SSAValue]) -> None:
    assert op.trips is not None
    count = op.trip_count
    end = index(at, op.trips) if count is None else position(at, count)
    first, step = position(at, 0), position(at, 1)
    block = Block(arg_types=[INDEX, *(value.type for value in inits)])

    def lower() -> Operation:
        bind(at, op, block.args[0], block.args[1:])
        lower_block(op.body.block, block, at)
        return scf.YieldOp(*(at[value] for value in op.next_values))

    give(at, op, scf.ForOp(first, end, step, inits, inside(at, block, lower)))


def lower_while(op: graph.LoopOp, at: Lowering, lower_block: LowerBlock, inits: Sequence[SSAValue]) -> None:
    """The step's number and whether to go on are carried beside the tensors, as scalars."""
    assert op.condition is not None
    end = None if op.trips is None else index(at, op.trips)
    start = [position(at, 0), element(at, op.condition), *inits]
    types = [value.type for value in start]
    test, body = Block(arg_types=types), Block(arg_types=types)

    def goes_on() -> Operation:
        number, condition = test.args[:2]
        if end is not None:
            within = at.emit(arith.CmpiOp(number, end, "slt"))
            condition = at.emit(arith.AndIOp(within, condition))
        return scf.ConditionOp(condition, *test.args)

    def lower() -> Operation:
        bind(at, op, body.args[0], body.args[2:])
        lower_block(op.body.block, body, at)
        assert op.next_condition is not None
        following = at.emit(arith.AddiOp(body.args[0], position(at, 1)))
        more = element(at, op.next_condition)
        return scf.YieldOp(following, more, *(at[value] for value in op.next_values))

    made = scf.WhileOp(start, types, Region(inside(at, test, goes_on)), Region(inside(at, body, lower)))
    at.builder.insert(made)
    at.values.update(zip(op.values, made.results[2:], strict=True))
    name(op, made.results[2:])


def bind(at: Lowering, op: graph.LoopOp, counter: SSAValue, carried: Sequence[SSAValue]) -> None:
    """Say what the arguments of a loop's region have become."""
    counter.name_hint = op.step.name_hint
    at.counters[op.step] = counter
    for old, new in zip(op.carried, carried, strict=True):
        at.values[old] = new
        new.name_hint = old.name_hint
    if any(not is_start(use.operation, use.index) for use in op.step.uses):
        number = at.emit(arith.IndexCastOp(counter, i64))
        at.values[op.step] = at.emit(tensor.FromElementsOp(number, result_type=signless(op.step.type)))


def is_start(op: Operation, number: int) -> bool:
    """Whether operand `number` of `op` says where a part begins."""
    return isinstance(op, PlaceOp) and number >= len(op.operands) - len(op.starts)


def give(at: Lowering, op: graph.IfOp | graph.LoopOp, made: scf.IfOp | scf.ForOp) -> None:
    at.builder.insert(made)
    at.values.update(zip(op.values, made.results, strict=True))
    name(op, made.results)


def name(op: graph.IfOp | graph.LoopOp, results: Sequence[SSAValue[Attribute]]) -> None:
    for old, new in zip(op.values, results, strict=True):
        new.name_hint = old.name_hint
