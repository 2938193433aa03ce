"""The amx dialect, upstream's: tiles, the two-dimensional registers of AMX, and products of bf16 that are added in f32.

    %zero = amx.tile_zero : !amx.tile<16x16xf32>
    %a = amx.tile_load %x[%i, %r] : memref<64x128xbf16> into !amx.tile<16x32xbf16>
    %b = amx.tile_load %w[%p, %j] : memref<64x64xbf16> into !amx.tile<16x32xbf16>
    %sum = amx.tile_mulf %a, %b, %zero : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
    amx.tile_store %y[%i, %j], %sum : memref<64x64xf32>, !amx.tile<16x16xf32>

A tile has at most 16 rows of 64 bytes. Row p of %b holds the pairs (2p, 2p + 1) of the sum, one for each column:
`sum[i, j] += a[i, 2p] * b[p, 2j] + a[i, 2p + 1] * b[p, 2j + 1]`. A processor has eight tiles; of what shape each is
holds for a whole function. Numbers too small for a normal bf16 count as 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    BFloat16Type,
    FixedBitwidthType,
    Float32Type,
    IndexType,
    IntAttr,
    MemRefType,
)
from xdsl.ir import Attribute, Dialect, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    BaseAttr,
    IRDLOperation,
    VarConstraint,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException

MOST_ROWS, ROW_BYTES = 16, 64


@irdl_attr_definition
class TileType(ParametrizedAttribute, TypeAttribute):
    """`!amx.tile<16x32xbf16>`: rows, columns, elements."""

    name = "amx.tile"

    shape: ArrayAttr[IntAttr]
    element_type: Attribute

    @staticmethod
    def of(rows: int, columns: int, element: Attribute) -> TileType:
        return TileType(ArrayAttr([IntAttr(rows), IntAttr(columns)]), element)

    @property
    def rows(self) -> int:
        return self.shape.data[0].data

    @property
    def columns(self) -> int:
        return self.shape.data[1].data

    @property
    def row_bytes(self) -> int:
        """How many bytes a row takes."""
        assert isinstance(self.element_type, FixedBitwidthType)
        return self.columns * self.element_type.bitwidth // 8

    def verify(self) -> None:
        if len(self.shape) != 2 or not isinstance(self.element_type, BFloat16Type | Float32Type):
            raise VerifyException("a tile is of rows and columns of bf16 or f32")
        if not 0 < self.rows <= MOST_ROWS:
            raise VerifyException(f"a tile has 1 to {MOST_ROWS} rows")
        if not 0 < self.row_bytes <= ROW_BYTES or self.row_bytes % 4:
            raise VerifyException(f"a row of a tile has at most {ROW_BYTES} bytes, a multiple of 4")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            shape, element = parser.parse_ranked_shape()
        return [ArrayAttr([IntAttr(n) for n in shape]), element]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string("x".join(str(n.data) for n in self.shape) + "x")
            printer.print_attribute(self.element_type)


def tile_type(value: SSAValue) -> TileType:
    type: Attribute = value.type
    assert isinstance(type, TileType)
    return type


def check_memory(memory: SSAValue, indices: Sequence[SSAValue], tile: SSAValue) -> None:
    """Rows of a tile are rows of a memref of two dimensions or more."""
    type = cast("MemRefType[Attribute]", memory.type)
    if type.element_type != tile_type(tile).element_type:
        raise VerifyException("a tile and its memory are of one element type")
    if len(type.get_shape()) < 2 or len(indices) != len(type.get_shape()):
        raise VerifyException("a tile stands in a memref of two dimensions or more, at an index for each")
    strides = type.get_strides()
    if strides is None or strides[-1] != 1:
        raise VerifyException("the elements of a tile's row are neighbours in memory")


@irdl_op_definition
class TileZeroOp(IRDLOperation):
    """A tile of zeros."""

    name = "amx.tile_zero"

    res = result_def(TileType)

    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($res)"

    def __init__(self, type: TileType):
        super().__init__(result_types=[type])


@irdl_op_definition
class TileLoadOp(IRDLOperation):
    """The tile whose first element is at the indices; its rows are as far apart as the memref's last but one stride."""

    name = "amx.tile_load"

    base = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    res = result_def(TileType)

    traits = traits_def(MemoryReadEffect())
    assembly_format = "$base `[` $indices `]` attr-dict `:` type($base) `into` type($res)"

    def __init__(self, base: SSAValue, indices: Sequence[SSAValue], type: TileType):
        super().__init__(operands=[base, indices], result_types=[type])

    def verify_(self) -> None:
        check_memory(self.base, self.indices, self.res)


@irdl_op_definition
class TileStoreOp(IRDLOperation):
    """Store a tile where `amx.tile_load` would read it."""

    name = "amx.tile_store"

    base = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    val = operand_def(TileType)

    traits = traits_def(MemoryWriteEffect())
    assembly_format = "$base `[` $indices `]` `,` $val attr-dict `:` type($base) `,` type($val)"

    def __init__(self, base: SSAValue, indices: Sequence[SSAValue], value: SSAValue):
        super().__init__(operands=[base, indices, value])

    def verify_(self) -> None:
        check_memory(self.base, self.indices, self.val)


@irdl_op_definition
class TileMulFOp(IRDLOperation):
    """TDPBF16PS: the sums plus the products of the pairs."""

    name = "amx.tile_mulf"
    SUMS: ClassVar = VarConstraint("SUMS", BaseAttr(TileType))

    lhs = operand_def(TileType)
    rhs = operand_def(TileType)
    acc = operand_def(SUMS)
    res = result_def(SUMS)

    traits = traits_def(Pure())
    assembly_format = "$lhs `,` $rhs `,` $acc attr-dict `:` type($lhs) `,` type($rhs) `,` type($acc)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue, acc: SSAValue):
        super().__init__(operands=[lhs, rhs, acc], result_types=[acc.type])

    def verify_(self) -> None:
        a, b, sums = (tile_type(value) for value in self.operands)
        if not isinstance(a.element_type, BFloat16Type) or a.element_type != b.element_type:
            raise VerifyException("it multiplies bf16")
        if not isinstance(sums.element_type, Float32Type):
            raise VerifyException("it adds f32")
        if (a.rows, b.columns, a.columns) != (sums.rows, 2 * sums.columns, 2 * b.rows):
            raise VerifyException("tiles of m by k, k / 2 by 2 n and m by n go together")


AMX = Dialect("amx", [TileZeroOp, TileLoadOp, TileStoreOp, TileMulFOp], [TileType])
