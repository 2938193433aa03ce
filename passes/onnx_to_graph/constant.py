"""Constants, and values that follow from shapes alone.

  "onnx.ConstantOfShape"(%dims) {value = dense<0.0>}
becomes
  graph.broadcast_to dense<0.0> : tensor<2x3xf32>
"""

from __future__ import annotations

from typing import cast

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import check_made, dtype_of, element_type_of, rank_of
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, DenseResourceAttr
from xdsl.ir import Attribute, SSAValue

from .conversion import Node, converts
from .emitter import Array, static_shape


@converts("Constant")
def constant(node: Node) -> SSAValue:
    """tensors and numbers; no strings, no sparse tensors"""
    if (tensor := given_tensor(node)) is not None:
        return tensor
    for name, dtype in (("value_float", np.float32), ("value_int", np.int64)):
        if node.has(name):
            return node.constant(np.array(node.attribute(name), dtype))
    for name, dtype in (("value_floats", np.float32), ("value_ints", np.int64)):
        if node.has(name):
            return node.constant(np.array(list(cast("list[float]", node.attribute(name))), dtype))
    raise node.unsupported("strings and sparse tensors are not supported", "export the model with dense numbers")


@converts("ConstantOfShape", since=9)
def constant_of_shape(node: Node) -> SSAValue:
    value = given_tensor(node)
    one = node.constant(np.array(0, np.float32)) if value is None else node.reshape(value, [])
    return node.broadcast_to(one, node[0])


def given_tensor(node: Node) -> SSAValue | None:
    """The attribute `value` as a constant."""
    value = node.op.properties.get("value")
    if value is None or not isinstance(value, DenseResourceAttr | DenseIntOrFPElementsAttr):
        return None
    return node(graph.ConstantOp(cast(Attribute, value)))


@converts("Shape")
def shape(node: Node) -> SSAValue:
    x = node[0]
    sizes, dims = node.shape_of(x), rank_of(x)
    if node.opset < 15:
        return sizes
    start = clipped(node.integer("start", 0), dims)
    end = clipped(node.integer("end", dims), dims)
    return sizes if (start, end) == (0, dims) else node.slice(sizes, 0, start, max(end - start, 0))


def clipped(position: int, dims: int) -> int:
    return min(max(position + dims if position < 0 else position, 0), dims)


@converts("Size")
def size(node: Node) -> SSAValue:
    x = node[0]
    return node.reduce("prod", node.shape_of(x), [0], False) if rank_of(x) else node.constant(np.array(1, np.int64))


@converts("Range", since=11)
def range_(node: Node) -> SSAValue:
    """of what shapes and constants tell"""
    return node(graph.DynamicRangeOp(*(node.reshape(node[index], []) for index in range(3))))


@converts("EyeLike", since=9)
def eye_like(node: Node) -> SSAValue:
    """of a known shape"""
    dims = static_shape(node[0])
    if dims is None:
        raise node.open_dims()
    kind = node.element("dtype", element_type_of(node[0]))
    (rows, columns), dtype = dims, dtype_of(kind)
    check_made(rows * columns, "the matrix")
    made: Array = np.eye(rows, columns, k=node.integer("k", 0), dtype=dtype)
    return node.constant(made)
