"""Reductions: sum, mean, max, min and prod are graph's; the others are one of these with arithmetic before and after.

  "onnx.ReduceL2"(%x) {axes = array<i64: 1>}
becomes
  graph.sqrt (graph.reduce sum (graph.mul %x, %x) {axes = [1], keepdims = true})
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_of, element_type_of, is_bool, rank_of
from xdsl.ir import SSAValue

from .conversion import Node, converts

AXES_ARE_AN_INPUT = 18
"""Since this opset for all reductions; for ReduceSum since 13."""

BYTE = element_of(np.dtype(np.uint8))
"""What the largest and smallest of bools are found in."""


def square(node: Node, x: SSAValue) -> SSAValue:
    return node.mul(x, x)


Step = Callable[[Node, SSAValue], SSAValue]

REDUCTIONS: dict[str, tuple[Step | None, str, Step | None]] = {
    "ReduceL1": (Node.abs, "sum", None),
    "ReduceL2": (square, "sum", Node.sqrt),
    "ReduceLogSum": (None, "sum", Node.log),
    "ReduceMax": (None, "max", None),
    "ReduceMean": (None, "mean", None),
    "ReduceMin": (None, "min", None),
    "ReduceProd": (None, "prod", None),
    "ReduceSum": (None, "sum", None),
    "ReduceSumSquare": (square, "sum", None),
}
"""What is done before, which reduction, what after."""


def reduction(before: Step | None, kind: str, after: Step | None, node: Node) -> SSAValue:
    x = node[0]
    if is_bool(element_type_of(x)):
        x = node.cast(x, BYTE)
        return node.truth(node.reduce(kind, x, axes_of(node, x), keepdims(node)))
    value = x if before is None else before(node, x)
    value = node.reduce(kind, value, axes_of(node, x), keepdims(node))
    return value if after is None else after(node, value)


for _name, _steps in REDUCTIONS.items():
    converts(_name)(partial(reduction, *_steps))


def axes_of(node: Node, x: SSAValue) -> list[int]:
    """The reduced axes, sorted: an attribute or an input; none given means all, unless noop_with_empty_axes says so."""
    since = 13 if node.name == "ReduceSum" else AXES_ARE_AN_INPUT
    if node.opset < since:
        axes = node.integers_of("axes", ())
    else:
        axes = [] if node.get(1) is None else node.needed_integers(1, "axes")
    if not axes and node.opset >= since and node.integer("noop_with_empty_axes", 0):
        return []
    return sorted(node.from_front(axis, rank_of(x)) for axis in axes) or list(range(rank_of(x)))


def keepdims(node: Node) -> bool:
    return bool(node.integer("keepdims", 1))


@converts("ReduceLogSumExp")
def reduce_log_sum_exp(node: Node) -> SSAValue:
    """log(sum(exp(x - max))) + max, which can't overflow"""
    x = node[0]
    axes = axes_of(node, x)
    if not axes:
        return x
    top = node.reduce("max", x, axes)
    top = node.select(node(graph.IsInfOp(top)), 0.0, top)
    total = node.log(node.reduce("sum", node.exp(node.sub(x, top)), axes))
    result = node.add(total, top)
    return result if keepdims(node) else node.reduce("sum", result, axes, False)


@converts("ArgMax", "ArgMin")
def arg_reduction(node: Node) -> SSAValue:
    """the first of equals, or the last with select_last_index"""
    x = node[0]
    return node(
        graph.ArgReduceOp(
            "max" if node.name == "ArgMax" else "min",
            x,
            axis=node.axis(x, 0),
            keepdims=keepdims(node),
            select_last=bool(node.integer("select_last_index", 0)),
        )
    )
