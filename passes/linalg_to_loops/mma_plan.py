"""Which parts of a nest the tensor cores of a GPU make, and what of a schedule they cannot.

    schedule.bind %i_w, %j_w to warp                         threads = (Part(i, 32, 2), Part(j, 32, 2)), 32 lanes each
    schedule.mma rows %i_f columns %j_f sums %r_i as f16     rows = (Part(i, 1, 32),), ..., shape = (16, 8, 16)

A fragment is 16 rows by 8 columns of results, and so many terms of their sums at a time. Of each of its halves, 8 rows,
the 8 columns and the 8 terms (4 of tf32) are neighbours along one loop, so that where a lane stands is a sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from stepwell.dialects.nvgpu import SHAPES
from stepwell.dialects.schedule import MmaOp
from xdsl.dialects import arith
from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float32Type, f32
from xdsl.ir import Attribute, SSAValue

from .access import Access, Stage
from .block_parts import Part
from .plan import products_of
from .reading import Reading, name_of, refusal

WARP = 32
LEFT, RIGHT = 0, 1
"""The inputs that move along the rows, and along the columns."""
HALF = 8
"""Rows of half a fragment, and its columns."""
MOST_SUMS = 64
"""Fragments of sums of a warp: each takes 4 of the 255 registers that a thread has (PTX ISA, `mma`)."""
KINDS: dict[str, type[Attribute]] = {"f16": Float16Type, "bf16": BFloat16Type, "tf32": Float32Type}


@dataclass(frozen=True)
class Fragments:
    """`rows`, `columns`, `sums`: parts of loops, the last of each fastest. `shape`: rows, columns and terms of one
    product."""

    rows: tuple[Part, ...]
    columns: tuple[Part, ...]
    sums: tuple[Part, ...]
    shape: tuple[int, int, int]

    @property
    def parts(self) -> tuple[Part, ...]:
        return (*self.sums, *self.rows, *self.columns)

    @property
    def terms(self) -> int:
        """Half of the terms of a product: 16 bytes."""
        return self.shape[2] // 2


def groups(parts: Sequence[Part], size: int) -> Iterator[Mapping[int, int]]:
    """Where each `size` neighbours along the last of `parts` start, by loop."""
    *outer, last = parts
    sides = [range(0, part.step * part.count, part.step) for part in outer]
    sides.append(range(0, last.step * last.count, last.step * size))
    for numbers in product(*sides):
        yield dict(zip((part.dim for part in parts), numbers, strict=True))


def kind_of(main: Stage) -> str | None:
    """What tensor cores can multiply a stage as that computes `old + extf(a) * extf(b)` in f32, or `old + a * b` of
    f32, of its two inputs; None for any other."""
    if main.body is None or len(main.outputs) != 1 or main.outputs[0].element != f32 or len(main.inputs) != 2:
        return None
    found, last = list(products_of(main, arith.AddfOp, arith.MulfOp).items()), main.body.last_op
    if len(found) != 1 or last is None or list(last.operands) != list(found[0][0].results):
        return None
    factors = [f.owner.input if isinstance(f.owner, arith.ExtFOp) else f for f in found[0][1].operands]
    first, second = main.body.args[: len(main.inputs)]
    if factors not in ([first, second], [second, first]) or first.type != second.type:
        return None
    return next((kind for kind, of in KINDS.items() if isinstance(first.type, of)), None)


def fragments_of(reading: Reading, op: MmaOp, parts: Mapping[SSAValue, Part]) -> Fragments:
    """What `op` says of a nest. `parts`: what each of its loops is."""
    kind, can = op.kind.data, kind_of(reading.nest.main)
    if can is None:
        what = "tensor cores add products of two inputs, both of f16, bf16 or f32, in f32: old + extf(a) * extf(b)"
        raise refusal(op, op.rows[0], what)
    if kind != can:
        raise refusal(op, op.rows[0], f"its factors are multiplied as {can}, not as {kind}")
    _check_moves(reading, op)
    shape = SHAPES[KINDS[kind], kind == "tf32"]
    rows, columns, sums = (tuple(parts[loop] for loop in of) for of in (op.rows, op.columns, op.sums))
    made = Fragments(rows, columns, sums, shape)
    for loops, half in ((op.rows, HALF), (op.columns, HALF), (op.sums, made.terms)):
        if parts[loops[-1]].count % half:
            raise refusal(op, loops[-1], f"{half} of its iterations are a part of a fragment: tile it by a multiple")
    for loops, whole in ((op.rows, shape[0]), (op.sums, shape[2])):
        if prod(parts[loop].count for loop in loops) % whole:
            raise refusal(op, loops[-1], f"a fragment has {whole} iterations of these loops: tile by a multiple")
    if prod(part.count for part in (*rows, *columns)) > MOST_SUMS * shape[0] * shape[1]:
        raise refusal(op, op.rows[-1], f"a warp keeps {MOST_SUMS} fragments of sums at most: tile by less")
    return made


def _check_moves(reading: Reading, op: MmaOp) -> None:
    """Refuse loops that are no rows, columns or sums."""
    left, right = reading.nest.main.inputs
    wanted: tuple[tuple[Sequence[SSAValue], bool, tuple[Access, ...], tuple[Access, ...]], ...] = (
        (op.rows, False, (left,), (right,)),
        (op.columns, False, (right,), (left,)),
        (op.sums, True, (left, right), ()),
    )
    for loops, reduced, moving, still in wanted:
        for loop in loops:
            dim = reading.dim[loop]
            if [reading.dim[other] for other in op.loops].count(dim) > 1:
                raise refusal(op, loop, "another part of the same loop is in it")
            if reading.is_reduction(loop) != reduced:
                raise refusal(op, loop, "sums are reductions, rows and columns are none")
            if reading.step[loop] != 1:
                raise refusal(op, loop, "its iterations are not neighbours: name the loop inside of the tile")
            if loop in reading.bound or loop in reading.unrolled:
                raise refusal(op, loop, "it is bound or unrolled, too: tensor cores run it alone")
            if any(a.at.strides[dim] == 0 for a in moving) or any(a.at.strides[dim] for a in still):
                raise refusal(op, loop, "rows move the first factor alone, columns the other one, sums both")


def check_bound(reading: Reading, op: MmaOp | None) -> None:
    """Refuse threads where warps are wanted, and warps where threads are."""
    for loop, bind in reading.bound.items():
        if op is not None and bind.level.data == "thread":
            raise refusal(bind, loop, f"tensor cores are run by warps, as {name_of(op.rows[0])} is: bind it to warp")
        if op is None and bind.level.data == "warp":
            raise refusal(bind, loop, "warps run tensor cores: say which loops with schedule.mma, or bind to thread")
        if op is not None and bind.level.data == "warp" and reading.is_reduction(loop):
            raise refusal(bind, loop, "warps cannot share a reduction: each keeps sums of its own")
