"""Matrix products.

  "onnx.Gemm"(%a, %b, %c) {transB = 1, beta = 0.5}
becomes
  graph.add (graph.matmul %a, (graph.transpose %b {perm = [1, 0]})), (graph.mul %c, 0.5)
"""

from __future__ import annotations

from stepwell.dialects import graph
from stepwell.dialects.graph.types import rank_of
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import Size


@converts("MatMul")
def matmul(node: Node) -> SSAValue:
    """numpy's rules: vectors become matrices, batch dims broadcast"""
    return product_of(node, node[0], node[1])


def product_of(node: Node, a: SSAValue, b: SSAValue) -> SSAValue:
    row, column = rank_of(a) == 1, rank_of(b) == 1
    if row:
        a = node.reshape(a, [1, (0,)])
    if column:
        b = node.reshape(b, [(0,), 1])
    product = node(graph.MatmulOp(a, b))
    if not (row or column):
        return product
    dims = rank_of(product)
    dropped = {dims - 2} if row else set[int]()
    dropped |= {dims - 1} if column else set()
    kept: list[Size] = [(axis,) for axis in range(dims) if axis not in dropped]
    return node.reshape(product, kept)


@converts("Gemm", since=7)
def gemm(node: Node) -> SSAValue:
    """alpha * A' * B' + beta * C"""
    a, b, c = node[0], node[1], node.get(2)
    alpha, beta = node.real("alpha", 1.0), node.real("beta", 1.0)
    a = node.transpose(a, [1, 0]) if node.integer("transA", 0) else a
    b = node.transpose(b, [1, 0]) if node.integer("transB", 0) else b
    result = node(graph.MatmulOp(a, b))
    if alpha != 1.0:
        result = node.mul(result, alpha)
    if c is None or beta == 0.0:
        return result
    return node.add(result, c if beta == 1.0 else node.mul(c, beta))
