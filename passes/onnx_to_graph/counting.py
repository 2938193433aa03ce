"""How many steps a loop has that ends when a counter of its own has come far enough.

    %n, %h = graph.loop %i while %true iter(%c = %zero, %a = %x) : tensor<i32>, tensor<4xf32> {
      %c2 = graph.add %c, %one : tensor<i32>
      %more = graph.compare lt %c2, %eight : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %b = graph.tanh %a : tensor<4xf32>
      graph.yield %more, %c2, %b : tensor<i1>, tensor<i32>, tensor<4xf32>
    }
has eight: whatever `%more` is computed from is known at each step, once it is before the first. So TensorFlow's
converters write every loop. The steps are gone through while compiling, with what the condition needs and no more.
A state that was there before, where the step's number does not matter, comes again and again: no step is the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.control import FOREVER
from xdsl.ir import BlockArgument, SSAValue

from .conversion import Node
from .emitter import Array, static_shape

MOST_STEPS = 1 << 14
"""A loop of more steps is not counted."""

LARGEST = 64
"""Elements of what a condition is computed from: counters are small."""


def count_steps(
    node: Node,
    step: BlockArgument,
    carried: Sequence[SSAValue],
    inits: Sequence[SSAValue],
    values: Sequence[SSAValue],
    again: SSAValue,
    limit: int | None,
) -> int | None:
    """Steps of a loop that has at least one; FOREVER or more if none is the last, None if that cannot be told.

    `values`: what `carried` is in the next step. `again`: whether there is one. `limit`: the most there can be.
    """
    needed = needed_for(step, carried, values, again)
    seen = set[frozenset[tuple[SSAValue, bytes | None]]]()
    state = {argument: node.known(init) for argument, init in zip(carried, inits, strict=True) if argument in needed}
    for number in range(MOST_STEPS if limit is None else min(limit, MOST_STEPS)):
        said = frozenset((value, None if at is None else at.tobytes()) for value, at in state.items())
        if said in seen and step not in needed:
            return FOREVER if limit is None else limit  # as it was before, so it goes on as it did then
        seen.add(said)
        known: dict[SSAValue, Array | None] = {step: np.array(number, np.int64), **state}
        go = value_of(node, again, known)
        if go is None:
            return None
        if not go:
            return number + 1
        pairs = zip(carried, values, strict=True)
        state = {argument: value_of(node, value, known) for argument, value in pairs if argument in needed}
    return limit if limit is not None and limit <= MOST_STEPS else None


def needed_for(
    step: BlockArgument, carried: Sequence[SSAValue], values: Sequence[SSAValue], again: SSAValue
) -> set[SSAValue]:
    """What of the carried values, and of the step's number, the condition hangs on, in this step or a later one."""
    following = dict(zip(carried, values, strict=True))
    needed: set[SSAValue] = set()
    open_, seen = [again], set[SSAValue]()
    while open_:
        value = open_.pop()
        if value in seen:
            continue
        seen.add(value)
        if value is step:
            needed.add(value)
        elif value in following:
            needed.add(value)
            open_.append(following[value])
        elif isinstance(value.owner, graph.GraphOp):
            open_ += value.owner.operands
    return needed


def value_of(node: Node, value: SSAValue, known: dict[SSAValue, Array | None]) -> Array | None:
    """What `value` is at a step of which `known` says what is carried."""
    if value in known:
        return known[value]
    found = node.known(value)
    op, dims = value.owner, static_shape(value)
    if found is None and isinstance(op, graph.GraphOp) and op.can_fold and dims is not None and prod(dims) <= LARGEST:
        arrays = [value_of(node, operand, known) for operand in op.operands]
        given = [array for array in arrays if array is not None]
        found = op.fold(*given) if len(given) == len(arrays) else None
    known[value] = found
    return found
