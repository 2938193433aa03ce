"""Files that are broken or lie: each ends in one clear StepwellError, soon, whatever is wrong with it."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.dialects.onnx.schemas import newest_opset

LONGEST = 5.0
"""Seconds of processor time; an import that takes more is stuck."""


def model(
    *nodes: NodeProto, weights=(), inputs=None, outputs=None, opset: int = 13, functions=(), **more
) -> ModelProto:
    """A model with the input x and the output y, both f32 of four elements, unless others are given."""
    vector = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("x", "y")]
    graph = helper.make_graph(
        list(nodes), "g", inputs if inputs is not None else vector[:1], outputs or vector[1:], initializer=list(weights)
    )
    opsets = more.pop("opsets", [helper.make_opsetid("", opset)])
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=list(functions), **more)


def relu(source: str = "x", result: str = "y", name: str = "r") -> NodeProto:
    return helper.make_node("Relu", [source], [result], name=name)


def add(weight: TensorProto) -> ModelProto:
    """y = x + weight."""
    return model(helper.make_node("Add", ["x", weight.name], ["y"], name="a"), weights=[weight])


def tensor(dims, raw: bytes | None = None, kind: int = TensorProto.FLOAT, **fields) -> TensorProto:
    proto = TensorProto(name="w", data_type=kind, dims=dims)
    if raw is not None:
        proto.raw_data = raw
    for name, values in fields.items():
        getattr(proto, name).extend(values)
    return proto


def external(location: str, size: int = 16, **entries: str) -> ModelProto:
    proto = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[size // 4], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        proto.external_data.add(key=key, value=value)
    return add(proto)


def sparse(dims, values, indices, kind=np.float32) -> ModelProto:
    made = model(helper.make_node("Add", ["x", "w"], ["y"]))
    made.graph.sparse_initializer.append(
        helper.make_sparse_tensor(
            numpy_helper.from_array(np.array(values, kind), "w"), numpy_helper.from_array(np.array(indices), "i"), dims
        )
    )
    return made


def with_version(ir: int) -> ModelProto:
    made = model(relu())
    made.ir_version = ir
    return made


def renamed(change: Callable[[ModelProto], None]) -> ModelProto:
    made = model(relu())
    change(made)
    return made


def not_utf8() -> bytes:
    return model(relu(name="QQQQ")).SerializeToString().replace(b"QQQQ", b"\xff\xfe\xfd\xfc")


def cycle() -> ModelProto:
    return model(
        helper.make_node("Add", ["x", "c"], ["a"], name="first"),
        relu("a", "b", "second"),
        relu("b", "c", "third"),
        relu("c", "y", "last"),
    )


def nested(depth: int) -> ModelProto:
    """An If in an If in an If ..."""
    made = model(relu(), inputs=[VALUE("x", 1, [4]), VALUE("c", TensorProto.BOOL, [])])
    made.graph.node[0].CopyFrom(helper.make_node("If", ["c"], ["y"]))
    node = made.graph.node[0]
    for n in range(depth):
        for branch in ("else_branch", "then_branch"):
            attribute = node.attribute.add(name=branch, type=onnx.AttributeProto.GRAPH)
            attribute.g.output.add(name=f"{branch}{n}")
            attribute.g.node.append(relu("x", f"{branch}{n}"))
        attribute.g.node[0].CopyFrom(helper.make_node("If", ["c"], [f"then_branch{n}"]))
        node = attribute.g.node[0]
    node.CopyFrom(relu("x", node.output[0]))
    return made


def function(name: str, calls: list[NodeProto], version: int = 13) -> onnx.FunctionProto:
    opsets = [helper.make_opsetid("", version), helper.make_opsetid("mine", 1)]
    return helper.make_function("mine", name, ["a"], ["b"], calls, opsets)


def calling(*functions: onnx.FunctionProto) -> ModelProto:
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("mine", 1)]
    return model(call("F0", "x", "y"), functions=functions, opsets=opsets)


def call(name: str, source: str = "a", result: str = "b") -> NodeProto:
    return helper.make_node(name, [source], [result], domain="mine", name=f"call-{name}")


def doubling(depth: int) -> ModelProto:
    """F0 calls F1 twice, which calls F2 twice ...: 2 to the power of `depth` nodes."""
    functions = [
        function(f"F{n}", [call(f"F{n + 1}", "a", "m"), call(f"F{n + 1}", "m", "b")]) for n in range(depth - 1)
    ]
    return calling(*functions, function(f"F{depth - 1}", [relu("a", "b")]))


def loop(body_inputs: int) -> ModelProto:
    names = ["i", "c", "v", "u"][:body_inputs]
    kinds = [TensorProto.INT64, TensorProto.BOOL, TensorProto.FLOAT, TensorProto.FLOAT]
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), relu("x", "v2")],
        "body",
        [helper.make_tensor_value_info(n, k, []) for n, k in zip(names, kinds, strict=False)],
        [onnx.ValueInfoProto(name="c2"), onnx.ValueInfoProto(name="v2")],
    )
    return model(helper.make_node("Loop", ["", "", "x"], ["y"], body=body, name="the-loop"))


PIT = "s" * 4000
VALUE = helper.make_tensor_value_info

# name -> (model or bytes, a part of the message)
CORPUS: dict[str, tuple[Callable[[], ModelProto | bytes], str]] = {
    # not a model at all
    "empty": (lambda: b"", "no bytes"),
    "text": (lambda: b"this is not a model\n" * 50, "not an ONNX model"),
    "zeros": (lambda: bytes(4096), "not an ONNX model"),
    "html": (lambda: b"<!DOCTYPE html><html><body>404</body></html>", "not an ONNX model"),
    "no-graph": (lambda: ModelProto(ir_version=8, producer_name="me").SerializeToString(), "not an ONNX model"),
    "group-bomb": (lambda: b"\x3b" * 100_000, "not an ONNX model"),
    "nested-bomb": (lambda: b"\x3a\x7f" * 100_000, "not an ONNX model"),
    # versions
    "ir-0": (lambda: with_version(0), "IR version 0"),
    "ir-2": (lambda: with_version(2), "IR version 2"),
    "ir-future": (lambda: with_version(1000), "IR version 1000"),
    "ir-negative": (lambda: with_version(-1), "IR version -1"),
    "opset-future": (lambda: model(relu(), opset=newest_opset() + 1), f"opset {newest_opset() + 1}"),
    "opset-negative": (lambda: model(relu(), opset=-3), "opset -3"),
    "opset-huge": (lambda: model(relu(), opset=1 << 62), "which is no version"),
    "opset-missing": (lambda: model(relu(), opsets=[helper.make_opsetid("ai.onnx.ml", 2)]), "does not state its opset"),
    "opset-twice": (
        lambda: model(relu(), opsets=[helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx", 12)]),
        "two opsets of ai.onnx",
    ),
    # graphs
    "cycle": (cycle, "3 nodes ('first', 'second', 'third')"),
    "self-cycle": (lambda: model(helper.make_node("Add", ["x", "y"], ["y"], name="loop")), "cycle"),
    "two-make-one": (lambda: model(relu(), relu(name="again")), "two things make the value 'y'"),
    "makes-an-input": (lambda: model(relu("x", "x"), relu()), "two things make the value 'x'"),
    "one-node-twice": (lambda: model(helper.make_node("Split", ["x"], ["y", "y"])), "two things make the value 'y'"),
    "inputs-twice": (
        lambda: model(relu(), inputs=[VALUE("x", 1, [4]), VALUE("x", 1, [4])]),
        "two inputs with the name 'x'",
    ),
    "outputs-twice": (lambda: model(relu(), outputs=[VALUE("y", 1, [4])] * 2), "two outputs with the name 'y'"),
    "initializers-twice": (
        lambda: model(relu(), weights=[tensor([0], b""), tensor([0], b"")]),
        "two initializers with the name 'w'",
    ),
    "many-inputs-thrice": (
        lambda: model(relu(), inputs=[VALUE(f"x{n % 40_000}", 1, [4]) for n in range(80_001)]),
        "3 inputs with the name 'x0'",
    ),
    "many-undefined": (
        lambda: model(*(relu(f"u{n}", f"y{n}") for n in range(20_000)), outputs=[VALUE("y0", 1, [4])]),
        "20000 names are used, but nothing makes them: 'u0' in 1 node ('r')",
    ),
    "long-cycle": (
        lambda: model(*(relu(f"c{n}", f"c{(n + 1) % 20_000}", f"n{n}") for n in range(20_000)), relu("c0")),
        "20000 nodes ('n0', 'n1', 'n2'",
    ),
    "undefined": (lambda: model(relu("nowhere")), "'nowhere' in 1 node ('r')"),
    "undefined-output": (lambda: model(relu(), outputs=[VALUE("z", 1, [4])]), "'z'"),
    "no-outputs": (lambda: renamed(lambda m: m.graph.ClearField("output")), "no outputs"),
    "no-nodes": (lambda: renamed(lambda m: m.graph.ClearField("node")), "'y'"),
    "nameless-input": (lambda: model(relu(), inputs=[VALUE("", 1, [4]), VALUE("x", 1, [4])]), "without a name"),
    "nameless-output": (lambda: model(relu(), outputs=[VALUE("", 1, [4])]), "without a name"),
    "deep": (lambda: nested(60), "nests more than"),
    "deeper": (lambda: nested(400), "nests more than"),
    # operators
    "unknown-operator": (lambda: model(helper.make_node("Conw", ["x"], ["y"], name="n")), "Conw (not in opset 13"),
    "unknown-domain": (
        lambda: model(helper.make_node("Relu", ["x"], ["y"], domain="com.me", name="n")),
        "com.me.Relu (the model states no opset of com.me): 1 node ('n')",
    ),
    "no-operator": (lambda: model(helper.make_node("", ["x"], ["y"], name="n")), "1 operator is not supported"),
    "too-new": (lambda: model(helper.make_node("Gelu", ["x"], ["y"])), "Gelu (not in opset 13"),
    "deprecated": (lambda: model(helper.make_node("Upsample", ["x", "x"], ["y"])), "Upsample (deprecated since"),
    "too-many-inputs": (lambda: model(helper.make_node("Relu", ["x", "x"], ["y"])), "2 inputs; there must be 1"),
    "too-few-inputs": (lambda: model(helper.make_node("Conv", ["x"], ["y"])), "1 inputs; there must be at least 2"),
    "no-inputs": (lambda: model(helper.make_node("Concat", [], ["y"], axis=0)), "0 inputs"),
    "missing-input": (lambda: model(helper.make_node("Add", ["", "x"], ["y"])), "input 0 (A) is missing"),
    "too-many-outputs": (lambda: model(helper.make_node("Relu", ["x"], ["y", "z"])), "2 outputs"),
    "no-results": (lambda: model(helper.make_node("Relu", ["x"], []), relu()), "0 outputs"),
    "unknown-attribute": (lambda: model(helper.make_node("Relu", ["x"], ["y"], slope=1.0)), "no attribute 'slope'"),
    "missing-attribute": (lambda: model(helper.make_node("Cast", ["x"], ["y"])), "attribute 'to' is missing"),
    "wrong-attribute": (lambda: model(helper.make_node("Cast", ["x"], ["y"], to="float")), "must be of kind INT"),
    "untyped-attribute": (
        lambda: renamed(lambda m: m.graph.node[0].attribute.add(name="a")),
        "kind UNDEFINED",
    ),
    "attribute-twice": (
        lambda: renamed(
            lambda m: m.graph.node[0].attribute.extend([helper.make_attribute("a", 1), helper.make_attribute("a", 1)])
        ),
        "'a' is given twice",
    ),
    "graph-in-relu": (
        lambda: model(helper.make_node("Relu", ["x"], ["y"], body=model(relu()).graph)),
        "no attribute 'body' that is a graph",
    ),
    "number-for-a-graph": (
        lambda: model(helper.make_node("If", ["x"], ["y"], then_branch=1, else_branch=2)),
        "'else_branch' must be a graph",
    ),
    "reference-outside": (
        lambda: model(helper.make_node("Relu", ["x"], ["y"]), *[_reference()]),
        "not inside of a function",
    ),
    "wrong-type": (
        lambda: model(
            helper.make_node("Add", ["x", "i"], ["y"]), inputs=[VALUE("x", 1, [4]), VALUE("i", TensorProto.INT64, [4])]
        ),
        "must have one element type",
    ),
    "loop-arity": (lambda: loop(4), "'body' has 4 inputs; it must have 3"),
    # types and dims of inputs
    "no-type": (lambda: model(relu(), inputs=[onnx.ValueInfoProto(name="x")]), "no type"),
    "no-element-type": (lambda: model(relu(), inputs=[VALUE("x", 0, [4])]), "a type without elements"),
    "map-input": (
        lambda: model(relu(), inputs=[_map_input()]),
        "a map_type",
    ),
    "negative-input": (lambda: model(relu(), inputs=[VALUE("x", 1, [-7])]), "negative dim"),
    "huge-input": (lambda: model(relu(), inputs=[VALUE("x", 1, [1 << 62])]), "too many"),
    # weights that lie
    "raw-short": (lambda: add(tensor([4], bytes(15))), "15 bytes of data, but its dims [4] need 16"),
    "raw-long": (lambda: add(tensor([4], bytes(17))), "17 bytes of data"),
    "raw-empty": (lambda: add(tensor([4], b"")), "0 bytes of data"),
    "list-short": (lambda: add(tensor([4], float_data=[1, 2])), "2 values in float_data"),
    "list-elsewhere": (lambda: add(tensor([4], int64_data=[1, 2, 3, 4])), "0 values in float_data"),
    "list-too-big": (lambda: add(tensor([1], kind=TensorProto.INT8, int32_data=[300])), "does not fit int8"),
    "strings-short": (lambda: add(tensor([4], kind=TensorProto.STRING, string_data=[b"a"])), "1 strings"),
    "strings-not-utf8": (lambda: add(tensor([1], kind=TensorProto.STRING, string_data=[b"\xff"])), "not UTF-8"),
    "strings-raw": (lambda: add(tensor([4], b"abcd", TensorProto.STRING)), "must stand in string_data"),
    "negative-dim": (lambda: add(tensor([-4], bytes(16))), "negative dim"),
    "negative-dims": (lambda: add(tensor([-2, -2], bytes(16))), "negative dim"),
    "huge-dim": (lambda: add(tensor([1 << 62], bytes(16))), "need 18446744073709551616"),
    "overflowing-dims": (lambda: add(tensor([1 << 32, 1 << 32, 0, 1], bytes(16))), "need 0"),
    "huge-strings": (lambda: add(tensor([1 << 62], kind=TensorProto.STRING, string_data=[b"a"])), "1 strings"),
    "many-dims": (lambda: add(tensor([1] * 1000, bytes(4))), "1000 dims"),
    "no-element": (lambda: add(tensor([4], bytes(16), 0)), "elements of type 0"),
    "unknown-element": (lambda: add(tensor([4], bytes(16), 999)), "elements of type 999"),
    "constant-short": (lambda: model(_constant(tensor([4], bytes(3))), relu()), "3 bytes of data"),
    "sparse-outside": (lambda: sparse([4], [1.0], [9]), "outside of its dims"),
    "sparse-negative": (lambda: sparse([4], [1.0], [-1]), "outside of its dims"),
    "sparse-row-outside": (lambda: sparse([2, 2], [1.0], [[0, 3]]), "outside of its dims"),
    "sparse-short": (lambda: sparse([4], [1.0, 2.0], [1]), "2 values, but indices of shape [1]"),
    "sparse-huge": (lambda: sparse([1 << 40, 1 << 20], [1.0], [1]), "too big to be made dense"),
    "sparse-strings": (lambda: sparse([4], [1.0], np.array([1], np.int32)), "indices of type int64"),
    # data in other files, of a model without a folder
    "external-without-folder": (lambda: external("w.bin"), "data in another file, 'w.bin'"),
    # names
    "name-not-utf8": (not_utf8, "not UTF-8"),
    # functions
    "recursive": (lambda: calling(function("F0", [call("F0")])), "calls itself"),
    "mutually-recursive": (
        lambda: calling(function("F0", [call("F1")]), function("F1", [call("F0")])),
        "calls itself",
    ),
    "deep-calls": (
        lambda: calling(*(function(f"F{n}", [call(f"F{n + 1}")]) for n in range(90))),
        "more than 60 deep",
    ),
    "doubling": (lambda: doubling(40), "at most 1000000 are supported"),
    "function-twice": (lambda: calling(*[function("F0", [relu("a", "b")])] * 2), "defines the function 'F0'"),
    "function-opset": (lambda: calling(function("F0", [relu("a", "b")], version=18)), "written in opset 18"),
    "function-unknown": (lambda: calling(function("F0", [call("Conw")])), "mine.Conw"),
}


def _reference() -> NodeProto:
    node = helper.make_node("LeakyRelu", ["x"], ["z"], alpha=0.5)
    node.attribute[0].ref_attr_name = "slope"
    return node


def _constant(value: TensorProto) -> NodeProto:
    return helper.make_node("Constant", [], ["c"], value=value)


def _map_input() -> onnx.ValueInfoProto:
    info = onnx.ValueInfoProto(name="x")
    info.type.map_type.key_type = TensorProto.INT64
    return info


def refusal(source: Path | bytes | ModelProto) -> str:
    """What an import says when it refuses `source`, which it must."""
    start = time.process_time()
    with pytest.raises(StepwellError) as caught:
        import_onnx(Context(), source)
    assert time.process_time() - start < LONGEST
    said = str(caught.value)
    assert len(said) < 2000
    return said


@pytest.mark.parametrize("name", CORPUS)
def test_corpus(name: str):
    make, words = CORPUS[name]
    assert words in refusal(make())


def test_types_nested_without_end():
    made = model(relu())
    type = made.graph.input[0].type
    for _ in range(5000):
        type = type.sequence_type.elem_type
    type.tensor_type.elem_type = 1
    assert "too deeply" in refusal(made)


def test_unknown_operators_are_named_at_once():
    made = model(
        *(helper.make_node("Conw", ["x"], [f"c{n}"], name=f"conw-{n}") for n in range(7)),
        helper.make_node("Reluu", ["x"], ["u"], name="reluu"),
        relu(),
    )
    said = refusal(made)
    assert "2 operators are not supported" in said
    assert "Conw (not in opset 13 of ai.onnx): 7 nodes ('conw-0', 'conw-1'" in said
    assert "and 2 more" in said
    assert "Reluu (not in opset 13 of ai.onnx): 1 node ('reluu')" in said


def test_unknown_operators_inside_of_subgraphs_are_named(tmp_path: Path):
    inner = helper.make_graph([helper.make_node("Conw", ["x"], ["y2"], name="deep")], "t", [], [VALUE("y2", 1, [4])])
    other = helper.make_graph([relu("x", "y3")], "e", [], [VALUE("y3", 1, [4])])
    node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=other)
    made = model(node, inputs=[VALUE("x", 1, [4]), VALUE("c", TensorProto.BOOL, [])])
    assert "Conw (not in opset 13 of ai.onnx): 1 node ('deep')" in refusal(made)


# -- files ------------------------------------------------------------------------------------------------------------


def test_there_is_no_file(tmp_path: Path):
    assert "there is no file" in refusal(tmp_path / "none.onnx")


def test_a_folder(tmp_path: Path):
    assert "is a folder" in refusal(tmp_path)


def test_control_characters_in_the_path():
    said = refusal(Path("a\0\x1b[2Jb.onnx"))
    assert "there is no file a\\x00\\x1b[2Jb.onnx" in said


def test_not_a_regular_file(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.onnx")
    assert "is not a file" in refusal(tmp_path / "pipe.onnx")


def test_an_error_names_the_file(tmp_path: Path):
    (tmp_path / "bad.onnx").write_bytes(b"")
    assert "bad.onnx" in refusal(tmp_path / "bad.onnx")


def whole() -> bytes:
    weight = numpy_helper.from_array(np.arange(64, dtype=np.float32).reshape(4, 4, 2, 2), "w")
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="conv", strides=[1, 1])
    made = model(node, weights=[weight], inputs=[VALUE("x", 1, [1, 4, 8, 8])], outputs=[VALUE("y", 1, [1, 4, 7, 7])])
    return made.SerializeToString()


def test_every_truncation_is_refused():
    data = whole()
    assert import_onnx(Context(), data) is not None
    graph_ends = [n for n in range(len(data)) if _decodes(data[:n])]
    for n in range(len(data)):
        if n not in graph_ends:
            assert "error:" in refusal(data[:n])
    for n in graph_ends:  # cut between two fields it decodes, and lacks what comes after
        assert "error:" in refusal(data[:n])


def _decodes(data: bytes) -> bool:
    try:
        ModelProto.FromString(data)
    except Exception:
        return False
    return True


@pytest.mark.parametrize("seed", range(8))
def test_random_bytes(seed: int):
    rng = random.Random(seed)
    for _ in range(50):
        assert "error:" in refusal(rng.randbytes(rng.randrange(1, 3000)))


@pytest.mark.parametrize("seed", range(8))
def test_flipped_bits_are_read_or_refused(seed: int):
    """A file with a few wrong bits may still be a model; if not, the refusal is a StepwellError and nothing else."""
    rng, data = random.Random(seed), whole()
    for _ in range(150):
        broken = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        try:
            import_onnx(Context(), bytes(broken)).verify()
        except StepwellError as error:
            assert error.what


# -- data in other files ----------------------------------------------------------------------------------------------


def saved(folder: Path, made: ModelProto) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "m.onnx").write_bytes(made.SerializeToString())
    return folder / "m.onnx"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A model's folder, with a secret beside it that a model must not reach."""
    (tmp_path / "home").mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    return tmp_path / "home"


