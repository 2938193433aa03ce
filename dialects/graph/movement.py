"""Ops that move elements and compute none: reshape, transpose, broadcast, concat, slice, pad, gather, resize, iota.

%a = graph.reshape %x : (tensor<2x8xf32>) -> tensor<4x4xf32>
%b = graph.transpose %a {perm = [1, 0]} : (tensor<4x4xf32>) -> tensor<4x4xf32>
%c = graph.slice %x {starts = [0, 7], sizes = [2, 4], steps = [1, -2]} : (tensor<2x8xf32>) -> tensor<2x4xf32>
%d = graph.pad %x {low = [0, 1], high = [0, 1]} : (tensor<2x8xf32>) -> tensor<2x10xf32>
%e = graph.gather %x, %i {axis = 1} : (tensor<2x8xf32>, tensor<3xi64>) -> tensor<2x3xf32>
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from .base import Array, GraphOp
from .fields import Operand, Operands, as_value, flag, integer, ints, number, numbers, word
from .indexing import verify_indices
from .types import (
    DYNAMIC,
    Tensor,
    broadcast,
    check_made,
    count,
    dtype_of,
    element_type_of,
    is_bool,
    is_static,
    known,
    rank_of,
    same_dim,
    say,
    shape_of,
    tensor,
)


class ReshapeOp(GraphOp):
    """The same elements in the same order under another shape: a view, that moves nothing.

    `ReshapeOp(x, shape=(4, 4))`, or with `result_type=`.
    """

    name = "graph.reshape"
    x = Operand()

    def __init__(
        self,
        x: SSAValue | Operation,
        *,
        shape: Iterable[int] | None = None,
        result_type: Attribute | None = None,
    ):
        if result_type is None:
            if shape is None:
                raise TypeError("graph.reshape needs `shape` or `result_type`")
            result_type = tensor(shape, element_type_of(as_value(x)))
        super().__init__(x, result_type=result_type)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.result_type.get_shape()

    def infer_type(self) -> Tensor:
        return tensor(self.shape, element_type_of(self.x))

    def verify_op(self) -> None:
        before, after = shape_of(self.x), self.shape
        if known(*before, *after) and count(before) != count(after):
            raise VerifyException(f"{say(before)} has {count(before)} elements, but {say(after)} has {count(after)}")

    def fold(self, *arrays: Array) -> Array:
        return arrays[0].reshape(self.shape)


class TransposeOp(GraphOp):
    """Dim i of the result is dim perm[i] of x."""

    name = "graph.transpose"
    x = Operand()
    perm = ints()

    def infer_type(self) -> Tensor:
        shape = shape_of(self.x)
        return tensor((shape[axis] for axis in self.perm), element_type_of(self.x))

    def verify_op(self) -> None:
        if sorted(self.perm) != list(range(rank_of(self.x))):
            raise VerifyException(f"perm {list(self.perm)} is no permutation of the {rank_of(self.x)} dims of x")

    def fold(self, *arrays: Array) -> Array:
        return np.transpose(arrays[0], self.perm)


class BroadcastToOp(GraphOp):
    """x repeated along dims of 1 and new leading dims. `BroadcastToOp(x, shape=...)`, or with `result_type=`."""

    name = "graph.broadcast_to"
    x = Operand()

    def __init__(
        self,
        x: SSAValue | Operation,
        *,
        shape: Iterable[int] | None = None,
        result_type: Attribute | None = None,
    ):
        if result_type is None:
            if shape is None:
                raise TypeError("graph.broadcast_to needs `shape` or `result_type`")
            result_type = tensor(shape, element_type_of(as_value(x)))
        super().__init__(x, result_type=result_type)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.result_type.get_shape()

    def infer_type(self) -> Tensor:
        return tensor(self.shape, element_type_of(self.x))

    def verify_op(self) -> None:
        x = shape_of(self.x)
        full = broadcast(x, self.shape)
        if len(full) != len(self.shape) or not all(same_dim(a, b) for a, b in zip(full, self.shape, strict=True)):
            raise VerifyException(f"{say(x)} does not broadcast to {say(self.shape)}")

    def fold(self, *arrays: Array) -> Array:
        return np.broadcast_to(arrays[0], self.shape)


class ConcatOp(GraphOp):
    """Tensors one after the other along `axis`."""

    name = "graph.concat"
    inputs = Operands()
    axis = integer()

    def infer_type(self) -> Tensor:
        shapes = [shape_of(value) for value in self.inputs]
        along = [shape[self.axis] for shape in shapes]
        result = [next((dim for dim in dims if known(dim)), DYNAMIC) for dims in zip(*shapes, strict=True)]
        result[self.axis] = sum(along) if known(*along) else DYNAMIC
        return tensor(result, element_type_of(self.inputs[0]))

    def verify_op(self) -> None:
        shapes = [shape_of(value) for value in self.inputs]
        rank = len(shapes[0])
        if not 0 <= self.axis < rank:
            raise VerifyException(f"axis {self.axis} is outside a tensor of rank {rank}")
        for value, shape in zip(self.inputs, shapes, strict=True):
            if element_type_of(value) != element_type_of(self.inputs[0]):
                raise VerifyException("operands have more than one element type")
            fits = len(shape) == rank and all(
                axis == self.axis or same_dim(shape[axis], shapes[0][axis]) for axis in range(rank)
            )
            if not fits:
                raise VerifyException(f"{say(shape)} and {say(shapes[0])} differ elsewhere than at axis {self.axis}")

    def fold(self, *arrays: Array) -> Array:
        return np.concatenate(arrays, axis=self.axis)


class SliceOp(GraphOp):
    """`sizes[i]` elements of dim i, from `starts[i]` on, `steps[i]` apart (negative: backwards)."""

    name = "graph.slice"
    x = Operand()
    starts = ints()
    sizes = ints()
    steps = ints(lambda op: (1,) * len(op.sizes))

    def infer_type(self) -> Tensor:
        return tensor(self.sizes, element_type_of(self.x))

    def verify_op(self) -> None:
        shape = shape_of(self.x)
        if not len(self.starts) == len(self.sizes) == len(self.steps) == len(shape):
            raise VerifyException(f"starts, sizes and steps need {len(shape)} numbers each, one a dim of x")
        for axis, numbers_ in enumerate(zip(shape, self.starts, self.sizes, self.steps, strict=True)):
            dim, start, size, step = numbers_
            if step == 0 or size < 0 or start < 0:
                raise VerifyException(f"dim {axis}: start {start}, size {size} and step {step} are no slice")
            last = start + (size - 1) * step
            if size and (last < 0 or (known(dim) and max(start, last) >= dim)):
                raise VerifyException(f"dim {axis}: elements {start} to {last} are outside the {dim} of x")

    def fold(self, *arrays: Array) -> Array:
        picks = [
            start + step * np.arange(size)
            for start, size, step in zip(self.starts, self.sizes, self.steps, strict=True)
        ]
        return arrays[0][np.ix_(*picks)] if picks else arrays[0]


class PadOp(GraphOp):
    """`low[i]` elements before dim i and `high[i]` after: `value`, or x mirrored (`reflect`, without the border
    itself), or the border repeated (`edge`)."""

    name = "graph.pad"
    x = Operand()
    low = ints()
    high = ints()
    mode = word("constant", "reflect", "edge", default="constant")
    value = number(0.0)

    def infer_type(self) -> Tensor:
        triples = zip(shape_of(self.x), self.low, self.high, strict=True)
        shape = (dim + low + high if known(dim) else DYNAMIC for dim, low, high in triples)
        return tensor(shape, element_type_of(self.x))

    def verify_op(self) -> None:
        shape = shape_of(self.x)
        if not len(self.low) == len(self.high) == len(shape):
            raise VerifyException(f"low and high need {len(shape)} numbers each, one a dim of x")
        if any(pad < 0 for pad in (*self.low, *self.high)):
            raise VerifyException("pads must not be negative; a slice takes elements away")
        for dim, low, high in zip(shape, self.low, self.high, strict=True):
            if self.mode == "reflect" and known(dim) and max(low, high) >= max(dim, 1):
                raise VerifyException(f"mode reflect cannot pad {max(low, high)} elements out of {dim}")
            if self.mode == "edge" and dim == 0 and low + high:
                raise VerifyException("mode edge has no border to repeat: a dim of x is 0")

    def fold(self, *arrays: Array) -> Array:
        pads = list(zip(self.low, self.high, strict=True))
        if self.mode == "constant":
            return np.pad(arrays[0], pads, constant_values=arrays[0].dtype.type(self.value))
        return np.pad(arrays[0], pads, mode="reflect" if self.mode == "reflect" else "edge")


class GatherOp(GraphOp):
    """The slices of x along `axis` at `indices` (from -size to size - 1); their dims stand in that axis's place."""

    name = "graph.gather"
    x = Operand()
    indices = Operand()
    axis = integer()

    def infer_type(self) -> Tensor:
        x = shape_of(self.x)
        shape = (*x[: self.axis], *shape_of(self.indices), *x[self.axis + 1 :])
        return tensor(shape, element_type_of(self.x))

    def verify_op(self) -> None:
        if not 0 <= self.axis < rank_of(self.x):
            raise VerifyException(f"axis {self.axis} is outside a tensor of rank {rank_of(self.x)}")
        verify_indices(self.indices, shape_of(self.x)[self.axis])

    def fold(self, *arrays: Array) -> Array:
        return np.take(arrays[0], arrays[1], axis=self.axis)


