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

Control flow and arithmetic on whole numbers stay in @main: the host branches, counts, and reads what decides that from
the device. A part of a buffer at a place that is only known then is the whole buffer and a number for the kernel; a
number that the host puts into a buffer is a launch, too.
    scf.for %i = %c0 to %c9 step %c1 {
      %0 = memref.subview %xs[%i, 0] [1, 4] [1, 1] : memref<9x4xf32> to memref<1x4xf32, strided<[4, 1], offset: ?>>
      func.call @step(%h, %0) : ...
  becomes
    scf.for %i = %c0 to %c9 step %c1 {
      %0 = arith.muli %i, %c4 : index
      gpu.launch_func @kernels::@step blocks in ... args(%h : memref<4xf32>, %xs : memref<?xf32>, %0 : index)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import gpu
from stepwell.dialects.gpu.kernels import CONTAINER
from stepwell.dialects.memref import CastOp
from stepwell.levels import set_level
from stepwell.locations import stamp
from stepwell.manifest import ENTRY
from stepwell.pass_manager import ModulePass
from stepwell.passes.linalg_to_loops.views import collapse, expand
from stepwell.passes.loops_to_llvm.arguments import VIEWS, bytes_of, constant, written_arguments
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    IndexType,
    IntegerType,
    MemRefType,
    ModuleOp,
    SymbolRefAttr,
    UnitAttr,
    i1,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue

from .flat import Buffer, Flat, Index, Indices, strides_of, view
from .grids import grids_of, touches_nothing
from .outline import Device, Outline, Parameter

MODULE = "kernels"


@dataclass(frozen=True)
class LoopsToGPU(ModulePass):
    """`block`: how many threads a block of a flat grid has. `blocks`: the most blocks that a grid may have along a
    dimension."""

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
    flats: dict[SSAValue, Flat] = field(default_factory=dict[SSAValue, Flat])
    stores: dict[Attribute, str] = field(default_factory=dict[Attribute, str])
    """The kernels that put a number into a buffer, by its type."""

    def __post_init__(self) -> None:
        self.behind: Operation | None = None  # the last op that was put at the start
        self.indices = Indices(self._at_start)

    def _at_start(self, op: Operation) -> Operation:
        block = self.main.body.block
        op.location = self.main.location
        if self.behind is not None:
            block.insert_op_after(op, self.behind)
        elif block.first_op is not None:
            block.insert_op_before(op, block.first_op)
        self.behind = op
        return op

    def rewrite(self) -> None:
        for op in list(self.main.body.walk()):
            match op:
                case func.CallOp():
                    self.replace(op)
                case memref.LoadOp():
                    self.read(op)
                case memref.StoreOp():
                    self.write(op)
                case scf.IfOp() | scf.ForOp() | scf.WhileOp() | scf.YieldOp() | scf.ConditionOp():
                    pass
                case _ if op.name.startswith("arith.") or touches_nothing(op):
                    pass
                case _:
                    raise StepwellError(f"{op.name} in @{ENTRY} cannot be run by the host", op)
        for op in reversed(list(self.main.body.walk())):  # views that only calls used
            if op.name in VIEWS and op.results[0].first_use is None:
                erase(op)

    def replace(self, call: func.CallOp) -> None:
        kernel = self.kernels[call.callee.string_value()]
        roots = [self.flat_of(value).base for value in call.arguments]
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
            insert_before(op, call)
        erase(call)

    def read(self, load: memref.LoadOp) -> None:
        """A number that the host reads: of the buffer in one dimension."""
        at = [self.known(index) for index in load.indices]
        line, place = self.element(load.memref, at, load)
        read = memref.LoadOp.get(line, [place])
        read.res.name_hint = load.res.name_hint
        insert_before(read, load)
        load.res.replace_all_uses_with(read.res)
        erase(load)

    def write(self, store: memref.StoreOp) -> None:
        """A number that the host puts into a buffer: a kernel of one thread is handed the number, and where."""
        at = [self.known(index) for index in store.indices]
        line, place = self.element(store.memref, at, store)
        kind = cast("Buffer", line.type).element_type
        if kind not in self.stores:
            self.stores[kind] = self.free(f"store_{kind}")
            self.device.add_op(store_function(self.stores[kind], kind, store))
        number = arith.IndexCastOp(store.value, IndexType())
        insert_before(number, store)
        one = [self.indices.value(1)] * 3
        whole = self.anywhere(line, MemRefType(kind, [DYNAMIC_INDEX]))
        arguments = [whole, place, number.result]
        insert_before(gpu.LaunchFuncOp(SymbolRefAttr(MODULE, [self.stores[kind]]), one, one, arguments), store)
        erase(store)

    def element(self, buffer: SSAValue, at: Sequence[Index], op: Operation) -> tuple[SSAValue, SSAValue]:
        """The buffer in one dimension that an element of `buffer` stands in, and its number there."""
        flat = self.flat_of(buffer)
        indices = Indices(lambda made: insert_before(made, op), self.indices.constants, self._at_start)
        return self.line(flat.base), indices.value(indices.place(flat, at))

    def flat_of(self, value: SSAValue) -> Flat:
        """The buffer of the host that a value of @main is a view of: a part of the arena or the weights, or an
        argument; and where in it. What is computed for that stands before the view."""
        if value not in self.flats:
            self.flats[value] = self._flat(value)
        return self.flats[value]

    def _flat(self, value: SSAValue) -> Flat:
        owner = value.owner
        if is_root(value):
            where = owner if isinstance(owner, Operation) else self.main
            return Flat(value, 0, strides_of(cast("Buffer", value.type), where))
        assert isinstance(owner, Operation)
        indices = Indices(lambda op: insert_before(op, owner), self.indices.constants, self._at_start)
        return view(owner, self.flat_of(owner.operands[0]), indices, self.known)

    def known(self, index: SSAValue) -> Index:
        found = constant(index)
        return index if found is None else found

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
        flat = self.flat_of(value)
        if parameter.start:
            return self.indices.value(flat.offset)
        base = self.line(flat.base)
        return base if parameter.kind is None else self.anywhere(base, parameter.kind)

    def line(self, root: SSAValue) -> SSAValue:
        """A buffer that nothing is a view of, in one dimension."""
        kind = cast("Buffer", root.type)
        return self.in_line(root, MemRefType(kind.element_type, [prod(kind.get_shape())]))

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
            assert owner.parent is not None
            owner.parent.insert_op_after(op, owner)
        else:
            self._at_start(op)
        return op.results[0]


def is_root(value: SSAValue) -> bool:
    """Whether a buffer of @main is no view of another, but of bytes at most."""
    return isinstance(value, BlockArgument) or isinstance(value.owner, memref.ViewOp)


def store_function(name: str, kind: Attribute, where: Operation) -> gpu.FuncOp:
    """A kernel that puts a number into a buffer: `%out[%at] = %number`."""
    if not isinstance(kind, IntegerType) or kind == i1:
        raise StepwellError(f"the host puts only whole numbers into buffers, no {kind}", where)
    types: list[Attribute] = [MemRefType(cast("Attribute", kind), [DYNAMIC_INDEX]), IndexType(), IndexType()]
    block = Block(arg_types=types)
    out, at, number = block.args
    out.name_hint, at.name_hint, number.name_hint = "out", "at", "number"
    value = arith.IndexCastOp(number, cast("Attribute", kind))
    block.add_ops([value, memref.StoreOp.get(value.result, out, [at]), gpu.ReturnOp()])
    stamp(block.ops, where.location)
    made = gpu.FuncOp(name, list(block.arg_types), Region(block), block_size=(1, 1, 1))
    made.location = where.location
    return made


def insert_before(op: Operation, old: Operation) -> Operation:
    assert old.parent is not None
    op.location = old.location
    old.parent.insert_op_before(op, old)
    return op


def erase(op: Operation) -> None:
    assert op.parent is not None
    op.parent.erase_op(op)
