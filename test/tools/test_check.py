"""`stepwell check`: all problems of a model at once with exit code 1, or its operators, work and memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from stepwell.check import check
from stepwell.tools import main
from stepwell.work import Work

ML = "ai.onnx.ml"
"""The domain of operators that we have no conversions of."""
DIGITS = Path(__file__).parent.parent.parent / "examples" / "digits" / "digits.onnx"


def model(nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray], x: list[int], y: list[int]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(ML, 3)], ir_version=8
    )


def test_work_and_parameters_are_counted_by_hand() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], name="conv", strides=[2, 2], group=2),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("Flatten", ["r"], ["f"], name="flat"),
        helper.make_node("Gemm", ["f", "d"], ["y"], name="dense"),
    ]
    weights = {
        "w": np.ones((6, 2, 3, 3), np.float32),
        "b": np.arange(30, dtype=np.float32)[:6],
        "d": np.ones((96, 10), np.float32),
    }
    report = check(model(nodes, weights, [1, 4, 9, 9], [1, 10]))
    assert not report.problems
    conv, relu, dense = (layer for layer in report.layers)
    assert (conv.node, conv.shape) == ("conv", (1, 6, 4, 4))
    assert conv.work == Work(macs=96 * 2 * 9, others=96)  # 6 x 4 x 4 outputs, each of 2 channels x 9 taps, and a bias
    assert conv.work.flops == 2 * 96 * 18 + 96
    assert relu.work == Work(others=96)
    assert dense.work == Work(macs=96 * 10)
    assert conv.parameters == 108 and dense.parameters == 960
    assert report.operators == {"Conv": 1, "Relu": 1, "Flatten": 1, "Gemm": 1}
    assert report.weights >= (108 + 960) * 4 and report.arena > 0


def test_all_problems_are_named_at_once() -> None:
    nodes = [
        helper.make_node("Binarizer", ["x"], ["a"], name="first", domain=ML),
        helper.make_node("Binarizer", ["a"], ["b"], name="second", domain=ML),
        helper.make_node("Relu", ["x"], ["c"], name="fine"),
        helper.make_node("Cast", ["c"], ["k"], name="cast", to=TensorProto.INT64),
        helper.make_node("Trilu", ["c", "k"], ["d"], name="third"),
        helper.make_node("Trilu", ["x", "k"], ["y"], name="fourth"),
    ]
    report = check(model(nodes, {}, [1, 1, 4, 4], [1, 1, 4, 4]))
    said = "\n".join(str(problem) for problem in report.problems)
    for node in ("first", "second", "third", "fourth"):
        assert f"'{node}'" in said
    assert "'fine'" not in said


def test_exit_codes_and_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main.main(["check", str(DIGITS), "--shape", "image=1x1x8x8", "--layers"]) == 0
    said = capsys.readouterr().out
    assert "conv2" in said and "73,728" in said  # 16 x 8 x 8 outputs of 8 channels x 9 taps
    assert "80.90 kMACs" in said and "all of it compiles" in said
    bad = tmp_path / "bad.onnx"
    onnx.save(model([helper.make_node("Binarizer", ["x"], ["y"], name="steps", domain=ML)], {}, [4], [4]), bad)
    assert main.main(["check", str(bad)]) == 1
    said = capsys.readouterr().err
    assert "1 problem" in said and "'steps'" in said and "Traceback" not in said


def test_open_dims_are_checked_without_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    """And without sizes it is not said that a program was made."""
    assert main.main(["check", str(DIGITS)]) == 0
    said = capsys.readouterr().out
    assert "all operators are supported" in said and "--shape image=1x1x8x8" in said


def test_a_model_in_stages_compiles(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "{ i = NonZero(x) t = Transpose(i) v = GatherND(x, t) y = Exp(v) }"
    head = '<ir_version: 8, opset_import: ["" : 18, "ai.onnx.ml" : 3]> agraph (float[3,4] x) => (float[n] y) '
    path = tmp_path / "stages.onnx"
    onnx.save(onnx.parser.parse_model(head + text), path)
    report = check(path)
    assert report.in_stages and not report.problems
    assert main.main(["check", str(path)]) == 0
    assert "a run decides the sizes" in capsys.readouterr().out
    onnx.save(onnx.parser.parse_model(head + text.replace("Exp(v)", "ai.onnx.ml.Binarizer(v)")), path)
    assert [str(problem) for problem in check(path).problems if "Binarizer" in str(problem)]


@pytest.mark.parametrize(("target", "says"), [("native", ""), ("c", "C99 has no type for f16"), ("wgsl", "f64")])
def test_what_a_language_lacks_is_found(target: str, says: str, tmp_path: Path) -> None:
    kind = "double" if target == "wgsl" else "float16"
    text = f'<ir_version: 8, opset_import: ["" : 18]> agraph ({kind}[4] x) => ({kind}[4] y) {{ y = Exp(x) }}'
    path = tmp_path / "model.onnx"
    onnx.save(onnx.parser.parse_model(text), path)
    report = check(path, target)
    assert report.compiled == (not says)
    assert [says in str(problem) for problem in report.problems] == [True] * bool(says)


@pytest.mark.parametrize("target", ["wgsl", "spirv"])
def test_all_that_a_device_lacks_is_named_at_once(target: str, tmp_path: Path) -> None:
    """What 32 bits may not hold, types, and functions of a type, each with its node."""
    text = "(double[4] x, int64[4] i) => (double[4] y, double[4] z, int64[4] n, int64[4] m) "
    text += "{ [sine] s = Sin(x) [sum] y = Add(s, x) [power] z = Exp(x) [product] n = Mul(i, i) "
    text += "[difference] m = Sub(n, i) }"
    path = tmp_path / "model.onnx"
    onnx.save(onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> agraph {text}'), path)
    found = {(problem.what.partition(":")[0], problem.location()) for problem in check(path, target).problems}
    sine, total, power, product, difference = (
        f"node '{name}', model.onnx" for name in ("sine", "sum", "power", "product", "difference")
    )
    lacks = "tensors of f64, which webgpu has not"
    wanted = {
        "wgsl": {
            *((lacks, f"{sine} and {total}"), (lacks, power)),
            *(("arith.muli on i64", product), ("arith.subi on i64", difference)),
        },
        "spirv": {("math.sin on f64", sine), ("math.exp on f64", power)},
    }
    assert found == wanted[target]
