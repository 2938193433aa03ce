"""Max and average pooling: a reduction over a window, whose sizes an operand that is never read says, as upstream does.

    %y = graph.max_pool %x {kernel = [2, 2], layout = nhwc} : tensor<1x4x4x8xf32> -> tensor<1x3x3x8xf32>
  becomes, over a tensor filled with -inf,
    %window = tensor.empty() : tensor<2x2xf32>
    linalg.generic {indexing_maps = [(n, oh, ow, c, kh, kw) -> (n, oh + kh, ow + kw, c),
                                     (n, oh, ow, c, kh, kw) -> (kh, kw),
                                     (n, oh, ow, c, kh, kw) -> (n, oh, ow, c)], ...} ins(%x, %window) outs(%fill)

Where windows of an average reach over the edge and the padding does not count, the divisors are a table.
"""

from __future__ import annotations

from functools import reduce
from typing import TypeAlias

import numpy as np
from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.weights import Array
from xdsl.dialects import arith
from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Attribute, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from .convolution import axes_of, spatial_of, spatial_pads
from .elementwise import BINARY, Render, direct, kind_of, lowest
from .lowering import Body, Loops, Lowering, Number, Rules, compute_type, element_of, loops_over, shape_of, signless
from .views import pad

Pool: TypeAlias = graph.MaxPoolOp | graph.AvgPoolOp


def reach(op: Pool) -> list[int]:
    """How much padding the last windows need at each spatial dim's end (with ceil_mode they may go beyond the pads)."""
    outputs = spatial_of(op, op.result)
    needed = [
        (outputs[i] - 1) * op.strides[i] + (op.kernel[i] - 1) * op.dilations[i] + 1 - op.spatial[i] - op.low[i]
        for i in range(op.spatial_rank)
    ]
    return [max(have, want) for have, want in zip(op.high, needed, strict=True)]


def pool(op: Pool, at: Lowering, combine: Render, neutral: Number, element: Attribute) -> SSAValue:
    """`combine` over each window, from `neutral`, in the type `element`."""
    rank = op.spatial_rank
    low, high = spatial_pads(op.layout, op.low), spatial_pads(op.layout, reach(op))
    x = pad(at, at[op.x], low, high, neutral)
    axes = axes_of(op.layout, [f"o{i}" for i in range(rank)], "c")
    loops = Loops(
        dict(zip(axes, shape_of(op.result), strict=True)), {f"k{i}": size for i, size in enumerate(op.kernel)}
    )
    reads: dict[str, AffineExpr] = {"n": loops["n"], "c": loops["c"]}
    for i in range(rank):
        reads[f"o{i}"] = loops[f"o{i}"] * op.strides[i] + loops[f"k{i}"] * op.dilations[i]
    inputs: list[tuple[SSAValue, AffineMap]] = [(x, loops.map(*(reads[axis] for axis in axes)))]
    if loops.reduction:
        inputs.append((at.empty(tuple(loops.reduction.values()), element), loops.map(*loops.reduction)))

    def body(b: Body, *elements: SSAValue) -> SSAValue:
        value = b.convert(elements[0], element) if isinstance(element, AnyFloat) else elements[0]
        return combine(b, elements[-1], value) if loops.reduction else value

    return at.generic(loops, inputs, element, body, init=neutral)


def lower_max_pool(op: graph.MaxPoolOp, at: Lowering) -> SSAValue:
    """Floats of 16 bits are compared as f32, which has them all."""
    element, wide = element_of(op.x), compute_type(element_of(op.x))
    larger = BINARY["max"][kind_of(element)]

    def combine(b: Body, *values: SSAValue) -> SSAValue:
        return b.convert(larger(b, *(b.convert(value, wide) for value in values)), element)

    narrow = isinstance(element, AnyFloat) and wide != element
    return pool(op, at, combine if narrow else larger, lowest(element), signless(element))


def window_counts(op: graph.AvgPoolOp) -> Array:
    """How many elements each window averages over: 1-d counts multiplied out, over the spatial dims of the output."""
    outputs = spatial_of(op, op.result)
    counts: list[Array] = []
    for i in range(op.spatial_rank):
        positions = np.arange(outputs[i])[:, None] * op.strides[i] + np.arange(op.kernel[i]) * op.dilations[i]
        first, last = op.low[i], op.low[i] + op.spatial[i]
        if op.count_include_pad:
            first, last = 0, last + op.high[i]
        counts.append(((positions >= first) & (positions < last)).sum(axis=1))
    return np.maximum(reduce(np.multiply.outer, counts), 1)


def lower_avg_pool(op: graph.AvgPoolOp, at: Lowering) -> SSAValue:
    element = element_of(op.x)
    if not isinstance(element, AnyFloat):
        raise StepwellError(f"{op.name} of {element} elements is not supported", op, fix="float elements are")
    wide = compute_type(element)
    total = pool(op, at, direct(arith.AddfOp), 0.0, wide)
    counts = window_counts(op)
    loops = loops_over(shape_of(total))
    if (counts == counts.flat[0]).all():
        count = float(counts.flat[0])
        inputs = [(total, loops.output)]
    else:
        count = None
        names = list(loops.parallel)
        spatial = names[2:] if op.layout == "nchw" else names[1:-1]
        table = at.table(counts.astype(np.float64 if wide.bitwidth == 64 else np.float32), "window_counts")  # pyright: ignore
        inputs = [(total, loops.output), (table, loops.map(*spatial))]

    def divide(b: Body, sum: SSAValue, *divisor: SSAValue) -> SSAValue:
        by = divisor[0] if count is None else b.constant(count, wide)
        return b.convert(b.emit(arith.DivfOp(sum, by)), element)

    return at.generic(loops, inputs, element, divide)


def populate_pooling(rules: Rules) -> None:
    rules["graph.max_pool"] = lower_max_pool
    rules["graph.avg_pool"] = lower_avg_pool
