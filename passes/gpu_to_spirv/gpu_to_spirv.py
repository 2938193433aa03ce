"""Write each kernel of a device as a module of SPIR-V.

    gpu.func @scale(%x: memref<40xf32>, %start: index) workgroup(%tile: memref<64xf32, #gpu.address_space<workgroup>>)
        kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %id = gpu.global_id x
      %v = memref.load %x[%id] : memref<40xf32>
  becomes, behind the gpu.module, which the launches of @main still name,
    spirv.module @scale Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
      spirv.GlobalVariable @x bind(0, 0) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<f32, stride=4> [0]), Block>,
          StorageBuffer>
      spirv.GlobalVariable @numbers : !spirv.ptr<!spirv.struct<(i32 [0]), Block>, PushConstant>
      spirv.GlobalVariable @tile : !spirv.ptr<!spirv.array<64 x f32>, Workgroup>
      spirv.GlobalVariable @global_id built_in("GlobalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
      spirv.func @main() "None" { ... }

Buffers are bound in the order of the kernel's arguments; numbers are push constants, 32 bits each. An index is an i32;
a bool in a buffer is a byte of 0 or 1. `arithmetic.py` has the rules of arith and math, `control.py` those of loops
and branches, `threads.py` those of threads, `capabilities.py` what a module declares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
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
    IntAttr,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    i1,
    i32,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue

from . import control, threads
from .arithmetic import RULES
from .capabilities import requirements, width_of
from .writer import Writer, pointer, stored, type_of

ENTRY = "main"
NUMBERS = "numbers"
WORD = 4
MOST_NUMBERS = 32
"""128 bytes: the push constants that every device has (Vulkan 1.1, table 53)."""


@dataclass(frozen=True)
class GPUToSPIRV(ModulePass):
    name = "gpu-to-spirv"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        for device in list(module.body.block.ops):
            if isinstance(device, gpu.GPUModuleOp):
                for function in reversed(list(device.body.block.ops)):
                    if isinstance(function, gpu.FuncOp):
                        write(ctx, function, module, device)


def write(ctx: Context, function: gpu.FuncOp, module: ModuleOp, device: gpu.GPUModuleOp) -> None:
    try:
        module.body.block.insert_op_after(Kernel(function).module(), device)
    except StepwellError as error:
        ctx.report(error)  # the other kernels may have their own


class Kernel:
    """One kernel, as it is written."""

    def __init__(self, function: gpu.FuncOp):
        self.function = function
        self.to = Writer(function.location)
        self.values: dict[SSAValue, SSAValue] = {}
        self.globals: list[spirv.GlobalVariableOp] = []
        self.asked: dict[str, None] = {}
        """What of a thread's place is asked for."""
        self.taken = {ENTRY, NUMBERS, *map(threads.built_in_name, threads.BUILT_IN)}

    def module(self) -> spirv.SPIRVModuleOp:
        function = self.function
        self.arguments()
        self.write(function.body.block)
        inputs = [threads.input_variable(name) for name in self.asked]
        ops: list[Operation] = [
            *self.globals,
            *inputs,
            spirv.FuncOp(ENTRY, Region(self.to.finish())),
            spirv.EntryPointOp(ENTRY, [variable.sym_name.data for variable in inputs]),
            spirv.ExecutionModeOp(ENTRY, function.block_size or (1, 1, 1)),
        ]
        made = spirv.SPIRVModuleOp(function.sym_name.data, Region(Block(ops)), requirements(ops))
        for op in (made, *ops):
            op.location = function.location
        return made

    # -- memory ------------------------------------------------------------------------------------------------------

    def arguments(self) -> None:
        """A binding for each buffer, one block for all numbers, arrays for what a block or a thread has."""
        numbers: list[SSAValue] = []
        for argument in self.function.arguments:
            if isinstance(argument.type, MemRefType):
                element = stored(self.element_type(argument))
                array = spirv.RuntimeArrayType(element, IntAttr(width_of(element) // 8))
                binding = sum(made.binding is not None for made in self.globals)
                self.declare(argument, pointer(block_of([array]), "StorageBuffer"), binding)
            elif type_of(argument.type, self.function) != i32:
                raise StepwellError(f"a launch hands numbers of 32 bits to SPIR-V, not {argument.type}", self.function)
            else:
                numbers.append(argument)
        if len(numbers) > MOST_NUMBERS:
            raise StepwellError(
                f"a launch hands {len(numbers)} numbers to the kernel; Vulkan takes {MOST_NUMBERS}", self.function
            )
        if numbers:
            kind = pointer(block_of([i32] * len(numbers)), "PushConstant")
            self.globals.append(spirv.GlobalVariableOp(NUMBERS, kind))
            whole = self.to.address(NUMBERS, kind)
            for n, value in enumerate(numbers):
                self.values[value] = self.to.load(self.to.part(whole, [self.to.number(n)], i32))
        for buffer in self.function.workgroup_buffers:
            self.declare(buffer, pointer(self.array_of(buffer), "Workgroup"))
        for buffer in self.function.private_buffers:
            self.values[buffer] = self.to.variable(self.array_of(buffer))

    def declare(self, buffer: BlockArgument, kind: spirv.PointerType, binding: int | None = None) -> None:
        hint = buffer.name_hint
        name = hint if hint is not None and hint not in self.taken else f"arg{buffer.index}"
        self.taken.add(name)
        self.globals.append(spirv.GlobalVariableOp(name, kind, binding=binding))
        self.values[buffer] = self.to.address(name, kind)

    def array_of(self, buffer: SSAValue) -> spirv.ArrayType:
        shape = cast("MemRefType[Attribute]", buffer.type).get_shape()
        return spirv.ArrayType(prod(shape), self.element_type(buffer))

    def element_type(self, buffer: SSAValue) -> Attribute:
        return type_of(cast("MemRefType[Attribute]", buffer.type).element_type, self.function)

    def element(self, buffer: SSAValue, indices: Sequence[SSAValue]) -> tuple[SSAValue, Attribute]:
        """A pointer to an element, and its type as a value."""
        to, whole, kind = self.to, self.values[buffer], self.element_type(buffer)
        assert isinstance(whole.type, spirv.PointerType)
        place = self.place(cast("MemRefType[Attribute]", buffer.type), [self.values[index] for index in indices])
        if isinstance(whole.type.pointee, spirv.StructType):
            return to.part(whole, [to.number(0), place], stored(kind)), kind
        return to.part(whole, [place], kind), kind

    def place(self, kind: MemRefType[Attribute], indices: Sequence[SSAValue]) -> SSAValue:
        """How many elements further on: the sum of index × stride."""
        strides, to = kind.get_strides(), self.to
        if strides is None or None in strides:
            raise StepwellError("a buffer whose strides are not known cannot be read by SPIR-V", self.function)
        total: SSAValue | None = None
        for index, stride in zip(indices, strides, strict=True):
            step = index if stride == 1 else to.make("IMul", index, to.number(stride or 0))
            total = step if total is None else to.make("IAdd", total, step)
        return total if total is not None else to.number(0)

    def load(self, op: memref.LoadOp) -> SSAValue:
        place, kind = self.element(op.memref, op.indices)
        value = self.to.load(place)
        return value if value.type == kind else self.to.holds(self.to.convert("UConvert", value, i32))

    def store(self, op: memref.StoreOp) -> None:
        place, kind = self.element(op.memref, op.indices)
        value = self.values[op.value]
        assert isinstance(place.type, spirv.PointerType)
        if kind != place.type.pointee:
            value = self.to.convert("UConvert", self.to.as_number(value, i32), place.type.pointee)
        self.to.store(place, value)

    # -- ops ---------------------------------------------------------------------------------------------------------

    def write(self, block: Block) -> None:
        for op in block.ops:
            self.to.location = op.location
            self.op(op)

    def op(self, op: Operation) -> None:
        match op:
            case arith.ConstantOp():
                self.values[op.result] = self.constant(op)
            case memref.LoadOp():
                self.values[op.res] = self.load(op)
            case memref.StoreOp():
                self.store(op)
            case memref.AllocaOp():
                self.values[op.memref] = self.to.variable(self.array_of(op.memref))
            case scf.ForOp():
                control.write_for(self, op)
            case scf.WhileOp():
                control.write_while(self, op)
            case scf.IfOp():
                control.write_if(self, op)
            case scf.YieldOp() | scf.ConditionOp():
                pass  # who writes the block sets the variables
            case gpu.ReturnOp():
                self.to.add(spirv.ReturnOp())
            case gpu.BarrierOp():
                threads.barrier(self.to)
            case gpu.BlockDimOp():
                size = self.function.block_size or (1, 1, 1)
                self.values[op.result] = self.to.number(size["xyz".index(str(op.dimension.data))])
            case gpu.SubgroupReduceOp():
                self.values[op.result] = threads.reduce(self.to, op, self.values[op.value])
            case gpu.ShuffleOp():
                self.asked["gpu.lane_id"] = None
                operands = [self.values[value] for value in op.operands]
                self.values |= zip(op.results, threads.shuffle(self.to, op, *operands), strict=True)
            case _ if op.name in threads.BUILT_IN:
                self.asked[op.name] = None
                self.values[op.results[0]] = self.identifier(op)
            case _:
                self.arithmetic(op)

    def identifier(self, op: Operation) -> SSAValue:
        found = threads.built_in(self.to, op.name)
        if isinstance(op, IdOp):
            return self.to.add(spirv.CompositeExtractOp(found, "xyz".index(str(op.dimension.data)))).component
        return found

    def arithmetic(self, op: Operation) -> None:
        rule = RULES.get(op.name)
        if rule is None or len(op.results) != 1:
            raise StepwellError(f"{op.name} cannot be written as SPIR-V", op, fix="take another target")
        kind = type_of(op.results[0].type, op)
        for operand in op.operands:
            type_of(operand.type, op)
        self.values[op.results[0]] = rule(self.to, op, [self.values[operand] for operand in op.operands], kind)

    def constant(self, op: arith.ConstantOp) -> SSAValue:
        value, kind = op.value, type_of(op.result.type, op)
        if isinstance(value, IntegerAttr):
            return self.to.number(int(value.value.data != 0) if kind == i1 else value.value.data, kind)
        if isinstance(value, FloatAttr):
            return self.to.constant(value)
        raise StepwellError("a constant of more than one number cannot be written as SPIR-V", op)


def block_of(members: Sequence[Attribute]) -> spirv.StructType:
    """Members of a word each, one after the other, in memory that is bound from outside."""
    offsets = ArrayAttr([IntAttr(WORD * n) for n in range(len(members))])
    return spirv.StructType(ArrayAttr(members), offsets)
