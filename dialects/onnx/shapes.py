"""ONNX's own shape inference, held so that it is fast and cannot fail an import.

It knows a type for almost every value of which the file states none. It copies the model, so weights are kept from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Attribute, Block
from xdsl.rewriter import Rewriter

from .model import graphs_of, subgraphs_of
from .scope import Scope
from .types import UnknownType, element_of, shape_of
from .value_types import type_of

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

KEPT_FOR_INFERENCE = 1 << 10
"""Bytes. Shape inference reads shapes, axes and the like from small tensors; all bigger ones are kept from it."""


def infer_shapes(model: ModelProto) -> GraphProto | None:
    """The graph with the types that ONNX's shape inference finds; None where it fails.

    It copies the model, so weights are taken out first: of those only the type is needed.
    """
    import onnx.shape_inference

    if any(never_ends(node) for graph in graphs_of(model.graph) for node in graph.node):
        return None
    drop_weights(model.graph)
    try:
        return onnx.shape_inference.infer_shapes(model).graph
    except Exception:  # it raises whatever C++ throws; the graph level infers shapes on its own
        return None


def never_ends(node: NodeProto) -> bool:
    """Whether it is an Einsum with a dot that is no part of an ellipsis: there ONNX's parser of equations loops."""
    equations = [a.s for a in node.attribute if a.name == "equation"] if node.op_type == "Einsum" else []
    return any(b"." in equation.replace(b"...", b"") for equation in equations)


def drop_weights(graph: GraphProto) -> None:
    """Put the type in the place of each big tensor."""
    for index in range(len(graph.initializer) - 1, -1, -1):
        tensor = graph.initializer[index]
        if is_big(tensor):
            state_type(graph, tensor.name, tensor)
            del graph.initializer[index]
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t") and is_big(attribute.t):
                if node.op_type == "Constant" and node.output:
                    state_type(graph, node.output[0], attribute.t)
                attribute.ClearField("t")
        for _, inner in subgraphs_of(node):
            drop_weights(inner)


def is_big(tensor: TensorProto) -> bool:
    return tensor.data_location == tensor.EXTERNAL or tensor.ByteSize() > KEPT_FOR_INFERENCE


def state_type(graph: GraphProto, name: str, tensor: TensorProto) -> None:
    info = graph.value_info.add(name=name)
    info.type.tensor_type.elem_type = tensor.data_type
    for dim in tensor.dims:
        info.type.tensor_type.shape.dim.add(dim_value=dim)


def refine_types(scope: Scope, graph: GraphProto | None) -> None:
    """Give the values of `scope` what `graph` knows of their types beyond what they have."""
    if graph is None:
        return
    for info in (*graph.value_info, *graph.output):
        value = scope.values.get(info.name)
        if value is None or isinstance(value.owner, Block):
            continue
        refined = merge(value.type, type_of(info.type))
        if refined != value.type:
            scope.values[info.name] = Rewriter.replace_value_with_new_type(value, refined)
    for (index, name), inner in scope.inner.items():
        refine_types(inner, dict(subgraphs_of(graph.node[index])).get(name))


def merge(stated: Attribute, inferred: Attribute) -> Attribute:
    """Of two types of one value what both know; where they disagree, what was inferred."""
    if isinstance(inferred, UnknownType):
        return stated
    element = element_of(inferred)
    known, found = shape_of(stated), shape_of(inferred)
    if element is None or known is None or element_of(stated) != element:
        return inferred
    if found is None:
        return stated
    if len(known) != len(found):
        return inferred
    return TensorType(element, [a if b == DYNAMIC_INDEX else b for a, b in zip(known, found, strict=True)])
