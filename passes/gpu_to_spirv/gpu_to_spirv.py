"""Write each kernel of a device as a module of SPIR-V.

    gpu.func @scale(%x: memref<40xf32>, %start: index) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %id = gpu.global_id x
      %v = memref.load %x[%id] : memref<40xf32>
  becomes, behind the gpu.module, which the launches of @main still name,
    spirv.module @scale Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
      spirv.GlobalVariable @x bind(0, 0) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<f32, stride=4> [0])>, StorageBuffer>
      spirv.GlobalVariable @numbers bind(0, 1) : !spirv.ptr<!spirv.struct<(i32 [0])>, Uniform>
      spirv.GlobalVariable @global_id built_in("GlobalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
      spirv.func @main() "None" { ... }

Buffers are bound in the order of the kernel's arguments; numbers stand in one block behind them. An index is an i32.
What a loop carries and what an scf.if gives are variables of the thread, set in its branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from struct import pack, unpack
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import gpu, spirv
from stepwell.dialects.gpu.ids import IdOp
from stepwell.pass_manager import ModulePass
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import (
    ArrayAttr,
    FloatAttr,
    IndexType,
    IntAttr,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    StringAttr,
    VectorType,
    f32,
    i1,
    i32,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from .arithmetic import RULES, Op, Writer

BUILT_IN = {
    "gpu.global_id": "GlobalInvocationId",
    "gpu.thread_id": "LocalInvocationId",
    "gpu.block_id": "WorkgroupId",
    "gpu.grid_dim": "NumWorkgroups",
}
VCE = spirv.VersionAttr(StringAttr("v1.3"), ArrayAttr([StringAttr("Shader")]), ArrayAttr([]))
ENTRY = "main"
WORD = 4


@dataclass(frozen=True)
class GPUToSPIRV(ModulePass):
    name = "gpu-to-spirv"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        for device in list(module.body.block.ops):
            if isinstance(device, gpu.GPUModuleOp):
                for function in reversed(list(device.body.block.ops)):
                    if isinstance(function, gpu.FuncOp):
                        module.body.block.insert_op_after(Kernel(function).module(), device)


def type_of(kind: Attribute, where: Operation) -> Attribute:
    """The type of SPIR-V for a number."""
    if isinstance(kind, IndexType):
        return i32
    if kind in (f32, i1, i32):
        return kind
    raise StepwellError(f"SPIR-V for a shader has no type for {kind}", where, fix="use float32 and int32 in the model")


@dataclass
class Kernel(Writer):
    """One kernel, as it is written."""

    function: gpu.FuncOp
    values: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    inputs: dict[str, spirv.PointerType] = field(default_factory=dict[str, spirv.PointerType])

    def __post_init__(self) -> None:
        self.entry = self.block = Block()
        self.location = self.function.location
        self.variables: list[spirv.VariableOp] = []
        self.globals: list[spirv.GlobalVariableOp] = []

    def add(self, op: Op) -> Op:
        op.location = self.location
        self.block.add_op(op)
        return op

    def integer(self, value: int) -> SSAValue:
        return self.add(spirv.ConstantOp(IntegerAttr(value, i32), i32)).constant

    def module(self) -> spirv.SPIRVModuleOp:
        function = self.function
        if function.workgroup_buffers or function.private_buffers:
            raise StepwellError("gpu-to-spirv writes no memory of a block's or a thread's own", function)
        self.arguments()
        self.write(function.body.block)
        for variable in reversed(self.variables):
            first = self.entry.first_op
            assert first is not None
            self.entry.insert_op_before(variable, first)
        inputs = [
            spirv.GlobalVariableOp(name.removeprefix("gpu."), kind, built_in=BUILT_IN[name])
            for name, kind in self.inputs.items()
        ]
        names = [variable.sym_name.data for variable in inputs]
        ops = [
            *self.globals,
            *inputs,
            spirv.FuncOp(ENTRY, Region(self.entry)),
            spirv.EntryPointOp(ENTRY, names),
            spirv.ExecutionModeOp(ENTRY, function.block_size or (1, 1, 1)),
        ]
        made = spirv.SPIRVModuleOp(function.sym_name.data, Region(Block(ops)), VCE)
        for op in (made, *ops):
            op.location = function.location
        return made

    def arguments(self) -> None:
        """A binding for each buffer, and one for all numbers."""
        taken = {ENTRY, "numbers", *(name.removeprefix("gpu.") for name in BUILT_IN)}
        numbers: list[SSAValue] = []
        for argument in self.function.arguments:
            if not isinstance(argument.type, MemRefType):
                numbers.append(argument)
                continue
            element = self.element_type(argument)
            if element == i1:
                raise StepwellError("SPIR-V keeps no bool in a buffer", self.function, fix="run narrow-types")
            hint = argument.name_hint
            name = hint if hint is not None and hint not in taken else f"arg{argument.index}"
            taken.add(name)
            kind = struct([spirv.RuntimeArrayType(element, IntAttr(WORD))], "StorageBuffer")
            self.values[argument] = self.bind(name, kind)
        if numbers:
            block = self.bind("numbers", struct([type_of(value.type, self.function) for value in numbers], "Uniform"))
            for n, value in enumerate(numbers):
                self.values[value] = self.load(self.part(block, [self.integer(n)], type_of(value.type, self.function)))

    def bind(self, name: str, kind: spirv.PointerType) -> SSAValue:
        self.globals.append(spirv.GlobalVariableOp(name, kind, binding=len(self.globals)))
        return self.add(spirv.AddressOfOp(name, kind)).pointer

    def part(self, base: SSAValue, indices: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        assert isinstance(base.type, spirv.PointerType)
        return self.add(spirv.AccessChainOp(base, indices, spirv.PointerType(kind, base.type.storage))).part

    def load(self, pointer: SSAValue) -> SSAValue:
        return self.add(spirv.LoadOp(pointer)).value

    def variable(self, kind: Attribute) -> SSAValue:
        made = spirv.VariableOp(kind)
        made.location = self.location
        self.variables.append(made)
        return made.pointer

    # -- ops ---------------------------------------------------------------------------------------------------------

    def write(self, block: Block) -> None:
        for op in block.ops:
            self.location = op.location
            self.op(op)

    def op(self, op: Operation) -> None:
        match op:
            case arith.ConstantOp():
                self.values[op.result] = self.constant(op)
            case memref.LoadOp():
                self.values[op.res] = self.load(self.element(op.memref, op.indices))
            case memref.StoreOp():
                self.add(spirv.StoreOp(self.element(op.memref, op.indices), self.values[op.value]))
            case scf.ForOp():
                self.loop(op)
            case scf.IfOp():
                self.selection(op)
            case scf.YieldOp():
                pass  # whoever writes the block sets the variables
            case gpu.ReturnOp():
                self.add(spirv.ReturnOp())
            case IdOp() if op.name in BUILT_IN:
                self.values[op.result] = self.identifier(op)
            case _:
                self.arithmetic(op)

    def arithmetic(self, op: Operation) -> None:
        rule = RULES.get(op.name)
        if rule is None or len(op.results) != 1:
            raise StepwellError(f"{op.name} cannot be written as SPIR-V yet", op, fix="use the target wgsl")
        kind = type_of(op.results[0].type, op)
        for operand in op.operands:
            type_of(operand.type, op)
        self.values[op.results[0]] = rule(self, op, [self.values[operand] for operand in op.operands], kind)

    def constant(self, op: arith.ConstantOp) -> SSAValue:
        value, kind = op.value, type_of(op.result.type, op)
        if isinstance(value, IntegerAttr):
            value = IntegerAttr(value.value.data, i1 if kind == i1 else i32)
        elif isinstance(value, FloatAttr):
            number = value.value.data
            if not isfinite(number):  # WebGPU takes none of these as a constant (WGSL, section 15.7.2)
                (bits,) = unpack("<i", pack("<f", number))
                return self.convert("Bitcast", self.integer(bits), kind)
        else:
            raise StepwellError("a constant of more than one number cannot be written as SPIR-V", op)
        return self.add(spirv.ConstantOp(value, kind)).constant

    def identifier(self, op: IdOp) -> SSAValue:
        kind = self.inputs.setdefault(op.name, spirv.PointerType(VectorType(i32, [3]), StringAttr("Input")))
        pointer = self.add(spirv.AddressOfOp(op.name.removeprefix("gpu."), kind)).pointer
        return self.add(spirv.CompositeExtractOp(self.load(pointer), "xyz".index(str(op.dimension.data)))).component

    def element(self, buffer: SSAValue, indices: Sequence[SSAValue]) -> SSAValue:
        assert len(indices) == 1, "loops-to-gpu leaves one dimension"
        place = [self.integer(0), self.values[indices[0]]]
        return self.part(self.values[buffer], place, self.element_type(buffer))

    def element_type(self, buffer: SSAValue) -> Attribute:
        return type_of(cast("MemRefType[Attribute]", buffer.type).element_type, self.function)

    # -- control -----------------------------------------------------------------------------------------------------

    def start(self, values: Sequence[SSAValue]) -> list[SSAValue]:
        """A variable for each value, set to it."""
        made = [self.variable(value.type) for value in values]
        self.set(made, values)
        return made

    def set(self, variables: Sequence[SSAValue], values: Sequence[SSAValue]) -> None:
        for variable, value in zip(variables, values, strict=True):
            self.add(spirv.StoreOp(variable, value))

    def yielded(self, block: Block) -> list[SSAValue]:
        last = block.last_op
        return [self.values[value] for value in last.operands] if last is not None else []

    def loop(self, op: scf.ForOp) -> None:
        upper, step = self.values[op.ub], self.values[op.step]
        variables = self.start([self.values[op.lb], *(self.values[value] for value in op.iter_args)])
        outside, location = self.block, op.location
        entry, header, body, following, merge = (Block() for _ in range(5))
        self.block = entry
        self.add(spirv.BranchOp(header))
        self.block = header
        counter = self.load(variables[0])
        goes_on = self.make("SLessThan", counter, upper)
        self.add(spirv.BranchConditionalOp(goes_on, body, merge))
        self.block = body
        self.values[op.body.block.args[0]] = counter
        for argument, variable in zip(op.body.block.args[1:], variables[1:], strict=True):
            self.values[argument] = self.load(variable)
        self.write(op.body.block)
        self.location = location
        self.set(variables[1:], self.yielded(op.body.block))
        self.add(spirv.BranchOp(following))
        self.block = following
        self.set(variables[:1], [self.make("IAdd", counter, step)])
        self.add(spirv.BranchOp(header))
        self.block = merge
        self.add(spirv.MergeOp())
        self.block = outside
        self.add(spirv.LoopOp([entry, header, body, following, merge]))
        self.values |= {result: self.load(v) for result, v in zip(op.results, variables[1:], strict=True)}

    def selection(self, op: scf.IfOp) -> None:
        variables = [self.variable(type_of(result.type, op)) for result in op.results]
        outside, location, condition = self.block, op.location, self.values[op.cond]
        regions = [region for region in (op.true_region, op.false_region) if region.blocks]
        entry, merge = Block(), Block()
        branches: list[Block] = []
        for region in regions:
            self.block = Block()
            branches.append(self.block)
            self.write(region.block)
            self.location = location
            if variables:
                self.set(variables, self.yielded(region.block))
            self.add(spirv.BranchOp(merge))
        self.block = entry
        self.add(spirv.BranchConditionalOp(condition, branches[0], branches[1] if len(branches) > 1 else merge))
        self.block = merge
        self.add(spirv.MergeOp())
        self.block = outside
        self.add(spirv.SelectionOp([entry, *branches, merge]))
        self.values |= {result: self.load(v) for result, v in zip(op.results, variables, strict=True)}


def struct(members: Sequence[Attribute], storage: str) -> spirv.PointerType:
    """Members of a word each, one after the other, in a block of memory."""
    offsets = ArrayAttr([IntAttr(WORD * n) for n in range(len(members))])
    return spirv.PointerType(spirv.StructType(ArrayAttr(members), offsets), StringAttr(storage))
