"""Integers that stand for reals: all scales are powers of two, so that no rounding depends on who computes."""

from __future__ import annotations

import numpy as np

from .builder import Array, Builder
from .table import draws
from .windows import dilated, window

BYTES = (np.uint8, np.int8)


def scale(b: Builder, shape: list[int] | None = None) -> str:
    return b.constant(b.random.choice([0.125, 0.25, 0.5], shape or []), np.float32)


def zero(b: Builder, kind: type, shape: list[int] | None = None) -> str:
    low = -3 if kind is np.int8 else 0
    return b.constant(b.random.integers(low, 5, shape or []).astype(kind))


def even(b: Builder, kind: type) -> str:
    """A result's zero point. ONNX rounds what it is added to; its evaluator of QLinear ops, the sum: ties differ where
    it is odd."""
    low = -3 if kind is np.int8 else 0
    return b.constant((b.random.integers(low, 5, []) // 2 * 2).astype(kind))


def numbers(b: Builder, shape: list[int], kind: type) -> Array:
    low, high = (-40, 40) if kind is np.int8 else (0, 80)
    return b.random.integers(low, high, shape).astype(kind)


@draws("QuantizeLinear")
def quantize(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], exact=True)
    b.node(op, x, scale(b), *([zero(b, b.one_of(*BYTES))] if b.maybe() else []), keeps=True)


@draws("DequantizeLinear")
def dequantize(b: Builder, op: str) -> None:
    x = b.tensor(BYTES)
    shape = b.values[x].shape
    axis = b.integer(0, len(shape) - 1) if shape and b.maybe() else None
    per = None if axis is None else [shape[axis]]
    kind = b.values[x].dtype.type
    b.node(op, x, scale(b, per), zero(b, kind, per), keeps=True, **({} if axis is None else {"axis": axis}))


@draws("DynamicQuantizeLinear")
def dynamic_quantize(b: Builder, op: str) -> None:
    """Of numbers between -1 and 254: the scale is 1."""
    x = b.input(np.concatenate([[-1.0, 254.0], b.random.integers(0, 200, [b.integer(1, 9)])]).astype(np.float32) / 4)
    b.node(op, x, outputs=3)


@draws("MatMulInteger")
def matmul_integer(b: Builder, op: str) -> None:
    x = b.pick(
        lambda a: a.dtype in (np.uint8, np.int8) and a.ndim == 2, lambda: numbers(b, [3, 4], b.one_of(*BYTES)) // 8
    )
    kinds = b.values[x].dtype.type, b.one_of(*BYTES)
    y = b.fresh(numbers(b, [b.values[x].shape[1], b.one_of(1, 5)], kinds[1]) // 16)
    b.node(op, x, y, *[zero(b, kind) for kind in kinds][: b.one_of(0, 2)])


@draws("ConvInteger")
def conv_integer(b: Builder, op: str) -> None:
    x = b.fresh(numbers(b, [1, b.one_of(1, 2, 4), 5, 6], np.uint8) // 16)
    channels, *sizes = b.values[x].shape[1:]
    kernel, attributes = window(b, sizes)
    dilated(b, sizes, kernel, attributes)
    kind = np.uint8
    weight = b.constant(numbers(b, [b.one_of(1, 3), channels, *kernel], kind) // 16)
    b.node(op, x, weight, *([zero(b, np.uint8), zero(b, kind)] if b.maybe() else []), **attributes)


@draws("QLinearMatMul")
def qlinear_matmul(b: Builder, op: str) -> None:
    kinds = b.one_of(*BYTES), b.one_of(*BYTES), b.one_of(*BYTES)
    x = b.fresh(numbers(b, [3, 4], kinds[0]))
    y = b.fresh(numbers(b, [4, b.one_of(1, 5)], kinds[1]))
    operands = [x, scale(b), zero(b, kinds[0]), y, scale(b), zero(b, kinds[1])]
    b.node(op, *operands, b.constant(8.0, np.float32), even(b, kinds[2]))


@draws("QLinearConv")
def qlinear_conv(b: Builder, op: str) -> None:
    x = b.fresh(numbers(b, [1, b.one_of(1, 2, 4), 5, 6], np.uint8))
    channels, *sizes = b.values[x].shape[1:]
    kernel, attributes = window(b, sizes)
    groups = b.one_of(*(g for g in (1, 2, channels) if channels % g == 0))
    out = groups * b.one_of(1, 3)
    weight = b.constant(numbers(b, [out, channels // groups, *kernel], np.int8))
    per = [out] if b.maybe() else None
    operands = [x, scale(b), zero(b, np.uint8), weight, scale(b, per), b.constant(np.zeros(per or [], np.int8))]
    bias = [b.constant(b.random.integers(-500, 500, [out]).astype(np.int32))] if b.maybe() else []
    b.node(op, *operands, b.constant(16.0, np.float32), even(b, np.uint8), *bias, group=groups, **attributes)
