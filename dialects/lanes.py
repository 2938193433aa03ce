"""Scalars and vectors alike: of what element a type is, in how many lanes."""

from __future__ import annotations

from typing import cast

from xdsl.dialects.builtin import FixedBitwidthType, IntegerType, MemRefType, VectorType
from xdsl.ir import Attribute, SSAValue


def vector_type(type: Attribute) -> VectorType[Attribute] | None:
    """`type` if it is a vector's, else None."""
    return cast(VectorType[Attribute], type) if isinstance(type, VectorType) else None


def memref_type(value: SSAValue) -> MemRefType[Attribute]:
    """The type of a value that is a memref."""
    type: Attribute = value.type
    assert isinstance(type, MemRefType)
    return cast(MemRefType[Attribute], type)


def element(type: Attribute) -> Attribute:
    """The type of one lane; a scalar's own."""
    return type if (vector := vector_type(type)) is None else vector.element_type


def lanes(type: Attribute) -> tuple[int, ...] | None:
    """The shape of a vector type; None for a scalar."""
    return None if (vector := vector_type(type)) is None else vector.get_shape()


def like(type: Attribute, of: Attribute) -> Attribute:
    """A type of as many lanes as `type`, of elements `of`: what a comparison gives, `like(type, i1)`."""
    return of if (vector := vector_type(type)) is None else VectorType(of, vector.shape)


def is_integer(type: Attribute) -> bool:
    return isinstance(type, IntegerType)


def width(type: Attribute) -> int:
    """Bits of one lane; an index counts as 64."""
    scalar = element(type)
    return scalar.bitwidth if isinstance(scalar, FixedBitwidthType) else 64
