"""Batch normalization that no convolution could take: a factor a channel first, then one loop over the tensor.

  %y = graph.batch_norm %x, %scale, %bias, %mean, %var {layout = nhwc} : ...
becomes
  %factor = linalg.generic {(d0) -> (d0), ...} ins(%scale, %var) { scale / sqrt(var + epsilon) }
  %y = linalg.generic {(n, h, w, c) -> (n, h, w, c), (n, h, w, c) -> (c), ...} ins(%x, %mean, %factor, %bias)
         { (x - mean) * factor + bias }
"""

from __future__ import annotations

from stepwell.dialects import graph
from xdsl.dialects import arith, math
from xdsl.ir import SSAValue

from .lowering import Body, Lowering, Rules, compute_type, element_of, loops_over, shape_of


def lower_batch_norm(op: graph.BatchNormOp, at: Lowering) -> SSAValue:
    element = element_of(op.x)
    wide = compute_type(element)

    def factor(b: Body, scale: SSAValue, var: SSAValue) -> SSAValue:
        deviation = math.SqrtOp(b.add(b.convert(var, wide), b.constant(op.epsilon, wide)))
        return b.emit(arith.DivfOp(b.convert(scale, wide), b.emit(deviation)))

    def normalize(b: Body, x: SSAValue, mean: SSAValue, factor: SSAValue, bias: SSAValue) -> SSAValue:
        centred = b.sub(b.convert(x, wide), b.convert(mean, wide))
        return b.convert(b.add(b.mul(centred, factor), b.convert(bias, wide)), element)

    factors = at.elementwise((at[op.scale], at[op.var]), shape_of(op.scale), wide, factor)
    loops = loops_over(shape_of(op.x))
    channel = loops.map(f"d{op.channel_axis}")
    rows = [(value, channel) for value in (at[op.mean], factors, at[op.bias])]
    return at.generic(loops, [(at[op.x], loops.output), *rows], element, normalize)


def populate_normalization(rules: Rules) -> None:
    rules["graph.batch_norm"] = lower_batch_norm
