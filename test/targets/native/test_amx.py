"""Products of bf16 in AMX's tiles: assembled for a processor that has them, and evaluated op by op against numpy."""

from __future__ import annotations

import re
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from loops_eval import run
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module, settings
from stepwell.runtime import native
from stepwell.tools import translate

CPU = "sapphirerapids"


def rounded(array: np.ndarray) -> np.ndarray:
    return array.astype(ml_dtypes.bfloat16).astype(np.float64)


def model(nodes: list[onnx.NodeProto], x: tuple[int, ...], **weights: np.ndarray) -> onnx.ModelProto:
    value = helper.make_tensor_value_info
    io = [value("x", TensorProto.FLOAT, x)], [value("y", TensorProto.FLOAT, None)]
    kept = [onnx.numpy_helper.from_array(w, name) for name, w in weights.items()]
    graph = helper.make_graph(nodes, "one", *io, kept)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def product(m: int, k: int, n: int) -> tuple[onnx.ModelProto, np.ndarray, dict[str, np.ndarray]]:
    """x w + b, cut off below 0: an epilogue on the sums."""
    rng = np.random.default_rng(m + k + n)
    x, w, b = (rng.standard_normal(shape, np.float32) for shape in ((m, k), (k, n), (n,)))
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["p"]),
        helper.make_node("Add", ["p", "b"], ["s"]),
        helper.make_node("Relu", ["s"], ["y"]),
    ]
    return model(nodes, (m, k), w=w, b=b), x, {"w": w, "b": b}


def evaluated(made: onnx.ModelProto, x: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, dict[str, int]]:
    """What the loops of a model for CPU compute, op by op, and how often each op ran."""
    way = Way(find_target("native"), settings=settings(precision="bf16", cpu=CPU))
    ctx = Context()
    module = read_module(ctx, made.SerializeToString())
    way.lower(ctx, module, to="loops")
    y = np.full(shape, np.nan, np.float32)
    return y, run(ctx, module, x, y)


# Whole tiles; smaller ones, of rows or of depth; rows and columns that are left over; one step; no second tile.
PRODUCTS = [(64, 64, 64), (28, 48, 40), (45, 72, 33), (49, 64, 70), (67, 96, 17), (16, 64, 16), (9, 160, 48)]


@pytest.mark.parametrize("m, k, n", PRODUCTS)
def test_products(m: int, k: int, n: int) -> None:
    made, x, given = product(m, k, n)
    got, counts = evaluated(made, x, (m, n))
    want = np.maximum(rounded(x) @ rounded(given["w"]) + given["b"], 0)
    size = np.abs(rounded(x)) @ np.abs(rounded(given["w"])) + np.abs(given["b"])
    assert (np.abs(got - want) <= 1e-6 * size).all()
    assert counts["amx.tile_mulf"] > 0


def test_tiles_do_all_that_they_can() -> None:
    made, x, _ = product(64, 64, 64)
    _, counts = evaluated(made, x, (64, 64))
    assert counts["amx.tile_mulf"] == 4 * 4 * 2
    assert counts["amx.tile_load"] == counts["amx.tile_mulf"]
    assert "x86vector.avx512.dot" not in counts


@pytest.mark.parametrize("m, k, n", [(4, 64, 64), (64, 34, 64), (64, 64, 7)])
def test_too_few_rows_or_columns_or_no_depth_that_divides(m: int, k: int, n: int) -> None:
    made, x, given = product(m, k, n)
    got, counts = evaluated(made, x, (m, n))
    want = np.maximum(rounded(x) @ rounded(given["w"]) + given["b"], 0)
    np.testing.assert_allclose(got, want, atol=1e-4)
    assert not any(name.startswith("amx.") for name in counts)
    assert counts["x86vector.avx512.dot"] > 0


@pytest.mark.parametrize(
    "x_shape, w_shape, attributes",
    [
        ((1, 32, 9, 16), (40, 32, 3, 3), {"dilations": [1, 1]}),
        ((1, 64, 7, 33), (16, 64, 3, 3), {"strides": [2, 2]}),
        ((2, 48, 8, 8), (70, 48, 1, 1), {}),
    ],
)
def test_convolutions(x_shape: tuple[int, ...], w_shape: tuple[int, ...], attributes: dict[str, list[int]]) -> None:
    rng = np.random.default_rng(len(attributes))
    x, w = (rng.standard_normal(shape, np.float32) for shape in (x_shape, w_shape))
    node = helper.make_node("Conv", ["x", "w"], ["y"], **attributes)

    def exactly(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        value = helper.make_tensor_value_info
        inputs = [value("x", TensorProto.DOUBLE, x.shape), value("w", TensorProto.DOUBLE, w.shape)]
        graph = helper.make_graph([node], "one", inputs, [value("y", TensorProto.DOUBLE, None)])
        return ReferenceEvaluator(helper.make_model(graph)).run(None, {"x": x, "w": w})[0]

    want, size = exactly(rounded(x), rounded(w)), exactly(np.abs(rounded(x)), np.abs(rounded(w)))
    got, counts = evaluated(model([node], x_shape, w=w), x, want.shape)
    assert (np.abs(got - want) <= 1e-6 * size).all()
    assert counts["amx.tile_mulf"] > 0


def assembly(tmp_path: Path, made: onnx.ModelProto, cpu: str) -> str:
    onnx.save(made, tmp_path / "m.onnx")
    out = tmp_path / f"{cpu}.s"
    said = [str(tmp_path / "m.onnx"), "--precision", "bf16", "--cpu", cpu, "--to", "asm", "-o", str(out)]
    assert translate.main(said) == 0
    return out.read_text()


@pytest.mark.parametrize("m, k, n", [(64, 512, 64), *PRODUCTS])
def test_assembly(tmp_path: Path, m: int, k: int, n: int) -> None:
    text = assembly(tmp_path, product(m, k, n)[0], CPU)
    products, loads = (len(re.findall(rf"^\s+{name}\s", text, re.MULTILINE)) for name in ("tdpbf16ps", "tileloadd"))
    zeros, stores = (len(re.findall(rf"^\s+{name}\s", text, re.MULTILINE)) for name in ("tilezero", "tilestored"))
    assert products > 0 and stores == zeros, "a tile is stored when its sum is done, and at no other time"
    assert text.count("ldtilecfg") == text.count("tilerelease") == 1
    if m % 32 == n % 32 == 0:
        assert loads == products, "two by two"


def test_other_processors_have_no_tiles(tmp_path: Path) -> None:
    assert "tile" not in assembly(tmp_path, product(64, 64, 64)[0], "znver4")


def test_the_manifest_says_that_tiles_are_needed() -> None:
    needs = {}
    for cpu, precision in ((CPU, "bf16"), (CPU, "f32"), ("znver4", "bf16")):
        way = Way(find_target("native"), settings=settings(precision=precision, cpu=cpu))
        ctx = Context()
        module = read_module(ctx, product(64, 64, 64)[0].SerializeToString())
        way.lower(ctx, module)
        needs[cpu, precision] = way.target.emit(ctx, module, way.options).manifest.get("amx")
    assert needs == {(CPU, "bf16"): True, (CPU, "f32"): None, ("znver4", "bf16"): None}


class RefusingLibrary:
    def syscall(self, *args: object) -> int:
        return -1


def test_a_system_that_lends_no_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native.ctypes, "CDLL", lambda *args, **kwargs: RefusingLibrary())
    native.allow_tiles.cache_clear()
    with pytest.raises(RuntimeError, match="needs amx, which the system does not lend"):
        native.allow_tiles()
