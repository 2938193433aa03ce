"""Text and back: floats bit by bit, weights beside the text, and files that are not what they should be."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.text import (
    ModuleParser,
    ModulePrinter,
    ModuleWriter,
    parse_module,
    print_module,
    read_module,
    split_text,
    write_module,
)
from stepwell.weights_file import read_weights, write_weights
from xdsl.dialects.builtin import (
    AnyFloat,
    BytesAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    TensorType,
    bf16,
    f16,
    f32,
    f64,
)
from xdsl.ir import Attribute

CONTEXT = Context()


def printed(attribute: Attribute) -> str:
    import io

    out = io.StringIO()
    ModulePrinter(stream=out).print_attribute(attribute)
    return out.getvalue()


def read_back(attribute: Attribute) -> Attribute:
    return ModuleParser(CONTEXT, printed(attribute), "text").parse_attribute()


@pytest.mark.parametrize("element", [f16, bf16, f32, f64], ids=str)
@given(data=st.data())
def test_every_float_reads_back_as_the_same_bits(element: AnyFloat, data: st.DataObject):
    raw = data.draw(st.binary(min_size=2 * element.size, max_size=2 * element.size))
    dense = DenseIntOrFPElementsAttr(TensorType(element, [2]), BytesAttr(raw))
    assert read_back(dense) == dense
    if any(math.isnan(value) for value in dense.iter_values()):
        return  # elsewhere a NaN stays a NaN, its payload passes through a Python float
    array = DenseArrayBase(element, BytesAttr(raw))
    assert read_back(array) == array
    scalar = FloatAttr(next(iter(dense.iter_values())), element)
    assert element.pack([read_back(scalar).value.data]) == raw[: element.size]  # pyright: ignore[reportAttributeAccessIssue]


def test_bits_of_a_float_mean_the_same_everywhere():
    inf = struct.pack("<f", math.inf)
    parse = lambda text: ModuleParser(CONTEXT, text, "text").parse_attribute()  # noqa: E731
    assert parse("dense<0x7F800000> : tensor<2xf32>").data.data == inf * 2
    assert parse("dense<[0x7F800000, 1.0]> : tensor<2xf32>").data.data == inf + struct.pack("<f", 1.0)
    assert parse("array<f32: 0x7F800000, -0.0>").data.data == inf + struct.pack("<f", -0.0)
    assert parse("dense<0xFF> : tensor<1xi32>").data.data == struct.pack("<i", 255)


MODULE = """\
func.func @main() -> tensor<2xf32> {
  %a = arith.constant dense_resource<a> : tensor<2xf32>
  %b = arith.constant dense_resource<b> : tensor<3xbf16>
  func.return %a : tensor<2xf32>
}
"""


def with_weights() -> Context:
    ctx = Context()
    ctx.weights.put("a", np.array([1.5, np.nan], np.float32))
    ctx.weights.put("b", np.array([1, 2, 3], ml_dtypes.bfloat16))
    ctx.weights.put("unused", np.zeros(1000, np.float32))
    return ctx


def test_a_module_and_its_weights_read_back(tmp_path: Path):
    ctx = with_weights()
    module = parse_module(ctx, MODULE, "main.mlir")
    before = print_module(module, locations=True)
    write_module(ctx, module, tmp_path / "m.mlir")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.mlir", "m.safetensors"]
    assert print_module(module, locations=True) == before

    fresh = Context()
    again = read_module(fresh, tmp_path / "m.mlir")
    assert print_module(again, locations=True) == before
    assert sorted(fresh.weights) == ["a", "b"]
    for key in ("a", "b"):
        assert fresh.weights[key].dtype == ctx.weights[key].dtype
        assert fresh.weights[key].tobytes() == ctx.weights[key].tobytes()
    assert not fresh.weights["a"].flags.writeable


def test_a_series_of_dumps_writes_each_weight_once(tmp_path: Path):
    ctx = with_weights()
    writer = ModuleWriter(tmp_path)
    module = parse_module(ctx, MODULE, "main.mlir")
    writer.write(ctx, module, "00")
    writer.write(ctx, module, "01")
    ctx.weights.put("c", np.ones(4, np.float32))
    with_c = MODULE.replace("  func.return", "  %c = arith.constant dense_resource<c> : tensor<4xf32>\n  func.return")
    writer.write(ctx, parse_module(ctx, with_c, "main.mlir"), "02")
    assert sorted(p.name for p in tmp_path.glob("*.safetensors")) == ["00.safetensors", "02.safetensors"]
    fresh = Context()
    read_module(fresh, tmp_path / "02.mlir")
    assert sorted(fresh.weights) == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["../w.safetensors", "/etc/passwd", "link.safetensors"])
def test_weights_outside_the_folder_are_refused(tmp_path: Path, name: str):
    folder = tmp_path / "in"
    folder.mkdir()
    write_weights(tmp_path / "w.safetensors", {"a": np.zeros(2, np.float32)})
    (folder / "link.safetensors").symlink_to(tmp_path / "w.safetensors")
    (folder / "m.mlir").write_text(f'builtin.module attributes {{stepwell.weights = "{name}"}} {{\n{MODULE}}}')
    with pytest.raises(StepwellError, match="lies outside the folder"):
        read_module(Context(), folder / "m.mlir")


def test_missing_and_damaged_weights_are_said(tmp_path: Path):
    file = tmp_path / "m.mlir"
    file.write_text(f'builtin.module attributes {{stepwell.weights = "m.safetensors"}} {{\n{MODULE}}}')
    weights = tmp_path / "m.safetensors"
    with pytest.raises(StepwellError, match=r"m\.safetensors is missing"):
        read_module(Context(), file)
    write_weights(weights, {"a": np.zeros(2, np.float32)})
    with pytest.raises(StepwellError, match="lack 1 of the module's weights, 'b' first"):
        read_module(Context(), file)
    whole = weights.read_bytes()
    for damaged in (b"", b"\xff" * 20, whole[:60], whole[:-1], whole.replace(b'"F32"', b'"F99"'), b"\x02" + b"\0" * 9):
        weights.write_bytes(damaged)
        with pytest.raises(StepwellError, match=r"is damaged|cannot be read"):
            read_module(Context(), file)


ARRAYS = {
    "bool": np.array([True, False]),
    "scalar": np.array(3.0),
    "empty": np.zeros((0, 4), np.int16),
    "bf16": np.array([[1, -2]], ml_dtypes.bfloat16),
    "fp8": np.array([1, 0.5], ml_dtypes.float8_e4m3fn),
    "fp8b": np.array([1, 0.5], ml_dtypes.float8_e4m3fnuz),
    "int4": np.array([[1, -8], [7, 0]], ml_dtypes.int4),
    "complex": np.array([1 + 2j], np.complex64),
    "u64": np.array([2**64 - 1], np.uint64),
    "strided": np.arange(12, dtype=np.int32).reshape(3, 4).T,
}


def test_every_dtype_reads_back(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    write_weights(path, ARRAYS)
    found = read_weights(path, list(ARRAYS))
    assert list(found) == list(ARRAYS)
    for key, array in ARRAYS.items():
        assert (found[key].dtype, found[key].shape) == (array.dtype, array.shape)
        assert found[key].tobytes() == array.tobytes()
        assert found[key].flags.aligned


def test_the_format_s_own_library_reads_what_we_write(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    plain = {key: array for key, array in ARRAYS.items() if key in ("bool", "scalar", "empty", "u64", "strided")}
    write_weights(path, plain)
    theirs = load_file(path)
    assert set(theirs) == set(plain)
    for key, array in plain.items():
        np.testing.assert_array_equal(theirs[key], array)


def test_two_weights_of_one_name_are_refused():
    ctx = with_weights()
    ctx.weights.put("a", np.array([1.5, np.nan], np.float32))
    with pytest.raises(StepwellError, match="two different weights are called 'a'"):
        ctx.weights.put("a", np.array([1.5, 2.0], np.float32))


def test_pieces_of_a_split_text_keep_their_line_numbers():
    first, second = split_text("a\nb\n// -----\nc\n")
    assert first == "a\nb\n"
    assert second.splitlines()[3] == "c"


def test_a_long_line_is_cut_around_the_caret():
    text = "func.func @f() {\n  %a = arith.constant dense<[" + "1, " * 2000 + "oops]> : tensor<4xi32>\n}"
    with pytest.raises(StepwellError) as raised:
        parse_module(Context(), text, "f.mlir")
    assert max(len(line) for line in str(raised.value).splitlines()) < 200
    assert "oops" in str(raised.value)


def test_nesting_without_end_is_an_error_not_a_crash():
    with pytest.raises(StepwellError, match="nested too deep"):
        parse_module(Context(), '"builtin.module"() ({' * 100_000, "deep.mlir")


def test_equal_types_of_a_text_are_one_object_and_aliases_still_mean_what_they_say():
    text = """\
#layout = affine_map<(d0) -> (d0)>
!row = tensor<4xf32>
func.func private @f(tensor<4xf32>, tensor<4xf32>, !row, memref<4xf32, #layout>, vector<2xi8>, i8, i80)
func.func private @g(memref<4xf32, strided<[1], offset: ?>>, memref<4xf32, strided<[1], offset: ?>>, memref<4xf32>)
"""
    module = parse_module(Context(), text, "f.mlir")
    f, g = (list(op.function_type.inputs) for op in module.body.ops)  # pyright: ignore[reportAttributeAccessIssue]
    assert f[0] is f[1] and f[0] == f[2]
    assert g[0] is g[1] and g[0] != g[2]
    assert [str(t) for t in f[3:]] == ["memref<4xf32, affine_map<(d0) -> (d0)>>", "vector<2xi8>", "i8", "i80"]
    assert str(g[0]) == "memref<4xf32, strided<[1], offset: ?>>"
