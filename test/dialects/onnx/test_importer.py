"""The importer is faithful: one node, one op, with the node's operator, values, attributes and name."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest
import real_models
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.onnx import NoValueOp, OnnxOp, StringsAttr, YieldOp, op_class
from stepwell.dialects.onnx.contrib import contrib_schemas
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.dialects.onnx.ops import REGIONS
from stepwell.dialects.onnx.schemas import OLDEST_OPSET, default_of, newest_opset, operator_names, schema
from stepwell.dialects.onnx.tensors import DTYPES, MOST_INLINE
from stepwell.dialects.onnx.types import ELEMENTS
from stepwell.locations import describe
from stepwell.text import parse_module, print_module
from stepwell.verification import find_errors
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, DenseResourceAttr, ModuleOp, NoneType
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue, TypeAttribute

VALUE = helper.make_tensor_value_info


def graph_model(
    nodes: Sequence[NodeProto],
    inputs: Sequence[onnx.ValueInfoProto] | None = None,
    outputs: Sequence[onnx.ValueInfoProto] | None = None,
    weights: Iterable[TensorProto] = (),
    opset: int = 13,
    ir: int = 8,
    **more: Any,
) -> ModelProto:
    given = [VALUE("x", TensorProto.FLOAT, [4])] if inputs is None else inputs
    made = [VALUE("y", TensorProto.FLOAT, [4])] if outputs is None else outputs
    graph = helper.make_graph(list(nodes), "g", list(given), list(made), initializer=list(weights))
    opsets = more.pop("opsets", [helper.make_opsetid("", opset)])
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir, **more)


def main_of(module: ModuleOp) -> FuncOp:
    main = module.body.block.first_op
    assert isinstance(main, FuncOp)
    return main


def nodes_of(module: ModuleOp) -> list[OnnxOp]:
    """The ops of @main that stand for nodes or initializers."""
    return [op for op in main_of(module).body.block.ops if isinstance(op, OnnxOp)]


def array_of(ctx: Context, value: Attribute) -> np.ndarray:
    """The array of a tensor attribute."""
    if isinstance(value, DenseResourceAttr):
        array = ctx.weights[value.resource_handle.data]
        assert array.shape == value.type.get_shape()
        return array
    if isinstance(value, StringsAttr):
        return np.array([text.data for text in value.data], object).reshape(value.type.get_shape())
    assert isinstance(value, DenseIntOrFPElementsAttr)
    kind = next(number for number, (_, element) in ELEMENTS.items() if element == value.get_element_type())
    if kind == TensorProto.BOOL:
        return (np.frombuffer(value.data.data, np.uint8) != 0).reshape(value.get_shape())
    return np.frombuffer(value.data.data, helper.tensor_dtype_to_np_dtype(kind)).reshape(value.get_shape())


# -- a file and its module, node by node ------------------------------------------------------------------------------


class Faithful:
    """Walks a graph and the ops made of it together, and asserts that they say the same."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.nodes = 0

    def graph(self, graph: GraphProto, block: Block, outer: dict[SSAValue, str]) -> None:
        names = dict(outer)
        stored = {tensor.name: tensor for tensor in graph.initializer}
        hidden = set(stored) if isinstance(block.parent_op(), FuncOp) else set[str]()
        given = [value.name for value in graph.input if value.name not in hidden]
        assert len(given) == len(block.args)
        names.update(zip(block.args, given, strict=True))
        ops = [op for op in block.ops if not isinstance(op, NoValueOp)]
        assert len(ops) == len(stored) + len(graph.node) + 1
        for tensor, op in zip(graph.initializer, ops, strict=False):
            assert op.name == "onnx.Constant"
            self.same_tensor(tensor, op.properties["value"])
            names[op.results[0]] = tensor.name
        for node, op in zip(graph.node, ops[len(stored) :], strict=False):
            self.node(node, op, names)
        last = ops[-1]
        assert isinstance(last, ReturnOp | YieldOp)
        assert [names[value] for value in last.operands] == [value.name for value in graph.output]

    def node(self, node: NodeProto, op: Operation, names: dict[SSAValue, str]) -> None:
        self.nodes += 1
        assert isinstance(op, OnnxOp)
        assert (op.op_type, op.domain) == (node.op_type, node.domain or "ai.onnx")
        used = ["" if isinstance(value.type, NoneType) else names[value] for value in op.operands]
        assert used == list(node.input)[: len(used)] and not any(node.input[len(used) :])
        if node.name:
            assert (describe(op.location) or "").startswith(f"node '{node.name}'")
        for attribute in node.attribute:
            self.same_attribute(attribute, op, names)
        regions = {name for name in op.region_names if op.region(name) is not None}
        assert set(op.properties) | regions == {attribute.name for attribute in node.attribute}
        for result, name in zip(op.results, node.output, strict=False):
            names[result] = name

    def same_attribute(self, proto: onnx.AttributeProto, op: OnnxOp, names: dict[SSAValue, str]) -> None:
        value, want = op.attr(proto.name), helper.get_attribute_value(proto)
        if isinstance(want, TensorProto):
            self.same_tensor(want, value)
        elif isinstance(want, onnx.TypeProto):
            assert isinstance(value, TypeAttribute)
        elif isinstance(want, GraphProto):
            assert isinstance(value, Region)
            self.graph(want, value.block, names)
        else:
            assert value == default_of(proto)

    def same_tensor(self, proto: TensorProto, value: Attribute) -> None:
        got, want = array_of(self.ctx, value), numpy_helper.to_array(proto)
        assert got.shape == want.shape and got.dtype == want.dtype
        assert got.tobytes() == want.tobytes()
        assert isinstance(value, DenseResourceAttr) == (got.size > MOST_INLINE)


