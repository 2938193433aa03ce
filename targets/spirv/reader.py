"""Words of SPIR-V as a spirv.module: what `binary.py` writes, read back; and what others write of the same ops.

    5 << 16 | 128, <id of i32>, <id of %c>, <id of %a>, <id of %b>    is    %c = spirv.IAdd %a, %b : i32

Constants and addresses of global variables stand at the head of the function, those that are used, in the order of the
words: so `gpu-to-spirv` writes them, and its text comes back as it was. The blocks of a loop or a selection are those
up to its merge block, which SPIR-V has in this order (section 2.16, "Structured Control Flow").
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import spirv
from stepwell.dialects.spirv.groups import SEMANTICS
from stepwell.files import read_file
from stepwell.levels import set_level
from stepwell.verification import verify_module
from xdsl.dialects.builtin import ModuleOp, StringAttr, VectorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.utils.exceptions import VerifyException

from .declarations import Declarations, inverse
from .opcodes import EXTENDED, OPCODES, REDUCE, REDUCTIONS, SCOPE, SHUFFLES, VOTES
from .words import MOST_BLOCKS, MOST_BYTES, MOST_NESTED_BLOCKS, Instruction, instructions, look_up

NAMES, GROUPS = inverse(OPCODES), inverse(REDUCTIONS | SHUFFLES | VOTES)
EXTENDED_NAMES, SCOPE_NAMES = inverse(EXTENDED), inverse(SCOPE)
IGNORED = (8, 317, 246)
"""Lines of source text; the head of a loop, which was looked for before."""


def read_binary(code: bytes, name: str = "module", where: str = "") -> spirv.SPIRVModuleOp:
    """The module that the words are. `name`: of one whose words do not say. Raises `StepwellError` for what is no
    SPIR-V, and for what of it the dialect has not."""
    reader: Reader | None = None
    try:
        reader = Reader(instructions(code), Declarations(name))
        module = ModuleOp([reader.module()])
        verify_module(module)
    except StepwellError as error:
        error.where = where or name
        raise
    except (IndexError, KeyError, TypeError, ValueError, VerifyException, struct.error) as error:
        what = "" if reader is None else f" from the instruction {reader.code[reader.at - 1].opcode} on"
        raise StepwellError(
            f"these words are no module of SPIR-V that can be read{what}: {error}", where or name
        ) from error
    (op,) = module.body.block.ops
    assert isinstance(op, spirv.SPIRVModuleOp)
    op.detach()
    return op


def import_binary(ctx: Context, path: Path) -> ModuleOp:
    """A file of words as a module at level device."""
    module = ModuleOp([read_binary(read_file(path, MOST_BYTES, "a kernel of SPIR-V"), path.stem, str(path))])
    set_level(module, "device")
    return module


@dataclass
class Reader:
    """Walks the instructions once."""

    code: list[Instruction]
    known: Declarations
    at: int = 0
    values: dict[int, SSAValue] = field(default_factory=dict[int, SSAValue])
    blocks: dict[int, Block] = field(default_factory=dict[int, Block])
    functions: list[spirv.FuncOp] = field(default_factory=list[spirv.FuncOp])
    leads: dict[int, bool] = field(default_factory=dict[int, bool])
    """What `only_leads_to` found at a place of the code."""
    nested: int = 0

    def module(self) -> spirv.SPIRVModuleOp:
        self.loops = self.find_loops()
        self.ends = {label for found in self.code if found.opcode in (246, 247) for label in found.operands[:-1]}
        while self.at < len(self.code):
            opcode, operands = self.next()
            if opcode == 54:
                self.function(operands[1])
            else:
                self.known.read(opcode, operands)
        if not self.functions:
            raise StepwellError("these words have no function", fix="check that the file arrived whole")
        listed: list[Operation] = [*self.known.variables.values(), *self.functions, *self.known.how_entered()]
        return spirv.SPIRVModuleOp(self.known.name, Region(Block(listed)), self.known.requirements())

    def next(self) -> Instruction:
        if self.at == len(self.code):
            raise StepwellError("the words end in the middle of a function")
        self.at += 1
        return self.code[self.at - 1]

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

    # -- functions ---------------------------------------------------------------------------------------------------

    def function(self, made: int) -> None:
        if self.functions:
            raise StepwellError("a module of more than one function cannot be read")
        body = Block()
        self.next()  # its first label
        self.fill(body)
        if self.next().opcode != 56:
            raise StepwellError("a block that is in no loop and no selection has no op in the spirv dialect")
        constants, addresses = self.known.constants, self.known.addresses
        head: list[Operation] = [
            *(constants[id] for id in constants if id in self.values),
            *(addresses[id] for id in addresses if id in self.values),
        ]
        first = body.first_op
        assert first is not None  # its terminator
        body.insert_ops_before(head, first)
        self.functions.append(spirv.FuncOp(self.known.function_name(made), Region(body)))

    def value(self, id: int) -> SSAValue:
        if id not in self.values:
            if (constant := self.known.constants.get(id)) is not None:
                self.values[id] = constant.constant
            else:
                self.values[id] = look_up(self.known.addresses, id, "value").pointer
        return self.values[id]

    def pointer(self, id: int) -> SSAValue:
        value = self.value(id)
        if not isinstance(value.type, spirv.PointerType):
            raise StepwellError(f"%{id} is no pointer")
        return value

    def block(self, label: int) -> Block:
        if label not in self.blocks:
            self.blocks[label] = Block()
            self.blocks[label].name_hint = self.known.names.get(label)
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
                case 249 if operands[0] in self.loops and self.has_label(self.at, operands[0]):
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

    def has_label(self, at: int, label: int) -> bool:
        """Whether a block of this label begins there."""
        return self.code[at : at + 1] == [Instruction(248, (label,))]

    def only_leads_to(self, label: int) -> bool:
        """Whether the block that follows has this label and nothing but the head of a selection or a loop, or a branch
        to such a block: upstream puts these around what the dialect has in one block. Where a loop or a selection ends
        is none of these."""
        at, found, passed = self.at, False, list[int]()
        while self.has_label(at, label) and label not in self.ends:
            if at in self.leads:
                found = self.leads[at]
                break
            passed.append(at)
            following = self.code[at + 1] if at + 1 < len(self.code) else Instruction(0, ())
            if following.opcode != 249:
                found = following.opcode == 247
                break
            (label,) = following.operands
            at += 2
            if label in self.loops:
                found = self.has_label(at, label)
                break
        self.leads.update(dict.fromkeys(passed, found))
        return found

    def decision(self, operands: Sequence[int]) -> spirv.BranchConditionalOp:
        return spirv.BranchConditionalOp(self.value(operands[0]), self.block(operands[1]), self.block(operands[2]))

    def inside(self, merge: int) -> list[Block]:
        """The blocks up to the merge block, whose label is read."""
        self.nested += 1
        if self.nested > MOST_NESTED_BLOCKS:
            raise StepwellError(f"loops and selections are nested more than {MOST_NESTED_BLOCKS} deep")
        found: list[Block] = []
        while (label := self.next().operands[0]) != merge:
            found.append(self.unwritten(label))
            if len(found) > MOST_BLOCKS:
                raise StepwellError(f"a loop or a selection has more than {MOST_BLOCKS} blocks")
            self.fill(found[-1])
        end = self.unwritten(merge)
        end.add_op(spirv.MergeOp())
        self.nested -= 1
        return [*found, end]

    def unwritten(self, label: int) -> Block:
        block = self.block(label)
        if block.first_op is not None:
            raise StepwellError(f"two blocks have the label %{label}")
        return block

    def op(self, opcode: int, operands: Sequence[int]) -> Operation:
        if opcode == 62:
            pointer, value = operands
            return spirv.StoreOp(self.pointer(pointer), self.value(value))
        if opcode == 224:
            return self.barrier(*map(self.known.count, operands))
        kind, made, *rest = operands
        op = self.giving(opcode, self.known.kind(kind), rest)
        if made in self.values:
            raise StepwellError(f"%{made} is made twice")
        self.values[made] = result = op.results[0]
        result.name_hint = self.known.names.get(made)
        if result.type != self.known.kind(kind):
            raise StepwellError(f"{op.name} gives {result.type}, not {self.known.kind(kind)}")
        return op

    def barrier(self, execution: int, memory: int, semantics: int) -> Operation:
        words = [name for name, bit in SEMANTICS.items() if semantics & bit]
        if semantics != sum(SEMANTICS[word] for word in words):
            raise StepwellError(f"the semantics {semantics} of a barrier are none that the spirv dialect has")
        who, of = (look_up(SCOPE_NAMES, number, "scope") for number in (execution, memory))
        return spirv.ControlBarrierOp(who, of, "|".join(words) or "None")

    def giving(self, opcode: int, kind: Attribute, rest: list[int]) -> Operation:
        """An op that gives a value of type `kind`."""
        match opcode:
            case 59 if isinstance(kind, spirv.PointerType) and len(rest) == 1:
                return spirv.VariableOp(kind.pointee)
            case 61 if len(rest) == 1:
                return spirv.LoadOp(self.pointer(rest[0]))
            case 65:
                base, *indices = map(self.value, rest)
                return spirv.AccessChainOp(base, indices, kind)
            case 81:
                vector, number = self.value(rest[0]), rest[1]
                if not isinstance(vector.type, VectorType) or number >= vector.type.get_shape()[0]:
                    raise StepwellError(f"%{rest[0]} is no vector with a component {number}")
                return spirv.CompositeExtractOp(vector, number)
            case 169:
                return spirv.SelectOp(*map(self.value, rest))
            case 12:
                name = look_up(EXTENDED_NAMES, rest[1], "function of GLSL.std.450")
                return spirv.make(f"GL.{name}", *map(self.value, rest[2:]))
            case _ if opcode in GROUPS:
                return self.of_group(GROUPS[opcode], rest)
            case _ if opcode in NAMES:
                values = [self.value(id) for id in rest]
                name = NAMES[opcode]
                return spirv.make(name, *values, *([kind] if spirv.is_conversion(name) else []))
            case _:
                raise StepwellError(f"the instruction {opcode} has no op in the spirv dialect, or not with these words")

    def of_group(self, name: str, rest: list[int]) -> Operation:
        scope, *values = rest
        if name in REDUCTIONS:
            how, *values = values
            if how != REDUCE:
                raise StepwellError(f"spirv.{name} can be read where it reduces a whole group")
        op = spirv.make(name, *map(self.value, values))
        op.properties["scope"] = StringAttr(look_up(SCOPE_NAMES, self.known.count(scope), "scope"))
        return op
