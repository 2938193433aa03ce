"""A program whose memory cannot be had says so, before it runs."""

import numpy as np
import onnx.parser
import pytest
import stepwell
from stepwell.runtime.memory import LINE, MemoryShortage, aligned_bytes


@pytest.mark.parametrize("size", [1, 64, 5_000_000])
def test_starts_on_a_line(size: int):
    block = aligned_bytes(size)
    assert block.nbytes == size
    assert block.ctypes.data % LINE == 0


def test_more_than_the_machine_has_is_refused():
    with pytest.raises(MemoryShortage, match=r"needs 1024\.0 TiB in one piece; this machine has"):
        aligned_bytes(1 << 50)


def test_an_arena_that_does_not_fit_is_a_clear_error(monkeypatch: pytest.MonkeyPatch):
    """4 TiB of activations between two kernels; the input is one number under a large shape."""
    monkeypatch.setenv("STEPWELL_CACHE", "off")
    model = onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 17]>
        main (float[n, m] x) => (float[1, 1] y) {
            e = Exp(x)
            t = Transpose<perm = [1, 0]>(e)
            s = ReduceMax<axes = [0, 1]>(t)
            a = Add(e, s)
            y = ReduceMax<axes = [0, 1]>(a)
        }""")
    x = np.broadcast_to(np.float32(0), (1 << 20, 1 << 20))
    with pytest.raises(stepwell.StepwellError, match="TiB in one piece; this machine has "):
        stepwell.compile(model).run({"x": x})