@pytest.mark.parametrize(
    "location",
    [
        "../secret.bin",
        "a/../../secret.bin",
        "./../secret.bin",
        "/etc/passwd",
        "//etc/passwd",
        "..\\secret.bin",
        "C:\\secret.bin",
        "C:secret.bin",
        "\\\\host\\secret.bin",
        "..",
    ],
)
def test_a_path_out_of_the_folder(home: Path, location: str):
    assert "not inside the model's folder" in refusal(saved(home, external(location)))


def test_a_link_out_of_the_folder(home: Path):
    (home / "w.bin").symlink_to(home.parent / "secret.bin")
    assert "not inside the model's folder" in refusal(saved(home, external("w.bin")))


def test_a_folder_that_is_a_link_out_of_the_folder(home: Path):
    (home / "data").symlink_to(home.parent)
    assert "not inside the model's folder" in refusal(saved(home, external("data/secret.bin")))


def test_a_link_in_a_circle(home: Path):
    (home / "w.bin").symlink_to(home / "w.bin")
    assert "no such file" in refusal(saved(home, external("w.bin")))


@pytest.mark.parametrize("location", ["none.bin", ".", "m.onnx/w.bin", PIT])
def test_no_such_data_file(home: Path, location: str):
    assert "no such file" in refusal(saved(home, external(location)))


