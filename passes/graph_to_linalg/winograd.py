"""Winograd convolutions: the input's transform, a batch of matrix products, the output's transform.

    %y = graph.winograd_conv %x, %u {tile = 4, pads = [1, 1, 1, 1]}
        : (tensor<1x56x56x64xf32>, tensor<36x2x64x32xf32>) -> tensor<1x56x56x64xf32>
  becomes
    %p = %x with zeros round it                                                      // 1x58x58x64
    %d:36 = linalg.generic {(n, r, s, c) -> (n, 4*r + i, 4*s + j, c) for i, j < 6}   // B' d B, written out
              ins(%p 36 times) outs(36 empty ones)
    %v = the 36 as slices of one tensor                                              // 36x1x14x14x64
    %m = linalg.generic {(e, fo, n, r, s, fi, c) -> v(e, n, r, s, c) * u(e, fo, c, fi)}     // 36x2x1x14x14x32
    %t:16 = linalg.generic {(n, r, s, fo, fi) -> (e, fo, n, r, s, fi) for e < 36}           // A' m A
    %y = the 16 as slices of one tensor 1x14x4x14x4x2x32, seen as 1x56x56x64, cropped; then the bias

The transforms' bodies hold additions and products by constants, with what rows or columns share computed once; they
run in lanes along the channels. The names are those of `dialects/graph/winograd.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import cast

from stepwell.dialects import graph
from stepwell.dialects.graph.winograd import INPUT, OUTPUT, Matrix
from xdsl.builder import Builder
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr
from xdsl.dialects.linalg.ops import GenericOp, YieldOp
from xdsl.ir import Block, Region, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.rewriter import InsertPoint

from .convolution import finish
from .lowering import Body, Loops, Lowering, Rules, Tensor, element_of, shape_of
from .matmul import contract
from .views import crop, insert, pad, reshape

Row = Sequence[float]
Values = Sequence[SSAValue]


def lower_winograd(op: graph.WinogradConvOp, at: Lowering) -> SSAValue:
    element, m, n = element_of(op.x), op.tile, op.window
    batch, height, width, filters = op.result_type.get_shape()
    rows, columns = op.tiles
    _, panels, channels, panel = shape_of(op.u)
    x = pad(at, at[op.x], [0, *op.pads[:2], 0], [0, *op.slack, 0], 0)

    v = at.empty((n * n, batch, rows, columns, channels), element)
    loops = Loops({"n": batch, "r": rows, "s": columns, "c": channels})
    reads = [(x, loops.map("n", loops["r"] * m + i, loops["s"] * m + j, "c")) for i, j in product(range(n), repeat=2)]

    def start(b: Body, *values: SSAValue) -> list[SSAValue]:
        return squared(b, INPUT[m], values)

    parts = transform(at, loops, reads, n * n, start)
    for e, part in enumerate(parts):
        v = insert(at, part, v, (e, 0, 0, 0, 0), sizes=(1, batch, rows, columns, channels))

    loops = Loops({"e": n * n, "fo": panels, "n": batch, "r": rows, "s": columns, "fi": panel}, {"c": channels})
    v_and_map = v, loops.map("e", "n", "r", "s", "c")
    products = contract(at, loops, v_and_map, (at[op.u], loops.map("e", "fo", "c", "fi")), (element, element), element)

    y = at.empty((batch, rows, m, columns, m, panels, panel), element)
    loops = Loops({"n": batch, "r": rows, "s": columns, "fo": panels, "fi": panel})
    reads = [(products, loops.map(AffineExpr.constant(e), "fo", "n", "r", "s", "fi")) for e in range(n * n)]

    def end(b: Body, *values: SSAValue) -> list[SSAValue]:
        return squared(b, OUTPUT[m], values)

    parts = transform(at, loops, reads, m * m, end)
    for part, (i, j) in zip(parts, product(range(m), repeat=2), strict=True):
        y = insert(at, part, y, (0, 0, i, 0, j, 0, 0), sizes=(batch, rows, 1, columns, 1, panels, panel))
    y = reshape(at, y, (batch, rows * m, columns * m, op.room))
    y = crop(at, y, (0, 0, 0, 0), (0, rows * m - height, columns * m - width, op.room - filters))
    return finish(at, y, op.bias, "nhwc", element)


def transform(
    at: Lowering,
    loops: Loops,
    reads: Sequence[tuple[SSAValue, AffineMap]],
    results: int,
    body: Callable[..., Sequence[SSAValue]],
) -> Sequence[SSAValue]:
    """One generic with as many results as `body` gives for an element of each of `reads`."""
    operands = [value for value, _ in reads]
    element = cast(Tensor, operands[0].type).element_type
    output = at.empty(loops.shape, element)
    block = Block(arg_types=[element] * (len(operands) + results))
    b = Body(Builder(InsertPoint.at_end(block)))
    b.builder.insert(YieldOp(*body(b, *block.args[: len(operands)])))
    maps = [AffineMapAttr(m) for _, m in reads] + [AffineMapAttr(loops.output)] * results
    shape = [output.type] * results
    op = GenericOp(operands, [output] * results, Region(block), ArrayAttr(maps), loops.iterators, shape)
    at.builder.insert(op)
    return op.results


# The bodies of the transforms


def squared(b: Body, matrix: Matrix, values: Values) -> list[SSAValue]:
    """`matrix` times the square of `values` (row by row) times its transpose: columns first, then rows."""
    n = len(matrix[0])
    columns = [times(b, matrix, values[j::n]) for j in range(n)]
    return [y for row in zip(*columns, strict=True) for y in times(b, matrix, row)]


def times(b: Body, matrix: Matrix, values: Values) -> list[SSAValue]:
    """`matrix` times a column of `values`.

    Of neighbouring columns p, q that differ in signs only, x_p + x_q and x_p - x_q stand for x_p and x_q. Neighbouring
    rows that differ in signs only are the sum and the difference of the terms that they share and the others.
    """
    columns: list[Row] = []
    terms: list[SSAValue] = []
    todo = list(values)
    for group in in_pairs(transposed(matrix)):
        columns += split(*group) if len(group) == 2 else group
        x, *others = (todo.pop(0) for _ in group)
        terms += [b.add(x, others[0]), b.sub(x, others[0])] if others else [x]
    results: list[SSAValue] = []
    for group in in_pairs(transposed(columns)):
        parts = [weighted(b, part, terms) for part in (split(*group) if len(group) == 2 else group)]
        results += [b.add(*parts), b.sub(*parts)] if len(parts) == 2 else parts
    return results


def transposed(rows: Sequence[Row]) -> list[Row]:
    return list(zip(*rows, strict=True))


def in_pairs(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows one by one, but neighbours that are mirrored together."""
    groups: list[list[Row]] = []
    for row in rows:
        if groups and len(groups[-1]) == 1 and mirrored(groups[-1][0], row):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def mirrored(a: Row, b: Row) -> bool:
    """Whether two rows differ in some signs, and agree in others."""
    return all(abs(x) == abs(y) for x, y in zip(a, b, strict=True)) and tuple(a) != tuple(b) != tuple(-x for x in a)


def split(a: Row, b: Row) -> list[Row]:
    """Of two mirrored rows: what they share, and that in which `a` is the negative of `b`."""
    pairs = list(zip(a, b, strict=True))
    return [[x if x == y else 0 for x, y in pairs], [x if x != y else 0 for x, y in pairs]]


def weighted(b: Body, row: Row, values: Values) -> SSAValue:
    """`row` times `values`, a term of factor 1 first."""
    terms = [(factor, x) for factor, x in zip(row, values, strict=True) if factor]
    terms.sort(key=lambda term: (term[0] != 1, abs(term[0])))
    (factor, x), *rest = terms
    total = x if factor == 1 else b.mul(x, b.constant(factor, x.type))
    for factor, x in rest:
        if factor == -1:
            total = b.sub(total, x)
        else:
            total = b.add(total, x if factor == 1 else b.mul(x, b.constant(factor, x.type)))
    return total


def populate_winograd(rules: Rules) -> None:
    rules["graph.winograd_conv"] = lower_winograd
