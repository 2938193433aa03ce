"""Quantization: real numbers as integers of 8 or 16 bits, `real = (integer - zero) * scale`.

%y = graph.dequantize %x, %scale, %zero : (tensor<4x8xi8>, tensor<f32>, tensor<i8>) -> tensor<4x8xf32>
%q = graph.quantize %y, %scales, %zeros : (tensor<4x8xf32>, tensor<4x1xf32>, tensor<4x1xui8>) -> tensor<4x8xui8>

`scale` and `zero` broadcast as numpy does: one number a tensor, or one a channel, with dims of 1 for the others.
Without `zero` it is 0. These are ONNX's DequantizeLinear and QuantizeLinear; `fuse-qdq` makes products of what they
surround integer ones.
"""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from .base import Array, as_type, summable
from .elementwise import CastOp, ElementwiseOp
from .fields import Operand, OptionalOperand, as_value
from .types import (
    Shape,
    Tensor,
    dtype_of,
    element_type_of,
    is_byte,
    is_float,
    is_integer,
    same_dim,
    say,
    shape_of,
    tensor,
    type_of,
)

BITS = (8, 16)
"""The widths of quantized numbers; a sum of their products has 32 bits."""


def bits_of(element: Attribute) -> int:
    return element.bitwidth if isinstance(element, FixedBitwidthType) else 0


def spreads(small: Shape, shape: Shape) -> bool:
    """Whether numpy's broadcasting gives each element of `shape` one of `small`."""
    both = zip(reversed(small), reversed(shape), strict=False)
    return len(small) <= len(shape) and all(a == 1 or same_dim(a, b) for a, b in both)


class QuantizationOp(ElementwiseOp):
    """What both directions share."""

    x = Operand()
    scale = Operand()
    zero = OptionalOperand()

    def verify_op(self) -> None:
        if not is_float(element_type_of(self.scale)):
            raise VerifyException(f"the scale is of {element_type_of(self.scale)}; it must be a float")
        shape = shape_of(self.x)
        for name, value in (("scale", self.scale), ("zero", self.zero)):
            if value is not None and not spreads(shape_of(value), shape):
                raise VerifyException(f"the {name} is {say(shape_of(value))}, which does not spread over {say(shape)}")


class DequantizeOp(QuantizationOp):
    """(x - zero) * scale, in the type of the scale."""

    name = "graph.dequantize"

    def infer_type(self) -> Tensor:
        return tensor(shape_of(self.x), element_type_of(self.scale))

    def verify_op(self) -> None:
        super().verify_op()
        element = element_type_of(self.x)
        if not is_integer(element) or bits_of(element) not in (*BITS, 32):
            raise VerifyException(f"takes integers of 8, 16 or 32 bits, but is given {element}")
        if self.zero is not None and element_type_of(self.zero) != element:
            raise VerifyException(f"the zero is of {element_type_of(self.zero)}, but x of {element}")

    def fold(self, *arrays: Array) -> Array:
        x, scale, *zero = arrays
        difference = x.astype(np.int32) - (zero[0].astype(np.int32) if zero else np.int32(0))
        scale = summable(scale)
        return as_type(difference.astype(scale.dtype) * scale, self.result_type)


class QuantizeOp(QuantizationOp):
    """x / scale, rounded (halves to even), plus zero; what the result's type cannot hold is its nearest number,
    and a NaN its least.

    `QuantizeOp(x, scale, zero)`, or without a zero `QuantizeOp(x, scale, to=element_type)`.
    """

    name = "graph.quantize"

    def __init__(
        self,
        x: SSAValue | Operation,
        scale: SSAValue | Operation,
        zero: SSAValue | Operation | None = None,
        *,
        to: Attribute | None = None,
        result_type: Attribute | None = None,
    ):
        if result_type is None:
            element = to if zero is None else element_type_of(as_value(zero))
            if element is None:
                raise TypeError("graph.quantize needs `zero`, `to` or `result_type`")
            result_type = tensor(shape_of(as_value(x)), element)
        super().__init__(x, scale, zero, result_type=result_type)

    def infer_type(self) -> Tensor:
        return tensor(shape_of(self.x), self.result_type.element_type)

    def verify_op(self) -> None:
        super().verify_op()
        if element_type_of(self.x) != element_type_of(self.scale):
            raise VerifyException(f"x is of {element_type_of(self.x)}, but the scale of {element_type_of(self.scale)}")
        element = type_of(self.results[0]).element_type
        if not is_integer(element) or bits_of(element) not in BITS:
            raise VerifyException(f"gives integers of 8 or 16 bits, but its result is of {element}")
        if self.zero is not None and element_type_of(self.zero) != element:
            raise VerifyException(f"the zero is of {element_type_of(self.zero)}, but the result of {element}")

    def fold(self, *arrays: Array) -> Array:
        x, scale, *zero = (summable(array) for array in arrays)
        info = np.iinfo(dtype_of(self.result_type.element_type))
        with np.errstate(all="ignore"):
            moved = np.rint(x / scale) + (zero[0].astype(x.dtype) if zero else 0)
            return as_type(np.minimum(np.fmax(moved, info.min), info.max), self.result_type)


def widens_bytes(op: Operation) -> bool:
    """Whether `op` makes larger numbers of bytes. Of a constant it should not be folded before `fuse-qdq` has run."""
    return isinstance(op, DequantizeOp | CastOp) and is_byte(element_type_of(op.x))


QUANTIZATION_OPS = [DequantizeOp, QuantizeOp]
