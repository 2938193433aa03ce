"""What we write in each language, its own front-end reads: the kernels of whole models, of images and of words.

A model is taken down to its scheduled kernels once; from there each target takes a copy its own way.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

import pytest
import real_models
from browser import tint
from emulated import SUPPORT, compiler
from metal_emulated import without_spaces
from onnx import parser
from requirements import require, require_device
from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module
from stepwell.passes.graph.bind_shapes import BindShapes
from stepwell.registry import REGISTRY
from xdsl.dialects.builtin import ModuleOp

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"
SHIMS = Path(__file__).parent
SHAPES = {
    **{"digits": "image=1x1x8x8", "esrgan_slim_x2": "LR=1x33x20x3", "mtcnn_pnet": "input_1=1x40x61x3"},
    "mobilenet_v2_imagenet": "input=1x3x224x224",
}
"""Where a model's recorded inputs are not the ones to take."""
TEXTS = {
    "halves": "(float16[8,12] x, float16[12] y) => (float16[8] z, float[12] e) "
    "{ a = Tanh(x) z = MatMul(a, y) b = Exp(y) e = Cast<to = 1>(b) }",
    "brains": "(bfloat16[8,12] x, bfloat16[12] y) => (bfloat16[8] z) { a = Tanh(x) z = MatMul(a, y) }",
    "bytes": "(int8[8] x, float[8] y, int64[8] n) => (int8[8] a, float[8] b, int64[8] c) "
    "{ a = Abs(x) b = Floor(y) d = Cast<to = 6>(n) c = Cast<to = 7>(d) }",
}
"""Models of types that the others have not."""
MODELS = (
    *TEXTS,
    *("digits", "mobilenet_v2_imagenet", "mtcnn_pnet", "mtcnn_rnet", "mtcnn_onet", "esrgan_slim_x2"),
    *("mediapipe_selfie_seg", "all_minilm_l6_v2_fp32", "silero_vad_16k_sequence"),
)
each_model = pytest.mark.parametrize("name", MODELS)
WORDS = [name for name in MODELS if name != "bytes"]
"""For devices whose integers all have 32 bits."""
each_of_words = pytest.mark.parametrize("name", WORDS)


@functools.cache
def scheduled(name: str) -> tuple[Context, ModuleOp]:
    """A model at the level at which its kernels have loops and schedules to come."""
    ctx = Context()
    if name in TEXTS:
        text = f'<ir_version: 8, opset_import: ["" : 18]> agraph {TEXTS[name]}'
        module = read_module(ctx, parser.parse_model(text).SerializeToString())
    else:
        module = read_module(ctx, DIGITS if name == "digits" else real_models.fetch(name))
        BindShapes(SHAPES.get(name) or recorded_shapes(name)).apply(ctx, module)
    Way(find_target("opencl")).lower(ctx, module, "tensor")
    return ctx, module


def recorded_shapes(name: str) -> str:
    feeds, _ = real_models.recorded(name)
    return ";".join(f"{name}={'x'.join(map(str, feed.shape))}" for name, feed in feeds.items())


@functools.cache
def emitted(name: str, target: str) -> dict[str, bytes]:
    ctx, module = scheduled(name)
    copy = module.clone()
    way = Way(find_target(target))
    way.lower(ctx, copy)
    return way.target.emit(ctx, copy, way.options).files


def sources(name: str, target: str, folder: Path) -> list[Path]:
    """The files of a model's kernels, as a package holds them."""
    return written(emitted(name, target), folder)


def translated(name: str, language: str, folder: Path, **settings: str) -> list[Path]:
    """A model's kernels as `stepwell-translate` writes them."""
    ctx, module = scheduled(name)
    copy = module.clone()
    translation = REGISTRY.load_translation(language)
    way = Way(find_target(translation.target), settings=tuple(settings.items()))
    way.lower(ctx, copy, translation.level)
    return written(translation.write(ctx, copy, way.options, name), folder)


def written(files: dict[str, bytes], folder: Path) -> list[Path]:
    for file, text in files.items():
        (folder / file).write_bytes(text)
    assert files
    return [folder / file for file in files]


def check(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]


def clang() -> str:
    require(shutil.which("clang-19") is not None, "clang-19")
    return "clang-19"


