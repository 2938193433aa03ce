"""A small interpreter of modules at level loops, in numpy: what kernels of bf16 products and of integers do.

    run(ctx, module, x, y)    # calls @main; y is written

For instructions that the machine under test lacks (AMX's tiles), and to look at each number. It knows the ops of such
kernels, and no others. A read or a write outside of a buffer is an error, and a new buffer holds values that no right
program shows. A tile must be of the shapes that its memory and its factors have; products are exact and added in f32,
in the order of the pairs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
from linalg_eval import PREDICATES, truncated
from stepwell.context import Context
from stepwell.dialects import amx
from stepwell.dialects.graph.types import dtype_of
from stepwell.dialects.memref import GlobalOp
from xdsl.dialects import arith, func, memref, scf, vector
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    FloatAttr,
    IndexType,
    IntegerAttr,
    ModuleOp,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

Array = np.ndarray[Any, Any]
POISON = 77


@dataclass
class Buffer:
    """A memref: elements `start + indices * strides` of `data`."""

    data: Array
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def at(self, indices: list[int]) -> int:
        assert all(0 <= i < n for i, n in zip(indices, self.shape, strict=True)), (indices, self.shape)
        return self.start + sum(i * s for i, s in zip(indices, self.strides, strict=True))

    def lanes(self, indices: list[int], count: int) -> slice:
        first = self.at(indices)
        assert self.strides[-1] == 1 and first + count <= len(self.data)
        return slice(first, first + count)

    def tile(self, indices: list[int], rows: int, columns: int) -> Array:
        """The places in `data` of a tile's elements, row by row."""
        self.at([*indices[:-2], indices[-2] + rows - 1, indices[-1] + columns - 1])
        where = self.at(indices) + self.strides[-2] * np.arange(rows)[:, None] + np.arange(columns)
        assert where.max() < len(self.data)
        return where


def contiguous(array: Array) -> Buffer:
    strides = tuple(s // array.itemsize for s in array.strides)
    return Buffer(array.reshape(-1), 0, array.shape, strides)


def bf16(values: Array) -> Array:
    return values.astype(ml_dtypes.bfloat16)


def pairs_added(acc: Array, a: Array, b: Array) -> Array:
    """`acc` plus the products of neighbours in a and b, each lane its own pair."""
    a, b = a.astype(np.float32).reshape(-1, 2), b.astype(np.float32).reshape(-1, 2)
    return (acc + a[:, 1] * b[:, 1]) + a[:, 0] * b[:, 0]


def tiles_multiplied(a: Array, b: Array, acc: Array) -> Array:
    total = acc.copy()
    for pair in range(len(b)):
        for half in (1, 0):
            left, right = a[:, 2 * pair + half], b[pair, half::2]
            total += left.astype(np.float32)[:, None] * right.astype(np.float32)
    return total


class Interpreter:
    def __init__(self, ctx: Context, module: ModuleOp):
        self.ctx = ctx
        self.counts: Counter[str] = Counter()
        self.functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp)}
        self.globals = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, GlobalOp)}
        self.known: dict[SSAValue, Any] = {}

    def block(self, block: Block, args: list[Any]) -> list[Any]:
        self.known.update(zip(block.args, args, strict=True))
        for op in block.ops:
            values = [self.known[v] for v in op.operands]
            if isinstance(op, scf.YieldOp | func.ReturnOp):
                return values
            self.counts[op.name] += 1
            if (rule := RULES.get(op.name)) is None:
                raise NotImplementedError(op.name)
            results = rule(self, op, values)
            if op.results:
                results = results if isinstance(op, scf.ForOp) else [results]
                self.known.update(zip(op.results, results, strict=True))
        raise AssertionError("a block without an end")