def count_nodes(graph: onnx.GraphProto) -> int:
    """The nodes of a graph and of the graphs in it."""
    inner = [attribute.g for node in graph.node for attribute in node.attribute if attribute.HasField("g")]
    return len(graph.node) + sum(map(count_nodes, inner))


@pytest.mark.parametrize("name", real_models.SUPPORTED)
def test_real_models(name: str):
    path = real_models.fetch(name)
    ctx = Context()
    module = import_onnx(ctx, path)
    assert not list(find_errors(module))
    proto = onnx.load(path)
    check = Faithful(ctx)
    check.graph(proto.graph, main_of(module).body.block, {})
    assert check.nodes == count_nodes(proto.graph)
    text = print_module(module)
    again = parse_module(Context(weights=ctx.weights), text, "again.mlir")
    assert again.is_structurally_equivalent(module)
    assert print_module(again) == text
    located = print_module(module, locations=True)
    assert print_module(parse_module(Context(weights=ctx.weights), located, "again.mlir"), locations=True) == located


def test_interface():
    shape = ["batch", 3, None]
    made = graph_model(
        [helper.make_node("Relu", ["x"], ["y"])], [VALUE("x", 1, shape)], [VALUE("y", 1, ["batch", 3, "n"])]
    )
    assert print_module(import_onnx(Context(), made)).splitlines()[1].strip() == (
        'func.func @main(%x: tensor<?x3x?xf32> {stepwell.name = "x", stepwell.dims = ["batch", 3 : i64, ""]}) -> '
        '(tensor<?x3x?xf32> {stepwell.name = "y", stepwell.dims = ["batch", 3 : i64, "n"]}) {'
    )


def test_the_same_from_a_file_its_bytes_and_a_proto(tmp_path: Path):
    made = graph_model([helper.make_node("Relu", ["x"], ["y"])])
    before = made.SerializeToString()
    (tmp_path / "m.onnx").write_bytes(before)
    texts = [print_module(import_onnx(Context(), source)) for source in (tmp_path / "m.onnx", before, made)]
    assert texts[0] == texts[1] == texts[2]
    assert made.SerializeToString() == before


@pytest.mark.parametrize("opset", range(OLDEST_OPSET, newest_opset() + 1))
def test_every_opset(opset: int):
    made = graph_model([helper.make_node("Relu", ["x"], ["y"])], opset=opset)
    assert nodes_of(import_onnx(Context(), made))[0].opset == opset


# -- values -----------------------------------------------------------------------------------------------------------


