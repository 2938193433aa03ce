"""What the ops of a schedule say of the loops of one nest, gathered before it is seen what can be had of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, prod

from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import BindOp, CacheOp, MmaOp, TogetherOp, TransposeOp, VectorizeOp
from xdsl.ir import Operation, SSAValue

from .nests import Nest
from .plan import Loop


@dataclass
class Reading:
    """What has been read of a nest's schedule so far. Loops are known by their handles."""

    nest: Nest
    dim: dict[SSAValue, int]
    """The loop of the nest that a handle is of, or is a part of."""
    step: dict[SSAValue, int]
    """How many iterations of that loop one iteration of the handle covers."""
    order: list[SSAValue]
    vector: SSAValue | None = None
    lanes: int = 1
    lanes_by: VectorizeOp | None = None
    turned_by: TransposeOp | None = None
    row: SSAValue | None = None
    dot: SSAValue | None = None
    amx: bool = False
    number: int = 0
    """Which linalg op of the kernel the main one of the nest is."""
    unrolled: list[SSAValue] = field(default_factory=list[SSAValue])
    shared: list[SSAValue] = field(default_factory=list[SSAValue])
    bound: dict[SSAValue, BindOp] = field(default_factory=dict[SSAValue, BindOp])
    """What says that a loop is the blocks or the threads of a GPU."""
    caches: list[CacheOp] = field(default_factory=list[CacheOp])
    together: TogetherOp | None = None
    mma: MmaOp | None = None

    @property
    def turned(self) -> int | None:
        """The loop of the nest that is turned into the lanes."""
        return None if self.turned_by is None else self.dim[self.turned_by.loops[0]]

    def is_reduction(self, loop: SSAValue) -> bool:
        return self.nest.main.reduction[self.dim[loop]]

    def loop(self, handle: SSAValue) -> Loop:
        return Loop(self.dim[handle], self.step[handle])


def refusal(op: Operation, loop: SSAValue, reason: str) -> StepwellError:
    return StepwellError(f"{op.name}: {name_of(loop)}: {reason}", op)


def name_of(loop: SSAValue) -> str:
    return f"%{loop.name_hint}" if loop.name_hint else "a loop"


MOST_WRITTEN_OUT = 1024
"""More iterations than this are not written out: the code would fit no cache, and take minutes to compile."""


def check_size(reading: Reading, where: Operation) -> None:
    count = prod(iterations(reading, loop) for loop in reading.unrolled)
    if reading.vector is not None:
        count *= ceil(iterations(reading, reading.vector) / reading.lanes)
    if count > MOST_WRITTEN_OUT:
        raise StepwellError(
            f"{where.name}: {count} iterations would be written out at once, more than {MOST_WRITTEN_OUT}",
            where,
            "tile the loops that are unrolled or in lanes",
        )


def iterations(reading: Reading, loop: SSAValue) -> int:
    """How many iterations a loop has in a whole tile of the loops around it."""
    dim, step = reading.dim[loop], reading.step[loop]
    around = [reading.step[o] for o in reading.order if reading.dim[o] == dim and reading.step[o] > step]
    return ceil(min([reading.nest.main.extents[dim], *around]) / step)