def run(ctx: Context, module: ModuleOp, *arrays: Array, function: str = "main") -> Counter[str]:
    """Call `function` with arrays, which it may write; how often each op ran."""
    interpreter = Interpreter(ctx, module)
    interpreter.block(interpreter.functions[function].body.block, [contiguous(array) for array in arrays])
    return interpreter.counts


def loop(i: Interpreter, op: scf.ForOp, values: list[Any]) -> list[Any]:
    start, stop, step, *carried = values
    for n in range(start, stop, step):
        carried = i.block(op.body.block, [n, *carried])
    return carried


def call(i: Interpreter, op: func.CallOp, values: list[Any]) -> None:
    i.block(i.functions[op.callee.string_value()].body.block, values)


def constant(_: Interpreter, op: arith.ConstantOp, values: list[Any]) -> Any:
    assert isinstance(op.value, IntegerAttr | FloatAttr)
    number = op.value.value.data
    return number if isinstance(op.result.type, IndexType) else dtype_of(op.result.type).type(number)


def weight(i: Interpreter, op: memref.GetGlobalOp, values: list[Any]) -> Buffer:
    value = i.globals[op.name_.string_value()].initial_value
    if isinstance(value, DenseIntOrFPElementsAttr):
        return contiguous(np.array(list(value.get_values()), element(op.memref)).reshape(op.memref.type.get_shape()))
    assert isinstance(value, DenseResourceAttr)
    return contiguous(np.ascontiguousarray(i.ctx.weights[value.resource_handle.data]))


def element(value: SSAValue) -> np.dtype[Any]:
    kind: Attribute = value.type
    return dtype_of(kind.element_type)  # pyright: ignore


def allocated(_: Interpreter, op: memref.AllocOp, values: list[Any]) -> Buffer:
    return contiguous(np.full(op.memref.type.get_shape(), POISON, element(op.memref)))


def flat(_: Interpreter, op: memref.CollapseShapeOp, values: list[Any]) -> Buffer:
    (source,) = values
    (count,) = op.result.type.get_shape()
    return Buffer(source.data, source.start, (count,), (1,))


def placed(_: Interpreter, op: memref.ReinterpretCastOp, values: list[Any]) -> Buffer:
    source, *dynamic = values
    (offset,) = op.static_offsets.get_values()
    sizes, strides = (tuple(map(int, list_.get_values())) for list_ in (op.static_sizes, op.static_strides))
    return Buffer(source.data, dynamic[0] if offset == DYNAMIC_INDEX else int(offset), sizes, strides)


def vector_load(_: Interpreter, op: vector.LoadOp, values: list[Any]) -> Array:
    return values[0].data[values[0].lanes(values[1:], op.result.type.get_shape()[0])].copy()


def masked_load(_: Interpreter, op: vector.MaskedLoadOp, values: list[Any]) -> Array:
    base, *indices, mask, otherwise = values
    found = otherwise.copy()
    count = int(mask.sum())
    found[:count] = base.data[base.lanes(indices, count)]
    return found


def vector_store(_: Interpreter, op: vector.StoreOp, values: list[Any]) -> None:
    value, base, *indices = values
    base.data[base.lanes(indices, len(value))] = value


def masked_store(_: Interpreter, op: vector.MaskedStoreOp, values: list[Any]) -> None:
    base, *indices, mask, value = values
    count = int(mask.sum())
    base.data[base.lanes(indices, count)] = value[:count]


def load(_: Interpreter, op: memref.LoadOp, values: list[Any]) -> Any:
    return values[0].data[values[0].at(values[1:])]


def store(_: Interpreter, op: memref.StoreOp, values: list[Any]) -> None:
    values[1].data[values[1].at(values[2:])] = values[0]


def mask(_: Interpreter, op: vector.CreateMaskOp, values: list[Any]) -> Array:
    return np.arange(op.mask_vector.type.get_shape()[0]) < values[0]


def broadcast(_: Interpreter, op: vector.BroadcastOp, values: list[Any]) -> Array:
    return np.full(op.vector.type.get_shape(), values[0], element(op.vector))


