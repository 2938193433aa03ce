"""Turn kernels of loops into functions of a device, and their calls into launches of a grid of threads.

    func.func private @kernel_relu_0(%x: memref<10x4xf32>, %out: memref<10x4xf32>) {
      scf.for %i = %c0 to %c10 step %c1 {
        scf.for %j = %c0 to %c4 step %c1 { ... } {stepwell.parallel}
      } {stepwell.parallel}
      func.return
    }
    func.func @main(%x: memref<10x4xf32>, %out: memref<10x4xf32>, ...) {
      func.call @kernel_relu_0(%x, %out) : (memref<10x4xf32>, memref<10x4xf32>) -> ()
  becomes
    gpu.module @kernels {
      gpu.func @kernel_relu_0(%x: memref<40xf32>, %out: memref<40xf32>) kernel
          attributes {known_block_size = array<i32: 64, 1, 1>} { ... }
    }
    func.func @main(%x: memref<10x4xf32>, %out: memref<10x4xf32>, ...) {
      %0 = memref.collapse_shape %x [[0, 1]] : memref<10x4xf32> into memref<40xf32>
      ...
      gpu.launch_func @kernels::@kernel_relu_0 blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
        args(%0 : memref<40xf32>, %1 : memref<40xf32>)

@main is then the program of the host: views of the arena, of the weights and of what it is handed, and launches in
order. `grids.py` finds what of a kernel is one launch, `outline.py` writes its function. A kernel that is called with
buffers that share memory in several ways becomes functions for each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import gpu
from stepwell.dialects.gpu.kernels import CONTAINER
from stepwell.dialects.memref import CastOp
from stepwell.levels import set_level
from stepwell.manifest import ENTRY
from stepwell.pass_manager import ModulePass
from stepwell.passes.linalg_to_loops.views import collapse, expand
from stepwell.passes.loops_to_llvm.arguments import VIEWS, bytes_of, constant, written_arguments
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import MemRefType, ModuleOp, SymbolRefAttr, UnitAttr
from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue

from .flat import Buffer, Flat, Indices, strides_of, view
from .grids import grids_of, touches_nothing
from .outline import Device, Outline, Parameter

MODULE = "kernels"


@dataclass(frozen=True)
class LoopsToGPU(ModulePass):
    """`block`: how many threads a block has. `blocks`: the most blocks that a grid may have along a dimension."""

    name = "loops-to-gpu"

    block: int = 64
    blocks: int = 65535

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        if min(self.block, self.blocks) < 1:
            raise StepwellError("loops-to-gpu: block and blocks are counts of 1 or more")
        functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp)}
        main = functions.pop(ENTRY, None)
        if main is None:
            raise StepwellError(f"loops-to-gpu: the module has no function @{ENTRY}", module)
        body = Block()
        HostProgram(main, functions, Device(self.block, self.blocks), body).rewrite()
        for kernel in functions.values():
            module.body.block.erase_op(kernel)
        device = gpu.GPUModuleOp(MODULE, Region(body))
        device.location = module.location
        module.body.block.insert_op_before(device, main)
        module.attributes[CONTAINER] = UnitAttr()
        set_level(module, "device")


@dataclass(frozen=True)
class Launch:
    """A function of the device, and how it is launched."""

    name: str
    blocks: tuple[int, int]
    threads: int
    parameters: tuple[Parameter, ...]


@dataclass
class HostProgram:
    """The rewriting of @main. `device`: the functions of the device, added as calls ask for them."""

    main: func.FuncOp
    kernels: dict[str, func.FuncOp]
    description: Device
    device: Block
    made: dict[tuple[str, tuple[int, ...]], list[Launch]] = field(
        default_factory=dict[tuple[str, tuple[int, ...]], list[Launch]]
    )
    names: set[str] = field(default_factory=set[str])
    flat: dict[tuple[SSAValue, Buffer], SSAValue] = field(default_factory=dict[tuple[SSAValue, Buffer], SSAValue])

    def __post_init__(self) -> None:
        self.start = self.main.body.block.first_op
        assert self.start is not None
        self.indices = Indices(self._at_start)

    def _at_start(self, op: Operation) -> Operation:
        assert self.start is not None
        op.location = self.main.location
        self.main.body.block.insert_op_before(op, self.start)
        return op

    def rewrite(self) -> None:
        for op in list(self.main.body.block.ops):
            if isinstance(op, func.CallOp):
                self.replace(op)
            elif not touches_nothing(op):
                raise StepwellError(f"{op.name} in @{ENTRY} cannot be run by the host", op)
        for op in reversed(list(self.main.body.block.ops)):  # views that only calls used
            if op.name in VIEWS and op.results[0].first_use is None:
                self.main.body.block.erase_op(op)

    def replace(self, call: func.CallOp) -> None:
        kernel = self.kernels[call.callee.string_value()]
        roots = [flat_of(value).base for value in call.arguments]
        same = tuple(roots.index(root) for root in roots)
        key = kernel.sym_name.data, same
        if key not in self.made:
            self.made[key] = list(self.outline(kernel, same))
        for launch in self.made[key]:
            arguments = [self.argument(call, parameter) for parameter in launch.parameters]
            columns, rows = launch.blocks
            op = gpu.LaunchFuncOp(
                SymbolRefAttr(MODULE, [launch.name]),
                [self.indices.value(n) for n in (columns, rows, 1)],
                [self.indices.value(n) for n in (launch.threads, 1, 1)],
                arguments,
            )
            op.location = call.location
            self.main.body.block.insert_op_before(op, call)
        self.main.body.block.erase_op(call)

    def outline(self, kernel: func.FuncOp, same: tuple[int, ...]) -> list[Launch]:
        written = written_arguments(kernel)
        shared = {n for n, first in enumerate(same) if any(same[m] == first for m in written)}

        def is_free(op: Operation) -> bool:
            """Also what reads a buffer that the kernel never writes."""
            if isinstance(op, memref.LoadOp):
                root = bytes_of(op.memref).buffer
                return isinstance(root, BlockArgument) and root.index not in shared
            return touches_nothing(op)

        grids = list(grids_of(kernel.body.block, is_free))
        base = kernel.sym_name.data
        launches: list[Launch] = []
        for n, grid in enumerate(grids):
            name = self.free(base if len(grids) == 1 else f"{base}_{n}")
            outline = Outline(name, kernel, grid, self.description, same)
            function = outline.function()
            self.device.add_op(function)
            launches.append(Launch(name, outline.blocks(), outline.threads, tuple(outline.parameters)))
        return launches

    def free(self, name: str) -> str:
        base, n = name, 1
        while name in self.names:
            name, n = f"{base}_{n}", n + 1
        self.names.add(name)
        return name

    def argument(self, call: func.CallOp, parameter: Parameter) -> SSAValue:
        """What a launch hands in for `parameter`."""
        value = call.arguments[parameter.argument]
        if parameter.shift is not None:
            return self.workspace(value, parameter)
        flat = flat_of(value)
        if parameter.start:
            assert isinstance(flat.offset, int)
            return self.indices.value(flat.offset)
        kind = cast("Buffer", flat.base.type)
        line = MemRefType(kind.element_type, [prod(kind.get_shape())])
        base = self.in_line(flat.base, line)
        return base if parameter.kind is None else self.anywhere(base, parameter.kind)

    def in_line(self, value: SSAValue, kind: Buffer) -> SSAValue:
        """A contiguous buffer in one dimension."""
        if value.type == kind:
            return value
        if (value, kind) not in self.flat:
            dims = len(cast("Buffer", value.type).get_shape())
            made = collapse(value, (tuple(range(dims)),)) if dims else expand(value, (), [1])
            assert made is not None, "a buffer that nothing is a view of is contiguous"
            self.flat[value, kind] = self.insert(made, value)
        return self.flat[value, kind]

    def anywhere(self, value: SSAValue, kind: Buffer) -> SSAValue:
        if (value, kind) not in self.flat:
            self.flat[value, kind] = self.insert(CastOp(value, kind), value)
        return self.flat[value, kind]

    def workspace(self, value: SSAValue, parameter: Parameter) -> SSAValue:
        """A part of a workspace: a view of the arena, further on by what the kernel says."""
        whole = value.owner
        assert isinstance(whole, memref.ViewOp) and parameter.shift is not None and parameter.kind is not None
        start = constant(whole.byte_shift)
        assert start is not None
        key = value, MemRefType(parameter.kind.element_type, [parameter.shift, *parameter.kind.get_shape()])
        if key not in self.flat:
            shift = self.indices.value(start + parameter.shift)
            self.flat[key] = self.insert(memref.ViewOp(whole.source, shift, [], parameter.kind), value)
        return self.flat[key]

    def insert(self, op: Operation, behind: SSAValue) -> SSAValue:
        """Put a view right behind what it is a view of, so that all launches that follow can use it."""
        owner = behind.owner
        op.location = self.main.location
        if isinstance(owner, Operation) and not isinstance(op, memref.ViewOp):
            self.main.body.block.insert_op_after(op, owner)
        else:
            self._at_start(op)
        return op.results[0]


def is_root(value: SSAValue) -> bool:
    """Whether a buffer of @main is no view of another, but of bytes at most."""
    return isinstance(value, BlockArgument) or isinstance(value.owner, memref.ViewOp)


def flat_of(value: SSAValue) -> Flat:
    """The buffer of the host that a value of @main is a view of: a part of the arena or the weights, or an argument."""
    owner = value.owner
    where = owner if isinstance(owner, Operation) else owner.parent_op()
    assert where is not None
    if is_root(value):
        return Flat(value, 0, strides_of(cast("Buffer", value.type), where))
    owner = where

    def known(index: SSAValue) -> int:
        found = constant(index)
        if found is None:
            raise StepwellError("a view at a place that is only known when run", owner)
        return found

    def nothing(op: Operation) -> Operation:
        raise StepwellError(f"{op.name} in @{ENTRY} cannot be run by the host", owner)

    return view(owner, flat_of(owner.operands[0]), Indices(nothing), known)
