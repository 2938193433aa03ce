"""Hostile models: graphs that are long, deep, wide or tangled, and names that no one would choose."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from hostile import RIGHT, case
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
info = helper.make_tensor_value_info
node = helper.make_node


def model(
    *nodes: NodeProto, weights=(), inputs=("x",), outputs=("y",), shape=(4,), opsets=(("", 17),), **more
) -> ModelProto:
    """A model; inputs and outputs are f32 of `shape`, unless they are given as infos."""
    said = [
        [info(name, FLOAT, shape) if isinstance(name, str) else name for name in side] for side in (inputs, outputs)
    ]
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights]
    graph = helper.make_graph(list(nodes), "g", *said, initializer=stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(*o) for o in opsets], ir_version=9, **more)


def model_case(name: str, says: str, make: Callable[[], ModelProto], *arguments: str, **feeds: np.ndarray) -> None:
    @case(name, says)
    def _(folder: Path) -> list[str]:
        (folder / "model.onnx").write_bytes(make().SerializeToString())
        if feeds:
            np.savez(folder / "in.npz", **feeds)
        return ["run", "model.onnx", "--threads", "1", *arguments, *(["--inputs", "in.npz"] if feeds else [])]


# -- long, wide, deep -------------------------------------------------------------------------------------------------


def chain(op: str, length: int, **attributes) -> ModelProto:
    names = ["x", *(f"v{n}" for n in range(length - 1)), "y"]
    return model(*(node(op, [a], [b], **attributes) for a, b in pairwise(names)))


def fan(width: int) -> ModelProto:
    """A sum of so many results."""
    parts = [f"v{n}" for n in range(width)]
    return model(*(node("Abs", ["x"], [part]) for part in parts), node("Sum", parts, ["y"]))


def ladder(length: int) -> ModelProto:
    """Each value is used twice by the next: 2 to the power of `length` ways through."""
    names = ["x", *(f"v{n}" for n in range(length - 1)), "y"]
    return model(*(node("Mul", [a, a], [b]) for a, b in pairwise(names)))


def mixed(length: int) -> ModelProto:
    """A chain of different ops with a residual, long enough for whatever walks it by calling itself."""
    names = ["x", *(f"v{n}" for n in range(length - 1)), "y"]
    made: list[NodeProto] = []
    for n, (a, b) in enumerate(pairwise(names)):
        made.append(node("Add", [a, "x"], [b]) if n % 3 else node("Tanh", [a], [b]))
    return model(*made)


def shapes_of_shapes(length: int) -> ModelProto:
    made = [node("Shape", ["x"], ["s0"])]
    made += [node("Add", [f"s{n}", f"s{n}"], [f"s{n + 1}"]) for n in range(length)]
    return model(*made, node("Cast", [f"s{length}"], ["c"], to=FLOAT), node("Mul", ["x", "c"], ["y"]))


def nested(depth: int) -> ModelProto:
    """An If in an If in an If."""
    inner: NodeProto | None = None
    for n in range(depth):
        then, other = (GraphProto(name=f"g{n}{side}") for side in "te")
        for graph, last in ((then, inner), (other, None)):
            graph.node.append(node("Relu", ["x"], [f"o{n}"]) if last is None else last)
            graph.output.append(info(graph.node[0].output[0], FLOAT, [4]))
        inner = node("If", ["c"], [f"i{n}"], then_branch=then, else_branch=other)
    assert inner is not None
    inner.output[0] = "y"
    return model(inner, inputs=["x", info("c", TensorProto.BOOL, [])])


def functions(depth: int) -> ModelProto:
    made = []
    for n in range(depth):
        calls = [node("Relu", ["a"], ["b"])] if n == depth - 1 else [node(f"F{n + 1}", ["a"], ["b"], domain="my")]
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("my", 1)]
        made.append(helper.make_function("my", f"F{n}", ["a"], ["b"], calls, opsets))
    return model(node("F0", ["x"], ["y"], domain="my"), opsets=(("", 17), ("my", 1)), functions=made)


for op in ("Relu", "Sin", "Identity", "Neg"):
    model_case(f"chain-of-3000-{op.lower()}", RIGHT, lambda op=op: chain(op, 3000))
model_case("chain-of-1000-softmax", RIGHT, lambda: chain("Softmax", 1000, axis=0))
model_case("chain-of-20000-identity", RIGHT, lambda: chain("Identity", 20_000))
model_case("chain-of-2000-transpose", RIGHT, lambda: chain("Transpose", 2000, perm=[0]))
model_case("mixed-1500", RIGHT, lambda: mixed(1500))
model_case("ladder-of-400", RIGHT, lambda: ladder(400))
model_case("fan-of-1500", RIGHT, lambda: fan(1500))
model_case("shape-arithmetic-of-2000", RIGHT, lambda: shapes_of_shapes(2000))
model_case(
    "concat-of-2000",
    RIGHT,
    lambda: model(node("Concat", ["x"] * 2000, ["y"], axis=0), outputs=[info("y", FLOAT, None)]),
)
model_case(
    "inputs-1000",
    RIGHT,
    lambda: model(node("Sum", [f"x{n}" for n in range(1000)], ["y"]), inputs=[f"x{n}" for n in range(1000)]),
)
model_case(
    "outputs-1000",
    RIGHT,
    lambda: model(*(node("Relu", ["x"], [f"y{n}"]) for n in range(1000)), outputs=[f"y{n}" for n in range(1000)]),
)
model_case(
    "initializers-20000",
    RIGHT,
    lambda: model(node("Relu", ["x"], ["y"]), weights=[(f"w{n}", np.zeros(4, np.float32)) for n in range(20_000)]),
)
model_case(
    "dead-nodes-5000",
    RIGHT,
    lambda: model(*(node("Exp", ["x"], [f"d{n}"]) for n in range(5000)), node("Relu", ["x"], ["y"])),
)
model_case("if-nested-5", RIGHT, lambda: nested(5))
model_case("if-nested-30", RIGHT, lambda: nested(30))
model_case("functions-nested-50", RIGHT, lambda: functions(50))
model_case("functions-nested-5000", "deep", lambda: functions(5000))
model_case("shuffled-nodes", RIGHT, lambda: shuffled(chain("Sin", 500)))


def shuffled(made: ModelProto) -> ModelProto:
    nodes = list(made.graph.node)
    random.Random(0).shuffle(nodes)
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


# -- tangled ----------------------------------------------------------------------------------------------------------


def changed(
    change: Callable[[ModelProto], object], made: Callable[[], ModelProto] | None = None
) -> Callable[[], ModelProto]:
    def make() -> ModelProto:
        result = model(node("Relu", ["x"], ["y"], name="relu")) if made is None else made()
        change(result)
        return result

    return make


RELU = node("Relu", ["x"], ["y"])
model_case(
    "cycle-of-1000",
    "cycl",
    lambda: model(*(node("Relu", [f"c{n}"], [f"c{(n + 1) % 1000}"]) for n in range(1000)), node("Relu", ["c0"], ["y"])),
)
model_case("output-is-input", RIGHT, lambda: model(RELU, outputs=["x"]))
model_case("output-is-weight", RIGHT, lambda: model(RELU, weights=[("w", np.ones(4, np.float32))], outputs=["w"]))
model_case("output-twice-the-same", "two outputs", lambda: model(RELU, outputs=["y", "y"]))
model_case("no-nodes", RIGHT, lambda: model(outputs=["x"]))
model_case(
    "no-inputs", RIGHT, lambda: model(node("Relu", ["w"], ["y"]), weights=[("w", np.ones(4, np.float32))], inputs=[])
)
model_case("input-is-never-used", RIGHT, lambda: model(RELU, inputs=["x", "z"]))
model_case("input-has-a-default", RIGHT, lambda: model(RELU, weights=[("x", np.ones(4, np.float32))]))
model_case("stated-shape-lies", RIGHT, lambda: model(RELU, outputs=[info("y", FLOAT, [9])]))
model_case("stated-rank-lies", RIGHT, lambda: model(RELU, outputs=[info("y", FLOAT, [2, 2])]))
model_case("stated-type-lies", "", lambda: model(RELU, outputs=[info("y", TensorProto.INT64, [4])]))
model_case(
    "inner-shape-lies",
    RIGHT,
    changed(lambda m: m.graph.value_info.append(info("v1", FLOAT, [7])), lambda: chain("Relu", 3)),
)
model_case("input-without-rank", "rank", lambda: model(RELU, inputs=[info("x", FLOAT, None)]))
model_case(
    "input-of-strings",
    "",
    lambda: model(
        node("Identity", ["x"], ["y"]),
        inputs=[info("x", TensorProto.STRING, [4])],
        outputs=[info("y", TensorProto.STRING, [4])],
    ),
)
model_case(
    "input-of-complex",
    "",
    lambda: model(
        node("Identity", ["x"], ["y"]),
        inputs=[info("x", TensorProto.COMPLEX64, [4])],
        outputs=[info("y", TensorProto.COMPLEX64, [4])],
    ),
)
model_case(
    "input-of-fp8",
    "",
    lambda: model(
        node("Identity", ["x"], ["y"]),
        inputs=[info("x", TensorProto.FLOAT8E4M3FN, [4])],
        outputs=[info("y", TensorProto.FLOAT8E4M3FN, [4])],
        opsets=(("", 19),),
    ),
)
model_case(
    "weight-of-strings",
    "",
    lambda: model(
        node("Equal", ["s", "s"], ["y"]),
        opsets=(("", 19),),
        weights=[("s", np.array(["a", "b"], object))],
        outputs=[info("y", TensorProto.BOOL, [2])],
    ),
)
model_case(
    "sequence-output",
    "",
    lambda: model(
        node("SequenceConstruct", ["x", "x"], ["y"]), outputs=[helper.make_tensor_sequence_value_info("y", FLOAT, [4])]
    ),
)
model_case("domain-unknown", "my.Relu", lambda: model(node("Relu", ["x"], ["y"], domain="my")))
model_case(
    "domain-of-microsoft",
    "",
    lambda: model(node("NoSuchOp", ["x"], ["y"], domain="com.microsoft"), opsets=(("", 17), ("com.microsoft", 1))),
)
model_case(
    "domain-ml",
    "",
    lambda: model(
        node("Binarizer", ["x"], ["y"], domain="ai.onnx.ml", threshold=0.5), opsets=(("", 17), ("ai.onnx.ml", 3))
    ),
)
model_case("opset-huge", "version", lambda: model(RELU, opsets=(("", 1 << 40),)))
model_case("opset-1", RIGHT, lambda: model(RELU, opsets=(("", 1),)))
model_case("a-thousand-opsets", RIGHT, lambda: model(RELU, opsets=(("", 17), *((f"d{n}", 1) for n in range(1000)))))
model_case("training-info", RIGHT, changed(lambda m: m.training_info.add()))
model_case("metadata-of-a-megabyte", RIGHT, changed(lambda m: m.metadata_props.add(key="k", value="v" * (1 << 20))))
model_case(
    "attribute-of-a-megabyte",
    "attribute",
    changed(lambda m: m.graph.node[0].attribute.append(helper.make_attribute("a" * (1 << 20), 1))),
)
model_case(
    "attribute-kind-lies",
    "",
    changed(
        lambda m: setattr(m.graph.node[0].attribute[0], "type", AttributeProto.INTS),
        lambda: chain("Softmax", 1, axis=0),
    ),
)
model_case(
    "tensor-attribute-lies",
    "",
    lambda: model(
        node("ConstantOfShape", ["s"], ["y"], value=TensorProto(data_type=FLOAT, dims=[1 << 50], raw_data=b"1234")),
        weights=[("s", np.array([4]))],
    ),
)
model_case(
    "segment",
    "segment",
    changed(
        lambda m: m.graph.initializer[0].segment.CopyFrom(TensorProto.Segment(begin=0, end=1)),
        lambda: model(RELU, weights=[("w", np.ones(4, np.float32))]),
    ),
)
model_case(
    "foreign-byte-order",
    RIGHT,
    changed(
        lambda m: setattr(m.graph.initializer[0], "raw_data", np.ones(4, ">f4").tobytes()),
        lambda: model(node("Add", ["x", "w"], ["y"]), weights=[("w", np.ones(4, np.float32))]),
    ),
)
model_case(
    "bool-of-twos",
    RIGHT,
    changed(
        lambda m: setattr(m.graph.initializer[0], "raw_data", b"\x02\x80\x00\xff"),
        lambda: model(node("Where", ["w", "x", "x"], ["y"]), weights=[("w", np.ones(4, np.bool_))]),
    ),
)
model_case(
    "float-nan-weights",
    RIGHT,
    lambda: model(
        node("Add", ["x", "w"], ["y"]), weights=[("w", np.array([np.nan, np.inf, -np.inf, -0.0], np.float32))]
    ),
)


def sparse(dims: list[int], values: list[float], indices: list[int]) -> ModelProto:
    made = model(node("Add", ["x", "w"], ["y"]), outputs=[info("y", FLOAT, None)])
    proto = numpy_helper.from_array(np.array(values, np.float32), "w")
    made.graph.sparse_initializer.append(
        helper.make_sparse_tensor(proto, numpy_helper.from_array(np.array(indices), "i"), dims)
    )
    return made


model_case("sparse", RIGHT, lambda: sparse([4], [5.0], [2]))
model_case("sparse-bomb", "dense", lambda: sparse([1 << 40, 4], [5.0], [2]))
model_case("sparse-overflow", "dense", lambda: sparse([1 << 62, 1 << 62], [5.0], [2]))
model_case("sparse-outside", "outside", lambda: sparse([4], [5.0], [1 << 60]))


def external(folder: Path, location: str, **entries: object) -> list[str]:
    proto = TensorProto(name="w", data_type=FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        proto.external_data.add(key=key, value=str(value))
    made = model(node("Add", ["x", "w"], ["y"]))
    made.graph.initializer.append(proto)
    (folder / "model.onnx").write_bytes(made.SerializeToString())
    return ["run", "model.onnx"]


@case("external", RIGHT)
def _(folder: Path) -> list[str]:
    (folder / "w.bin").write_bytes(bytes(20))
    return external(folder, "w.bin", offset=3, length=16)


for name, location in {
    "parent": "../w.bin", "absolute": "/etc/hostname", "device": "/dev/zero", "proc": "/proc/self/mem",
    "url": "file:///etc/passwd", "tricky": "a/./../../w.bin", "windows": "C:\\w.bin", "newline": "w\n.bin",
    "long": "w" * 100_000, "empty": "", "folder": ".",
}.items():  # fmt: skip

    @case(f"external-{name}", "")
    def _(folder: Path, location: str = location) -> list[str]:
        return external(folder, location)


@case("external-link", "not inside the model's folder")
def _(folder: Path) -> list[str]:
    (folder / "w.bin").symlink_to("/etc/passwd")
    return external(folder, "w.bin")


for name, entries in {
    "offset-beyond": {"offset": 1 << 62}, "offset-negative": {"offset": -4}, "offset-words": {"offset": "four"},
    "offset-overflow": {"offset": (1 << 64) - 8}, "length-beyond": {"length": 1 << 62}, "length-short": {"length": 3},
}.items():  # fmt: skip

    @case(f"external-{name}", "initializer 'w'")
    def _(folder: Path, entries: dict = entries) -> list[str]:
        (folder / "w.bin").write_bytes(bytes(16))
        return external(folder, "w.bin", **entries)


# -- names ------------------------------------------------------------------------------------------------------------

NAMES = {
    "quotes": "a'b\"c`d",
    "newline": "a\nb\rc",
    "nul": "a\0b",
    "comment": '*/ #include "/etc/passwd" /*',
    "backslash": "a\\",
    "percent": "%s%n%0",
    "mlir": "} func.func @main(",
    "keyword": "int",
    "spaces": "   ",
    "emoji": "\U0001f9d1‍\U0001f680",
    "right-to-left": "‮evil",
    "escape": "\x1b[2J\x1b]0;owned\x07",
    "long": "n" * 200_000,
    "path": "../../etc/passwd",
    "number": "0",
    "trigraph": "??/",
    "dollar": "$(reboot)",
}


def named(name: str) -> ModelProto:
    """One node under that name, with an input and an output of that name, too."""
    made = model(node("Relu", [name], [f"{name}-"], name=name), inputs=[name], outputs=[f"{name}-"])
    made.graph.name = name
    return made


for label, text in NAMES.items():
    for target in ("native", "c"):
        model_case(f"name-{label}-{target}", RIGHT, lambda text=text: named(text), "--target", target)
model_case("names-that-are-one-in-c", RIGHT, lambda: model(
    *(node("Relu", ["x"], [y]) for y in ("a-b", "a.b", "a b", "a_b", "a/b")),
    outputs=["a-b", "a.b", "a b", "a_b", "a/b"]), "--target", "c")  # fmt: skip
model_case("names-of-dims", RIGHT, lambda: model(RELU, inputs=[info("x", FLOAT, ["a'\n\"};", "%n"])], outputs=[
    info("y", FLOAT, None)]), x=np.ones((2, 3), np.float32))  # fmt: skip
model_case("name-empty", "without a name", lambda: model(RELU, inputs=["x", ""]))
