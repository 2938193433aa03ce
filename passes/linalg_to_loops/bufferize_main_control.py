"""Turn the control flow of @main into buffers: what it carries and gives has a place, and only scalars are values.

    %r = scf.for %i = %c0 to %c9 step %c1 iter_args(%h = %h0) -> (tensor<4xf32>) {
      %x = tensor.extract_slice %xs[%i, 0] [1, 4] [1, 1] : tensor<9x4xf32> to tensor<1x4xf32>
      %y = func.call @step(%h, %x) : ...
      scf.yield %y : tensor<4xf32>
    }
  becomes, where %h0 is needed later
    %r = memref.alloc() : memref<4xf32>
    func.call @copy(%h0, %r) : ...
    scf.for %i = %c0 to %c9 step %c1 {
      %x = memref.subview %xs[%i, 0] [1, 4] [1, 1] : memref<9x4xf32> to memref<1x4xf32, strided<[4, 1], offset: ?>>
      %y = memref.alloc() : memref<4xf32>
      func.call @step(%r, %x, %y) : ...                                  // it reads %r: the result is made elsewhere,
      func.call @copy(%y, %r) : ...                                      // and copied when the step ends
    }

`placement.py` says what needs no copy. Where carried values change places, a step reads all that it copies before it
is overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from stepwell.diagnostics import StepwellError
from xdsl.dialects import memref, scf, tensor
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation, SSAValue

from .placement import carried, initial_values
from .views import buffer_for, shape_of

if TYPE_CHECKING:
    from .bufferize_main import MainBuffers

Rule = Callable[["MainBuffers", Any], None]


def is_scalar(op: Operation) -> bool:
    """Whether `op` works on scalars alone: it stays as it is."""
    values = (*op.operands, *op.results)
    return not op.regions and op.name.startswith("arith.") and not any(is_tensor(value) for value in values)


def is_tensor(value: SSAValue) -> bool:
    return isinstance(value.type, TensorType)


def control_rule(op: Operation) -> Rule | None:
    return RULES.get(type(op))


# Scalars and tensors


def extract(main: MainBuffers, op: tensor.ExtractOp) -> None:
    load = memref.LoadOp.get(main.buffer(op.tensor), list(op.indices))
    load.res.name_hint = op.result.name_hint
    main.add(load)
    op.result.replace_all_uses_with(load.res)


def from_elements(main: MainBuffers, op: tensor.FromElementsOp) -> None:
    if shape_of(op.result):
        raise StepwellError("only a tensor of rank 0 can be made of elements here", op)
    place = memref.AllocOp([], [], buffer_for(op.result))
    place.memref.name_hint = op.result.name_hint
    main.add(place)
    main.add(memref.StoreOp.get(op.elements[0], place.memref, []))
    main.buffers[op.result] = place.memref


# Branches


def branch(main: MainBuffers, op: scf.IfOp) -> None:
    places = [main.buffer(result) for result in op.output]
    for region in op.regions:
        for block in region.blocks:
            main.rewrite(block, places)
    true, false = (op.detach_region(region) for region in list(op.regions))
    main.add(scf.IfOp(op.cond, [], true, false))


# Loops


def count(main: MainBuffers, op: scf.ForOp) -> None:
    block = op.body.block
    places = carry(main, op, carried(block))
    main.rewrite(block, places)
    for arg in carried(block):
        block.erase_arg(arg)
    main.add(scf.ForOp(op.lb, op.ub, op.step, [], op.detach_region(op.body)))


def repeat(main: MainBuffers, op: scf.WhileOp) -> None:
    test, block = op.before_region.block, op.after_region.block
    last = test.last_op
    assert isinstance(last, scf.ConditionOp)
    if list(last.operands[1:]) != list(test.args):
        raise StepwellError("scf.while: its condition must hand on what it is given", op)
    places = carry(main, op, carried(block))
    for arg, place in zip(test.args, places, strict=True):
        if place is not None:
            main.buffers[arg] = place
    main.rewrite(test, places)
    main.rewrite(block, places)
    for region in (test, block):
        for arg in [arg for arg in region.args if is_tensor(arg)]:
            region.erase_arg(arg)
    regions = [op.detach_region(region) for region in list(op.regions)]
    scalars = [value for value in op.arguments if not is_tensor(value)]
    made = scf.WhileOp(scalars, [value.type for value in scalars], *regions)
    main.add(made)
    kept = [result for result in op.results if not is_tensor(result)]
    for old, new in zip(kept, made.results, strict=True):
        old.replace_all_uses_with(new)


def carry(main: MainBuffers, op: scf.ForOp | scf.WhileOp, args: Sequence[SSAValue]) -> list[SSAValue | None]:
    """The buffers in which a loop carries tensors, with the initial values in them; None for a scalar."""
    numbers = dict(cast("list[tuple[Any, int]]", [(result, number) for number, result in initial_values(op)]))
    places: list[SSAValue | None] = []
    for result, arg in zip(op.results, args, strict=True):
        if result not in numbers:
            places.append(None)
            continue
        place = main.buffer(result)
        init = op.operands[numbers[result]]
        if result not in main.placement.lives_in and not isinstance(init.owner, tensor.EmptyOp):
            main.copy(main.buffer(init), place)
        main.buffers[arg] = place
        places.append(place)
    return places


def hand_on(main: MainBuffers, op: scf.YieldOp) -> None:
    """Bring what a region yields to its place, each value read before it is overwritten."""
    block = op.parent
    assert block is not None
    args = carried(block) if isinstance(block.parent_op(), scf.ForOp | scf.WhileOp) else []
    moves: dict[int, SSAValue] = {}
    for n, value in enumerate(op.operands):
        if (
            is_tensor(value)
            and not main.placement.stands_there(value, n)
            and not (args and main.placement.path(value)[0] is args[n])
        ):
            moves[n] = value
    reads = {n: main.placement.home(value) for n, value in moves.items()}
    sources = {n: main.buffer(value) for n, value in moves.items()}
    while moves:
        ready = [n for n in moves if not args or not any(reads[m] is args[n] for m in moves if m != n)]
        for n in ready[:1]:
            out = main.outs[block][n]
            assert out is not None
            main.copy(sources[n], out)
            del moves[n]
        if not ready:  # they go round: one is kept aside
            n = next(iter(moves))
            aside = main.add(memref.AllocOp([], [], buffer_for(moves[n]))).results[0]
            main.copy(sources[n], aside)
            sources[n], reads[n] = aside, aside
    op.operands = [value for value in op.operands if not is_tensor(value)]


def condition(main: MainBuffers, op: scf.ConditionOp) -> None:
    op.operands = [value for value in op.operands if not is_tensor(value)]


RULES: dict[type[Operation], Rule] = {
    tensor.ExtractOp: extract,
    tensor.FromElementsOp: from_elements,
    scf.IfOp: branch,
    scf.ForOp: count,
    scf.WhileOp: repeat,
    scf.YieldOp: hand_on,
    scf.ConditionOp: condition,
}
