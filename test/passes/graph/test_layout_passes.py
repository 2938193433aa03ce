"""`fold-batch-norm` and `channels-last` change how, never what: random graphs give the same numbers after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import evaluate
from stepwell.context import Context
from stepwell.dialects import graph
from stepwell.dialects.graph.types import shape_of, tensor
from stepwell.pass_manager import parse_passes, run_passes
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region, SSAValue


class Builder:
    """A @main under construction; `values` is what may be used so far."""

    def __init__(self, *shapes: Sequence[int]):
        self.ctx = Context()
        self.block = Block(arg_types=[tensor(shape, f32) for shape in shapes])
        self.values: list[SSAValue] = list(self.block.args)
        self.random = np.random.default_rng(0)

    def add(self, op: graph.GraphOp) -> SSAValue:
        self.block.add_op(op)
        self.values.append(op.result)
        return op.result

    def constant(self, *shape: int) -> SSAValue:
        op = graph.constant(self.ctx, self.random.uniform(0.5, 1.5, shape).astype(np.float32))
        self.block.add_op(op)
        return op.result

    def module(self, *results: SSAValue) -> ModuleOp:
        self.block.add_op(ReturnOp(*results))
        kinds = FunctionType.from_lists([arg.type for arg in self.block.args], [value.type for value in results])
        main = FuncOp("main", kinds, Region(self.block))
        main.arg_attrs = names("x", len(self.block.args))
        main.res_attrs = names("y", len(results))
        return ModuleOp([main])


def names(letter: str, count: int) -> ArrayAttr[DictionaryAttr]:
    return ArrayAttr([DictionaryAttr({"stepwell.name": StringAttr(f"{letter}{i}")}) for i in range(count)])


def agree_before_and_after(ctx: Context, module: ModuleOp, pipeline: str) -> ModuleOp:
    """`module` after the passes, whose outputs are the same as before."""
    main = module.body.block.first_op
    assert isinstance(main, FuncOp)
    random = np.random.default_rng(1)
    feeds = {f"x{i}": random.standard_normal(shape_of(arg)).astype("f4") for i, arg in enumerate(main.args)}
    want = evaluate(ctx, module, feeds)
    run_passes(ctx, module, parse_passes(pipeline), verify_each=True)
    for name, got in evaluate(ctx, module, feeds).items():
        np.testing.assert_allclose(got, want[name], rtol=1e-4, atol=1e-4)
    return module


Draw = Callable[[st.SearchStrategy], object]


def window(b: Builder, draw: Draw, x: SSAValue) -> SSAValue:
    rank = len(shape_of(x)) - 2
    pads = (1,) * 2 * rank
    if draw(st.booleans()):
        return b.add(graph.MaxPoolOp(x, kernel=(3,) * rank, pads=pads))
    channels = shape_of(x)[1]
    return b.add(graph.ConvOp(x, b.constant(draw(st.integers(1, 3)), channels, *(3,) * rank), pads=pads))


def elementwise(b: Builder, draw: Draw, x: SSAValue) -> SSAValue:
    shape = shape_of(x)
    kind = draw(st.sampled_from([graph.AddOp, graph.MaxOp]))
    partners = [value for value in b.values if shape_of(value) == shape] or [x]
    few = [size if draw(st.booleans()) else 1 for size in shape]
    other = draw(st.sampled_from(["unary", "same", "constant", "reduced"]))
    if other == "unary":
        return b.add(graph.ReluOp(x))
    if other == "same":
        return b.add(kind(x, draw(st.sampled_from(partners))))
    if other == "constant":
        return b.add(kind(b.constant(*few[draw(st.integers(0, len(few))) :]), x))
    axes = tuple(draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    return b.add(kind(x, b.add(graph.ReduceOp("max", x, axes=tuple(sorted(axes)), keepdims=True))))


def movement(b: Builder, draw: Draw, x: SSAValue) -> SSAValue:
    shape = shape_of(x)
    rank = len(shape)
    axis = draw(st.integers(0, rank - 1))
    match draw(st.sampled_from(["transpose", "concat", "slice", "pad", "softmax", "log_softmax"])):
        case "transpose":
            return b.add(graph.TransposeOp(x, perm=tuple(draw(st.permutations(range(rank))))))
        case "concat":
            fits = [v for v in b.values if len(shape_of(v)) == rank and without(v, axis) == without(x, axis)]
            return b.add(graph.ConcatOp(x, draw(st.sampled_from(fits)), axis=axis))
        case "slice":
            starts = tuple(draw(st.integers(0, size - 1)) for size in shape)
            sizes = tuple(draw(st.integers(1, size - start)) for size, start in zip(shape, starts, strict=True))
            return b.add(graph.SliceOp(x, starts=starts, sizes=sizes))
        case "pad":
            low, high = (tuple(draw(st.integers(0, 1)) for _ in shape) for _ in range(2))
            return b.add(graph.PadOp(x, low=low, high=high, value=-1.0))
        case "softmax":
            return b.add(graph.SoftmaxOp(x, axis=axis))
        case _:
            return b.add(graph.LogSoftmaxOp(x, axis=axis))


def without(value: SSAValue, axis: int) -> tuple[int, ...]:
    shape = shape_of(value)
    return (*shape[:axis], *shape[axis + 1 :])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_channels_last_keeps_the_numbers(data: st.DataObject) -> None:
    draw = data.draw
    rank = draw(st.integers(3, 4))
    shapes = [[draw(st.integers(1, 3)), *(draw(st.integers(1, 4)) for _ in range(rank - 1))] for _ in range(2)]
    b = Builder(*shapes)
    for _ in range(draw(st.integers(2, 9))):
        step = draw(st.sampled_from([window, window, elementwise, elementwise, movement]))
        x = draw(st.sampled_from(b.values[-3:]))
        if sum(shape_of(x)) < 30:
            step(b, draw, x)
    agree_before_and_after(b.ctx, b.module(*b.values[-2:]), "channels-last,canonicalize,cse")


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
def test_batch_norm_folds_into_convolutions(layout: str, groups: int, bias: bool, transposed: bool) -> None:
    b = Builder((2, 4, 5, 6) if layout == "nchw" else (2, 5, 6, 4))
    channels = (4, 6 // groups) if transposed else (6, 4 // groups)
    weight = (
        b.constant(*channels, 3, 2) if layout == "nchw" else b.constant(3, 2, *channels[:: 1 if transposed else -1])
    )
    kind = graph.ConvTransposeOp if transposed else graph.ConvOp
    conv = b.add(kind(b.values[0], weight, b.constant(6) if bias else None, groups=groups, layout=layout))
    norm = b.add(graph.BatchNormOp(conv, *(b.constant(6) for _ in range(4)), epsilon=1e-2, layout=layout))
    module = agree_before_and_after(b.ctx, b.module(norm), "fold-batch-norm")
    computing = [op.name for op in module.walk() if isinstance(op, graph.GraphOp) and op.name != "graph.constant"]
    assert computing == [kind.name]


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("known", [False, True])
def test_batch_norm_alone_becomes_arithmetic(shape: tuple[int, ...], known: bool) -> None:
    b = Builder(shape) if known else Builder(shape, (3,), (3,), (3,))
    parameters = [b.constant(3) for _ in range(3)] if known else b.values[1:]
    variance = b.constant(3)  # not negative
    norm = b.add(graph.BatchNormOp(b.values[0], *parameters, variance))
    module = agree_before_and_after(b.ctx, b.module(norm), "fold-batch-norm")
    assert not any(isinstance(op, graph.BatchNormOp) for op in module.walk())
