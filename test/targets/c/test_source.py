"""C that we print compiles without a warning under strict flags, embeds weights on request, refuses what it must."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import stepwell
from c_programs import compile_c, lowered, run_sanitized, write_source
from requirements import needs_compiler
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.runtime.c import BuildError, CProgram, find_compiler
from stepwell.targets.c.pipeline import TARGET, COptions, c_source
from stepwell.text import parse_module

LAYER = """builtin.module attributes {stepwell.level = "tensor"} {
  func.func private @dense(%x: tensor<3x4xf32>, %w: tensor<4x2xf32>, %b: tensor<2xf32>) -> tensor<3x2xf32> {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<3x2xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                          affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<3x4xf32>, tensor<4x2xf32>) outs(%f : tensor<3x2xf32>) {
    ^bb0(%q: f32, %r: f32, %s: f32):
      %m = arith.mulf %q, %r : f32
      %a = arith.addf %s, %m : f32
      linalg.yield %a : f32
    } -> tensor<3x2xf32>
    %e2 = tensor.empty() : tensor<3x2xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                                          affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%p, %b : tensor<3x2xf32>, tensor<2xf32>) outs(%e2 : tensor<3x2xf32>) {
    ^bb0(%q: f32, %r: f32, %s: f32):
      %a = arith.addf %q, %r : f32
      %m = arith.maximumf %a, %zero : f32
      linalg.yield %m : f32
    } -> tensor<3x2xf32>
    func.return %y : tensor<3x2xf32>
  }
  func.func @main(%x: tensor<3x4xf32>) -> (tensor<3x2xf32>, tensor<12xf32>) attributes {stepwell.signature = {
      inputs = [{name = "x", type = tensor<3x4xf32>}],
      outputs = [{name = "y", type = tensor<3x2xf32>}, {name = "flat", type = tensor<12xf32>}]}} {
    %w = arith.constant dense<[[1.0, 0.1], [2.0, -3.0], [0.5, 0.3], [-1.0, 2.0]]> : tensor<4x2xf32>
    %b = arith.constant dense<[0.25, -0.125]> : tensor<2xf32>
    %y = func.call @dense(%x, %w, %b) : (tensor<3x4xf32>, tensor<4x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
    %flat = tensor.collapse_shape %x [[0, 1]] : tensor<3x4xf32> into tensor<12xf32>
    func.return %y, %flat : tensor<3x2xf32>, tensor<12xf32>
  }
}"""
X = np.linspace(-2, 2, 12, dtype="f4").reshape(3, 4)
W = np.array([[1.0, 0.1], [2.0, -3.0], [0.5, 0.3], [-1.0, 2.0]], "f4")
Y = np.maximum(X @ W + np.array([0.25, -0.125], "f4"), 0)


@needs_compiler
@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3"])
@pytest.mark.parametrize("embed_weights", [False, True])
def test_compiles_without_a_warning(tmp_path: Path, level: str, embed_weights: bool):
    ctx = Context()
    sources = write_source(tmp_path, ctx, lowered(ctx, LAYER), with_main=True, embed_weights=embed_weights)
    compile_c(tmp_path, sources, level, "-Wshadow", "-Wcast-align", "-o", "model")


@needs_compiler
@pytest.mark.parametrize("embed_weights", [False, True])
def test_runs_in_process(embed_weights: bool):
    """An input that is returned, reshaped, is copied; the weights lie in a file, or in the source exactly."""
    ctx = Context()
    artifact = TARGET.emit(ctx, lowered(ctx, LAYER), COptions(embed_weights=embed_weights))
    assert bool(artifact.weights) is not embed_weights
    got = CProgram(artifact.manifest, artifact.files, artifact.weights).run({"x": X})
    np.testing.assert_allclose(got["y"], Y, rtol=1e-6)
    np.testing.assert_array_equal(got["flat"], X.reshape(-1))


@needs_compiler
def test_sanitizers_find_nothing(tmp_path: Path):
    ctx = Context()
    outputs = {"y": ((3, 2), "f4"), "flat": ((12,), "f4")}
    got = run_sanitized(tmp_path, ctx, lowered(ctx, LAYER), {"x": X}, outputs)
    np.testing.assert_allclose(got["y"], Y, rtol=1e-6)


@needs_compiler
def test_names_that_c_has_taken(tmp_path: Path):
    """Inputs called like keywords, kernels like functions of math.h, a model called 2nd-try: all get legal names."""
    ctx = Context()
    text = (
        LAYER.replace('name = "x"', 'name = "float"').replace("@dense", "@exp").replace('name = "y"', 'name = "a*/b"')
    )
    module = lowered(ctx, text)
    files = c_source(ctx, module, COptions(), "2nd-try")
    assert list(files) == ["model_2nd_try.c", "model_2nd_try.h", "model_2nd_try.weights.bin"]
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    compile_c(tmp_path, ["model_2nd_try.c"], "-c", "-o", "model.o")
    assert "const float *float_1" in files["model_2nd_try.h"].decode()


def test_vectors_are_refused():
    ctx = Context()
    module = parse_module(
        ctx,
        """builtin.module attributes {stepwell.level = "program"} {
      func.func private @k(%x: memref<8xf32>) {
        %c0 = arith.constant 0 : index
        %v = vector.load %x[%c0] : memref<8xf32>, vector<8xf32>
        vector.store %v, %x[%c0] : memref<8xf32>, vector<8xf32>
        func.return
      }
      func.func @main(%x: memref<8xf32>, %weights: memref<0xi8>, %arena: memref<0xi8>) attributes {
          stepwell.signature = {inputs = [], outputs = [{name = "x", type = tensor<8xf32>}]},
          stepwell.weights_layout = {}, stepwell.weights_size = 0, stepwell.arena_size = 0} {
        func.call @k(%x) : (memref<8xf32>) -> ()
        func.return
      }
    }""",
    )
    with pytest.raises(StepwellError, match=r"vector\.load cannot be printed as source text") as caught:
        c_source(ctx, module, COptions(), "model")
    assert "vector-width=1" in str(caught.value)


def test_no_compiler_is_a_clear_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BuildError, match="no C compiler"):
        find_compiler()


@needs_compiler
def test_a_compiler_that_is_not_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CC", "no-such-compiler -q")
    ctx = Context()
    artifact = TARGET.emit(ctx, lowered(ctx, LAYER), COptions())
    with pytest.raises(BuildError, match="cannot start the C compiler"):
        CProgram(artifact.manifest, artifact.files, artifact.weights)


@needs_compiler
def test_the_digits_example_agrees_with_native():
    model = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"
    image = {"image": np.random.default_rng(1).random((2, 1, 8, 8), "f4")}
    native, c = (stepwell.compile(model, target=target).run(image)["logits"] for target in ("native", "c"))
    np.testing.assert_allclose(c, native, rtol=1e-4, atol=1e-5)


@needs_compiler
def test_both_sides_of_a_select_are_read(tmp_path: Path):
    """`c ? a[i] : 0` would leave a load to the condition, and gcc 12 merges such loads though conditions differ."""
    text = """builtin.module attributes {stepwell.level = "tensor"} {
      func.func private @pick(%t: tensor<3x2xi64>, %x: tensor<3x2x2xf32>) -> tensor<3x2xf32> {
        %zero = arith.constant 0.0 : f32
        %e = tensor.empty() : tensor<3x2xf32>
        %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
        %y = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (i, k, j)>,
                                              affine_map<(i, j, k) -> (i, j)>],
                             iterator_types = ["parallel", "parallel", "reduction"]}
            ins(%t, %x : tensor<3x2xi64>, tensor<3x2x2xf32>) outs(%f : tensor<3x2xf32>) {
        ^bb0(%c: i64, %v: f32, %s: f32):
          %k = linalg.index 2 : index
          %class = arith.index_cast %k : index to i64
          %right = arith.cmpi eq, %c, %class : i64
          %picked = arith.select %right, %v, %zero : f32
          %sum = arith.addf %s, %picked : f32
          linalg.yield %sum : f32
        } -> tensor<3x2xf32>
        func.return %y : tensor<3x2xf32>
      }
      func.func @main(%t: tensor<3x2xi64>, %x: tensor<3x2x2xf32>) -> tensor<3x2xf32> attributes {stepwell.signature = {
          inputs = [{name = "t", type = tensor<3x2xi64>}, {name = "x", type = tensor<3x2x2xf32>}],
          outputs = [{name = "y", type = tensor<3x2xf32>}]}} {
        %y = func.call @pick(%t, %x) : (tensor<3x2xi64>, tensor<3x2x2xf32>) -> tensor<3x2xf32>
        func.return %y : tensor<3x2xf32>
      }
    }"""
    ctx = Context()
    artifact = TARGET.emit(ctx, lowered(ctx, text), COptions())
    source = artifact.files["model.c"].decode()
    assert " ? " in source and not [line for line in source.splitlines() if "[" in line.partition(" ? ")[2]]
    target = np.array([[0, 1], [1, 0], [1, 1]])
    x = np.arange(1, 13, dtype="f4").reshape(3, 2, 2)
    got = CProgram(artifact.manifest, artifact.files, artifact.weights).run({"t": target, "x": x})
    np.testing.assert_array_equal(got["y"], np.take_along_axis(x, target[:, None, :], axis=1)[:, 0])
