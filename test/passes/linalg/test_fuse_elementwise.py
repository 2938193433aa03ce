"""Random kernels of elementwise ops, movement and reductions: merging changes no number, and never adds a loop."""

from __future__ import annotations

from typing import Any

import linalg_eval
import numpy as np
import pytest
import upstream
from hypothesis import given, settings
from hypothesis import strategies as st
from stepwell.context import Context
from stepwell.dialects import graph
from stepwell.dialects.graph.types import tensor
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.text import print_module
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, UnitAttr, f32
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Block, Region, SSAValue

PRINTED: dict[str, None] = {}
"""What the pass printed, for upstream."""


@pytest.fixture(scope="module", autouse=True)
def upstream_accepts_all_that_was_printed():
    yield
    if upstream.find_mlir_opt() is not None:
        assert upstream.complaints("// -----\n".join(PRINTED), ["--split-input-file"]) == ""


SHAPES = [(3, 4), (4,), (3, 1)]


def step(draw: Any, ctx: Context, values: list[SSAValue]) -> list[Any]:
    """One more op (after the constant it may need) on values that are there already."""
    x = draw(st.sampled_from(values))
    shape = x.type.get_shape()
    kind = draw(st.sampled_from(["unary", "binary", "constant", "transpose", "slice", "reduce", "softmax", "reshape"]))
    if kind == "binary":
        fits = [y for y in values if broadcasts(shape, y.type.get_shape())]
        return [draw(st.sampled_from([graph.AddOp, graph.MulOp, graph.MaxOp]))(x, draw(st.sampled_from(fits)))]
    if kind == "constant":
        number = graph.constant(ctx, np.array(draw(st.sampled_from([0.5, -2.0])), np.float32))
        return [number, graph.MulOp(x, number.result)]
    if kind == "transpose":
        return [graph.TransposeOp(x, perm=draw(st.permutations(range(len(shape)))))]
    if kind == "slice" and shape:
        backwards = draw(st.booleans())
        sizes = [max(1, size - 1) for size in shape]
        starts = [size - 1 if backwards else size - kept for size, kept in zip(shape, sizes, strict=True)]
        return [graph.SliceOp(x, starts=starts, sizes=sizes, steps=[-1 if backwards else 1] * len(shape))]
    if kind == "reduce" and shape:
        axis = draw(st.integers(0, len(shape) - 1))
        return [
            graph.ReduceOp(draw(st.sampled_from(["sum", "mean", "max"])), x, axes=[axis], keepdims=draw(st.booleans()))
        ]
    if kind == "softmax" and shape:
        return [graph.SoftmaxOp(x, axis=draw(st.integers(0, len(shape) - 1)))]
    if kind == "reshape":
        return [graph.ReshapeOp(x, shape=(1, *shape) if len(shape) < 3 else (int(np.prod(shape)),))]
    return [draw(st.sampled_from([graph.SigmoidOp, graph.TanhOp, graph.ReluOp, graph.NegOp]))(x)]


def broadcasts(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    try:
        return bool(np.broadcast_shapes(a, b)) or True
    except ValueError:
        return False


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_merging_changes_no_number(data: st.DataObject):
    ctx = Context()
    block = Block(arg_types=[tensor(shape, f32) for shape in SHAPES])
    arrays = [np.random.default_rng(3).standard_normal(shape).astype(np.float32) for shape in SHAPES]
    values: list[SSAValue] = list(block.args)
    known: dict[SSAValue, np.ndarray] = dict(zip(values, arrays, strict=True))
    for _ in range(data.draw(st.integers(1, 8))):
        for op in step(data.draw, ctx, values):
            block.add_op(op)
            operands = [known[value] for value in op.operands]
            known[op.result] = graph.array_of(ctx, op) if isinstance(op, graph.ConstantOp) else op.fold(*operands)
            if not isinstance(op, graph.ConstantOp):
                values.append(op.result)
    result = values[-1]
    block.add_op(func.ReturnOp(result))
    function = func.FuncOp("kernel", (block.arg_types, [result.type]), Region(block))
    function.attributes["stepwell.kernel"] = UnitAttr()
    module = ModuleOp([function])
    run_passes(ctx, module, parse_passes("graph-to-linalg"), verify_each=True)
    apart = linalg_eval.run(ctx, module, *arrays)[0]
    loops = sum(isinstance(op, GenericOp) for op in module.walk())
    run_passes(ctx, module, parse_passes("fuse-elementwise"), verify_each=True)
    PRINTED[print_module(module)] = None
    merged = linalg_eval.run(ctx, module, *arrays)[0]
    np.testing.assert_array_equal(merged, apart)
    np.testing.assert_allclose(merged, known[result], rtol=1e-4, atol=1e-5)
    assert sum(isinstance(op, GenericOp) for op in module.walk()) <= loops
