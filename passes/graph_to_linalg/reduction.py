"""Reductions, arg-reductions and softmax.

    %y = graph.reduce mean %x {axes = [1], keepdims} : (tensor<4x16xf32>) -> tensor<4x1xf32>
  becomes a sum over loops (d0, d1) into a tensor<4xf32> filled with 0, a division by 16, and the dim put back:
    %z = tensor.expand_shape %mean [[0, 1]] output_shape [4, 1] : tensor<4xf32> into tensor<4x1xf32>

Softmax subtracts the maximum first, so that no exp overflows: exp(x - max) / sum(exp(x - max)).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import AnyFloat, IndexType
from xdsl.dialects.tensor import ExtractOp
from xdsl.ir import Attribute, SSAValue

from .elementwise import BINARY, FLOAT, SIGNED, Kind, Render, highest, is_nan, kind_of, lowest
from .lowering import Body, Loops, Lowering, Number, Rules, compute_type, element_of, integer, shape_of
from .views import reshape

COMBINE: dict[str, dict[Kind, Render]] = {
    "sum": BINARY["add"],
    "mean": BINARY["add"],
    "prod": BINARY["mul"],
    "max": BINARY["max"],
    "min": BINARY["min"],
}


def neutral(kind: str, element: Attribute) -> Number:
    """What a reduction starts from."""
    return {"max": lowest, "min": highest}[kind](element) if kind in ("max", "min") else int(kind == "prod")


def reduction_loops(shape: Sequence[int], axes: Sequence[int]) -> Loops:
    """Loops d0, d1, ... over `shape`: those that stay first, then those of `axes`."""
    return Loops(
        {f"d{i}": size for i, size in enumerate(shape) if i not in axes},
        {f"d{i}": size for i, size in enumerate(shape) if i in axes},
    )


def reduce_over(at: Lowering, kind: str, x: SSAValue, axes: Sequence[int], element: Attribute) -> SSAValue:
    """The reduction of `x`, whose elements are of the graph-level type `element`, without the reduced dims."""
    loops = reduction_loops(shape_of(x), axes)
    wide = compute_type(element)
    combine = COMBINE[kind][kind_of(element)]

    def body(b: Body, value: SSAValue, *so_far: SSAValue) -> SSAValue:
        value = b.convert(value, wide) if isinstance(wide, AnyFloat) else value
        return combine(b, so_far[0], value) if so_far else value

    dims = [f"d{i}" for i in range(len(shape_of(x)))]
    return at.generic(loops, [(x, loops.map(*dims))], wide, body, init=neutral(kind, element))


def lower_reduce(op: graph.ReduceOp, at: Lowering) -> SSAValue:
    element, shape = element_of(op.x), shape_of(op.x)
    if kind_of(element) not in COMBINE[op.kind]:
        raise StepwellError(f"{op.name} {op.kind} of {element} elements is not supported", op)
    axes = [axis % len(shape) for axis in op.axes]
    y = reduce_over(at, op.kind, at[op.x], axes, element)
    if op.kind == "mean":
        count, divide = prod(shape[axis] for axis in axes), BINARY["div"][kind_of(element)]

        def average(b: Body, total: SSAValue) -> SSAValue:
            return divide(b, total, b.constant(count, total.type))

        y = at.elementwise((y,), shape_of(y), compute_type(element), average)
    if isinstance(element, AnyFloat):
        y = at.converted(y, element)
    return reshape(at, y, shape_of(op.result))


def lower_arg_reduce(op: graph.ArgReduceOp, at: Lowering) -> SSAValue:
    """The position of the largest (smallest) element: what is carried is the position, its element is looked up.

    Of equal elements the first counts, or the last with select_last_index; a NaN beats all numbers, as in numpy.
    Floats of 16 bits are compared as f32, which has them all.
    """
    element, shape = element_of(op.x), shape_of(op.x)
    axis, wide = op.axis % len(shape), compute_type(element)
    kind = kind_of(element)
    loops = reduction_loops(shape, [axis])
    x, index = at[op.x], integer(element_of(op.result))
    names = [f"d{i}" for i in range(len(shape))]
    order = list(loops.parallel)

    def better(b: Body, new: SSAValue, best: SSAValue) -> SSAValue:
        high, low = (new, best) if op.kind == "max" else (best, new)
        predicate = "ge" if op.select_last else "gt"
        if kind is FLOAT:
            new, best, high, low = (b.convert(value, wide) for value in (new, best, high, low))
            beats = b.emit(arith.CmpfOp(high, low, f"o{predicate}"))
            if op.select_last:
                return b.emit(arith.OrIOp(beats, is_nan(b, new)))
            return b.select(is_nan(b, best), b.constant(False, beats.type), b.emit(arith.OrIOp(beats, is_nan(b, new))))
        sign = "s" if kind is SIGNED else "u"
        return b.emit(arith.CmpiOp(high, low, sign + predicate))

    def body(b: Body, value: SSAValue, *so_far: SSAValue) -> SSAValue:
        if not so_far:
            return b.constant(0, index)
        position = b.emit(arith.IndexCastOp(so_far[0], IndexType()))
        where = [position if name in loops.reduction else b.index(order.index(name)) for name in names]
        best = b.emit(ExtractOp(x, where, value.type))
        here = b.emit(arith.IndexCastOp(b.index(len(order)), index))
        return b.select(better(b, value, best), here, so_far[0])

    y = at.generic(loops, [(x, loops.map(*names))], index, body, init=0)
    return reshape(at, y, shape_of(op.result))


def softmax_parts(op: graph.SoftmaxOp | graph.LogSoftmaxOp, at: Lowering) -> tuple[SSAValue, SSAValue, SSAValue]:
    """x - max, exp(x - max), and the sum of that, all with the dims of x, in the type they are computed in."""
    element, shape = element_of(op.x), shape_of(op.x)
    axis = op.axis % len(shape)
    wide = compute_type(element)
    kept = [1 if i == axis else size for i, size in enumerate(shape)]
    top = reshape(at, reduce_over(at, "max", at[op.x], [axis], element), kept)

    def shift(b: Body, x: SSAValue, most: SSAValue) -> SSAValue:
        return b.sub(b.convert(x, wide), most)

    def power(b: Body, x: SSAValue) -> SSAValue:
        return b.emit(math.ExpOp(x))

    shifted = at.elementwise((at[op.x], top), shape, wide, shift)
    powers = at.elementwise((shifted,), shape, wide, power)
    total = reshape(at, reduce_over(at, "sum", powers, [axis], wide), kept)
    return shifted, powers, total


def lower_softmax(op: graph.SoftmaxOp, at: Lowering) -> SSAValue:
    element = element_of(op.x)
    _, powers, total = softmax_parts(op, at)

    def divide(b: Body, power: SSAValue, total: SSAValue) -> SSAValue:
        return b.convert(b.emit(arith.DivfOp(power, total)), element)

    return at.elementwise((powers, total), shape_of(op.result), element, divide)


def lower_log_softmax(op: graph.LogSoftmaxOp, at: Lowering) -> SSAValue:
    element = element_of(op.x)
    shifted, _, total = softmax_parts(op, at)

    def subtract(b: Body, shifted: SSAValue, total: SSAValue) -> SSAValue:
        return b.convert(b.sub(shifted, b.emit(math.LogOp(total))), element)

    return at.elementwise((shifted, total), shape_of(op.result), element, subtract)


def populate_reduction(rules: Rules) -> None:
    rules["graph.reduce"] = lower_reduce
    rules["graph.arg_reduce"] = lower_arg_reduce
    rules["graph.softmax"] = lower_softmax
    rules["graph.log_softmax"] = lower_log_softmax
