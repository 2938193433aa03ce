"""Write one store of a kernel as a kernel of its own, of which a thread stores the element whose number it bears.

The thread's place in the old grid, and the counters of the loops around the store, are computed from the element; then
comes what led to the store. What does not lead there is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from stepwell.diagnostics import StepwellError
from stepwell.dialects import gpu
from stepwell.locations import stamp
from stepwell.passes.loops_to_gpu.flat import Index, Indices
from stepwell.passes.loops_to_llvm.arguments import constant
from xdsl.builder import Builder
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint
from xdsl.transforms.dead_code_elimination import region_dce

from .places import Digit, Place, Places, is_in_mixed_radix

ULT = 6
FIX = "take a target with compute shaders: wgsl, spirv, glsl"


@dataclass
class Fragment:
    """`points`: threads of the kernel's launch. `kept`: after `function`, which of the kernel's arguments it takes."""

    name: str
    kernel: gpu.FuncOp
    store: memref.StoreOp
    points: int
    kept: list[int] = field(default_factory=list[int])
    places: Places = field(default_factory=Places)
    values: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])

    def __post_init__(self) -> None:
        assert isinstance(self.store.memref, BlockArgument)
        self.target = self.store.memref
        self.path: list[Operation] = [self.store]
        while (parent := self.path[0].parent_op()) is not self.kernel:
            assert parent is not None
            self.path.insert(0, parent)
        self.entry = Block()
        self.at = Builder(InsertPoint.at_end(self.entry))
        self.indices = Indices(self.insert)

    def insert(self, op: Operation) -> Operation:
        return self.at.insert(op)

    def refuse(self, what: str) -> StepwellError:
        return StepwellError(f"@{self.kernel.sym_name.data} {what}, which no fragment shader can do", self.store, FIX)

    # -- the function ------------------------------------------------------------------------------------------------

    def function(self) -> gpu.FuncOp:
        numbered = list(enumerate(self.kernel.arguments))
        buffers = [n for n, value in numbered if isinstance(value.type, MemRefType) and value is not self.target]
        numbers = [n for n, value in numbered if not isinstance(value.type, MemRefType)]
        order = [*buffers, self.target.index, *numbers]
        for old in (*(self.kernel.arguments[n] for n in order), *self.kernel.private_buffers):
            new = self.entry.insert_arg(old.type, len(self.entry.args))
            new.name_hint = old.name_hint
            self.values[old] = new
        element = self.insert(gpu.GlobalIdOp("x")).results[0]
        element.name_hint = "element"
        guard = self.find_digits()
        place = self.place()
        self.enter(self.find_thread(element, place))
        self.follow(self.kernel.body.block, self.path, guard, element)
        while (block := self.at.insertion_point.block) is not self.entry:
            self.insert(scf.YieldOp())
            parent = block.parent_op()
            assert parent is not None
            self.at = Builder(InsertPoint.after(parent))
        self.insert(gpu.ReturnOp())
        return self.finish(order)

    def finish(self, order: list[int]) -> gpu.FuncOp:
        """Leave out what is not used, arguments too."""
        body = Region(self.entry)
        region_dce(body)
        for n in reversed(range(len(order))):
            if self.entry.args[n].first_use is None:
                self.entry.erase_arg(self.entry.args[n])
                del order[n]
        self.kept = order
        stamp(self.entry.walk(), self.kernel.location)
        made = gpu.FuncOp(self.name, [self.entry.args[n].type for n in range(len(order))], body, block_size=(1, 1, 1))
        made.location = self.kernel.location
        return made

    # -- from the element to the thread ------------------------------------------------------------------------------

    def find_digits(self) -> scf.IfOp | None:
        """Name the digits of threads and loops; the scf.if that keeps threads from going beyond the last point."""
        ids = [op for op in self.kernel.walk() if isinstance(op, gpu.GlobalIdOp)]
        if any(str(op.dimension.data) != "x" for op in ids):
            raise self.refuse("counts its threads along more than one dimension")
        guard, points = None, self.points
        for op in self.path:
            if isinstance(op, scf.IfOp) and isinstance(there := op.cond.owner, arith.CmpiOp):
                last = constant(there.rhs)
                if (
                    there.predicate.value.data == ULT
                    and isinstance(there.lhs.owner, gpu.GlobalIdOp)
                    and last is not None
                ):
                    guard, points = op, min(points, last)
        self.places.split([op.result for op in ids], points)
        for op in self.path:
            if isinstance(op, scf.WhileOp) or (isinstance(op, scf.ForOp) and (op.results or not self.places.count(op))):
                raise self.refuse("stores in a loop that carries values, or whose steps are not known")
        return guard

    def place(self) -> Place:
        place = self.places.of(self.store.indices[0])
        if place is None:
            raise self.refuse("stores at a place that it computes by more than sums and products with constants")
        used = {digit for digit, _ in place.digits}
        if any(digit.count > 1 and digit not in used for digit in self.places.digits) or not is_in_mixed_radix(place):
            raise self.refuse("stores several times at one place")
        looped = any(isinstance(op, scf.ForOp) for op in self.path)
        for op in self.kernel.walk():
            if looped and isinstance(op, memref.LoadOp) and op.memref is self.target:
                if self.places.of(op.indices[0]) != place:
                    raise self.refuse("reads what a step before has stored")
        return place

    def find_thread(self, element: SSAValue, place: Place) -> list[SSAValue]:
        """Have the digits of the thread that stores at `element`; the conditions under which there is one."""
        conditions: list[SSAValue] = []

        def test(predicate: str, a: SSAValue, b: Index) -> None:
            conditions.append(self.insert(arith.CmpiOp(a, self.indices.value(b), predicate)).results[0])

        first = place.constant + sum(step * (digit.count - 1) for digit, step in place.digits if step < 0)
        base: Index = first
        for number, step in place.numbers:
            base = self.indices.plus(self.indices.times(self.values[number], step), base)
        rest = element
        if base != 0:
            test("sge", element, base)
            rest = self.insert(arith.SubiOp(element, self.indices.value(base))).results[0]
        room = cast("MemRefType[Attribute]", self.target.type).get_shape()[0]
        left = room - first if room != DYNAMIC_INDEX and not place.numbers else None  # how many values rest may have
        digits: dict[Digit, Index] = {}
        for digit, step in place.digits:
            size = abs(step)
            here = self.divided(rest, size)
            if left is None or left > size * digit.count:
                test("slt", here, digit.count)
            rest = self.insert(arith.RemUIOp(rest, self.indices.value(size))).results[0] if size > 1 else None
            digits[digit] = (
                here if step > 0 else self.insert(arith.SubiOp(self.indices.value(digit.count - 1), here)).results[0]
            )
            left = size
            if rest is None:
                break
        if rest is not None and left != 1:
            test("eq", rest, 0)
        for value, known in self.places.known.items():
            total: Index = known.constant
            for digit, step in known.digits:
                total = self.indices.plus(total, self.indices.times(digits[digit], step))
            self.values[value] = self.indices.value(total)
            self.values[value].name_hint = self.values[value].name_hint or value.name_hint
        return conditions

    def divided(self, value: SSAValue, by: int) -> SSAValue:
        return value if by == 1 else self.insert(arith.DivUIOp(value, self.indices.value(by))).results[0]

    def enter(self, conditions: list[SSAValue]) -> None:
        """Go on where all of these hold."""
        if not conditions:
            return
        every, *more = conditions
        for condition in more:
            every = self.insert(arith.AndIOp(every, condition)).results[0]
        self.descend(every)

    def descend(self, condition: SSAValue) -> None:
        inside = Block()
        self.insert(scf.IfOp(condition, [], Region(inside)))
        self.at = Builder(InsertPoint.at_end(inside))

    # -- what leads to the store -------------------------------------------------------------------------------------

    def follow(self, block: Block, path: list[Operation], guard: scf.IfOp | None, element: SSAValue) -> None:
        head, *rest = path
        for op in block.ops:
            if op is head:
                break
            self.copy(op)
        match head:
            case memref.StoreOp():
                self.insert(memref.StoreOp.get(self.values[head.value], self.values[self.target], [element]))
                return
            case scf.IfOp():
                if head is not guard:
                    self.take_side(head, rest[0])
            case scf.ForOp():
                pass  # its counter is a digit
            case _:
                raise self.refuse(f"stores inside of {head.name}")
        inner = rest[0].parent
        assert inner is not None
        self.follow(inner, rest, guard, element)

    def take_side(self, op: scf.IfOp, inner: Operation) -> None:
        condition = self.values[op.cond]
        if op.true_region.block is not inner.parent:
            true = self.insert(arith.ConstantOp.from_int_and_width(1, 1)).results[0]
            condition = self.insert(arith.XOrIOp(condition, true)).results[0]
        self.descend(condition)

    def copy(self, op: Operation) -> None:
        if all(result in self.values for result in op.results) and op.results:
            return  # a part of the thread's number
        if is_store(op, self.kernel):
            return
        copied = self.insert(op.clone(self.values))
        for inner in list(copied.walk()):
            if isinstance(inner, memref.StoreOp) and is_argument(inner.memref, self.entry, len(self.kernel.arguments)):
                inner.detach()
                inner.erase()


def is_store(op: Operation, kernel: gpu.FuncOp) -> bool:
    return isinstance(op, memref.StoreOp) and op.memref in kernel.arguments


def is_argument(value: SSAValue, entry: Block, count: int) -> bool:
    return isinstance(value, BlockArgument) and value.block is entry and value.index < count
