"""Where the ops of a kernel are written: constants and addresses once each, at its head; the rest in order.

    spirv.func @main() "None" {
      %0 = spirv.Constant 1 : i32
      %1 = spirv.mlir.addressof @x : ...
      %2 = spirv.Variable : !spirv.ptr<f32, Function>
      ...

So stand constants and global variables in the binary, too: behind types, before the function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from stepwell.diagnostics import StepwellError
from stepwell.dialects import spirv
from stepwell.dialects.lanes import is_integer, width
from xdsl.dialects.builtin import (
    AnyFloat,
    Float16Type,
    Float32Type,
    Float64Type,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    LocationAttr,
    StringAttr,
    f32,
    i1,
    i8,
    i32,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

Op = TypeVar("Op", bound=Operation)

FLOATS = (Float16Type, Float32Type, Float64Type)
INTEGER_BITS = (1, 8, 16, 32, 64)

SIZE_BITS = {32: 0x7FFFFFFF, 64: 0x7FFFFFFFFFFFFFFF}
INFINITE = {32: 0x7F800000, 64: 0x7FF0000000000000}
"""Bits of a float → those but its sign, and what they are where it is infinite: above are NaNs."""
INTEGER = {32: i32, 64: i64}


def type_of(kind: Attribute, where: Operation) -> Attribute:
    """The type of SPIR-V for a number. An index has 32 bits."""
    if isinstance(kind, IndexType):
        return i32
    if isinstance(kind, FLOATS) or (is_integer(kind) and width(kind) in INTEGER_BITS):
        return kind
    raise StepwellError(f"SPIR-V for a shader has no type for {kind}", where, fix="use float32 and int32 in the model")


def stored(kind: Attribute) -> Attribute:
    """The type in a buffer for a number: a bool is a byte there."""
    return i8 if kind == i1 else kind


class Writer:
    """Ops are added at the end of `block`, at `location`; `finish` gives the function's first block."""

    def __init__(self, location: LocationAttr) -> None:
        self.entry = self.block = Block()
        self.location = location
        self._constants: dict[Attribute, spirv.ConstantOp] = {}
        self._addresses: dict[str, spirv.AddressOfOp] = {}
        self._variables: list[spirv.VariableOp] = []

    def finish(self) -> Block:
        found: list[Operation] = [*self._constants.values(), *self._addresses.values(), *self._variables]
        head = [op for op in found if op.results[0].first_use is not None]
        first = self.entry.first_op
        assert first is not None
        self.entry.insert_ops_before(head, first)
        return self.entry

    def _stamped(self, op: Op) -> Op:
        op.location = self.location
        return op

    def add(self, op: Op) -> Op:
        self.block.add_op(self._stamped(op))
        return op

    # -- values ------------------------------------------------------------------------------------------------------

    def constant(self, value: IntegerAttr[IntegerType] | FloatAttr[AnyFloat]) -> SSAValue:
        if value not in self._constants:
            self._constants[value] = self._stamped(spirv.ConstantOp(value, value.type))
        return self._constants[value].constant

    def number(self, value: int | float, kind: Attribute = i32) -> SSAValue:
        if isinstance(kind, AnyFloat):
            return self.constant(FloatAttr(float(value), kind))
        return self.constant(IntegerAttr(int(value), IntegerType(width(kind)), truncate_bits=True))

    def address(self, name: str, kind: spirv.PointerType) -> SSAValue:
        """The global variable of this name."""
        if name not in self._addresses:
            self._addresses[name] = self._stamped(spirv.AddressOfOp(name, kind))
        return self._addresses[name].pointer

    def variable(self, kind: Attribute) -> SSAValue:
        """A new variable of the thread."""
        self._variables.append(self._stamped(spirv.VariableOp(kind)))
        return self._variables[-1].pointer

    def part(self, base: SSAValue, indices: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        assert isinstance(base.type, spirv.PointerType)
        return self.add(spirv.AccessChainOp(base, indices, spirv.PointerType(kind, base.type.storage))).part

    def load(self, pointer: SSAValue) -> SSAValue:
        return self.add(spirv.LoadOp(pointer)).value

    def store(self, pointer: SSAValue, value: SSAValue) -> None:
        self.add(spirv.StoreOp(pointer, value))

    def make(self, name: str, *args: SSAValue) -> SSAValue:
        return self.add(spirv.make(name, *args)).results[0]

    def convert(self, name: str, value: SSAValue, kind: Attribute) -> SSAValue:
        return value if value.type == kind else self.add(spirv.make(name, value, kind)).results[0]

    def choose(self, condition: SSAValue, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.add(spirv.SelectOp(condition, a, b)).result

    def holds(self, value: SSAValue) -> SSAValue:
        """A number that is not 0, as a bool."""
        return self.make("INotEqual", value, self.number(0, value.type))

    def as_number(self, condition: SSAValue, kind: Attribute, true: int = 1) -> SSAValue:
        """A bool as a number. `true`: what it is where it holds."""
        return self.choose(condition, self.number(true, kind), self.number(0, kind))

    def is_nan(self, value: SSAValue) -> SSAValue:
        """By its bits: compilers of shaders may take it that there is no NaN (Vulkan, "Precision and Operation of
        SPIR-V Instructions")."""
        if isinstance(value.type, Float16Type):
            value = self.convert("FConvert", value, f32)
        size_bits = width(value.type)
        size = self.make(
            "BitwiseAnd",
            self.convert("Bitcast", value, INTEGER[size_bits]),
            self.number(SIZE_BITS[size_bits], INTEGER[size_bits]),
        )
        return self.make("UGreaterThan", size, self.number(INFINITE[size_bits], INTEGER[size_bits]))


def pointer(kind: Attribute, storage: str) -> spirv.PointerType:
    return spirv.PointerType(kind, StringAttr(storage))
