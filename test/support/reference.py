"""Run a module of the graph level in numpy, op by op: what the compiled program must agree with.

An op that folds itself is folded; convolutions, pools and resizes, which no constant folding needs, are written here,
straight from their definitions and slow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from stepwell.context import Context
from stepwell.dialects import graph
from stepwell.interface import HIDDEN, SIZES
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Block, SSAValue

Array = np.ndarray[Any, np.dtype[Any]]


def evaluate(ctx: Context, module: ModuleOp, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The outputs of @main by name."""
    main = function_of(module, "main")
    given = [inputs[attributes.data["stepwell.name"].data] for attributes in main.arg_attrs or ()]
    results = run_block(ctx, module, main.body.block, given)
    named = zip([entry.data for entry in main.res_attrs or ()], results, strict=True)
    return {said["stepwell.name"].data: cut(array, said, results) for said, array in named if HIDDEN not in said}


def cut(array: Array, said: Mapping[str, Any], results: Sequence[Array]) -> Array:
    """What counts of a result, where others of the results say how much of a dim that is."""
    counts = said[SIZES].get_values() if SIZES in said else ()
    return array[tuple(slice(None) if count < 0 else slice(int(results[count])) for count in counts)]


def call(ctx: Context, module: ModuleOp, *inputs: Array, function: str = "main") -> list[Array]:
    """The results of a function of the module, in order."""
    return run_block(ctx, module, function_of(module, function).body.block, inputs)


def function_of(module: ModuleOp, name: str) -> FuncOp:
    return next(op for op in module.body.ops if isinstance(op, FuncOp) and op.sym_name.data == name)


def run_block(
    ctx: Context,
    module: ModuleOp,
    block: Block,
    inputs: Sequence[Array],
    around: Mapping[SSAValue, Array] | None = None,
) -> list[Array]:
    """What a block yields. `around`: the values of the blocks around it."""
    values: dict[SSAValue, Array] = {**(around or {}), **dict(zip(block.args, inputs, strict=True))}
    for op in block.ops:
        given = [values[value] for value in op.operands]
        match op:
            case ReturnOp() | graph.YieldOp():
                return given
            case CallOp():
                results = call(ctx, module, *given, function=op.callee.string_value())
            case graph.FusionOp():
                results = run_block(ctx, module, op.body, given)
            case graph.IfOp():
                side = op.then_region if given[0] else op.else_region
                results = run_block(ctx, module, side.block, [], values)
            case graph.LoopOp():
                results = run_loop(ctx, module, op, values)
            case _:
                assert isinstance(op, graph.GraphOp), op.name
                results = [run(ctx, op, given)]
                assert results[0].dtype == graph.types.dtype_of(op.result_type.element_type), str(op)
        for value, array in zip(op.results, results, strict=True):
            assert not graph.types.is_static(value) or array.shape == value.type.get_shape(), f"{op}: {array.shape}"
            values[value] = array
    raise AssertionError("a block without a terminator")


def run_loop(ctx: Context, module: ModuleOp, op: graph.LoopOp, values: Mapping[SSAValue, Array]) -> list[Array]:
    trips = None if op.trips is None else int(values[op.trips])
    go = op.condition is None or bool(values[op.condition])
    carried, step = [values[value] for value in op.inits], 0
    while go and (trips is None or step < trips):
        given = run_block(ctx, module, op.body.block, [np.array(step, np.int64), *carried], values)
        if op.condition is not None:
            go, *given = given
        carried, step = given, step + 1
    return carried


def run(ctx: Context, op: graph.GraphOp, arrays: list[Array]) -> Array:
    if isinstance(op, graph.ConstantOp):
        return graph.array_of(ctx, op)
    if (by_hand := BY_HAND.get(type(op))) is not None:
        return by_hand(op, *arrays)
    return np.asarray(op.fold(*arrays))


def channels_first(op: Any, x: Array) -> Array:
    return x if op.layout == "nchw" else np.moveaxis(x, -1, 1)


def as_layout(op: Any, y: Array) -> Array:
    return y if op.layout == "nchw" else np.moveaxis(y, 1, -1)


