"""Transpositions in lanes: every order of a few shapes, with edges on all sides, of elements of all widths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from jit import jit
from stepwell.context import Context
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.text import parse_module
from xdsl.dialects.builtin import ModuleOp

DTYPES: dict[str, Any] = {"i8": np.int8, "i16": np.int16, "f16": np.float16, "f32": np.float32, "i64": np.int64}

CASES = (
    ((3, 50), (1, 0)),  # planes to pixels, and back
    ((50, 3), (1, 0)),
    ((1, 4, 8, 9), (0, 2, 3, 1)),
    ((1, 8, 9, 2), (0, 3, 1, 2)),
    ((20, 37), (1, 0)),
    ((16, 16), (1, 0)),
    ((2, 5, 33), (0, 2, 1)),
    ((4, 17, 19, 2), (3, 1, 0, 2)),
    ((7, 6, 5, 4), (2, 3, 0, 1)),
    ((5, 1), (1, 0)),
)


def transposition(shape: tuple[int, ...], order: tuple[int, ...], element: str) -> str:
    dims = [f"d{n}" for n in range(len(shape))]
    read = ", ".join(dims[order.index(n)] for n in range(len(shape)))
    x, y = (f"memref<{'x'.join(map(str, s))}x{element}>" for s in (shape, [shape[n] for n in order]))
    all_dims, parallel = ", ".join(dims), ", ".join('"parallel"' for _ in dims)
    return f"""
func.func @f(%x: {x}, %y: {y}) {{
  linalg.generic {{indexing_maps = [affine_map<({all_dims}) -> ({read})>, affine_map<({all_dims}) -> ({all_dims})>],
      iterator_types = [{parallel}]}} ins(%x : {x}) outs(%y : {y}) {{
  ^bb0(%a: {element}, %o: {element}):
    linalg.yield %a : {element}
  }}
  func.return
}}"""


def lowered(text: str, lanes: int) -> ModuleOp:
    module = parse_module(Context(), text)
    passes = f"schedule-kernels{{vector-width={lanes}}},apply-schedule"
    run_passes(Context(), module, parse_passes(passes), verify_each=True)
    return module


@pytest.mark.parametrize("lanes", (4, 8, 16))
@pytest.mark.parametrize("shape, order", CASES)
def test_elements_move_where_they_should(shape: tuple[int, ...], order: tuple[int, ...], lanes: int) -> None:
    for element, dtype in DTYPES.items():
        x = np.random.default_rng(0).integers(-100, 100, shape).astype(dtype)
        y = np.zeros([shape[n] for n in order], dtype)
        jit(lowered(transposition(shape, order, element), lanes))(x, y)
        np.testing.assert_array_equal(y, x.transpose(order), err_msg=element)


@pytest.mark.parametrize("shape, order", CASES[:7])
def test_no_element_moves_alone(shape: tuple[int, ...], order: tuple[int, ...]) -> None:
    names = {op.name for op in lowered(transposition(shape, order, "f32"), 8).walk()}
    assert "vector.shuffle" in names
    assert "memref.load" not in names and "memref.store" not in names