@pytest.mark.parametrize("location", ["", "a\0b"])
def test_a_data_file_without_a_name(home: Path, location: str):
    assert "does not name it" in refusal(saved(home, external(location)))


def test_a_data_file_that_is_a_pipe(home: Path):
    os.mkfifo(home / "w.bin")
    assert "no such file" in refusal(saved(home, external("w.bin")))


@pytest.mark.parametrize("size", [0, 15])
def test_a_short_data_file(home: Path, size: int):
    (home / "w.bin").write_bytes(bytes(size))
    assert f"which has {size}" in refusal(saved(home, external("w.bin")))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"offset": "1"}, "which has 16"),
        ({"offset": "99999999999999"}, "which has 16"),
        ({"offset": "-1"}, "must be a number"),
        ({"offset": "x"}, "must be a number"),
        ({"offset": "9" * 5000}, "must be a number"),
        ({"length": "12"}, "12 bytes of data, but its dims [4] need 16"),
        ({"length": "-16"}, "must be a number"),
    ],
)
def test_a_wrong_range(home: Path, entries: dict[str, str], words: str):
    (home / "w.bin").write_bytes(bytes(16))
    assert words in refusal(saved(home, external("w.bin", **entries)))


def test_data_inside_of_the_folder_are_mapped(home: Path):
    (home / "data").mkdir()
    values = np.arange(40, dtype=np.float32)
    (home / "data" / "w.bin").write_bytes(b"head" + values.tobytes())
    (home / "link.bin").symlink_to(home / "data" / "w.bin")
    ctx = Context()
    for location in ("data/w.bin", "./data/w.bin", "link.bin"):
        import_onnx(ctx, saved(home, external(location, 160, offset="4", length="160")))
    assert np.array_equal(ctx.weights["w"], values)
    base = ctx.weights["w"]
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
