"""Matrix products.

%c = graph.matmul %a, %b : (tensor<8x2x3xf32>, tensor<3x4xf32>) -> tensor<8x2x4xf32>
%c = graph.matmul %a, %b {wide} : (tensor<8x2x3xbf16>, tensor<3x4xbf16>) -> tensor<8x2x4xf32>
%c = graph.matmul %a, %b {wide} : (tensor<8x2x3xui8>, tensor<3x4xi8>) -> tensor<8x2x4xi32>
"""

from __future__ import annotations

import numpy as np
from xdsl.utils.exceptions import VerifyException

from .base import Array, GraphOp, as_type, summable
from .fields import Operand, flag
from .types import Tensor, broadcast, can_multiply, element_type_of, rank_of, same_dim, say, shape_of, sum_type, tensor


class MatmulOp(GraphOp):
    """Products of the last two dims, of all the dims before (broadcast); both operands have rank 2 or more.

    `wide`: the result keeps the type in which products are summed: f32 of 16-bit floats, i32 of bytes, each of which
    may be signed or not.
    """

    name = "graph.matmul"
    a = Operand()
    b = Operand()
    wide = flag()

    def infer_type(self) -> Tensor:
        a, b = shape_of(self.a), shape_of(self.b)
        return tensor((*broadcast(a[:-2], b[:-2]), a[-2], b[-1]), sum_type(self.a, wide=self.wide))

    def verify_op(self) -> None:
        a, b = shape_of(self.a), shape_of(self.b)
        if min(rank_of(self.a), rank_of(self.b)) < 2:
            raise VerifyException(f"operands are {say(a)} and {say(b)}; both need rank 2 or more")
        if not same_dim(a[-1], b[-2]):
            raise VerifyException(f"{say(a)} times {say(b)}: {a[-1]} columns do not meet {b[-2]} rows")
        if not can_multiply(self.a, self.b, wide=self.wide):
            raise VerifyException(f"a is of {element_type_of(self.a)}, but b of {element_type_of(self.b)}")

    def fold(self, *arrays: Array) -> Array:
        return as_type(np.matmul(*(summable(array, self.wide) for array in arrays)), self.result_type)


MATMUL_OPS = [MatmulOp]
