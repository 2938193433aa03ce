"""The nvgpu dialect, upstream's: products of small matrices by a warp's tensor cores, and copies that run beside them.

    %token = nvgpu.device_async_copy %x[%i, %k], %tile[%r, %c], 8 {bypassL1}
      : memref<512x256xf16> to memref<128x40xf16, #gpu.address_space<workgroup>>
    %group = nvgpu.device_async_create_group %token
    nvgpu.device_async_wait %group {numGroups = 1 : i32}
    %a = nvgpu.ldmatrix %tile[%r, %c] {numTiles = 4 : i32, transpose = false}
      : memref<128x40xf16, #gpu.address_space<workgroup>> -> vector<4x2xf16>
    %sum = nvgpu.mma.sync(%a, %b, %acc) {mmaShape = [16, 8, 16]}
      : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>

All 32 threads of a warp run such an op together. Each holds a part of each matrix, its fragment: how many registers of
32 bits, times the elements in one. Which elements those are, the PTX ISA says ("Warp-level matrix instructions":
"Matrix fragments for mma.m16n8k16", "... m16n8k8"). Thread t = 4 g + q of a 16x8x16 product has

    of the sums     rows g and g + 8, columns 2 q and 2 q + 1                       vector<2x2xf32>
    of the left     rows g and g + 8, columns 2 q, 2 q + 1, then the same + 8       vector<4x2xf16>
    of the right    rows 2 q, 2 q + 1, then the same + 8, column g                  vector<2x2xf16>
"""

from __future__ import annotations

from collections.abc import Sequence

from stepwell.dialects.gpu.attributes import AddressSpace, space_of
from stepwell.dialects.lanes import element, lanes, memref_type
from xdsl.dialects.builtin import (
    ArrayAttr,
    BFloat16Type,
    BoolAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    UnitAttr,
    VectorType,
    i32,
    i64,
)
from xdsl.ir import Attribute, Dialect, Operation, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException

SHAPES: dict[tuple[type[Attribute], bool], tuple[int, int, int]] = {
    (Float16Type, False): (16, 8, 16),
    (BFloat16Type, False): (16, 8, 16),
    (Float32Type, True): (16, 8, 8),
}
"""Elements, and whether they are rounded to tf32, to rows and columns of the product and terms of its sums."""
COPIED = (4, 8, 16)
"""Bytes that one copy moves."""


def word(kind: Attribute) -> int:
    """How many elements a register of 32 bits holds."""
    return 1 if isinstance(kind, Float32Type) else 2


@irdl_attr_definition
class DeviceAsyncTokenType(ParametrizedAttribute, TypeAttribute):
    """A copy, or a group of copies, that may still run: `!nvgpu.device.async.token`."""

    name = "nvgpu.device.async.token"


@irdl_op_definition
class MmaSyncOp(IRDLOperation):
    """A product of matrices plus the sums so far, in f32. `tf32Enabled`: of factors of f32, 10 bits are multiplied."""

    name = "nvgpu.mma.sync"

    matrixA = operand_def(VectorType)
    matrixB = operand_def(VectorType)
    matrixC = operand_def(VectorType)
    mmaShape = prop_def(ArrayAttr[IntegerAttr[IntegerType]])
    tf32Enabled = opt_prop_def(UnitAttr)
    res = result_def(VectorType)

    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = (
        "`(` $matrixA`,` $matrixB`,` $matrixC `)` attr-dict "
        "`:` `(` type($matrixA) `,` type($matrixB) `,` type($matrixC) `)` `->` type($res)"
    )

    def __init__(self, a: SSAValue, b: SSAValue, sums: SSAValue):
        single = isinstance(element(a.type), Float32Type)
        shape = SHAPES[type(element(a.type)), single]
        super().__init__(
            operands=[a, b, sums],
            properties={
                "mmaShape": ArrayAttr([IntegerAttr(n, i64) for n in shape]),
                "tf32Enabled": UnitAttr() if single else None,
            },
            result_types=[sums.type],
        )

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(n.value.data for n in self.mmaShape)

    def verify_(self) -> None:
        kind = element(self.matrixA.type)
        known = SHAPES.get((type(kind), self.tf32Enabled is not None))
        if known is None:
            raise VerifyException("tensor cores multiply f16, bf16, or f32 that is rounded to tf32")
        if self.shape != known:
            raise VerifyException(f"a product of {kind} is of {' by '.join(map(str, known))}")
        if element(self.matrixB.type) != kind or not isinstance(element(self.matrixC.type), Float32Type):
            raise VerifyException("both factors are of one element type, and sums of f32")
        if self.res.type != self.matrixC.type:
            raise VerifyException("the result is of the sums' type")
        parts = [lanes(value.type) for value in self.operands]
        if parts != [(4, word(kind)), (2, word(kind)), (2, 2)]:
            raise VerifyException(f"a thread has fragments of 4x{word(kind)}, 2x{word(kind)} and 2x2 elements")


