"""The programs of a model for several lengths keep its large weights once, and each its own small constants."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import onnx.parser
import pytest
import stepwell
from onnx import numpy_helper
from stepwell.runtime import sharing

WIDTH = 1024
WEIGHT = (np.random.default_rng(3).normal(size=(WIDTH, WIDTH)) / 32).astype(np.float32)

TEXT = f"""<ir_version: 9, opset_import: ["" : 17]> g
(float[1, {WIDTH}] x, float[n] past) => (float[1, {WIDTH}] y, float[n] z)
<int64 zero = {{0}}, int64 one = {{1}}> {{
  s = Shape<start = 0, end = 1>(past)
  n = Squeeze(s)
  places = Range(zero, n, one)
  numbers = Cast<to = 1>(places)
  y = MatMul(x, w)
  z = Add(past, numbers)
}}"""


def model() -> onnx.ModelProto:
    """A step x @ w, and to what is past the numbers of its places: a constant that no two lengths have in common."""
    made = onnx.parser.parse_model(TEXT)
    made.graph.initializer.append(numpy_helper.from_array(WEIGHT, "w"))
    return made


@pytest.mark.parametrize("threads", [1, 2])
def test_lengths_share_their_weights(threads: int) -> None:
    program = stepwell.compile(model(), threads=threads)
    x = np.random.default_rng(0).normal(size=(1, WIDTH)).astype(np.float32)
    blocks: dict[int, np.ndarray] = {}
    for count in (5, 6, 7):
        past = np.ones(count, np.float32)
        found = program.run({"x": x, "past": past})
        np.testing.assert_allclose(found["y"], x @ WEIGHT, rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal(found["z"], past + np.arange(count))
        loaded = program.load((x.shape, past.shape))
        blocks[count] = loaded._shared
        assert loaded._weights.nbytes < 4096  # its own: the numbers of the places
    assert blocks[5] is blocks[6] is blocks[7]
    assert blocks[5].nbytes >= WEIGHT.nbytes


def test_what_is_shared_goes_with_the_last_that_has_it() -> None:
    data = np.arange(1 << 21, dtype=np.int64).view(np.uint8)
    own, block = sharing.share(data, 4096)
    assert block is not None
    gone = weakref.ref(block)
    other, again = sharing.share(data, 4096)
    assert again is block
    for mine in (own, other):
        assert mine.ctypes.data + int(mine[:8].view(np.int64)[0]) == block.ctypes.data
        np.testing.assert_array_equal(mine[8:], data[8:4096])
    np.testing.assert_array_equal(block, data[4096:])
    changed = data.copy()
    changed[-2] ^= 1  # where no sample is taken
    assert sharing.share(changed, 4096)[1] is not block
    del block, again
    gc.collect()
    assert gone() is None


def test_without_a_boundary_all_is_a_program_s_own() -> None:
    data = np.arange(256, dtype=np.uint8)
    own, block = sharing.share(data, None)
    assert block is None
    np.testing.assert_array_equal(own, data)
    assert not np.may_share_memory(own, data)