class ResizeOp(GraphOp):
    """x at other sizes, by interpolation along each dim (ONNX Resize and its names for the variants).

    `scales`, one a dim, tell where an output element lies in x; left out, they are output size / input size. With
    `antialias` each output element of a smaller tensor is a mean of all that it stands for, weighted by the curve of
    the mode. With coordinate `tf_crop_and_resize` the result spans x from `starts` to `ends`, one number a dim: 0 is
    the first element of the dim and 1 the last.
    """

    name = "graph.resize"
    x = Operand()
    mode = word("nearest", "linear", "cubic", default="nearest")
    coordinate = word(
        "half_pixel",
        "half_pixel_symmetric",
        "pytorch_half_pixel",
        "align_corners",
        "asymmetric",
        "tf_crop_and_resize",
        default="half_pixel",
    )
    nearest_mode = word("round_prefer_floor", "round_prefer_ceil", "floor", "ceil", default="round_prefer_floor")
    cubic_coeff_a = number(-0.75)
    exclude_outside = integer(0)
    antialias = flag()
    scales = numbers(lambda op: op.default_scales())
    starts = numbers(lambda op: (0.0,) * rank_of(op.x))
    ends = numbers(lambda op: (1.0,) * rank_of(op.x))

    def default_scales(self) -> tuple[float, ...]:
        sizes = zip(shape_of(self.x), self.result_type.get_shape(), strict=True)
        return tuple(after / before if before else 1.0 for before, after in sizes)

    def infer_type(self) -> Tensor:
        return tensor(self.result_type.get_shape(), element_type_of(self.x))

    def verify_op(self) -> None:
        if rank_of(self.x) != self.result_type.get_num_dims():
            raise VerifyException(f"x has rank {rank_of(self.x)}, but the result {self.result_type.get_num_dims()}")
        for name in ("scales", "starts", "ends"):
            if len(given := getattr(self, name)) != rank_of(self.x):
                raise VerifyException(f"{name} {list(given)} need {rank_of(self.x)} numbers, one a dim of x")
        if any(not scale > 0 for scale in self.scales):
            raise VerifyException(f"scales {list(self.scales)} must be above 0")
        for dim in self.result_type.get_shape():
            check_made(0 if dim == DYNAMIC else dim, "a resized dim")  # a table of places and weights a dim


class IotaOp(GraphOp):
    """0, 1, 2, ... along `axis`, the same along the others. `IotaOp(axis=0, result_type=...)`."""

    name = "graph.iota"
    axis = integer(0)

    def infer_type(self) -> Tensor:
        return self.result_type

    def verify_op(self) -> None:
        if not is_static(self.results[0]):
            raise VerifyException("its shape must be static")
        if not 0 <= self.axis < self.result_type.get_num_dims():
            raise VerifyException(f"axis {self.axis} is outside a tensor of rank {self.result_type.get_num_dims()}")
        if is_bool(self.result_type.element_type):
            raise VerifyException("gives floats and integers, but its result is of i1")

    def fold(self, *arrays: Array) -> Array:
        shape = self.result_type.get_shape()
        count_ = np.arange(shape[self.axis], dtype=dtype_of(self.result_type.element_type))
        others = tuple(axis for axis in range(len(shape)) if axis != self.axis)
        return np.broadcast_to(np.expand_dims(count_, others), shape)


MOVEMENT_OPS = [
    ReshapeOp,
    TransposeOp,
    BroadcastToOp,
    ConcatOp,
    SliceOp,
    PadOp,
    GatherOp,
    ResizeOp,
    IotaOp,
]