def windows(op: Any, x: Array, kernel: tuple[int, ...], sizes: tuple[int, ...], value: float) -> Array:
    """[N, C, out..., k...]: a view of what each window sees of x, padded with `value`."""
    spatial, reach = len(kernel), [(k - 1) * d + 1 for k, d in zip(kernel, op.dilations, strict=True)]
    need = [(size - 1) * s + r for size, s, r in zip(sizes, op.strides, reach, strict=True)]
    high = [max(h, n - low - d) for h, n, low, d in zip(op.high, need, op.low, x.shape[2:], strict=True)]
    padded = np.pad(x, [(0, 0), (0, 0), *zip(op.low, high, strict=True)], constant_values=value)
    view = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=tuple(range(2, 2 + spatial)))
    steps = [slice(None, (size - 1) * s + 1, s) for size, s in zip(sizes, op.strides, strict=True)]
    taps = [slice(None, None, d) for d in op.dilations]
    return view[(slice(None), slice(None), *steps, *taps)]


def out_sizes(op: Any) -> tuple[int, ...]:
    shape = op.infer_type().get_shape()
    return shape[2:] if op.layout == "nchw" else shape[1:-1]


def conv(op: graph.ConvOp, x: Array, w: Array, bias: Array | None = None) -> Array:
    x, w = (graph.base.summable(array, op.wide) for array in (channels_first(op, x), w))
    spatial = x.ndim - 2
    w = w if op.layout == "nchw" else np.moveaxis(w, (-1, -2), (0, 1))
    seen = windows(op, x, w.shape[2:], out_sizes(op), 0)
    groups, parts = op.groups, []
    ins, outs = x.shape[1] // groups, w.shape[0] // groups
    for g in range(groups):
        part, weight = seen[:, g * ins : (g + 1) * ins], w[g * outs : (g + 1) * outs]
        axes = list(range(2 + spatial, 2 + 2 * spatial))
        total = np.tensordot(part, weight, ([1, *axes], [1, *range(2, 2 + spatial)]))
        parts.append(np.moveaxis(total, -1, 1))
    y = np.concatenate(parts, axis=1)
    if bias is not None:
        y = y + bias.reshape(-1, *[1] * spatial)
    return as_layout(op, y.astype(x.dtype))


def conv_transpose(op: graph.ConvTransposeOp, x: Array, w: Array, bias: Array | None = None) -> Array:
    x = channels_first(op, x)
    spatial, groups = x.ndim - 2, op.groups
    w = w if op.layout == "nchw" else np.moveaxis(w, (-2, -1), (0, 1))
    ins, outs = w.shape[0] // groups, w.shape[1]
    kernel, strides, dilations = w.shape[2:], op.strides, op.dilations
    extents = zip(x.shape[2:], kernel, strides, dilations, op.output_padding, strict=True)
    full = [(size - 1) * s + (k - 1) * d + 1 + extra for size, k, s, d, extra in extents]
    y = np.zeros((x.shape[0], outs * groups, *full), x.dtype)
    for tap in product(*map(range, kernel)):
        place = tuple(
            slice(t * d, t * d + (size - 1) * s + 1, s)
            for t, d, s, size in zip(tap, dilations, strides, x.shape[2:], strict=True)
        )
        for g in range(groups):
            part = np.tensordot(w[g * ins : (g + 1) * ins, :, *tap], x[:, g * ins : (g + 1) * ins], ([0], [1]))
            y[:, g * outs : (g + 1) * outs, *place] += np.moveaxis(part, 0, 1)
    cut = tuple(slice(low, n - high) for low, high, n in zip(op.low, op.high, full, strict=True))
    y = y[:, :, *cut]
    return as_layout(op, y if bias is None else y + bias.reshape(-1, *[1] * spatial))


def max_pool(op: graph.MaxPoolOp, x: Array) -> Array:
    x = channels_first(op, x)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    seen = windows(op, x, op.kernel, out_sizes(op), lowest)
    return as_layout(op, seen.max(axis=tuple(range(x.ndim, seen.ndim))))