def test_an_initializer_that_is_an_input_too():
    """IR version 3 lists every weight as an input; what the file gives, the caller does not hand in."""
    weight = numpy_helper.from_array(np.ones(4, np.float32), "w")
    node = helper.make_node("Add", ["x", "w"], ["y"])
    made = graph_model([node], [VALUE("w", 1, [4]), VALUE("x", 1, [4])], weights=[weight], ir=3)
    main = main_of(import_onnx(Context(), made))
    assert [argument.name_hint for argument in main.args] == ["x"]


def test_optional_inputs_and_outputs_that_are_left_out():
    node = helper.make_node("Clip", ["x", "", "high"], ["y"])
    more = helper.make_node("Dropout", ["x", "", ""], ["z", ""])
    high = numpy_helper.from_array(np.float32(6), "high")
    made = graph_model([node, more], outputs=[VALUE("y", 1, None), VALUE("z", 1, None)], weights=[high])
    constant, clip, dropout = nodes_of(import_onnx(Context(), made))
    assert clip.input(0) is not None and clip.input(1) is None
    assert clip.input(2) is constant.results[0] and clip.input(3) is None
    assert len(dropout.operands) == 1 and len(dropout.results) == 1


def test_an_output_left_out_in_the_middle_keeps_its_place():
    node = helper.make_node("LSTM", ["x", "w", "r"], ["", "", "y"], hidden_size=2)
    inputs = [VALUE("x", 1, [3, 1, 5]), VALUE("w", 1, [1, 8, 5]), VALUE("r", 1, [1, 8, 2])]
    (lstm,) = nodes_of(import_onnx(Context(), graph_model([node], inputs, [VALUE("y", 1, None)])))
    assert [isinstance(value.type, NoneType) for value in lstm.results] == [True, True, False]


def test_nodes_without_names_are_named_by_what_they_make():
    (relu,) = nodes_of(import_onnx(Context(), graph_model([helper.make_node("Relu", ["x"], ["y"])])))
    assert describe(relu.location) == "node 'y'"


def test_unsorted_nodes_are_sorted():
    nodes = [
        helper.make_node("Relu", ["b"], ["y"], name="third"),
        helper.make_node("Neg", ["x"], ["a"], name="first"),
        helper.make_node("Abs", ["a"], ["b"], name="second"),
    ]
    assert [op.op_type for op in nodes_of(import_onnx(Context(), graph_model(nodes)))] == ["Neg", "Abs", "Relu"]


def test_an_input_that_is_an_output():
    made = graph_model([], outputs=[VALUE("x", 1, [4])])
    main = main_of(import_onnx(Context(), made))
    last = main.body.block.last_op
    assert isinstance(last, ReturnOp) and isinstance(last.operands[0], BlockArgument)


def test_types_are_inferred_without_the_weights():
    weight = numpy_helper.from_array(np.zeros((8, 3, 3, 3), np.float32), "w")
    made = graph_model(
        [helper.make_node("Conv", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])],
        [VALUE("x", 1, ["n", 3, 10, 10])],
        weights=[weight],
        outputs=[VALUE("y", 1, None)],
    )
    for op in nodes_of(import_onnx(Context(), made))[1:]:
        assert str(op.results[0].type) == "tensor<?x8x8x8xf32>"


