"""Products of bf16: in pairs by one instruction where the processor has it; elsewhere each is widened."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
import real_models
import stepwell
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module, settings
from stepwell.runtime.native import check_machine
from stepwell.targets.cpu.hardware import named
from stepwell.tools import translate


def runs_here(cpu: str) -> bool:
    try:
        check_machine(named(cpu).architecture, named(cpu).required())
    except RuntimeError:
        return False
    return True


CPUS = [None, *(cpu for cpu in ("haswell", "skylake-avx512", "znver4") if runs_here(cpu))]
"""Of which znver4, and this machine perhaps, have the instruction."""


def rounded(array: np.ndarray) -> np.ndarray:
    return array.astype(ml_dtypes.bfloat16).astype(np.float64)


def model(node: onnx.NodeProto, x: tuple[int, ...], w: np.ndarray) -> onnx.ModelProto:
    value = helper.make_tensor_value_info
    weights = [onnx.numpy_helper.from_array(w, "w")]
    io = [value("x", TensorProto.FLOAT, x)], [value("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph([node], "one", *io, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def agrees(got: np.ndarray, exact: np.ndarray, size: np.ndarray) -> None:
    """Sums of exact products, in whatever order: as far apart as f32's rounding of their parts' sizes."""
    assert (np.abs(got - exact) <= 1e-6 * size + 1e-12).all()
    assert np.abs(got - exact).max() > 0


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize(
    "m, k, n", [(1, 64, 40), (5, 34, 16), (14, 128, 33), (37, 46, 160), (3, 35, 32), (9, 64, 2), (4, 32, 7)]
)
def test_products(m: int, k: int, n: int, cpu: str | None) -> None:
    rng = np.random.default_rng(m)
    x, w = rng.standard_normal((m, k), np.float32), rng.standard_normal((k, n), np.float32)
    program = stepwell.compile(
        model(helper.make_node("MatMul", ["x", "w"], ["y"]), (m, k), w), cpu=cpu, precision="bf16", threads=1
    )
    got = program.run({"x": x})["y"]
    if k % 2:  # no pairs: not rounded
        agrees(got, x.astype(np.float64) @ w, np.abs(x).astype(np.float64) @ np.abs(w))
    else:
        agrees(got, rounded(x) @ rounded(w), np.abs(rounded(x)) @ np.abs(rounded(w)))


CONVOLUTIONS = [
    ((1, 16, 9, 9), (24, 16, 3, 3), {"pads": [1, 1, 1, 1]}),
    ((1, 32, 8, 8), (70, 32, 1, 1), {}),
    ((2, 18, 10, 7), (16, 18, 3, 2), {"strides": [2, 1]}),
    ((1, 64, 7, 7), (16, 64, 3, 3), {"dilations": [2, 2]}),
]


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("x_shape, w_shape, attributes", CONVOLUTIONS)
def test_convolutions(
    x_shape: tuple[int, ...], w_shape: tuple[int, ...], attributes: dict[str, list[int]], cpu: str | None
) -> None:
    rng = np.random.default_rng(len(attributes))
    x, w = rng.standard_normal(x_shape, np.float32), rng.standard_normal(w_shape, np.float32)
    made = model(helper.make_node("Conv", ["x", "w"], ["y"], **attributes), x_shape, w)
    got = stepwell.compile(made, cpu=cpu, precision="bf16", threads=1).run({"x": x})["y"]

    def exactly(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        node = helper.make_node("Conv", ["x", "w"], ["y"], **attributes)
        value = helper.make_tensor_value_info
        inputs = [value("x", TensorProto.DOUBLE, x.shape), value("w", TensorProto.DOUBLE, w.shape)]
        graph = helper.make_graph([node], "one", inputs, [value("y", TensorProto.DOUBLE, None)])
        return ReferenceEvaluator(helper.make_model(graph)).run(None, {"x": x, "w": w})[0]

    agrees(got, exactly(rounded(x), rounded(w)), exactly(np.abs(rounded(x)), np.abs(rounded(w))))


def assembly(tmp_path: Path, source: Path, cpu: str) -> str:
    out = tmp_path / f"{cpu}.s"
    said = [str(source), "--precision", "bf16", "--cpu", cpu, "--to", "asm", "-o", str(out)]
    assert translate.main(said) == 0
    return out.read_text()


def test_the_instruction_is_used_where_there_is_one(tmp_path: Path) -> None:
    w = np.ones((64, 64), np.float32)
    onnx.save(model(helper.make_node("MatMul", ["x", "w"], ["y"]), (28, 64), w), tmp_path / "m.onnx")
    assert "vdpbf16ps" in assembly(tmp_path, tmp_path / "m.onnx", "znver4")
    for cpu in ("haswell", "skylake-avx512", "cortex-a72"):
        assert "bf16ps" not in assembly(tmp_path, tmp_path / "m.onnx", cpu)


def test_weights_are_half_as_large() -> None:
    w = np.ones((256, 64), np.float32)
    made = model(helper.make_node("MatMul", ["x", "w"], ["y"]), (28, 256), w)
    sizes = {}
    for precision in ("f32", "bf16"):
        way = Way(find_target("native"), settings=settings(precision=precision))
        ctx = Context()
        module = read_module(ctx, made.SerializeToString())
        way.lower(ctx, module)
        sizes[precision] = way.target.emit(ctx, module, way.options).manifest["weights_size"]
    assert sizes == {"f32": 256 * 64 * 4, "bf16": 256 * 64 * 2}


@pytest.mark.parametrize("name", ["mobilenet_v2_imagenet", "open_nsfw_resnet50_thin"])
def test_real_models_keep_their_answer(name: str) -> None:
    feeds, want = real_models.recorded(name)
    got = stepwell.compile(real_models.fetch(name), precision="bf16").run(feeds)
    real_models.assert_agrees(got, want, relative=3e-2)
