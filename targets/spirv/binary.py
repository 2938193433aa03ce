"""A spirv.module as words: SPIR-V's binary form (Khronos, SPIR-V 1.3, section 2.3).

    %c = spirv.IAdd %a, %b : i32    is    5 << 16 | 128, <id of i32>, <id of %c>, <id of %a>, <id of %b>

Types and constants stand once each, before the function. A loop's blocks follow the branch to its header, which says
where the loop goes on and where it is left; what follows the loop stands in its last block, and so for a selection.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from stepwell.diagnostics import StepwellError
from stepwell.dialects import spirv
from xdsl.dialects.builtin import Float32Type, FloatAttr, IntegerAttr, IntegerType, Signedness, VectorType, i1
from xdsl.ir import Attribute, Block, Operation, SSAValue

from .opcodes import BUILT_IN, EXTENDED, OPCODES, STORAGE

si32 = IntegerType(32, Signedness.SIGNED)

MAGIC = 0x07230203
VERSION = 0x00010300
BLOCK, ARRAY_STRIDE, BUILT_IN_DECORATION, BINDING, SET, OFFSET = 2, 6, 11, 33, 34, 35


def instruction(opcode: int, *operands: int) -> list[int]:
    return [(1 + len(operands)) << 16 | opcode, *operands]


def literal(text: str) -> list[int]:
    """A string, ended by a zero and filled up to words."""
    data = text.encode() + b"\0"
    return list(struct.unpack(f"<{-(-len(data) // 4)}I", data + b"\0" * (-len(data) % 4)))


def binary(module: spirv.SPIRVModuleOp) -> bytes:
    words = Serializer().words(module)
    return struct.pack(f"<{len(words)}I", *words)


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
    """Types and constants."""
    values: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])
    labels: dict[Block, int] = field(default_factory=dict[Block, int])
    symbols: dict[str, int] = field(default_factory=dict[str, int])

    def fresh(self) -> int:
        self.bound += 1
        return self.bound - 1

    def words(self, module: spirv.SPIRVModuleOp) -> list[int]:
        self.extended = self.fresh()
        entries: list[int] = []
        for op in module.body.block.ops:
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
        head = instruction(17, 1) + instruction(11, self.extended, *literal("GLSL.std.450")) + instruction(14, 0, 1)
        sections = (head, entries, self.modes, self.names, self.decorations, self.declared, self.code)
        return [MAGIC, VERSION, 0, self.bound, 0, *(word for section in sections for word in section)]

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
                return self.declare((kind,), 20) if kind == i1 else self.declare((kind,), 21, 32, int(kind == si32))
            case Float32Type():
                return self.declare((kind,), 22, 32)
            case VectorType():
                return self.declare((kind,), 23, self.type(kind.element_type), *kind.get_shape())
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

    def constant(self, op: spirv.ConstantOp) -> int:
        value, kind = op.value, self.type(op.constant.type)
        if isinstance(value, FloatAttr):
            opcode, words = 43, struct.unpack("<I", struct.pack("<f", value.value.data))
        else:
            assert isinstance(value, IntegerAttr)
            number = value.value.data
            opcode, words = (43, (number & 0xFFFFFFFF,)) if value.type != i1 else (41 if number else 42, ())
        key = (kind, opcode, *words)
        if key not in self.known:
            self.known[key] = self.fresh()
            self.declared += instruction(opcode, kind, self.known[key], *words)
        return self.known[key]

    # -- module ------------------------------------------------------------------------------------------------------

    def variable(self, op: spirv.GlobalVariableOp) -> None:
        kind = self.type(op.kind)
        made = self.symbols[op.sym_name.data] = self.fresh()
        self.names += instruction(5, made, *literal(op.sym_name.data))
        self.declared += instruction(59, kind, made, STORAGE[op.kind.storage.data])
        if op.binding is not None:
            self.decorations += instruction(71, made, SET, 0) + instruction(71, made, BINDING, op.binding.data)
        if op.built_in is not None:
            self.decorations += instruction(71, made, BUILT_IN_DECORATION, BUILT_IN[op.built_in.data])

    def function(self, op: spirv.FuncOp) -> None:
        nothing = self.declare(("void",), 19)
        kind = self.declare(("function",), 33, nothing)
        made = self.symbols[op.sym_name.data] = self.fresh()
        self.names += instruction(5, made, *literal(op.sym_name.data))
        self.code += instruction(54, nothing, made, 0, kind) + instruction(248, self.fresh())
        self.block(op.body.block)
        self.code += instruction(56)

    # -- ops ---------------------------------------------------------------------------------------------------------

    def label(self, block: Block) -> int:
        if block not in self.labels:
            self.labels[block] = self.fresh()
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
        self.values[result] = self.fresh()
        self.code += instruction(opcode, kind, self.values[result], *operands)

    def op(self, op: Operation) -> None:
        match op:
            case spirv.ConstantOp():
                self.values[op.constant] = self.constant(op)
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
                self.code += instruction(249, self.label(op.target))
            case spirv.BranchConditionalOp():
                self.decide(op)
            case spirv.MergeOp():
                pass  # what follows stands in this block
            case spirv.ReturnOp():
                self.code += instruction(253)
            case _:
                self.arithmetic(op)

    def decide(self, op: spirv.BranchConditionalOp) -> None:
        """A conditional branch, behind the word for what it is the head of."""
        home = op.parent_block()
        around = op.parent_op()
        assert home is not None
        if isinstance(around, spirv.LoopOp) and home is around.body.blocks[1]:
            following, merge = around.body.blocks[-2], around.body.blocks[-1]
            self.code += instruction(246, self.label(merge), self.label(following), 0)
        elif isinstance(around, spirv.SelectionOp) and home is around.body.blocks[0]:
            self.code += instruction(247, self.label(around.body.blocks[-1]), 0)
        else:
            raise StepwellError("a conditional branch that starts neither a loop nor a selection", op)
        targets = self.label(op.true_target), self.label(op.false_target)
        self.code += instruction(250, self.values[op.condition], *targets)

    def arithmetic(self, op: Operation) -> None:
        name = op.name.removeprefix("spirv.")
        operands = [self.values[value] for value in op.operands]
        if name in OPCODES:
            self.give(OPCODES[name], op.results[0], *operands)
        elif name.removeprefix("GL.") in EXTENDED:
            self.give(12, op.results[0], self.extended, EXTENDED[name.removeprefix("GL.")], *operands)
        else:
            raise StepwellError(f"{op.name} has no form in SPIR-V", op)
