"""Turn the kernels of a gpu.module into functions of the `llvm` dialect, for NVIDIA's GPUs.

    gpu.module @kernels {
      gpu.func @scale(%x: memref<4096xf32>, %out: memref<4096xf32>) kernel
          attributes {known_block_size = array<i32: 128, 1, 1>} {
        %i = gpu.global_id x
        %v = memref.load %x[%i] : memref<4096xf32>
        ...
  becomes
    gpu.module @kernels {
      llvm.func @scale(%x: !llvm.ptr<1> {llvm.noalias, llvm.readonly}, %out: !llvm.ptr<1> {llvm.noalias})
          attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 128, 1, 1>} {
        %0 = llvm.call_intrinsic "llvm.nvvm.read.ptx.sreg.ctaid.x"() : () -> i32
        ...
        %1 = llvm.getelementptr inbounds %x[%i] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
        %v = llvm.load %1 {alignment = 4 : i64} : !llvm.ptr<1> -> f32

@main, the program of the host, stays. Ops of scf, arith, memref and math are lowered by the rules of `loops-to-llvm`;
`threads.py` has those of the gpu dialect, `tensor_cores.py` those of nvgpu. Buffers of a kernel are in the device's
memory (address space 1), those that a block shares are globals in space 3, a thread's own are on its stack. What the
pointers are told of aliasing is what holds in every launch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, prod

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import gpu
from stepwell.dialects.gpu.kernels import KERNEL
from stepwell.dialects.lanes import memref_type
from stepwell.levels import set_level
from stepwell.pass_manager import ModulePass
from stepwell.passes.loops_to_llvm.arguments import (
    SAME_START,
    Bytes,
    alignment,
    attributes,
    bytes_of,
    overlapping,
    written_arguments,
)
from stepwell.passes.loops_to_llvm.lowering import PTR, in_memory
from xdsl.dialects import func, llvm
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, MemRefType, ModuleOp, UnitAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from . import tensor_cores
from .threads import SPACES, BlockSize, DeviceLowering, DeviceTypes

FAMILIES = (tensor_cores,)
"""Importing a family enters its rules into the table."""

SHARED_ALIGNMENT = 16
"""Bytes that one load of a thread reads at most."""


@dataclass(frozen=True)
class GPUToLLVM(ModulePass):
    name = "gpu-to-llvm"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        launches = [op for op in module.walk() if isinstance(op, gpu.LaunchFuncOp)]
        types = DeviceTypes()
        for device in [op for op in module.body.block.ops if isinstance(op, gpu.GPUModuleOp)]:
            made: list[Operation] = []
            for op in device.body.block.ops:
                if not isinstance(op, gpu.FuncOp) or op.kernel is None:
                    raise StepwellError(f"gpu-to-llvm knows no '{op.name}' that is no kernel", where=op)
                called = [launch for launch in launches if launch.target() is op]
                try:
                    made += lower_kernel(op, types, pointer_attributes(op, called))
                except StepwellError as error:
                    if error.where is None:
                        error.where = op
                    raise
            old = device.body.detach_block(device.body.block)
            device.body.add_block(Block(made))
            del old
        set_level(module, "device-llvm")


def lower_kernel(op: gpu.FuncOp, types: DeviceTypes, pointers: list[dict[str, Attribute]]) -> list[Operation]:
    """The function, behind what its blocks of threads share."""
    if len(op.body.blocks) != 1:
        raise StepwellError("a kernel of several blocks is not supported")
    region, entry = Region(), Block(arg_types=[types(argument.type) for argument in op.arguments])
    low = DeviceLowering(types, region, entry, {}, {})
    low.block_size = BlockSize(op.block_size)
    low.location = op.location
    low.start(entry)
    for old, new in zip(op.arguments, entry.args, strict=True):
        low[old] = new
    name = op.sym_name.data
    shared = [share(low, buffer, f"{name}_shared_{n}") for n, buffer in enumerate(op.workgroup_buffers)]
    for buffer in op.private_buffers:
        own(low, buffer)
    for inner in op.body.block.ops:
        low.lower(inner)
    low.finish()
    made = llvm.FuncOp(
        op.sym_name,
        llvm.LLVMFunctionType(list(entry.arg_types), None),
        linkage=llvm.LinkageAttr("external"),
        body=region,
        extra_attrs={KERNEL: UnitAttr(), "nvvm.kernel": UnitAttr()}
        | ({} if op.known_block_size is None else {"nvvm.reqntid": op.known_block_size}),
    )
    made.location = op.location
    made.properties["unnamed_addr"] = IntegerAttr(0, 64)  # what reading the text gives it
    if any(pointers):
        made.arg_attrs = ArrayAttr([DictionaryAttr(found) for found in pointers])
    return [*shared, made]


def share(low: DeviceLowering, buffer: SSAValue, name: str) -> Operation:
    """Memory of all threads of a block: a global of the device, whose address is taken at the function's head."""
    kind = memref_type(buffer)
    array = llvm.LLVMArrayType(prod(kind.get_shape()), in_memory(kind.element_type))
    made = llvm.GlobalOp(array, name, "internal", addr_space=3, alignment=SHARED_ALIGNMENT)
    address = llvm.AddressOfOp(name, SPACES[gpu.attributes.AddressSpace.Workgroup])
    made.location = address.location = low.location
    low.head.append(address)
    low[buffer] = address.result
    return made


def own(low: DeviceLowering, buffer: SSAValue) -> None:
    """Memory of one thread."""
    kind = memref_type(buffer)
    made = llvm.AllocaOp(low.constant(prod(kind.get_shape())), in_memory(kind.element_type), alignment=SHARED_ALIGNMENT)
    made.location = low.location
    assert made.res.type == PTR
    low.head.append(made)
    low[buffer] = made.res


def pointer_attributes(op: gpu.FuncOp, launches: Sequence[gpu.LaunchFuncOp]) -> list[dict[str, Attribute]]:
    """The llvm attributes of each argument: those that hold in all `launches`."""
    written = written_arguments(op)
    aliased: set[int] = set()
    aligned: list[int] | None = None
    for launch in launches:
        main: Operation = launch
        while not isinstance(main, func.FuncOp):
            parent = main.parent_op()
            assert parent is not None
            main = parent
        ranges = [place(value) if isinstance(value.type, MemRefType) else None for value in launch.arguments]
        aliased |= overlapping(ranges, written)
        here = [alignment(found, main) for found in ranges]
        aligned = here if aligned is None else [gcd(a, b) for a, b in zip(aligned, here, strict=True)]
    return [attributes(argument.type, n, written, aliased, aligned) for n, argument in enumerate(op.arguments)]


def place(value: SSAValue) -> Bytes:
    """Where a buffer stands that a launch is handed: of one without a size, all that it is a view of."""
    while isinstance(owner := value.owner, Operation) and owner.name in SAME_START:
        value = owner.operands[0]
    return bytes_of(value)
