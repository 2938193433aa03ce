"""Tiles of inputs in the memory of a block: its threads copy a share each, wait for one another, and read from there.

    scf.for %n = %c0 to %c4 step %c1 {                        // 1024 elements, 256 threads
      %v = memref.load %a[...]                                // neighbouring threads read neighbouring elements
      memref.store %v, %a_tile[...]
    }
    gpu.barrier

The access function of the linalg op says what a thread reads, so a tile of an image that a convolution slides over is
gathered as a matrix of its windows, which is nowhere else. Along a reduction, what is not there is zero.

Two copies of each tile: the next is loaded to registers before this one is read, and stored behind that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod

from stepwell.dialects.gpu import AddressSpaceAttr, BarrierOp
from stepwell.dialects.gpu.attributes import AddressSpace
from xdsl.dialects import arith, memref
from xdsl.ir import Attribute, SSAValue

from .access import Access
from .block_places import Places, at
from .block_plan import Cache, moves
from .body import zero_of
from .builder import NestBuilder
from .lanes import NOWHERE, Body, Place, Point

WORKGROUP = AddressSpaceAttr(AddressSpace.Workgroup)


def shared(b: NestBuilder, element: Attribute, size: int, name: str) -> SSAValue:
    """Memory of the block."""
    made = memref.AllocaOp.get(element, shape=[size], memory_space=WORKGROUP)
    made.memref.name_hint = name
    b.put(made)
    return made.memref


def load(b: NestBuilder, buffer: SSAValue, index: SSAValue, kind: Attribute) -> SSAValue:
    """A load where it stands: other threads write what it reads."""
    return b.append(memref.LoadOp, (buffer, index), kind).results[0]


@dataclass(frozen=True)
class Tile:
    """`dims`: the loops that an input moves along, outermost first as they lie in the tile; of each so many iterations
    (`sizes`), so many elements apart (`strides`). `half`: the elements of one copy."""

    access: Access
    buffer: SSAValue
    dims: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    half: int

    @property
    def count(self) -> int:
        return prod(self.sizes)

    @property
    def in_memory(self) -> list[tuple[int, int]]:
        """The loops and their sizes, innermost first as the input lies in the device's memory."""
        return sorted(zip(self.dims, self.sizes, strict=True), key=lambda d: self.access.at.strides[d[0]])


@dataclass(frozen=True)
class Fetched:
    """An element that a thread has loaded, and is to store at a place of the tile, where there is one for it."""

    tile: Tile
    value: SSAValue
    place: SSAValue
    there: SSAValue | None


