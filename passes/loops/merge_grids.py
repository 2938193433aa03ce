"""Make one nest of the parallel loops of a kernel that do not wait for one another: one launch instead of several.

    scf.for %i = %c0 to %c12 step %c1 {                    scf.for %n = %c0 to %c20 step %c1 {
      memref.store %zero, %out[%i]                           %first = arith.cmpi ult, %n, %c12
    } {stepwell.parallel}                                    scf.if %first {
    scf.for %j = %c0 to %c4 step %c1 {                         memref.store %zero, %out[%n]
      %row = arith.muli %j, %c12                             } else {
      scf.for %k = %c0 to %c2 step %c1 {            =>         %rest = arith.addi %n, %c-12
        %at = arith.addi %row, %k                              %k = arith.remui %rest, %c2
        %there = arith.addi %at, %c12                          %j = arith.divui %rest, %c2
        memref.store %zero, %out[%there]                       %row = arith.muli %j, %c12
      } {stepwell.parallel}                                    ...
    } {stepwell.parallel}                                    }
                                                           } {stepwell.parallel}

A device sees what a launch wrote only in the next one, so `loops-to-gpu` makes a launch of each nest: the border of a
padded map is four. Nests are merged where what one writes the others neither read nor write: other buffers, or other
elements of one. The latter is shown of places that are sums of counters times strides, each of which divides the next
larger: such a place is a number with digits, and two sets of places are apart if one of their digits always differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.lanes import memref_type
from stepwell.locations import stamp
from stepwell.pass_manager import ModulePass
from stepwell.passes.linalg_to_loops.emit import PARALLEL
from stepwell.passes.loops_to_gpu.flat import Indices
from stepwell.passes.loops_to_gpu.grids import Axis, axis_of, level_of, touches_nothing
from stepwell.passes.loops_to_llvm.arguments import SAME_START, bytes_of, constant
from stepwell.passes.loops_to_llvm.memory import static_strides
from xdsl.builder import Builder
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, MemRefType, ModuleOp, UnitAttr
from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint


@dataclass(frozen=True)
class MergeGrids(ModulePass):
    """`buffers`: the most that a launch may be handed; 0: any number."""

    name = "merge-grids"

    buffers: int = 0

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        if self.buffers < 0:
            raise StepwellError("merge-grids: buffers is a count")
        kernels = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp)}
        shared = shared_arguments(module)
        for name, kernel in kernels.items():
            if kernel.body.blocks:
                for block in blocks_of_nests(kernel.body.block):
                    merge(block, shared.get(name, set()), self.buffers)


def shared_arguments(module: ModuleOp) -> dict[str, set[frozenset[int]]]:
    """For each function the pairs of its arguments that share memory in a call."""
    found: dict[str, set[frozenset[int]]] = {}
    for call in module.walk():
        if isinstance(call, func.CallOp):
            ranges = [bytes_of(a) if isinstance(a.type, MemRefType) else None for a in call.arguments]
            pairs = found.setdefault(call.callee.string_value(), set())
            for n, a in enumerate(ranges):
                for m, b in enumerate(ranges[:n]):
                    if a is not None and b is not None and a.overlaps(b):
                        pairs.add(frozenset((n, m)))
    return found


def blocks_of_nests(block: Block) -> Iterator[Block]:
    """A kernel's block, and those of loops that it shares and that hold several more."""
    for op in list(block.ops):
        if isinstance(op, scf.ForOp) and is_shared(op):
            yield from blocks_of_nests(op.body.block)
    yield block


def is_shared(op: Operation) -> bool:
    """Whether a grid of threads runs the loop `op`, with no word on blocks."""
    return axis_of(op) is not None and level_of(op) is None


# What a nest touches


@dataclass(frozen=True)
class Place:
    """Which elements of `buffer` an op touches: `start` plus, for each (stride, count) of `terms`, a multiple of the
    stride below count times; plus `unknown`, numbers that are the same all the time. `exact` False: any element."""

    buffer: SSAValue
    written: bool
    start: int = 0
    terms: tuple[tuple[int, int], ...] = ()
    unknown: frozenset[tuple[SSAValue, int]] = frozenset()
    exact: bool = True

    def is_apart(self, other: Place, shared: set[frozenset[int]]) -> bool:
        """Whether no element is touched by both, or none is written."""
        if not (self.written or other.written):
            return True
        if self.buffer is not other.buffer:
            return not may_be_one(self.buffer, other.buffer, shared)
        return self.exact and other.exact and self.unknown == other.unknown and digits_differ(self, other)


def may_be_one(a: SSAValue, b: SSAValue, shared: set[frozenset[int]]) -> bool:
    if isinstance(a, BlockArgument) and isinstance(b, BlockArgument):
        return frozenset((a.index, b.index)) in shared
    return False  # an allocation of the kernel's own


