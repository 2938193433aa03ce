"""What words of SPIR-V declare before their function: names, types, constants, variables, how they are entered.

0x00040015, 6, 32, 0           %6 is the type i32
0x0004002b, 6, 12, 64          %12 is spirv.Constant 64 : i32
0x0004003b, 9, 14, 12          %14 is spirv.GlobalVariable @x, with the binding that it was decorated with
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from stepwell.diagnostics import StepwellError
from stepwell.dialects import spirv
from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    FloatAttr,
    IntAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    VectorType,
    f16,
    f32,
    f64,
    i1,
)
from xdsl.ir import Attribute, Operation

from .binary import FLOAT_FORMATS
from .opcodes import (
    ARRAY_STRIDE,
    BINDING,
    BLOCK,
    BUILT_IN,
    BUILT_IN_DECORATION,
    CAPABILITIES,
    EXTENDED_SET,
    OFFSET,
    SET,
    STORAGE,
)
from .words import LONGEST_NAME, MOST_MEMBERS, MOST_NESTED_TYPES, look_up, text_of


def inverse(table: dict[str, int]) -> dict[int, str]:
    return {number: name for name, number in table.items()}


CAPABILITY_NAMES, BUILT_IN_NAMES, STORAGE_NAMES = inverse(CAPABILITIES), inverse(BUILT_IN), inverse(STORAGE)
INTEGERS = {width: IntegerType(width) for width in (8, 16, 32, 64)}
FLOATS: dict[int, AnyFloat] = {16: f16, 32: f32, 64: f64}
VECTORS = (2, 3, 4)
"""How many numbers a vector may have (section 2.16.1)."""
WORD = re.compile(r"[A-Za-z_][\w.$-]*")

IGNORED = (4, 6, 8, 14, 317, 330)
"""What says nothing that the dialect has: debug information, the memory model."""
READ = (BLOCK, ARRAY_STRIDE, BUILT_IN_DECORATION, BINDING, SET)
PROMISES = (0, 19, 20, 24, 25)
"""Decorations without which the same is computed: RelaxedPrecision, Restrict, Aliased, NonWritable, NonReadable."""


@dataclass
class Declarations:
    """An id is of a type, a constant, a global variable, a value or a block."""

    name: str
    names: dict[int, str] = field(default_factory=dict[int, str])
    strings: dict[int, str] = field(default_factory=dict[int, str])
    decorations: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict[tuple[int, int], tuple[int, ...]])
    offsets: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    types: dict[int, Attribute] = field(default_factory=dict[int, Attribute])
    nested: dict[int, int] = field(default_factory=dict[int, int])
    """How many types deep a type is."""
    structs: set[int] = field(default_factory=set[int])
    """Types that are, hold or point to a struct."""
    constants: dict[int, spirv.ConstantOp] = field(default_factory=dict[int, spirv.ConstantOp])
    variables: dict[int, spirv.GlobalVariableOp] = field(default_factory=dict[int, spirv.GlobalVariableOp])
    addresses: dict[int, spirv.AddressOfOp] = field(default_factory=dict[int, spirv.AddressOfOp])
    capabilities: list[StringAttr] = field(default_factory=list[StringAttr])
    extensions: list[StringAttr] = field(default_factory=list[StringAttr])
    entries: dict[int, tuple[str, Sequence[int]]] = field(default_factory=dict[int, tuple[str, Sequence[int]]])
    """A function's id → how it is called from outside, and the variables that it uses."""
    sizes: dict[int, Sequence[int]] = field(default_factory=dict[int, Sequence[int]])

    def read(self, opcode: int, operands: tuple[int, ...]) -> None:
        match opcode:
            case 17:
                self.capabilities.append(StringAttr(look_up(CAPABILITY_NAMES, operands[0], "capability")))
            case 10:
                self.extensions.append(StringAttr(self.word(operands)))
            case 11:
                if text_of(operands[1:])[0] != EXTENDED_SET:
                    raise StepwellError(f"only instructions of the set {EXTENDED_SET} can be read")
            case 15:
                name, length = text_of(operands[2:])
                self.entries[operands[1]] = name, operands[2 + length :]
            case 16:
                if operands[1] != 17:
                    raise StepwellError(f"the execution mode {operands[1]} is none that the spirv dialect has")
                self.sizes[operands[0]] = operands[2:]
            case 7:
                self.strings[operands[0]] = text_of(operands[1:])[0]
            case 3:
                self.name = next((self.strings[file] for file in operands[2:3]), self.name)
            case 5:
                name, _ = text_of(operands[1:])
                if WORD.fullmatch(name) and len(name) <= LONGEST_NAME:
                    self.names[operands[0]] = name
            case 71:
                if operands[1] not in (*READ, *PROMISES):
                    raise StepwellError(f"the decoration {operands[1]} is none that the spirv dialect has")
                self.decorations[operands[0], operands[1]] = operands[2:]
            case 72:
                if operands[2] not in (OFFSET, *PROMISES):
                    raise StepwellError(f"the decoration {operands[2]} is none that the spirv dialect has")
                if operands[2] == OFFSET:
                    self.offsets[operands[0], operands[1]] = operands[3]
            case 59:
                self.variable(*operands)
            case 41 | 42 | 43:
                self.constant(opcode, *operands)
            case _ if opcode not in IGNORED:
                self.type(opcode, operands)

    def word(self, operands: Sequence[int]) -> str:
        text, _ = text_of(operands)
        if not WORD.fullmatch(text):
            raise StepwellError(f"{text[:80]!r} is no extension of SPIR-V")
        return text

    # -- types -------------------------------------------------------------------------------------------------------

    def kind(self, id: int) -> Attribute:
        return look_up(self.types, id, "type")

    def type(self, opcode: int, operands: Sequence[int]) -> None:
        made, *rest = operands
        match opcode:
            case 19 | 33:
                return
            case 20:
                self.types[made] = i1
            case 21:
                self.types[made] = look_up(INTEGERS, rest[0], "width of an integer,")
            case 22:
                self.types[made] = look_up(FLOATS, rest[0], "width of a float,")
            case 23:
                if rest[1] not in VECTORS:
                    raise StepwellError(f"a vector of SPIR-V has 2, 3 or 4 numbers, not {rest[1]}")
                self.types[made] = VectorType(self.part(made, rest[0]), [rest[1]])
            case 28:
                if (made, ARRAY_STRIDE) in self.decorations:
                    raise StepwellError("an array with a stride is none that the spirv dialect has")
                self.types[made] = spirv.ArrayType(self.count(rest[1]), self.part(made, rest[0]))
            case 29:
                stride = self.decorations[made, ARRAY_STRIDE][0]
                self.types[made] = spirv.RuntimeArrayType(self.part(made, rest[0]), IntAttr(stride))
            case 30:
                self.types[made] = self.struct(made, rest)
            case 32:
                storage = look_up(STORAGE_NAMES, rest[0], "storage class")
                self.types[made] = spirv.PointerType(self.part(made, rest[1]), StringAttr(storage))
            case _:
                raise StepwellError(f"the instruction {opcode} has no op in the spirv dialect")

    def part(self, made: int, id: int) -> Attribute:
        """A type that the type `made` is made of."""
        kind = self.kind(id)
        self.nested[made] = max(self.nested.get(made, 0), 1 + self.nested.get(id, 0))
        if self.nested[made] > MOST_NESTED_TYPES:
            raise StepwellError(f"types are nested in one another more than {MOST_NESTED_TYPES} deep")
        if id in self.structs:
            self.structs.add(made)
        return kind

    def struct(self, made: int, members: Sequence[int]) -> spirv.StructType:
        kinds = [self.part(made, id) for id in members]
        if made in self.structs or len(kinds) > MOST_MEMBERS:
            raise StepwellError(f"a struct of structs, or of more than {MOST_MEMBERS} members, cannot be read")
        if (made, BLOCK) not in self.decorations:
            raise StepwellError("a struct that is no Block is none that the spirv dialect has")
        self.structs.add(made)
        offsets = [IntAttr(self.offsets[made, n]) for n in range(len(kinds))]
        return spirv.StructType(ArrayAttr(kinds), ArrayAttr(offsets))

    # -- constants and variables -------------------------------------------------------------------------------------

    def constant(self, opcode: int, kind: int, made: int, *words: int) -> None:
        type = self.kind(kind)
        if not isinstance(type, IntegerType | Float16Type | Float32Type | Float64Type):
            raise StepwellError(f"a constant of type {type} is none that the spirv dialect has")
        width = type.bitwidth
        if len(words) != (0 if opcode != 43 else -(-width // 32)):
            raise StepwellError(f"a constant of type {type} has not {len(words)} words")
        number = sum(word << 32 * n for n, word in enumerate(words)) if opcode == 43 else int(opcode == 41)
        if isinstance(type, IntegerType):
            value: Attribute = IntegerAttr(number, type, truncate_bits=True)
        else:
            data = number.to_bytes(8, "little")[: width // 8]
            value = FloatAttr(struct.unpack(FLOAT_FORMATS[width], data)[0], type)
        self.constants[made] = spirv.ConstantOp(value, type)
        self.constants[made].constant.name_hint = self.names.get(made)

    def count(self, id: int) -> int:
        """The number that a constant of integers is."""
        value = look_up(self.constants, id, "constant").value
        if not isinstance(value, IntegerAttr):
            raise StepwellError(f"%{id} is not a whole number")
        return value.value.data

    def variable(self, kind: int, made: int, *initial: int) -> None:
        type = self.kind(kind)
        group, binding, built_in = (self.decorations.get((made, word)) for word in (SET, BINDING, BUILT_IN_DECORATION))
        if not isinstance(type, spirv.PointerType) or group not in (None, (0,)) or len(initial) > 1:
            raise StepwellError(f"the variable %{made} is no pointer, in another descriptor set than 0, or has a value")
        name = self.names.get(made, f"variable_{made}")
        self.variables[made] = spirv.GlobalVariableOp(
            name,
            type,
            binding=None if binding is None else binding[0],
            built_in=None if built_in is None else look_up(BUILT_IN_NAMES, built_in[0], "built-in variable"),
        )
        self.addresses[made] = spirv.AddressOfOp(name, type)

    # -- module ------------------------------------------------------------------------------------------------------

    def function_name(self, id: int) -> str:
        """As it is called from outside, where it is."""
        return self.entries[id][0] if id in self.entries else self.names.get(id, f"function_{id}")

    def how_entered(self) -> list[Operation]:
        made: list[Operation] = []
        for function, (name, used) in self.entries.items():
            names = [look_up(self.variables, id, "variable").sym_name.data for id in used]
            made.append(spirv.EntryPointOp(name, names))
            if function in self.sizes:
                made.append(spirv.ExecutionModeOp(name, self.sizes[function]))
        return made

    def requirements(self) -> spirv.VersionAttr:
        return spirv.VersionAttr(StringAttr("v1.3"), ArrayAttr(self.capabilities), ArrayAttr(self.extensions))
