"""Models in which a shape depends on what a run computes give what ONNX Runtime gives, at every size they meet."""

from __future__ import annotations

import pydoc
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import stepwell
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper
from requirements import require_target
from stepwell.tools.package import package

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def model(nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], **constants: Any) -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node(op, ins, outs, **attributes) for op, ins, outs, attributes in nodes],
        "staged",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in outputs.items()],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    return made


TARGETS = ["native", "c", "wgsl", "opencl", "spirv"]
on_targets = pytest.mark.parametrize("target", TARGETS)


def agree(made: onnx.ModelProto | bytes, target: str, *feeds: dict[str, np.ndarray]) -> None:
    require_target(target)
    content = made if isinstance(made, bytes) else made.SerializeToString()
    program = stepwell.compile(made, target, threads=1)
    session = onnxruntime.InferenceSession(content)
    for fed in feeds:
        outputs = zip(session.get_outputs(), session.run(None, fed), strict=True)
        wanted = {port.name: np.asarray(array) for port, array in outputs}
        got = program.run(fed)
        assert list(got) == list(wanted)
        for name, array in wanted.items():
            assert got[name].dtype == array.dtype and got[name].shape == array.shape
            np.testing.assert_allclose(got[name], array, rtol=1e-5, atol=1e-5)


RNG = np.random.default_rng(11)


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


SELECTED = model(
    [
        ("Greater", ["x", "zero"], ["mask"], {}),
        ("NonZero", ["mask"], ["places"], {}),
        ("Transpose", ["places"], ["index"], {"perm": [1, 0]}),
        ("GatherND", ["x", "index"], ["chosen"], {}),
        ("MatMul", ["x", "w"], ["product"], {}),
        ("Exp", ["chosen"], ["y"], {}),
        ("Shape", ["chosen"], ["sizes"], {}),
        ("Squeeze", ["sizes"], ["n"], {}),
        ("Range", ["c0", "n", "c1"], ["list"], {}),
        ("ReduceSum", ["chosen"], ["total"], {"keepdims": 0}),
        ("Mul", ["product", "total"], ["z"], {}),
    ],
    {"x": ["rows", 4]},
    {"y": (FLOAT, ["k"]), "list": (INT64, ["k"]), "z": (FLOAT, ["rows", 3])},
    zero=np.float32(0),
    c0=np.int64(0),
    c1=np.int64(1),
    w=floats(4, 3),
)


@on_targets
def test_what_is_selected_is_computed_with(target: str):
    """At two sizes of the input, of what is selected, and with nothing selected."""
    agree(SELECTED, target, {"x": floats(3, 4)}, {"x": floats(5, 4)}, {"x": floats(3, 4)}, {"x": -np.ones((2, 4), "f")})


TWICE = model(
    [
        ("Greater", ["x", "zero"], ["mask"], {}),
        ("Compress", ["x", "mask"], ["positive"], {}),
        ("ReduceMean", ["positive"], ["mean"], {"keepdims": 0}),
        ("Greater", ["positive", "mean"], ["above"], {}),
        ("Compress", ["positive", "above"], ["large"], {}),
        ("Mul", ["large", "large"], ["y"], {}),
        ("Add", ["x", "mean"], ["z"], {}),
    ],
    {"x": [20]},
    {"z": (FLOAT, [20]), "y": (FLOAT, ["k"])},
    zero=np.float32(0),
)


@on_targets
def test_a_stage_is_cut_again(target: str):
    agree(TWICE, target, *({"x": floats(20)} for _ in range(4)))


COUNTED = model(
    [
        ("ReduceMax", ["x"], ["most"], {"keepdims": 0}),
        ("Abs", ["most"], ["size"], {}),
        ("Cast", ["size"], ["n"], {"to": INT64}),
        ("Range", ["c0", "n", "c1"], ["list"], {}),
        ("Cast", ["list"], ["floats"], {"to": FLOAT}),
        ("Mul", ["floats", "most"], ["y"], {}),
        ("Unsqueeze", ["n", "c00"], ["length"], {}),
        ("Expand", ["most", "length"], ["z"], {}),
    ],
    {"x": [3, 4]},
    {"y": (FLOAT, ["k"]), "z": (FLOAT, ["k"])},
    c0=np.int64(0),
    c1=np.int64(1),
    c00=np.array([0], np.int64),
)


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "wgsl"])
def test_a_number_that_is_computed_says_how_many(target: str):
    agree(COUNTED, target, *({"x": floats(3, 4) * scale} for scale in (1, 5, 9, 0)))


