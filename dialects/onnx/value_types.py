"""Types of values as a model file states them, and what @main says of its inputs and outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stepwell.diagnostics import StepwellError
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DictionaryAttr,
    IntegerAttr,
    StringAttr,
    TensorType,
    UnrankedTensorType,
    i64,
)
from xdsl.ir import Attribute

from .types import ELEMENT_TYPES, OptionalType, SeqType, UnknownType, shape_of

if TYPE_CHECKING:
    from onnx import TensorShapeProto, TypeProto, ValueInfoProto

MOST_ELEMENTS = 1 << 40
"""An input of more elements is a mistake, or an attack."""

UNKNOWN = UnknownType()


def type_of(proto: TypeProto) -> Attribute:
    """A stated type; `!onnx.unknown` where none is stated."""
    match proto.WhichOneof("value"):
        case "tensor_type":
            element = ELEMENT_TYPES.get(proto.tensor_type.elem_type)
            if element is None:
                return UNKNOWN
            if not proto.tensor_type.HasField("shape"):
                return UnrankedTensorType(element)
            return TensorType(element, [size_of(dim) for dim in proto.tensor_type.shape.dim])
        case "sequence_type":
            return SeqType(type_of(proto.sequence_type.elem_type))
        case "optional_type":
            return OptionalType(type_of(proto.optional_type.elem_type))
        case _:
            return UNKNOWN


def size_of(dim: TensorShapeProto.Dimension) -> int:
    """A dim that is stated as a number; exporters that mean "any" also write -1."""
    return dim.dim_value if dim.HasField("dim_value") and dim.dim_value >= 0 else DYNAMIC_INDEX


def stated_type(value: ValueInfoProto, role: str) -> Attribute:
    """The type of an input of the model, which the file must state."""
    type = type_of(value.type)
    what = f"{role} '{value.name}'"
    if isinstance(type, UnknownType):
        kind = value.type.WhichOneof("value")
        said = "a type without elements" if kind == "tensor_type" else f"a {kind}" if kind else "no type"
        raise StepwellError(f"{what} has {said}, so what to hand in is not known")
    if (shape := shape_of(type)) is not None:
        dims = value.type.tensor_type.shape.dim
        if any(dim.HasField("dim_value") and dim.dim_value < -1 for dim in dims):
            raise StepwellError(f"{what} has a negative dim: {[dim.dim_value or dim.dim_param for dim in dims]}")
        if (count := math.prod(max(size, 1) for size in shape)) > MOST_ELEMENTS:
            raise StepwellError(f"{what} has dims {list(shape)}: {count} elements are too many")
    return type


def interface(values: Sequence[ValueInfoProto], types: Sequence[Attribute]) -> ArrayAttr[DictionaryAttr]:
    """What @main says of each input (or output): its name, and its dims, where one may be a symbol."""
    return ArrayAttr([DictionaryAttr(said_of(value, type)) for value, type in zip(values, types, strict=True)])


def said_of(value: ValueInfoProto, type: Attribute) -> dict[str, Attribute]:
    said: dict[str, Attribute] = {"stepwell.name": StringAttr(value.name)}
    if (shape := shape_of(type)) is not None:
        stated = value.type.tensor_type.shape.dim
        symbols = [symbol_of(dim.dim_param) for dim in stated] if len(stated) == len(shape) else [""] * len(shape)
        said["stepwell.dims"] = ArrayAttr(
            [
                StringAttr(symbol) if size == DYNAMIC_INDEX else IntegerAttr(size, i64)
                for size, symbol in zip(shape, symbols, strict=True)
            ]
        )
    return said


def symbol_of(name: str) -> str:
    """A dim's name; none where it says nothing, as Paddle's `?` and `-1`: two such dims need not be equal."""
    return name if any(letter.isalpha() for letter in name) else ""