def test_a_wrong_type_in_the_file_is_an_error_or_corrected():
    nodes = [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    made = graph_model(nodes)
    made.graph.value_info.append(VALUE("h", TensorProto.INT64, [4]))
    with pytest.raises(StepwellError, match="output 0"):
        import_onnx(Context(), made)


# -- tensors ----------------------------------------------------------------------------------------------------------


def stored(array: np.ndarray, raw: bool) -> TensorProto:
    """`array` as a tensor, as raw bytes or as a list of numbers."""
    proto = numpy_helper.from_array(array, "w")
    if not raw:
        kind = proto.data_type
        flat = array.reshape(-1)
        if array.dtype.itemsize < 4 and array.dtype.kind not in "iub":
            flat = flat.view(f"uint{8 * array.dtype.itemsize}")
            proto.ClearField("raw_data")
            proto.int32_data.extend(int(v) for v in flat)
        elif array.dtype.kind == "c":
            proto.ClearField("raw_data")
            field = proto.float_data if array.dtype == np.complex64 else proto.double_data
            field.extend(flat.view(flat.real.dtype))
        else:
            proto = helper.make_tensor("w", kind, array.shape, flat.tolist())
    return proto


ARRAYS = [
    np.array([[0.0, -0.0], [np.nan, -np.inf]], np.float32),
    np.array([0.0, -0.0, 0.0], np.float32),
    np.array([1e-45, 1e38, 0.1, 1 / 3, 1e20], np.float32),
    np.array([5e-324, 1e308, 0.1, 1e22], np.float64),
    np.array([1.5, -0.0, 65504, 1e-7], np.float16),
    np.array([1.5, 3e38, 1e-7], ml_dtypes.bfloat16),
    np.array([-128, 127], np.int8),
    np.array([0, 255], np.uint8),
    np.array([-(2**15), 2**15 - 1], np.int16),
    np.array([0, 2**16 - 1], np.uint16),
    np.array([-(2**31), 2**31 - 1], np.int32),
    np.array([0, 2**32 - 1], np.uint32),
    np.array([-(2**63), 2**63 - 1], np.int64),
    np.array([0, 2**64 - 1], np.uint64),
    np.array([True, False, True]),
    np.array(7, np.int64),
    np.array([], np.int64),
    np.zeros((3, 0, 2), np.float32),
    np.full(5, -0.0, np.float32),
    np.arange(100, dtype=np.float32).reshape(4, 25),
    np.array([1 + 2j, -3j], np.complex64),
    np.array([1 + 2j, -3j], np.complex128),
    np.array([1, -2, 0.5], ml_dtypes.float8_e4m3fn),
    np.array([1, -2, 0.5], ml_dtypes.float8_e5m2),
]


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.name}-{array.size}")
def test_tensors_keep_every_bit(array: np.ndarray, raw: bool):
    ctx = Context()
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    made = graph_model([], [], [VALUE("w", kind, array.shape)], [stored(array, raw)], opset=newest_opset(), ir=13)
    module = import_onnx(ctx, made)
    for each in (module, parse_module(Context(weights=ctx.weights), print_module(module), "again.mlir")):
        got = array_of(ctx, nodes_of(each)[0].properties["value"])
        assert got.dtype == array.dtype and got.shape == array.shape
        assert got.tobytes() == array.tobytes()


@pytest.mark.parametrize("kind", [TensorProto.INT4, TensorProto.UINT4, TensorProto.INT2, TensorProto.UINT2])
@pytest.mark.parametrize("count", [1, 3, 8])
@pytest.mark.parametrize("raw", [True, False])
def test_narrow_integers_are_unpacked(kind: int, count: int, raw: bool):
    low, high = {"INT4": (-8, 7), "UINT4": (0, 15), "INT2": (-2, 1), "UINT2": (0, 3)}[TensorProto.DataType.Name(kind)]
    values = np.random.default_rng(0).integers(low, high, count, endpoint=True)
    proto = helper.make_tensor("w", kind, [count], values)
    if raw and not proto.HasField("raw_data"):
        data = bytes(v & 0xFF for v in proto.int32_data)
        proto.ClearField("int32_data")
        proto.raw_data = data
    ctx = Context()
    module = import_onnx(ctx, graph_model([], [], [VALUE("w", kind, [count])], [proto], opset=newest_opset(), ir=13))
    got = array_of(ctx, nodes_of(module)[0].properties["value"])
    assert got.astype(np.int64).tolist() == values.tolist()


def test_strings_with_anything_in_them():
    words = ["", "a b", 'quote " and \\', "new\nline", "tab\t", "zero\0", "ünïcödé 猫"]
    proto = TensorProto(name="w", data_type=TensorProto.STRING, dims=[len(words)])
    proto.string_data.extend(word.encode() for word in words)
    ctx = Context()
    module = import_onnx(ctx, graph_model([], [], [VALUE("w", TensorProto.STRING, [len(words)])], [proto]))
    again = parse_module(ctx, print_module(module), "again.mlir")
    assert array_of(ctx, nodes_of(again)[0].properties["value"]).tolist() == words


