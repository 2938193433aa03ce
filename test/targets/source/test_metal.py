"""MSL without a GPU of Apple's: floats of 16 bits, and threads that share memory, run on the CPU by a shim of
Metal's standard library. Apple's own compiler is not asked."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import stepwell
from emulated import built, program, run_grid
from metal_emulated import METAL
from onnx import parser
from stepwell.context import Context
from stepwell.targets.msl import TARGET
from stepwell.text import parse_module


def test_floats_of_16_bits_agree_with_the_native_target() -> None:
    """f16 is a type of Metal's, bf16 is kept in 16 bits of an integer."""
    text = "(float16[9,40] x, bfloat16[40] y) => (float16[9] z, bfloat16[40] w) "
    text += "{ c = CastLike(y, x) a = Tanh(x) z = MatMul(a, c) w = Exp(y) }"
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> agraph {text}').SerializeToString()
    random = np.random.default_rng(0)
    feeds = {"x": random.standard_normal((9, 40)).astype(np.float16)}
    feeds["y"] = random.standard_normal(40).astype(ml_dtypes.bfloat16)
    got, want = program(model, feeds, TARGET, METAL).run(feeds), stepwell.compile(model).run(feeds)
    np.testing.assert_allclose(got["z"], want["z"], rtol=2**-10, atol=2**-12)
    np.testing.assert_allclose(got["w"].astype(np.float32), want["w"].astype(np.float32), rtol=2**-7)


@pytest.mark.parametrize("blocks", [1, 3])
def test_threads_of_a_block_wait_for_one_another(blocks: int) -> None:
    x = np.arange(64 * blocks, dtype=np.float32)
    want = x.reshape(blocks, 64)[:, ::-1].reshape(-1).copy()
    run_grid(built(source(TURN), METAL), "turn", (blocks, 1, 1), (64, 1, 1), [x.ctypes.data])
    np.testing.assert_array_equal(x, want)


def test_a_barrier_that_some_threads_never_reach_is_found() -> None:
    text = source(TURN).replace("threadgroup_barrier(", "if (thread_1 < 32) threadgroup_barrier(")
    x = np.zeros(64, np.float32)
    with pytest.raises(AssertionError, match="wait for others that never come"):
        run_grid(built(text, METAL), "turn", (1, 1, 1), (64, 1, 1), [x.ctypes.data])


def source(text: str) -> str:
    (kernels,) = TARGET.texts(parse_module(Context(), text)).values()
    return kernels


TURN = """
gpu.module @kernels {
gpu.func @turn(%x: memref<?xf32>) workgroup(%t: memref<64xf32, #gpu.address_space<workgroup>>) kernel
    attributes {known_block_size = array<i32: 64, 1, 1>} {
  %c63 = arith.constant 63 : index
  %c64 = arith.constant 64 : index
  %thread = gpu.thread_id x
  %block = gpu.block_id x
  %first = arith.muli %block, %c64 : index
  %at = arith.addi %first, %thread : index
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
