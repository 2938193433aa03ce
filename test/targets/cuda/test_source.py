"""CUDA C++ without a GPU: copies, and threads that share memory, on the CPU with a header in the place of CUDA's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import stepwell
from cuda_emulated import CUDA
from emulated import built, program, run_grid
from onnx import parser
from stepwell.context import Context
from stepwell.targets.cuda import SOURCE_TARGET
from stepwell.text import parse_module

PRODUCTS = {
    "rows of multiples of 4": ("float[100,132] a, float[132,72] b", "float[100,72] y", "y = MatMul(a, b)"),
    "of 2, of 1": ("float[100,130] a, float[130,71] b", "float[100,71] y", "y = MatMul(a, b)"),
    "transposed": ("float[68,52] a, float[40,68] b", "float[52,40] y", "y = Gemm<transA = 1, transB = 1>(a, b)"),
    "batches": ("float[3,33,65] a, float[3,65,70] b", "float[3,33,70] y", "y = MatMul(a, b)"),
    "windows": ("float[1,16,14,14] x, float[32,16,3,3] w", "float[1,32,14,14] y", "y = Conv<pads = [1,1,1,1]>(x, w)"),
    "few steps": ("float[64,20] a, float[20,64] b", "float[64,64] y", "y = MatMul(a, b)"),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_copies_are_there_when_they_are_read(name: str) -> None:
    """The emulation makes asynchronous copies as late as their waits allow."""
    inputs, output, body = PRODUCTS[name]
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> agraph ({inputs}) => ({output}) {{ {body} }}')
    rng = np.random.default_rng(0)
    feeds = {
        value.name: rng.standard_normal([d.dim_value for d in value.type.tensor_type.shape.dim], np.float32)
        for value in model.graph.input
    }
    source = model.SerializeToString()
    made = program(source, feeds, SOURCE_TARGET, CUDA)
    assert "cp.async.wait_group" in made.source
    want = stepwell.compile(source).run(feeds)["y"]
    np.testing.assert_allclose(made.run(feeds)["y"], want, rtol=0, atol=1e-5 * np.abs(want).max())


@pytest.mark.parametrize(
    ("columns", "copies"), [(72, "copy_async_cg_16"), (70, "copy_async_ca_4"), (71, "")], ids=["8", "2", "1"]
)
def test_halves_are_copied_by_as_many_as_rows_are_multiples_of(columns: int, copies: str) -> None:
    """Of an odd row none is: threads load and store them one by one."""
    rng = np.random.default_rng(0)
    feeds = {"a": rng.standard_normal((60, 136)), "b": rng.standard_normal((136, columns))}
    feeds = {name: x.astype(np.float16) for name, x in feeds.items()}
    text = f"(float16[60,136] a, float16[136,{columns}] b) => (float16[60,{columns}] y) {{ y = MatMul(a, b) }}"
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> agraph {text}')
    made = program(model.SerializeToString(), feeds, SOURCE_TARGET, CUDA)
    assert copies in made.source and ("copy_async" in made.source) == bool(copies)
    want = feeds["a"].astype(np.float64) @ feeds["b"].astype(np.float64)
    np.testing.assert_allclose(made.run(feeds)["y"], want, rtol=0, atol=np.abs(want).max() * 2.0**-10)


def test_a_wait_that_lets_one_more_copy_run_is_found() -> None:
    inputs, output, body = PRODUCTS["rows of multiples of 4"]
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> agraph ({inputs}) => ({output}) {{ {body} }}')
    rng = np.random.default_rng(0)
    feeds = {"a": rng.standard_normal((100, 132), np.float32), "b": rng.standard_normal((132, 72), np.float32)}
    late = replace(CUDA, rewritten=lambda text: CUDA.rewritten(text.replace("wait_group 1;", "wait_group 2;")))
    got = program(model.SerializeToString(), feeds, SOURCE_TARGET, late).run(feeds)["y"]
    assert not np.allclose(got, feeds["a"] @ feeds["b"], atol=1e-2)


@pytest.mark.parametrize("blocks", [1, 3])
def test_threads_of_a_block_wait_for_one_another(blocks: int) -> None:
    x = np.arange(64 * blocks, dtype=np.float32)
    want = x.reshape(blocks, 64)[:, ::-1].reshape(-1).copy()
    (kernels,) = SOURCE_TARGET.texts(parse_module(Context(), TURN)).values()
    run_grid(built(kernels, CUDA), "turn", (blocks, 1, 1), (64, 1, 1), [x.ctypes.data])
    np.testing.assert_array_equal(x, want)


TURN = """
gpu.module @kernels {
gpu.func @turn(%x: memref<?xf32>) workgroup(%t: memref<64xf32, #gpu.address_space<workgroup>>) kernel
    attributes {known_block_size = array<i32: 64, 1, 1>} {
  %c63 = arith.constant 63 : index
  %thread = gpu.thread_id x
  %at = gpu.global_id x
  %v = memref.load %x[%at] : memref<?xf32>
  memref.store %v, %t[%thread] : memref<64xf32, #gpu.address_space<workgroup>>
  gpu.barrier
  %other = arith.subi %c63, %thread : index
  %w = memref.load %t[%other] : memref<64xf32, #gpu.address_space<workgroup>>
  memref.store %w, %x[%at] : memref<?xf32>
  gpu.return
}
}
"""
