"""Products of quantized numbers as products of bytes, the left ones unsigned and the right ones signed.

(a - za) times (b - zb), summed over K, is

    sum(a * b) - za * sum(b) - zb * (sum(a) - K * za)

of which the first sum is `graph.matmul {wide}` or `graph.conv {wide}`, bytes in and i32 out, the second is a constant
where b is a weight, and the third is absent where zb is 0, as it is in most models. A byte changes its sign together
with its zero point, both moved by 128: what multiplies bytes fastest (x86's VPDPBUSD, ARM's USDOT) wants them so.
Four products are summed at once, so K is filled up to a multiple of 4 with zeros, which add nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph import constant_array
from stepwell.dialects.graph.types import (
    element_of,
    element_type_of,
    is_byte,
    is_static,
    is_unsigned,
    rank_of,
    shape_of,
)
from stepwell.passes.onnx_to_graph.emitter import Emitter
from xdsl.dialects.builtin import i32
from xdsl.ir import SSAValue

INT8, UINT8 = element_of(np.dtype(np.int8)), element_of(np.dtype(np.uint8))
HALF = 128
"""What lies between a byte with a sign and one without."""

AT_ONCE = 4
"""Products that one instruction adds."""


@dataclass(frozen=True)
class Factor:
    """(x - zero) * scale, of bytes; without a scale the integers themselves."""

    x: SSAValue
    zero: SSAValue | None = None
    scale: SSAValue | None = None

    @property
    def parameters(self) -> list[SSAValue]:
        return [value for value in (self.zero, self.scale) if value is not None]


def factor_of(value: SSAValue) -> Factor | None:
    """`value` as a factor, if it is a dequantization of bytes or the difference of two casts of bytes."""
    op = value.owner
    if isinstance(op, graph.DequantizeOp) and is_byte(element_type_of(op.x)):
        return Factor(op.x, op.zero, op.scale)
    if (x := byte_of(value)) is not None:
        return Factor(x)
    if isinstance(op, graph.SubOp):
        x, zero = byte_of(op.a), byte_of(op.b)
        if x is not None and zero is not None and element_type_of(x) == element_type_of(zero):
            return Factor(x, zero) if shape_of(op.result) == shape_of(x) else None
    return None


def array_in(emit: Emitter, value: SSAValue) -> Any:
    """The array that a constant holds; None of anything else."""
    return constant_array(emit.ctx, value)


def byte_of(value: SSAValue) -> SSAValue | None:
    """The bytes that `value` has as i32."""
    op = value.owner
    if not isinstance(op, graph.CastOp) or element_type_of(op.result) != i32:
        return None
    return op.x if is_byte(element_type_of(op.x)) else None


@dataclass
class Bytes:
    """A factor with the sign that it is multiplied with, and its zero point as i32."""

    emit: Emitter
    factor: Factor
    signed: bool

    def __post_init__(self) -> None:
        have = not is_unsigned(element_type_of(self.factor.x))
        self.moved = 0 if have == self.signed else HALF if have else -HALF

    @property
    def x(self) -> SSAValue:
        x = self.factor.x
        if not self.moved:
            return x
        if (known := array_in(self.emit, x)) is not None:
            moved = (known.astype(np.int16) + self.moved).astype(np.int8 if self.signed else np.uint8)
            return self.emit.constant(moved, x.name_hint or "weight")
        moved = self.emit(graph.XorOp(*self.emit.operands(self.emit.cast(x, UINT8), HALF)))
        return self.emit.cast(moved, INT8 if self.signed else UINT8)

    @property
    def known_zero(self) -> Any:
        """The zero point, moved as x is, where it is known; None where it is not."""
        zero = self.factor.zero
        if zero is None:
            return np.array(self.moved, np.int32)
        known = array_in(self.emit, zero)
        return None if known is None else known.astype(np.int32) + np.int32(self.moved)

    @property
    def has_zero(self) -> bool:
        known = self.known_zero
        return known is None or bool(known.any())

    @property
    def zero(self) -> SSAValue:
        known = self.known_zero
        if known is not None:
            return self.emit.constant(known)
        assert self.factor.zero is not None
        wide = self.emit.cast(self.factor.zero, i32)
        return self.emit.add(wide, self.moved) if self.moved else wide


def summed(emit: Emitter, x: SSAValue, axes: list[int], keepdims: bool = True) -> SSAValue:
    """The sum of bytes along `axes` as i32: a constant of a constant."""
    if (known := array_in(emit, x)) is not None:
        return emit.constant(known.sum(tuple(axes), dtype=np.int32, keepdims=keepdims), "sums")
    return emit.reduce("sum", emit.cast(x, i32), axes, keepdims)


def along_last(value: SSAValue, x: SSAValue, axis: int) -> bool:
    """Whether a scale or zero point of `x` is the same all along its dim `axis`."""
    own = axis - (rank_of(x) - rank_of(value))
    return own < 0 or shape_of(value)[own] == 1


def can_multiply(a: Factor, b: Factor) -> bool:
    """Whether the factors of a matmul differ in nothing along the dims that are summed."""
    if (a.scale is None) != (b.scale is None) or shape_of(b.x)[-2] < 1 or not is_static(a.x) or not is_static(b.x):
        return False
    return all(along_last(value, a.x, rank_of(a.x) - 1) for value in a.parameters) and all(
        along_last(value, b.x, rank_of(b.x) - 2) for value in b.parameters
    )


def integer_matmul(emit: Emitter, a: Factor, b: Factor) -> SSAValue:
    """(a - za) times (b - zb) as i32. `can_multiply` has been asked."""
    left, right = Bytes(emit, a, signed=False), Bytes(emit, b, signed=True)
    x, w = left.x, right.x
    depth, rank = shape_of(w)[-2], rank_of(x)
    total = emit(graph.MatmulOp(*filled(emit, x, w), wide=True))
    if left.has_zero:
        total = emit.sub(total, emit.mul(left.zero, summed(emit, w, [rank_of(w) - 2])))
    if right.has_zero:
        sums = summed(emit, x, [rank - 1])
        if left.has_zero:
            sums = emit.sub(sums, emit.mul(left.zero, depth))
        total = emit.sub(total, emit.mul(right.zero, sums))
    return total


def filled(emit: Emitter, x: SSAValue, w: SSAValue) -> tuple[SSAValue, SSAValue]:
    """Both with a depth that is a multiple of `AT_ONCE`, if w is a weight."""
    missing, known = -shape_of(w)[-2] % AT_ONCE, array_in(emit, w)
    if known is None or not missing:
        return x, w
    before = [(0, missing if axis == known.ndim - 2 else 0) for axis in range(known.ndim)]
    high = [*[0] * (rank_of(x) - 1), missing]
    padded = emit(graph.PadOp(x, low=[0] * rank_of(x), high=high))
    return padded, emit.constant(np.pad(known, before), w.name_hint or "weight")


def can_convolve(emit: Emitter, op: graph.ConvOp, x: Factor, w: Factor) -> bool:
    """Whether there is one scale and one known zero point of all of x, and of each filter."""
    channels = (shape_of(w.x)[0], *[1] * (rank_of(w.x) - 1))
    if (x.scale is None) != (w.scale is None) or op.layout != "nchw" or min(op.pads) < 0:
        return False
    if not is_static(x.x) or not is_static(w.x) or not is_static(op.result) or 0 in shape_of(w.x):
        return False
    if any(prod(shape_of(value)) != 1 for value in x.parameters):
        return False
    if any(prod(shape_of(value)) != 1 and shape_of(value) != channels for value in w.parameters):
        return False
    left, right = Bytes(emit, x, signed=False), Bytes(emit, w, signed=True)
    if left.known_zero is None and any(op.pads):
        return False  # a padding of zeros is one of zero points, which must be numbers
    return not right.has_zero or op.groups in (1, op.out_channels)


def integer_conv(emit: Emitter, op: graph.ConvOp, x: Factor, w: Factor) -> SSAValue:
    """The convolution of (x - zx) by (w - zw) as i32, without a bias. `can_convolve` has been asked."""
    left, right = Bytes(emit, x, signed=False), Bytes(emit, w, signed=True)
    image, weight = left.x, right.x
    filters, taps = shape_of(weight)[0], prod(shape_of(weight)[1:])
    how: dict[str, Any] = {"strides": op.strides, "dilations": op.dilations, "wide": True}
    bias: list[SSAValue] = []
    if left.has_zero:
        sums = summed(emit, weight, list(range(1, rank_of(weight))), keepdims=False)
        zero = emit.reshape(left.zero, [])
        bias = [emit.neg(emit.mul(sums, zero))]
    padded, kernel = with_channels(emit, op, image, weight, left.known_zero)
    total = emit(graph.ConvOp(padded, kernel, *bias, groups=op.groups, **how))
    if right.has_zero:
        ones = np.zeros((op.groups, *shape_of(kernel)[1:]), np.int8)
        ones[:, : shape_of(weight)[1]] = 1  # not the channels that fill up
        sums = emit(graph.ConvOp(padded, emit.constant(ones, "ones"), groups=op.groups, **how))
        if left.has_zero:
            sums = emit.sub(sums, emit.mul(emit.reshape(left.zero, []), taps))
        zero = right.zero
        if prod(shape_of(zero)) == filters > 1:
            zero = emit.reshape(zero, [filters, *[1] * (rank_of(weight) - 2)])
        else:
            zero = emit.reshape(zero, [])
        total = emit.sub(total, emit.mul(sums, zero))
    return total


def with_channels(emit: Emitter, op: graph.ConvOp, x: SSAValue, w: SSAValue, zero: Any) -> tuple[SSAValue, SSAValue]:
    """x with the convolution's padding, of its zero point, and both with channels by fours if w is a weight."""
    known = array_in(emit, w)
    missing = -op.channels % AT_ONCE if op.groups == 1 and known is not None else 0
    if known is not None and missing:
        w = emit.constant(np.pad(known, [(0, 0), (0, missing), *[(0, 0)] * op.spatial_rank]), w.name_hint or "weight")
    low, high = [0, 0, *op.low], [0, missing, *op.high]
    if not any((*low, *high)):
        return x, w
    value = 0.0 if zero is None else float(zero.reshape(()))
    return emit(graph.PadOp(x, low=low, high=high, value=value)), w
