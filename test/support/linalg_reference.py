"""Linalg on memrefs, run op by op with numpy: what any lowering of it must compute.

run_linalg(module, x, w, out)          # the last function; `out` is written
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import Float16Type, Float32Type, Float64Type, IndexType, IntegerType, MemRefType, ModuleOp
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Attribute, Block, Operation, SSAValue

FLOATS = {Float16Type(): np.float16, Float32Type(): np.float32, Float64Type(): np.float64}
DTYPES: dict[Attribute, Any] = {**FLOATS, IndexType(): np.int64} | {
    IntegerType(n): t for n, t in ((1, np.bool_), (8, np.int8), (16, np.int16), (32, np.int32), (64, np.int64))
}
BODY: dict[str, Callable[..., Any]] = {
    "arith.addf": operator.add,
    "arith.subf": operator.sub,
    "arith.mulf": operator.mul,
    "arith.divf": operator.truediv,
    "arith.maximumf": np.maximum,
    "arith.minimumf": np.minimum,
    "arith.addi": operator.add,
    "arith.subi": operator.sub,
    "arith.muli": operator.mul,
    "arith.maxsi": max,
    "arith.minsi": min,
    "arith.andi": operator.and_,
    "arith.remsi": np.fmod,
    "arith.select": lambda c, a, b: a if c else b,
    "math.exp": np.exp,
    "math.sqrt": np.sqrt,
}
COMPARE = {"cmpf": {1: operator.eq, 2: operator.gt, 4: operator.lt}, "cmpi": {0: operator.eq, 2: operator.lt}}


def run_linalg(module: ModuleOp, *arrays: Any) -> None:
    function = next(op for op in reversed(list(module.body.block.ops)) if isinstance(op, func.FuncOp))
    env: dict[SSAValue, Any] = dict(zip(function.body.block.args, arrays, strict=True))
    with np.errstate(all="ignore"):
        for op in function.body.block.ops:
            run_op(op, env)


def view(array: Any, target: MemRefType[Any]) -> Any:
    """The elements from the first of `array` on, as `target` sees them."""
    return as_strided(array, target.get_shape(), [s * array.itemsize for s in target.get_strides() or ()])


def first_of(op: memref.SubviewOp, array: Any) -> Any:
    """`array` from the element at which the slice starts."""
    return array[tuple(slice(int(offset), None) for offset in op.static_offsets.get_values())]


def run_op(op: Operation, env: dict[SSAValue, Any]) -> None:
    match op:
        case arith.ConstantOp():
            env[op.result] = DTYPES[op.result.type](op.value.value.data)
        case memref.AllocOp():
            env[op.memref] = np.zeros(op.memref.type.get_shape(), DTYPES[op.memref.type.element_type])
        case memref.SubviewOp():
            env[op.result] = view(first_of(op, env[op.source]), op.result.type)
        case memref.ExpandShapeOp() | memref.CollapseShapeOp() | memref.CastOp():
            env[op.results[0]] = view(env[op.operands[0]], op.results[0].type)
        case linalg.FillOp():
            env[op.outputs[0]][...] = env[op.inputs[0]]
        case memref.CopyOp():
            env[op.destination][...] = env[op.source]
        case linalg.GenericOp():
            run_generic(op, env)
        case func.ReturnOp():
            pass
        case memref.StoreOp():
            env[op.memref][tuple(env[v] for v in op.indices) or ...] = env[op.value]
        case scf.ForOp():
            first, last, step, *carried = [env[v] for v in op.operands]
            for i in range(first, last, step):
                carried = run_inside(op.body.block, [np.int64(i), *carried], env)
            env.update(zip(op.results, carried, strict=True))
        case scf.WhileOp():
            going, *values = run_inside(op.before_region.block, [env[v] for v in op.operands], env)
            while going:
                carried = run_inside(op.after_region.block, values, env)
                going, *values = run_inside(op.before_region.block, carried, env)
            env.update(zip(op.results, values, strict=True))
        case scf.IfOp():
            region = op.true_region if env[op.cond] else op.false_region
            env.update(zip(op.results, run_inside(region.block, [], env) if region.blocks else (), strict=True))
        case _ if len(op.results) == 1:
            env[op.results[0]] = run_scalar(op, [env[v] for v in op.operands], ())
        case _:
            raise NotImplementedError(op.name)


def run_inside(block: Block, args: Sequence[Any], env: dict[SSAValue, Any]) -> list[Any]:
    """The operands of the block's terminator."""
    env.update(zip(block.args, args, strict=True))
    for op in block.ops:
        if op is not block.last_op:
            run_op(op, env)
    assert block.last_op is not None
    return [env[v] for v in block.last_op.operands]


def run_generic(op: linalg.GenericOp, env: Mapping[SSAValue, Any]) -> None:
    maps = [attr.data for attr in op.indexing_maps]
    operands = [env[v] for v in op.operands]
    extents: dict[int, int] = {}
    for map, array in zip(maps, operands, strict=True):
        assert map.results or array.size == 1
        for expr, size in zip(map.results, array.shape, strict=False):
            if len(expr.used_dims()) == 1 and str(expr) == f"d{next(iter(expr.used_dims()))}":
                extents[next(iter(expr.used_dims()))] = size
    for point in itertools.product(*(range(extents[d]) for d in range(len(extents)))):
        places = [map.eval(point, ()) for map in maps]
        inner = dict(env)
        for arg, array, place in zip(op.body.block.args, operands, places, strict=True):
            inner[arg] = array.reshape([-1])[0] if place == () else array[place]
        for n, value in enumerate(run_body(op, inner, point)):
            k = len(op.inputs) + n
            operands[k][places[k] or ...] = value


def run_body(op: linalg.GenericOp, env: dict[SSAValue, Any], point: tuple[int, ...]) -> list[Any]:
    for inner in op.body.block.ops:
        values = [env.get(v) for v in inner.operands]
        if isinstance(inner, linalg.YieldOp):
            return values
        if isinstance(inner, arith.ConstantOp):
            run_op(inner, env)
        else:
            env[inner.results[0]] = run_scalar(inner, values, point)
    raise AssertionError("a body without linalg.yield")


def run_scalar(op: Operation, values: list[Any], point: tuple[int, ...]) -> Any:
    match op:
        case linalg.IndexOp():
            return np.int64(point[op.dim.value.data])
        case memref.LoadOp():
            return values[0][tuple(values[1:])]
        case arith.CmpfOp() | arith.CmpiOp():
            return COMPARE[op.name.split(".")[1]][op.predicate.value.data](*values)
        case arith.IndexCastOp() | arith.SIToFPOp() | arith.ExtSIOp() | arith.TruncIOp():
            return np.asarray(values[0]).astype(DTYPES[op.results[0].type])[()]
    return BODY[op.name](*values)
