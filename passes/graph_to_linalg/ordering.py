"""Ops in which one element after the other decides: running sums, the largest k, boxes that others suppress.

    %y = graph.cumulate sum %x {axis = 1} : tensor<4x8xf32>
  becomes
    scf.for %r = %c0 to %c4 step %c1 iter_args(%t = %empty) -> (tensor<4x8xf32>) {        // in any order
      %row, %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%u = %t, %s = %zero) -> (tensor<4x8xf32>, f32) {
        ...

`graph.top_k` keeps a heap of the k best of each row where the result is to be, the worst of them on top: an element
that is no better than that one, as most are, costs one comparison. Taking the worst away again and again sorts what is
left (Williams, "Algorithm 232: Heapsort", 1964; Floyd's way to build a heap from its leaves).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from stepwell.dialects import graph
from xdsl.dialects import arith
from xdsl.dialects.builtin import AnyFloat, i1, i64
from xdsl.ir import Attribute, SSAValue

from .elementwise import BINARY, SIGNED, is_nan, kind_of
from .lowering import Body, Lowering, Rules, compute_type, element_of, scalar_attribute, shape_of, signless
from .scalar import Code
from .views import reshape

COMBINE = {"sum": BINARY["add"], "prod": BINARY["mul"]}
NEUTRAL = {"sum": 0, "prod": 1}


def lower_cumulate(op: graph.CumulateOp, at: Lowering) -> SSAValue:
    shape, element = shape_of(op.x), element_of(op.x)
    before, count, behind = prod(shape[: op.axis]), shape[op.axis], prod(shape[op.axis + 1 :])
    if prod(shape) == 0:
        return at.empty(shape, signless(element))
    x = reshape(at, at[op.x], (before, count, behind))
    wide, combine, start = compute_type(element), COMBINE[op.kind][kind_of(element)], NEUTRAL[op.kind]

    def widened(code: Code, value: SSAValue) -> SSAValue:
        return code.convert(value, wide) if isinstance(wide, AnyFloat) else value

    def narrowed(code: Code, value: SSAValue) -> SSAValue:
        return code.convert(value, element) if isinstance(wide, AnyFloat) else value

    def turned(code: Code, i: SSAValue) -> SSAValue:
        return code.sub(code.position(count - 1), i) if op.reverse else i

    def row(code: Code, r: SSAValue, y: SSAValue) -> list[SSAValue]:
        """Along the last dim, with the sum in a register."""
        zero = code.position(0)

        def step(inner: Code, i: SSAValue, y: SSAValue, total: SSAValue) -> list[SSAValue]:
            here = turned(inner, i)
            more = combine(inner, total, widened(inner, inner.extract(x, r, here, zero)))
            return [inner.insert(narrowed(inner, total if op.exclusive else more), y, r, here, zero), more]

        return code.loop(count, step, y, code.constant(start, wide))[:1]

    def rows(code: Code, r: SSAValue, y: SSAValue) -> list[SSAValue]:
        """Along another dim: each row is the one before it and what comes to it, in vectors."""
        first = turned(code, code.position(0))

        def begin(inner: Code, j: SSAValue, y: SSAValue) -> list[SSAValue]:
            value = narrowed(inner, inner.constant(start, wide)) if op.exclusive else inner.extract(x, r, first, j)
            return [inner.insert(value, y, r, first, j)]

        def step(inner: Code, i: SSAValue, y: SSAValue) -> list[SSAValue]:
            here, last = turned(inner, i), turned(inner, inner.sub(i, inner.position(1)))

            def element_step(deep: Code, j: SSAValue, y: SSAValue) -> list[SSAValue]:
                more = deep.extract(x, r, last if op.exclusive else here, j)
                total = combine(deep, widened(deep, deep.extract(y, r, last, j)), widened(deep, more))
                return [deep.insert(narrowed(deep, total), y, r, here, j)]

            return inner.loop(behind, element_step, y)

        return code.loop(count, step, *code.loop(behind, begin, y), first=1)

    y = at.empty((before, count, behind), signless(element))
    made = Code(at.builder).loop(before, row if behind == 1 else rows, y, parallel=True)[0]
    return reshape(at, made, shape)


class Heap:
    """The indices of some elements of row `row` of `keys`, the worst on top, in row `row` of a tensor of indices."""

    def __init__(self, keys: SSAValue, element: Attribute, smallest: bool, row: SSAValue):
        self.keys, self.row, self.smallest = keys, row, smallest
        self.kind = kind_of(element)

    def key(self, code: Code, index: SSAValue) -> SSAValue:
        return code.extract(self.keys, self.row, code.as_index(index))

    def better(self, code: Code, a: SSAValue, b: SSAValue) -> SSAValue:
        """Whether key a comes before key b."""
        high, low = (b, a) if self.smallest else (a, b)
        if isinstance(a.type, AnyFloat):
            return code.emit(arith.CmpfOp(high, low, "ogt"))
        return code.compare("sgt" if self.kind is SIGNED else "ugt", high, low)

    def before(self, code: Code, a: SSAValue, b: SSAValue) -> SSAValue:
        """Whether element a comes before element b: it is better, or as good and its index is lower."""
        key_a, key_b = self.key(code, a), self.key(code, b)
        equal = arith.CmpfOp(key_a, key_b, "oeq") if isinstance(key_a.type, AnyFloat) else None
        same = code.compare("eq", key_a, key_b) if equal is None else code.emit(equal)
        return code.either(self.better(code, key_a, key_b), code.both(same, code.compare("slt", a, b)))

    def at(self, code: Code, heap: SSAValue, place: SSAValue) -> SSAValue:
        return code.extract(heap, self.row, place)

    def put(self, code: Code, index: SSAValue, heap: SSAValue, place: SSAValue) -> SSAValue:
        return code.insert(index, heap, self.row, place)

    def sift(self, code: Code, heap: SSAValue, place: SSAValue, size: SSAValue, new: SSAValue) -> SSAValue:
        """Put element `new` into the hole at `place`, below all that are worse, in a heap of `size`, which is > 0."""
        one = code.position(1)
        last = code.sub(size, one)

        def test(c: Code, hole: SSAValue, heap: SSAValue) -> list[SSAValue]:
            left = c.add(c.add(hole, hole), one)
            right = c.add(left, one)
            near, far = (c.emit(arith.MinSIOp(place, last)) for place in (left, right))  # to look is safe
            use_right = c.both(
                c.compare("slt", right, size), self.before(c, self.at(c, heap, near), self.at(c, heap, far))
            )
            child = c.select(use_right, far, near)
            sinks = c.both(c.compare("slt", left, size), self.before(c, new, self.at(c, heap, child)))
            return [sinks, hole, child, heap]

        def step(c: Code, hole: SSAValue, child: SSAValue, heap: SSAValue) -> list[SSAValue]:
            return [child, self.put(c, self.at(c, heap, child), heap, hole)]

        hole, _, heap = code.loop_while(test, step, place, heap)
        return self.put(code, new, heap, hole)


def ordered_keys(at: Lowering, op: graph.TopKOp) -> SSAValue:
    """The elements as rows of numbers that compare as they are to be ordered: NaN is infinity."""
    shape, element = shape_of(op.x), element_of(op.x)
    x = reshape(at, at[op.x], (prod(shape[:-1]), shape[-1]))
    if not isinstance(element, AnyFloat):
        return x
    wide = compute_type(element)

    def key(b: Body, value: SSAValue) -> SSAValue:
        value = b.convert(value, wide)
        return b.select(is_nan(b, value), b.constant(float("inf"), wide), value)

    return at.elementwise((x,), shape_of_rows(shape), wide, key)


def shape_of_rows(shape: Sequence[int]) -> tuple[int, int]:
    return prod(shape[:-1]), shape[-1]


def lower_top_k(op: graph.TopKOp, at: Lowering) -> SSAValue:
    rows, count = shape_of_rows(shape_of(op.x))
    k, element = op.k, element_of(op.x)
    if k == 0 or rows == 0:
        return at.empty(shape_of(op.result), i64)
    keys = ordered_keys(at, op)

    def row(code: Code, r: SSAValue, y: SSAValue) -> list[SSAValue]:
        heap, size, top = Heap(keys, element, op.smallest, r), code.position(k), code.position(0)

        def begin(c: Code, i: SSAValue, y: SSAValue) -> list[SSAValue]:
            return [heap.put(c, c.emit(arith.IndexCastOp(i, i64)), y, i)]

        def build(c: Code, i: SSAValue, y: SSAValue) -> list[SSAValue]:
            place = c.sub(c.position(k // 2 - 1), i)
            return [heap.sift(c, y, place, size, heap.at(c, y, place))]

        def replace(c: Code, i: SSAValue, y: SSAValue, worst: SSAValue) -> list[SSAValue]:
            def yes(inner: Code) -> list[SSAValue]:
                filled = heap.sift(inner, y, top, size, inner.emit(arith.IndexCastOp(i, i64)))
                return [filled, heap.key(inner, heap.at(inner, filled, top))]

            def no(inner: Code) -> list[SSAValue]:
                return [y, worst]

            return c.branch(heap.better(c, c.extract(keys, r, i), worst), yes, no)

        def sort(c: Code, i: SSAValue, y: SSAValue) -> list[SSAValue]:
            last = c.sub(c.position(k - 1), i)
            moved, worst = heap.at(c, y, last), heap.at(c, y, top)
            y = heap.put(c, worst, y, last)
            return [heap.sift(c, y, top, last, moved)]

        y = code.loop(k, begin, y)[0]
        y = code.loop(k // 2, build, y)[0]
        if k < count:
            y = code.loop(count, replace, y, heap.key(code, heap.at(code, y, top)), first=k)[0]
        return code.loop(k - 1, sort, y)

    y = Code(at.builder).loop(rows, row, at.empty((rows, k), i64), parallel=True)[0]
    return reshape(at, y, shape_of(op.result))


def lower_suppress(op: graph.SuppressOp, at: Lowering) -> SSAValue:
    """For each group of boxes a list of those that stay: a candidate is held against these alone."""
    shape, element = shape_of(op.candidates), element_of(op.boxes)
    groups, count = shape_of_rows(shape)
    limit, wide = min(op.limit, count), compute_type(element)
    if limit == 0 or groups == 0:
        return at.fill(shape, scalar_attribute(False, i1))
    boxes = reshape(at, at[op.boxes], (groups, count, 4))
    candidates = reshape(at, at[op.candidates], (groups, count))
    threshold = at[op.threshold]

    def corners(c: Code, g: SSAValue, place: SSAValue) -> list[SSAValue]:
        return [c.convert(c.extract(boxes, g, place, c.position(n)), wide) for n in range(4)]

    def area(c: Code, box: Sequence[SSAValue]) -> SSAValue:
        return c.mul(c.sub(box[2], box[0]), c.sub(box[3], box[1]))

    def overlap(c: Code, a: Sequence[SSAValue], b: Sequence[SSAValue]) -> SSAValue:
        """Whether the boxes share more than the threshold. Boxes that share or cover nothing do not."""
        zero = c.constant(0.0, wide)
        low = [c.emit(arith.MaximumfOp(a[n], b[n])) for n in (0, 1)]
        high = [c.emit(arith.MinimumfOp(a[n], b[n])) for n in (2, 3)]
        sides = [c.emit(arith.MaximumfOp(c.sub(end, start), zero)) for end, start in zip(high, low, strict=True)]
        shared = c.mul(*sides)
        covered = c.sub(c.add(area(c, a), area(c, b)), shared)
        most = c.convert(c.extract(threshold), wide)
        more = c.emit(arith.CmpfOp(c.emit(arith.DivfOp(shared, covered)), most, "ogt"))
        return c.both(more, c.both(*(c.emit(arith.CmpfOp(v, zero, "ogt")) for v in (shared, covered))))

    def group(code: Code, g: SSAValue, y: SSAValue, kept: SSAValue) -> list[SSAValue]:
        one, no, yes = code.position(1), code.constant(0, i1), code.constant(1, i1)

        def candidate(c: Code, i: SSAValue, y: SSAValue, kept: SSAValue, n: SSAValue) -> list[SSAValue]:
            box = corners(c, g, i)
            may = c.both(c.extract(candidates, g, i), c.compare("slt", n, c.position(limit)))

            def test(t: Code, j: SSAValue, stays: SSAValue) -> list[SSAValue]:
                return [t.both(stays, t.compare("slt", j, n)), j, stays]

            def hold(t: Code, j: SSAValue, stays: SSAValue) -> list[SSAValue]:
                other = corners(t, g, t.as_index(t.extract(kept, g, j)))
                return [t.add(j, one), t.select(overlap(t, box, other), no, yes)]

            _, stays = c.loop_while(test, hold, c.position(0), may)
            # The place behind the list is written in any case; it counts where the box stays.
            last = c.emit(arith.MinSIOp(n, c.position(limit - 1)))
            old = c.extract(kept, g, last)
            here = c.emit(arith.IndexCastOp(i, i64))
            kept = c.insert(c.select(stays, here, old), kept, g, last)
            return [c.insert(stays, y, g, i), kept, c.select(stays, c.add(n, one), n)]

        made = code.loop(count, candidate, y, kept, code.position(0))
        return made[:2]

    y, kept = at.empty((groups, count), i1), at.empty((groups, limit), i64)
    made = Code(at.builder).loop(groups, group, y, kept, parallel=True)[0]
    return reshape(at, made, shape)


def populate_ordering(rules: Rules) -> None:
    rules["graph.cumulate"] = lower_cumulate
    rules["graph.top_k"] = lower_top_k
    rules["graph.suppress"] = lower_suppress
