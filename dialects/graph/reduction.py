"""Reductions over axes, softmax, batch normalization.

%s = graph.reduce sum %x {axes = [1], keepdims} : (tensor<2x4xf32>) -> tensor<2x1xf32>
%p = graph.softmax %x {axis = 1} : tensor<2x4xf32>
%i = graph.arg_reduce max %x {axis = 1} : (tensor<2x4xf32>) -> tensor<2xi64>
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from . import numeric
from .base import Array, GraphOp, as_type
from .fields import Operand, flag, integer, ints, number, word
from .types import I64, Shape, Tensor, element_type_of, is_bool, is_float, rank_of, same_dim, shape_of, tensor, type_of
from .windows import LAYOUTS

REDUCE: dict[str, Callable[..., Array]] = {
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "prod": np.prod,
}


def _reduced(shape: Shape, axes: Shape, keepdims: bool) -> Shape:
    kept = ((1 if axis in axes else dim) for axis, dim in enumerate(shape) if keepdims or axis not in axes)
    return tuple(kept)


def _verify_axes(axes: Shape, rank: int) -> None:
    if any(not 0 <= axis < rank for axis in axes) or len(set(axes)) < len(axes):
        raise VerifyException(f"axes {list(axes)} must be distinct and from 0 to {rank - 1}")


class ReduceOp(GraphOp):
    """One number from all along `axes` (none: x itself): sum, mean, max, min or prod; `keepdims` leaves dims of 1.

    Axes are sorted and not negative. Of no elements: sum 0, prod 1, mean NaN, max and min the
    least and the greatest number there is.
    """

    name = "graph.reduce"
    kind = word(*REDUCE, leading=True)
    x = Operand()
    axes = ints()
    keepdims = flag()

    def __init__(self, kind: str, x: SSAValue | Operation, **keywords: Any):
        super().__init__(x, kind=kind, **keywords)

    def infer_type(self) -> Tensor:
        x = type_of(self.x)
        return tensor(_reduced(x.get_shape(), self.axes, self.keepdims), x.element_type)

    def verify_op(self) -> None:
        _verify_axes(self.axes, rank_of(self.x))
        if is_bool(element_type_of(self.x)):
            raise VerifyException("takes floats and integers, but is given i1")

    def fold(self, *arrays: Array) -> Array:
        x = arrays[0]
        if self.kind == "mean" and x.dtype.kind in "iu":
            return as_type(np.trunc(np.mean(x, axis=self.axes, keepdims=self.keepdims)), self.result_type)
        start = {"initial": numeric.limits(x.dtype)[self.kind]} if self.kind in ("max", "min") else {}
        with np.errstate(all="ignore"):
            result = REDUCE[self.kind](x, axis=self.axes, keepdims=self.keepdims, **start)
        return as_type(result, self.result_type)


class ArgReduceOp(GraphOp):
    """Where along `axis` the largest (`max`) or smallest (`min`) element stands, as i64; the first of equals,
    or the last with `select_last`. ONNX ArgMax, ArgMin."""

    name = "graph.arg_reduce"
    kind = word("max", "min", leading=True)
    x = Operand()
    axis = integer()
    keepdims = flag()
    select_last = flag()

    def __init__(self, kind: str, x: SSAValue | Operation, **keywords: Any):
        super().__init__(x, kind=kind, **keywords)

    def infer_type(self) -> Tensor:
        return tensor(_reduced(shape_of(self.x), (self.axis,), self.keepdims), I64)

    def verify_op(self) -> None:
        _verify_axes((self.axis,), rank_of(self.x))

    def fold(self, *arrays: Array) -> Array:
        x, find = arrays[0], np.argmax if self.kind == "max" else np.argmin
        if self.select_last:
            found = x.shape[self.axis] - 1 - find(np.flip(x, self.axis), axis=self.axis, keepdims=self.keepdims)
        else:
            found = find(x, axis=self.axis, keepdims=self.keepdims)
        return np.asarray(found, dtype=np.int64)


class NormalizeAxisOp(GraphOp):
    """What both softmaxes share."""

    x = Operand()
    axis = integer()

    def infer_type(self) -> Tensor:
        return type_of(self.x)

    def verify_op(self) -> None:
        _verify_axes((self.axis,), rank_of(self.x))
        if not is_float(element_type_of(self.x)):
            raise VerifyException(f"takes floats, but is given {element_type_of(self.x)}")


class SoftmaxOp(NormalizeAxisOp):
    """exp(x - max) / sum(exp(x - max)) along `axis`."""

    name = "graph.softmax"

    def fold(self, *arrays: Array) -> Array:
        exp = np.exp(arrays[0] - np.max(arrays[0], axis=self.axis, keepdims=True))
        return as_type(exp / np.sum(exp, axis=self.axis, keepdims=True), self.result_type)


class LogSoftmaxOp(NormalizeAxisOp):
    """x - max - log(sum(exp(x - max))) along `axis`."""

    name = "graph.log_softmax"

    def fold(self, *arrays: Array) -> Array:
        shifted = arrays[0] - np.max(arrays[0], axis=self.axis, keepdims=True)
        return as_type(shifted - np.log(np.sum(np.exp(shifted), axis=self.axis, keepdims=True)), self.result_type)


class BatchNormOp(GraphOp):
    """(x - mean) / sqrt(var + epsilon) * scale + bias, a number a channel each. ONNX BatchNormalization, inference."""

    name = "graph.batch_norm"
    x = Operand()
    scale = Operand()
    bias = Operand()
    mean = Operand()
    var = Operand()
    epsilon = number(1e-5)
    layout = word(*LAYOUTS, default="nchw")

    @property
    def channel_axis(self) -> int:
        return 1 if self.layout == "nchw" else rank_of(self.x) - 1

    def infer_type(self) -> Tensor:
        return type_of(self.x)

    def verify_op(self) -> None:
        if rank_of(self.x) < 2:
            raise VerifyException("x has no channel axis: its rank is below 2")
        channels = shape_of(self.x)[self.channel_axis]
        for name in ("scale", "bias", "mean", "var"):
            shape = shape_of(getattr(self, name))
            if len(shape) != 1 or not same_dim(shape[0], channels):
                raise VerifyException(f"{name} must have one number for each of {channels} channels")

    def fold(self, *arrays: Array) -> Array:
        axes = tuple(axis for axis in range(arrays[0].ndim) if axis != self.channel_axis)
        scale, bias, mean, var = (np.expand_dims(array, axes) for array in arrays[1:])
        epsilon = arrays[0].dtype.type(self.epsilon)
        return as_type((arrays[0] - mean) / np.sqrt(var + epsilon) * scale + bias, self.result_type)


REDUCTION_OPS = [ReduceOp, ArgReduceOp, SoftmaxOp, LogSoftmaxOp, BatchNormOp]
