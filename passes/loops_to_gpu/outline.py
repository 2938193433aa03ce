"""Write one launch of a kernel as a function of the device.

    scf.for %i = %c0 to %c10 step %c1 {                     gpu.func @k(%x: memref<40xf32>, %out: memref<40xf32>) kernel
      %at = arith.muli %i, %c4                                  attributes {known_block_size = array<i32: 64, 1, 1>} {
      scf.for %j = %c0 to %c4 step %c1 {                      %id = gpu.global_id x
        %p = arith.addi %at, %j                               %there = arith.cmpi ult, %id, %c40
        %v = memref.load %x[%p]                    =>         scf.if %there {
        memref.store %v, %out[%p]                               %j = arith.remui %id, %c4
      } {stepwell.parallel}                                     %i = arith.divui %id, %c4
    } {stepwell.parallel}                                       ...

A thread is a point of the grid, or one of the block that is a point. What an iteration takes from outside of the loops
is computed by every thread; buffers are the arguments, in one dimension, those that a block shares behind them. One
that the kernel may find anywhere, or that shares its memory with another argument of a call, is handed in as a whole,
beside the number of its first element.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import cast

from stepwell.diagnostics import StepwellError
from stepwell.dialects import gpu
from stepwell.dialects.gpu.attributes import AddressSpace, space_of
from stepwell.dialects.nvgpu import DeviceAsyncCopyOp, LdMatrixOp
from stepwell.locations import stamp
from stepwell.passes.loops_to_llvm.arguments import bytes_of
from xdsl.builder import Builder
from xdsl.dialects import arith, func, memref, scf, vector
from xdsl.dialects.builtin import DYNAMIC_INDEX, IndexType, IntegerAttr, MemRefType, NoneAttr
from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from .flat import Buffer, Flat, Index, Indices, strides_of, view
from .grids import THREAD, Axis, Grid, axis_of, level_of, touches_nothing


@dataclass(frozen=True)
class Parameter:
    """An argument of a function of the device, in terms of those of the kernel it comes from.

    `argument`: which of the kernel's. `start`: it is the number of that argument's first element, not the buffer.
    `shift`, `kind`: the buffer is a part of that argument, a workspace: so many bytes on, seen as this type.
    """

    argument: int
    start: bool = False
    shift: int | None = None
    kind: Buffer | None = None


@dataclass(frozen=True)
class Device:
    """What of a device says how a grid is cut. `block`: threads of a block of a flat grid. `blocks`: most blocks along
    a dimension."""

    block: int = 64
    blocks: int = 65535


@dataclass
class Outline:
    """One function of the device, as it is written."""

    name: str
    kernel: func.FuncOp
    grid: Grid
    device: Device
    same: Sequence[int]
    """For each argument of the kernel the first that shares memory with it, itself mostly."""
    parameters: list[Parameter] = field(default_factory=list[Parameter])
    values: dict[SSAValue, Index] = field(default_factory=dict[SSAValue, Index])
    flats: dict[SSAValue, Flat] = field(default_factory=dict[SSAValue, Flat])

    def __post_init__(self) -> None:
        self.entry = Block()
        self.at = Builder(InsertPoint.at_end(self.entry))
        self.first = Builder(InsertPoint.at_end(self.entry))
        self.indices = Indices(lambda op: self.at.insert(op), constant_at=self._at_start)
        self.made: dict[Parameter, BlockArgument] = {}

    def _at_start(self, op: Operation) -> Operation:
        first = self.entry.first_op
        while first is not None and isinstance(first, arith.ConstantOp):
            first = first.next_op
        if first is None:
            return self.at.insert(op) if self.at.insertion_point.block is self.entry else self._append(op)
        self.entry.insert_op_before(op, first)
        return op

    def _append(self, op: Operation) -> Operation:
        self.entry.add_op(op)
        return op

    # -- the function ------------------------------------------------------------------------------------------------

    def function(self) -> gpu.FuncOp:
        self._find_point()
        self._bring_in(self.grid.ops)
        self._run(self.grid.ops)
        if self.at.insertion_point.block is not self.entry:
            self.at.insert(scf.YieldOp())
        self.entry.add_op(gpu.ReturnOp())
        drop_unused(self.entry)
        stamp(self.entry.walk(), self.kernel.location)
        inputs, shared = list(self.entry.arg_types[: len(self.parameters)]), len(self.entry.args) - len(self.parameters)
        size = (self.threads, 1, 1)
        made = gpu.FuncOp(self.name, inputs, Region(self.entry), workgroup=shared, block_size=size)
        made.location = self.kernel.location
        return made

    @property
    def threads(self) -> int:
        """How many threads a block has."""
        if self.grid.threads is not None:
            return self.grid.threads
        return self.device.block if self.grid.axes else 1

    @property
    def points(self) -> int:
        """How many points of the grid are of one block."""
        return 1 if self.grid.threads is not None else self.threads

    def blocks(self) -> tuple[int, int]:
        """How many blocks the grid has along x and y."""
        count = -(-self.grid.points // self.points)
        rows = -(-count // self.device.blocks)
        return -(-count // rows), rows

    def _find_point(self) -> None:
        """Which point of the grid the thread, or its block, is: a number, then one for each axis; none where there are
        too many."""
        if not self.grid.axes:
            return
        points, (columns, rows) = self.grid.points, self.blocks()
        which = gpu.GlobalIdOp if self.grid.threads is None else gpu.BlockIdOp
        number: SSAValue = self.at.insert(which("x")).result
        if rows > 1:
            row = self.at.insert(which("y")).result
            before = self.indices.times(row, columns * self.points)
            number = self.indices.value(self.indices.plus(number, before))
        number.name_hint = "id" if self.grid.threads is None else "block"
        if columns * rows * self.points != points:
            there = self.at.insert(arith.CmpiOp(number, self.indices.value(points), "ult"))
            inside = Block()
            self.at.insert(scf.IfOp(there.result, [], Region(inside)))
            self.at = Builder(InsertPoint.at_end(inside))
        left: Index = number
        for axis in reversed(self.grid.axes[1:]):
            size = self.indices.value(axis.trips)
            assert isinstance(left, SSAValue)
            here = self.at.insert(arith.RemUIOp(left, size)).result
            left = self.at.insert(arith.DivUIOp(left, size)).result
            self._set_counter(axis, here)
        self._set_counter(self.grid.axes[0], left)

    def _set_counter(self, axis: Axis, number: SSAValue) -> None:
        counter = axis.loop.body.block.args[0]
        index = self.indices.plus(self.indices.times(number, axis.step), axis.lower)
        if isinstance(index, SSAValue):
            index.name_hint = index.name_hint or counter.name_hint
        self.values[counter] = index

    # -- values from outside -----------------------------------------------------------------------------------------

    def _bring_in(self, ops: Sequence[Operation]) -> None:
        """Have what `ops`, and what is in them, take from around them."""
        inside = {inner for op in ops for inner in op.walk()}
        for inner in (inner for op in ops for inner in op.walk()):
            for operand in inner.operands:
                owner = operand.owner
                home = owner.parent_op() if isinstance(owner, Block) else owner
                if home not in inside:
                    self._have(operand)

    def _have(self, value: SSAValue) -> None:
        if value in self.values or value in self.flats:
            return
        owner = value.owner
        if isinstance(owner, Block):
            if not isinstance(value.type, MemRefType) or owner.parent_op() is not self.kernel:
                raise StepwellError("a kernel of a device takes buffers", self.kernel)
            if not is_workspace(value):
                self.flats[value] = self._argument(cast("BlockArgument", value))
            return
        self._check_can_repeat(owner)
        for operand in owner.operands:
            self._have(operand)
        self.copy(owner)

    def _check_can_repeat(self, op: Operation) -> None:
        """Refuse to read in this launch what was read in an earlier one, if it may have been written in between, or is
        here: by another thread, before this one reads."""
        if not isinstance(op, memref.LoadOp):
            if op.regions:
                raise StepwellError(f"{op.name}: its results are used in another launch", op)
            return
        later, read = op.next_op, bytes_of(op.memref)
        here = self.grid.axes[0].loop if self.grid.axes else self.grid.ops[0]
        between: list[Operation] = []
        while later is not None and later is not here:
            between.append(later)
            later = later.next_op
        threads = self.grid.ops if self.grid.axes else ()
        for inner in (inner for top in (*between, *threads) for inner in top.walk()):
            if isinstance(inner, memref.StoreOp) and bytes_of(inner.memref).overlaps(read):
                raise StepwellError("what is read here is used by another launch, and written before it", op)

    def _argument(self, argument: BlockArgument) -> Flat:
        """The buffer of an argument of the kernel."""
        kind, n = cast("Buffer", argument.type), argument.index
        alone = self.same.count(self.same[n]) == 1
        strides = strides_of(kind, self.kernel)
        if alone and isinstance(kind.layout, NoneAttr):
            base = self._parameter(Parameter(n), MemRefType(kind.element_type, [prod(kind.get_shape())]), argument)
            return Flat(base, 0, strides)
        whole = MemRefType(kind.element_type, [DYNAMIC_INDEX])
        base = self._parameter(Parameter(self.same[n], kind=whole), whole, argument)
        start = self._parameter(Parameter(n, start=True), IndexType(), argument)
        start.name_hint = f"{argument.name_hint or 'x'}_start"
        return Flat(base, start, strides)

    def _parameter(self, parameter: Parameter, kind: Buffer | IndexType, like: SSAValue) -> BlockArgument:
        if parameter not in self.made:
            made = self.made[parameter] = self.entry.insert_arg(kind, len(self.parameters))
            made.name_hint = like.name_hint
            self.parameters.append(parameter)
        return self.made[parameter]

    # -- what the threads of a block do ------------------------------------------------------------------------------

    def _run(self, ops: Sequence[Operation]) -> None:
        """Write `ops`, of which loops over threads are run by the threads at once. Who goes on behind such a loop sees
        what all of them wrote."""
        waits = False
        for op in ops:
            if level_of(op) != THREAD or (axis := axis_of(op)) is None:
                if waits and isinstance(op, memref.LoadOp):
                    self.at.insert(gpu.BarrierOp())
                    waits = False
                self.copy(op)
                continue
            if waits:
                self.at.insert(gpu.BarrierOp())
            thread = self.at.insert(gpu.ThreadIdOp("x")).result
            self._set_counter(axis, thread)
            for inner in axis.loop.body.block.ops:
                if not isinstance(inner, scf.YieldOp):
                    self.copy(inner)
            waits = True

    def _share(self, op: memref.AllocaOp) -> None:
        """Memory of the block: an argument behind those that are handed in."""
        kind = op.memref.type
        if space_of(kind) is not AddressSpace.Workgroup:
            raise StepwellError("memory of one thread is not supported in a kernel of a device", op)
        line = MemRefType(kind.element_type, [prod(kind.get_shape())], NoneAttr(), kind.memory_space)
        base = self.entry.insert_arg(line, len(self.entry.args))
        base.name_hint = op.memref.name_hint
        self.flats[op.memref] = Flat(base, 0, strides_of(kind, op))

    # -- ops ---------------------------------------------------------------------------------------------------------

    def value(self, value: SSAValue) -> SSAValue:
        return self.indices.value(self.values[value])

    def index(self, value: SSAValue) -> Index:
        return self.values[value]

    def copy(self, op: Operation) -> None:
        """Write `op`, which stands in the kernel, here."""
        block = self.at.insertion_point.block
        last = block.last_op
        self._copy(op)
        made = block.first_op if last is None else last.next_op
        while made is not None:
            stamp([made], op.location)
            made = made.next_op

    def _copy(self, op: Operation) -> None:
        match op:
            case arith.ConstantOp() if isinstance(op.value, IntegerAttr) and isinstance(op.result.type, IndexType):
                self.values[op.result] = op.value.value.data
            case memref.LoadOp():
                self._keep(op, self.at.insert(memref.LoadOp.get(*self._place(op.memref, op.indices))))
            case memref.StoreOp():
                self.at.insert(memref.StoreOp.get(self.value(op.value), *self._place(op.memref, op.indices)))
            case vector.LoadOp():
                read = self.at.insert(vector.LoadOp(*self._place(op.base, op.indices), op.result.type))
                read.attributes |= op.attributes
                self._keep(op, read)
            case vector.StoreOp():
                write = self.at.insert(vector.StoreOp(self.value(op.vector), *self._place(op.base, op.indices)))
                write.attributes |= op.attributes
            case DeviceAsyncCopyOp():
                read = None if op.srcElements is None else self.value(op.srcElements)
                places = *self._place(op.src, op.srcIndices), *self._place(op.dst, op.dstIndices)
                self._keep(op, self.at.insert(DeviceAsyncCopyOp(*places, op.dstElements.value.data, read=read)))
            case LdMatrixOp():
                memory, place = self._place(op.srcMemref, op.indices)
                self._keep(op, self.at.insert(LdMatrixOp(memory, place, op.tiles, transpose=op.transposed)))
            case memref.ViewOp():
                self._part_of_workspace(op)
            case memref.AllocaOp():
                self._share(op)
            case gpu.BarrierOp():
                self.at.insert(gpu.BarrierOp())
            case memref.ExtractStridedMetaDataOp():
                flat = self.flats[op.source]
                self.flats[op.base_buffer] = Flat(flat.base, 0, ())
                self.values[op.offset] = flat.offset
                kind = cast("Buffer", op.source.type)
                for known, results in ((kind.get_shape(), op.sizes), (flat.strides, op.strides)):
                    self.values |= dict(zip(results, known, strict=True))
            case memref.CollapseShapeOp() | memref.ExpandShapeOp() | memref.SubviewOp() | memref.ReinterpretCastOp():
                self.flats[op.results[0]] = view(op, self.flats[op.operands[0]], self.indices, self.index)
            case _ if op.name == "memref.cast":
                self.flats[op.results[0]] = view(op, self.flats[op.operands[0]], self.indices, self.index)
            case arith.AddiOp() if isinstance(op.result.type, IndexType):
                self._set(op, self.indices.plus(self.index(op.lhs), self.index(op.rhs)))
            case arith.MuliOp() if isinstance(op.result.type, IndexType) and isinstance(self.index(op.rhs), int):
                self._set(op, self.indices.times(self.index(op.lhs), cast("int", self.index(op.rhs))))
            case _ if op.name.startswith(("arith.", "math.", "scf.", "vector.", "nvgpu.")):
                self._structured(op)
            case _:
                raise StepwellError(f"{op.name} cannot run on a device", op)

    def _place(self, memory: SSAValue, indices: Sequence[SSAValue]) -> tuple[SSAValue, list[SSAValue]]:
        """The buffer in one dimension, and where in it."""
        flat = self.flats[memory]
        return flat.base, [self.indices.value(self.indices.place(flat, [self.index(i) for i in indices]))]

    def _set(self, op: Operation, index: Index) -> None:
        if isinstance(index, SSAValue):
            index.name_hint = index.name_hint or op.results[0].name_hint
        self.values[op.results[0]] = index

    def _keep(self, old: Operation, new: Operation) -> None:
        for before, after in zip(old.results, new.results, strict=True):
            after.name_hint = before.name_hint
            self.values[before] = after

    def _structured(self, op: Operation) -> None:
        """An op on scalars, with what it holds."""
        operands = [self.value(operand) for operand in op.operands]
        regions = [Region(Block(arg_types=block.arg_types) for block in region.blocks) for region in op.regions]
        around = self.at
        for region, made in zip(op.regions, regions, strict=True):
            for block, new in zip(region.blocks, made.blocks, strict=True):
                for old_arg, arg in zip(block.args, new.args, strict=True):
                    arg.name_hint = old_arg.name_hint
                    self.values[old_arg] = arg
                self.at = Builder(InsertPoint.at_end(new))
                for inner in block.ops:
                    self.copy(inner)
        self.at = around
        attributes = {key: value for key, value in op.attributes.items() if not key.startswith("stepwell.")}
        made = type(op).create(
            operands=operands,
            result_types=op.result_types,
            properties=op.properties,
            attributes=attributes,
            regions=regions,
        )
        self._keep(op, self.at.insert(made))

    def _part_of_workspace(self, op: memref.ViewOp) -> None:
        """A buffer that a kernel keeps between two launches: one more argument."""
        kind, shift = op.result.type, self.index(op.byte_shift)
        assert isinstance(op.source, BlockArgument)
        if not isinstance(shift, int):
            raise StepwellError("a workspace of several threads cannot be had on a device", op)
        flat = MemRefType(kind.element_type, [prod(kind.get_shape())])
        base = self._parameter(Parameter(op.source.index, shift=shift, kind=flat), flat, op.result)
        self.flats[op.result] = Flat(base, 0, strides_of(kind, op))


def is_workspace(value: SSAValue) -> bool:
    """Bytes that are only looked at through views."""
    return any(isinstance(use.operation, memref.ViewOp) for use in value.uses)


def drop_unused(block: Block) -> None:
    """Take out what is computed for nothing: the counter of an axis of one point, which no index needs, say."""
    for op in reversed(list(block.walk())):
        if op.results and all(result.first_use is None for result in op.results) and touches_nothing(op):
            op.detach()
            op.erase()
