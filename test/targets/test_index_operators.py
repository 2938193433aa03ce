"""Index operators on both targets: against ONNX Runtime on shapes larger than the node tests', and with indices that
point anywhere, which must neither be an end of the process nor touch memory beside the tensors."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import stepwell
from onnx import helper
from requirements import needs_compiler
from stepwell.diagnostics import StepwellError

Array = np.ndarray[Any, Any]
TARGETS = ["native", pytest.param("c", marks=needs_compiler)]
RANDOM = np.random.default_rng(11)


def model_of(op: str, inputs: dict[str, Array], outputs: int, opset: int, fixed: dict[str, Array], **attributes: Any):
    """One node; `fixed` are initializers, in the order of the operands after `inputs`."""
    names = [f"y{n}" for n in range(outputs)]
    node = helper.make_node(op, [*inputs, *fixed], names, **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
            for name, x in inputs.items()
        ],
        [onnx.ValueInfoProto(name=name) for name in names],
        [onnx.numpy_helper.from_array(array, name) for name, array in fixed.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return onnx.shape_inference.infer_shapes(made)


def agrees(target: str, op: str, inputs: dict[str, Array], outputs: int = 1, opset: int = 18, **keywords: Any) -> None:
    fixed = keywords.pop("fixed", {})
    tolerance = keywords.pop("tolerance", 1e-6)
    data = model_of(op, inputs, outputs, opset, fixed, **keywords).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    want = onnxruntime.InferenceSession(data, options).run(None, inputs)
    got = list(stepwell.compile(data, target).run(inputs).values())
    assert len(got) == len(want)
    for have, right in zip(got, want, strict=True):
        assert have.dtype == right.dtype
        np.testing.assert_allclose(have, right, rtol=tolerance, atol=tolerance)


def floats(*shape: int) -> Array:
    return RANDOM.standard_normal(shape).astype(np.float32)


def indices(size: int, *shape: int) -> Array:
    return RANDOM.integers(-size, size, shape)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_gather_elements(target: str, axis: int) -> None:
    shape = (17, 23, 33)
    index = indices(shape[axis], 5, 7, 9)
    agrees(target, "GatherElements", {"x": floats(*shape), "i": index}, axis=axis)
    agrees(target, "GatherElements", {"x": floats(*shape), "i": index.astype(np.int32)}, axis=axis - 3)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("reduction", ["none", "add", "mul", "min", "max"])
@pytest.mark.parametrize("axis", [0, 1])
def test_scatter_elements(target: str, reduction: str, axis: int) -> None:
    shape = (19, 37)
    index = indices(shape[axis], 11, 29)
    if reduction == "none":  # of several in one place ONNX leaves open which stays
        index = np.argsort(RANDOM.random((11, 29) if axis else (19, 29)), axis=axis)[:11].astype(np.int64)
    agrees(
        target,
        "ScatterElements",
        {"x": floats(*shape), "i": index, "u": floats(11, 29)},
        axis=axis,
        reduction=reduction,
        tolerance=1e-5,
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("batch", [0, 1, 2])
def test_gather_nd(target: str, batch: int) -> None:
    shape = (5, 6, 7, 8)
    index = np.stack([indices(shape[batch], *shape[:batch], 9), indices(shape[batch + 1], *shape[:batch], 9)], axis=-1)
    agrees(target, "GatherND", {"x": floats(*shape), "i": index}, batch_dims=batch)
    agrees(target, "GatherND", {"x": floats(*shape), "i": index[..., :1]}, batch_dims=batch)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("reduction", ["none", "add", "mul", "min", "max"])
def test_scatter_nd(target: str, reduction: str) -> None:
    shape = (9, 11, 33)
    index = np.stack([indices(9, 40), indices(11, 40)], axis=-1)
    if reduction == "none":
        places = RANDOM.permutation(99)[:40]
        index = np.stack([places // 11 - 9, places % 11], axis=-1)
    inputs = {"x": floats(*shape), "i": index, "u": floats(40, 33)}
    agrees(target, "ScatterND", inputs, reduction=reduction, tolerance=1e-5)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32])
@pytest.mark.parametrize(("axis", "k", "largest"), [(-1, 1, 1), (-1, 13, 0), (-1, 200, 1), (0, 5, 1), (1, 6, 0)])
def test_top_k(target: str, dtype: type, axis: int, k: int, largest: int) -> None:
    x = RANDOM.integers(-50, 50, (7, 6, 200)).astype(dtype)  # with many ties
    agrees(target, "TopK", {"x": x}, 2, fixed={"k": np.array([k])}, axis=axis, largest=largest)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(("exclusive", "reverse"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_cumsum(target: str, axis: int, exclusive: int, reverse: int) -> None:
    for x in (floats(7, 21, 35), RANDOM.integers(-99, 99, (7, 21, 35))):
        agrees(
            target,
            "CumSum",
            {"x": x},
            fixed={"axis": np.array(axis)},
            exclusive=exclusive,
            reverse=reverse,
            tolerance=1e-5,
        )


@pytest.mark.parametrize("target", TARGETS)
def test_non_zero(target: str) -> None:
    for x in (RANDOM.integers(0, 2, (7, 5, 33)).astype(np.float32), RANDOM.integers(0, 2, 99).astype(bool)):
        agrees(target, "NonZero", {"x": x})


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_compress(target: str, axis: int | None) -> None:
    x = floats(17, 23)
    condition = RANDOM.integers(0, 2, 300 if axis is None else x.shape[axis] - 2).astype(bool)
    agrees(target, "Compress", {"x": x, "c": condition}, **({} if axis is None else {"axis": axis}))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("ordered", [0, 1])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_unique(target: str, ordered: int, axis: int | None) -> None:
    x = RANDOM.integers(0, 3, (40, 3) if axis == 0 else (3, 40)).astype(np.float32)
    agrees(target, "Unique", {"x": x}, 4, sorted=ordered, **({} if axis is None else {"axis": axis}))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("center", [0, 1])
def test_non_max_suppression(target: str, center: int) -> None:
    boxes = RANDOM.random((2, 60, 4)).astype(np.float32)
    scores = RANDOM.random((2, 3, 60)).astype(np.float32)
    thresholds = {"iou": np.float32([0.3]), "score": np.float32([0.2])}
    for most in (2, 100):
        agrees(
            target,
            "NonMaxSuppression",
            {"boxes": boxes, "scores": scores},
            fixed={"most": np.array([most]), **thresholds},
            center_point_box=center,
        )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("window", [{}, {"pads": [1, 1, 1, 1]}, {"dilations": [2, 1]}, {"ceil_mode": 1}])
def test_max_pool_indices(target: str, order: int, window: dict[str, Any]) -> None:
    x = RANDOM.integers(0, 9, (2, 3, 14, 13)).astype(np.float32)  # with ties: the first counts
    agrees(target, "MaxPool", {"x": x}, 2, kernel_shape=[3, 2], strides=[2, 2], storage_order=order, **window)


@pytest.mark.parametrize("target", TARGETS)
def test_max_unpool(target: str) -> None:
    index = np.argsort(RANDOM.random((6, 64)), axis=1)[:, :16] + 64 * np.arange(6)[:, None]
    inputs = {"x": floats(2, 3, 4, 4), "i": index.reshape(2, 3, 4, 4)}
    agrees(target, "MaxUnpool", inputs, opset=11, kernel_shape=[2, 2], strides=[2, 2])


@pytest.mark.parametrize("target", TARGETS)
def test_col2im(target: str) -> None:
    fixed = {"image": np.array([12, 11]), "block": np.array([3, 2])}
    x = floats(2, 4 * 6, 6 * 11)
    agrees(target, "Col2Im", {"x": x}, fixed=fixed, pads=[1, 0, 1, 1], strides=[2, 1], tolerance=1e-5)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("time", [0, 1])
def test_reverse_sequence(target: str, time: int) -> None:
    lengths = RANDOM.integers(1, 10, 9)
    x = floats(9, 9, 5)
    agrees(target, "ReverseSequence", {"x": x, "n": lengths}, opset=10, time_axis=time, batch_axis=1 - time)


@pytest.mark.parametrize("op", ["TopK", "CumSum", "ScatterElements"])
def test_threads_share_the_rows(op: str) -> None:
    x = floats(64, 3000)
    inputs = {"x": x}
    keywords: dict[str, Any] = {"fixed": {"k": np.array([40])}, "outputs": 2}
    if op == "CumSum":
        keywords = {"fixed": {"axis": np.array(1)}, "outputs": 1}
    elif op == "ScatterElements":
        inputs |= {"i": indices(3000, 64, 2000), "u": floats(64, 2000)}
        keywords = {"fixed": {}, "outputs": 1, "axis": 1, "reduction": "add"}
    data = model_of(op, inputs, opset=18, **keywords).SerializeToString()
    program = stepwell.compile(data, threads=2)
    assert program.load(tuple(array.shape for array in inputs.values())).threads == 2
    alone, together = stepwell.compile(data, threads=1).run(inputs), program.run(inputs)
    for name, want in alone.items():
        np.testing.assert_array_equal(together[name], want)


WILD = np.array([-(2**63), -(2**31) - 5, -1000, -9, -1, 0, 7, 8, 1000, 2**31 + 5, 2**63 - 1])

WILD_NODES = {
    "Gather": ({"x": floats(8, 3), "i": WILD}, {}),
    "GatherElements": ({"x": floats(8, 3), "i": np.stack([WILD] * 3, axis=1)}, {}),
    "GatherND": ({"x": floats(8, 3), "i": np.stack([WILD, WILD[::-1]], axis=1)}, {}),
    "ScatterElements": (
        {"x": floats(8, 3), "i": np.stack([WILD] * 3, axis=1), "u": floats(len(WILD), 3)},
        {"reduction": "add"},
    ),
    "ScatterND": ({"x": floats(8, 3), "i": np.stack([WILD, WILD[::-1]], axis=1), "u": floats(len(WILD))}, {}),
    "MaxUnpool": ({"x": floats(1, 1, 1, 11), "i": WILD.reshape(1, 1, 1, 11)}, {"kernel_shape": [1, 1]}),
    "ReverseSequence": ({"x": floats(8, 11, 3), "n": WILD}, {}),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("op", WILD_NODES)
def test_wild_indices_stay_inside(op: str, target: str) -> None:
    """The inputs, the output and the arena of a run lie between canaries, which must live; and what comes out is
    small, as all that lies in the tensors is."""
    inputs, attributes = WILD_NODES[op]
    data = model_of(op, inputs, 1, 18 if op != "ReverseSequence" else 10, {}, **attributes).SerializeToString()
    program = stepwell.compile(data, target, threads=1)
    loaded: Any = program.load(tuple(x.shape for x in inputs.values()))
    want = program.run(inputs)["y0"]
    guarded = {name: Guarded(x) for name, x in inputs.items()}
    result = Guarded(np.empty(want.shape, want.dtype))
    if target == "native":
        arena = Guarded(np.empty(loaded.arena_size, np.uint8))
        frame = np.zeros(256 + 8 * (len(inputs) + 3), np.uint8)
        places = [*(g.address for g in guarded.values()), result.address, loaded.weights_address, arena.address]
        frame[256 : 256 + 8 * len(places)] = np.array(places, np.uint64).view(np.uint8)
        frame[200:208] = np.array([loaded.entry_address], np.uint64).view(np.uint8)
        loaded.call(frame.ctypes.data)
    else:
        arena = Guarded(np.empty(loaded._arena_size, np.uint8))
        weights = [array.ctypes.data for array in loaded._weights]
        loaded._function(*(g.address for g in guarded.values()), result.address, *weights, arena.address)
    for name, guard in guarded.items():
        np.testing.assert_array_equal(guard.array, inputs[name])
    for guard in (*guarded.values(), result, arena):
        guard.check()
    np.testing.assert_array_equal(result.array, want)
    assert np.abs(result.array).max() < 100


class Guarded:
    """An array between two canaries of 64 KiB, which read as float32 are enormous."""

    SIZE = 1 << 16
    CANARY = np.uint8(0x7E)

    def __init__(self, array: Array):
        self.memory = np.full(2 * self.SIZE + array.nbytes + 64, self.CANARY, np.uint8)
        self.start = self.SIZE + (-(self.memory.ctypes.data + self.SIZE) % 64)
        self.end = self.start + array.nbytes
        self.array = self.memory[self.start : self.end].view(array.dtype).reshape(array.shape)
        self.array[...] = array
        self.address = ctypes.c_void_p(self.memory.ctypes.data + self.start).value

    def check(self) -> None:
        assert (self.memory[: self.start] == self.CANARY).all() and (self.memory[self.end :] == self.CANARY).all()


@pytest.mark.parametrize("op", ["Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND"])
def test_a_constant_index_outside_is_an_error(op: str) -> None:
    inputs, attributes = WILD_NODES[op]
    fixed = {name: inputs[name] for name in inputs if name != "x"}
    data = model_of(op, {"x": inputs["x"]}, 1, 18, fixed, **attributes).SerializeToString()
    with pytest.raises(StepwellError, match="is outside a dim of size"):
        stepwell.compile(data)
