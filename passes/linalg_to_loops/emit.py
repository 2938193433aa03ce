"""Write a nest as loops: one emitter for scalars and for vectors, since a scalar is a tile of one lane.

for the parallel loops, tile by tile (a smaller tile at an edge, masked where lanes are missing):
  accumulators = what the init stages say, or what the buffer holds
  for the reduction loops:
    accumulators = body(accumulators, operands)
  results = the epilogues on the accumulators
  store
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil

from xdsl.dialects import memref, vector
from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.dialects.builtin import AnyFloat, UnitAttr
from xdsl.dialects.utils import FastMathFlag
from xdsl.ir import Attribute, Operation, SSAValue

from .access import Access, Stage
from .body import combiner_of, zero_of
from .builder import Function, NestBuilder
from .lanes import Body, Column, Place, Point
from .nests import Nest
from .tile import Tile

IN_ORDER, REASSOCIATE = FastMathFlagsAttr("none"), FastMathFlagsAttr([FastMathFlag.REASSOC])

PARALLEL = "stepwell.parallel"
"""Marks a loop whose iterations touch nothing in common, so that threads may share them."""

Inner = Callable[[Point, list[SSAValue], int], list[SSAValue]]
"""What a reduction loop runs: (where, accumulators, how much of the loop that is tiled) to the next accumulators."""


@dataclass
class Cell:
    """One vector, or scalar, of the output in a tile: where it is, and what the nest has computed for it so far."""

    point: Point
    column: Column
    known: dict[Access, SSAValue] = field(default_factory=dict[Access, SSAValue])


@dataclass(frozen=True)
class Shape:
    """How much of the vector and the unrolled loop a tile covers; less than the full tile at an edge."""

    vector: int = 1
    unroll: int = 1


class Emitter:
    def __init__(self, nest: Nest, tile: Tile, function: Function, anchor: Operation):
        self.nest = nest
        self.tile = tile
        self.main = nest.main
        self.b = NestBuilder(function, anchor)
        self.body = Body(self.b)
        self.stored = set(nest.stored())
        self.reductions = [d for d, reduced in enumerate(self.main.reduction) if reduced]
        self.lanes_reduced = tile.vector_dim in self.reductions
        self.rows: list[SSAValue] = []

    def emit(self) -> list[Operation]:
        """Write the nest before its anchor; the new ops of that block come back."""
        self._parallel(self.tile.order, {}, Shape())
        return self.b.outermost

    # Loops

    def _parallel(self, dims: Sequence[int], point: Point, shape: Shape) -> None:
        if not dims:
            return self._tile(point, shape) if self.tile.row is None else self._row(point, self.tile.row)
        d, *rest = dims
        if d == self.tile.row:
            return self._parallel(rest, point, shape)
        for at, size in self._spans(d, point):
            if d == self.tile.vector_dim:
                inner = Shape(size, shape.unroll)
            else:
                inner = Shape(shape.vector, size) if d == self.tile.unroll_dim else shape
            self._parallel(rest, at, inner)
        return None

    def _spans(self, d: int, point: Point) -> Iterator[tuple[Point, int]]:
        """Where loop `d` stands in each of the loops that cover it (whole tiles, then the rest), and a tile's size."""
        extent, step = self.main.extents[d], self.tile.step(d)
        whole = extent - extent % step
        for start, stop, size in ((0, whole, step), (whole, extent, extent - whole)):
            if stop - start == size > 0:
                yield {**point, d: (None, start)}, size
            elif start < stop:
                with self.b.loop(start, stop, size) as loop:
                    if self.tile.row is None:  # else all iterations share one row in memory
                        loop.op.attributes[PARALLEL] = UnitAttr()
                    yield {**point, d: (loop.index, 0)}, size

    def _reduce(self, dims: Sequence[int], point: Point, accs: list[SSAValue], inner: Inner) -> list[SSAValue]:
        """Run `inner` in the reduction loops `dims`, the accumulators carried from step to step."""
        if not dims:
            return inner(point, accs, 1)
        d, *rest = dims
        extent, step = self.main.extents[d], self.tile.step(d)
        whole = extent - extent % step

        def body(point: Point, accs: list[SSAValue], size: int) -> list[SSAValue]:
            tiled = d in (self.tile.vector_dim, self.tile.chunk_dim)
            within: Inner = (lambda p, a, _: inner(p, a, size)) if tiled else inner
            return self._reduce(rest, point, accs, within)

        for start, stop, size in ((0, whole, step), (whole, extent, extent - whole)):
            if stop - start == size > 0:
                accs = body({**point, d: (None, start)}, accs, size)
            elif self.tile.unroll_reductions and size:
                for i in range(start, stop, size):
                    accs = body({**point, d: (None, i)}, accs, size)
            elif start < stop:
                with self.b.loop(start, stop, size, accs) as loop:
                    loop.yielded = body({**point, d: (loop.index, 0)}, list(loop.carried), size)
                accs = list(loop.op.results)
        return accs

    # One tile of registers

    def _tile(self, point: Point, shape: Shape) -> None:
        cells = list(self._cells(point, shape))
        for init in self.nest.inits:
            self._evaluate(init, cells)
        if self.main.is_parallel:
            self._evaluate(self.main, cells)
        else:
            self._accumulate(cells)
        for epilogue in self.nest.epilogues:
            self._evaluate(epilogue, cells)
        for cell in cells:
            self._store(cell)

    def _cells(self, point: Point, shape: Shape) -> Iterator[Cell]:
        v, u = self.tile.vector_dim, self.tile.unroll_dim
        columns = [Column()] if v is None or self.lanes_reduced else self._columns(shape.vector)
        for row in range(shape.unroll):
            at = shifted(point, u, row)
            for column in columns:
                yield Cell(shifted(at, None if self.lanes_reduced else v, column.first), column)

    def _columns(self, size: int) -> list[Column]:
        lanes, dim = self.tile.lanes, self.tile.vector_dim
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

    def _accumulate(self, cells: Sequence[Cell]) -> None:
        """The reduction loops around the main body for all cells; each cell ends up knowing its results."""
        if self.lanes_reduced:
            return self._accumulate_lanes(cells)
        outputs = self.main.outputs
        starts = [self._started(out, read, cell) for cell in cells for out, read in self._outputs()]

        def inner(point: Point, accs: list[SSAValue], _: int) -> list[SSAValue]:
            after: list[SSAValue] = []
            for n, cell in enumerate(cells):
                old = dict(zip(outputs, accs[n * len(outputs) :], strict=False))
                after += self.body.evaluate(self.main, {**point, **cell.point}, cell.column, old, contract=True)
            return after

        results = self._reduce(self.reductions, {}, starts, inner)
        for n, cell in enumerate(cells):
            cell.known.update(zip(outputs, results[n * len(outputs) :], strict=False))
        return None

    def _accumulate_lanes(self, cells: Sequence[Cell]) -> None:
        """Lanes along a reduction loop: vectors of partial results, that start neutral and are combined at the end."""
        outputs, lanes, vectors = self.main.outputs, self.tile.lanes, self.tile.vectors
        combiners = [c for n in range(len(outputs)) if (c := combiner_of(self.main, n)) is not None]
        whole = Column(0, self.tile.vector_dim, lanes, lanes)
        neutral = [
            self.body.widened(self.b.function.constant(c.neutral_attr(out.element)), whole)
            for out, c in zip(outputs, combiners, strict=True)
        ]
        partial = [vec for _ in cells for vec in neutral for _ in range(vectors)]

        def inner(point: Point, accs: list[SSAValue], size: int) -> list[SSAValue]:
            after = list(accs)
            for n, cell in enumerate(cells):
                for m, column in enumerate(self._columns(size)):
                    at = shifted({**point, **cell.point}, self.tile.vector_dim, column.first)
                    places = [(n * len(outputs) + k) * vectors + m for k in range(len(outputs))]
                    old = {out: accs[i] for out, i in zip(outputs, places, strict=True)}
                    new = self.body.evaluate(self.main, at, column, old, contract=True)
                    for i, value in zip(places, new, strict=True):
                        after[i] = self.body.where_active(column, value, accs[i])
            return after

        results = self._reduce(self.reductions, {}, partial, inner)
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

    def _store(self, cell: Cell) -> None:
        for place, value in cell.known.items():
            if place in self.stored:
                self.body.store(self.body.widened(value, cell.column), place, cell.point, cell.column)

    # One row in memory

    def _row(self, point: Point, dim: int) -> None:
        """Accumulate the row along `dim` in a buffer: the inner loop then walks memory, as a C compiler likes it."""
        extent = self.main.extents[dim]
        if not self.rows:
            self.rows = [self.b.allocate(out.element, extent) for out in self.main.outputs]

        def known(index: SSAValue) -> dict[Access, SSAValue]:
            outputs = zip(self.main.outputs, self.rows, strict=True)
            return {o: self.b.append(memref.LoadOp, (row, index), o.element).results[0] for o, row in outputs}

        def keep(values: Sequence[SSAValue], index: SSAValue) -> None:
            for row, value in zip(self.rows, values, strict=True):
                self.b.append(memref.StoreOp, (value, row, index))

        with self.b.loop(0, extent, 1) as loop:
            cell = Cell({**point, dim: (loop.index, 0)}, Column())
            for init in self.nest.inits:
                self._evaluate(init, [cell])
            keep([self._started(out, read, cell) for out, read in self._outputs()], loop.index)

        def inner(at: Point, accs: list[SSAValue], size: int) -> list[SSAValue]:
            with self.b.loop(0, extent, 1) as loop:
                here: dict[int, Place] = {**point, **at, dim: (loop.index, 0)}
                row = known(loop.index)
                for n in range(size):
                    step = shifted(here, self.tile.chunk_dim, n)
                    row = dict(zip(row, self.body.evaluate(self.main, step, Column(), row), strict=True))
                keep(list(row.values()), loop.index)
            return accs

        self._reduce(self.reductions, {}, [], inner)
        with self.b.loop(0, extent, 1) as loop:
            cell = Cell({**point, dim: (loop.index, 0)}, Column(), known(loop.index))
            for epilogue in self.nest.epilogues:
                self._evaluate(epilogue, [cell])
            self._store(cell)


def shifted(point: Point, dim: int | None, by: int) -> Point:
    if dim is None or by == 0:
        return point
    value, offset = point[dim]
    return {**point, dim: (value, offset + by)}
