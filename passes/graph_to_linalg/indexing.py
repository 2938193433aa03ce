"""Ops by indices: gather_elements as a generic whose body looks an element up; scatter as loops that store.

    %y = graph.scatter add %x, %i, %u {axis = 0} : (tensor<4x8xf32>, tensor<9x1xi64>, tensor<9x8xf32>) -> ...
  becomes
    scf.for %e = %c0 to %c9 step %c1 iter_args(%t = %x) -> (tensor<4x8xf32>) {
      %index = tensor.extract %i[%e, %c0]        // once a row, where the index is the same along it: then the inner
      %place = ...                               // loop runs over neighbours, and becomes vectors
      scf.for %j = %c0 to %c8 step %c1 iter_args(%r = %t) -> (tensor<4x8xf32>) {
        %new = arith.addf %r[%place, %j], %u[%e, %j]
        tensor.insert %new into %r[%place, %j]

A negative index counts from the end; what is still outside becomes the nearest place, so that no other memory is ever
touched.
"""

from __future__ import annotations

from stepwell.dialects import graph
from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType
from xdsl.dialects.tensor import ExtractOp
from xdsl.ir import SSAValue

from .elementwise import BINARY, BOOL, direct, kind_of
from .lowering import Body, Lowering, Rules, broadcast_map, compute_type, element_of, loops_over, shape_of, signless
from .scalar import Code


def within(b: Body, place: SSAValue, size: int) -> SSAValue:
    """`place` moved to the nearest one that a dim of `size` has."""
    place = b.emit(arith.MaxSIOp(place, b.position(0)))
    return b.emit(arith.MinSIOp(place, b.position(size - 1)))


def place_of(b: Body, index: SSAValue, size: int) -> SSAValue:
    """The place in a dim of `size` that an index means."""
    place = b.emit(arith.IndexCastOp(index, IndexType()))
    negative = b.emit(arith.CmpiOp(place, b.position(0), "slt"))
    return within(b, b.select(negative, b.add(place, b.position(size)), place), size)


def lower_gather_elements(op: graph.GatherElementsOp, at: Lowering) -> SSAValue:
    have, shape, x, indices = shape_of(op.x), shape_of(op.result), at[op.x], at[op.indices]
    element = signless(element_of(op.x))
    loops = loops_over(shape)

    def body(b: Body, index: SSAValue) -> SSAValue:
        places: list[SSAValue] = []
        for dim, size in enumerate(have):
            if dim == op.axis:
                places.append(place_of(b, index, size))
            else:
                places.append(b.position(0) if size == 1 else b.index(dim))
        return b.emit(ExtractOp(x, places, element))

    return at.generic(loops, [(indices, broadcast_map(loops, indices))], element, body)


def lower_scatter(op: graph.ScatterOp, at: Lowering) -> SSAValue:
    element, axis, size = element_of(op.x), op.axis, shape_of(op.x)[op.axis]
    extents, index_shape = shape_of(op.updates), shape_of(op.indices)
    indices, updates, wide = at[op.indices], at[op.updates], compute_type(element)
    number = at.splat(op.x)
    y = at.fill(shape_of(op.x), number) if number is not None else at[op.x]
    if 0 in extents:
        return y
    known = max((dim + 1 for dim, extent in enumerate(index_shape) if extent != 1), default=0)

    def combined(code: Code, old: SSAValue, new: SSAValue) -> SSAValue:
        if wide == signless(element):
            return COMBINE[op.reduction][kind_of(element)](code, old, new)
        old, new = code.convert(old, wide), code.convert(new, wide)
        return code.convert(COMBINE[op.reduction][kind_of(element)](code, old, new), element)

    def nest(code: Code, places: list[SSAValue], place: SSAValue | None, y: SSAValue) -> SSAValue:
        """The loops over the dims of updates behind those of `places`."""
        dim = len(places)
        if dim == known and place is None:  # the index does not change in the loops to come
            at_index = [code.position(0) if n == 1 else p for p, n in zip(places, index_shape, strict=False)]
            at_index += [code.position(0)] * (len(index_shape) - dim)
            place = place_of(code, code.extract(indices, *at_index), size)
        if dim == len(extents):
            assert place is not None
            target = [place if n == axis else p for n, p in enumerate(places)]
            new = code.extract(updates, *places)
            if op.reduction != "none":
                new = combined(code, code.extract(y, *target), new)
            return code.insert(new, y, *target)

        def step(inner: Code, here: SSAValue, y: SSAValue) -> list[SSAValue]:
            return [nest(inner, [*places, here], place, y)]

        # Only along the axis can two updates meet.
        return code.loop(extents[dim], step, y, parallel=dim < axis)[0]

    return nest(Code(at.builder), [], None, y)


COMBINE = {
    "add": BINARY["add"],
    "mul": BINARY["mul"],
    "min": BINARY["min"] | {BOOL: direct(arith.AndIOp)},
    "max": BINARY["max"] | {BOOL: direct(arith.OrIOp)},
}


def populate_indexing(rules: Rules) -> None:
    rules["graph.gather_elements"] = lower_gather_elements
    rules["graph.scatter"] = lower_scatter
