"""A small interpreter of modules at level tensor, in numpy: what the generics mean, before any code is generated.

    run(module, x, w) -> [y]

Parallel loops run as whole arrays, reduction loops one point after the other, in order. Reads outside of a tensor are
errors, and so is what `tensor.empty` holds: it is filled with values that no right program shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from stepwell.context import Context
from stepwell.dialects.arith import RemFOp
from stepwell.dialects.graph.types import dtype_of
from xdsl.dialects import arith, func, linalg, math, scf, tensor
from xdsl.dialects.builtin import DenseResourceAttr, ModuleOp, SymbolRefAttr
from xdsl.ir import Block, Operation, SSAValue
from xdsl.ir.affine import (
    AffineBinaryOpExpr,
    AffineBinaryOpKind,
    AffineConstantExpr,
    AffineDimExpr,
    AffineExpr,
)

Array = np.ndarray[Any, Any]

POISON = 77
"""What an empty tensor holds."""


def run(ctx: Context, module: ModuleOp, *inputs: Array, function: str | None = None) -> list[Array]:
    """The results of `function` (of main, or of the last function)."""
    functions = {f.sym_name.data: f for f in module.walk() if isinstance(f, func.FuncOp)}
    chosen = functions.get(function or "main") or list(functions.values())[-1]
    with np.errstate(all="ignore"):
        return Interpreter(ctx, functions).call(chosen, inputs)


def unsigned(x: Array) -> Array:
    return x.astype(bool) if x.dtype == bool else x.view(np.dtype(f"u{x.dtype.itemsize}"))


def both(function: Callable[..., Array], wrap: Callable[[Array], Array] = lambda x: x) -> Callable[..., Array]:
    """`function` on operands seen through `wrap`, with the result in the first operand's dtype."""
    return lambda a, b: np.asarray(function(wrap(a), wrap(b))).astype(a.dtype)


def truncated(a: Array, b: Array) -> Array:
    assert np.all(b != 0), "a division by zero traps"
    assert a.dtype.kind != "i" or not np.any((b == -1) & (a == np.iinfo(a.dtype).min)), "this division traps"
    down = a // b
    return down + ((a - down * b != 0) & ((a < 0) != (b < 0)))


BINARY: dict[type[Operation], Callable[..., Array]] = {
    arith.AddfOp: np.add,
    arith.SubfOp: np.subtract,
    arith.MulfOp: np.multiply,
    arith.DivfOp: np.divide,
    arith.MaximumfOp: np.maximum,
    arith.MinimumfOp: np.minimum,
    arith.AddiOp: both(np.add),
    arith.SubiOp: both(np.subtract),
    arith.MuliOp: both(np.multiply),
    arith.DivSIOp: both(truncated),
    arith.DivUIOp: both(truncated, unsigned),
    arith.MaxSIOp: both(np.maximum),
    arith.MinSIOp: both(np.minimum),
    arith.MaxUIOp: both(np.maximum, unsigned),
    arith.MinUIOp: both(np.minimum, unsigned),
    arith.AndIOp: np.bitwise_and,
    arith.OrIOp: np.bitwise_or,
    arith.XOrIOp: np.bitwise_xor,
    arith.ShLIOp: both(np.left_shift),
    arith.ShRSIOp: both(np.right_shift),
    arith.ShRUIOp: both(np.right_shift, unsigned),
    math.PowFOp: np.power,
    math.CopySignOp: np.copysign,
    RemFOp: np.fmod,
}

UNARY: dict[type[Operation], Callable[..., Array]] = {
    arith.NegfOp: np.negative,
    math.AbsFOp: np.abs,
    math.AbsIOp: np.abs,
    math.ExpOp: np.exp,
    math.LogOp: np.log,
    math.SqrtOp: np.sqrt,
    math.TanhOp: np.tanh,
    math.FloorOp: np.floor,
    math.CeilOp: np.ceil,
    math.RoundEvenOp: np.rint,
    math.SinOp: np.sin,
    math.CosOp: np.cos,
    math.TanOp: np.tan,
    math.AsinOp: np.arcsin,
    math.AcosOp: np.arccos,
    math.AtanOp: np.arctan,
    math.SinhOp: np.sinh,
    math.CoshOp: np.cosh,
    math.AsinhOp: np.arcsinh,
    math.AcoshOp: np.arccosh,
    math.AtanhOp: np.arctanh,
    math.ErfOp: lambda x: np.vectorize(__import__("math").erf, otypes=[x.dtype])(x),
}

INTEGER_CASTS = (arith.ExtSIOp, arith.TruncIOp, arith.IndexCastOp)
FLOAT_CASTS = (arith.ExtFOp, arith.TruncFOp, arith.SIToFPOp, arith.FPToSIOp)
UNSIGNED_CASTS = (arith.ExtUIOp, arith.UIToFPOp)