def avg_pool(op: graph.AvgPoolOp, x: Array) -> Array:
    x = channels_first(op, x)
    inside = np.ones((1, 1, *x.shape[2:]), x.dtype)
    seen = windows(op, x, op.kernel, out_sizes(op), 0)
    if op.count_include_pad:
        inside = np.pad(inside, [(0, 0), (0, 0), *zip(op.low, op.high, strict=True)], constant_values=1)
        counted = type(op)(op.x, **{n: getattr(op, n) for n in op.fields if n != "pads"}, pads=(0,) * len(op.pads))
        counts = windows(counted, inside, op.kernel, out_sizes(op), 0)
    else:
        counts = windows(op, inside, op.kernel, out_sizes(op), 0)
    axes = tuple(range(x.ndim, seen.ndim))
    return as_layout(op, (seen.sum(axis=axes) / counts.sum(axis=axes)).astype(x.dtype))


def resize(op: graph.ResizeOp, x: Array) -> Array:
    for axis, (size, scale) in enumerate(zip(op.result_type.get_shape(), op.scales, strict=True)):
        if size != x.shape[axis] or scale != 1.0 or op.coordinate == "tf_crop_and_resize":
            x = np.moveaxis(np.tensordot(resize_matrix(op, axis, size, scale), x, (1, axis)), 0, axis)
    return x.astype(graph.types.dtype_of(op.result_type.element_type))


def resize_matrix(op: graph.ResizeOp, axis: int, after: int, scale: float) -> Array:
    """[after, before]: how much of each input element an output element takes along one dim."""
    before = graph.types.shape_of(op.x)[axis]
    if op.coordinate == "tf_crop_and_resize":
        start, end = op.starts[axis], op.ends[axis]
        at = (before - 1) * (np.linspace(start, end, after) if after > 1 else np.array([(start + end) / 2]))
    else:
        at = source(op.coordinate, np.arange(after, dtype=np.float64), before, after, scale)
    weights = np.zeros((after, before))
    rows = np.arange(after)
    if op.mode == "nearest":
        weights[rows, np.clip(ROUND[op.nearest_mode](at), 0, before - 1).astype(int)] = 1
        return weights
    base = np.floor(at).astype(int)
    width = 2 if op.mode == "cubic" else 1
    squeeze = min(scale, 1.0) if op.antialias else 1.0  # the curve stretched over all that is left out
    far = int(np.ceil(width / squeeze))
    for offset in range(1 - far, 1 + far):
        distance = np.abs(at - (base + offset)) * squeeze
        part = cubic(distance, op.cubic_coeff_a) if op.mode == "cubic" else np.maximum(1 - distance, 0)
        inside = (base + offset >= 0) & (base + offset < before)
        part = np.where(inside, part, 0) if op.exclude_outside else part
        np.add.at(weights, (rows, np.clip(base + offset, 0, before - 1)), part)
    mean = op.exclude_outside or squeeze < 1
    return weights / weights.sum(axis=1, keepdims=True) if mean else weights


ROUND: dict[str, Callable[[Array], Array]] = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda at: np.ceil(at - 0.5),
    "round_prefer_ceil": lambda at: np.floor(at + 0.5),
}


def source(coordinate: str, i: Array, before: int, after: int, scale: float) -> Array:
    match coordinate:
        case "half_pixel":
            return (i + 0.5) / scale - 0.5
        case "half_pixel_symmetric":
            return before / 2 * (1 - after / (scale * before)) + (i + 0.5) / scale - 0.5
        case "pytorch_half_pixel":
            return (i + 0.5) / scale - 0.5 if after > 1 else i * 0
        case "align_corners":
            return i * (before - 1) / (after - 1) if after > 1 else i * 0
        case "asymmetric":
            return i / scale
    raise AssertionError(coordinate)


def cubic(d: Array, a: float) -> Array:
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def shape_of(op: graph.ShapeOfOp, x: Array) -> Array:
    return np.array(x.shape, np.int64)


BY_HAND: dict[type[graph.GraphOp], Callable[..., Array]] = {
    graph.ConvOp: conv,
    graph.ConvTransposeOp: conv_transpose,
    graph.MaxPoolOp: max_pool,
    graph.AvgPoolOp: avg_pool,
    graph.ResizeOp: resize,
    graph.ShapeOfOp: shape_of,
}
