"""Types of the spirv dialect beside numbers and vectors of them: pointers, arrays, structs."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, IntAttr, StringAttr
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

STORAGE = ("StorageBuffer", "PushConstant", "Uniform", "Input", "Workgroup", "Function")
"""Where a pointer may point: a buffer; numbers that a launch hands in, or that stand in memory; what the device hands a
thread; memory of a block of threads; a thread's own variable."""


@irdl_attr_definition
class PointerType(ParametrizedAttribute, TypeAttribute):
    """`!spirv.ptr<f32, StorageBuffer>`."""

    name = "spirv.ptr"
    pointee: Attribute
    storage: StringAttr

    def verify(self) -> None:
        if self.storage.data not in STORAGE:
            raise VerifyException(f"there is no storage class {self.storage.data}: one of {', '.join(STORAGE)}")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            pointee = parser.parse_type()
            parser.parse_punctuation(",")
            return pointee, StringAttr(parser.parse_identifier())

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.pointee)
            printer.print_string(f", {self.storage.data}")


@irdl_attr_definition
class RuntimeArrayType(ParametrizedAttribute, TypeAttribute):
    """As many elements as a buffer has, `stride` bytes apart: `!spirv.rtarray<f32, stride=4>`."""

    name = "spirv.rtarray"
    element: Attribute
    stride: IntAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            element = parser.parse_type()
            parser.parse_punctuation(",")
            parser.parse_keyword("stride")
            parser.parse_punctuation("=")
            return element, IntAttr(parser.parse_integer())

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.element)
            printer.print_string(f", stride={self.stride.data}")


@irdl_attr_definition
class ArrayType(ParametrizedAttribute, TypeAttribute):
    """So many elements, in memory that nothing outside of the kernel sees: `!spirv.array<64 x f32>`."""

    name = "spirv.array"
    count: IntAttr
    element: Attribute

    def __init__(self, count: int | IntAttr, element: Attribute):
        super().__init__(IntAttr(count) if isinstance(count, int) else count, element)

    def verify(self) -> None:
        if self.count.data < 1:
            raise VerifyException("an array has an element at least")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            count = parser.parse_shape_dimension(allow_dynamic=False)
            parser.parse_shape_delimiter()
            return IntAttr(count), parser.parse_type()

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.count.data} x ")
            printer.print_attribute(self.element)


@irdl_attr_definition
class StructType(ParametrizedAttribute, TypeAttribute):
    """Members at offsets in bytes, of memory that is bound from outside: `!spirv.struct<(i32 [0], i32 [4]), Block>`."""

    name = "spirv.struct"
    members: ArrayAttr[Attribute]
    offsets: ArrayAttr[IntAttr]

    def verify(self) -> None:
        if len(self.members) != len(self.offsets):
            raise VerifyException("each member of a struct has an offset")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        def member() -> tuple[Attribute, IntAttr]:
            kind = parser.parse_type()
            with parser.in_square_brackets():
                return kind, IntAttr(parser.parse_integer())

        with parser.in_angle_brackets():
            members = parser.parse_comma_separated_list(parser.Delimiter.PAREN, member)
            parser.parse_punctuation(",")
            parser.parse_keyword("Block")
        return ArrayAttr([kind for kind, _ in members]), ArrayAttr([offset for _, offset in members])

    def print_parameters(self, printer: Printer) -> None:
        def member(pair: tuple[Attribute, IntAttr]) -> None:
            printer.print_attribute(pair[0])
            printer.print_string(f" [{pair[1].data}]")

        with printer.in_angle_brackets():
            with printer.in_parens():
                printer.print_list(list(zip(self.members, self.offsets, strict=True)), member)
            printer.print_string(", Block")


@irdl_attr_definition
class VersionAttr(ParametrizedAttribute):
    """What a module asks for, `#spirv.vce<v1.3, [Shader], []>`: version, capabilities, extensions."""

    name = "spirv.vce"
    version: StringAttr
    capabilities: ArrayAttr[StringAttr]
    extensions: ArrayAttr[StringAttr]

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        def names() -> ArrayAttr[StringAttr]:
            listed = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_identifier)
            return ArrayAttr([StringAttr(name) for name in listed])

        with parser.in_angle_brackets():
            version = StringAttr(parser.parse_identifier())
            parser.parse_punctuation(",")
            capabilities = names()
            parser.parse_punctuation(",")
            return version, capabilities, names()

    def print_parameters(self, printer: Printer) -> None:
        def names(listed: ArrayAttr[StringAttr]) -> str:
            return f"[{', '.join(name.data for name in listed)}]"

        text = f"{self.version.data}, {names(self.capabilities)}, {names(self.extensions)}"
        printer.print_string(f"<{text}>")
