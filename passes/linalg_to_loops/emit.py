"""Write a nest as loops: one emitter for scalars and for vectors, since a scalar is a tile of one lane.

for the parallel loops, tile by tile (a smaller tile at an edge, masked where lanes are missing):
  accumulators = what the init stages say, or what the buffer holds
  for the reduction loops:
    accumulators = body(accumulators, operands)
  results = the epilogues on the accumulators
  store
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import ceil

from xdsl.dialects import arith, memref, vector
from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.dialects.builtin import AnyFloat, UnitAttr
from xdsl.dialects.utils import FastMathFlag
from xdsl.ir import Attribute, Operation, SSAValue

from .access import Access, Stage
from .body import combiner_of, zero_of
from .builder import Function, NestBuilder
from .lanes import NOWHERE, Body, Column, Place, Point, shifted
from .nests import Nest
from .plan import TILE_LANES, Loop, Plan, Tiles, dot_factors
from .tiles import Grid, by_pairs, is_zero

IN_ORDER, REASSOCIATE = FastMathFlagsAttr("none"), FastMathFlagsAttr([FastMathFlag.REASSOC])

PARALLEL = "stepwell.parallel"
"""Marks a loop whose iterations touch nothing in common, so that threads may share them."""
BLOCK, THREAD = "block", "thread"
"""What stands behind the mark where each iteration is a block of threads of a GPU, or a thread of the block."""

Sizes = Mapping[int, int]
"""How many iterations of each loop are left inside of the loops that are open."""

Inner = Callable[[Point, list[SSAValue], Sizes], list[SSAValue]]
"""What the reduction loops run: (where, accumulators, what is left of each loop) to the next accumulators."""


@dataclass
class Cell:
    """One vector, or scalar, of the output in a tile: where it is, and what the nest has computed for it so far."""

    point: Point
    column: Column
    known: dict[Access, SSAValue] = field(default_factory=dict[Access, SSAValue])


class Emitter:
    def __init__(self, nest: Nest, plan: Plan, function: Function, anchor: Operation):
        self.nest = nest
        self.plan = plan
        self.main = nest.main
        self.b = NestBuilder(function, anchor)
        self.body = Body(self.b)
        self.stored = set(nest.stored())
        self.lanes_reduced = plan.vector_dim is not None and self.main.reduction[plan.vector_dim]
        self.rows: list[SSAValue] = []

    def emit(self) -> list[Operation]:
        """Write the nest before its anchor; the new ops of that block come back."""
        self._parallel(self.plan.outer, {}, dict(enumerate(self.main.extents)))
        return self.b.outermost

    # Loops

    def _parallel(self, loops: Sequence[Loop], point: Point, sizes: Sizes) -> None:
        if not loops:
            return self._tile(point, sizes) if self.plan.row is None else self._row(point, sizes, self.plan.row)
        for at, inner in self._spans(loops[0], point, sizes):
            self._parallel(loops[1:], at, inner)
        return None

    def _spans(self, loop: Loop, point: Point, sizes: Sizes) -> Iterator[tuple[Point, Sizes]]:
        """Where `loop` stands in each of the loops that cover it (whole tiles, then the rest), and a tile's sizes."""
        d, step, extent = loop.dim, loop.step, sizes[loop.dim]
        values, number = point.get(d, NOWHERE)
        whole = extent - extent % step
        for start, stop, size in ((0, whole, step), (whole, extent, extent - whole)):
            inner = {**sizes, d: size}
            if stop - start == size > 0:
                yield {**point, d: (values, number + start)}, inner
            elif start < stop:
                with self.b.loop(start, stop, size) as made:
                    if loop in self.plan.shared:
                        made.op.attributes[PARALLEL] = UnitAttr()
                    yield {**point, d: ((*values, made.index), number)}, inner

    def _reduce(
        self, loops: Sequence[Loop], point: Point, sizes: Sizes, accs: list[SSAValue], inner: Inner
    ) -> list[SSAValue]:
        """Run `inner` in reduction loops, the accumulators carried from step to step."""
        if not loops:
            return inner(point, accs, sizes)
        loop, *rest = loops
        d, step, extent = loop.dim, loop.step, sizes[loop.dim]
        values, number = point.get(d, NOWHERE)
        whole = extent - extent % step
        for start, stop, size in ((0, whole, step), (whole, extent, extent - whole)):
            within = {**sizes, d: size}
            if stop - start == size > 0:
                accs = self._reduce(rest, {**point, d: (values, number + start)}, within, accs, inner)
            elif loop in self.plan.unrolled and size:
                for i in range(start, stop, size):
                    accs = self._reduce(rest, {**point, d: (values, number + i)}, within, accs, inner)
            elif start < stop:
                with self.b.loop(start, stop, size, accs) as made:
                    at = {**point, d: ((*values, made.index), number)}
                    made.yielded = self._reduce(rest, at, within, list(made.carried), inner)
                accs = list(made.op.results)
        return accs

    # One tile of registers

    def _tile(self, point: Point, sizes: Sizes) -> None:
        cells = list(self._cells(point, sizes))
        if self.plan.tiles is not None:
            cells = self._in_tiles(self.plan.tiles, point, sizes, cells)
            if not cells:
                return
        for init in self.nest.inits:
            self._evaluate(init, cells)
        if self.main.is_parallel:
            self._evaluate(self.main, cells)
        else:
            self._accumulate(cells, sizes)
        for epilogue in self.nest.epilogues:
            self._evaluate(epilogue, cells)
        self._store(cells)

    def _in_tiles(self, tiles: Tiles, point: Point, sizes: Sizes, cells: list[Cell]) -> list[Cell]:
        """Compute what of a tile of registers fills whole tiles of AMX; the cells that are left come back."""
        v, factors = self.plan.vector_dim, dot_factors(self.main)
        assert v is not None and factors is not None and self.plan.dot is not None
        (u,) = self.plan.registers
        grid = Grid(self.b, self.body, factors, tiles, u, v, self.plan.dot)
        columns = ceil(sizes[v] / TILE_LANES)
        down = sizes[u] // tiles.rows
        if not down:
            return cells

        def inner(at: Point, sums: list[SSAValue], _: Sizes) -> list[SSAValue]:
            return grid.step({**point, **at}, down, columns, sums)

        sums = self._reduce(self.plan.reductions, {}, sizes, grid.zeros(down * columns), inner)
        kept, (out, read) = grid.keep(sums, columns), self._outputs()[0]
        whole = down * tiles.rows * columns
        for n, cell in enumerate(cells[:whole]):
            for init in self.nest.inits:
                self._evaluate(init, [cell])
            total = grid.load(kept, n // columns, n % columns, cell.column)
            if not is_zero(cell.known.get(out)):
                total = self.b.pure(arith.AddfOp, (self._started(out, read, cell), total), total.type)
            cell.known[out] = total
            for epilogue in self.nest.epilogues:
                self._evaluate(epilogue, [cell])
            self._store([cell])
        return cells[whole:]

    def _cells(self, point: Point, sizes: Sizes) -> Iterator[Cell]:
        v = None if self.lanes_reduced else self.plan.vector_dim
        columns = [Column()] if v is None else self._columns(sizes[v])
        rows, t = self.plan.registers, self.plan.turned
        if t is None:
            columns = [column.narrowed() for column in columns]
        for place in product(*(range(sizes[d]) for d in rows)):
            at = point
            for d, number in zip(rows, place, strict=True):
                at = shifted(at, d, number)
            row = {} if t is None else {"turned": t, "row": place[rows.index(t)], "rows": sizes[t]}
            for column in columns:
                yield Cell(shifted(at, v, column.first), replace(column, **row))

    def _columns(self, size: int) -> list[Column]:
        lanes, dim = self.plan.lanes, self.plan.vector_dim
        assert dim is not None
        return [Column(n * lanes, dim, lanes, min(lanes, size - n * lanes)) for n in range(ceil(size / lanes))]

    def _evaluate(self, stage: Stage, cells: Sequence[Cell]) -> None:
        for cell in cells:
            results = self.body.evaluate(stage, cell.point, cell.column, cell.known)
            cell.known.update(zip(stage.outputs, results, strict=True))

    def _started(self, output: Access, read: bool, cell: Cell) -> SSAValue:
        """What the accumulator of `output` starts from."""
        value = cell.known.get(output)
        if value is None:
            zero = self.b.function.constant
            value = self.body.load(output, cell.point, cell.column) if read else zero(zero_of(output.element))
        return self.body.widened(value, cell.column)

    def _outputs(self) -> list[tuple[Access, bool]]:
        return list(zip(self.main.outputs, self.main.reads_output, strict=True))

    def _accumulate(self, cells: Sequence[Cell], sizes: Sizes) -> None:
        """The reduction loops around the main body for all cells; each cell ends up knowing its results."""
        if self.lanes_reduced:
            return self._accumulate_lanes(cells, sizes)
        outputs = self.main.outputs
        starts = [self._started(out, read, cell) for cell in cells for out, read in self._outputs()]

        factors, pair = dot_factors(self.main), self.plan.dot

        def inner(point: Point, accs: list[SSAValue], _: Sizes) -> list[SSAValue]:
            after: list[SSAValue] = []
            for n, cell in enumerate(cells):
                if factors is not None and pair is not None:
                    here = {**point, **cell.point}
                    after.append(self.body.dot(factors, here, pair, cell.column, accs[n]))
                    continue
                old = dict(zip(outputs, accs[n * len(outputs) :], strict=False))
                after += self.body.evaluate(self.main, {**point, **cell.point}, cell.column, old, contract=True)
            return after

        results = self._reduce(by_pairs(self.plan), {}, sizes, starts, inner)
        for n, cell in enumerate(cells):
            cell.known.update(zip(outputs, results[n * len(outputs) :], strict=False))
        return None

    def _accumulate_lanes(self, cells: Sequence[Cell], sizes: Sizes) -> None:
        """Lanes along a reduction loop: vectors of partial results, that start neutral and are combined at the end."""
        outputs, lanes, dim = self.main.outputs, self.plan.lanes, self.plan.vector_dim
        assert dim is not None
        steps = [loop.step for loop in self.plan.reductions if loop.dim == dim]
        vectors = ceil(min([sizes[dim], *steps]) / lanes)
        combiners = [c for n in range(len(outputs)) if (c := combiner_of(self.main, n)) is not None]
        whole = Column(0, dim, lanes, lanes)
        neutral = [
            self.body.widened(self.b.function.constant(c.neutral_attr(out.element)), whole)
            for out, c in zip(outputs, combiners, strict=True)
        ]
        partial = [vec for _ in cells for vec in neutral for _ in range(vectors)]

        def inner(point: Point, accs: list[SSAValue], left: Sizes) -> list[SSAValue]:
            after = list(accs)
            for n, cell in enumerate(cells):
                for m, column in enumerate(self._columns(left[dim])):
                    at = shifted({**point, **cell.point}, dim, column.first)
                    places = [(n * len(outputs) + k) * vectors + m for k in range(len(outputs))]
                    old = {out: accs[i] for out, i in zip(outputs, places, strict=True)}
                    new = self.body.evaluate(self.main, at, column, old, contract=True)
                    for i, value in zip(places, new, strict=True):
                        after[i] = self.body.where_active(column, value, accs[i])
            return after

        results = self._reduce(self.plan.reductions, {}, sizes, partial, inner)
        for n, cell in enumerate(cells):
            for k, (out, read) in enumerate(self._outputs()):
                combiner = combiners[k]
                parts = results[(n * len(outputs) + k) * vectors :][:vectors]
                while len(parts) > 1:
                    pairs = zip(parts[::2], parts[1::2], strict=False)
                    odd = parts[-1:] if len(parts) % 2 else []
                    parts = [combiner.combine(self.b, a, b) for a, b in pairs] + odd
                how: dict[str, Attribute] = {
                    "kind": vector.CombiningKindAttr(combiner.kind),
                    "fastmath": REASSOCIATE if isinstance(out.element, AnyFloat) else IN_ORDER,
                }
                total = self.b.pure(vector.ReductionOp, (parts[0],), out.element, how)
                start = self._started(out, read, cell)
                cell.known[out] = combiner.combine(self.b, start, total)

    def _store(self, cells: Sequence[Cell]) -> None:
        """Store what the cells know; rows of a block that is turned wait for each other."""
        blocks: dict[tuple[Access, tuple[tuple[int, Place], ...]], list[SSAValue]] = {}
        for cell in cells:
            for place, known in cell.known.items():
                if place not in self.stored:
                    continue
                value, column = self.body.widened(known, cell.column), cell.column
                if not column.turns(place):
                    self.body.store(value, place, cell.point, column)
                    continue
                start, corner = self.body.corner(cell.point, column)
                rows = blocks.setdefault((place, tuple(sorted(start.items()))), [])
                rows.append(value)
                if len(rows) == corner.rows:
                    self.body.store_block(rows, place, start, corner)

    # One row in memory

    def _row(self, point: Point, sizes: Sizes, dim: int) -> None:
        """Accumulate the row along `dim` in a buffer: the inner loop then walks memory, as a C compiler likes it."""
        extent = sizes[dim]
        values, number = point.get(dim, NOWHERE)
        if not self.rows:
            self.rows = [self.b.allocate(out.element, extent) for out in self.main.outputs]

        def known(index: SSAValue) -> dict[Access, SSAValue]:
            outputs = zip(self.main.outputs, self.rows, strict=True)
            return {o: self.b.append(memref.LoadOp, (row, index), o.element).results[0] for o, row in outputs}

        def keep(values: Sequence[SSAValue], index: SSAValue) -> None:
            for row, value in zip(self.rows, values, strict=True):
                self.b.append(memref.StoreOp, (value, row, index))

        def here(at: Point, index: SSAValue) -> dict[int, Place]:
            return {**at, dim: ((*values, index), number)}

        with self.b.loop(0, extent, 1) as loop:
            cell = Cell(here(point, loop.index), Column())
            for init in self.nest.inits:
                self._evaluate(init, [cell])
            keep([self._started(out, read, cell) for out, read in self._outputs()], loop.index)

        def one_row(at: Point, accs: list[SSAValue], left: Sizes) -> list[SSAValue]:
            with self.b.loop(0, extent, 1) as loop:
                row = known(loop.index)

                def add(step: Point, accs: list[SSAValue], _: Sizes) -> list[SSAValue]:
                    old = dict(zip(row, accs, strict=True))
                    return self.body.evaluate(self.main, step, Column(), old)

                place = here({**point, **at}, loop.index)
                keep(self._reduce(self.plan.chunk, place, left, list(row.values()), add), loop.index)
            return accs

        self._reduce(self.plan.reductions, {}, sizes, [], one_row)
        with self.b.loop(0, extent, 1) as loop:
            cell = Cell(here(point, loop.index), Column(), known(loop.index))
            for epilogue in self.nest.epilogues:
                self._evaluate(epilogue, [cell])
            self._store([cell])