def digits_differ(a: Place, b: Place) -> bool:
    """Whether two sets of places, as numbers with the same digits, differ in one of them."""
    strides = sorted({stride for place in (a, b) for stride, _ in place.terms} | {1}, reverse=True)
    if strides[-1] < 1 or any(n % m for n, m in pairwise(strides)):
        return False
    ranges = [digits(place, strides) for place in (a, b)]
    return all(ranges) and any(left[1] < right[0] or right[1] < left[0] for left, right in zip(*ranges, strict=True))


def digits(place: Place, strides: Sequence[int]) -> list[tuple[int, int]]:
    """The least and the greatest of each digit; none where a digit runs over in the middle."""
    start = place.start
    low: list[int] = []
    high: list[int] = []
    for stride in strides:
        digit, start = divmod(start, stride)
        low.append(digit)
        high.append(digit + sum(count - 1 for step, count in place.terms if step == stride))
    for n in range(len(strides) - 1, 0, -1):
        radix = strides[n - 1] // strides[n]
        if low[n] % radix == 0 and (high[n] + 1) % radix == 0:  # all of some whole numbers of the next digit
            low[n - 1] += low[n] // radix
            high[n - 1] += (high[n] + 1) // radix - 1
            low[n], high[n] = 0, radix - 1
        elif high[n] >= radix:
            return []
    return list(zip(low, high, strict=True))


def places_of(nest: scf.ForOp) -> list[Place] | None:
    """What a nest touches; None where it is not known, or where it holds what only a launch of its own can."""
    found: list[Place] = []
    for op in nest.walk():
        match op:
            case memref.LoadOp() | memref.StoreOp():
                found.append(place_of(op))
            case scf.ForOp() | scf.IfOp() | scf.WhileOp() | scf.YieldOp() | scf.ConditionOp():
                if op is not nest and op.attributes.get(PARALLEL) is not None and not is_shared(op):
                    return None
            case _ if op.name.startswith(("arith.", "math.")) or touches_nothing(op):
                pass
            case _:
                return None
    return found


def place_of(op: memref.LoadOp | memref.StoreOp) -> Place:
    """The elements that an access touches in all iterations of all loops around it."""
    written = isinstance(op, memref.StoreOp)
    kind = memref_type(op.memref)
    buffer, sums = op.memref, Sums()
    for index, stride in zip(op.indices, static_strides(kind), strict=True):
        sums.add(index, stride)
    while isinstance(owner := buffer.owner, Operation):
        if isinstance(owner, memref.SubviewOp):
            strides = static_strides(memref_type(owner.source))
            given = iter(owner.offsets)
            for start, stride in zip(owner.static_offsets.get_values(), strides, strict=True):
                if int(start) < 0:
                    sums.add(next(given), stride)
                else:
                    sums.start += int(start) * stride
        elif owner.name in SAME_START and owner.name != "memref.extract_strided_metadata":
            pass
        elif owner.name in ("memref.alloc", "memref.alloca"):
            break
        else:  # a view at a place of which the types say nothing
            return Place(bytes_of(buffer).buffer, written, exact=False)
        buffer = owner.operands[0]
    return Place(buffer, written, sums.start, tuple(sums.terms), frozenset(sums.unknown.items()), sums.exact)


