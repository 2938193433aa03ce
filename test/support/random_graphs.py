"""Random small ONNX models with their inputs and expected outputs, for hypothesis.

    @given(graphs())
    def test(graph: Drawn): graph.model, graph.feeds, graph.expected

A graph grows node by node, and each node is evaluated as soon as it is drawn: by ONNX's reference evaluator, or by
ONNX Runtime for the ops that the evaluator is known to get wrong (`BY_RUNTIME`). So every shape is known while
drawing, and a node whose result is not finite, too large or too long is drawn again. Ops that jump (Floor, Less,
ArgMax, a cast to an integer) only take values that no rounding has touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import NodeProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

Array = np.ndarray[Any, np.dtype[Any]]

OPSET = 20
IR_VERSION = 9
LARGEST = 100.0
MOST_ELEMENTS = 2000

BY_RUNTIME = {
    "ConvTranspose",  # groups: wrong numbers
    "GlobalMaxPool",  # one or three spatial dims: takes the wrong axes
    "MaxPool",  # pads that differ between the two ends
    "Pad",  # negative pads
    "Resize",  # to a dim of 1: align_corners and pytorch_half_pixel
}
"""Where the reference evaluator departs from the specification."""

FLOATS = (np.float32, np.float64)
NUMBERS = (*FLOATS, np.int64, np.int32)
ANY = (*NUMBERS, np.uint8, np.int8, np.bool_)


@dataclass
class Drawn:
    """A model, arrays for its inputs, and what its outputs must be."""

    model: onnx.ModelProto
    feeds: dict[str, Array]
    expected: dict[str, Array]

    def __repr__(self) -> str:
        return onnx.printer.to_text(self.model)


class Again(Exception):
    """This node cannot stand here: draw another."""


def evaluated(node: NodeProto, arrays: dict[str, Array]) -> list[Array]:
    model = one_node_model(node, arrays)
    with np.errstate(all="ignore"):
        if node.op_type not in BY_RUNTIME:
            return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, arrays)]
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), options)
            return session.run(None, arrays)
        except Exception as error:  # its errors have no common class
            raise Again(str(error)) from error


def one_node_model(node: NodeProto, arrays: dict[str, Array]) -> onnx.ModelProto:
    inputs = [value_info(name, array) for name, array in arrays.items()]
    graph = helper.make_graph([node], "node", inputs, [onnx.ValueInfoProto(name=name) for name in node.output])
    return finished(graph)


def value_info(name: str, array: Array, dims: Sequence[Any] | None = None) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_value_info(name, kind, array.shape if dims is None else dims)


def finished(graph: onnx.GraphProto) -> onnx.ModelProto:
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


@dataclass
class Builder:
    """The graph so far, with the value of everything in it."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    random: np.random.Generator
    nodes: list[NodeProto] = field(default_factory=list)
    values: dict[str, Array] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    exact: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    # Choices
    def one_of(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def integers(self, count: int, low: int, high: int) -> list[int]:
        return [self.integer(low, high) for _ in range(count)]

    def maybe(self) -> bool:
        return self.draw(st.booleans())

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

    def pick(self, fits: Callable[[Array], bool], otherwise: Callable[[], Array], exact: bool = False) -> str:
        """A value of the graph that fits, the newest most likely, or a new input."""
        found = [
            name
            for name, array in reversed(self.values.items())
            if name not in self.constants and fits(array) and (name in self.exact or not exact)
        ]
        if not found or self.draw(st.integers(0, 9)) == 9:
            return self.input(otherwise())
        return self.one_of(*found[:4])

    def tensor(self, kinds: Sequence[Any] = FLOATS, least: int = 0, most: int = 4, exact: bool = False) -> str:
        """A value of one of these dtypes with a rank between `least` and `most`."""
        return self.pick(
            lambda a: a.dtype in [np.dtype(kind) for kind in kinds] and least <= a.ndim <= most,
            lambda: self.numbers(self.shape(self.integer(least, most)), self.one_of(*kinds)),
            exact,
        )

    def image(self) -> str:
        """float32 [N, C, spatial...]"""

        def make() -> Array:
            spatial = self.one_of(2, 2, 1, 3)
            sizes = [self.integer(3, (40, 9, 5)[spatial - 1]) for _ in range(spatial)]
            return self.numbers([self.integer(1, 2), self.one_of(1, 2, 3, 4, 6, 16), *sizes])

        return self.pick(lambda a: a.dtype == np.float32 and 3 <= a.ndim <= 5 and min(a.shape[2:]) > 1, make)

    def fellow(self, name: str, dtype: Any = None, exact: bool = False) -> str:
        """A value that broadcasts with that of `name`: from the graph, or new."""
        array = self.values[name]
        want = array.dtype if dtype is None else np.dtype(dtype)

        def make() -> Array:
            shape = [1 if self.integer(0, 3) == 3 else dim for dim in array.shape]
            return self.numbers(shape[self.integer(0, array.ndim) :], want.type)

        found = [
            other
            for other, value in reversed(self.values.items())
            if value.dtype == want and broadcasts(value, array) and (other in self.exact or not exact)
        ]
        return self.one_of(*found[:3]) if found and self.maybe() else self.fresh(make())

    # Nodes
    def node(self, op: str, *inputs: str, outputs: int = 1, keeps: bool = False, **attributes: Any) -> str:
        """Add a node and its values. `keeps`: exact operands give exact results."""
        names = [f"v{len(self.nodes)}" + (f"_{i}" if i else "") for i in range(outputs)]
        node = helper.make_node(op, inputs, names, name=f"{op}_{len(self.nodes)}", **attributes)
        arrays = {name: self.values[name] for name in inputs if name}
        results = evaluated(node, arrays)
        if not all(map(tame, results)):
            raise Again(op)
        self.nodes.append(node)
        self.used.update(arrays)
        self.values |= dict(zip(names, results, strict=True))
        if keeps and all(name in self.exact for name in arrays):
            self.exact.update(names)
        return names[0]

    def drawn(self, symbolic: bool) -> Drawn:
        made = [name for node in self.nodes for name in node.output]
        ends = [name for name in made if name not in self.used]
        also = [name for name in made if name in self.used]
        outputs = [*ends, *([self.one_of(*also)] if also and self.maybe() else [])]
        inputs = [
            value_info(name, array, [f"{name}_{i}" for i in range(array.ndim)] if symbolic else None)
            for name, array in ((name, self.values[name]) for name in self.inputs)
        ]
        stored = [numpy_helper.from_array(array, name) for name, array in self.constants.items()]
        infos = [
            onnx.ValueInfoProto(name=name) if symbolic else value_info(name, self.values[name]) for name in outputs
        ]
        model = finished(helper.make_graph(self.nodes, "random", inputs, infos, stored))
        feeds = {name: self.values[name] for name in self.inputs}
        return Drawn(model, feeds, {name: self.values[name] for name in outputs})


def broadcasts(a: Array, b: Array) -> bool:
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return True


def tame(array: Array) -> bool:
    if not 0 < array.size <= MOST_ELEMENTS:
        return False
    if array.dtype.kind == "f":
        return bool(np.isfinite(array).all() and np.abs(array).max() <= LARGEST)
    return array.dtype.kind == "b" or bool(np.abs(array.astype(np.int64)).max() <= LARGEST)


# One function a family of ops: draws operands and attributes, adds the node.


def smooth(b: Builder) -> None:
    b.node(b.one_of("Sigmoid", "Tanh", "Erf", "Exp", "Sin", "Cos", "Softplus", "Atan", "Gelu", "Mish"), b.tensor())


def straight(b: Builder) -> None:
    b.node(b.one_of("Relu", "Neg", "Abs", "Identity"), b.tensor(), keeps=True)


def activation(b: Builder) -> None:
    op, attributes = b.one_of(
        ("LeakyRelu", {"alpha": 0.2}),
        ("Elu", {"alpha": 0.7}),
        ("Selu", {}),
        ("HardSigmoid", {"alpha": 0.3}),
        ("HardSwish", {}),
        ("ThresholdedRelu", {"alpha": 0.0}),
        ("Celu", {"alpha": 1.5}),
    )
    b.node(op, b.tensor([np.float32]), **attributes)


def positive(b: Builder) -> None:
    x = b.tensor()
    if b.values[x].min() < 0.1:
        x = b.node("Abs", x, keeps=True)
    b.node(b.one_of("Sqrt", "Log", "Reciprocal"), x)


def rounding(b: Builder) -> None:
    b.node(b.one_of("Floor", "Ceil", "Round", "Sign"), b.tensor(exact=True), keeps=True)


def arithmetic(b: Builder) -> None:
    x = b.tensor(NUMBERS)
    b.node(b.one_of("Add", "Sub", "Mul"), *swapped(b, x, b.fellow(x)))


def division(b: Builder) -> None:
    x = b.tensor(NUMBERS)
    y = b.fellow(x)
    if np.abs(b.values[y]).min() < 0.1:
        raise Again("Div")
    b.node("Div", x, y)


def modulo(b: Builder) -> None:
    x = b.tensor([np.int64, np.int32, np.uint8], exact=True)
    b.node("Mod", x, b.fresh(b.numbers([], b.values[x].dtype.type)), fmod=b.integer(0, 1))


def swapped(b: Builder, x: str, y: str) -> tuple[str, str]:
    return (y, x) if b.maybe() else (x, y)


def several(b: Builder) -> None:
    x = b.tensor()
    more = [b.fellow(x) for _ in range(b.integer(0, 2))]
    rest = [y for y in more if all(broadcasts(b.values[y], b.values[z]) for z in more)]
    op = b.one_of("Max", "Min", "Sum", "Mean")
    b.node(op, x, *rest, keeps=op in ("Max", "Min"))


def comparison(b: Builder) -> None:
    x = b.tensor(NUMBERS, exact=True)
    op = b.one_of("Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal")
    b.node(op, *swapped(b, x, b.fellow(x, exact=True)), keeps=True)


def logic(b: Builder) -> None:
    x = b.tensor([np.bool_])
    if b.maybe():
        b.node("Not", x, keeps=True)
    else:
        b.node(b.one_of("And", "Or", "Xor"), x, b.fellow(x), keeps=True)


def where(b: Builder) -> None:
    x = b.tensor(ANY)
    y, condition = b.fellow(x), b.fellow(x, np.bool_)
    if not broadcasts(b.values[y], b.values[condition]):
        raise Again("Where")
    b.node("Where", condition, *swapped(b, x, y), keeps=True)


def cast(b: Builder) -> None:
    to = b.one_of(*ANY)
    x = b.tensor(ANY, exact=to not in FLOATS)
    if np.issubdtype(to, np.unsignedinteger) and b.values[x].min() <= -1:
        raise Again("Cast")  # what C leaves undefined, ONNX does not say
    b.node("Cast", x, to=int(helper.np_dtype_to_tensor_dtype(np.dtype(to))), keeps=True)


def clip(b: Builder) -> None:
    x = b.tensor(NUMBERS)
    kind = b.values[x].dtype
    low = b.constant(b.one_of(-1, 0), kind) if b.maybe() else ""
    high = b.constant(b.one_of(1, 2), kind) if b.maybe() else ""
    b.node("Clip", *([x, low, high] if high else [x, low] if low else [x]), keeps=True)


def window(b: Builder, sizes: Sequence[int], pads: bool = True) -> tuple[list[int], dict[str, Any]]:
    """(kernel, strides + dilations + padding) that fit an image of these sizes."""
    count = len(sizes)
    kernel = [b.integer(1, min(size, 3)) for size in sizes]
    attributes: dict[str, Any] = {"kernel_shape": kernel}
    if b.maybe():
        attributes["strides"] = b.integers(count, 1, 3)
    how = b.integer(0, 5) if pads else 0
    if how in (1, 2, 3):
        attributes["pads"] = [b.integer(0, k - 1) for k in [*kernel, *kernel]]
    elif how in (4, 5):
        attributes["auto_pad"] = b.one_of("SAME_UPPER", "SAME_LOWER", "VALID")
    return kernel, attributes


def dilated(b: Builder, sizes: Sequence[int], kernel: Sequence[int], attributes: dict[str, Any]) -> None:
    if b.integer(0, 2) == 2:
        attributes["dilations"] = [
            b.integer(1, 2) if (k - 1) * 2 < s else 1 for k, s in zip(kernel, sizes, strict=True)
        ]


def convolution(b: Builder) -> None:
    x = b.image()
    channels, *sizes = b.values[x].shape[1:]
    kernel, attributes = window(b, sizes)
    dilated(b, sizes, kernel, attributes)
    groups = b.one_of(*(g for g in (1, 1, 2, 3, channels) if channels % g == 0))
    out = groups * b.one_of(1, 2, 5, 16)
    weight = b.fresh(b.numbers([out, channels // groups, *kernel]) / 2)
    bias = [b.constant(b.numbers([out]))] if b.maybe() else []
    b.node("Conv", x, weight, *bias, group=groups, **attributes)


def transposed_convolution(b: Builder) -> None:
    x = b.image()
    channels, *sizes = b.values[x].shape[1:]
    kernel, attributes = window(b, sizes)
    strides = attributes.setdefault("strides", [1] * len(kernel))
    dilated(b, sizes, kernel, attributes)
    if "auto_pad" not in attributes and b.maybe():
        attributes["output_padding"] = [b.integer(0, stride - 1) for stride in strides]
    groups = b.one_of(*(g for g in (1, 1, 2, channels) if channels % g == 0))
    out = b.one_of(1, 2, 5)
    weight = b.constant(b.numbers([channels, out, *kernel]) / 2)
    bias = [b.constant(b.numbers([out * groups]))] if b.maybe() else []
    b.node("ConvTranspose", x, weight, *bias, group=groups, **attributes)


def pool(b: Builder) -> None:
    x = b.image()
    sizes = b.values[x].shape[2:]
    kernel, attributes = window(b, sizes)
    op = b.one_of("MaxPool", "AveragePool")
    if "auto_pad" not in attributes:  # ONNX Runtime's SAME pads forget the dilations
        dilated(b, sizes, kernel, attributes)
        if b.integer(0, 2) == 2:
            attributes["ceil_mode"] = 1
    if op == "AveragePool" and b.maybe():
        attributes["count_include_pad"] = 1
    b.node(op, x, keeps=op == "MaxPool", **attributes)


def global_pool(b: Builder) -> None:
    b.node(b.one_of("GlobalAveragePool", "GlobalMaxPool"), b.image())


def product(b: Builder) -> None:
    x = b.tensor([np.float32], 1, 4)
    *batch, inner = b.values[x].shape
    shapes = [[inner], [inner, 5], [inner, 16]]
    if len(batch) > 1:
        shapes += [[*batch[:-1], inner, 3], [1] * (len(batch) - 1) + [inner, 2]]
    b.node("MatMul", x, b.fresh(b.numbers(b.one_of(*shapes)) / 2))


def gemm(b: Builder) -> None:
    x = b.tensor([np.float32], 2, 2)
    flip, other = b.integer(0, 1), b.integer(0, 1)
    rows, inner = b.values[x].shape[::-1] if flip else b.values[x].shape
    columns = b.one_of(1, 4, 16)
    weight = b.fresh(b.numbers([columns, inner] if other else [inner, columns]) / 2)
    bias = [b.fresh(b.numbers(b.one_of([columns], [1], [rows, 1], [rows, columns], [])))] if b.maybe() else []
    b.node("Gemm", x, weight, *bias, transA=flip, transB=other, alpha=b.one_of(1.0, 0.5), beta=b.one_of(1.0, 2.0))


def normalization(b: Builder) -> None:
    x = b.tensor([np.float32], 2, 5)
    channels = b.values[x].shape[1]
    parameters = [b.constant(b.numbers([channels])) for _ in range(3)]
    b.node("BatchNormalization", x, *parameters, b.constant(np.abs(b.numbers([channels]))))


def softmax(b: Builder) -> None:
    x = b.tensor(least=1)
    b.node(b.one_of("Softmax", "LogSoftmax"), x, axis=b.integer(-b.values[x].ndim, b.values[x].ndim - 1))


def reduction(b: Builder) -> None:
    op = b.one_of(*(f"Reduce{n}" for n in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSumExp", "SumSquare")))
    x = b.tensor(least=1)
    rank = b.values[x].ndim
    axes = b.draw(st.lists(st.integers(0, rank - 1), unique=True, max_size=rank))
    given = [b.constant([a - rank if b.maybe() else a for a in axes], np.int64)] if axes else []
    b.node(op, x, *given, keepdims=b.integer(0, 1), keeps=op in ("ReduceMax", "ReduceMin"))


def arg_reduction(b: Builder) -> None:
    x = b.tensor(NUMBERS, least=1, exact=True)
    how = {"keepdims": b.integer(0, 1), "select_last_index": b.integer(0, 1)}
    b.node(b.one_of("ArgMax", "ArgMin"), x, axis=b.integer(0, b.values[x].ndim - 1), keeps=True, **how)


def concat(b: Builder) -> None:
    x = b.tensor(ANY, least=1)
    array = b.values[x]
    axis = b.integer(0, array.ndim - 1)
    parts = [x]
    for _ in range(b.integer(0, 2)):
        shape = list(array.shape)
        shape[axis] = b.integer(1, 3)
        parts.append(b.one_of(x, b.fresh(b.numbers(shape, array.dtype.type))))
    b.node("Concat", *b.draw(st.permutations(parts)), axis=axis, keeps=True)


def slice_(b: Builder) -> None:
    x = b.tensor(ANY, least=1)
    shape = b.values[x].shape
    axes = b.draw(st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1, max_size=len(shape)))
    steps = [b.one_of(1, 1, 2, -1, -2, 3) for _ in axes]
    starts = [b.integer(-shape[axis] - 1, shape[axis]) for axis in axes]
    ends = [b.one_of(2**63 - 1 if step > 0 else -(2**63) + 1, b.integer(-9, 9)) for step in steps]
    b.node("Slice", x, *(b.constant(v, np.int64) for v in (starts, ends, axes, steps)), keeps=True)


def pad(b: Builder) -> None:
    x = b.tensor([np.float32, np.int64, np.int32], least=1)
    array = b.values[x]
    mode = b.one_of("constant", "edge", "reflect")
    least = -1 if mode == "constant" and min(array.shape) > 2 else 0
    pads = [b.integer(least, 2 if mode != "reflect" else min(2, dim - 1)) for dim in array.shape * 2]
    value = [b.constant(b.numbers([], array.dtype.type))] if mode == "constant" and b.maybe() else []
    b.node("Pad", x, b.constant(pads, np.int64), *value, mode=mode, keeps=True)


def transpose(b: Builder) -> None:
    x = b.tensor(ANY, least=1)
    b.node("Transpose", x, perm=b.draw(st.permutations(range(b.values[x].ndim))), keeps=True)


def reshape(b: Builder) -> None:
    x = b.tensor(ANY, least=1)
    shape = list(b.values[x].shape)
    at = b.integer(0, len(shape) - 1)
    joined = [*shape[:at], int(np.prod(shape[at : at + 2])), *shape[at + 2 :]]
    want = b.one_of(joined, [-1], [0] * at + [-1], [1, *shape], [*shape[::-1]], [*shape[:at], -1, 1, *shape[at + 1 :]])
    b.node("Reshape", x, b.constant(want, np.int64), keeps=True)


def squeeze(b: Builder) -> None:
    x = b.tensor(ANY, most=3)
    shape = b.values[x].shape
    ones = [axis for axis, dim in enumerate(shape) if dim == 1]
    if ones and b.maybe():
        b.node("Squeeze", x, b.constant([b.one_of(*ones)], np.int64), keeps=True)
    else:
        b.node("Unsqueeze", x, b.constant([b.integer(-len(shape) - 1, len(shape))], np.int64), keeps=True)


def gather(b: Builder) -> None:
    x = b.tensor(ANY, least=1, most=3)
    axis = b.integer(0, b.values[x].ndim - 1)
    dim = b.values[x].shape[axis]
    shape = b.one_of([], [1], [3], [2, 2])
    kind = b.one_of(np.int64, np.int32)
    indices = b.random.integers(-dim, dim, shape).astype(kind)
    b.node("Gather", x, b.fresh(np.asarray(indices, kind)), axis=axis, keeps=True)


def expand(b: Builder) -> None:
    x = b.tensor(ANY)
    shape = [dim if dim > 1 else b.integer(1, 3) for dim in b.values[x].shape]
    b.node("Expand", x, b.constant([2, *shape] if b.maybe() else shape, np.int64), keeps=True)


def tile(b: Builder) -> None:
    x = b.tensor(ANY, least=1)
    b.node("Tile", x, b.constant(b.integers(b.values[x].ndim, 1, 2), np.int64), keeps=True)


def split(b: Builder) -> None:
    x = b.tensor(ANY, least=1)
    axes = [axis for axis, dim in enumerate(b.values[x].shape) if dim > 1]
    if not axes:
        raise Again("Split")
    axis = b.one_of(*axes)
    dim = b.values[x].shape[axis]
    first = b.integer(1, dim - 1)
    b.node("Split", x, b.constant([first, dim - first], np.int64), axis=axis, outputs=2, keeps=True)


def resize(b: Builder) -> None:
    x = b.image()
    array = b.values[x]
    if array.ndim > 4:
        raise Again("Resize")
    mode = b.one_of("nearest", "linear")
    how = {
        "mode": mode,
        "coordinate_transformation_mode": b.one_of("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"),
    }
    if mode == "nearest":
        # whole factors: where a source lies halfway, float32's rounding of the scale would decide
        how |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": b.one_of("floor", "round_prefer_floor")}
        scales = [b.one_of(1.0, 2.0, 3.0) for _ in array.shape[2:]]
    else:
        scales = [b.one_of(1.0, 2.0, 1.5, 0.5) for _ in array.shape[2:]]
    if mode == "nearest" or b.maybe():
        b.node("Resize", x, "", b.constant([1.0, 1.0, *scales], np.float32), **how)
    else:
        sizes = [b.integer(1, 2 * dim) for dim in array.shape[2:]]
        b.node("Resize", x, "", "", b.constant([*array.shape[:2], *sizes], np.int64), **how)


FAMILIES: tuple[Callable[[Builder], None], ...] = (
    *(smooth, straight, activation, positive, rounding, arithmetic, arithmetic, division, modulo, several),
    *(comparison, logic, where, cast, clip, convolution, convolution, convolution, transposed_convolution),
    *(pool, pool, global_pool, product, gemm, normalization, softmax, reduction, reduction, arg_reduction),
    *(concat, slice_, pad, transpose, transpose, reshape, squeeze, gather, expand, tile, split, resize),
)

TRIES = 3
"""How often a node is drawn anew before the graph goes on without it."""


@st.composite
def graphs(draw: Any, symbolic: bool = False) -> Drawn:
    """A graph of up to 8 drawn nodes."""
    builder = Builder(draw, np.random.default_rng(draw(st.integers(0, 2**16))))
    for _ in range(draw(st.integers(2, 8))):
        for _ in range(TRIES):
            try:
                draw(st.sampled_from(FAMILIES))(builder)
                break
            except Again:
                continue
    if not builder.nodes:
        straight(builder)
    return builder.drawn(symbolic)


def graph_of(text: str) -> Drawn:
    """A graph written in ONNX's text form (without its header), with inputs drawn here and judged as the others."""
    header = f'<ir_version: {IR_VERSION}, opset_import: ["" : {OPSET}]>'
    model = onnx.parser.parse_model(header + text)
    builder = Builder(lambda _: None, np.random.default_rng(0))
    builder.values = {stored.name: numpy_helper.to_array(stored) for stored in model.graph.initializer}
    feeds: dict[str, Array] = {}
    for info in model.graph.input:
        kind = helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type).type
        feeds[info.name] = builder.numbers([dim.dim_value for dim in info.type.tensor_type.shape.dim], kind)
    builder.values |= feeds
    for node in model.graph.node:
        results = evaluated(node, {name: builder.values[name] for name in node.input if name})
        builder.values |= dict(zip(node.output, results, strict=True))
    return Drawn(model, feeds, {info.name: builder.values[info.name] for info in model.graph.output})
