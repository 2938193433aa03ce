"""Write a nest that the threads of a block compute together: SPMD loops, as upstream's mapped `scf.forall`.

    scf.for %i = %c0 to %c512 step %c64 {                                   // a block of threads each
      %a_tile = memref.alloca() : memref<1024xf32, #gpu.address_space<workgroup>>
      scf.for %t = %c0 to %c256 step %c1 {                                  // its threads
        %sums:16 = scf.for %r = %c0 to %c128 step %c16 iter_args(...) {
          scf.for %n = %c0 to %c1024 step %c256 {                           // each copies a share
            memref.store %a[...], %a_tile[%n + %t]
          }
          gpu.barrier
          %more:16 = scf.for %k = %c0 to %c16 step %c1 iter_args(...) {
            %x = memref.load %a_tile[...]                                   // loaded once, used for a row of results
            ...
          }
          gpu.barrier
          scf.yield %more#0, ...
        }
        memref.store %sums#0, %out[...]
      } {stepwell.parallel = "thread"}
    } {stepwell.parallel = "block"}

All threads run the same steps, so that they meet at each barrier: at an edge, what is not there is read at the last
place that is, filled with zeros along a reduction, and not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby, product
from math import prod

from stepwell.dialects.gpu import BarrierOp
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.traits import is_side_effect_free

from .access import Access, Stage
from .block_copies import Copies, load, shared
from .block_parts import Part
from .block_places import Places, at, plus
from .block_plan import BlockPlan, moves
from .body import Combiner, combiner_of, zero_of
from .builder import INDEX, NestBuilder
from .emit import PARALLEL, THREAD
from .lanes import NOWHERE, Body, Column, Place, Point, shifted
from .nests import Nest

SCALAR = Column()
Cell = Mapping[int, int]
"""One of the results of a thread: how far it is along each loop that is written out."""


class BlockEmitter:
    """What the threads of a block do of one nest."""

    def __init__(self, nest: Nest, plan: BlockPlan, b: NestBuilder):
        self.nest, self.plan, self.main = nest, plan, nest.main
        self.b = b
        self.body = Body(self.b)
        self.places = Places(self.b, plan, self.main)
        self.stored = set(nest.stored())
        self.inner: dict[int, Place] = {}
        """Where the open loops inside of a tile stand in it."""
        sides = [range(0, part.step * part.count, part.step) for part in plan.registers]
        dims = [part.dim for part in plan.registers]
        self.cells: list[Cell] = [dict(zip(dims, numbers, strict=True)) for numbers in product(*sides)]

    def emit(self, block: Point) -> None:
        """Write the nest in the open loops over blocks, where the block is at `block`."""
        point = dict(block)
        self.copies = Copies(self.plan.caches, self.places, self.body)
        split = self.main.outputs if self.plan.split else ()
        self.parts = [shared(self.b, out.element, self.plan.width, "parts") for out in split]
        with ExitStack() as stack:
            threads = stack.enter_context(self.b.loop(0, self.plan.width, 1))
            threads.op.attributes[PARALLEL] = StringAttr(THREAD)
            threads.index.name_hint = "t"
            self.thread = self.copies.thread = threads.index
            self._stand()
            for part in self.plan.runs:
                loop = stack.enter_context(self.b.loop(0, part.step * part.count, part.step))
                point[part.dim] = plus(point, part.dim, loop.index)
            self._tile(point)

    def _stand(self) -> None:
        """Where the thread stands in the tile."""
        self.inner = self.places.moved({}, self.plan.threads, self.thread)

    # One tile: what the threads of a block compute at a time

    def _tile(self, point: Point) -> None:
        exact = [at(point, self._place(cell)) for cell in self.cells]
        points = [self.places.clamped(one) for one in exact]
        known: list[dict[Access, SSAValue]] = [{} for _ in self.cells]
        self._evaluate(self.nest.inits, points, known)
        if self.main.is_parallel:
            self._evaluate([self.main], points, known)
        else:
            self._accumulate(point, points, known)
        self._evaluate(self.nest.epilogues, points, known)
        split = self.plan.split > 0
        first = [self.places.compare("eq", self._part_number(), self.b.constant(0))] if split else []
        conditions = [self.places.all([*first, *self.places.inside(one, reduction=False)]) for one in exact]
        for there, together in groupby(zip(conditions, exact, known, strict=True), key=lambda result: result[0]):
            with ExitStack() as stack:
                if there is not None:
                    stack.enter_context(self.b.when(there))
                for _, one, values in together:
                    for access in (a for a in values if a in self.stored):
                        self.body.store(values[access], access, one, SCALAR)

    def _place(self, cell: Cell) -> Point:
        """Where a result of the thread is, inside of the tile."""
        found: Point = {d: place for d, place in self.inner.items() if not self.main.reduction[d]}
        for dim, number in cell.items():
            found = shifted({dim: NOWHERE, **found}, dim, number)
        return found

    def _evaluate(
        self, stages: Sequence[Stage], points: Sequence[Point], known: Sequence[dict[Access, SSAValue]]
    ) -> None:
        for stage in stages:
            for point, values in zip(points, known, strict=True):
                values |= zip(stage.outputs, self.body.evaluate(stage, point, SCALAR, values), strict=True)

    # Reductions

    def _accumulate(self, point: Point, points: Sequence[Point], known: Sequence[dict[Access, SSAValue]]) -> None:
        """The reduction loops around the main body for all results of the thread, which then are `known`."""
        outputs = self.main.outputs
        each = zip(points, known, strict=True)
        starts = [self._started(at, values, n) for at, values in each for n in range(len(outputs))]
        combiners = self._combiners() if self.plan.split else []
        neutral = [c.neutral_attr(out.element) for c, out in zip(combiners, outputs, strict=False)]
        accs = [self.b.function.constant(value) for value in neutral] * len(self.cells) or starts
        accs = self._steps(point, accs)
        for n, part in enumerate(accs if self.plan.split else ()):
            accs[n] = self._combined(n, combiners[n % len(outputs)], starts[n], part)
        for n, values in enumerate(known):
            values |= zip(self.main.outputs, accs[n * len(outputs) :], strict=False)

    def _started(self, at: Point, values: Mapping[Access, SSAValue], output: int) -> SSAValue:
        """What the sum that is to be stored at `at` starts from."""
        out = self.main.outputs[output]
        if (value := values.get(out)) is not None:
            return value
        read = self.main.reads_output[output]
        return self.body.load(out, at, SCALAR) if read else self.b.function.constant(zero_of(out.element))

    def _steps(self, point: Point, accs: list[SSAValue]) -> list[SSAValue]:
        """The reduction loops around a step, run as one where there are several."""
        steps, copies = [part for part in self.plan.steps if part.count > 1], self.copies
        if not steps:
            copies.fill(point, None)
            return self._inner(self.plan.inner, point, accs, None)
        step = steps[0].step if len(steps) == 1 else 1
        count = prod(part.count for part in steps) * step

        def where(number: SSAValue) -> Point:
            if len(steps) == 1:
                return {**point, steps[0].dim: plus(point, steps[0].dim, number)}
            return self.places.moved(point, steps, number)

        if self.plan.stages:
            return self._staged(where, count, step, accs)
        if self.plan.double:
            copies.fill(where(self.b.constant(0)), self.b.constant(0))
        with self.b.loop(0, count, step, accs) as loop:
            if not self.plan.double:
                copies.fill(where(loop.index), None)
                loop.yielded = self._inner(self.plan.inner, where(loop.index), list(loop.carried), None)
            else:
                following = self.places.least(self.b.add(loop.index, self.b.constant(step)), count - step)
                half = self.places.remainder(self.places.quotient(loop.index, step), 2)
                other = self.b.pure(arith.SubiOp, (self.b.constant(1), half), INDEX)
                fetched = copies.fetch(where(following), other)
                loop.yielded = self._inner(self.plan.inner, where(loop.index), list(loop.carried), half)
                copies.keep(fetched)
            copies.barrier()
        return list(loop.op.results)

    def _staged(
        self, where: Callable[[SSAValue], Point], count: int, step: int, accs: list[SSAValue]
    ) -> list[SSAValue]:
        """The steps, while copies for the next ones run: one step is read, of so many behind it (`ahead`) the tiles are
        under way. What is copied next goes where all threads have read what was there, a barrier ago."""
        copies, places, ahead = self.copies, self.places, min(self.plan.stages, count // step) - 1
        groups = [copies.start(where(self.b.constant(n * step)), self.b.constant(n)) for n in range(ahead)]
        with self.b.loop(0, count, step, accs) as loop:
            copies.wait(groups[-1], ahead - 1)
            number = places.quotient(loop.index, step)
            following = self.b.add(loop.index, self.b.constant(ahead * step))
            stage = places.remainder(self.b.add(number, self.b.constant(ahead)), ahead + 1)
            more = places.below(following, count)
            copies.start(where(places.least(following, count - step)), stage, more)
            here = places.remainder(number, ahead + 1)
            loop.yielded = self._inner(self.plan.inner, where(loop.index), list(loop.carried), here)
        copies.wait(groups[-1], 0)
        return list(loop.op.results)

    def _inner(
        self, parts: Sequence[Part], point: Point, accs: list[SSAValue], half: SSAValue | None
    ) -> list[SSAValue]:
        """The reduction loops inside of a step. `half`: which of two copies of the tiles is read."""
        if not parts:
            return self._products(point, accs, half)
        part, *rest = parts
        before = self.inner.get(part.dim, NOWHERE)
        if part in self.plan.unrolled:
            for n in range(part.count):
                self.inner[part.dim] = (before[0], before[1] + n * part.step)
                accs = self._inner(rest, point, accs, half)
        else:
            with self.b.loop(0, part.step * part.count, part.step, accs) as loop:
                self.inner[part.dim] = plus(self.inner, part.dim, loop.index)
                loop.yielded = self._inner(rest, point, list(loop.carried), half)
            accs = list(loop.op.results)
        self.inner[part.dim] = before
        return accs

    def _products(self, point: Point, accs: list[SSAValue], half: SSAValue | None) -> list[SSAValue]:
        """One step of the main body for all results of the thread: what several of them need is loaded once."""
        reduced = {d: place for d, place in self.inner.items() if self.main.reduction[d]}
        loaded: dict[tuple[Access, tuple[int, ...]], SSAValue] = {}
        outputs, after = self.main.outputs, list[SSAValue]()
        for n, cell in enumerate(self.cells):
            inside = at(self._place(cell), reduced)
            old = accs[n * len(outputs) : (n + 1) * len(outputs)]
            known = dict(zip(outputs, old, strict=True))
            for tile in self.copies.tiles:
                key = tile.access, tuple(number for d, number in cell.items() if moves(tile.access, d))
                if key not in loaded:
                    loaded[key] = self.copies.read(tile, inside, half)
                known[tile.access] = loaded[key]
            exact = at(point, inside)
            new = self.body.evaluate(self.main, self.places.clamped(exact), SCALAR, known)
            if self.plan.split and (there := self.places.all(self.places.inside(exact, reduction=True))) is not None:
                new = [self.b.pure(arith.SelectOp, (there, a, b), a.type) for a, b in zip(new, old, strict=True)]
            after += new
        return after

    # A reduction that threads share

    def _combiners(self) -> list[Combiner]:
        found = [combiner_of(self.main, n) for n in range(len(self.main.outputs))]
        return [combiner for combiner in found if combiner is not None]

    def _part_number(self) -> SSAValue:
        """Which part of the reduction the thread has."""
        number = self.places.quotient(self.thread, self.plan.split_step)
        whole = self.plan.split * self.plan.split_step == self.plan.width
        return number if whole else self.places.remainder(number, self.plan.split)

    def _combined(self, n: int, combiner: Combiner, start: SSAValue, part: SSAValue) -> SSAValue:
        """What the threads that share a reduction have computed together: step by step, the first half of those that
        are left adds to its parts those of the second half."""
        parts, number, step = self.parts[n % len(self.parts)], self._part_number(), self.plan.split_step

        def read(index: SSAValue) -> SSAValue:
            return load(self.b, parts, index, part.type)

        def write(value: SSAValue) -> None:
            self.b.put(memref.StoreOp.get(value, parts, [self.thread]))

        write(part)
        self.b.put(BarrierOp())
        with self.b.loop(0, self.plan.split.bit_length() - 1, 1) as loop:
            half = self.b.pure(arith.ShRUIOp, (self.b.constant(self.plan.split // 2), loop.index), INDEX)
            with self.b.when(self.places.compare("ult", number, half)):
                other = read(self.b.add(self.thread, self.places.times(half, step)))
                write(combiner.combine(self.b, read(self.thread), other))
            self.b.put(BarrierOp())
        first = self.b.pure(arith.SubiOp, (self.thread, self.places.times(number, step)), INDEX)
        total = read(first if step > 1 or self.plan.split < self.plan.width else self.b.constant(0))
        if self.plan.runs or n + len(self.parts) < len(self.parts) * len(self.cells):
            self.b.put(BarrierOp())
        return combiner.combine(self.b, start, total)


def erased(op: Operation) -> bool:
    """Erase what nothing uses of `op` and what is in it, the last first; whether `op` itself was erased."""
    for region in op.regions:
        for block in region.blocks:
            for inner in reversed(list(block.ops)):
                erased(inner)
    if op.regions or not op.results or not is_side_effect_free(op) or any(r.first_use is not None for r in op.results):
        return False
    assert op.parent is not None
    op.parent.erase_op(op)
    return True