@irdl_op_definition
class LdMatrixOp(IRDLOperation):
    """Up to four matrices of 8 rows of 16 bytes from workgroup memory, one register a thread of each: thread 4 g + q
    has the q-th 4 bytes of row g; with `transpose`, the elements 2 q and 2 q + 1 of column g, of 16 bits. Where row r
    of matrix n starts, the indices of thread 8 n + r say."""

    name = "nvgpu.ldmatrix"

    srcMemref = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    transpose = prop_def(BoolAttr)
    numTiles = prop_def(IntegerAttr[IntegerType])
    res = result_def(VectorType)

    traits = traits_def(MemoryReadEffect())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$srcMemref `[` $indices `]` attr-dict `:` type($srcMemref) `->` type($res)"

    def __init__(self, source: SSAValue, indices: Sequence[SSAValue], tiles: int, *, transpose: bool = False):
        kind = memref_type(source).element_type
        super().__init__(
            operands=[source, indices],
            properties={"transpose": BoolAttr.from_bool(transpose), "numTiles": IntegerAttr(tiles, i32)},
            result_types=[VectorType(kind, [tiles, word(kind)])],
        )

    @property
    def tiles(self) -> int:
        return self.numTiles.value.data

    @property
    def transposed(self) -> bool:
        return bool(self.transpose.value.data)

    def verify_(self) -> None:
        source = memref_type(self.srcMemref)
        check_indices(self.srcMemref, self.indices)
        if space_of(source) is not AddressSpace.Workgroup:
            raise VerifyException("matrices are loaded from workgroup memory")
        if self.tiles not in (1, 2, 4):
            raise VerifyException("1, 2 or 4 matrices are loaded at once")
        kind = source.element_type
        if not isinstance(kind, Float16Type | BFloat16Type | Float32Type):
            raise VerifyException("matrices are of f16, bf16 or f32")
        if self.transposed and word(kind) == 1:
            raise VerifyException("elements of 16 bits are transposed, no others")
        if element(self.res.type) != kind or lanes(self.res.type) != (self.tiles, word(kind)):
            raise VerifyException(f"a thread has {self.tiles}x{word(kind)} elements")


