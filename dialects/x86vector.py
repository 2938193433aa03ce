"""The x86vector dialect, as far as we use upstream's: one instruction of AVX512-BF16, and its like of AVX512-VNNI.

    %sum = x86vector.avx512.dot %acc, %a, %b : vector<32xbf16> -> vector<16xf32>

adds to each lane of %acc the two products of the pairs of bf16 that stand there in %a and %b. The products are exact,
their sums f32; numbers too small for a normal bf16 count as 0. With bytes

    %sum = x86vector.avx512.dot %acc, %a, %b : vector<64xi8> -> vector<16xi32>

it adds the four products of the bytes that stand there, those of %a without a sign and those of %b with one.
"""

from __future__ import annotations

from stepwell.dialects.lanes import vector_type
from xdsl.dialects.builtin import BFloat16Type, Float32Type, VectorType, i8, i32
from xdsl.ir import Attribute, Dialect, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, result_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

AT_ONCE: dict[Attribute, int] = {BFloat16Type(): 2, i8: 4}
"""How many products are added to a sum at once, by the type of the factors."""


@irdl_op_definition
class DotOp(IRDLOperation):
    """VDPBF16PS or VPDPBUSD, on vectors of 4, 8 or 16 sums."""

    name = "x86vector.avx512.dot"

    src = operand_def(VectorType)
    a = operand_def(VectorType)
    b = operand_def(VectorType)
    dst = result_def(VectorType)

    traits = traits_def(Pure())

    def __init__(self, src: SSAValue, a: SSAValue, b: SSAValue):
        super().__init__(operands=[src, a, b], result_types=[src.type])

    @property
    def of_bytes(self) -> bool:
        pairs = vector_type(self.a.type)
        return pairs is not None and pairs.element_type == i8

    def verify_(self) -> None:
        sums, pairs = vector_type(self.src.type), vector_type(self.a.type)
        assert sums is not None and pairs is not None
        if self.dst.type != sums or self.b.type != pairs:
            raise VerifyException("the sum is of the type that is added to, and both factors are of one type")
        if (sums.element_type, pairs.element_type) not in ((Float32Type(), BFloat16Type()), (i32, i8)):
            raise VerifyException("it multiplies bf16 and adds f32, or bytes and adds i32")
        factors = AT_ONCE[pairs.element_type] * sums.get_shape()[0]
        if sums.get_shape() not in ((4,), (8,), (16,)) or pairs.get_shape() != (factors,):
            raise VerifyException("there are 4, 8 or 16 sums, and a pair of bf16, or four bytes, for each")

    @classmethod
    def parse(cls, parser: Parser) -> DotOp:
        names = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_unresolved_operand)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        pairs = parser.parse_type()
        parser.parse_punctuation("->")
        sums = parser.parse_type()
        if len(names) != 3:
            parser.raise_error("x86vector.avx512.dot takes a sum and two factors")
        op = cls(*parser.resolve_operands(names, [sums, pairs, pairs], parser.pos))
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        pairs: Attribute = self.a.type
        sums: Attribute = self.dst.type
        printer.print_attribute(pairs)
        printer.print_string(" -> ")
        printer.print_attribute(sums)


X86Vector = Dialect("x86vector", [DotOp])