PREDICATES = [np.equal, np.not_equal, *[np.less, np.less_equal, np.greater, np.greater_equal] * 2]
"""arith.cmpi's, by number; the last four look at unsigned numbers."""

ORDERED = {1: np.equal, 2: np.greater, 3: np.greater_equal, 4: np.less, 5: np.less_equal, 13: np.not_equal}
"""arith.cmpf's, by number; 14 is `uno`."""


def element_dtype(value: SSAValue) -> np.dtype[Any]:
    kind = value.type
    return np.dtype(np.int64) if str(kind) == "index" else dtype_of(getattr(kind, "element_type", kind))


def at_loops(expr: AffineExpr, loops: Sequence[Any]) -> Any:
    match expr:
        case AffineDimExpr(position=position):
            return loops[position]
        case AffineConstantExpr(value=value):
            return value
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Add, lhs=a, rhs=b):
            return at_loops(a, loops) + at_loops(b, loops)
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Mul, lhs=a, rhs=b):
            return at_loops(a, loops) * at_loops(b, loops)
    raise NotImplementedError(str(expr))


def look_up(x: Array, places: Sequence[Any]) -> Array:
    for place, size in zip(places, x.shape, strict=True):
        assert np.all(np.asarray(place) >= 0) and np.all(np.asarray(place) < size), f"read outside of {x.shape}"
    return x[tuple(np.asarray(place, dtype=np.int64) for place in places)] if places else x


