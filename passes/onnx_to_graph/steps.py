"""Write a `graph.loop`: what carries its state from step to step, whatever operator of ONNX it comes from.

    def body(inside: Node, step: SSAValue, carried: list[SSAValue]) -> list[SSAValue]:
        return [inside.add(carried[0], take(inside, xs, 0, step))]

    (total,) = steps(node, 8, [zero], body)
becomes
    %total = graph.loop %i to %eight iter(%sum = %zero) : tensor<4xf32> {
      %x = graph.slice_at %xs, %i, %0 {sizes = [1, 4]} : (tensor<8x4xf32>, tensor<i64>, tensor<i64>) -> tensor<1x4xf32>
      %r = graph.reshape %x : (tensor<1x4xf32>) -> tensor<4xf32>
      %next = graph.add %sum, %r : tensor<4xf32>
      graph.yield %next : tensor<4xf32>
    }
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import Tensor, rank_of
from xdsl.dialects.builtin import TensorType, i64
from xdsl.ir import Attribute, Block, Region, SSAValue

from .conversion import Node
from .emitter import static_shape

Body = Callable[[Node, SSAValue, list[SSAValue]], Sequence[SSAValue]]
"""(a node that writes inside, the step's number, what is carried) → what the next step gets."""

STEP = TensorType(i64, [])


class Loop:
    """A loop being written: its block, whose last op is there from the start, so that ops are put before it."""

    def __init__(self, node: Node, types: Sequence[Attribute]) -> None:
        self.node = node
        self.block = Block(arg_types=[STEP, *types])
        self.end = graph.YieldOp()
        self.block.add_op(self.end)
        self.inside = replace(node, anchor=self.end)

    @property
    def step(self) -> SSAValue:
        return self.block.args[0]

    @property
    def carried(self) -> list[SSAValue]:
        return list(self.block.args[1:])

    def close(
        self,
        trips: SSAValue | None,
        inits: Sequence[SSAValue],
        values: Sequence[SSAValue],
        condition: SSAValue | None = None,
        again: SSAValue | None = None,
    ) -> list[SSAValue]:
        """Put the loop where the node stands. `condition`: whether there is a first step; `again`: whether another."""
        self.end.operands = [*([] if again is None else [again]), *values]
        op = graph.LoopOp(trips, condition, inits, Region(self.block))
        self.node(op)
        return list(op.results)


def steps(node: Node, count: int | SSAValue, inits: Sequence[SSAValue], body: Body) -> list[SSAValue]:
    """What `count` steps (a number, or a scalar of i64) make of `inits`; one step needs no loop, none leaves
    them as they are."""
    if isinstance(count, int) and count == 0:
        return list(inits)
    if isinstance(count, int) and count == 1:
        return list(body(node, node.constant(np.array(0, np.int64)), list(inits)))
    loop = Loop(node, [value.type for value in inits])
    trips = node.constant(np.array(count, np.int64)) if isinstance(count, int) else count
    return loop.close(trips, inits, body(loop.inside, loop.step, loop.carried))


def whole_shape(node: Node, value: SSAValue) -> tuple[int, ...]:
    """The dims of `value`, which must all be known: what a loop carries cannot change."""
    dims = static_shape(value)
    if dims is None:
        raise node.open_dims()
    return dims


def take(node: Node, x: SSAValue, axis: int, index: SSAValue) -> SSAValue:
    """x at one place of an axis, which goes."""
    dims = whole_shape(node, x)
    rest = [size for other, size in enumerate(dims) if other != axis]
    known = node.known(index)
    if known is not None:
        return node.reshape(node.slice(x, axis, int(known), 1), rest)
    sizes = [1 if other == axis else size for other, size in enumerate(dims)]
    return node.reshape(node(graph.SliceAtOp(x, *offsets(node, x, axis, index), sizes=tuple(sizes))), rest)


def put(node: Node, x: SSAValue, axis: int, index: SSAValue, value: SSAValue) -> SSAValue:
    """x with `value` at one place of an axis."""
    sizes = list(whole_shape(node, value))
    part = node.reshape(value, [*sizes[:axis], 1, *sizes[axis:]])
    return node(graph.UpdateAtOp(x, part, *offsets(node, x, axis, index)))


def offsets(node: Node, x: SSAValue, axis: int, index: SSAValue) -> list[SSAValue]:
    zero = node.constant(np.array(0, np.int64))
    return [index if other == axis else zero for other in range(rank_of(x))]


def room(node: Node, kind: Tensor, axis: int, count: int) -> SSAValue:
    """Room for `count` values of a type along a new axis."""
    dims = kind.get_shape()
    result = TensorType(kind.element_type, [*dims[:axis], count, *dims[axis:]])
    return node(graph.BroadcastToOp(node.scalar(0, kind.element_type), result_type=result))


def backwards(node: Node, count: int, step: SSAValue) -> SSAValue:
    """The place of a step that counts from the end."""
    return node.sub(node.constant(np.array(count - 1, np.int64)), step)