def test_a_computed_int64_is_refused_where_the_device_has_32_bits():
    with pytest.raises(stepwell.StepwellError, match=r"fptosi on i64: the device has integers of 32 bits") as said:
        stepwell.compile(COUNTED, "wgsl")
    assert "node 'n'" in str(said.value) and said.value.fix is not None and "another target" in said.value.fix


BOXES = model(
    [
        ("NonMaxSuppression", ["boxes", "scores", "most", "overlap", "least"], ["kept"], {}),
        ("Gather", ["kept", "two"], ["index"], {"axis": 1}),
        ("Gather", ["boxes", "index"], ["found"], {"axis": 1}),
        ("Sub", ["found", "one"], ["y"], {}),
    ],
    {"boxes": [1, 12, 4], "scores": [1, 1, 12]},
    {"y": (FLOAT, [1, "k", 4])},
    most=np.array([5], np.int64),
    overlap=np.array([0.4], np.float32),
    least=np.array([0.2], np.float32),
    two=np.int64(2),
    one=np.float32(1),
)


@on_targets
def test_boxes_that_are_kept(target: str):
    def feeds() -> dict[str, np.ndarray]:
        corner, size = RNG.random((1, 12, 2)), RNG.random((1, 12, 2))
        boxes = np.concatenate([corner, corner + size], axis=2).astype(np.float32)
        return {"boxes": boxes, "scores": RNG.random((1, 1, 12)).astype(np.float32)}

    agree(BOXES, target, feeds(), feeds(), feeds())


@on_targets
def test_outputs_of_either_stage_go_where_the_caller_wants(target: str):
    require_target(target)
    program = stepwell.compile(TWICE, target, threads=1)
    x = floats(20)
    plain = program.run({"x": x})
    out = {"z": np.empty(20, np.float32), "y": np.empty(plain["y"].shape, np.float32)}
    given = program.run({"x": x}, out=out)
    for name, array in plain.items():
        assert given[name] is out[name]
        np.testing.assert_array_equal(given[name], array)


def test_what_the_cache_has_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Not even read, in a process to come; but for a size that is new."""
    monkeypatch.setenv("STEPWELL_CACHE", str(tmp_path))
    content = TWICE.SerializeToString()
    x = np.linspace(-1, 2, 20, dtype=np.float32)
    first = stepwell.compile(content, threads=1).run({"x": x})
    steps: list[str] = []
    for module, name in [("driver", "read_module"), ("driver", "take_next_stage"), ("pass_manager", "parse_passes")]:
        note_calls(monkeypatch, f"stepwell.{module}.{name}", steps)
    again = stepwell.compile(content, threads=1)
    for name, array in again.run({"x": x}).items():
        np.testing.assert_array_equal(array, first[name])
    assert steps == []
    agree(content, "native", {"x": x}, {"x": x[::-1] * 3 - 1})
    assert "read_module" in steps and "parse_passes" in steps


def note_calls(monkeypatch: pytest.MonkeyPatch, place: str, into: list[str]) -> None:
    kept = pydoc.locate(place)
    assert callable(kept)

    def noted(*args: Any, **options: Any) -> Any:
        into.append(place.rpartition(".")[2])
        return kept(*args, **options)

    monkeypatch.setattr(place, noted)


def test_a_package_cannot_hold_stages(tmp_path: Path):
    path = tmp_path / "twice.onnx"
    onnx.save(TWICE, path)
    ran = CliRunner().invoke(package, [str(path), "-o", str(tmp_path / "made"), "--target", "c"])
    assert ran.exit_code != 0 and "cut into stages" in str(ran.exception or ran.output)
    assert not (tmp_path / "made").exists()


def test_what_no_run_would_tell_is_refused():
    """How often a loop turns whose value grows is known only at its end."""
    body = helper.make_graph(
        [
            helper.make_node("Concat", ["a", "a"], ["b"], axis=0),
            helper.make_node("ReduceSum", ["b"], ["s"], keepdims=0),
            helper.make_node("Less", ["s", "limit"], ["more"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("a", FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("more", TensorProto.BOOL, []),
            helper.make_tensor_value_info("b", FLOAT, None),
        ],
    )
    made = model(
        [("Exp", ["x"], ["e"], {}), ("Loop", ["most", "", "e"], ["y"], {"body": body})],
        {"x": [2, 2]},
        {"y": (FLOAT, ["k", 2])},
        most=np.int64(9),
        limit=np.float32(100),
    )
    with pytest.raises(stepwell.StepwellError, match="computed at run time is not supported"):
        stepwell.compile(made, threads=1).run({"x": floats(2, 2)})