class Interpreter:
    def __init__(self, ctx: Context, functions: dict[str, func.FuncOp]):
        self.ctx = ctx
        self.functions = functions
        self.values: dict[SSAValue, Array] = {}

    def call(self, function: func.FuncOp, inputs: Sequence[Array]) -> list[Array]:
        block = function.body.block
        for arg, array in zip(block.args, inputs, strict=True):
            assert arg.type.get_shape() == array.shape, f"{arg.type} is given {array.shape}"
            self.values[arg] = array if array.dtype == bool else array.view(element_dtype(arg))
        for op in block.ops:
            if isinstance(op, func.ReturnOp):
                return [self.values[value] for value in op.arguments]
            self.step(op)
        raise AssertionError("no return")

    def step(self, op: Operation) -> None:
        results = self.run_op(op)
        for result, array in zip(op.results, results, strict=True):
            assert array.dtype == element_dtype(result), f"{op.name} gives {array.dtype}"
            assert array.shape == result.type.get_shape() if isinstance(array, np.ndarray) and array.ndim else True
            self.values[result] = array

    def inside(self, block: Block, args: Sequence[Array]) -> list[Array]:
        """The operands of the terminator of a block that is handed `args`."""
        self.values.update(zip(block.args, args, strict=True))
        for op in block.ops:
            if op is not block.last_op:
                self.step(op)
        assert block.last_op is not None
        return [self.values[value] for value in block.last_op.operands]

    def run_op(self, op: Operation) -> list[Array]:
        values = [self.values[value] for value in op.operands]
        match op:
            case arith.ConstantOp():
                return [self.constant(op)]
            case tensor.EmptyOp():
                return [np.full(op.tensor.type.get_shape(), POISON, element_dtype(op.tensor))]
            case linalg.ops.FillOp():
                return [np.full_like(values[1], values[0])]
            case tensor.ExpandShapeOp() | tensor.CollapseShapeOp():
                return [values[0].reshape(op.result.type.get_shape())]
            case tensor.InsertSliceOp():
                target = values[1].copy()
                place = slices(op, target.shape)
                assert [n for n in target[place].shape if n != 1] == [n for n in values[0].shape if n != 1]
                target[place] = values[0].reshape(target[place].shape)
                return [target]
            case tensor.ExtractSliceOp():
                return [values[0][slices(op, values[0].shape)]]
            case linalg.ops.GenericOp():
                return self.generic(op)
            case func.CallOp(callee=SymbolRefAttr(root_reference=name)):
                return Interpreter(self.ctx, self.functions).call(self.functions[name.data], values)
            case tensor.InsertOp():
                target, places = values[1].copy(), values[2:]
                look_up(target, places)  # which says that it is there
                target[tuple(int(place) for place in places)] = values[0]
                return [target]
            case scf.ForOp():
                first, last, step, *carried = values
                for i in range(int(first), int(last), int(step)):
                    carried = self.inside(op.body.block, [np.asarray(i), *carried])
                return carried
            case scf.WhileOp():
                going, *carried = self.inside(op.before_region.block, values)
                while going:
                    carried = self.inside(op.after_region.block, carried)
                    going, *carried = self.inside(op.before_region.block, carried)
                return carried
            case scf.IfOp():
                region = op.true_region if values[0] else op.false_region
                return self.inside(region.block, []) if region.blocks else []
        return [self.scalar(op, values, ())]

    def constant(self, op: arith.ConstantOp) -> Array:
        kind, value = element_dtype(op.result), op.value
        if isinstance(value, DenseResourceAttr):
            array = self.ctx.weights[value.resource_handle.data]
            return array if array.dtype == bool else array.view(kind)
        if hasattr(value, "get_values"):
            shape = value.type.get_shape()
            return (
                np.broadcast_to(np.array(list(value.get_values()), dtype=kind), (1,)).reshape(())
                if not shape
                else (
                    np.full(shape, value.get_values()[0], kind)
                    if value.is_splat()
                    else np.array(list(value.get_values()), dtype=kind).reshape(shape)
                )
            )
        return np.asarray(value.value.data).astype(kind)

    def generic(self, op: linalg.ops.GenericOp) -> list[Array]:
        count, kinds = len(op.iterator_types), [kind.data.value for kind in op.iterator_types]
        sizes: dict[int, int] = {}
        for value, m in zip(op.operands, op.indexing_maps, strict=True):
            for size, expr in zip(value.type.get_shape(), m.data.results, strict=True):
                if isinstance(expr, AffineDimExpr):
                    assert sizes.setdefault(expr.position, size) == size, "loops of two sizes"
        parallel = [i for i in range(count) if kinds[i] == "parallel"]
        assert parallel == list(range(len(parallel))), "parallel loops come first"
        shape = tuple(sizes[i] for i in parallel)
        grids = np.ogrid[tuple(slice(size) for size in shape)] if shape else ()
        outs = [self.values[out] for out in op.outputs]
        in_order = tuple(AffineExpr.dimension(i) for i in parallel)
        assert all(m.data.results == in_order for m in op.indexing_maps.data[len(op.inputs) :])
        for point in np.ndindex(*(sizes[i] for i in range(len(parallel), count))):
            loops = [*grids, *point]
            elements: list[Array] = []
            for value, m in zip(op.inputs, op.indexing_maps, strict=False):
                places = [at_loops(expr, loops) for expr in m.data.results]
                elements.append(look_up(self.values[value], places))
            results = self.body(op, [*elements, *outs], loops)
            outs = [np.broadcast_to(r, shape).astype(out.dtype) for r, out in zip(results, outs, strict=True)]
        return [np.array(out) for out in outs]

    def body(self, op: linalg.ops.GenericOp, elements: Sequence[Array], loops: Sequence[Any]) -> list[Array]:
        env: dict[SSAValue, Any] = dict(zip(op.body.block.args, elements, strict=True))
        for inner in op.body.block.ops:
            values = [env[value] if value in env else self.values[value] for value in inner.operands]
            if isinstance(inner, linalg.ops.YieldOp):
                return values
            env[inner.results[0]] = self.scalar(inner, values, loops)
        raise AssertionError("no yield")

    def scalar(self, op: Operation, values: list[Array], loops: Sequence[Any]) -> Array:
        kind = element_dtype(op.results[0])
        if type(op) in BINARY:
            assert np.asarray(values[0]).dtype == np.asarray(values[1]).dtype
            return BINARY[type(op)](*values)
        if type(op) in UNARY:
            return UNARY[type(op)](*values)
        match op:
            case arith.ConstantOp():
                return self.constant(op)
            case linalg.ops.IndexOp():
                return np.asarray(loops[op.dim.value.data])
            case tensor.ExtractOp():
                return look_up(values[0], values[1:])
            case arith.SelectOp():
                return np.where(*values)
            case arith.CmpiOp():
                number = op.predicate.value.data
                wrap = unsigned if number >= 6 else lambda x: x
                return PREDICATES[number](*(wrap(np.asarray(value)) for value in values))
            case arith.CmpfOp():
                number = op.predicate.value.data
                return np.isnan(values[0]) | np.isnan(values[1]) if number == 14 else ORDERED[number](*values)
        x = np.asarray(values[0])
        if isinstance(op, INTEGER_CASTS + FLOAT_CASTS):
            return x.astype(kind)
        if isinstance(op, UNSIGNED_CASTS):
            return unsigned(x).astype(kind)
        if isinstance(op, arith.FPToUIOp):
            return x.astype(np.dtype(f"u{kind.itemsize}")).view(kind)
        raise NotImplementedError(op.name)


def slices(op: tensor.InsertSliceOp | tensor.ExtractSliceOp, shape: Sequence[int]) -> tuple[slice, ...]:
    numbers = (op.static_offsets, op.static_sizes, op.static_strides)
    found: list[slice] = []
    for (offset, size, stride), dim in zip(zip(*(n.get_values() for n in numbers), strict=True), shape, strict=True):
        last = offset + (size - 1) * stride
        assert 0 <= offset and last < dim, f"slice up to {last} of {dim}"
        found.append(slice(offset, last + 1, stride))
    return tuple(found)
