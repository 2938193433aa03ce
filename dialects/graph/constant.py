"""Constants: small ones in the text, the others by key in the compilation's weights table.

%one = graph.constant dense<1.0> : tensor<f32>
%w = graph.constant dense_resource<conv1.weight> : tensor<8x3x3x3xf32>
"""

from __future__ import annotations

from typing import Any, Self, cast

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    LocationAttr,
    TensorType,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException

from .base import Array, GraphOp
from .types import Tensor, count, dtype_of, element_of, tensor

INLINE_ELEMENTS = 16
"""Constants of no more elements than this stand in the text."""


class ConstantOp(GraphOp):
    """A tensor that is known: `value` is `dense<...>` or `dense_resource<key>`. Made by `constant()`."""

    name = "graph.constant"
    traits = traits_def(Pure(), ConstantLike())

    def __init__(self, value: Attribute):
        super().__init__(result_type=_type_of_value(value))
        self.properties["value"] = value

    @property
    def value(self) -> DenseIntOrFPElementsAttr[Any] | DenseResourceAttr:
        return cast("DenseIntOrFPElementsAttr[Any] | DenseResourceAttr", self.properties["value"])

    @property
    def key(self) -> str | None:
        """Its key in the weights table, unless it stands in the text."""
        return self.value.resource_handle.data if isinstance(self.value, DenseResourceAttr) else None

    def infer_type(self) -> Tensor:
        return _type_of_value(self.value)

    def verify_(self) -> None:
        if self.operands or len(self.results) != 1:
            raise VerifyException("takes no operands and has one result")
        value = self.properties.get("value")
        if not isinstance(value, DenseIntOrFPElementsAttr | DenseResourceAttr):
            raise VerifyException(f"value must be dense<...> or dense_resource<...>, but is {value}")
        if not self.infer_type().has_static_shape():
            raise VerifyException("a constant's shape must be static")
        self.verify_result(self.infer_type())

    def print(self, printer: Printer) -> None:
        if self.attributes:
            printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_attribute(self.value)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        attributes = parser.parse_optional_attr_dict_with_keyword()
        op = cls(parser.parse_attribute())
        op.attributes = {} if attributes is None else dict(attributes.data)
        return op


def _type_of_value(value: Attribute) -> Tensor:
    if isinstance(value, DenseIntOrFPElementsAttr | DenseResourceAttr):
        type = value.get_type()
        if isinstance(type, TensorType):
            return cast(Tensor, type)
    raise VerifyException(f"{value} is no constant tensor")


def constant(ctx: Context, array: Array, hint: str = "constant", location: LocationAttr | None = None) -> ConstantOp:
    """The constant that holds `array`: in the text if it is small, else in the weights table keyed like `hint`."""
    if array.size <= INLINE_ELEMENTS:
        op = inline_constant(array)
    else:
        type = tensor(array.shape, element_of(array.dtype))
        op = ConstantOp(DenseResourceAttr.from_params(ctx.weights.add(hint, array), type))
    if location is not None:
        op.location = location
    return op


def inline_constant(array: Array) -> ConstantOp:
    """The constant that holds `array` in the text."""
    type = tensor(array.shape, element_of(array.dtype))
    packed = np.negative(array.view(np.int8)) if array.dtype == np.bool_ else array  # xDSL sets all bits of a true
    data = BytesAttr(np.ascontiguousarray(packed).tobytes())
    return ConstantOp(DenseIntOrFPElementsAttr(cast(Any, type), data))


def array_of(ctx: Context, op: Operation) -> Array:
    """The array that a constant holds (read only)."""
    if not isinstance(op, ConstantOp):
        raise StepwellError(f"{op.name} is no constant", where=op)
    if (array := inline_array(op)) is not None:
        return array
    key = op.key
    assert key is not None
    array, type = ctx.weights[key], op.infer_type()
    if array.shape != type.get_shape() or array.dtype != dtype_of(type.element_type):
        raise StepwellError(f"weight '{key}' is {array.dtype} {array.shape} in the table, but {type} here", where=op)
    return array


def inline_array(op: ConstantOp) -> Array | None:
    """The array that a constant holds in the text; None if it stands in the weights table."""
    if not isinstance(op.value, DenseIntOrFPElementsAttr):
        return None
    type = op.infer_type()
    shape, dtype = type.get_shape(), dtype_of(type.element_type)
    packed = op.value.data.data
    # What is parsed has all bits of a true set; numpy counts on one.
    flat = np.frombuffer(packed, np.uint8) != 0 if dtype == np.bool_ else np.frombuffer(packed, dtype)
    if flat.size == 1:
        return np.broadcast_to(flat.reshape(()), shape)
    return flat.reshape(shape) if count(shape) else np.empty(shape, dtype)


def constant_owner(value: SSAValue) -> ConstantOp | None:
    """The constant that `value` is, if it is one."""
    owner = value.owner
    return owner if isinstance(owner, ConstantOp) else None


def constant_array(ctx: Context, value: SSAValue) -> Array | None:
    """The array that `value` holds, if it is a constant."""
    owner = constant_owner(value)
    return None if owner is None else array_of(ctx, owner)


CONSTANT_OPS = [ConstantOp]
