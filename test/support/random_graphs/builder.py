"""A random graph as it grows: node by node, with the value of everything in it.

Each node is evaluated as soon as it is drawn: by ONNX's reference evaluator, or by ONNX Runtime for the ops that the
evaluator is known to get wrong (`BY_RUNTIME`). So every shape is known while drawing, and a node whose result is not
finite, too large or too long is drawn again. Ops that jump (Floor, Less, ArgMax, a cast to an integer) only take
values that no rounding has touched (`exact`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

Array = np.ndarray[Any, np.dtype[Any]]

OPSET = 26
IR_VERSION = 10
LARGEST = 100.0
LARGEST_INTEGER = 300
MOST_ELEMENTS = 2000

BY_RUNTIME = {
    "AveragePool",  # ceil_mode with pads counted
    "ConvTranspose",  # groups: wrong numbers
    "GatherElements",  # indices that are fewer than x along other axes
    "GRU",  # one direction only, no sequence lengths
    "GlobalMaxPool",  # one or three spatial dims: takes the wrong axes
    "GridSample",
    "LRN",  # images only
    "LSTM",
    "Loop",  # scanned outputs
    "LpNormalization",  # p = 1 of negative numbers
    "LpPool",  # pads and dilations
    "MaxUnpool",
    "MaxPool",  # pads that differ between the two ends
    "Optional",  # a list around what it holds
    "OptionalGetElement",
    "OptionalHasElement",
    "Pad",  # negative pads
    "QLinearConv",  # groups
    "RNN",
    "Scan",  # backwards
    "Unique",  # in the order of the data
    "Resize",  # to a dim of 1: align_corners and pytorch_half_pixel
}
"""Where the reference evaluator departs from the specification, or lacks a part of it."""

FLOATS = (np.float32, np.float64)
NUMBERS = (*FLOATS, np.int64, np.int32)
NARROW = (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.uint64)
ANY = (*NUMBERS, *NARROW, np.bool_)


class Again(Exception):
    """This node cannot stand here: draw another."""


class Builder:
    """The graph so far. What is drawn follows from the seed alone."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        self.random = np.random.default_rng(seed)
        self.nodes: list[NodeProto] = []
        self.values: dict[str, Array] = {}
        self.constants: dict[str, Array] = {}
        self.inputs: list[str] = []
        self.exact: set[str] = set()
        self.used: set[str] = set()
        self.last: set[str] = set()
        """Results of a size that the data decide: outputs, from which nothing is computed."""

    # Choices

    def one_of(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    def integer(self, low: int, high: int) -> int:
        return self.chance.randint(low, high)

    def integers(self, count: int, low: int, high: int) -> list[int]:
        return [self.integer(low, high) for _ in range(count)]

    def maybe(self, of: int = 2) -> bool:
        """True once in so many times."""
        return self.chance.randrange(of) == 0

    def shuffled(self, items: Sequence[Any]) -> list[Any]:
        return self.chance.sample(items, len(items))

    def some(self, items: Sequence[Any], least: int = 0) -> list[Any]:
        """Some of `items`, in any order."""
        return self.chance.sample(items, self.integer(min(least, len(items)), len(items)))

    # Values

    def numbers(self, shape: Sequence[int], dtype: Any = np.float32) -> Array:
        """Nothing smaller than 0.25, so that dividing is harmless."""
        if dtype is np.bool_:
            return self.random.integers(0, 2, shape).astype(bool)
        if np.issubdtype(dtype, np.unsignedinteger):
            return self.random.integers(1, 10, shape).astype(dtype)
        if np.issubdtype(dtype, np.integer):
            return np.asarray(self.random.choice([-7, -3, -2, -1, 1, 2, 3, 5], shape)).astype(dtype)
        return np.asarray(self.random.uniform(0.25, 2, shape) * self.random.choice([-1, 1], shape)).astype(dtype)

    def shape(self, rank: int) -> list[int]:
        return [self.one_of(3, 1, 2, 4, 5, 17) for _ in range(rank)]

    def input(self, array: Array) -> str:
        name = f"x{len(self.inputs)}"
        self.inputs.append(name)
        self.values[name] = array
        self.exact.add(name)
        return name

    def constant(self, array: Any, dtype: Any = None) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = self.values[name] = np.asarray(array, dtype)
        self.exact.add(name)
        return name

    def fresh(self, array: Array) -> str:
        """A new value: an input of the model, or a weight."""
        return self.input(array) if self.maybe() else self.constant(array)

    def newest(self, exact: bool) -> list[tuple[str, Array]]:
        """What a node may read, the newest first."""
        known = reversed(self.values.items())
        return [(n, array) for n, array in known if n not in self.last and (n in self.exact or not exact)]

    def pick(self, fits: Callable[[Array], bool], otherwise: Callable[[], Array], exact: bool = False) -> str:
        """A value of the graph that fits, one of the newest, or a new input."""
        found = [name for name, array in self.newest(exact) if name not in self.constants and fits(array)]
        if not found or self.maybe(10):
            return self.input(otherwise())
        return self.one_of(*found[:4])

    def tensor(self, kinds: Sequence[Any] = FLOATS, least: int = 0, most: int = 4, exact: bool = False) -> str:
        """A value of one of these dtypes with a rank between `least` and `most`."""
        return self.pick(
            lambda a: a.dtype in [np.dtype(kind) for kind in kinds] and least <= a.ndim <= most,
            lambda: self.numbers(self.shape(self.integer(least, most)), self.one_of(*kinds)),
            exact,
        )

    def image(self, most: int = 5) -> str:
        """float32 [N, C, spatial...]"""

        def make() -> Array:
            spatial = self.one_of(*(n for n in (2, 2, 1, 3) if n + 2 <= most))
            sizes = [self.integer(3, (40, 9, 5)[spatial - 1]) for _ in range(spatial)]
            return self.numbers([self.integer(1, 2), self.one_of(1, 2, 3, 4, 6, 16), *sizes])

        return self.pick(lambda a: a.dtype == np.float32 and 3 <= a.ndim <= most and min(a.shape[2:]) > 1, make)

    def fellow(self, name: str, dtype: Any = None, exact: bool = False) -> str:
        """A value that broadcasts with that of `name`: from the graph, or new."""
        array = self.values[name]
        want = array.dtype if dtype is None else np.dtype(dtype)

        def make() -> Array:
            shape = [1 if self.maybe(4) else dim for dim in array.shape]
            return self.numbers(shape[self.integer(0, array.ndim) :], want.type)

        found = [other for other, value in self.newest(exact) if value.dtype == want and broadcasts(value, array)]
        return self.one_of(*found[:3]) if found and self.maybe() else self.fresh(make())

    # Nodes

    def node(self, op: str, *inputs: str, outputs: int = 1, keeps: bool = False, **attributes: Any) -> str:
        """Add a node and its values. `keeps`: exact operands give exact results."""
        names = self.fresh_names(outputs)
        domain = attributes.pop("domain", "")
        made = helper.make_node(op, inputs, names, name=f"{op}_{len(self.nodes)}", domain=domain, **attributes)
        return self.add([made], names, keeps)

    def fresh_names(self, outputs: int = 1) -> list[str]:
        return [f"v{len(self.nodes)}" + (f"_{i}" if i else "") for i in range(outputs)]

    def add(self, nodes: list[NodeProto], names: list[str], keeps: bool = False) -> str:
        """Add nodes that belong together, of which `names` are the results that others may use."""
        made = {name for node in nodes for name in node.output}
        read = [name for node in nodes for name in (*node.input, *captured(node)) if name and name not in made]
        arrays = {name: self.values[name] for name in dict.fromkeys(read)}
        results = evaluated(nodes, names, arrays)
        if not all(map(tame, results)):
            raise Again(nodes[0].op_type)
        self.nodes += nodes
        self.used.update(arrays)
        self.values |= dict(zip(names, results, strict=True))
        if keeps and all(name in self.exact for name in arrays):
            self.exact.update(names)
        return names[0]


def captured(node: NodeProto) -> list[str]:
    """The values outside that the graphs of a node use."""
    found: list[str] = []
    for attribute in node.attribute:
        if attribute.type == attribute.GRAPH:
            graph = attribute.g
            own = {i.name for i in graph.input} | {n for inner in graph.node for n in inner.output}
            own |= {stored.name for stored in graph.initializer}
            found += [n for inner in graph.node for n in (*inner.input, *captured(inner)) if n and n not in own]
            found += [out.name for out in graph.output if out.name not in own]
    return found


def evaluated(nodes: list[NodeProto], names: list[str], arrays: dict[str, Array]) -> list[Array]:
    inputs = [value_info(name, array) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "nodes", inputs, [onnx.ValueInfoProto(name=name) for name in names])
    model = finished(graph)
    try:
        with np.errstate(all="ignore"):
            if not any(node.op_type in BY_RUNTIME or node.domain for node in nodes):
                return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, arrays)]
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        return [np.asarray(value) for value in session.run(None, arrays)]
    except Exception as error:  # neither has a class of its own for what it cannot take
        raise Again(str(error)) from error


def value_info(name: str, array: Array, dims: Sequence[Any] | None = None) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_value_info(name, kind, array.shape if dims is None else dims)


def finished(graph: onnx.GraphProto) -> onnx.ModelProto:
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    used = {node.domain for node in graph.node}
    return helper.make_model(
        graph, opset_imports=[o for o in opsets if not o.domain or o.domain in used], ir_version=IR_VERSION
    )


def stored(array: Array, name: str) -> onnx.TensorProto:
    return numpy_helper.from_array(array, name)


def broadcasts(a: Array, b: Array) -> bool:
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return True


def tame(array: Array) -> bool:
    if not 0 < array.size <= MOST_ELEMENTS or array.dtype == object:
        return False
    if array.dtype.kind == "f":
        return bool(np.isfinite(array).all() and np.abs(array).max() <= LARGEST)
    return array.dtype.kind == "b" or bool(np.abs(array.astype(np.float64)).max() <= LARGEST_INTEGER)
