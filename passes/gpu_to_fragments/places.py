"""Where a thread stores, as a sum over digits, and from there back to the thread.

    %j = arith.remui %id, %c4           %id has the digits i (of 10) and j (of 4): 4 * i + j
    %i = arith.divui %id, %c4
    %to = 10 * %i + %j + 11             the place 11 + 10 * i + j
  so that for an element e of the buffer, with r = e - 11,
    i = r / 10, j = r % 10              if r >= 0, i < 10 and j < 4; no thread stores at any other element

A number is written in mixed radix: a digit's step is larger than all that the digits of smaller steps add up to. Where
that does not hold, or what is stored at depends on anything but digits, there is no way back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stepwell.dialects import gpu
from stepwell.passes.loops_to_llvm.arguments import constant
from xdsl.dialects import arith, scf
from xdsl.ir import BlockArgument, Operation, SSAValue


@dataclass(frozen=True, eq=False)
class Digit:
    """A number from 0 to below `count`: a part of a thread's number, or how often a loop has run before."""

    count: int


Term = Digit | SSAValue
"""A digit, or a number that a launch hands in."""


@dataclass(frozen=True)
class Place:
    """`constant` and the sum of each term times its step."""

    constant: int = 0
    steps: Mapping[Term, int] = field(default_factory=dict[Term, int])

    def plus(self, other: Place, sign: int = 1) -> Place:
        steps = dict(self.steps)
        for term, step in other.steps.items():
            steps[term] = steps.get(term, 0) + sign * step
        return Place(self.constant + sign * other.constant, {term: step for term, step in steps.items() if step})

    def times(self, by: int) -> Place:
        return Place(self.constant * by, {term: step * by for term, step in self.steps.items() if by})

    @property
    def digits(self) -> list[tuple[Digit, int]]:
        """The digits that matter, with their steps, the largest first."""
        found = [(term, step) for term, step in self.steps.items() if isinstance(term, Digit) and term.count > 1]
        return sorted(found, key=lambda pair: -abs(pair[1]))

    @property
    def numbers(self) -> list[tuple[SSAValue, int]]:
        return [(term, step) for term, step in self.steps.items() if isinstance(term, SSAValue)]


@dataclass
class Places:
    """What numbers of a kernel are in digits. `digits`: those of the thread, and of the loops that were counted."""

    known: dict[SSAValue, Place] = field(default_factory=dict[SSAValue, Place])
    digits: list[Digit] = field(default_factory=list[Digit])

    def split(self, ids: Sequence[SSAValue], points: int) -> None:
        """Take a thread's number, below `points`, apart as the kernel does: by remainders and quotients."""
        parts: list[
            tuple[Sequence[SSAValue], Sequence[SSAValue], Digit]
        ] = []  # what is left, its lowest digit, that digit
        left, count = ids, points
        while len(sizes := {size for _, size in cuts(left)}) == 1:
            (size,) = sizes
            ops = [op for op, _ in cuts(left)]
            low = [op.result for op in ops if isinstance(op, arith.RemUIOp)]
            parts.append((left, low, Digit(min(size, count))))
            left, count = [op.result for op in ops if isinstance(op, arith.DivUIOp)], -(-count // size)
        rest = Place(0, {(last := Digit(count)): 1})
        self.digits.append(last)
        self.known |= dict.fromkeys(left, rest)
        for whole, low, digit in reversed(parts):
            own = Place(0, {digit: 1})
            rest = rest.times(digit.count).plus(own)
            self.digits.append(digit)
            self.known |= dict.fromkeys(whole, rest) | dict.fromkeys(low, own)

    def count(self, loop: scf.ForOp) -> bool:
        """Give a loop's counter a digit. False for a loop whose steps are not known."""
        lower, upper, step = (constant(value) for value in (loop.lb, loop.ub, loop.step))
        if lower is None or upper is None or not step or upper <= lower:
            return False
        digit = Digit(-((lower - upper) // step))
        self.digits.append(digit)
        self.known[loop.body.block.args[0]] = Place(lower, {digit: step})
        return True

    def of(self, value: SSAValue) -> Place | None:
        """A number in digits; None for one that is something else."""
        if value in self.known:
            return self.known[value]
        if (number := constant(value)) is not None:
            return Place(number)
        owner = value.owner
        if isinstance(value, BlockArgument):
            return Place(0, {value: 1}) if isinstance(value.block.parent_op(), gpu.FuncOp) else None
        if isinstance(owner, (arith.AddiOp, arith.SubiOp)):
            a, b = self.of(owner.lhs), self.of(owner.rhs)
            return a.plus(b, 1 if isinstance(owner, arith.AddiOp) else -1) if a is not None and b is not None else None
        if isinstance(owner, arith.MuliOp):
            for factor, number in ((owner.lhs, constant(owner.rhs)), (owner.rhs, constant(owner.lhs))):
                if number is not None and (place := self.of(factor)) is not None:
                    return place.times(number)
        return None


def cuts(left: Iterable[SSAValue]) -> Iterator[tuple[arith.RemUIOp | arith.DivUIOp, int]]:
    """The ops that take a number apart at a known size."""
    for value in left:
        for use in value.uses:
            op: Operation = use.operation
            if isinstance(op, (arith.RemUIOp, arith.DivUIOp)) and use.index == 0:
                if (size := constant(op.rhs)) is not None and size > 0:
                    yield op, size


def is_in_mixed_radix(place: Place) -> bool:
    """Whether different digits give different places."""
    below = 0
    for digit, step in reversed(place.digits):
        if abs(step) <= below:
            return False
        below += abs(step) * (digit.count - 1)
    return True
