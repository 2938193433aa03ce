"""parse(print(m)) is m, for random small graphs with names, weights and attributes of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from stepwell.context import Context
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.text import parse_module, print_module
from stepwell.verification import find_errors

VALUE = helper.make_tensor_value_info

# Names that are no identifiers, that look like numbered ones, or that look alike once they are made identifiers.
NAMES = st.one_of(
    st.sampled_from(["a", "a_1", "a_1_2", "a_1_1", "a.1", "a/1", "a:1", "1", "12", "-", "_", "_0", "$", "%a", "^bb0"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
)
FLOATS = st.floats(width=32)


def unary(draw: Any, source: str) -> NodeProto:
    return helper.make_node(draw(st.sampled_from(["Relu", "Neg", "Exp", "Softmax", "Identity"])), [source], ["?"])


def leaky(draw: Any, source: str) -> NodeProto:
    node = helper.make_node("LeakyRelu", [source], ["?"])
    node.attribute.add(name="alpha", f=draw(FLOATS), type=1)
    return node


def transpose(draw: Any, source: str) -> NodeProto:
    return helper.make_node("Transpose", [source], ["?"], perm=draw(st.permutations([0, 1])))


def clip(draw: Any, source: str) -> NodeProto:
    limits = draw(st.sampled_from([[], ["", "c"], ["c"], ["c", "c"], ["", ""]]))
    return helper.make_node("Clip", [source, *limits], ["?"])


def words(draw: Any, source: str) -> NodeProto:
    texts = draw(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
    return helper.make_node("Constant", [], ["?"], value_strings=texts)


def numbers(draw: Any, source: str) -> NodeProto:
    return helper.make_node("Constant", [], ["?"], value_floats=draw(st.lists(FLOATS, min_size=1, max_size=3)))


def choice(draw: Any, source: str) -> NodeProto:
    name = draw(NAMES)
    then = helper.make_graph(
        [helper.make_node("Relu", [source], [f"in {name}"])], "t", [], [VALUE(f"in {name}", 1, None)]
    )
    other = helper.make_graph([], "e", [], [VALUE(source, 1, None)])
    return helper.make_node("If", ["if"], ["?"], then_branch=then, else_branch=other)


@st.composite
def weights(draw: Any, name: str) -> TensorProto:
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    count = int(np.prod(shape))
    kind = draw(st.sampled_from(["float32", "float64", "float16", "int8", "uint64", "int64", "bool"]))
    data = draw(st.binary(min_size=count * np.dtype(kind).itemsize, max_size=count * np.dtype(kind).itemsize))
    array = np.frombuffer(data, np.uint8) % 2 == 0 if kind == "bool" else np.frombuffer(data, kind)
    return numpy_helper.from_array(array.reshape(shape), name)


@st.composite
def models(draw: Any) -> ModelProto:
    names = draw(st.lists(NAMES.filter(lambda n: n not in ("x", "c", "if", "?")), unique=True, min_size=2, max_size=12))
    split = draw(st.integers(0, len(names) - 1))
    stored = [draw(weights(name)) for name in names[:split]]
    stored.append(numpy_helper.from_array(np.float32(1), "c"))
    floats, nodes, outputs = ["x"], list[NodeProto](), list[str]()
    for name in names[split:]:
        make = draw(st.sampled_from([unary, leaky, transpose, clip, words, numbers, choice]))
        node = make(draw, draw(st.sampled_from(floats)))
        node.output[0] = name
        node.name = draw(st.one_of(st.just(""), NAMES))
        nodes.append(node)
        outputs.append(name)
        if make not in (words, numbers):
            floats.append(name)
    inputs = [VALUE("x", 1, [draw(st.one_of(st.integers(0, 9), NAMES)), 2]), VALUE("if", TensorProto.BOOL, [])]
    results = [VALUE(name, 0, None) for name in outputs]
    for info in results:
        info.ClearField("type")
    graph = helper.make_graph(nodes, "g", inputs, results, initializer=stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@given(models())
@settings(max_examples=60, deadline=None)
def test_parse_of_print_is_the_same(model: ModelProto):
    ctx = Context()
    module = import_onnx(ctx, model)
    assert not list(find_errors(module))
    for locations in (False, True):
        text = print_module(module, locations=locations)
        again = parse_module(Context(weights=ctx.weights), text, "again.mlir")
        assert print_module(again, locations=locations) == text
        assert not list(find_errors(again))
        assert again.is_structurally_equivalent(module)
