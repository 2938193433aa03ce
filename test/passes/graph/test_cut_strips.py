"""Strips are what the whole was, whatever the height, the window and the padding: in numpy, before and after."""

from __future__ import annotations

import numpy as np
import pytest
from reference import call
from stepwell.context import Context
from stepwell.dialects import graph
from stepwell.dialects.graph.types import shape_of, tensor
from stepwell.dialects.graph.winograd import transformed_weights
from stepwell.pass_manager import parse_passes, run_passes
from xdsl.dialects.builtin import FunctionType, ModuleOp, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region

WINDOWS = ["pool 2/2", "pool 3/2", "pool 5/3", "conv 3/1", "conv 3/2", "conv 3/2 dilated", "winograd 2", "winograd 4"]


def module_of(ctx: Context, window: str, height: int, taps: int) -> ModuleOp:
    """A convolution of `taps` by `taps`, with what follows it up to the window and behind it."""
    random = np.random.default_rng(0)

    def constant(*shape: int) -> graph.ConstantOp:
        return graph.constant(ctx, random.standard_normal(shape).astype("f4"))

    block = Block(arg_types=[tensor((1, height, 9, 3), f32)])

    def add(op: graph.GraphOp) -> graph.GraphOp:
        block.add_op(op)
        return op

    x = add(graph.PadOp(block.args[0], low=(0, taps // 2, 1, 0), high=(0, taps // 2, 1, 0)))
    c = add(graph.ConvOp(x, add(constant(taps, 3, 3, 8)), layout="nhwc"))
    r = add(graph.AddOp(add(graph.ReluOp(c)), add(constant(8))))
    kind, size, *_ = window.replace("/", " ").split()
    nhwc = {"layout": "nhwc", "strides": (int(window.split("/")[1][0]),) * 2} if "/" in window else {}
    if kind == "pool":
        p = add(graph.PadOp(r, low=(0, 1, 1, 0), high=(0, 1, 1, 0), value=-np.inf))
        y = add(graph.MaxPoolOp(p, kernel=(int(size),) * 2, **nhwc))
    elif kind == "conv":
        p = add(graph.PadOp(r, low=(0, 2, 1, 0), high=(0, 1, 2, 0)))
        dilations = (2, 1) if "dilated" in window else (1, 1)
        y = add(graph.ConvOp(p, add(constant(3, 3, 8, 4)), dilations=dilations, **nhwc))
    else:
        tile, width = int(size), 9
        more = [-n % tile for n in (height, width)]
        p = add(graph.PadOp(r, low=(0, 1, 1, 0), high=(0, 1 + more[0], 1 + more[1], 0)))
        weight = random.standard_normal((3, 3, 8, 4)).astype("f4")
        u = add(graph.constant(ctx, transformed_weights(weight, tile, 4).astype("f4")))
        y = add(graph.WinogradConvOp(p, u, tile=tile, pads=(0, 0, *(-n for n in more))))
    last = add(graph.ReluOp(y))
    block.add_op(ReturnOp(last.result))
    kinds = FunctionType.from_lists([block.args[0].type], [last.result.type])
    return ModuleOp([FuncOp("main", kinds, Region(block))])


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("height", [20, 31, 37])
@pytest.mark.parametrize("taps", [1, 3])
def test_strips_are_the_whole(window: str, height: int, taps: int):
    ctx = Context()
    module = module_of(ctx, window, height, taps)
    x = np.random.default_rng(1).standard_normal((1, height, 9, 3)).astype("f4")
    (want,) = call(ctx, module, x)
    run_passes(ctx, module, parse_passes("cut-strips{cache=1200}"), verify_each=True)
    strips = next(op for op in module.walk() if isinstance(op, graph.ConcatOp))
    assert len(strips.inputs) > 2
    assert sum(shape_of(part)[1] for part in strips.inputs) == want.shape[1]
    (have,) = call(ctx, module, x)
    np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-4)