@pytest.mark.parametrize(
    ("dims", "indices", "dense"),
    [
        ([5], [1, 3], [0, 7, 0, 8, 0]),
        ([2, 3], [[0, 1], [1, 2]], [[0, 7, 0], [0, 0, 8]]),
        ([2, 3], [1, 5], [[0, 7, 0], [0, 0, 8]]),
    ],
)
def test_sparse_initializers_are_made_dense(dims: list[int], indices: list[Any], dense: list[Any]):
    made = graph_model([], [], [VALUE("w", 1, dims)])
    values = numpy_helper.from_array(np.array([7, 8], np.float32), "w")
    made.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, numpy_helper.from_array(np.array(indices), "i"), dims)
    )
    ctx = Context()
    (constant,) = nodes_of(import_onnx(ctx, made))
    assert array_of(ctx, constant.properties["value"]).tolist() == dense


def test_data_in_other_files(tmp_path: Path):
    weights = {name: np.random.default_rng(0).random((16, 16), np.float32) for name in ("a", "b")}
    weights["b"] += 1
    made = graph_model(
        [helper.make_node("MatMul", ["x", "a"], ["h"]), helper.make_node("MatMul", ["h", "b"], ["y"])],
        [VALUE("x", 1, [1, 16])],
        [VALUE("y", 1, None)],
        weights=[numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    onnx.save(made, tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    ctx = Context()
    module = import_onnx(ctx, tmp_path / "m.onnx")
    assert str(nodes_of(module)[-1].results[0].type) == "tensor<1x16xf32>"
    for name, array in weights.items():
        assert np.array_equal(ctx.weights[name], array)


# -- graphs inside of graphs, functions -------------------------------------------------------------------------------


def branch(name: str, *nodes: NodeProto, result: str, weights: Sequence[TensorProto] = ()) -> GraphProto:
    return helper.make_graph(list(nodes), name, [], [VALUE(result, 1, [4])], initializer=weights)


def choice() -> ModelProto:
    """An If whose branches see outer values, one with a weight of its own, one with an If inside."""
    weight = numpy_helper.from_array(np.ones(4, np.float32), "w")
    yes = branch("yes", helper.make_node("Add", ["h", "w"], ["s"], name="add"), result="s", weights=[weight])
    nothing = branch("no", helper.make_node("Identity", ["h"], ["i"]), result="i")
    inner = helper.make_node("If", ["c"], ["t"], then_branch=yes, else_branch=nothing, name="inner")
    outer = helper.make_node("If", ["c"], ["y"], then_branch=yes, else_branch=branch("no", inner, result="t"))
    nodes = [helper.make_node("Neg", ["x"], ["h"]), outer]
    return graph_model(nodes, [VALUE("x", 1, [4]), VALUE("c", TensorProto.BOOL, [])])


def scan() -> ModelProto:
    body = helper.make_graph(
        [helper.make_node("Add", ["state", "item"], ["next"]), helper.make_node("Identity", ["next"], ["out"])],
        "body",
        [VALUE("state", 1, [2]), VALUE("item", 1, [2])],
        [VALUE("next", 1, [2]), VALUE("out", 1, [2])],
    )
    node = helper.make_node("Scan", ["s", "x"], ["last", "y"], body=body, num_scan_inputs=1)
    made = [VALUE("last", 1, [2]), VALUE("y", 1, [3, 2])]
    return graph_model([node], [VALUE("s", 1, [2]), VALUE("x", 1, [3, 2])], made)


def loop() -> ModelProto:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go2"]), helper.make_node("Add", ["v", "x"], ["v2"])],
        "body",
        [VALUE("i", TensorProto.INT64, []), VALUE("go", TensorProto.BOOL, []), VALUE("v", 1, [4])],
        [VALUE("go2", TensorProto.BOOL, []), VALUE("v2", 1, [4])],
    )
    limit = numpy_helper.from_array(np.array(3, np.int64), "n")
    return graph_model([helper.make_node("Loop", ["n", "", "x"], ["y"], body=body)], weights=[limit])


@pytest.mark.parametrize("make", [choice, scan, loop])
def test_graphs_inside_of_graphs_are_regions(make: Any):
    made, ctx = make(), Context()
    onnx.checker.check_model(made)
    module = import_onnx(ctx, made)
    assert not list(find_errors(module))
    Faithful(ctx).graph(made.graph, main_of(module).body.block, {})
    text = print_module(module)
    assert print_module(parse_module(Context(), text, "again.mlir")) == text


def test_types_inside_of_regions_are_inferred():
    module = import_onnx(Context(), choice())
    inside = [op for op in module.walk() if isinstance(op, OnnxOp) and op.op_type == "Add"]
    assert [str(op.results[0].type) for op in inside] == ["tensor<4xf32>"] * 2


def with_functions() -> ModelProto:
    """y = affine(leaky(x)): functions with an attribute, a default, a call inside, and a subgraph."""
    mine, plain = helper.make_opsetid("mine", 1), helper.make_opsetid("", 13)
    leaky = helper.make_node("LeakyRelu", ["a"], ["b"], name="l")
    leaky.attribute.add(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    softened = helper.make_function("mine", "leaky", ["a"], ["b"], [leaky], [plain], ["slope"])
    scale = helper.make_node("Constant", [], ["k"])
    scale.attribute.add(name="value_float", ref_attr_name="scale", type=onnx.AttributeProto.FLOAT)
    body = [
        scale,
        helper.make_node("leaky", ["a"], ["h"], domain="mine", slope=0.5),
        helper.make_node("Mul", ["h", "k"], ["b"]),
    ]
    affine = helper.make_function(
        "mine", "affine", ["a"], ["b"], body, [plain, mine], [], [helper.make_attribute("scale", 3.0)]
    )
    nodes = [
        helper.make_node("leaky", ["x"], ["t"], domain="mine", slope=0.25, name="one"),
        helper.make_node("affine", ["t"], ["u"], domain="mine", name="two"),
        helper.make_node("affine", ["u"], ["y"], domain="mine", name="three", scale=2.0),
    ]
    return graph_model(nodes, opsets=[plain, mine], functions=[softened, affine])


def test_functions_are_inlined():
    made = with_functions()
    onnx.checker.check_model(made)
    ops = nodes_of(import_onnx(Context(), made))
    assert [op.op_type for op in ops] == ["LeakyRelu", *["Constant", "LeakyRelu", "Mul"] * 2]
    assert [op.attr("alpha") for op in ops if op.op_type == "LeakyRelu"] == [0.25, 0.5, 0.5]
    assert [op.attr("value_float") for op in ops if op.op_type == "Constant"] == [3.0, 2.0]
    assert describe(ops[0].location) == "node 'one/l'"
    for before, after in zip((ops[0], ops[2], ops[3], ops[5]), (ops[2], ops[3], ops[5], ops[6]), strict=True):
        assert after.operands[0] is before.results[0]


def test_calls_of_one_name_do_not_share_values():
    """Nothing says that nodes have different names."""
    made = with_functions()
    for node in made.graph.node:
        node.name = "same"
    names = [describe(op.location) for op in nodes_of(import_onnx(Context(), made))]
    assert len(set(names)) == len(names) == 7


def test_a_graph_inside_of_a_function_sees_what_the_call_gives():
    weight = numpy_helper.from_array(np.ones(4, np.float32), "w")
    yes = branch("yes", helper.make_node("Add", ["a", "w"], ["s"]), result="s", weights=[weight])
    no = branch("no", helper.make_node("Mul", ["a", "h"], ["p"]), result="p")
    body = [
        helper.make_node("Neg", ["a"], ["h"]),
        helper.make_node("If", ["c"], ["b"], then_branch=yes, else_branch=no),
    ]
    plain, mine = helper.make_opsetid("", 13), helper.make_opsetid("mine", 1)
    gate = helper.make_function("mine", "gate", ["a", "c"], ["b"], body, [plain])
    calls = [
        helper.make_node("gate", ["x", "k"], ["m"], domain="mine"),
        helper.make_node("gate", ["m", "k"], ["y"], domain="mine"),
    ]
    inputs = [VALUE("x", 1, [4]), VALUE("k", TensorProto.BOOL, [])]
    module = import_onnx(Context(), graph_model(calls, inputs, opsets=[plain, mine], functions=[gate]))
    assert not list(find_errors(module))
    ops = nodes_of(module)
    assert [op.op_type for op in ops] == ["Neg", "If", "Neg", "If"]
    for neg, choose in (ops[:2], ops[2:]):
        inside = {op.op_type: op for op in choose.walk() if isinstance(op, OnnxOp)}
        assert inside["Add"].operands[0] is neg.operands[0] is inside["Mul"].operands[0]
        assert inside["Mul"].operands[1] is neg.results[0]
    assert ops[2].operands[0] is ops[1].results[0]


def test_a_function_that_hands_its_input_through():
    hands = helper.make_function("mine", "same", ["a"], ["a"], [], [helper.make_opsetid("", 13)])
    made = graph_model(
        [helper.make_node("same", ["x"], ["y"], domain="mine")],
        opsets=[helper.make_opsetid("", 13), helper.make_opsetid("mine", 1)],
        functions=[hands],
    )
    assert [op.op_type for op in nodes_of(import_onnx(Context(), made))] == ["Identity"]


# -- ONNX's own examples ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def examples() -> list[ModelProto]:
    """Of the models of ONNX's conformance tests, which use every operator, two small ones with the same operators."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        models = [case.model for case in collect_testcases(None) if case.model and len(case.model.graph.node) < 9]
    alike: dict[tuple[str, ...], list[ModelProto]] = defaultdict(list)
    for model in models:
        alike[tuple(node.op_type for node in model.graph.node)].append(model)
    return [model for group in alike.values() for model in (group[0], group[-1])]


def test_the_examples_of_every_operator(examples: list[ModelProto]):
    met: set[str] = set()
    for model in examples:
        opsets = {entry.domain: entry.version for entry in model.opset_import}
        if opsets.get("", OLDEST_OPSET) < OLDEST_OPSET:
            continue
        ctx = Context()
        module = import_onnx(ctx, model)
        assert not list(find_errors(module))
        if not model.functions:
            Faithful(ctx).graph(model.graph, main_of(module).body.block, {})
        met.update(op.name for op in module.walk() if isinstance(op, OnnxOp))
        text = print_module(module)
        again = parse_module(Context(weights=ctx.weights), text, "again.mlir")
        assert again.is_structurally_equivalent(module)
        assert print_module(again) == text
    assert len(met) > 190


# -- the dialect ------------------------------------------------------------------------------------------------------


def test_every_operator_is_an_op():
    names = {(s.domain or "ai.onnx", s.name) for s in onnx.defs.get_all_schemas_with_history()}
    names |= set(contrib_schemas())
    assert set(operator_names()) == names
    ctx = Context()
    for domain, name in names:
        made = ctx.get_op(f"onnx.{name}" if domain == "ai.onnx" else f"onnx.{domain}.{name}")
        assert made is op_class(domain, name)
        newest = schema(domain, name, newest_opset(domain))
        assert newest is not None
        graphs = tuple(spec.name for spec in newest.attributes.values() if spec.kind == "GRAPH")
        assert graphs == REGIONS.get(name, ())


def test_every_attribute_kind_and_element_type_is_known():
    kinds = Counter(
        str(spec.type).rpartition(".")[2]
        for s in onnx.defs.get_all_schemas_with_history()
        for spec in s.attributes.values()
    )
    from stepwell.dialects.onnx.ops import _KINDS as known

    assert set(kinds) - {"GRAPH"} == set(known)
    numbers = set(TensorProto.DataType.values()) - {TensorProto.UNDEFINED}
    assert numbers <= set(ELEMENTS)
    for number in DTYPES:
        assert np.dtype(helper.tensor_dtype_to_np_dtype(number)).name == DTYPES[number][0]


def test_attributes_have_their_defaults():
    (op,) = nodes_of(import_onnx(Context(), graph_model([helper.make_node("LeakyRelu", ["x"], ["y"])])))
    assert op.attr("alpha") == np.float32(0.01)
    (op,) = nodes_of(import_onnx(Context(), graph_model([helper.make_node("Softmax", ["x"], ["y"])], opset=12)))
    assert op.attr("axis") == 1
    (op,) = nodes_of(import_onnx(Context(), graph_model([helper.make_node("Softmax", ["x"], ["y"])], opset=13)))
    assert op.attr("axis") == -1


def test_tools_that_see_no_onnx_do_not_import_it():
    code = "import sys, stepwell.dialects.onnx, stepwell.tools.opt; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
