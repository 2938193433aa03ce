"""Products of one operand by several constants are one product, with the constants side by side.

    %q = graph.matmul %x, %wq : (tensor<8x16xf32>, tensor<16x4xf32>) -> tensor<8x4xf32>
    %qb = graph.add %q, %bq : (tensor<8x4xf32>, tensor<4xf32>) -> tensor<8x4xf32>
    %k = graph.matmul %x, %wk : (tensor<8x16xf32>, tensor<16x4xf32>) -> tensor<8x4xf32>
  becomes
    %p = graph.matmul %x, (%wq | %wk) : (tensor<8x16xf32>, tensor<16x8xf32>) -> tensor<8x8xf32>
    %s = graph.add %p, (%bq | 0) : (tensor<8x8xf32>, tensor<8xf32>) -> tensor<8x8xf32>
    %qb = graph.slice %s {starts = [0, 0], sizes = [8, 4]} : (tensor<8x8xf32>) -> tensor<8x4xf32>
    %k = graph.slice %s {starts = [0, 4], sizes = [8, 4]} : (tensor<8x8xf32>) -> tensor<8x4xf32>

So the queries, keys and values of an attention are one kernel that reads its input once. The slices cost nothing where
they are read as views, so only products are merged whose results are reshaped, transposed or multiplied; one that has
an elementwise op to follow it is better off with that as its epilogue.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from stepwell.context import Context
from stepwell.dialects.graph import (
    AddOp,
    ConstantOp,
    MatmulOp,
    ReshapeOp,
    SliceOp,
    TransposeOp,
    array_of,
    constant,
    constant_owner,
)
from stepwell.dialects.graph.base import GraphOp
from stepwell.dialects.graph.types import Shape, is_static, rank_of, shape_of
from stepwell.locations import fuse, stamp
from stepwell.pass_manager import FunctionPass
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue

READS_SLICES = (ReshapeOp, TransposeOp, MatmulOp)
"""Users to whom it makes no difference that they read a slice."""


@dataclass(frozen=True)
class Product:
    """`x @ weight + bias`. `last` is the op that gives it."""

    matmul: MatmulOp
    weight: ConstantOp
    bias: ConstantOp | None
    last: GraphOp

    @property
    def columns(self) -> int:
        return shape_of(self.matmul.result)[-1]


@dataclass(frozen=True)
class MergeProducts(FunctionPass):
    name = "merge-products"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        for block in func.body.blocks:
            for products in products_by_operand(block):
                if len(products) > 1:
                    merge(ctx, block, products)


def products_by_operand(block: Block) -> list[list[Product]]:
    """The products of a block by what stands on their left, in order."""
    found = defaultdict[SSAValue, list[Product]](list)
    for op in block.ops:
        if isinstance(op, MatmulOp) and (product := product_of(op)) is not None:
            found[op.a].append(product)
    return list(found.values())


def product_of(op: MatmulOp) -> Product | None:
    weight = constant_owner(op.b)
    if weight is None or rank_of(op.b) != 2 or rank_of(op.a) < 2 or not is_static(op.result):
        return None
    last, bias = op, None
    users = {use.operation for use in op.result.uses}
    if len(users) == 1 and isinstance(add := users.pop(), AddOp) and add.parent is op.parent:
        bias = constant_owner(add.b if add.a is op.result else add.a)
        if bias is None or shape_of(bias.result) != shape_of(op.result)[-1:] or add.result.type != op.result.type:
            return None
        last = add
    if not all(isinstance(use.operation, READS_SLICES) for use in last.result.uses):
        return None
    return Product(op, weight, bias, last)


def merge(ctx: Context, block: Block, products: list[Product]) -> None:
    first = products[0].matmul
    weights = [array_of(ctx, product.weight) for product in products]
    hint = products[0].weight.result.name_hint or "weight"
    weight = constant(ctx, np.concatenate(weights, axis=1), hint)
    total = MatmulOp(first.a, weight)
    made: list[Operation] = [weight, total]
    if any(product.bias is not None for product in products):
        zeros = [np.zeros(product.columns, weights[0].dtype) for product in products]
        parts = [z if p.bias is None else array_of(ctx, p.bias) for z, p in zip(zeros, products, strict=True)]
        biases = [product.bias for product in products if product.bias is not None]
        bias = constant(ctx, np.concatenate(parts), biases[0].result.name_hint or "bias")
        made += [bias, total := AddOp(total, bias)]
    start = 0
    for product in products:
        cut = columns_of(total.result, start, product.columns)
        cut.result.name_hint = product.last.result.name_hint
        product.last.result.replace_all_uses_with(cut.result)
        made.append(cut)
        start += product.columns
    stamp(made, fuse(op.location for product in products for op in (product.matmul, product.last)))
    block.insert_ops_before(made, first)
    for product in products:
        for op in dict.fromkeys((product.last, product.matmul)):
            block.erase_op(op)


def columns_of(value: SSAValue, start: int, size: int) -> SliceOp:
    shape: Shape = shape_of(value)
    outer = (0,) * (len(shape) - 1)
    return SliceOp(value, starts=(*outer, start), sizes=(*shape[:-1], size))
