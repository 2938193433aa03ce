"""What we write in each language, its own front-end reads: whole models, one with images, one with words."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import real_models
from requirements import require, require_compiler
from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module
from stepwell.passes.graph.bind_shapes import BindShapes
from stepwell.registry import REGISTRY

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"
SHIM = Path(__file__).parent / "metal_shim"
SUPPORT = Path(__file__).parents[2] / "support"
MODELS = {
    "mtcnn_rnet": "input_2=1x24x24x3",
    "all_minilm_l6_v2_fp32": "input_ids=1x9;attention_mask=1x9;token_type_ids=1x9",
}
each_model = pytest.mark.parametrize("name", MODELS)


def sources(name: str, target: str, folder: Path) -> list[Path]:
    """The files of a model's kernels."""
    ctx = Context()
    module = read_module(ctx, real_models.fetch(name))
    BindShapes(MODELS[name]).apply(ctx, module)
    way = Way(find_target(target))
    way.lower(ctx, module)
    made: list[Path] = []
    for file, text in way.target.emit(ctx, module, way.options).files.items():
        made.append(folder / file)
        made[-1].write_bytes(text)
    return made


def translated(name: str, language: str, folder: Path, **settings: str) -> list[Path]:
    """A model's kernels as `stepwell-translate` writes them."""
    ctx = Context()
    module = read_module(ctx, real_models.fetch(name) if name in MODELS else DIGITS)
    BindShapes(MODELS.get(name, "image=1x1x8x8")).apply(ctx, module)
    translation = REGISTRY.load_translation(language)
    way = Way(find_target(translation.target), settings=tuple(settings.items()))
    way.lower(ctx, module, translation.level)
    made: list[Path] = []
    for file, text in translation.write(ctx, module, way.options, name).items():
        made.append(folder / file)
        made[-1].write_bytes(text)
    return made


def check(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]


@each_model
def test_glslang_reads_every_shader(name: str, tmp_path: Path) -> None:
    require(shutil.which("glslangValidator") is not None, "glslangValidator (glslang-tools)")
    check("glslangValidator", *sources(name, "glsl", tmp_path))


@each_model
def test_a_cpp_compiler_reads_metal(name: str, tmp_path: Path) -> None:
    require_compiler()
    compiler = os.environ.get("CXX") or next((c for c in ("g++", "clang++") if shutil.which(c)), None)
    require(compiler is not None, "a C++ compiler")
    assert compiler is not None
    (file,) = sources(name, "msl", tmp_path)
    check(compiler, "-x", "c++", "-std=c++17", "-fsyntax-only", "-Wno-attributes", f"-I{SHIM}", f"-I{SUPPORT}", file)


@each_model
def test_nvcc_compiles_cuda(name: str, tmp_path: Path) -> None:
    if shutil.which("nvcc") is None:
        pytest.skip("there is no nvcc, which is not free to fetch")
    (file,) = translated(name, "cuda", tmp_path)
    check("nvcc", "-arch=sm_80", "-cubin", "-o", tmp_path / "kernels.cubin", file)


PTXAS = shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")


@pytest.mark.skipif(PTXAS is None, reason="there is no ptxas, which is not free to fetch")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("name", ["digits", *MODELS])
def test_ptxas_assembles_ptx(name: str, architecture: str, tmp_path: Path) -> None:
    assert PTXAS is not None
    (file,) = translated(name, "ptx", tmp_path, cpu=architecture)
    text = file.read_text()
    assert f".target {architecture}" in text and ".extern .func" not in text
    check(PTXAS, f"-arch={architecture}", "-o", tmp_path / "kernels.cubin", file)