@dataclass
class Sums:
    """A place, as it is added up."""

    start: int = 0
    terms: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    unknown: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])
    exact: bool = True

    def add(self, index: SSAValue, factor: int) -> None:
        """Add `factor` times an index."""
        owner = index.owner
        if (number := constant(index)) is not None:
            self.start += factor * number
        elif isinstance(owner, arith.AddiOp):
            self.add(owner.lhs, factor)
            self.add(owner.rhs, factor)
        elif isinstance(owner, arith.MuliOp) and (number := constant(owner.rhs)) is not None:
            self.add(owner.lhs, factor * number)
        elif isinstance(owner, Block) and isinstance(loop := owner.parent_op(), scf.ForOp) and index is owner.args[0]:
            first, end, step = map(constant, (loop.lb, loop.ub, loop.step))
            if first is None or end is None or not step or step < 0:
                self.exact = False
            elif (count := -((first - end) // step)) > 0:
                self.start += factor * first
                self.terms.append((factor * step, count))
        elif is_argument(index):
            self.unknown[index] = self.unknown.get(index, 0) + factor
        else:
            self.exact = False


def is_argument(value: SSAValue) -> bool:
    """Whether a number is handed to the kernel: the same for all iterations."""
    return isinstance(value, BlockArgument) and isinstance(value.owner.parent_op(), func.FuncOp)


# Merging


@dataclass(frozen=True)
class Nest:
    """Loops that a grid runs, each in the one before, and what it touches."""

    axes: tuple[Axis, ...]
    places: list[Place]

    @property
    def points(self) -> int:
        return prod(axis.trips for axis in self.axes)


def nest_of(op: Operation) -> Nest | None:
    """The nest that `op` is the outermost loop of, if it can stand beside others in a launch."""
    if not is_shared(op) or (axis := axis_of(op)) is None:
        return None
    places = places_of(axis.loop)
    if places is None:
        return None
    axes = [axis]
    while True:
        effects = [inner for inner in axes[-1].loop.body.block.ops if not touches_nothing(inner)]
        effects = [inner for inner in effects if not isinstance(inner, scf.YieldOp)]
        if len(effects) != 1 or (axis := axis_of(effects[0])) is None:
            break
        axes.append(axis)
    if any(PARALLEL in inner.attributes for outer in effects for inner in outer.walk()):
        return None  # loops that follow one another in a loop that is shared, launches of their own
    return Nest(tuple(axes), places) if all(axis.trips for axis in axes) else None


def merge(block: Block, shared: set[frozenset[int]], most: int) -> None:
    """Merge the nests of a block that follow one another, as many at a time as do not wait for one another."""
    group: list[Nest] = []

    def close() -> None:
        if len(group) > 1:
            one_nest(group)
        group.clear()

    for op in list(block.ops):
        if isinstance(op, scf.YieldOp | func.ReturnOp) or touches_nothing(op):
            continue
        nest = nest_of(op)
        if nest is None:
            close()
            continue
        together = [*group, nest]
        apart = all(a.is_apart(b, shared) for other in group for a in other.places for b in nest.places)
        if not apart or (most and len({place.buffer for n in together for place in n.places}) > most):
            close()
        group.append(nest)
    close()


def one_nest(nests: Sequence[Nest]) -> None:
    """One loop over the points of all, where the last of them stands."""
    last = nests[-1].axes[0].loop
    assert last.parent is not None
    before = Builder(InsertPoint.before(last))
    numbers = Indices(before.insert)
    body = Block(arg_types=[IndexType()])
    total = sum(nest.points for nest in nests)
    loop = scf.ForOp(numbers.value(0), numbers.value(total), numbers.value(1), [], Region(body))
    loop.attributes[PARALLEL] = UnitAttr()
    body.args[0].name_hint = "n"
    write_choice(nests, body, body.args[0], numbers)
    before.insert(loop)
    stamp([loop, *loop.walk()], last.location)
    for nest in nests:
        outermost = nest.axes[0].loop
        cast("Block", outermost.parent).erase_op(outermost)


def write_choice(nests: Sequence[Nest], block: Block, number: SSAValue, numbers: Indices) -> None:
    """What the thread of this number does: a point of the first nest, or of those behind it."""
    nest, *others = nests
    at = Builder(InsertPoint.at_end(block))
    if not others:
        write_point(nest, block, number, numbers)
    else:
        mine, theirs = Block(), Block()
        is_mine = at.insert(arith.CmpiOp(number, numbers.value(nest.points), "ult"))
        write_point(nest, mine, number, numbers)
        mine.add_op(scf.YieldOp())
        rest = Builder(InsertPoint.at_end(theirs)).insert(arith.AddiOp(number, numbers.value(-nest.points))).result
        write_choice(others, theirs, rest, numbers)
        at.insert(scf.IfOp(is_mine.result, [], Region(mine), Region(theirs)))
    block.add_op(scf.YieldOp())


def write_point(nest: Nest, block: Block, number: SSAValue, numbers: Indices) -> None:
    """Move to the end of `block` what the nest's loops hold, for the point of this number."""
    at = Builder(InsertPoint.at_end(block))
    inner = Indices(at.insert, numbers.constants, numbers.constant_at or numbers.add)
    left = number
    for axis in reversed(nest.axes):
        here = left
        if axis is not nest.axes[0]:
            here = at.insert(arith.RemUIOp(left, numbers.value(axis.trips))).result
            left = at.insert(arith.DivUIOp(left, numbers.value(axis.trips))).result
        counter = axis.loop.body.block.args[0]
        place = inner.value(inner.plus(inner.times(here, axis.step), axis.lower))
        if place is not number:
            place.name_hint = counter.name_hint
        counter.replace_all_uses_with(place)
    loops = {axis.loop for axis in nest.axes}
    for op in list(ops_of(nest)):
        if op not in loops and not isinstance(op, scf.YieldOp):
            op.detach()
            block.add_op(op)


def ops_of(nest: Nest) -> Iterable[Operation]:
    for axis in nest.axes:
        yield from axis.loop.body.block.ops
