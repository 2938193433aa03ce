"""How much arithmetic each graph op is, in MACs and other FLOPs: a table of the ops that compute.

    graph.conv (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32>    1*16*6*6 * 3*3*3 MACs
    graph.relu tensor<1x16x6x6xf32>                                                   1*16*6*6 FLOPs

What only moves elements is no work.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from stepwell.work import Work

from .base import GraphOp
from .convolution import ConvOp, ConvTransposeOp
from .elementwise import ElementwiseOp
from .indexing import CumulateOp, ScatterOp
from .matmul import MatmulOp
from .pooling import PoolOp
from .reduction import ArgReduceOp, BatchNormOp, LogSoftmaxOp, ReduceOp, SoftmaxOp
from .types import count, shape_of

SOFTMAX = 5
"""FLOPs an element: the maximum, a difference, an exponential, the sum, a quotient."""


def convolution(op: ConvOp) -> Work:
    """Every output element is a sum over one filter."""
    outputs = count(op.result_type.get_shape())
    taps = prod(shape_of(op.w)) // op.result_type.get_shape()[-1 if op.layout == "nhwc" else 1]
    return Work(outputs * taps, outputs * (len(op.operands) - 2))


def transposed_convolution(op: ConvTransposeOp) -> Work:
    """Every input element adds one weighted window to the output."""
    x = shape_of(op.x)
    window = prod(shape_of(op.w)) // x[-1 if op.layout == "nhwc" else 1]
    return Work(count(x) * window, count(op.result_type.get_shape()) * (len(op.operands) - 2))


def matmul(op: MatmulOp) -> Work:
    return Work(count(op.result_type.get_shape()) * shape_of(op.operands[0])[-1])


def each(flops: int, *, of_operand: bool = False) -> Callable[[GraphOp], Work]:
    """So many FLOPs for each element of the result, or of the first operand."""

    def work(op: GraphOp) -> Work:
        return Work(others=flops * count(shape_of(op.operands[0] if of_operand else op.result)))

    return work


def scatter(op: ScatterOp) -> Work:
    """What is not just put in its place is added, multiplied or compared."""
    return Work(others=0 if op.reduction == "none" else count(shape_of(op.updates)))


def pool(op: PoolOp) -> Work:
    return Work(others=count(op.result_type.get_shape()) * prod(op.kernel))


TABLE: dict[type[GraphOp], Callable[..., Work]] = {
    ConvOp: convolution,
    ConvTransposeOp: transposed_convolution,
    MatmulOp: matmul,
    PoolOp: pool,
    ReduceOp: each(1, of_operand=True),
    ArgReduceOp: each(1, of_operand=True),
    SoftmaxOp: each(SOFTMAX),
    LogSoftmaxOp: each(SOFTMAX),
    BatchNormOp: each(2),
    CumulateOp: each(1),
    ScatterOp: scatter,
    ElementwiseOp: each(1),
}


def work_of(op: GraphOp) -> Work:
    """The work of one op whose shapes are static."""
    found = next((TABLE[kind] for kind in type(op).__mro__ if kind in TABLE), None)
    return Work() if found is None else found(op)
