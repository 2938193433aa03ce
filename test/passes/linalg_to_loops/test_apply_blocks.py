"""Ops that run in blocks compute what they computed before: against numpy, in all sizes of blocks."""

from __future__ import annotations

import numpy as np
import pytest
from jit import jit
from linalg_reference import DTYPES, run_linalg
from stepwell.context import Context
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.text import parse_module
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import FunctionType, MemRefType, ModuleOp

CAUSAL_ATTENTION = """
func.func @k(%q: memref<2x10x8xf32>, %k: memref<2x12x8xf32>, %v: memref<2x12x8xf32>, %out: memref<2x10x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %s = memref.alloc() : memref<2x10x12xf32>
  %p = memref.alloc() : memref<2x10x12xf32>
  linalg.fill ins(%zero : f32) outs(%s : memref<2x10x12xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, i, j, d) -> (h, i, d)>, affine_map<(h, i, j, d) -> (h, j, d)>,
                                   affine_map<(h, i, j, d) -> (h, i, j)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
    ins(%q, %k : memref<2x10x8xf32>, memref<2x12x8xf32>) outs(%s : memref<2x10x12xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %c, %m : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [affine_map<(h, i, j) -> (h, i, j)>, affine_map<(h, i, j) -> (h, i, j)>],
                  iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%s : memref<2x10x12xf32>) outs(%p : memref<2x10x12xf32>) {
  ^bb0(%a: f32, %b: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %past = arith.cmpi slt, %j, %i : index
    %r = arith.select %past, %a, %zero : f32
    linalg.yield %r : f32
  }
  linalg.fill ins(%zero : f32) outs(%out : memref<2x10x8xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, i, d, j) -> (h, i, j)>, affine_map<(h, i, d, j) -> (h, j, d)>,
                                   affine_map<(h, i, d, j) -> (h, i, d)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
    ins(%p, %v : memref<2x10x12xf32>, memref<2x12x8xf32>) outs(%out : memref<2x10x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %c, %m : f32
    linalg.yield %r : f32
  }
  func.return
}
"""

WINDOWS = """
func.func @k(%x: memref<14x16xf32>, %out: memref<11x16xf32>) {
  %t = memref.alloc() : memref<2x6x16xf32>
  %y = memref.alloc() : memref<6x2x16xf32>
  %t0 = memref.subview %t[0, 0, 0] [1, 6, 16] [1, 1, 1] : memref<2x6x16xf32> to memref<6x16xf32, strided<[16, 1]>>
  %t1 = memref.subview %t[1, 0, 0] [1, 6, 16] [1, 1, 1]
    : memref<2x6x16xf32> to memref<6x16xf32, strided<[16, 1], offset: 96>>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i * 2, j)>, affine_map<(i, j) -> (i * 2 + 2, j)>,
                                   affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
    ins(%x, %x : memref<14x16xf32>, memref<14x16xf32>)
    outs(%t0, %t1 : memref<6x16xf32, strided<[16, 1]>>, memref<6x16xf32, strided<[16, 1], offset: 96>>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
    %s = arith.addf %a, %b : f32
    %e = arith.subf %a, %b : f32
    linalg.yield %s, %e : f32, f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, n, j) -> (n, i, j)>, affine_map<(i, n, j) -> (i, n, j)>],
                  iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%t : memref<2x6x16xf32>) outs(%y : memref<6x2x16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.mulf %a, %a : f32
    linalg.yield %s : f32
  }
  %rows = memref.collapse_shape %y [[0 : i64, 1 : i64], [2 : i64]] : memref<6x2x16xf32> into memref<12x16xf32>
  %cut = memref.subview %rows[0, 0] [11, 16] [1, 1] : memref<12x16xf32> to memref<11x16xf32, strided<[16, 1]>>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
    ins(%cut : memref<11x16xf32, strided<[16, 1]>>) outs(%out : memref<11x16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %a : f32
    linalg.yield %s : f32
  }
  func.return
}
"""


def blocked(text: str, schedule: str) -> ModuleOp:
    module = parse_module(Context(), f"{text}\nschedule.kernel @k {{\n{schedule}\n}}")
    passes = "apply-blocks,schedule-kernels{vector-width=8},apply-schedule"
    run_passes(Context(), module, parse_passes(passes), verify_each=True)
    return module


def allocated(module: ModuleOp) -> list[MemRefType]:
    return [op.memref.type for op in module.walk() if isinstance(op, memref.AllocOp)]


def check(text: str, module: ModuleOp) -> None:
    """`module`, its buffers full of rubbish, gives what `text` means."""
    function = next(op for op in module.walk() if isinstance(op, func.FuncOp))
    block, random = function.body.block, np.random.default_rng(0)
    given = [random.standard_normal(arg.type.get_shape()).astype("f4") for arg in block.args]
    want = [array.copy() for array in given]
    run_linalg(parse_module(Context(), text), *want)
    for op in [op for op in module.walk() if isinstance(op, memref.AllocOp)]:
        arg = block.insert_arg(op.memref.type, len(block.args))
        op.memref.replace_all_uses_with(arg)
        op.parent.erase_op(op)
        for view in [use.operation for use in arg.uses if use.operation.parent is not block]:
            if not isinstance(view, memref.CollapseShapeOp):
                continue
            view.detach()
            block.insert_op_before(view, block.first_op)
        given.append(np.full(arg.type.get_shape(), np.nan, DTYPES[arg.type.element_type]))
    function.properties["function_type"] = FunctionType.from_lists(block.arg_types, [])
    jit(module)(*given)
    for have, array in zip(given, want, strict=False):
        np.testing.assert_allclose(have, array, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 9, 10])
def test_attention_in_blocks_of_rows(rows: int):
    module = blocked(CAUSAL_ATTENTION, f"schedule.block [0, 1, 2, 3, 4] along [1, 1, 1, 1, 1] by {[rows] * 5}")
    assert {kind.get_shape() for kind in allocated(module)} == {(2, rows, 12)}
    check(CAUSAL_ATTENTION, module)


@pytest.mark.parametrize("rows", [3, 5])
def test_attention_in_blocks_of_heads_and_of_rows(rows: int):
    heads = "schedule.block [0, 1, 2, 3, 4] along [0, 0, 0, 0, 0] by [1, 1, 1, 1, 1]\n"
    rest = f"schedule.block [0, 1, 2, 3, 4] along [1, 1, 1, 1, 1] by {[rows] * 5}"
    module = blocked(CAUSAL_ATTENTION, heads + rest)
    assert {kind.get_shape() for kind in allocated(module)} == {(1, rows, 12)}
    loop = next(op for op in module.walk() if isinstance(op, scf.ForOp))
    assert any(isinstance(op, scf.ForOp) for op in loop.body.block.ops)
    check(CAUSAL_ATTENTION, module)


@pytest.mark.parametrize("tiles", [1, 2, 4, 5, 6])
def test_windows_views_and_a_smaller_end(tiles: int):
    """Each window reads what its neighbours read too; six pairs of rows of which the last is cut off."""
    schedule = f"schedule.block [0, 1, 2] along [0, 0, 0] by [{tiles}, {tiles}, {2 * tiles}]"
    module = blocked(WINDOWS, schedule)
    assert {kind.get_shape() for kind in allocated(module)} == {(2, tiles, 16), (tiles, 2, 16)}
    check(WINDOWS, module)
