"""The tensor dialect: xDSL's, with a `tensor.expand_shape` that also takes a scalar, as upstream's does.

%y = tensor.expand_shape %x [] output_shape [1, 1] : tensor<f32> into tensor<1x1xf32>
"""

from __future__ import annotations

from typing import cast

from xdsl.dialects import tensor as xdsl_tensor
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Dialect


class ExpandShapeOp(xdsl_tensor.ExpandShapeOp):
    """xDSL's op, whose verifier wants each dim of the result to belong to one of the source: a scalar has none."""

    def verify_(self) -> None:
        source, result = (cast("TensorType[Attribute]", value.type) for value in (self.src, self.result))
        if source.get_shape() or any(size != 1 for size in result.get_shape()):
            super().verify_()


Tensor = Dialect(
    "tensor",
    [ExpandShapeOp if op is xdsl_tensor.ExpandShapeOp else op for op in xdsl_tensor.Tensor.operations],
    list(xdsl_tensor.Tensor.attributes),
)