def bitcast(_: Interpreter, op: vector.BitcastOp, values: list[Any]) -> Array:
    return values[0].view(element(op.result))


def shuffled(_: Interpreter, op: vector.ShuffleOp, values: list[Any]) -> Array:
    return np.concatenate(values)[list(map(int, op.mask.get_values()))]


def dot(_: Interpreter, op: Operation, values: list[Any]) -> Array:
    return pairs_added(*values)


def fused(_: Interpreter, op: Operation, values: list[Any]) -> Array:
    a, b, c = (np.asarray(v, np.float64) for v in values)
    return (a * b + c).astype(np.float32)


def cast(_: Interpreter, op: Operation, values: list[Any]) -> Any:
    kind: Attribute = op.results[0].type
    return np.asarray(values[0]).astype(element(op.results[0]) if hasattr(kind, "element_type") else dtype_of(kind))


def sizes(value: SSAValue) -> tuple[int, int]:
    tile = amx.tile_type(value)
    return tile.rows, tile.columns


def tile_zero(_: Interpreter, op: amx.TileZeroOp, values: list[Any]) -> Array:
    return np.zeros(sizes(op.res), np.float32)


def tile_load(_: Interpreter, op: amx.TileLoadOp, values: list[Any]) -> Array:
    base, *indices = values
    return base.data[base.tile(indices, *sizes(op.res))]


def tile_store(_: Interpreter, op: amx.TileStoreOp, values: list[Any]) -> None:
    base, *indices, value = values
    assert value.shape == sizes(op.val)
    base.data[base.tile(indices, *value.shape)] = value


def tile_mulf(_: Interpreter, op: amx.TileMulFOp, values: list[Any]) -> Array:
    return tiles_multiplied(*values)


def binary(function: Callable[[Any, Any], Any]) -> Callable[[Interpreter, Operation, list[Any]], Any]:
    return lambda _, op, values: function(*values)


RULES: dict[str, Callable[[Interpreter, Any, list[Any]], Any]] = {
    "scf.for": loop,
    "func.call": call,
    "arith.constant": constant,
    "arith.addi": binary(lambda a, b: a + b),
    "arith.subi": binary(lambda a, b: a - b),
    "arith.muli": binary(lambda a, b: a * b),
    "arith.divsi": binary(truncated),
    "arith.remsi": binary(lambda a, b: a - truncated(a, b) * b),
    "arith.maxsi": binary(max),
    "arith.minsi": binary(min),
    "arith.andi": binary(lambda a, b: a & b),
    "arith.xori": binary(lambda a, b: a ^ b),
    "arith.addf": binary(np.add),
    "arith.mulf": binary(np.multiply),
    "arith.maximumf": binary(np.maximum),
    "arith.cmpi": lambda _, op, values: PREDICATES[op.predicate.value.data](*values),
    "arith.select": lambda _, op, values: values[1] if values[0] else values[2],
    "arith.index_cast": cast,
    "arith.extui": cast,
    "arith.extsi": cast,
    "arith.trunci": cast,
    "arith.truncf": cast,
    "arith.extf": cast,
    "memref.alloc": allocated,
    "memref.get_global": weight,
    "memref.collapse_shape": flat,
    "memref.reinterpret_cast": placed,
    "memref.load": load,
    "memref.store": store,
    "vector.load": vector_load,
    "vector.maskedload": masked_load,
    "vector.store": vector_store,
    "vector.maskedstore": masked_store,
    "vector.create_mask": mask,
    "vector.broadcast": broadcast,
    "vector.bitcast": bitcast,
    "vector.fma": fused,
    "vector.shuffle": shuffled,
    "x86vector.avx512.dot": dot,
    "amx.tile_zero": tile_zero,
    "amx.tile_load": tile_load,
    "amx.tile_store": tile_store,
    "amx.tile_mulf": tile_mulf,
}
