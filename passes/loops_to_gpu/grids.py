"""What of a kernel is one launch: a nest of parallel loops, whose iterations a grid of threads shares, or what stands
between two of those, which one thread runs.

    scf.for %i ... {                                   // grid of i x j
      %at = arith.muli %i, %c64
      scf.for %j ... { ... } {stepwell.parallel}
    } {stepwell.parallel}
    scf.for %i ... {                                   // grid of i x j, then grid of i x k
      scf.for %j ... { ... } {stepwell.parallel}
      scf.for %k ... { ... } {stepwell.parallel}
    } {stepwell.parallel}
    memref.store %v, %out[%c0] : memref<4xf32>         // one thread

    scf.for %i ... {                                   // grid of i blocks, of t threads each
      %tile = memref.alloca() : ...                    // shared by the threads of a block
      scf.for %t ... { ... } {stepwell.parallel = "thread"}
      scf.for %t ... { ... } {stepwell.parallel = "thread"}
    } {stepwell.parallel = "block"}

Only a launch is seen by all of the next one's threads, so loops that follow each other are launches of their own.
Within a block a barrier does: its loops over threads are one launch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

from stepwell.diagnostics import StepwellError
from stepwell.passes.linalg_to_loops.emit import BLOCK, PARALLEL, THREAD
from stepwell.passes.loops_to_llvm.arguments import VIEWS, constant
from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation
from xdsl.traits import is_side_effect_free


@dataclass(frozen=True)
class Axis:
    """A loop of a grid: its counter is `lower + step * n` for n below `trips`."""

    loop: scf.ForOp
    lower: int
    trips: int
    step: int


@dataclass(frozen=True)
class Grid:
    """`ops`, run once for every point of `axes` (the last one runs fastest); with no axis, once. `threads`: a point is
    a block of so many threads, which share the loops over threads of `ops`."""

    axes: tuple[Axis, ...]
    ops: tuple[Operation, ...]
    threads: int | None = None

    @property
    def points(self) -> int:
        return prod(axis.trips for axis in self.axes)


IsFree = Callable[[Operation], bool]


def grids_of(block: Block, is_free: IsFree) -> Iterator[Grid]:
    """The launches of a kernel's body, in order. `is_free`: whether an op is run wherever its results are needed."""
    run: list[Operation] = []
    for op in block.ops:
        if (axis := axis_of(op)) is None:
            run.append(op)
            continue
        yield from alone(run, is_free)
        run = []
        yield from nests((axis,), is_free) if level_of(op) is None else blocks((axis,), is_free)
    yield from alone(run, is_free)


def alone(run: list[Operation], is_free: IsFree) -> Iterator[Grid]:
    """What one thread runs, from the first op that touches memory to the last."""
    effects = [n for n, op in enumerate(run) if not is_free(op)]
    if effects:
        yield Grid((), tuple(run[effects[0] : effects[-1] + 1]))


def nests(axes: tuple[Axis, ...], is_free: IsFree) -> Iterator[Grid]:
    """The grids of the loops inside of `axes`: one, unless the innermost holds several parallel loops and no more."""
    inside = [op for op in axes[-1].loop.body.block.ops if not isinstance(op, scf.YieldOp)]
    effects = [op for op in inside if not is_free(op)]
    inner = [axis for op in effects if (axis := axis_of(op)) is not None and level_of(op) is None]
    if inner and len(inner) == len(effects):
        for axis in inner:
            yield from nests((*axes, axis), is_free)
    elif all(axis.trips for axis in axes):
        yield Grid(axes, tuple(inside))


def blocks(axes: tuple[Axis, ...], is_free: IsFree) -> Iterator[Grid]:
    """The grid of blocks of the loops inside of `axes`."""
    inside = [op for op in axes[-1].loop.body.block.ops if not isinstance(op, scf.YieldOp)]
    match [op for op in inside if not is_free(op)]:
        case [op] if level_of(op) == BLOCK and (axis := axis_of(op)) is not None:
            yield from blocks((*axes, axis), is_free)
            return
        case _:
            pass
    threads = [axis for op in inside if level_of(op) == THREAD and (axis := axis_of(op)) is not None]
    if len({axis.trips for axis in threads}) != 1:
        raise StepwellError(
            f"a block's loops over threads have {', '.join(str(axis.trips) for axis in threads) or 'no'} iterations, "
            "where a block has one number of threads",
            axes[-1].loop,
        )
    if all(axis.trips for axis in axes):
        yield Grid(axes, tuple(inside), threads[0].trips)


def level_of(op: Operation) -> str | None:
    """What the iterations of a loop are bound to; None for one of a flat grid, or one that is not parallel."""
    mark = op.attributes.get(PARALLEL)
    return mark.data if isinstance(mark, StringAttr) else None


def axis_of(op: Operation) -> Axis | None:
    """A parallel loop of a known number of steps."""
    if not isinstance(op, scf.ForOp) or PARALLEL not in op.attributes or op.results:
        return None
    lower, upper, step = (constant(value) for value in (op.lb, op.ub, op.step))
    if lower is None or upper is None or not step:
        return None
    return Axis(op, lower, max(0, -((lower - upper) // step)), step)


DIVISIONS = (arith.DivUIOp, arith.RemUIOp, arith.DivSIOp, arith.RemSIOp, arith.FloorDivSIOp, arith.CeilDivUIOp)
"""Of a divisor that is not 0: without effects."""


def touches_nothing(op: Operation) -> bool:
    free = is_side_effect_free(op) or (isinstance(op, DIVISIONS) and (constant(op.operands[1]) or 0) != 0)
    return op.name in VIEWS or isinstance(op, func.ReturnOp) or (not op.regions and free)
