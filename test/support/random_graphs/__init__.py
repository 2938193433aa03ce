"""Random small ONNX models from the operators' specs, with their inputs and expected outputs.

    drawn = graph(seed)              drawn.model, drawn.feeds, drawn.expected
    python -m random_graphs          the long run: thousands of them on all targets (with test/support on the path)

`builder.py` holds the graph as it grows; the other files hold a function an operator, which draws its operands and
attributes (`OPERATORS`), or say why there is none (`WITHOUT`). `reduce.py` makes a failing graph small.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper, numpy_helper

from . import arithmetic, blocks, movement, products, quantized, signal, windows  # each registers its operators
from .builder import IR_VERSION, OPSET, Again, Array, Builder, evaluated, finished, stored, value_info
from .table import OPERATORS, WEIGHTS, WITHOUT

FAMILIES = (arithmetic, blocks, movement, products, quantized, signal, windows)

TRIES = 3
"""How often a node is drawn anew before the graph goes on without it."""

MOST_NODES = 8


@dataclass
class Drawn:
    """A model, arrays for its inputs, what its outputs must be, and the value of everything in it."""

    model: onnx.ModelProto
    feeds: dict[str, Array]
    expected: dict[str, Array]
    values: dict[str, Array] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return onnx.printer.to_text(self.model)


def graph(seed: int, symbolic: bool = False, without: frozenset[str] = frozenset()) -> Drawn:
    """The graph of a seed: 2 to 8 drawn nodes. `symbolic`: its inputs' dims have names instead of sizes."""
    builder = Builder(seed)
    ops = [op for op in OPERATORS if op not in without for _ in range(WEIGHTS.get(op, 1))]
    for _ in range(builder.integer(2, MOST_NODES)):
        for _ in range(TRIES):
            op = builder.one_of(*ops)
            try:
                OPERATORS[op](builder, op)
                break
            except Again:
                continue
    if not builder.nodes:
        builder.node("Relu", builder.tensor(), keeps=True)
    return drawn(builder, symbolic)


def drawn(builder: Builder, symbolic: bool) -> Drawn:
    made = [name for node in builder.nodes for name in node.output if name in builder.values]
    ends = [name for name in made if name not in builder.used]
    also = [name for name in made if name in builder.used]
    outputs = [*ends, *([builder.one_of(*also)] if also and builder.maybe() else [])]
    inputs = [
        value_info(name, array, [f"{name}_{i}" for i in range(array.ndim)] if symbolic else None)
        for name, array in ((name, builder.values[name]) for name in builder.inputs)
    ]
    infos = [onnx.ValueInfoProto(name=n) if symbolic else value_info(n, builder.values[n]) for n in outputs]
    weights = [stored(array, name) for name, array in builder.constants.items()]
    model = finished(helper.make_graph(builder.nodes, "random", inputs, infos, weights))
    feeds = {name: builder.values[name] for name in builder.inputs}
    return Drawn(model, feeds, {name: builder.values[name] for name in outputs}, builder.values)


def graph_of(text: str) -> Drawn:
    """A graph written in ONNX's text form (with or without its header): inputs are drawn, outputs judged as others."""
    header = f'<ir_version: {IR_VERSION}, opset_import: ["" : {OPSET}]>'
    model = onnx.parser.parse_model(text if text.lstrip().startswith("<") else header + text)
    builder = Builder(0)
    builder.values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    feeds: dict[str, Array] = {}
    for info in model.graph.input:
        kind = helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type).type
        feeds[info.name] = builder.numbers([dim.dim_value for dim in info.type.tensor_type.shape.dim], kind)
    outputs = [info.name for info in model.graph.output]
    values = builder.values | feeds
    with np.errstate(all="ignore"):
        expected = dict(zip(outputs, evaluated(list(model.graph.node), outputs, values), strict=True))
    return Drawn(model, feeds, expected, values | expected)


__all__ = ["OPERATORS", "WITHOUT", "Drawn", "graph", "graph_of"]
