"""What a module of SPIR-V must declare of itself: the capabilities that its types and ops ask for, and no others.

    spirv.IAdd %a, %b : i64                      Int64
    spirv.Load "StorageBuffer" %p : i8           StorageBuffer8BitAccess, of the extension SPV_KHR_8bit_storage
    spirv.IAdd %a, %b : i8                       Int8
    spirv.GroupNonUniformFAdd <Subgroup> ...     GroupNonUniformArithmetic

Numbers of 8 and 16 bits that are only read from buffers, converted and written back need no arithmetic of the device's
(SPIR-V 1.3, section 3.31).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stepwell.dialects import spirv
from stepwell.dialects.lanes import is_integer, width
from stepwell.dialects.spirv.types import STORAGE
from xdsl.dialects.builtin import ArrayAttr, Float16Type, Float64Type, StringAttr, VectorType
from xdsl.ir import Attribute, Operation

from .writer import FLOATS

VERSION = "v1.3"
ARITHMETIC = {8: "Int8", 16: "Int16", 64: "Int64"}
IN_BUFFERS = {8: "StorageBuffer8BitAccess", 16: "StorageBuffer16BitAccess"}
EXTENSIONS = {
    "StorageBuffer8BitAccess": "SPV_KHR_8bit_storage",
    "StorageBuffer16BitAccess": "SPV_KHR_16bit_storage",
}
MOVES = ("spirv.Load", "spirv.Store", "spirv.AccessChain", "spirv.mlir.addressof")
CONVERSIONS = ("spirv.SConvert", "spirv.UConvert", "spirv.FConvert")

GROUP_OPS = {
    **dict.fromkeys(("All", "Any"), "GroupNonUniformVote"),
    **dict.fromkeys(("Shuffle", "ShuffleXor"), "GroupNonUniformShuffle"),
    **dict.fromkeys(("ShuffleUp", "ShuffleDown"), "GroupNonUniformShuffleRelative"),
}
"""What of a subgroup is asked for; anything else is `GroupNonUniformArithmetic`."""
GROUP_VARIABLES = ("SubgroupLocalInvocationId", "SubgroupId", "SubgroupSize", "NumSubgroups")
ORDER = (
    *("Shader", "Float16", "Float64", "Int64", "Int16", "Int8", "StorageBuffer16BitAccess", "StorageBuffer8BitAccess"),
    *("GroupNonUniform", "GroupNonUniformVote", "GroupNonUniformArithmetic", "GroupNonUniformShuffle"),
    "GroupNonUniformShuffleRelative",
)


def requirements(ops: list[Operation]) -> spirv.VersionAttr:
    """What a module of these ops declares."""
    found, seen = {"Shader"}, set[tuple[Attribute, bool]]()
    for op in ops:
        if isinstance(op, spirv.GlobalVariableOp):
            found.update(of_variable(op))
        for inner in op.walk():
            if (name := inner.name.removeprefix("spirv.")).startswith("GroupNonUniform"):
                found.add(GROUP_OPS.get(name.removeprefix("GroupNonUniform"), "GroupNonUniformArithmetic"))
            kinds = [value.type for value in (*inner.operands, *inner.results)]
            moved = inner.name in CONVERSIONS or (inner.name in MOVES and through_buffer(kinds))
            if new := {(kind, moved) for kind in kinds} - seen:
                seen |= new
                found.update(name for kind, _ in new for name in of_value(kind, moved))
    if any(name.startswith("GroupNonUniform") for name in found):
        found.add("GroupNonUniform")
    names = [name for name in ORDER if name in found]
    extensions = [EXTENSIONS[name] for name in names if name in EXTENSIONS]
    return spirv.VersionAttr(
        StringAttr(VERSION), ArrayAttr(map(StringAttr, names)), ArrayAttr(map(StringAttr, extensions))
    )


def of_variable(op: spirv.GlobalVariableOp) -> Iterator[str]:
    storage = op.kind.storage.data
    assert storage in STORAGE
    for kind in numbers_in(op.kind.pointee):
        size = width_of(kind)
        if storage == "StorageBuffer" and size in IN_BUFFERS:
            yield IN_BUFFERS[size]
        else:
            yield from of_type(kind)
    if op.built_in is not None and op.built_in.data in GROUP_VARIABLES:
        yield "GroupNonUniform"


def of_value(value: Attribute, moved: bool) -> Iterator[str]:
    """What an op asks for that takes or gives a value of this type, or only moves it."""
    for kind in numbers_in(value):
        if not moved or width_of(kind) not in IN_BUFFERS:
            yield from of_type(kind)


def through_buffer(kinds: Sequence[Attribute]) -> bool:
    """Whether the pointer among what an op takes and gives points into a buffer."""
    return any(isinstance(kind, spirv.PointerType) and kind.storage.data == "StorageBuffer" for kind in kinds)


def width_of(kind: Attribute) -> int:
    """Bits of a number."""
    return width(kind) if is_integer(kind) or isinstance(kind, FLOATS) else 32


def of_type(kind: Attribute) -> Iterator[str]:
    if isinstance(kind, Float16Type):
        yield "Float16"
    elif isinstance(kind, Float64Type):
        yield "Float64"
    elif is_integer(kind) and width(kind) in ARITHMETIC:
        yield ARITHMETIC[width(kind)]


def numbers_in(kind: Attribute) -> Iterator[Attribute]:
    """The types of numbers that a type is made of."""
    match kind:
        case spirv.PointerType():
            yield from numbers_in(kind.pointee)
        case spirv.ArrayType() | spirv.RuntimeArrayType():
            yield from numbers_in(kind.element)
        case spirv.StructType():
            for member in kind.members:
                yield from numbers_in(member)
        case VectorType():
            yield kind.element_type
        case _:
            yield kind
