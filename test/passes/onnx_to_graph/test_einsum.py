"""Einsum against numpy.einsum, of any equation; Det against numpy.linalg.det."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from onnx_node import run
from stepwell.diagnostics import StepwellError

RANDOM = np.random.default_rng(13)


def normal(*dims: int) -> np.ndarray:
    return RANDOM.standard_normal(dims).astype(np.float32)


def einsum(equation: str, *arrays: np.ndarray) -> np.ndarray:
    names = [f"x{i}" for i in range(len(arrays))]
    node = helper.make_node("Einsum", names, ["y"], equation=equation)
    return run(node, dict(zip(names, arrays, strict=True)))[0]


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(3, 4), (4, 5)]),
        ("ij,jk", [(3, 4), (4, 5)]),
        ("bij,bjk->bki", [(2, 3, 4), (2, 4, 5)]),
        ("bhid,bhjd->bhij", [(2, 3, 4, 5), (2, 3, 6, 5)]),
        ("bhij,bjhd->bihd", [(2, 3, 4, 5), (2, 5, 3, 6)]),
        ("abcd,befd->acef", [(2, 3, 4, 5), (3, 6, 2, 5)]),
        ("i,i->", [(5,), (5,)]),
        ("i,i", [(5,), (5,)]),
        ("i,j->ij", [(5,), (3,)]),
        ("i,j->ji", [(5,), (3,)]),
        ("ij->", [(3, 4)]),
        ("ij->j", [(3, 4)]),
        ("ba", [(3, 4)]),
        ("ii->i", [(4, 4)]),
        ("ii", [(4, 4)]),
        ("iji->ji", [(4, 3, 4)]),
        ("iii->i", [(3, 3, 3)]),
        ("iijj->ij", [(3, 3, 2, 2)]),
        ("...ii->...i", [(2, 3, 4, 4)]),
        ("...ij,...jk->...ik", [(2, 1, 3, 4), (5, 4, 6)]),
        ("...ij,jk", [(2, 7, 3, 4), (4, 6)]),
        ("i...,...->i...", [(3, 4, 5), (5,)]),
        ("i...j->j...i", [(3, 4, 5, 6)]),
        ("... -> ...", [(3, 4)]),
        (" a b , b c -> a c ", [(3, 4), (4, 5)]),
        ("ij,j->ij", [(3, 4), (1,)]),
        ("ij,jk->ik", [(3, 1), (4, 5)]),
        ("ij,kl->", [(3, 4), (2, 5)]),
        ("ij,jk,kl->il", [(3, 4), (4, 5), (5, 2)]),
        ("ab,ab,ab->a", [(3, 4), (3, 4), (3, 4)]),
        ("ab,cd,ef->ace", [(2, 3), (4, 5), (3, 2)]),
        ("ij,ij->ij", [(3, 4), (3, 4)]),
        ("iA,Ai->A", [(3, 4), (4, 3)]),
        (",i->i", [(), (3,)]),
        ("b...,b...->...", [(1, 3, 4), (2, 3, 1)]),
    ],
)
def test_agrees_with_numpy(equation: str, shapes: list[tuple[int, ...]]) -> None:
    arrays = [normal(*dims) for dims in shapes]
    have, want = einsum(equation, *arrays), np.einsum(equation, *(array.astype(np.float64) for array in arrays))
    assert have.shape == want.shape
    np.testing.assert_allclose(have, want, rtol=1e-5, atol=1e-5)


def test_integers() -> None:
    a, b = np.arange(12, dtype=np.int32).reshape(3, 4), np.arange(20, dtype=np.int32).reshape(4, 5)
    np.testing.assert_array_equal(einsum("ij,jk->ki", a, b), np.einsum("ij,jk->ki", a, b))


@pytest.mark.parametrize(
    ("equation", "shapes", "message"),
    [
        ("ij,jk->ik", [(3, 4), (5, 6)], "'j' stands for 4 and for 5"),
        ("ij->ik", [(3, 4)], "'k' of the result"),
        ("ij->ii", [(3, 4)], "'i' of the result"),
        ("ijk->i", [(3, 4)], "'ijk' does not fit an operand of rank 2"),
        ("i->i", [(3, 4)], "does not fit an operand"),
        ("ij,j->i", [(3, 4)], "does not fit 1 operands"),
        ("i.j->i", [(3, 4)], "does not fit 1 operands"),
    ],
)
def test_equations_that_do_not_fit_are_refused(equation: str, shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(StepwellError, match=message):
        einsum(equation, *(normal(*dims) for dims in shapes))


def det(x: np.ndarray) -> np.ndarray:
    return run(helper.make_node("Det", ["x"], ["y"]), {"x": x})[0]


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (5, 5), (2, 3, 4, 4), (2, 20, 20), (3, 64, 64), (0, 3, 3)])
def test_determinant(shape: tuple[int, ...]) -> None:
    x = normal(*shape) / np.float32(np.sqrt(shape[-1]))  # so that large ones do not overflow
    have, want = det(x), np.linalg.det(x.astype(np.float64))
    assert have.shape == want.shape
    np.testing.assert_allclose(have, want, rtol=1e-3)


@pytest.mark.parametrize(
    "matrix",
    [
        [[0, 1], [1, 0]],
        [[0, 0], [1, 0]],
        [[1, 2, 3], [2, 4, 6], [1, 0, 1]],
        [[0, 2, 1], [0, 0, 3], [4, 1, 1]],
        np.zeros((4, 4)),
        np.eye(6)[[2, 0, 1, 5, 4, 3]],
    ],
)
def test_determinant_of_matrices_that_need_pivots(matrix: list[list[float]]) -> None:
    x = np.array(matrix, np.float64)
    np.testing.assert_allclose(det(x), np.linalg.det(x), atol=1e-12)


def test_a_matrix_that_is_not_square_is_refused() -> None:
    with pytest.raises(StepwellError, match="3x4"):
        det(normal(3, 4))
