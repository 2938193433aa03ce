"""Control flow, sequences and optionals: some nodes that belong together each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from .builder import ANY, NUMBERS, Again, Builder, value_info
from .table import draws

FLOAT, BOOL, INT64 = TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64
info = helper.make_tensor_value_info
node = helper.make_node


def body(nodes: Sequence[NodeProto], inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]):
    return helper.make_graph(list(nodes), "body", list(inputs), list(outputs))


@draws("If")
def if_(b: Builder, op: str) -> None:
    x = b.tensor([np.float32])
    condition, name = b.fresh(np.array(b.maybe())), b.fresh_names()[0]
    branches = [
        body([node(kind, [x], [f"{name}_{kind}"])], [], [value_info(f"{name}_{kind}", b.values[x])])
        for kind in b.some(["Relu", "Neg", "Abs", "Identity", "Tanh"], 2)[:2]
    ]
    b.add([node(op, [condition], [name], then_branch=branches[0], else_branch=branches[1])], [name])


@draws("Loop")
def loop(b: Builder, op: str) -> None:
    """state = (state + x) / 2, some times; the states too, one after the other."""
    x = b.tensor([np.float32], most=3)
    kind = b.values[x]
    state = b.fresh(b.numbers(kind.shape))
    name = b.fresh_names()[0]
    half = helper.make_tensor(f"{name}_half", FLOAT, [], [0.5])
    nodes = [
        node("Identity", [f"{name}_go"], [f"{name}_go2"]),
        node("Add", [f"{name}_s", x], [f"{name}_t"]),
        node("Constant", [], [f"{name}_h"], value=half),
        node("Mul", [f"{name}_t", f"{name}_h"], [f"{name}_s2"]),
        node("Neg", [f"{name}_s2"], [f"{name}_out"]),
    ]
    inputs = [info(f"{name}_i", INT64, []), info(f"{name}_go", BOOL, []), value_info(f"{name}_s", kind)]
    outputs = [info(f"{name}_go2", BOOL, []), value_info(f"{name}_s2", kind), value_info(f"{name}_out", kind)]
    times = b.constant(b.integer(1, 4), np.int64)
    results = [name, f"{name}_all"]
    b.add([node(op, [times, "", state], results, body=body(nodes, inputs, outputs))], results)


@draws("Scan")
def scan(b: Builder, op: str) -> None:
    """A running maximum over rows."""
    x = b.tensor([np.float32], least=1, most=3)
    row = b.values[x][0]
    name = b.fresh_names()[0]
    state = b.fresh(b.numbers(row.shape))
    nodes = [
        node("Max", [f"{name}_s", f"{name}_r"], [f"{name}_s2"]),
        node("Sub", [f"{name}_s2", f"{name}_r"], [f"{name}_out"]),
    ]
    inputs = [value_info(f"{name}_s", row), value_info(f"{name}_r", row)]
    outputs = [value_info(f"{name}_s2", row), value_info(f"{name}_out", row)]
    results = [name, f"{name}_all"]
    how = {
        "num_scan_inputs": 1,
        "scan_input_directions": [b.integer(0, 1)],
        "scan_output_directions": [b.integer(0, 1)],
    }
    b.add([node(op, [state, x], results, body=body(nodes, inputs, outputs), **how)], results)


def number(name: str, value: int) -> NodeProto:
    return node("Constant", [], [name], value=numpy_helper.from_array(np.array(value, np.int64)))


@draws("SequenceConstruct", "SequenceAt", "SequenceErase", "SequenceInsert", "SequenceLength", "SequenceEmpty")
def sequence(b: Builder, op: str) -> None:
    """Tensors into a sequence, and one of them (or their number) out of it again."""
    x = b.tensor(NUMBERS)
    y = b.fresh(b.numbers(b.values[x].shape, b.values[x].dtype.type))
    name = b.fresh_names()[0]
    at, made = f"{name}_at", f"{name}_seq"
    kind = helper.np_dtype_to_tensor_dtype(b.values[x].dtype)
    nodes = [number(at, b.one_of(0, 1, -1)), node("SequenceConstruct", [x, y], [made])]
    if op == "SequenceErase":
        nodes += [node(op, [made, at], [f"{name}_less"]), number(f"{name}_0", 0)]
        made, at = f"{name}_less", f"{name}_0"
    elif op == "SequenceInsert":
        nodes.append(node(op, [made, x, at], [f"{name}_more"]))
        made = f"{name}_more"
    elif op == "SequenceEmpty":
        nodes = [node(op, [], [made], dtype=kind), node("SequenceInsert", [made, y], [f"{name}_one"]), number(at, 0)]
        made = f"{name}_one"
    nodes.append(
        node("SequenceLength", [made], [name]) if op == "SequenceLength" else node("SequenceAt", [made, at], [name])
    )
    b.add(nodes, [name], keeps=True)


@draws("SplitToSequence", "ConcatFromSequence")
def parts(b: Builder, op: str) -> None:
    """A tensor in parts, and these put together along another axis or a new one."""
    x = b.tensor([np.float32], least=1, most=3)
    axis = b.integer(0, b.values[x].ndim - 1)
    name = b.fresh_names()[0]
    new = b.integer(0, 1)
    nodes = [
        number(f"{name}_size", 1),
        node("SplitToSequence", [x, f"{name}_size"], [f"{name}_seq"], axis=axis),
        node("ConcatFromSequence", [f"{name}_seq"], [name], axis=b.integer(0, b.values[x].ndim - 1), new_axis=new),
    ]
    b.add(nodes, [name], keeps=True)


@draws("SequenceMap")
def sequence_map(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], least=1, most=3)
    name = b.fresh_names()[0]
    part = b.values[x][:1]
    inner = body(
        [node("Tanh", [f"{name}_a"], [f"{name}_b"])], [value_info(f"{name}_a", part)], [value_info(f"{name}_b", part)]
    )
    nodes = [
        number(f"{name}_size", 1),
        node("SplitToSequence", [x, f"{name}_size"], [f"{name}_seq"], axis=0),
        node(op, [f"{name}_seq"], [f"{name}_mapped"], body=inner),
        node("ConcatFromSequence", [f"{name}_mapped"], [name], axis=0),
    ]
    b.add(nodes, [name])


@draws("Optional", "OptionalHasElement", "OptionalGetElement")
def optional(b: Builder, op: str) -> None:
    x = b.tensor(ANY)
    name = b.fresh_names()[0]
    if b.values[x].ndim == 0:
        raise Again(op)
    last = "OptionalHasElement" if op == "OptionalHasElement" else "OptionalGetElement"
    b.add([node("Optional", [x], [f"{name}_o"]), node(last, [f"{name}_o"], [name])], [name], keeps=True)
