"""Ops that only move elements: transpose, slice, broadcast, concat, pad, gather.

What an affine map can say is a generic whose map says it, so that it merges with what reads it:

    %y = graph.transpose %x {perm = [1, 0]} : (tensor<2x8xf32>) -> tensor<8x2xf32>
  becomes
    linalg.generic {indexing_maps = [(d0, d1) -> (d1, d0), (d0, d1) -> (d0, d1)], ...}
      ins(%x) outs(%empty) { ^bb0(%a: f32, %o: f32): linalg.yield %a : f32 }

A slice is a `tensor.extract_slice` read by such a generic (backwards, where its step is negative). A concatenation is
a chain of `tensor.insert_slice`, a padding with a constant is one into a filled tensor. Where the place to read must be
computed (gather, and padding by reflection or by the edge) the body holds a `tensor.extract`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

from stepwell.dialects import graph
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import i64
from xdsl.dialects.tensor import ExtractOp
from xdsl.ir import Attribute, SSAValue
from xdsl.ir.affine import AffineExpr

from .casts import cast as cast_element
from .elementwise import identity
from .indexing import place_of, within
from .lowering import Body, Lowering, Rules, Tensor, broadcast_map, element_of, loops_over, shape_of, signless
from .views import extract, insert, pad, reshape

Places: TypeAlias = Callable[[Sequence[AffineExpr]], Sequence[AffineExpr]]


def type_of_elements(x: SSAValue) -> Attribute:
    return cast(Tensor, x.type).element_type


def read(at: Lowering, x: SSAValue, shape: Sequence[int], places: Places) -> SSAValue:
    """A tensor of `shape` whose element at `loops` is the one of `x` at `places(loops)`."""
    loops = loops_over(shape)
    exprs = places([loops[name] for name in loops.parallel])
    return at.generic(loops, [(x, loops.map(*exprs))], type_of_elements(x), identity)


def lower_reshape(op: graph.ReshapeOp, at: Lowering) -> SSAValue:
    return reshape(at, at[op.x], shape_of(op.result))


def lower_transpose(op: graph.TransposeOp, at: Lowering) -> SSAValue:
    return read(at, at[op.x], shape_of(op.result), lambda d: [d[op.perm.index(i)] for i in range(len(d))])


def lower_slice(op: graph.SliceOp, at: Lowering) -> SSAValue:
    """The elements as an upstream slice, forwards; then a generic that turns those dims round that go backwards."""
    x, shape = at[op.x], shape_of(op.result)
    if 0 in shape:
        return at.empty(shape, type_of_elements(x))
    lasts = [start + (size - 1) * step for start, size, step in zip(op.starts, shape, op.steps, strict=True)]
    firsts = [min(start, last) for start, last in zip(op.starts, lasts, strict=True)]
    x = extract(at, x, firsts, shape, [abs(step) for step in op.steps])
    if not at.is_kernel and min(op.steps, default=1) > 0:
        return x  # a view: in @main nothing is computed

    def places(loops: Sequence[AffineExpr]) -> list[AffineExpr]:
        dims = zip(loops, op.steps, shape, strict=True)
        return [loop * -1 + (size - 1) if step < 0 and size > 1 else loop for loop, step, size in dims]

    return read(at, x, shape, places)


def lower_broadcast_to(op: graph.BroadcastToOp, at: Lowering) -> SSAValue:
    shape = shape_of(op.result)
    if (number := at.splat(op.x)) is not None:
        return at.fill(shape, number)
    x, loops = at[op.x], loops_over(shape)
    return at.generic(loops, [(x, broadcast_map(loops, x))], signless(element_of(op.x)), identity)


def lower_concat(op: graph.ConcatOp, at: Lowering) -> SSAValue:
    shape = shape_of(op.result)
    axis = op.axis % len(shape)
    y, offset = at.empty(shape, signless(element_of(op.result))), 0
    for value in op.operands:
        if (size := shape_of(value)[axis]) == 0:
            continue
        y = insert(at, at[value], y, [offset if i == axis else 0 for i in range(len(shape))])
        offset += size
    return y


def mirrored(b: Body, place: SSAValue, size: int) -> SSAValue:
    """`place` reflected at both edges, which themselves are not repeated: -1 is 1, and `size` is `size - 2`."""
    last = b.position(size - 1)
    place = b.emit(math.AbsIOp(place))
    return b.sub(last, b.emit(math.AbsIOp(b.sub(last, place))))


PLACES = {"edge": within, "reflect": mirrored}


def lower_pad(op: graph.PadOp, at: Lowering) -> SSAValue:
    if op.mode == "constant":
        return pad(at, at[op.x], op.low, op.high, op.value)
    x, shape, have = at[op.x], shape_of(op.result), shape_of(op.x)

    def body(b: Body) -> SSAValue:
        places: list[SSAValue] = []
        for i, size in enumerate(have):
            place = b.index(i)
            if op.low[i] or op.high[i]:
                place = PLACES[op.mode](b, b.sub(place, b.position(op.low[i])), size)
            places.append(place)
        return b.emit(ExtractOp(x, places, type_of_elements(x)))

    return at.generic(loops_over(shape), [], type_of_elements(x), body)


def lower_gather(op: graph.GatherOp, at: Lowering) -> SSAValue:
    """A negative index counts from the end; one outside of the tensor reads the nearest element, never other memory."""
    have, shape = shape_of(op.x), shape_of(op.result)
    axis, rank = op.axis % len(have), len(shape_of(op.indices))
    size, x = have[axis], at[op.x]
    if (number := at.splat(op.indices)) is not None:
        place = AffineExpr.constant(int(number.value.data) % size)
        return read(at, x, shape, lambda d: [*d[:axis], place, *d[axis + rank :]])
    loops = loops_over(shape)
    names = list(loops.parallel)

    def body(b: Body, index: SSAValue) -> SSAValue:
        place = place_of(b, index, size)
        before = [b.index(i) for i in range(axis)]
        after = [b.index(i) for i in range(axis + rank, len(shape))]
        return b.emit(ExtractOp(x, [*before, place, *after], type_of_elements(x)))

    indices = loops.map(*names[axis : axis + rank])
    return at.generic(loops, [(at[op.indices], indices)], type_of_elements(x), body)


def lower_iota(op: graph.IotaOp, at: Lowering) -> SSAValue:
    element = element_of(op.result)

    def body(b: Body) -> SSAValue:
        place = b.emit(arith.IndexCastOp(b.index(op.axis), i64))
        return cast_element(i64, element)(b, place)

    return at.generic(loops_over(shape_of(op.result)), [], signless(element), body)


def populate_movement(rules: Rules) -> None:
    rules["graph.reshape"] = lower_reshape
    rules["graph.transpose"] = lower_transpose
    rules["graph.slice"] = lower_slice
    rules["graph.broadcast_to"] = lower_broadcast_to
    rules["graph.concat"] = lower_concat
    rules["graph.pad"] = lower_pad
    rules["graph.gather"] = lower_gather
    rules["graph.iota"] = lower_iota
