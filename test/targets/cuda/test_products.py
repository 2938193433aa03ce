"""Products that the compiler gives to tensor cores: numbers by emulation, against sums in f64 of what was multiplied,
and what NVIDIA's tools take.

Sizes that no tile divides: rows, columns, sums, pixels, batches; what starts a sum, and what follows it.
"""

from __future__ import annotations

import shutil
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest
import real_models
import stepwell
from cuda_emulated import CUDA
from emulated import program
from onnx import numpy_helper, parser
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.driver import Way, find_target, read_module, settings
from stepwell.targets.cuda import SOURCE_TARGET
from stepwell.targets.cuda.ptx import llvm_ir, ptx

PTXAS = shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")

CASES = {
    "matmul": ("T[100,130] a, T[130,72] b", "T[100,72] y", "y = MatMul(a, b)"),
    "bias_relu": ("T[100,136] a, T[136,75] b, T[75] c", "T[100,75] y", "t = MatMul(a, b) u = Add(t, c) y = Relu(u)"),
    "batches": ("T[3,33,65] a, T[3,65,70] b", "T[3,33,70] y", "y = MatMul(a, b)"),
    "transposed": ("T[65,50] a, T[41,65] b, T[41] c", "T[50,41] y", "y = Gemm<transA = 1, transB = 1>(a, b, c)"),
    "convolution": (
        "T[1,16,15,15] x, T[32,16,3,3] w, T[32] b",
        "T[1,32,8,8] y",
        "t = Conv<pads = [1,1,1,1], strides = [2,2]>(x, w, b) y = Relu(t)",
    ),
    "pointwise": ("T[2,40,9,9] x, T[33,40,1,1] w", "T[2,33,9,9] y", "y = Conv(x, w)"),
    "groups": ("T[1,32,13,13] x, T[32,16,3,3] w", "T[1,32,11,11] y", "y = Conv<group = 2>(x, w)"),
}
DTYPES = {"f16": ("float16", np.float16), "bf16": ("bfloat16", ml_dtypes.bfloat16), "tf32": ("float", np.float32)}
ROUNDING = {"f16": 2.0**-11, "bf16": 2.0**-8, "tf32": 2.0**-23}
"""Half an ulp of what results are stored as."""


def model(name: str, kind: str) -> bytes:
    inputs, output, body = (part.replace("T[", f"{DTYPES[kind][0]}[") for part in CASES[name])
    text = f'<ir_version: 10, opset_import: ["" : 22]> agraph ({inputs}) => ({output}) {{ {body} }}'
    return parser.parse_model(text).SerializeToString()


def options(kind: str) -> dict[str, Any]:
    return {"precision": "tf32"} if kind == "tf32" else {}


def feeds_of(name: str, kind: str) -> dict[str, Any]:
    graph = parser.parse_graph(f"g ({CASES[name][0].replace('T[', 'float[')}) => () {{ }}")
    rng = np.random.default_rng(0)
    shapes = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim] for value in graph.input}
    return {key: rng.standard_normal(shape).astype(DTYPES[kind][1]) for key, shape in shapes.items()}


def multiplied(x: Any, kind: str) -> Any:
    """What of `x` is multiplied: of tf32 10 bits behind the point, rounded to the nearest, ties away from zero."""
    if kind != "tf32":
        return x.astype(np.float64)
    return ((x.view(np.uint32) + 0x1000) & ~np.uint32(0x1FFF)).view(np.float32).astype(np.float64)