@each_model
def test_clang_reads_opencl(name: str, tmp_path: Path) -> None:
    (file,) = sources(name, "opencl", tmp_path)
    for standard in ("CL1.2", "CL3.0"):
        options = ("-x", "cl", f"-cl-std={standard}", "--target=spir64", "-Xclang", "-finclude-default-header")
        check(clang(), *options, "-Wall", "-Werror", "-fsyntax-only", file)


@each_model
@pytest.mark.parametrize("architecture", ["gfx90a", "gfx1100"])
def test_clang_makes_code_for_amds_gpus_of_hip(name: str, architecture: str, tmp_path: Path) -> None:
    """By a header of our own in the place of ROCm's, which is not at hand."""
    (file,) = sources(name, "hip", tmp_path)
    own = ("--offload-device-only", "-nogpulib", "-nogpuinc", "-fdeclspec", f"-I{SHIMS / 'hip_shim'}")
    check(clang(), "-x", "hip", f"--offload-arch={architecture}", *own, "-Wall", "-Werror", "-S", "-o", "-", file)


@each_of_words
def test_glslang_reads_every_shader(name: str, tmp_path: Path) -> None:
    require(shutil.which("glslangValidator") is not None, "glslangValidator (glslang-tools)")
    check("glslangValidator", *sources(name, "glsl", tmp_path))


DRAWN = [name for name in WORDS if name != "all_minilm_l6_v2_fp32"]
"""Without a buffer too large for a texture."""


@pytest.mark.parametrize("name", DRAWN)
def test_glslang_reads_every_fragment_shader(name: str, tmp_path: Path) -> None:
    require(shutil.which("glslangValidator") is not None, "glslangValidator (glslang-tools)")
    check("glslangValidator", *sources(name, "webgl", tmp_path))


@each_of_words
def test_naga_reads_every_shader(name: str, tmp_path: Path) -> None:
    require_device("wgsl")
    import wgpu

    device = wgpu.gpu.request_adapter_sync().request_device_sync(required_features=["shader-f16"])
    for file in sources(name, "wgsl", tmp_path):
        device.create_shader_module(code=file.read_text())


def test_tint_reads_every_shader_without_a_warning() -> None:
    """It looks at more than grammar, as naga does: whether all threads of a block come to a barrier, say."""
    models = [name for name in WORDS if name != "halves"]  # the browser's device on a CPU has no f16
    texts = {f"{name}/{file}": text.decode() for name in models for file, text in emitted(name, "wgsl").items()}
    assert {name: said for name, said in tint(texts).items() if said} == {}


def test_tint_refuses_a_barrier_that_some_threads_pass_by() -> None:
    """So that nothing was said above means something."""
    code = """
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;
    @compute @workgroup_size(64)
    fn main(@builtin(local_invocation_id) id: vec3<u32>) {
      if (id.x < 3) { workgroupBarrier(); }
      x[id.x] = 1;
    }
    """
    said = tint({"barrier": code})["barrier"]
    assert any("'workgroupBarrier' must only be called from uniform control flow" in message for message in said)


@each_model
def test_a_cpp_compiler_reads_metal(name: str, tmp_path: Path) -> None:
    (file,) = sources(name, "msl", tmp_path)
    file.write_text(without_spaces(file.read_text()))
    folders = (f"-I{SHIMS / 'metal_shim'}", f"-I{SUPPORT}")
    check(compiler(), "-x", "c++", "-std=c++17", "-fsyntax-only", "-Wno-attributes", *folders, file)


@each_model
def test_nvcc_compiles_cuda(name: str, tmp_path: Path) -> None:
    if shutil.which("nvcc") is None:
        pytest.skip("there is no nvcc, which is not free to fetch")
    (file,) = translated(name, "cuda", tmp_path)
    both = [f"-gencode=arch=compute_{n},code=sm_{n}" for n in (80, 90)]
    check("nvcc", *both, "-fatbin", "-o", tmp_path / "kernels.fatbin", file)


PTXAS = shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")


@pytest.mark.skipif(PTXAS is None, reason="there is no ptxas, which is not free to fetch")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@each_model
def test_ptxas_assembles_ptx(name: str, architecture: str, tmp_path: Path) -> None:
    assert PTXAS is not None
    (file,) = translated(name, "ptx", tmp_path, cpu=architecture)
    text = file.read_text()
    assert f".target {architecture}" in text and ".extern .func" not in text
    check(PTXAS, f"-arch={architecture}", "-o", tmp_path / "kernels.cubin", file)
