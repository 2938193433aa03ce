"""Types that ONNX has and MLIR's builtin dialect lacks, and the table of element types.

tensor<3x!onnx.string>                 a tensor of strings
!onnx.seq<tensor<?xf32>>               a sequence
!onnx.optional<tensor<4xf32>>          a value that may be absent while running
!onnx.unknown                          neither the file nor ONNX's shape inference says
#onnx.strings<["a", "b"], tensor<2x!onnx.string>>   the value of a tensor of strings
"""

from __future__ import annotations

from typing import cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    BFloat16Type,
    ComplexType,
    Float4E2M1FNType,
    Float6E2M3FNType,
    Float6E3M2FNType,
    Float8E4M3FNType,
    Float8E4M3FNUZType,
    Float8E5M2FNUZType,
    Float8E5M2Type,
    Float8E8M0FNUType,
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    Signedness,
    StringAttr,
    TensorType,
    UnrankedTensorType,
)
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition


@irdl_attr_definition
class StringType(ParametrizedAttribute, TypeAttribute):
    """A string, as an element of a tensor."""

    name = "onnx.string"


@irdl_attr_definition
class SeqType(ParametrizedAttribute, TypeAttribute):
    """A sequence of values of one type."""

    name = "onnx.seq"
    element_type: Attribute


@irdl_attr_definition
class OptionalType(ParametrizedAttribute, TypeAttribute):
    """A value of the type, or nothing: known only while running."""

    name = "onnx.optional"
    element_type: Attribute


@irdl_attr_definition
class UnknownType(ParametrizedAttribute, TypeAttribute):
    """A value of which nothing is known before the model runs."""

    name = "onnx.unknown"


@irdl_attr_definition
class StringsAttr(ParametrizedAttribute):
    """The strings of a tensor in row-major order."""

    name = "onnx.strings"
    data: ArrayAttr[StringAttr]
    type: TensorType[StringType]


def _unsigned(width: int) -> IntegerType:
    return IntegerType(width, Signedness.UNSIGNED)


# number in TensorProto.DataType -> (the name in a schema's type strings, our element type)
ELEMENTS: dict[int, tuple[str, Attribute]] = {
    1: ("float", Float32Type()),
    2: ("uint8", _unsigned(8)),
    3: ("int8", IntegerType(8)),
    4: ("uint16", _unsigned(16)),
    5: ("int16", IntegerType(16)),
    6: ("int32", IntegerType(32)),
    7: ("int64", IntegerType(64)),
    8: ("string", StringType()),
    9: ("bool", IntegerType(1)),
    10: ("float16", Float16Type()),
    11: ("double", Float64Type()),
    12: ("uint32", _unsigned(32)),
    13: ("uint64", _unsigned(64)),
    14: ("complex64", ComplexType(Float32Type())),
    15: ("complex128", ComplexType(Float64Type())),
    16: ("bfloat16", BFloat16Type()),
    17: ("float8e4m3fn", Float8E4M3FNType()),
    18: ("float8e4m3fnuz", Float8E4M3FNUZType()),
    19: ("float8e5m2", Float8E5M2Type()),
    20: ("float8e5m2fnuz", Float8E5M2FNUZType()),
    21: ("uint4", _unsigned(4)),
    22: ("int4", IntegerType(4)),
    23: ("float4e2m1", Float4E2M1FNType()),
    24: ("float8e8m0", Float8E8M0FNUType()),
    25: ("uint2", _unsigned(2)),
    26: ("int2", IntegerType(2)),
    27: ("float6e2m3", Float6E2M3FNType()),
    28: ("float6e3m2", Float6E3M2FNType()),
}
ELEMENT_TYPES = {number: type for number, (_, type) in ELEMENTS.items()}
_SCHEMA_NAMES = {type: name for name, type in ELEMENTS.values()}


def element_of(type: Attribute) -> Attribute | None:
    """The element type of a tensor, ranked or not; None for what is no tensor."""
    if not isinstance(type, TensorType | UnrankedTensorType):
        return None
    return cast(TensorType[Attribute] | UnrankedTensorType[Attribute], type).element_type


def shape_of(type: Attribute) -> tuple[int, ...] | None:
    """The dims of a ranked tensor; None for anything else."""
    return cast(TensorType[Attribute], type).get_shape() if isinstance(type, TensorType) else None


def schema_name(type: Attribute) -> str | None:
    """`type` as schemas write it, `tensor(float)`; None when it is not known or has no such name."""
    if (element := element_of(type)) is not None:
        name = _SCHEMA_NAMES.get(element)
        return None if name is None else f"tensor({name})"
    if isinstance(type, SeqType):
        inside = schema_name(type.element_type)
        return None if inside is None else f"seq({inside})"
    if isinstance(type, OptionalType):
        inside = schema_name(type.element_type)
        return None if inside is None else f"optional({inside})"
    return None
