"""The `swish` dialect: one op, at level graph.

%y = swish.swish %x : tensor<2x8xf32>          // x * sigmoid(x), of each element
"""

from __future__ import annotations

import numpy as np
from stepwell.dialects.graph.base import Array, GraphOp, as_type
from stepwell.dialects.graph.fields import Operand
from stepwell.dialects.graph.types import Tensor, element_type_of, is_float, type_of
from xdsl.ir import Dialect
from xdsl.utils.exceptions import VerifyException


class SwishOp(GraphOp):
    """x * sigmoid(x), of each element."""

    name = "swish.swish"

    x = Operand()

    def verify_op(self) -> None:
        if not is_float(element_type_of(self.x)):
            raise VerifyException(f"takes floats, but is given {element_type_of(self.x)}")

    def infer_type(self) -> Tensor:
        return type_of(self.x)

    def fold(self, *arrays: Array) -> Array:
        (x,) = arrays
        with np.errstate(over="ignore"):
            return as_type(x / (1 + np.exp(-x.astype(np.float64))), self.result_type)


Swish = Dialect("swish", [SwishOp])
