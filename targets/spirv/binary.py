"""A spirv.module as words: SPIR-V's binary form (Khronos, SPIR-V 1.3, section 2.3).

    %c = spirv.IAdd %a, %b : i32    is    5 << 16 | 128, <id of i32>, <id of %c>, <id of %a>, <id of %b>

Types, constants and global variables stand before the function, in the order in which the text has them. A loop's
blocks follow the branch to its header, which says where the loop goes on and where it is left; what follows the loop
stands in its last block, and so for a selection. What the text calls things is kept as names for a debugger, and the
module's name as that of its source: `reader.py` reads back the text that was written.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from stepwell.diagnostics import StepwellError
from stepwell.dialects import spirv
from stepwell.dialects.spirv.groups import SEMANTICS, GroupOp
from xdsl.dialects.builtin import (
    Float16Type,
    Float32Type,
    Float64Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    VectorType,
    i1,
    i32,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

from .opcodes import (
    ARRAY_STRIDE,
    BINDING,
    BLOCK,
    BUILT_IN,
    BUILT_IN_DECORATION,
    CAPABILITIES,
    EXTENDED,
    EXTENDED_SET,
    MAGIC,
    OFFSET,
    OPCODES,
    REDUCE,
    REDUCTIONS,
    SCOPE,
    SET,
    SHUFFLES,
    STORAGE,
    VERSION,
    VOTES,
)

ENTERING = (spirv.EntryPointOp, spirv.ExecutionModeOp)
"""Of a function that may follow in the text."""
FLOAT_FORMATS = {16: "<e", 32: "<f", 64: "<d"}
"""Bits → how `struct` packs such a float."""


def instruction(opcode: int, *operands: int) -> list[int]:
    return [(1 + len(operands)) << 16 | opcode, *operands]


def literal(text: str) -> list[int]:
    """A string, ended by a zero and filled up to words."""
    data = text.encode() + b"\0"
    return list(struct.unpack(f"<{-(-len(data) // 4)}I", data + b"\0" * (-len(data) % 4)))


def binary(module: spirv.SPIRVModuleOp) -> bytes:
    words = Serializer().words(module)
    return struct.pack(f"<{len(words)}I", *words)


def words_of(number: int, width: int) -> tuple[int, ...]:
    """A number as words, the lowest first; one of less than 32 bits without a sign, filled up with zeros."""
    number &= (1 << width) - 1
    return tuple(number >> shift & 0xFFFFFFFF for shift in range(0, max(width, 32), 32))


@dataclass
class Serializer:
    """Sections are filled as the module is walked. An id is a number from 1 on."""

    bound: int = 1
    modes: list[int] = field(default_factory=list[int])
    names: list[int] = field(default_factory=list[int])
    decorations: list[int] = field(default_factory=list[int])
    declared: list[int] = field(default_factory=list[int])
    code: list[int] = field(default_factory=list[int])
    known: dict[tuple[object, ...], int] = field(default_factory=dict[tuple[object, ...], int])
    """Types, and the numbers that types and ops name by a constant."""
    values: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])
    labels: dict[Block, int] = field(default_factory=dict[Block, int])
    symbols: dict[str, int] = field(default_factory=dict[str, int])

    def fresh(self, name: str | None = None) -> int:
        """A new id, and what it is called."""
        made, self.bound = self.bound, self.bound + 1
        if name is not None:
            self.names += instruction(5, made, *literal(name))
        return made

    def words(self, module: spirv.SPIRVModuleOp) -> list[int]:
        self.extended, source = self.fresh(), self.fresh()
        entries: list[int] = []
        for op in sorted(module.body.block.ops, key=lambda op: isinstance(op, ENTERING)):
            match op:
                case spirv.GlobalVariableOp():
                    self.variable(op)
                case spirv.FuncOp():
                    self.function(op)
                case spirv.EntryPointOp():
                    used = [self.symbols[name.string_value()] for name in op.interface]
                    name = op.fn.string_value()
                    entries += instruction(15, 5, self.symbols[name], *literal(name), *used)
                case spirv.ExecutionModeOp():
                    size = [n.data for n in op.values]
                    self.modes += instruction(16, self.symbols[op.fn.string_value()], 17, *size)
                case _:
                    raise StepwellError(f"{op.name} has no place in a module of SPIR-V", op)
        head = self.requirements(module.vce)
        head += instruction(11, self.extended, *literal(EXTENDED_SET)) + instruction(14, 0, 1)
        origin = instruction(7, source, *literal(module.sym_name.data)) + instruction(3, 0, 0, source)
        sections = (head, entries, self.modes, origin, self.names, self.decorations, self.declared, self.code)
        return [MAGIC, VERSION, 0, self.bound, 0, *(word for section in sections for word in section)]

    def requirements(self, vce: spirv.VersionAttr) -> list[int]:
        made: list[int] = []
        for name in vce.capabilities:
            if name.data not in CAPABILITIES:
                raise StepwellError(f"the capability {name.data} has no number here")
            made += instruction(17, CAPABILITIES[name.data])
        for name in vce.extensions:
            made += instruction(10, *literal(name.data))
        return made

    # -- types and constants -----------------------------------------------------------------------------------------

    def declare(self, key: tuple[object, ...], opcode: int, *operands: int) -> int:
        """The id of a type, declared where it is first asked for."""
        if key not in self.known:
            self.known[key] = self.fresh()
            self.declared += instruction(opcode, self.known[key], *operands)
        return self.known[key]

    def type(self, kind: Attribute) -> int:
        if (kind,) in self.known:
            return self.known[kind,]
        match kind:
            case IntegerType():
                return self.declare((kind,), 20) if kind == i1 else self.declare((kind,), 21, kind.width.data, 0)
            case Float16Type() | Float32Type() | Float64Type():
                return self.declare((kind,), 22, kind.bitwidth)
            case VectorType():
                return self.declare((kind,), 23, self.type(kind.element_type), *kind.get_shape())
            case spirv.ArrayType():
                return self.declare((kind,), 28, self.type(kind.element), self.count(kind.count.data))
            case spirv.RuntimeArrayType():
                made = self.declare((kind,), 29, self.type(kind.element))
                self.decorations += instruction(71, made, ARRAY_STRIDE, kind.stride.data)
                return made
            case spirv.StructType():
                made = self.declare((kind,), 30, *(self.type(member) for member in kind.members))
                self.decorations += instruction(71, made, BLOCK)
                for n, offset in enumerate(kind.offsets):
                    self.decorations += instruction(72, made, n, OFFSET, offset.data)
                return made
            case spirv.PointerType():
                return self.declare((kind,), 32, STORAGE[kind.storage.data], self.type(kind.pointee))
            case _:
                raise StepwellError(f"{kind} has no form in SPIR-V")

    def count(self, number: int) -> int:
        """A constant that types and ops name; those of the text are others."""
        if ("count", number) not in self.known:
            kind = self.type(i32)
            self.known["count", number] = self.fresh()
            self.declared += instruction(43, kind, self.known["count", number], number)
        return self.known["count", number]

    def constant(self, op: spirv.ConstantOp) -> None:
        value, kind = op.value, self.type(op.constant.type)
        if isinstance(value, FloatAttr):
            width = value.type.bitwidth
            packed = struct.pack(FLOAT_FORMATS[width], value.value.data)
            opcode, words = 43, words_of(int.from_bytes(packed, "little"), width)
        else:
            assert isinstance(value, IntegerAttr) and isinstance(value.type, IntegerType)
            number, width = value.value.data, value.type.width.data
            opcode, words = (41 if number else 42, ()) if width == 1 else (43, words_of(number, width))
        self.values[op.constant] = self.fresh(op.constant.name_hint)
        self.declared += instruction(opcode, kind, self.values[op.constant], *words)

    # -- module ------------------------------------------------------------------------------------------------------

    def variable(self, op: spirv.GlobalVariableOp) -> None:
        kind = self.type(op.kind)
        made = self.symbols[op.sym_name.data] = self.fresh(op.sym_name.data)
        self.declared += instruction(59, kind, made, STORAGE[op.kind.storage.data])
        if op.binding is not None:
            self.decorations += instruction(71, made, SET, 0) + instruction(71, made, BINDING, op.binding.data)
        if op.built_in is not None:
            self.decorations += instruction(71, made, BUILT_IN_DECORATION, BUILT_IN[op.built_in.data])

    def function(self, op: spirv.FuncOp) -> None:
        nothing = self.declare(("void",), 19)
        kind = self.declare(("function",), 33, nothing)
        made = self.symbols[op.sym_name.data] = self.fresh(op.sym_name.data)
        self.code += instruction(54, nothing, made, 0, kind) + instruction(248, self.fresh())
        self.block(op.body.block)
        self.code += instruction(56)

    # -- ops ---------------------------------------------------------------------------------------------------------

    def label(self, block: Block) -> int:
        if block not in self.labels:
            self.labels[block] = self.fresh(block.name_hint)
        return self.labels[block]

    def block(self, block: Block) -> None:
        for op in block.ops:
            self.op(op)

    def region(self, blocks: Sequence[Block]) -> None:
        """The first block goes on with the one that is being written."""
        for n, block in enumerate(blocks):
            if n:
                self.code += instruction(248, self.label(block))
            self.block(block)

    def give(self, opcode: int, result: SSAValue, *operands: int) -> None:
        kind = self.type(result.type)
        self.values[result] = self.fresh(result.name_hint)
        self.code += instruction(opcode, kind, self.values[result], *operands)

    def op(self, op: Operation) -> None:
        match op:
            case spirv.ConstantOp():
                self.constant(op)
            case spirv.AddressOfOp():
                self.values[op.pointer] = self.symbols[op.variable.string_value()]
            case spirv.VariableOp():
                self.give(59, op.pointer, STORAGE["Function"])
            case spirv.LoadOp():
                self.give(61, op.value, self.values[op.ptr])
            case spirv.StoreOp():
                self.code += instruction(62, self.values[op.ptr], self.values[op.value])
            case spirv.AccessChainOp():
                self.give(65, op.part, *(self.values[value] for value in op.operands))
            case spirv.CompositeExtractOp():
                self.give(81, op.component, self.values[op.composite], op.index.value.data)
            case spirv.LoopOp() | spirv.SelectionOp():
                self.region(list(op.body.blocks))
            case spirv.BranchOp():
                self.merges(op)
                self.code += instruction(249, self.label(op.target))
            case spirv.BranchConditionalOp():
                self.merges(op)
                targets = self.label(op.true_target), self.label(op.false_target)
                self.code += instruction(250, self.values[op.condition], *targets)
            case spirv.MergeOp():
                pass  # what follows stands in this block
            case spirv.ReturnOp():
                self.code += instruction(253)
            case spirv.ControlBarrierOp():
                self.barrier(op)
            case _:
                self.arithmetic(op)

    def merges(self, op: spirv.BranchOp | spirv.BranchConditionalOp) -> None:
        """Before the branch of a block that is the head of a loop or a selection, the word for what it is."""
        home, around = op.parent_block(), op.parent_op()
        assert home is not None
        if isinstance(around, spirv.LoopOp) and home is around.body.blocks[1]:
            following, merge = around.body.blocks[-2], around.body.blocks[-1]
            self.code += instruction(246, self.label(merge), self.label(following), 0)
        elif isinstance(around, spirv.SelectionOp) and home is around.body.blocks[0]:
            self.code += instruction(247, self.label(around.body.blocks[-1]), 0)

    def barrier(self, op: spirv.ControlBarrierOp) -> None:
        semantics = sum(SEMANTICS[word] for word in op.semantics.data.split("|"))
        numbers = SCOPE[op.execution.data], SCOPE[op.memory.data], semantics
        self.code += instruction(224, *map(self.count, numbers))

    def arithmetic(self, op: Operation) -> None:
        name = op.name.removeprefix("spirv.")
        operands = [self.values[value] for value in op.operands]
        plain = name.removeprefix("GL.")
        if name in OPCODES:
            self.give(OPCODES[name], op.results[0], *operands)
        elif plain != name and plain in EXTENDED:
            self.give(12, op.results[0], self.extended, EXTENDED[plain], *operands)
        elif name in REDUCTIONS:
            self.give(REDUCTIONS[name], op.results[0], self.scope(op), REDUCE, *operands)
        elif name in SHUFFLES or name in VOTES:
            self.give((SHUFFLES | VOTES)[name], op.results[0], self.scope(op), *operands)
        else:
            raise StepwellError(f"{op.name} has no form in SPIR-V", op)

    def scope(self, op: Operation) -> int:
        assert isinstance(op, GroupOp)
        return self.count(SCOPE[op.scope.data])
