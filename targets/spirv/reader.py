"""Words of SPIR-V as a spirv.module: what `binary.py` writes, read back; and what others write of the same ops.

    5 << 16 | 128, <id of i32>, <id of %c>, <id of %a>, <id of %b>    is    %c = spirv.IAdd %a, %b : i32

Constants and addresses of global variables stand at the head of the function, those that are used, in the order of the
words: so `gpu-to-spirv` writes them, and its text comes back as it was. The blocks of a loop or a selection are those
up to its merge block, which SPIR-V has in this order (section 2.16, "Structured Control Flow").
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import spirv
from stepwell.dialects.spirv.groups import SEMANTICS
from stepwell.levels import set_level
from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    FloatAttr,
    IntAttr,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    StringAttr,
    VectorType,
    f16,
    f32,
    f64,
    i1,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from .binary import FLOAT_FORMATS
from .opcodes import (
    ARRAY_STRIDE,
    BINDING,
    BUILT_IN,
    BUILT_IN_DECORATION,
    CAPABILITIES,
    EXTENDED,
    EXTENDED_SET,
    MAGIC,
    OFFSET,
    OPCODES,
    REDUCTIONS,
    SCOPE,
    SET,
    SHUFFLES,
    STORAGE,
    VOTES,
)


def inverse(table: dict[str, int]) -> dict[int, str]:
    return {number: name for name, number in table.items()}


NAMES = {number: name for name, number in OPCODES.items()}
GROUPS = inverse(REDUCTIONS) | inverse(SHUFFLES) | inverse(VOTES)
CAPABILITY_NAMES, BUILT_IN_NAMES, STORAGE_NAMES = inverse(CAPABILITIES), inverse(BUILT_IN), inverse(STORAGE)
EXTENDED_NAMES, SCOPE_NAMES = inverse(EXTENDED), inverse(SCOPE)
FLOATS: dict[int, AnyFloat] = {16: f16, 32: f32, 64: f64}

HEADER_WORDS = 5
IGNORED = (0, 4, 6, 8, 14, 246, 317, 330)
"""What says nothing that the dialect has: debug information, the memory model."""


@dataclass(frozen=True)
class Instruction:
    opcode: int
    operands: tuple[int, ...]


def instructions(code: bytes, where: str) -> list[Instruction]:
    """Raises `StepwellError` for what is no SPIR-V."""
    if len(code) < 4 * HEADER_WORDS or len(code) % 4 or struct.unpack_from("<I", code)[0] != MAGIC:
        raise StepwellError("this is no SPIR-V: words of 32 bits, the first 0x07230203", where)
    words = struct.unpack(f"<{len(code) // 4}I", code)
    found: list[Instruction] = []
    at = HEADER_WORDS
    while at < len(words):
        count = words[at] >> 16
        if count == 0 or at + count > len(words):
            raise StepwellError(f"the instruction at word {at} is cut off", where)
        found.append(Instruction(words[at] & 0xFFFF, words[at + 1 : at + count]))
        at += count
    return found


def text_of(words: Sequence[int]) -> tuple[str, int]:
    """A string, and how many words it takes."""
    data = struct.pack(f"<{len(words)}I", *words)
    end = data.index(b"\0")
    return data[:end].decode(), end // 4 + 1


def read_binary(code: bytes, name: str = "module", where: str = "") -> spirv.SPIRVModuleOp:
    """The module that the words are. `name`: of one whose words do not say. Raises `StepwellError` for what is no
    SPIR-V, and for what of it the dialect has not."""
    try:
        return Reader(instructions(code, where or name), name, where or name).module()
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise StepwellError(
            f"these words are no module of SPIR-V that can be read: {error!r}", where or name
        ) from error


def import_binary(ctx: Context, path: Path) -> ModuleOp:
    """A file of words as a module at level device."""
    module = ModuleOp([read_binary(path.read_bytes(), path.stem, str(path))])
    set_level(module, "device")
    return module


@dataclass
class Reader:
    """Walks the instructions once. An id is of a type, a constant, a global variable, a value or a block."""

    code: list[Instruction]
    name: str
    where: str
    at: int = 0
    names: dict[int, str] = field(default_factory=dict[int, str])
    strings: dict[int, str] = field(default_factory=dict[int, str])
    decorations: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict[tuple[int, int], tuple[int, ...]])
    offsets: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    types: dict[int, Attribute] = field(default_factory=dict[int, Attribute])
    constants: dict[int, spirv.ConstantOp] = field(default_factory=dict[int, spirv.ConstantOp])
    variables: dict[int, spirv.GlobalVariableOp] = field(default_factory=dict[int, spirv.GlobalVariableOp])
    addresses: dict[int, spirv.AddressOfOp] = field(default_factory=dict[int, spirv.AddressOfOp])
    values: dict[int, SSAValue] = field(default_factory=dict[int, SSAValue])
    blocks: dict[int, Block] = field(default_factory=dict[int, Block])
    functions: list[spirv.FuncOp] = field(default_factory=list[spirv.FuncOp])

    def module(self) -> spirv.SPIRVModuleOp:
        self.loops = self.find_loops()
        self.ends = {label for found in self.code if found.opcode in (246, 247) for label in found.operands[:-1]}
        capabilities: list[StringAttr] = []
        extensions: list[StringAttr] = []
        tail: list[Callable[[], Operation]] = []
        while self.at < len(self.code):
            opcode, operands = self.next()
            match opcode:
                case 17:
                    capabilities.append(StringAttr(CAPABILITY_NAMES[operands[0]]))
                case 10:
                    extensions.append(StringAttr(text_of(operands)[0]))
                case 11:
                    if text_of(operands[1:])[0] != EXTENDED_SET:
                        raise self.unknown(f"the set of instructions {text_of(operands[1:])[0]}")
                case 15 | 16:
                    tail.append(lambda opcode=opcode, operands=operands: self.entry(opcode, operands))
                case 7:
                    self.strings[operands[0]] = text_of(operands[1:])[0]
                case 3:
                    self.name = next((self.strings[file] for file in operands[2:3]), self.name)
                case 5:
                    self.names[operands[0]] = text_of(operands[1:])[0]
                case 71:
                    self.decorations[operands[0], operands[1]] = operands[2:]
                case 72 if operands[2] == OFFSET:
                    self.offsets[operands[0], operands[1]] = operands[3]
                case 59:
                    self.variable(*operands)
                case 41 | 42 | 43:
                    self.constant(opcode, *operands)
                case 54:
                    self.function(operands[1])
                case _ if opcode not in IGNORED:
                    self.type(opcode, operands)
        listed: list[Operation] = [*self.variables.values(), *self.functions, *(made() for made in tail)]
        vce = spirv.VersionAttr(StringAttr("v1.3"), ArrayAttr(capabilities), ArrayAttr(extensions))
        return spirv.SPIRVModuleOp(self.name, Region(Block(listed)), vce)

    def next(self) -> tuple[int, tuple[int, ...]]:
        found = self.code[self.at]
        self.at += 1
        return found.opcode, found.operands

    def unknown(self, what: str) -> StepwellError:
        return StepwellError(f"{what} has no op in the spirv dialect", self.where)

    def find_loops(self) -> dict[int, int]:
        """The header of each loop → its merge block."""
        found: dict[int, int] = {}
        label = 0
        for instruction in self.code:
            if instruction.opcode == 248:
                (label,) = instruction.operands
            elif instruction.opcode == 246:
                found[label] = instruction.operands[0]
        return found

    # -- types, constants, variables ---------------------------------------------------------------------------------

    def type(self, opcode: int, operands: Sequence[int]) -> None:
        made, *rest = operands
        match opcode:
            case 19 | 33:
                return
            case 20:
                self.types[made] = i1
            case 21:
                self.types[made] = IntegerType(rest[0])
            case 22:
                self.types[made] = FLOATS[rest[0]]
            case 23:
                self.types[made] = VectorType(self.types[rest[0]], [rest[1]])
            case 28:
                self.types[made] = spirv.ArrayType(self.count(rest[1]), self.types[rest[0]])
            case 29:
                stride = self.decorations[made, ARRAY_STRIDE][0]
                self.types[made] = spirv.RuntimeArrayType(self.types[rest[0]], IntAttr(stride))
            case 30:
                offsets = [IntAttr(self.offsets[made, n]) for n in range(len(rest))]
                self.types[made] = spirv.StructType(ArrayAttr(self.types[kind] for kind in rest), ArrayAttr(offsets))
            case 32:
                self.types[made] = spirv.PointerType(self.types[rest[1]], StringAttr(STORAGE_NAMES[rest[0]]))
            case _:
                raise self.unknown(f"the instruction {opcode}")

    def constant(self, opcode: int, kind: int, made: int, *words: int) -> None:
        type = self.types[kind]
        number = sum(word << 32 * n for n, word in enumerate(words)) if opcode == 43 else int(opcode == 41)
        if isinstance(type, IntegerType):
            value: Attribute = IntegerAttr(number, type, truncate_bits=True)
        else:
            width = next(bits for bits, float_type in FLOATS.items() if float_type == type)
            data = number.to_bytes(8, "little")[: width // 8]
            value = FloatAttr(struct.unpack(FLOAT_FORMATS[width], data)[0], FLOATS[width])
        self.constants[made] = spirv.ConstantOp(value, type)
        self.constants[made].constant.name_hint = self.names.get(made)

    def count(self, id: int) -> int:
        value = self.constants[id].value
        assert isinstance(value, IntegerAttr)
        return value.value.data

    def variable(self, kind: int, made: int, *rest: int) -> None:
        type = self.types[kind]
        assert isinstance(type, spirv.PointerType)
        group, binding, built_in = (self.decorations.get((made, word)) for word in (SET, BINDING, BUILT_IN_DECORATION))
        if group not in (None, (0,)):
            raise self.unknown(f"descriptor set {group}")
        name = self.names.get(made, f"variable_{made}")
        self.variables[made] = spirv.GlobalVariableOp(
            name,
            type,
            binding=None if binding is None else binding[0],
            built_in=None if built_in is None else BUILT_IN_NAMES[built_in[0]],
        )
        self.addresses[made] = spirv.AddressOfOp(name, type)

    def entry(self, opcode: int, operands: Sequence[int]) -> Operation:
        if opcode == 15:
            name, length = text_of(operands[2:])
            used = [self.variables[id].sym_name.data for id in operands[2 + length :]]
            return spirv.EntryPointOp(name, used)
        if operands[1] != 17:
            raise self.unknown(f"the execution mode {operands[1]}")
        return spirv.ExecutionModeOp(self.names[operands[0]], operands[2:])

    # -- functions ---------------------------------------------------------------------------------------------------

    def function(self, made: int) -> None:
        self.values.clear()
        body = Block()
        self.next()  # its first label
        self.fill(body)
        if self.next()[0] != 56:
            raise self.unknown("a block that is in no loop and no selection")
        head: list[Operation] = [
            *(self.constants[id] for id in self.constants if id in self.values),
            *(self.addresses[id] for id in self.addresses if id in self.values),
        ]
        first = body.first_op
        assert first is not None
        body.insert_ops_before(head, first)
        self.functions.append(spirv.FuncOp(self.names.get(made, f"function_{made}"), Region(body)))

    def value(self, id: int) -> SSAValue:
        if id not in self.values:
            if id in self.constants:
                self.values[id] = self.constants[id].constant
            else:
                self.values[id] = self.addresses[id].pointer
        return self.values[id]

    def block(self, label: int) -> Block:
        if label not in self.blocks:
            self.blocks[label] = Block()
            self.blocks[label].name_hint = self.names.get(label)
        return self.blocks[label]

    def fill(self, block: Block) -> None:
        """Read ops into `block`, up to the branch that leaves it. What follows a loop or a selection in it stands in
        the words behind their merge block's label."""
        merge: int | None = None
        heads_loop = False
        while True:
            opcode, operands = self.next()
            match opcode:
                case 246:
                    heads_loop = True
                case 247:
                    merge = operands[0]
                case 249 if operands[0] in self.loops and self.code[self.at] == Instruction(248, (operands[0],)):
                    header, end = operands[0], self.loops[operands[0]]
                    entry = Block([spirv.BranchOp(self.block(header))])
                    block.add_op(spirv.LoopOp([entry, *self.inside(end)]))
                case 250 if merge is not None:
                    entry = Block([self.decision(operands)])
                    block.add_op(spirv.SelectionOp([entry, *self.inside(merge)]))
                    merge = None
                case 249 if not heads_loop and self.only_leads_to(operands[0]):
                    self.next()
                case 249:
                    block.add_op(spirv.BranchOp(self.block(operands[0])))
                    return
                case 250:
                    block.add_op(self.decision(operands))
                    return
                case 253:
                    block.add_op(spirv.ReturnOp())
                    return
                case _ if opcode not in IGNORED:
                    block.add_op(self.op(opcode, operands))

    def only_leads_to(self, label: int) -> bool:
        """Whether the block that follows has this label and nothing but the head of a selection or a loop, or a branch
        to such a block: upstream puts these around what the dialect has in one block. Where a loop or a selection ends
        is none of these."""
        at = self.at
        while self.code[at] == Instruction(248, (label,)) and label not in self.ends:
            following = self.code[at + 1]
            if following.opcode != 249:
                return following.opcode == 247
            (label,) = following.operands
            at += 2
            if label in self.loops:
                return self.code[at] == Instruction(248, (label,))
        return False

    def decision(self, operands: Sequence[int]) -> spirv.BranchConditionalOp:
        return spirv.BranchConditionalOp(self.value(operands[0]), self.block(operands[1]), self.block(operands[2]))

    def inside(self, merge: int) -> list[Block]:
        """The blocks up to the merge block, whose label is read."""
        found: list[Block] = []
        while (label := self.next()[1][0]) != merge:
            found.append(self.block(label))
            self.fill(found[-1])
        end = self.block(merge)
        end.add_op(spirv.MergeOp())
        return [*found, end]

    def op(self, opcode: int, operands: Sequence[int]) -> Operation:
        if opcode == 62:
            return spirv.StoreOp(self.value(operands[0]), self.value(operands[1]))
        if opcode == 224:
            return self.barrier(*map(self.count, operands))
        kind, made, *rest = operands
        op = self.giving(opcode, self.types[kind], rest)
        self.values[made] = op.results[0]
        op.results[0].name_hint = self.names.get(made)
        if op.results[0].type != self.types[kind]:
            raise StepwellError(f"{op.name} gives {op.results[0].type}, not {self.types[kind]}", self.where)
        return op

    def barrier(self, execution: int, memory: int, semantics: int) -> Operation:
        words = [name for name, bit in SEMANTICS.items() if semantics & bit]
        return spirv.ControlBarrierOp(SCOPE_NAMES[execution], SCOPE_NAMES[memory], "|".join(words) or "None")

    def giving(self, opcode: int, kind: Attribute, rest: list[int]) -> Operation:
        """An op that gives a value of type `kind`."""
        match opcode:
            case 59:
                assert isinstance(kind, spirv.PointerType)
                return spirv.VariableOp(kind.pointee)
            case 61:
                return spirv.LoadOp(self.value(rest[0]))
            case 65:
                base, *indices = map(self.value, rest)
                return spirv.AccessChainOp(base, indices, kind)
            case 81:
                return spirv.CompositeExtractOp(self.value(rest[0]), rest[1])
            case 169:
                return spirv.SelectOp(*map(self.value, rest))
            case 12:
                return spirv.make(f"GL.{EXTENDED_NAMES[rest[1]]}", *map(self.value, rest[2:]))
            case _ if opcode in GROUPS:
                name, scope, values = GROUPS[opcode], SCOPE_NAMES[self.count(rest[0])], rest[1:]
                if name in REDUCTIONS:
                    values = rest[2:]
                op = spirv.make(name, *map(self.value, values))
                op.properties["scope"] = StringAttr(scope)
                return op
            case _ if opcode in NAMES:
                values = [self.value(id) for id in rest]
                name = NAMES[opcode]
                return spirv.make(name, *values, *([kind] if spirv.is_conversion(name) else []))
            case _:
                raise self.unknown(f"the instruction {opcode}")
