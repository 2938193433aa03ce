"""Of random graphs: text reads back as what was printed, and no pass of this level changes what they compute."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import call
from stepwell.context import Context
from stepwell.dialects import graph
from stepwell.dialects.graph.types import shape_of, tensor
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.text import parse_module, print_module
from xdsl.dialects.builtin import Float32Type, ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region, SSAValue

f32 = Float32Type()
Build = Callable[[SSAValue, SSAValue], graph.GraphOp]


def fits(a: SSAValue, b: SSAValue) -> bool:
    """Whether b broadcasts with a."""
    pairs = zip(reversed(shape_of(a)), reversed(shape_of(b)), strict=False)
    return all(x == y or 1 in (x, y) for x, y in pairs)


def binary(cls: type[graph.BinaryOp]) -> Build:
    return lambda x, y: cls(x, y) if fits(x, y) else cls(x, x)


BUILD: list[Build] = [
    *(lambda x, y, cls=graph.UNARY_OPS[name]: cls(x) for name in ("relu", "sigmoid", "tanh", "abs", "neg", "floor")),
    *map(binary, (graph.AddOp, graph.SubOp, graph.MulOp, graph.MaxOp, graph.MinOp)),
    lambda x, y: graph.ClampOp(x, min=-1.0, max=1.5),
    lambda x, y: graph.ClampOp(x, min=0.0),
    lambda x, y: graph.TransposeOp(x, perm=tuple(reversed(range(len(shape_of(x)))))),
    lambda x, y: graph.ReshapeOp(x, shape=(int(np.prod(shape_of(x))),)),
    lambda x, y: graph.ReshapeOp(x, shape=(1, *shape_of(x))) if len(shape_of(x)) < 4 else graph.AbsOp(x),
    lambda x, y: graph.SliceOp(
        x,
        starts=tuple(dim - 1 for dim in shape_of(x)),
        sizes=tuple((dim + 1) // 2 for dim in shape_of(x)),
        steps=(-2,) * len(shape_of(x)),
    ),
    lambda x, y: graph.PadOp(x, low=(1,) * len(shape_of(x)), high=(0,) * len(shape_of(x)), value=0.5),
    lambda x, y: graph.ConcatOp(x, x, axis=0),
    lambda x, y: graph.ReduceOp("sum", x, axes=(0,), keepdims=True),
    lambda x, y: graph.ReduceOp("max", x, axes=(len(shape_of(x)) - 1,), keepdims=True),
    lambda x, y: graph.SoftmaxOp(x, axis=len(shape_of(x)) - 1),
    lambda x, y: graph.MatmulOp(x, graph.TransposeOp(x, perm=(1, 0))) if len(shape_of(x)) == 2 else graph.NegOp(x),
]


@st.composite
def modules(draw: st.DrawFn) -> tuple[Context, ModuleOp]:
    """A function of two inputs and a few constants, up to 12 ops, and some of its values as results."""
    ctx = Context()
    block = Block(arg_types=[tensor((2, 3), f32), tensor((3,), f32)])
    values: list[SSAValue] = list(block.args)
    for array in (np.float32(1).reshape(()), np.float32([-0.0, 2, 3]), np.arange(18, dtype=np.float32).reshape(6, 3)):
        block.add_op(op := graph.constant(ctx, array))
        values.append(op.result)
    for _ in range(draw(st.integers(1, 12))):
        x, y = draw(st.sampled_from(values[:2] + values[5:])), draw(st.sampled_from(values))
        if np.prod(shape_of(x)) > 200:
            continue
        op = draw(st.sampled_from(BUILD))(x, y)
        block.add_ops([*(inner for v in op.operands if (inner := v.owner) is not block and inner.parent is None), op])
        values.append(op.result)
    results = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
    block.add_op(ReturnOp(*results))
    inputs = [arg.type for arg in block.args]
    return ctx, ModuleOp([FuncOp("main", (inputs, [value.type for value in results]), Region(block))])


SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SETTINGS
@given(modules())
def test_what_is_printed_is_read_back(made: tuple[Context, ModuleOp]):
    ctx, module = made
    module.verify()
    text = print_module(module)
    again = parse_module(ctx, text)
    again.verify()
    assert again.is_structurally_equivalent(module)
    assert print_module(again) == text


X = np.array([[-2.0, -0.5, 0.0], [0.75, 1.0, 3.0]], np.float32)
Y = np.array([0.5, -1.0, 2.0], np.float32)


@SETTINGS
@given(modules(), st.sampled_from(["canonicalize", "fold-constants,canonicalize", "infer-shapes", "fuse"]))
def test_passes_keep_every_bit(made: tuple[Context, ModuleOp], first: str):
    ctx, module = made
    before = call(ctx, module, X, Y)
    run_passes(ctx, module, parse_passes(first), verify_each=True)
    after = call(ctx, module, X, Y)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after, strict=True))
    if first == "fuse":
        run_passes(ctx, module, parse_passes("outline-kernels,dedupe-kernels"), verify_each=True)
        kernels = call(ctx, module, X, Y)
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, kernels, strict=True))
        main = next(iter(module.body.ops))
        left = {op.name for op in main.walk()} - {"func.func"}
        outside = {"graph.constant", "graph.reshape", "graph.slice", "graph.concat", "graph.pad"}
        assert left <= outside | {"func.call", "func.return"}
