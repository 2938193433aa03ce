"""Forms whose shape is a value: canonicalized into the static ones as soon as that value is a constant.

%s = graph.shape_of %x : (tensor<?x8xf32>) -> tensor<2xi64>
%y = graph.dynamic_reshape %x, %s : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x?xf32>
"""

from __future__ import annotations

from xdsl.utils.exceptions import VerifyException

from .base import GraphOp
from .fields import Operand, OptionalOperand, flag, integer, number, word
from .movement import ResizeOp
from .types import (
    DYNAMIC,
    I64,
    Shape,
    Tensor,
    element_type_of,
    is_integer,
    rank_of,
    shape_of,
    tensor,
)


def _verify_list(op: GraphOp, index: int, what: str) -> None:
    value = op.operands[index]
    if rank_of(value) != 1 or not is_integer(element_type_of(value)):
        raise VerifyException(f"{what} must be a list (rank 1) of integers, but is {value.type}")


def unknown(rank: int) -> Shape:
    """A shape of which only the rank is known."""
    return (DYNAMIC,) * rank


class ShapeOfOp(GraphOp):
    """The sizes of x's dims as a list of i64."""

    name = "graph.shape_of"
    x = Operand()

    def infer_type(self) -> Tensor:
        return tensor((rank_of(self.x),), I64)


class DynamicReshapeOp(GraphOp):
    """x under the shape that an operand lists: -1 is what is left, 0 the dim of x (with `allow_zero` a real 0)."""

    name = "graph.dynamic_reshape"
    x = Operand()
    shape = Operand()
    allow_zero = flag()

    def infer_type(self) -> Tensor:
        length = shape_of(self.shape)[0]
        if length == DYNAMIC:
            if self.results:
                return tensor(unknown(self.result_type.get_num_dims()), element_type_of(self.x))
            raise VerifyException("the rank of the result is unknown: the shape operand's length is")
        return tensor(unknown(length), element_type_of(self.x))

    def verify_op(self) -> None:
        _verify_list(self, 1, "the shape")


class DynamicBroadcastToOp(GraphOp):
    """x broadcast with the shape that an operand lists (both ways, as ONNX Expand)."""

    name = "graph.dynamic_broadcast_to"
    x = Operand()
    shape = Operand()

    def infer_type(self) -> Tensor:
        length = shape_of(self.shape)[0]
        if length == DYNAMIC:
            if self.results:
                return tensor(unknown(self.result_type.get_num_dims()), element_type_of(self.x))
            raise VerifyException("the rank of the result is unknown: the shape operand's length is")
        return tensor(unknown(max(length, rank_of(self.x))), element_type_of(self.x))

    def verify_op(self) -> None:
        _verify_list(self, 1, "the shape")


class DynamicSliceOp(GraphOp):
    """ONNX Slice: along `axes`, from `starts` to before `ends`, `steps` apart; negatives count from the end, bounds
    are clamped to x."""

    name = "graph.dynamic_slice"
    x = Operand()
    starts = Operand()
    ends = Operand()
    axes = Operand()
    steps = Operand()

    def infer_type(self) -> Tensor:
        return tensor(unknown(rank_of(self.x)), element_type_of(self.x))

    def verify_op(self) -> None:
        for index, what in enumerate(("starts", "ends", "axes", "steps"), 1):
            _verify_list(self, index, what)


class DynamicPadOp(GraphOp):
    """ONNX Pad: `pads` lists what to add before each dim, then after each; negative ones take elements away."""

    name = "graph.dynamic_pad"
    x = Operand()
    pads = Operand()
    value = OptionalOperand()
    mode = word("constant", "reflect", "edge", default="constant")

    def infer_type(self) -> Tensor:
        return tensor(unknown(rank_of(self.x)), element_type_of(self.x))

    def verify_op(self) -> None:
        _verify_list(self, 1, "pads")


class DynamicResizeOp(GraphOp):
    """ONNX Resize: the second operand lists the result's `sizes`, or (floats) its `scales`, one a dim."""

    name = "graph.dynamic_resize"
    x = Operand()
    target = Operand()
    mode = ResizeOp.mode.like()
    coordinate = ResizeOp.coordinate.like()
    nearest_mode = ResizeOp.nearest_mode.like()
    cubic_coeff_a = number(-0.75)
    exclude_outside = integer(0)

    def infer_type(self) -> Tensor:
        return tensor(unknown(rank_of(self.x)), element_type_of(self.x))

    def verify_op(self) -> None:
        if rank_of(self.target) != 1:
            raise VerifyException(f"sizes or scales must be a list (rank 1), but are {self.target.type}")


DYNAMIC_OPS = [
    ShapeOfOp,
    DynamicReshapeOp,
    DynamicBroadcastToOp,
    DynamicSliceOp,
    DynamicPadOp,
    DynamicResizeOp,
]
