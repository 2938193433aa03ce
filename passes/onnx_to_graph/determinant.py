"""Det: Gaussian elimination with partial pivoting, one step after the other.

In each step the row with the largest first element comes to the top, by arithmetic on whole matrices, so that a batch
needs no more ops than one matrix:

  %best = graph.arg_reduce max (graph.abs (first column of %a))
  %at = graph.compare eq %best, iota                       // [.., n, 1]: which row that is
  %top = graph.reduce sum (graph.select %at, %a, 0)        // [.., 1, n]
  %others = graph.select %at, (first row of %a), %a        // the first row takes its place
  %a = %others, less (its first column / pivot) * %top, one row up and one column to the left, filled with zeros

All steps are alike, so that they are one `graph.loop`.
"""

from __future__ import annotations

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of
from xdsl.dialects.builtin import AnyFloat, f32
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .steps import steps


@converts("Det", since=11)
def determinant(node: Node) -> SSAValue:
    """batches of matrices as well"""
    own = element_type_of(node[0])
    assert isinstance(own, AnyFloat)
    a = node.cast(node[0], f32) if own.bitwidth < 32 else node[0]
    *batch, n, columns = node.static(a)
    if n != columns:
        raise node.unsupported(f"of {n}x{columns} matrices does not exist", "matrices must be square")
    one = node.broadcast_to(node.scalar(1, element_type_of(a)), node.integers([*batch, 1, 1]))

    def body(inside: Node, step: SSAValue, carried: list[SSAValue]) -> list[SSAValue]:
        left, factor = eliminated(inside, carried[0])
        return [left, inside.mul(carried[1], factor)]

    _, result = steps(node, n, [a, one], body) if n else (a, one)
    return node.cast(node.reshape(result, batch), own)


def eliminated(node: Node, a: SSAValue) -> tuple[SSAValue, SSAValue]:
    """What is left of matrices after one step, and the factor of their determinant that was found."""
    n, rows, columns = node.static(a)[-1], len(node.static(a)) - 2, len(node.static(a)) - 1
    best = node(graph.ArgReduceOp("max", node.abs(node.slice(a, columns, 0, 1)), axis=rows, keepdims=True))
    at = node.compare("eq", best, node.constant(np.arange(n).reshape(-1, 1)))
    top = node.reduce("sum", node.select(at, a, 0.0), [rows])
    pivot = node.slice(top, columns, 0, 1)
    others = node.select(at, node.slice(a, rows, 0, 1), a)
    factors = node.div(node.slice(others, columns, 0, 1), node.select(node.compare("eq", pivot, 0), 1.0, pivot))
    rest = node.sub(others, node.mul(factors, top))
    inner = node.slice(node.slice(rest, rows, 1, n - 1), columns, 1, n - 1)
    low, high = (0,) * (rows + 2), (*[0] * rows, 1, 1)
    left = node(graph.PadOp(inner, low=low, high=high))
    return left, node.select(node.compare("eq", best, 0), pivot, node.neg(pivot))