@irdl_op_definition
class DeviceAsyncCopyOp(IRDLOperation):
    """Start to copy `dstElements` neighbours from the device's memory to the block's. `srcElements`: only so many are
    read, zeros follow them. `bypassL1`: the cache of one multiprocessor is not asked."""

    name = "nvgpu.device_async_copy"

    src = operand_def(MemRefType)
    srcIndices = var_operand_def(IndexType)
    dst = operand_def(MemRefType)
    dstIndices = var_operand_def(IndexType)
    dstElements = prop_def(IntegerAttr[IndexType])
    srcElements = opt_operand_def(IndexType)
    bypassL1 = opt_prop_def(UnitAttr)
    asyncToken = result_def(DeviceAsyncTokenType)

    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())
    irdl_options = (AttrSizedOperandSegments(as_property=True), ParsePropInAttrDict())
    assembly_format = (
        "$src `[` $srcIndices `]` `,` $dst `[` $dstIndices `]` `,` $dstElements (`,` $srcElements^)? attr-dict "
        "`:` type($src) `to` type($dst)"
    )

    def __init__(
        self,
        source: SSAValue,
        source_indices: Sequence[SSAValue],
        target: SSAValue,
        target_indices: Sequence[SSAValue],
        count: int,
        *,
        read: SSAValue | None = None,
    ):
        bypass = UnitAttr() if count * width(source) == COPIED[-1] else None
        super().__init__(
            operands=[source, source_indices, target, target_indices, read],
            properties={"dstElements": IntegerAttr(count, IndexType()), "bypassL1": bypass},
            result_types=[DeviceAsyncTokenType()],
        )

    @property
    def bytes(self) -> int:
        return self.dstElements.value.data * width(self.src)

    def verify_(self) -> None:
        check_indices(self.src, self.srcIndices)
        check_indices(self.dst, self.dstIndices)
        if memref_type(self.src).element_type != memref_type(self.dst).element_type:
            raise VerifyException("what is copied keeps its type")
        spaces = [space_of(self.src.type), space_of(self.dst.type)]
        if spaces != [AddressSpace.Global, AddressSpace.Workgroup]:
            raise VerifyException("a copy is from the device's memory to workgroup memory")
        if self.bytes not in COPIED:
            raise VerifyException(f"{self.bytes} bytes cannot be copied at once: 4, 8 or 16 can")
        if self.bypassL1 is not None and self.bytes != COPIED[-1]:
            raise VerifyException("a copy past the cache is of 16 bytes")


def width(memory: SSAValue) -> int:
    """Bytes of an element."""
    kind = memref_type(memory).element_type
    assert isinstance(kind, Float16Type | BFloat16Type | Float32Type | Float64Type | IntegerType)
    return kind.bitwidth // 8


def check_indices(memory: SSAValue, indices: Sequence[SSAValue]) -> None:
    kind = memref_type(memory)
    if len(indices) != len(kind.get_shape()):
        raise VerifyException("there is an index for each dimension")
    strides = kind.get_strides()
    if strides is None or strides[-1] != 1:
        raise VerifyException("elements along the last dimension are neighbours in memory")


@irdl_op_definition
class DeviceAsyncCreateGroupOp(IRDLOperation):
    """A group of all copies that this thread started since the last group; the operands say which those are."""

    name = "nvgpu.device_async_create_group"

    inputTokens = var_operand_def(DeviceAsyncTokenType)
    asyncToken = result_def(DeviceAsyncTokenType)

    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())
    assembly_format = "$inputTokens attr-dict"

    def __init__(self, tokens: Sequence[SSAValue]):
        super().__init__(operands=[tokens], result_types=[DeviceAsyncTokenType()])

    def verify_(self) -> None:
        if not self.inputTokens:
            raise VerifyException("a group names a token: where it names none, its text goes on with the next line's")


@irdl_op_definition
class DeviceAsyncWaitOp(IRDLOperation):
    """Wait until at most the last `numGroups` groups of this thread still run; none, where it is not said."""

    name = "nvgpu.device_async_wait"

    asyncDependencies = operand_def(DeviceAsyncTokenType)
    numGroups = opt_prop_def(IntegerAttr[IntegerType])

    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$asyncDependencies attr-dict"

    def __init__(self, token: SSAValue, groups: int = 0):
        super().__init__(operands=[token], properties={"numGroups": IntegerAttr(groups, i32)})

    @property
    def groups(self) -> int:
        return 0 if self.numGroups is None else self.numGroups.value.data


OPS: list[type[Operation]] = [
    MmaSyncOp,
    LdMatrixOp,
    DeviceAsyncCopyOp,
    DeviceAsyncCreateGroupOp,
    DeviceAsyncWaitOp,
]
NVGPU = Dialect("nvgpu", OPS, [DeviceAsyncTokenType])