def convolution(x: Any, w: Any, stride: int = 1, pad: int = 0, group: int = 1) -> Any:
    """[n, c, h, w] by [f, c / group, kh, kw]."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], (2, 3))[:, :, ::stride, ::stride]
    parts = zip(np.split(windows, group, 1), np.split(w, group), strict=True)
    return np.concatenate([np.einsum("ncijkl,fckl->nfij", a, b) for a, b in parts], 1)


def wanted(name: str, feeds: dict[str, Any], kind: str) -> Any:
    """In f64, of the factors as they are multiplied; f16 and bf16 are rounded between ops, as ONNX has it."""

    def rounded(x: Any) -> Any:
        return x.astype(DTYPES[kind][1]).astype(np.float64)

    left, right, *bias = feeds.values()
    left, right = multiplied(left, kind), multiplied(right, kind)
    match name:
        case "transposed":
            return left.T @ right.T + bias[0].astype(np.float64)
        case "convolution":
            return np.maximum(convolution(left, right, 2, 1) + bias[0].astype(np.float64)[:, None, None], 0)
        case "pointwise":
            return convolution(left, right)
        case "groups":
            return convolution(left, right, group=2)
        case "bias_relu":
            return np.maximum(rounded(left @ right) + bias[0].astype(np.float64), 0)
        case _:
            return left @ right


EACH = [*((name, "f16") for name in CASES), *product(("bias_relu", "convolution"), ("bf16", "tf32"))]
EACH += [("transposed", "tf32"), ("batches", "tf32")]


@pytest.mark.parametrize(("name", "kind"), EACH)
def test_products_agree_with_sums_in_f64(name: str, kind: str) -> None:
    feeds = feeds_of(name, kind)
    made = program(model(name, kind), feeds, SOURCE_TARGET, CUDA, **options(kind))
    assert f"mma_{kind}(" in made.source
    got, want = made.run(feeds)["y"].astype(np.float64), wanted(name, feeds, kind)
    # a result is rounded once or twice as it is stored, and its sum as often as it has terms, in f32
    scale = np.abs(want).max()
    np.testing.assert_allclose(got, want, rtol=0, atol=(2 * ROUNDING[kind] + 130 * 2.0**-24) * scale)


BY_HAND = """
schedule.kernel @kernel_conv_0 {
  %i, %j, %k, %r, %s = schedule.nest [0, 1, 2] : 8, 8, 32, 3, 48
  %i_w, %i_f = schedule.tile %i by 4
  %k_b, %k_x = schedule.tile %k by 16
  %k_w, %k_f = schedule.tile %k_x by 8
  %s_o, %s_i = schedule.tile %s by 32
  schedule.reorder %k_b, %i_w, %k_w, %s_o, %r, %i_f, %j, %k_f, %s_i
  schedule.bind %k_b to block
  schedule.bind %i_w, %k_w to warp
  schedule.cache [1] input 0 at %s_o HOW straight pad 8
  schedule.cache [1] input 1 at %s_o HOW pad 8
  schedule.mma rows %i_f, %j columns %k_f sums %s_i as f16
}
"""


@pytest.mark.parametrize("how", ["", "double", "stages 2 by 8"])
def test_a_schedule_by_hand_is_obeyed(how: str, tmp_path: Path) -> None:
    """Rows of two loops that warps share, a loop of the sum inside of what is copied, and a last part of 16 terms."""
    (tmp_path / "mine.mlir").write_text(BY_HAND.replace(" HOW", f" {how}" if how else ""))
    feeds = feeds_of("convolution", "f16")
    made = program(model("convolution", "f16"), feeds, SOURCE_TARGET, CUDA, schedule=str(tmp_path / "mine.mlir"))
    assert made.source.count(" = mma_f16(") == 2 * 2
    got, want = made.run(feeds)["y"].astype(np.float64), wanted("convolution", feeds, "f16")
    np.testing.assert_allclose(got, want, rtol=0, atol=2 * ROUNDING["f16"] * np.abs(want).max())


def test_a_precision_that_cuda_has_not_is_refused() -> None:
    with pytest.raises(StepwellError, match="there is no precision 'f16'"):
        SOURCE_TARGET.options(precision="f16")


def halved(path: Path) -> bytes:
    """A model of f32 as one of f16: weights rounded, inputs and outputs of that type."""
    made = onnx.load(path)
    for weight in (tensor for tensor in made.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT):
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), weight.name))
    for value in (*made.graph.input, *made.graph.output, *made.graph.value_info):
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    return made.SerializeToString()


@pytest.mark.parametrize("kind", ["f16", "bf16"])
def test_a_whole_model_agrees_with_the_native_target(kind: str) -> None:
    """bf16: a model of f32 whose products are rounded, on both. Results are of a size of about 1."""
    path = real_models.fetch("mtcnn_rnet")
    source, how = (halved(path), {}) if kind == "f16" else (path, {"precision": "bf16"})
    image = np.random.default_rng(0).uniform(-1, 1, (2, 24, 24, 3))
    feeds = {"input_2": image.astype(np.float16 if kind == "f16" else np.float32)}
    made = program(source, feeds, SOURCE_TARGET, CUDA, **how)
    assert made.source.count(f" = mma_{kind}(") > 2
    got, want = made.run(feeds), stepwell.compile(source, **how).run(feeds)
    for name, values in want.items():
        # sums in another order are rounded to another neighbour now and then, in one layer after the other
        np.testing.assert_allclose(got[name].astype(np.float64), values, rtol=0, atol=ROUNDING[kind])


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("name", ["bias_relu", "convolution"])
@pytest.mark.parametrize("kind", DTYPES)
def test_ptxas_takes_products(name: str, kind: str, architecture: str, tmp_path: Path) -> None:
    ctx = Context()
    module = read_module(ctx, model(name, kind))
    way = Way(find_target("cuda"), settings=settings(cpu=architecture, **options(kind)))
    way.lower(ctx, module)
    text = ptx(llvm_ir(module, architecture), architecture)
    instruction = {"f16": "m16n8k16.row.col.f32.f16", "bf16": "m16n8k16.row.col.f32.bf16"}
    assert f"mma.sync.aligned.{instruction.get(kind, 'm16n8k8.row.col.f32.tf32')}" in text
    if PTXAS is None:
        pytest.skip("there is no ptxas, which is not free to fetch")
    (tmp_path / "k.ptx").write_text(text)
    subprocess.run([PTXAS, f"-arch={architecture}", "-o", tmp_path / "k.cubin", tmp_path / "k.ptx"], check=True)


@pytest.mark.parametrize("kind", DTYPES)
def test_nvcc_takes_products(kind: str, tmp_path: Path) -> None:
    if shutil.which("nvcc") is None:
        pytest.skip("there is no nvcc, which is not free to fetch")
    ctx = Context()
    module = read_module(ctx, model("bias_relu", kind))
    Way(find_target("cuda"), settings=settings(**options(kind))).lower(ctx, module, "device")
    (tmp_path / "k.cu").write_text("".join(SOURCE_TARGET.texts(module).values()))
    subprocess.run(["nvcc", "-arch=sm_80", "-cubin", "-o", tmp_path / "k.cubin", tmp_path / "k.cu"], check=True)
