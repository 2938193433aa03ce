"""What pack-operands lays out, against numpy: the packed arrays, and products that read them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jit import jit
from stepwell.context import Context
from stepwell.manifest import pack_weights
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.passes.linalg_to_loops.pack_operands import Packing
from stepwell.text import parse_module
from xdsl.ir.affine import AffineMap


@st.composite
def packings(draw: st.DrawFn) -> Packing:
    shape = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)))
    perm = tuple(draw(st.permutations(range(len(shape)))))
    dims = draw(st.permutations(range(len(shape))))[: draw(st.integers(0, len(shape)))]
    return Packing(shape, perm, tuple((d, draw(st.integers(1, 5))) for d in dims))


@given(packings())
def test_each_element_lies_where_the_map_says(packing: Packing):
    array = np.arange(1, np.prod(packing.shape) + 1).reshape(packing.shape)
    packed = packing.pack(array)
    assert packed.shape == packing.packed_shape
    place = packing.map(AffineMap.identity(len(packing.shape)))
    found = {place.eval(index, []): array[index] for index in product(*map(range, packing.shape))}
    assert len(found) == array.size
    for index in product(*map(range, packed.shape)):
        assert packed[index] == found.get(index, 0)


TEXT = """
builtin.module {{
  {weight}
  func.func @main(%x: memref<{m}x{k}xf32>, {given}%y: memref<{m}x{n}xf32>) {{
    {get}
    func.call @kernel(%x, %w, %y) : (memref<{m}x{k}xf32>, memref<{k}x{n}xf32>, memref<{m}x{n}xf32>) -> ()
    func.return
  }}
  func.func private @kernel(%a: memref<{m}x{k}xf32>, %b: memref<{k}x{n}xf32>, %c: memref<{m}x{n}xf32>) {{
    %zero = arith.constant 0.0 : f32
    linalg.fill ins(%zero : f32) outs(%c : memref<{m}x{n}xf32>)
    linalg.generic {{indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                     affine_map<(i, j, r) -> (i, j)>],
                    iterator_types = ["parallel", "parallel", "reduction"]}}
        ins(%a, %b : memref<{m}x{k}xf32>, memref<{k}x{n}xf32>) outs(%c : memref<{m}x{n}xf32>) {{
    ^bb0(%l: f32, %r: f32, %acc: f32):
      %p = arith.mulf %l, %r : f32
      %s = arith.addf %acc, %p : f32
      linalg.yield %s : f32
    }}
    func.return
  }}
  schedule.kernel @kernel {{
    schedule.pack [1] input 1 outer_dims_perm = {perm} inner_dims_pos = [1] inner_tiles = [{panel}]
    %i, %j, %r = schedule.nest [0, 1] : {m}, {n}, {k}
    %io, %ii = schedule.tile %i by 3
    {tiles}
    schedule.unroll %ii
    schedule.vectorize %ji by 4
  }}
}}
"""

TILES = {
    "panel": "%jo, %ji = schedule.tile %j by 8\n schedule.reorder %jo, %io, %r, %ii, %ji",
    "two panels": "%jo, %ji = schedule.tile %j by 16\n schedule.reorder %io, %jo, %r, %ii, %ji",
    "half a panel": "%jo, %jm = schedule.tile %j by 8\n %jn, %ji = schedule.tile %jm by 4\n"
    "schedule.reorder %jo, %io, %jn, %r, %ii, %ji",
}


@pytest.mark.parametrize("tiles", TILES)
@pytest.mark.parametrize("constant", [True, False])
@settings(max_examples=6, deadline=None)
@given(m=st.integers(2, 8), n=st.integers(17, 50), k=st.integers(2, 9), perm=st.sampled_from(["[1, 0]", "[0, 1]"]))
def test_products_read_panels(tiles: str, constant: bool, m: int, n: int, k: int, perm: str):
    rng = np.random.default_rng(m * n * k)
    x, w = rng.standard_normal((m, k), np.float32), rng.standard_normal((k, n), np.float32)
    ctx = Context()
    ctx.weights.put("w", w)
    weight = f'memref.global "private" constant @w : memref<{k}x{n}xf32> = dense_resource<w>' if constant else ""
    get = f"%w = memref.get_global @w : memref<{k}x{n}xf32>" if constant else ""
    given = "" if constant else f"%w: memref<{k}x{n}xf32>, "
    text = TEXT.format(m=m, n=n, k=k, perm=perm, panel=8, tiles=TILES[tiles], weight=weight, get=get, given=given)
    module = parse_module(ctx, text)
    run_passes(ctx, module, parse_passes("pack-operands,apply-schedule,plan-memory"), verify_each=True)
    weights = np.frombuffer(pack_weights(ctx, module), np.uint8)
    arena = np.full(4096 * 16, 0xFF, np.uint8)  # what a copy does not write is NaN
    y = np.empty((m, n), np.float32)
    jit(module, "main")(x, *(() if constant else (w,)), y, weights, arena)
    np.testing.assert_allclose(y, x @ w, rtol=1e-5, atol=1e-5)
