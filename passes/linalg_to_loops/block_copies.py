"""Tiles of inputs in the memory of a block: its threads copy a share each, wait for one another, and read from there.

    scf.for %n = %c0 to %c4 step %c1 {                        // 1024 elements, 256 threads
      %v = memref.load %a[...]                                // neighbouring threads read neighbouring elements
      memref.store %v, %a_tile[...]
    }
    gpu.barrier

The access function of the linalg op says what a thread reads, so a tile of an image that a convolution slides over is
gathered as a matrix of its windows, which is nowhere else. Along a reduction, what is not there is zero.
Neighbours that are moved at once are a `vector.load` and a `vector.store` (`block_tiles.py` says which can be).

Two copies of each tile: the next is loaded to registers before this one is read, and stored behind that. Three or
more, in stages: the device copies by itself, and a thread waits for the group of copies that it needs next.

    %c = nvgpu.device_async_copy %a[...], %a_tile[...], 4, %read : ...
    %g = nvgpu.device_async_create_group %c
    ...
    nvgpu.device_async_wait %g {numGroups = 1 : i32}          // of two groups that run, the older one is there
    gpu.barrier
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from stepwell.dialects.gpu import AddressSpaceAttr, BarrierOp
from stepwell.dialects.gpu.attributes import AddressSpace
from stepwell.dialects.nvgpu import DeviceAsyncCopyOp, DeviceAsyncCreateGroupOp, DeviceAsyncWaitOp
from xdsl.dialects import arith, memref, vector
from xdsl.ir import Attribute, SSAValue

from .access import Access
from .block_places import Places, at
from .block_plan import Cache, moves
from .block_tiles import Layout, layout_of
from .body import zero_of
from .builder import NestBuilder
from .lanes import NOWHERE, Body, Place, Point, vector_of

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
    """A tile, and the memory that it is in."""

    layout: Layout
    buffer: SSAValue

    @property
    def access(self) -> Access:
        return self.layout.access


@dataclass(frozen=True)
class Spot:
    """What a thread moves in a turn: from where, to where. `there`: whether it is in the input, `has`: whether there is
    something for the thread; None where that is always so."""

    source: SSAValue
    index: SSAValue
    place: SSAValue
    there: SSAValue | None
    has: SSAValue | None


@dataclass(frozen=True)
class Fetched:
    """What a thread has loaded, and is to store at a place of the tile."""

    tile: Tile
    value: SSAValue
    spot: Spot


class Copies:
    """The tiles of one nest. `thread`: which of the block's the thread is, set when its loop is open."""

    def __init__(self, caches: Sequence[Cache], places: Places, body: Body):
        self.b, self.places, self.plan, self.main, self.body = (places.b, places, places.plan, places.main, body)
        self.tiles = [self._tile(cache) for cache in caches]
        self.thread: SSAValue | None = None

    def _tile(self, cache: Cache) -> Tile:
        layout = layout_of(self.main, self.plan, cache)
        access = layout.access
        name = f"{access.base.name_hint or 'input'}_tile"
        return Tile(layout, shared(self.b, access.element, layout.half * self.plan.copies, name))

    def barrier(self) -> None:
        if self.tiles:
            self.b.put(BarrierOp())

    def read(self, tile: Tile, inside: Point, half: SSAValue | None) -> SSAValue:
        """The element of a tile that is there `inside` of it."""
        return load(self.b, tile.buffer, self._index(tile, inside, half), tile.access.element)

    def fill(self, point: Point, half: SSAValue | None) -> None:
        """Copy the tiles of a step, and wait."""
        if self.plan.stages and self.tiles:
            self.wait(self.start(point, half), 0)
            return
        for tile in self.tiles:
            turns = self._turns(tile)
            with ExitStack() as stack:
                turn = stack.enter_context(self.b.loop(0, turns, 1)).index if turns > 1 else None
                has = self._has_one(tile, 0, turn)
                if has is not None:
                    stack.enter_context(self.b.when(has))
                self._store(self._load(tile, self._spot(tile, point, half, 0, turn)))
        self.barrier()

    def fetch(self, point: Point, half: SSAValue) -> list[Fetched]:
        """Load the tiles of a step, a share each, to be kept later."""
        return [self._load(tile, spot) for tile, spot in self._all(point, half)]

    def keep(self, fetched: Sequence[Fetched]) -> None:
        for one in fetched:
            with ExitStack() as stack:
                if one.spot.has is not None:
                    stack.enter_context(self.b.when(one.spot.has))
                self._store(one)

    # Copies that the device makes by itself

    def start(self, point: Point, stage: SSAValue | None, more: SSAValue | None = None) -> SSAValue:
        """Have the device copy the tiles of a step, zeros where nothing is there, or none of it unless there is `more`;
        the group of these copies. A thread for which there is nothing left copies what another one copies, too."""
        tokens: list[SSAValue] = []
        for tile, spot in self._all(point, stage):
            by = tile.layout.by
            there = self.places.all([c for c in (more, spot.there) if c is not None])
            read = None if there is None else self.places.choose(there, by, 0)
            copy = DeviceAsyncCopyOp(spot.source, [spot.index], tile.buffer, [spot.place], by, read=read)
            tokens.append(self.b.put(copy).results[0])
        return self.b.put(DeviceAsyncCreateGroupOp(tokens)).results[0]

    def wait(self, group: SSAValue, running: int) -> None:
        """Go on when at most the last `running` groups still run, of all threads."""
        self.b.put(DeviceAsyncWaitOp(group, running))
        self.barrier()

    # What a thread moves

    def _turns(self, tile: Tile) -> int:
        return -(-tile.layout.moved // self.plan.width)

    def _all(self, point: Point, half: SSAValue | None) -> Iterator[tuple[Tile, Spot]]:
        """All that a thread moves of a step."""
        for tile in self.tiles:
            for n in range(self._turns(tile)):
                yield tile, self._spot(tile, point, half, n, None, everywhere=True)

    def _index(self, tile: Tile, inside: Point, half: SSAValue | None) -> SSAValue:
        layout = tile.layout
        terms = [] if half is None else [(half, layout.half)]
        number = 0
        for dim, stride in zip(layout.dims, layout.strides, strict=True):
            values, more = inside.get(dim, NOWHERE)
            terms += [(value, stride) for value in values]
            number += stride * more
        return self.b.affine(terms, number)

    def _has_one(self, tile: Tile, number: int, turn: SSAValue | None) -> SSAValue | None:
        """Whether there is something for the thread; None where there always is."""
        width, moved = self.plan.width, tile.layout.moved
        if moved % width == 0 or (turn is None and (number + 1) * width <= moved):
            return None
        return self.places.below(self._number(number, turn), moved)

    def _number(self, number: int, turn: SSAValue | None) -> SSAValue:
        assert self.thread is not None
        turns = [] if turn is None else [(turn, self.plan.width)]
        return self.b.affine([*turns, (self.thread, 1)], number * self.plan.width)

    def _spot(
        self,
        tile: Tile,
        point: Point,
        half: SSAValue | None,
        number: int,
        turn: SSAValue | None,
        *,
        everywhere: bool = False,
    ) -> Spot:
        """What the thread moves in its turn. `everywhere`: threads for which there is nothing have something, too."""
        access, places, has = tile.access, self.places, self._has_one(tile, number, turn)
        inside = self._element(tile, number, turn)
        whole = {tile.layout.in_memory[0][0]: tile.layout.by} if tile.layout.dims else {}
        if everywhere and has is not None and tile.layout.dims:
            dim, size = tile.layout.in_memory[-1]
            inside[dim] = ((places.least(places.total(inside[dim]), size - whole.get(dim, 1)),), 0)
        exact = at({d: place for d, place in point.items() if moves(access, d)}, inside)
        index = self.body.index(access.at, places.clamped(exact, whole))
        there = places.all(places.inside(exact, reduction=True))
        source = self.b.function.flat(access.base, self.b.anchor)
        return Spot(source, index, self._index(tile, inside, half), there, has)

    def _load(self, tile: Tile, spot: Spot) -> Fetched:
        element, by = tile.access.element, tile.layout.by
        if by == 1:
            value = load(self.b, spot.source, spot.index, element)
        else:
            read = vector.LoadOp(spot.source, [spot.index], vector_of(element, by))
            read.attributes |= tile.layout.aligned
            value = self.b.put(read).results[0]
        if spot.there is not None:
            zero = self.b.function.constant(zero_of(element))
            zero = zero if by == 1 else self.b.pure(vector.BroadcastOp, (zero,), value.type)
            value = self.b.pure(arith.SelectOp, (spot.there, value, zero), value.type)
        return Fetched(tile, value, spot)

    def _store(self, one: Fetched) -> None:
        """At once, or each element where it belongs."""
        layout, buffer, place = one.tile.layout, one.tile.buffer, one.spot.place
        if layout.by == 1:
            self.b.put(memref.StoreOp.get(one.value, buffer, [place]))
        elif layout.as_one:
            write = self.b.put(vector.StoreOp(one.value, buffer, [place]))
            write.attributes |= layout.aligned
        else:
            for n in range(layout.by):
                part = self.b.put(vector.ExtractOp(one.value, [n], layout.access.element)).results[0]
                there = self.b.affine([(place, 1)], n * layout.apart)
                self.b.put(memref.StoreOp.get(part, buffer, [there]))

    def _element(self, tile: Tile, number: int, turn: SSAValue | None) -> dict[int, Place]:
        """Where in the tile begins what the thread moves, number `(number or turn) * width + thread`, counted as the
        input lies in memory.

        As long as the sizes divide the threads that are left, the turn moves along none of the loops.
        """
        assert self.thread is not None
        width, left, mixed = self.plan.width, self.thread, False
        found: dict[int, Place] = {}
        for n, (dim, size) in enumerate(tile.layout.in_memory):
            by = tile.layout.by if n == 0 else 1
            size, last = size // by, n == len(tile.layout.dims) - 1
            if not mixed and (last or width % size):
                turns = [] if turn is None else [(turn, width)]
                left, mixed = self.b.affine([*turns, (left, 1)], number * width), True
            found[dim] = ((self.places.times(left if last else self.places.remainder(left, size), by),), 0)
            if not last:
                left, width = self.places.quotient(left, size), width if mixed else width // size
        return found
