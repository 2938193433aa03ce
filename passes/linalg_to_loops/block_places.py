"""Where a thread of a block stands in the loops of a nest, and what of them is there at all.

%t = 19, threads = (Part(i, 1, 16), Part(j, 1, 16))        i = 19 / 16 = 1, j = 19 mod 16 = 3
i of 100 iterations, in blocks of 64                       the last block reads min(i, 99), and stores where i < 100
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, i1, i64
from xdsl.ir import SSAValue

from .access import Stage
from .block_parts import Part
from .block_plan import BlockPlan
from .builder import INDEX, NestBuilder
from .lanes import NOWHERE, Place, Point

PREDICATES = {"eq": 0, "ult": 6}
NO_LOOP: Mapping[int, int] = {}


@dataclass
class Places:
    """Index arithmetic of one nest."""

    b: NestBuilder
    plan: BlockPlan
    main: Stage

    def remainder(self, a: SSAValue, by: int) -> SSAValue:
        return self.b.pure(arith.RemUIOp, (a, self.b.constant(by)), INDEX)

    def quotient(self, a: SSAValue, by: int) -> SSAValue:
        return a if by == 1 else self.b.pure(arith.DivUIOp, (a, self.b.constant(by)), INDEX)

    def times(self, a: SSAValue, by: int) -> SSAValue:
        return a if by == 1 else self.b.pure(arith.MuliOp, (a, self.b.constant(by)), INDEX)

    def least(self, a: SSAValue, b: int) -> SSAValue:
        return self.b.pure(arith.MinSIOp, (a, self.b.constant(b)), INDEX)

    def compare(self, how: str, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.b.pure(arith.CmpiOp, (a, b), i1, {"predicate": IntegerAttr(PREDICATES[how], i64)})

    def below(self, a: SSAValue, bound: int) -> SSAValue:
        return self.compare("ult", a, self.b.constant(bound))

    def choose(self, condition: SSAValue, a: int, b: int) -> SSAValue:
        return self.b.pure(arith.SelectOp, (condition, self.b.constant(a), self.b.constant(b)), INDEX)

    def all(self, conditions: Sequence[SSAValue]) -> SSAValue | None:
        total: SSAValue | None = None
        for one in conditions:
            total = one if total is None else self.b.pure(arith.AndIOp, (total, one), i1)
        return total

    def parted(self, number: SSAValue, parts: Sequence[Part]) -> list[SSAValue | None]:
        """Where `number` stands in each of some loops, the last of which runs fastest; None where one has one step."""
        found: list[SSAValue | None] = []
        for n, part in reversed(list(enumerate(parts))):
            if part.count == 1:
                found.append(None)
            elif prod(p.count for p in parts[:n]) > 1:
                found.append(self.remainder(number, part.count))
                number = self.quotient(number, part.count)
            else:
                found.append(number)
        return found[::-1]

    def moved(self, point: Mapping[int, Place], parts: Sequence[Part], number: SSAValue) -> dict[int, Place]:
        """`point`, further on by where `number` stands in the loops `parts`."""
        found = dict(point)
        for part, at in zip(parts, self.parted(number, parts), strict=True):
            found[part.dim] = plus(found, part.dim, *([] if at is None else [self.times(at, part.step)]))
        return found

    # What is not there

    def ragged(self, dim: int) -> bool:
        """Whether loop `dim` has iterations that are not there."""
        return self.plan.covers(dim) > self.main.extents[dim]

    def total(self, place: Place) -> SSAValue:
        return self.b.affine([(value, 1) for value in place[0]], place[1])

    def clamped(self, point: Point, whole: Mapping[int, int] = NO_LOOP) -> Point:
        """`point`, or the last that is there; where so many along a loop are one (`whole`), the last of these."""
        found = dict(point)
        for dim, place in point.items():
            if self.ragged(dim):
                found[dim] = ((self.least(self.total(place), self.main.extents[dim] - whole.get(dim, 1)),), 0)
        return found

    def inside(self, point: Point, *, reduction: bool) -> list[SSAValue]:
        """What holds where `point` is there, along reductions or along the others."""
        return [
            self.below(self.total(point[dim]), extent)
            for dim, extent in enumerate(self.main.extents)
            if dim in point and self.main.reduction[dim] == reduction and self.ragged(dim)
        ]


def plus(point: Mapping[int, Place], dim: int, *values: SSAValue) -> Place:
    """Where `point` stands along loop `dim`, further on by `values`."""
    before, number = point.get(dim, NOWHERE)
    return (*before, *values), number


def at(outside: Point, inside: Point) -> Point:
    """The sum of where the loops outside of a tile stand and those inside of it."""
    sums = ((d, outside.get(d, NOWHERE), inside.get(d, NOWHERE)) for d in sorted({*outside, *inside}))
    return {d: ((*a[0], *b[0]), a[1] + b[1]) for d, a, b in sums}