class Copies:
    """The tiles of one nest. `thread`: which of the block's the thread is, set when its loop is open."""

    def __init__(self, caches: Sequence[Cache], places: Places, body: Body):
        self.b, self.places, self.plan, self.main, self.body = (places.b, places, places.plan, places.main, body)
        self.tiles = [self._tile(cache) for cache in caches]
        self.thread: SSAValue | None = None

    def _tile(self, cache: Cache) -> Tile:
        """It lies with reductions outermost, so that neighbouring threads read neighbouring elements."""
        access = self.main.inputs[cache.input]
        moving = [d for d in range(len(self.main.extents)) if moves(access, d) and self.plan.tile(d) > 1]
        dims = sorted(moving, key=lambda d: not self.main.reduction[d])
        sizes = [self.plan.tile(d) for d in dims]
        strides: list[int] = []
        half = 1
        for n, size in reversed(list(enumerate(sizes))):
            strides.insert(0, half)
            half = half * size + (cache.pad if n and n == len(sizes) - 1 else 0)
        name = f"{access.base.name_hint or 'input'}_tile"
        buffer = shared(self.b, access.element, half * (2 if self.plan.double else 1), name)
        return Tile(access, buffer, tuple(dims), tuple(sizes), tuple(strides), half)

    def barrier(self) -> None:
        if self.tiles:
            self.b.put(BarrierOp())

    def read(self, tile: Tile, inside: Point, half: SSAValue | None) -> SSAValue:
        """The element of a tile that is there `inside` of it."""
        return load(self.b, tile.buffer, self._index(tile, inside, half), tile.access.element)

    def fill(self, point: Point, half: SSAValue | None) -> None:
        """Copy the tiles of a step, and wait."""
        for tile in self.tiles:
            turns = -(-tile.count // self.plan.width)
            with ExitStack() as stack:
                turn = stack.enter_context(self.b.loop(0, turns, 1)).index if turns > 1 else None
                there = self._has_one(tile, 0, turn)
                if there is not None:
                    stack.enter_context(self.b.when(there))
                self._store(self._get(tile, point, half, 0, turn))
        self.barrier()

    def fetch(self, point: Point, half: SSAValue) -> list[Fetched]:
        """Load the tiles of a step, a share each, to be kept later."""
        turns = ((tile, n) for tile in self.tiles for n in range(-(-tile.count // self.plan.width)))
        return [self._get(tile, point, half, n, None, everywhere=True) for tile, n in turns]

    def keep(self, fetched: Sequence[Fetched]) -> None:
        for one in fetched:
            with ExitStack() as stack:
                if one.there is not None:
                    stack.enter_context(self.b.when(one.there))
                self._store(one)

    def _store(self, one: Fetched) -> None:
        self.b.put(memref.StoreOp.get(one.value, one.tile.buffer, [one.place]))

    def _index(self, tile: Tile, inside: Point, half: SSAValue | None) -> SSAValue:
        terms = [] if half is None else [(half, tile.half)]
        number = 0
        for dim, stride in zip(tile.dims, tile.strides, strict=True):
            values, more = inside.get(dim, NOWHERE)
            terms += [(value, stride) for value in values]
            number += stride * more
        return self.b.affine(terms, number)

    def _has_one(self, tile: Tile, number: int, turn: SSAValue | None) -> SSAValue | None:
        """Whether there is an element for the thread; None where there always is."""
        width = self.plan.width
        if tile.count % width == 0 or (turn is None and (number + 1) * width <= tile.count):
            return None
        return self.places.below(self._number(number, turn), tile.count)

    def _number(self, number: int, turn: SSAValue | None) -> SSAValue:
        assert self.thread is not None
        turns = [] if turn is None else [(turn, self.plan.width)]
        return self.b.affine([*turns, (self.thread, 1)], number * self.plan.width)

    def _get(
        self,
        tile: Tile,
        point: Point,
        half: SSAValue | None,
        number: int,
        turn: SSAValue | None,
        *,
        everywhere: bool = False,
    ) -> Fetched:
        """The element that the thread copies in its turn, and its place in the tile. `everywhere`: threads for which
        there is none load one, too."""
        inside = self._element(tile, number, turn)
        if everywhere and self._has_one(tile, number, turn) is not None and tile.dims:
            dim, _ = tile.in_memory[-1]
            inside[dim] = ((self.places.least(self.places.total(inside[dim]), self.plan.tile(dim) - 1),), 0)
        access, places = tile.access, self.places
        exact = at({d: place for d, place in point.items() if moves(access, d)}, inside)
        index = self.body.index(access.at, places.clamped(exact))
        value = load(self.b, self.b.function.flat(access.base, self.b.anchor), index, access.element)
        if (there := places.all(places.inside(exact, reduction=True))) is not None:
            zero = self.b.function.constant(zero_of(access.element))
            value = self.b.pure(arith.SelectOp, (there, value, zero), value.type)
        return Fetched(tile, value, self._index(tile, inside, half), self._has_one(tile, number, turn))

    def _element(self, tile: Tile, number: int, turn: SSAValue | None) -> dict[int, Place]:
        """Where in the tile element `(number or turn) * width + thread` is, counted as the input lies in memory.

        As long as the sizes divide the threads that are left, the turn moves along none of the loops.
        """
        assert self.thread is not None
        width, left, mixed = self.plan.width, self.thread, False
        found: dict[int, Place] = {}
        for n, (dim, size) in enumerate(tile.in_memory):
            last = n == len(tile.dims) - 1
            if not mixed and (last or width % size):
                turns = [] if turn is None else [(turn, width)]
                left, mixed = self.b.affine([*turns, (left, 1)], number * width), True
            found[dim] = ((left if last else self.places.remainder(left, size),), 0)
            if not last:
                left, width = self.places.quotient(left, size), width if mixed else width // size
        return found
