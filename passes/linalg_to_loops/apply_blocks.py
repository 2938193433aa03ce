"""Run some linalg ops of a kernel block by block, as `schedule.block` says, so that what they hand on stays in a cache.

    schedule.kernel @k {
      schedule.block [0, 1] along [0, 0] by [2, 2]
    }
  and
    %t = memref.alloc() : memref<8x64xf32>
    linalg.generic {(i, j) -> ...} ins(%x : memref<8x64xf32>) outs(%t : memref<8x64xf32>)        // 0
    linalg.generic {(i, j, k) -> ...} ins(%t, %w : ...) outs(%out : memref<8x32xf32>)            // 1
  become
    scf.for %b = %c0 to %c4 step %c1 {
      %start = arith.muli %b, %c2 : index
      %t = memref.alloc() : memref<2x64xf32>                                                     // one block, in L1
      %xs = memref.subview %x[%start, 0] [2, 64] [1, 1] : ... to memref<2x64xf32, strided<[64, 1], offset: ?>>
      linalg.generic {(i, j) -> ...} ins(%xs : ...) outs(%t : memref<2x64xf32>)
      %outs = memref.subview %out[%start, 0] [2, 32] [1, 1] : ...
      linalg.generic {(i, j, k) -> ...} ins(%t, %w : ...) outs(%outs : ...)
    } {stepwell.parallel}

What may run in blocks: ops that follow one another in the text (nothing that touches memory between them), each along
one of its parallel loops, in as many blocks as the others. A last block that is smaller stands behind the loop.

- A buffer that is allocated beside them and touched by no other op is private to a block: all ops that touch it must
  walk it in step, block n in part n of it and in no other part. It shrinks to one part.
- Of any other buffer each op sees its block's part, with as much beyond as its windows read. Where one of the ops
  writes it, the same holds as for private ones: then no block touches what another one writes.
- `linalg.index` of the loop counts on from the block's start. What is read at a computed place (`memref.load` in a
  body) must not be written by the ops.

So blocks can run in any order, and on several threads: the loop is marked `stepwell.parallel`. The ops inside keep
their order in the text, and with it their numbers; those of a smaller last block follow. They are scheduled as before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, prod

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import BlockOp, KernelOp
from stepwell.locations import fuse, stamp
from stepwell.pass_manager import ModulePass
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    IndexType,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    StridedLayoutAttr,
    UnitAttr,
)
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from .access import Access, Affine, Stage, identity, layout_of, linear, memref_type, start_of, whole_stage_of
from .apply_schedule import TRANSPARENT, erase_unused, functions_of, keep_inplace_safe, stages_of
from .emit import PARALLEL
from .nests import touching

BLOCKED = "stepwell.blocked"
"""Marks a kernel whose blocks stand in it, so that they are not made again."""


@dataclass(frozen=True)
class ApplyBlocks(ModulePass):
    name = "apply-blocks"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        functions = {op.sym_name.data: op for op in functions_of(module)}
        for schedule in [op for op in module.body.block.ops if isinstance(op, KernelOp)]:
            function = functions.get(schedule.kernel_name)
            blocks = [op for op in schedule.body.block.ops if isinstance(op, BlockOp)]
            if function is None or not blocks or BLOCKED in function.attributes:
                continue
            for block in blocks:
                Blocking(function, block).run()
            function.attributes[BLOCKED] = UnitAttr()


@dataclass(frozen=True)
class Member:
    """An op that runs in blocks: `step` iterations of its loop `dim` at a time."""

    stage: Stage
    dim: int
    step: int

    @property
    def op(self) -> Operation:
        return self.stage.op

    @property
    def extent(self) -> int:
        return self.stage.extents[self.dim]

    @property
    def count(self) -> int:
        return ceil(self.extent / self.step)

    def size(self, number: int) -> int:
        """Iterations in block `number`."""
        return min(self.step, self.extent - number * self.step)

    def operands(self) -> list[tuple[int, Access, tuple[Affine, ...]]]:
        """(number, access, place over the loops in each dim) of the operands that are buffers."""
        accesses = (*self.stage.inputs, *self.stage.outputs)
        first = len(self.op.operands) - len(accesses)
        if isinstance(self.op, linalg.GenericOp):
            maps = [attr.data for attr in self.op.indexing_maps]
            places = [tuple(linear(e, m.num_dims, self.op) for e in m.results) for m in maps]
        else:
            dims = len(self.stage.extents)
            places = [tuple(linear(e, dims, self.op) for e in identity(dims))] * len(accesses)
        return [(first + n, a, at) for n, (a, at) in enumerate(zip(accesses, places, strict=True))]


@dataclass(frozen=True)
class Part:
    """How a buffer is cut: each `period` elements of it hold `size` of one block, then those of the next."""

    period: int
    size: int

    def shrunk(self, place: int) -> int:
        """Where element `place` of the first block's part stands in a buffer that holds one part."""
        return place // self.period * self.size + place % self.period

    def buffer(self, kind: MemRefType[Attribute]) -> MemRefType[Attribute]:
        """The type of a buffer that holds one part."""
        shape = kind.get_shape()
        dim = max(d for d in range(len(shape)) if prod(shape[d:]) == self.period)
        row = prod(shape[dim + 1 :])
        inner = (self.size // row, *shape[dim + 1 :]) if self.size % row == 0 else (self.size,)
        return MemRefType(kind.element_type, (*shape[:dim], *inner))


Start = Callable[[int], SSAValue | int]
"""The first iteration of a block, of so many iterations."""


@dataclass
class Blocking:
    """The rewriting of the ops of one `schedule.block`."""

    function: func.FuncOp
    said: BlockOp
    members: list[Member] = field(default_factory=list[Member])
    private: dict[SSAValue, Part] = field(default_factory=dict[SSAValue, Part])

    def run(self) -> None:
        self.check()
        self._keep_inplace_safe({a.base for m in self.members for a in m.stage.outputs})
        self._rewrite()

    def check(self) -> None:
        """Raise `StepwellError`, with the reason, where the ops cannot run in such blocks."""
        self._find_members()
        ops = [m.op for m in self.members]
        written = {a.base for m in self.members for a in m.stage.outputs}
        if written & {base for m in self.members for base in m.stage.gathers()}:
            raise StepwellError("an op reads at a computed place what another one writes", self.said)
        for base in written:
            part = self._part(base)
            here = isinstance(base.owner, memref.AllocOp) and base.owner.parent is ops[0].parent
            if here and all(op in ops for op in touching(base)):
                self.private[base] = part

    # What may be blocked

    def _find_members(self) -> None:
        stages = stages_of(self.function)
        for number, dim, step in zip(self.said.numbers, self.said.loops, self.said.sizes, strict=True):
            if number >= len(stages):
                raise StepwellError(f"@{self.function.sym_name.data} has no linalg op {number}", self.said)
            stage = whole_stage_of(stages[number].op)
            assert stage is not None
            if dim >= len(stage.extents):
                raise StepwellError(f"linalg op {number} has no loop {dim}, but {len(stage.extents)}", self.said)
            if stage.reduction[dim]:
                raise StepwellError(f"loop {dim} of linalg op {number} reduces: it cannot be blocked", self.said)
            self.members.append(Member(stage, dim, step))
        counts = [m.count for m in self.members]
        if len(set(counts)) > 1:
            raise StepwellError(f"the ops have different numbers of blocks: {', '.join(map(str, counts))}", self.said)
        for one, after in pairwise(m.op for m in self.members):
            between = one.next_op
            while isinstance(between, TRANSPARENT):
                between = between.next_op
            if between is not after:
                raise StepwellError(f"{after.name} does not come right after {one.name}", self.said)

    def _part(self, base: SSAValue) -> Part:
        """How blocks share a buffer that they write. Raises `StepwellError` where two would meet in an element."""
        accesses = [(m, a.at) for m in self.members for a in (*m.stage.inputs, *m.stage.outputs) if a.base is base]
        sizes = {at.strides[m.dim] * m.step for m, at in accesses}
        reach = max(at.strides[m.dim] * m.extent for m, at in accesses)
        shape, strides = layout_of(base, self.said)
        periods = [*strides, *(stride * size for stride, size in zip(strides[:1], shape[:1], strict=True))]
        period = min((period for period in periods if period >= reach), default=None)
        together = len(sizes) == 1 and len({at.terms for _, at in accesses}) == 1
        if not together or min(sizes) <= 0 or period is None or any(at.panels for _, at in accesses):
            raise StepwellError("the ops do not walk in step what one of them writes", self.said)
        part = Part(period, min(sizes))
        for m, at in accesses:
            steps = [
                (s, m.step if d == m.dim else n)
                for d, (s, n) in enumerate(zip(at.strides, m.stage.extents, strict=True))
            ]
            last = at.offset % period + sum(s * (n - 1) for s, n in steps if s < period)
            if last >= part.size or any(s < 0 or (s > period and s % period) for s, _ in steps):
                raise StepwellError("a block touches what another one writes", self.said)
        return part

    def _keep_inplace_safe(self, written: set[SSAValue]) -> None:
        """An output may stand over an input only if each block reads of the input just what it overwrites."""
        accesses = [a for m in self.members for a in (*m.stage.inputs, *m.stage.outputs)]
        gathered = {base for m in self.members for base in m.stage.gathers()}

        def may_share(source: SSAValue, out: SSAValue) -> bool:
            read = {a.at for a in accesses if a.base is source}
            if out not in written or (not read and source not in gathered):
                return True
            return source not in gathered and len(read) == 1 and read == {a.at for a in accesses if a.base is out}

        keep_inplace_safe(self.function, may_share)

    # The loop

    def _rewrite(self) -> None:
        last = self.members[-1].op
        block = last.parent
        assert block is not None
        count = self.members[0].count
        full = sum(all(m.size(n) == m.step for m in self.members) for n in range(count))
        made: list[Operation] = []
        if full > 1:
            start, stop, step = (arith.ConstantOp(IntegerAttr.from_index_int_value(n)) for n in (0, full, 1))
            body = Block(arg_types=[IndexType()])
            body.args[0].name_hint = "block"
            body.add_ops([*self._one(0, body.args[0]), scf.YieldOp()])
            loop = scf.ForOp(start.result, stop.result, step.result, [], Region(body))
            loop.attributes[PARALLEL] = UnitAttr()
            made += [start, stop, step, loop]
        for number in range(full if full > 1 else 0, count):
            made += self._one(number, None)
        stamp((inner for op in made for inner in op.walk()), fuse(m.op.location for m in self.members))
        block.insert_ops_before(made, last)
        for m in self.members:
            block.erase_op(m.op)
        erase_unused(block)

    def _one(self, number: int, variable: SSAValue | None) -> list[Operation]:
        """The ops of block `number`; of any block like it, where a `variable` counts them."""
        head: list[Operation] = []  # index arithmetic, so that only views stand between linalg ops
        ops: list[Operation] = []
        buffers: dict[SSAValue, SSAValue] = {}
        starts: dict[int, SSAValue] = {}
        views: dict[tuple[SSAValue, int, int, int], SSAValue] = {}

        def start(step: int) -> SSAValue | int:
            if variable is None:
                return number * step
            if step not in starts:
                factor = arith.ConstantOp(IntegerAttr.from_index_int_value(step))
                product = arith.MuliOp(variable, factor)
                product.result.name_hint = "start"
                head.extend((factor, product))
                starts[step] = product.result
            return starts[step]

        for base, part in self.private.items():
            alloc = memref.AllocOp([], [], part.buffer(memref_type(base)))
            alloc.memref.name_hint = base.name_hint
            buffers[base] = alloc.memref
            ops.append(alloc)
        for m in self.members:
            clone = m.op.clone()
            missing = m.extent - m.size(number)
            for index, access, places in m.operands():
                value = m.op.operands[index]
                sizes = [
                    size - place.strides[m.dim] * missing
                    for size, place in zip(memref_type(value).get_shape(), places, strict=True)
                ]
                if (buffer := buffers.get(access.base)) is not None:
                    view = private_view(buffer, self.private[access.base], value, sizes, m.op)
                    clone.operands[index] = buffer if view is None else add(ops, view)
                    continue
                moving = [d for d, place in enumerate(places) if place.strides[m.dim] or place.panel(m.dim) > 1]
                if not moving:
                    continue
                dim = moving[0]
                if len(moving) > 1 or places[dim].panels:
                    raise StepwellError(
                        "a loop walks two dims of an operand, or panels: it cannot be blocked", self.said
                    )
                step = places[dim].strides[m.dim] * m.step
                key = (value, dim, step, sizes[dim])
                if key not in views:
                    views[key] = add(ops, part_of(value, dim, start(step), sizes))
                clone.operands[index] = views[key]
            shift_indices(clone, m.dim, lambda m=m: start(m.step))
            ops.append(clone)
        return [*head, *ops]


def add(ops: list[Operation], op: Operation) -> SSAValue:
    ops.append(op)
    return op.results[0]


def private_view(
    buffer: SSAValue, part: Part, value: SSAValue, sizes: Sequence[int], where: Operation
) -> Operation | None:
    """What of the buffer of one block stands for `value`, a view of the whole one; None for the buffer as it is."""
    strides = layout_of(value, where)[1]
    shrunk = tuple(part.shrunk(stride) if stride >= part.period else stride for stride in strides)
    offset = part.shrunk(start_of(value)[0])
    if (tuple(sizes), shrunk) == layout_of(buffer, where) and not offset:
        return None
    kind = MemRefType(memref_type(buffer).element_type, sizes, StridedLayoutAttr(shrunk, offset))
    return memref.ReinterpretCastOp(buffer, [], [], [], [offset], sizes, shrunk, kind)


def part_of(value: SSAValue, dim: int, start: SSAValue | int, sizes: Sequence[int]) -> Operation:
    """`sizes` elements of `value`, from `start` on in dim `dim`."""
    kind = memref_type(value)
    strides = [stride for stride in kind.get_strides() or () if stride is not None]
    offset = kind.get_offset()
    places, dynamic = [0] * len(sizes), list[SSAValue]()
    if isinstance(start, int):
        places[dim] = start
        offset = None if offset is None else offset + start * strides[dim]
    else:
        places[dim], offset = DYNAMIC_INDEX, None
        dynamic.append(start)
    result = MemRefType(kind.element_type, sizes, StridedLayoutAttr(strides, offset))
    return memref.SubviewOp(value, dynamic, [], [], places, list(sizes), [1] * len(sizes), result)


def shift_indices(op: Operation, dim: int, start: Callable[[], SSAValue | int]) -> None:
    """Let each `linalg.index` of loop `dim` in the body of `op` count from `start` on."""
    for inner in [inner for inner in op.walk() if isinstance(inner, linalg.IndexOp) and inner.dim.value.data == dim]:
        first = start()
        made: list[Operation] = []
        if isinstance(first, int):
            made.append(arith.ConstantOp(IntegerAttr.from_index_int_value(first)))
            first = made[0].results[0]
        uses = list(inner.result.uses)
        total = arith.AddiOp(inner.result, first)
        made.append(total)
        for use in uses:
            use.operation.operands[use.index] = total.result
        block = inner.parent
        assert block is not None
        block.insert_ops_after(made, inner)


def fits(function: func.FuncOp, block: BlockOp) -> bool:
    """Whether ops of `function` can run in blocks as `block` says."""
    try:
        Blocking(function, block).check()
    except StepwellError:
        return False
    return True
