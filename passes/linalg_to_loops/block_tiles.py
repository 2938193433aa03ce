"""How a tile of an input lies in the memory of a block, and which neighbours of it a thread moves at once.

    16 x 64 of %b : memref<128x512xf32>        4 elements at 512 r + j at once, where j is a multiple of 4
    16 x 64 of %b : memref<128x510xf32>        row 1 starts at 510, which is no multiple of 4: one, or 2, by 2
    windows of an image, at 64 h + 64 r + w + s    s is any number: one

What is moved at once lies side by side in the device's memory, at a multiple of its size, and is there as a whole or
not at all. So the loop along which it lies, the tiles that the loop is cut in, and whatever else says where a row
starts are multiples of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, prod

from stepwell.dialects.lanes import memref_type
from stepwell.dialects.nvgpu import COPIED
from stepwell.passes.loops_to_llvm.memory import element_bytes
from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Attribute

from .access import Access, Stage
from .block_plan import BlockPlan, Cache, moves
from .reading import Reading, refusal

ALIGNED = 16
"""Bytes at multiples of which each buffer starts, on every device."""


@dataclass(frozen=True)
class Layout:
    """`dims`: the loops that an input moves along, outermost first as they lie in the tile; of each so many iterations
    (`sizes`), so many elements apart (`strides`). `half`: the elements of one copy. `by`: those moved at once."""

    access: Access
    dims: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    half: int
    by: int

    @property
    def moved(self) -> int:
        """So many times something is moved."""
        return prod(self.sizes) // self.by

    @property
    def aligned(self) -> dict[str, Attribute]:
        """What a load or a store of what is moved at once says of its place: upstream's `alignment`, in bytes."""
        return {"alignment": IntegerAttr(self.by * element_bytes(self.access.element), i64)}

    @property
    def in_memory(self) -> list[tuple[int, int]]:
        """The loops and their sizes, innermost first as the input lies in the device's memory."""
        return sorted(zip(self.dims, self.sizes, strict=True), key=lambda d: self.access.at.strides[d[0]])

    @property
    def apart(self) -> int:
        """How far neighbours in the device's memory are from each other in the tile."""
        return dict(zip(self.dims, self.strides, strict=True))[self.in_memory[0][0]]

    @property
    def as_one(self) -> bool:
        """Whether what is moved at once lies side by side in the tile, too, at a multiple of its size."""
        others = [n for n in (*self.strides, self.half) if n != 1]
        return self.by == 1 or (self.apart == 1 and all(n % self.by == 0 for n in others))


def layout_of(main: Stage, plan: BlockPlan, cache: Cache) -> Layout:
    """Reductions are outermost, so that neighbouring threads read neighbouring elements, and a row is all inside of
    them. In a tile that is straight, a row is of the innermost loop."""
    access = main.inputs[cache.input]
    dims = [d for d in range(len(main.extents)) if moves(access, d) and plan.tile(d) > 1]
    dims.sort(key=lambda d: -access.at.strides[d] if cache.straight else not main.reduction[d])
    sizes = [plan.tile(d) for d in dims]
    row = len(dims) - 1 if cache.straight else sum(main.reduction[d] for d in dims)
    strides: list[int] = []
    half = 1
    for n, size in reversed(list(enumerate(sizes))):
        strides.insert(0, half)
        half = half * size + (cache.pad if n and n == row else 0)
    return Layout(access, tuple(dims), tuple(sizes), tuple(strides), half, cache.by)


def most_at_once(access: Access, extents: Sequence[int], dim: int, start: int) -> int:
    """How many elements along loop `dim` may be moved at once, if tiles start at multiples of `start`; each divisor of
    that many may be, too."""
    at = access.at
    if at.strides[dim] != 1 or at.terms or at.panels or memref_type(access.base).get_offset() is None:
        return 1
    return gcd(at.offset, start, extents[dim], *(stride for d, stride in enumerate(at.strides) if d != dim))


def start_of_tiles(plan: BlockPlan, dim: int) -> int:
    """What divides the places along loop `dim` where its tiles start, and how long they are."""
    outside = [part.step for part in plan.parts if part.dim == dim and part.count > 1 and part not in plan.tiled]
    return gcd(plan.tile(dim), *outside)


def check_moves(reading: Reading, plan: BlockPlan) -> None:
    """Refuse to move at once what does not lie side by side, and to have the device copy what it cannot."""
    main = reading.nest.main
    for op, cache in zip(reading.caches, plan.caches, strict=True):
        layout = layout_of(main, plan, cache)
        size = cache.by * element_bytes(layout.access.element)
        if cache.by > 1:
            if size > ALIGNED:
                raise refusal(op, op.loop, f"a thread moves {ALIGNED} bytes at once at most, not {size}")
            dim = layout.in_memory[0][0] if layout.dims else None
            most = 1 if dim is None else most_at_once(layout.access, main.extents, dim, start_of_tiles(plan, dim))
            if most % cache.by:
                reason = f"{cache.by} neighbours are moved at once where rows and tiles start at multiples of that many"
                raise refusal(op, op.loop, f"{reason}; here it is {most}")
        if plan.stages and size not in COPIED:
            copied = ", ".join(map(str, COPIED))
            raise refusal(op, op.loop, f"the device copies {copied} bytes at once, not {size}: it says `by`")
        if plan.stages and not layout.as_one:
            raise refusal(op, op.loop, "the device copies neighbours to neighbours: `straight`, rows padded by as many")
