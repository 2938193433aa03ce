"""Turn what scalar code in a kernel carries into buffers: loops and branches that store in place.

    %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %f, %s = %zero) -> (tensor<8xf32>, f32) {
      %x = tensor.extract %t[%i] : tensor<8xf32>
      %sum = arith.addf %s, %x : f32
      %u = tensor.insert %sum into %t[%i] : tensor<8xf32>
      scf.yield %u, %sum : tensor<8xf32>, f32
    }
  becomes, where %f stands in %out,
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (f32) {
      %x = memref.load %out[%i] : memref<8xf32>
      %sum = arith.addf %s, %x : f32
      memref.store %sum, %out[%i] : memref<8xf32>
      scf.yield %sum : f32
    }

`aliases.py` says which buffer that is. A block that gives another tensor than the one it was handed, changed or not,
copies it there in the end. That two carried tensors change places is refused: their buffers cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stepwell.diagnostics import StepwellError
from xdsl.dialects import scf
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Block, Operation, SSAValue

from .aliases import ControlOp, destinations, handed_on, is_tensor

if TYPE_CHECKING:
    from .bufferize_kernel import KernelBuffers


def rewrite_control(at: KernelBuffers, op: ControlOp) -> None:
    """Rewrite the blocks inside of `op`; where it carries tensors, put an op that does not in its place."""
    starts = [start for start, _ in destinations(op)]
    places = [at.destination(op, n) for n in range(len(starts))]
    match op:
        case scf.ForOp():
            body = op.body.block
            rewrite_block(at, body, carried(body.args), carried(body.args), places)
        case scf.WhileOp():
            rewrite_while(at, op, places)
        case scf.IfOp():
            rewrite_if(at, op, starts, places)
    if starts:
        replace_without_tensors(at, op)


def carried(values: Sequence[SSAValue]) -> list[SSAValue]:
    return [value for value in values if is_tensor(value)]


def rewrite_block(
    at: KernelBuffers,
    block: Block,
    handed: Sequence[SSAValue],
    writable: Sequence[SSAValue],
    places: Sequence[SSAValue],
) -> None:
    """Rewrite a block that is `handed` tensors, which stand in `places`, and gives as many back, in the same places."""
    before = {value: at.buffers.get(value) for value in handed}
    at.buffers.update(zip(handed, places, strict=True))
    inner = at.inside(block, writable)
    root = inner.aliases.root
    last = block.last_op
    assert last is not None
    given = carried(last.operands)
    old = inner.rewrite_ops()
    inner.at = last
    for tensor, start, place in zip(given, handed, places, strict=True):
        if root[tensor] is root.get(start, start):
            continue
        if root[tensor] in writable:
            raise StepwellError("tensors that a loop carries change places, which their buffers cannot", last)
        inner.copy(inner.buffer(tensor), place)
    last.operands = [value for value in last.operands if not is_tensor(value)]
    inner.erase(old)
    for value, buffer in before.items():  # a branch saw a tensor from around it where its result is to stand
        if buffer is None:
            del at.buffers[value]
        else:
            at.buffers[value] = buffer


def rewrite_while(at: KernelBuffers, op: scf.WhileOp, places: Sequence[SSAValue]) -> None:
    before, after = op.before_region.block, op.after_region.block
    numbers = [handed_on(op, n) for n, result in enumerate(op.results) if is_tensor(result)]
    if sorted(numbers) != [n for n, value in enumerate(op.arguments) if is_tensor(value)]:
        raise StepwellError("the condition of an scf.while must hand on every tensor that the loop carries, once", op)
    tested = [before.args[n] for n in numbers]
    rewrite_block(at, before, tested, (), places)
    by_number = dict(zip(numbers, carried(after.args), strict=True))
    order = sorted(numbers)
    place_of = dict(zip(numbers, places, strict=True))
    kept = [by_number[n] for n in order]
    rewrite_block(at, after, kept, kept, [place_of[n] for n in order])


def rewrite_if(at: KernelBuffers, op: scf.IfOp, starts: Sequence[SSAValue], places: Sequence[SSAValue]) -> None:
    if len(set(starts)) != len(starts):
        raise StepwellError("two results of an scf.if start from one tensor", op, "copy it before")
    for region in op.regions:
        if region.blocks:
            rewrite_block(at, region.block, starts, starts, places)


def replace_without_tensors(at: KernelBuffers, op: ControlOp) -> None:
    """The same op without the tensors that it carried, which nothing inside refers to any more."""
    for region in op.regions:
        block = region.block
        for arg in carried(block.args):
            block.erase_arg(arg)  # pyright: ignore[reportArgumentType]
    new: Operation
    match op:
        case scf.ForOp():
            scalars = [value for value in op.iter_args if not is_tensor(value)]
            new = scf.ForOp(op.lb, op.ub, op.step, scalars, op.detach_region(op.body))
        case scf.WhileOp():
            scalars = [value for value in op.arguments if not is_tensor(value)]
            new = scf.WhileOp(scalars, scalar_types(op), *(op.detach_region(0) for _ in range(2)))
        case scf.IfOp():
            new = scf.IfOp(op.cond, scalar_types(op), op.detach_region(0), op.detach_region(0))
    new.attributes |= op.attributes
    at.add(new)
    for old, made in zip([r for r in op.results if not is_tensor(r)], new.results, strict=True):
        made.name_hint = old.name_hint
        old.replace_all_uses_with(made)


def scalar_types(op: Operation) -> list[Attribute]:
    return [result.type for result in op.results if not isinstance(result.type, TensorType)]
