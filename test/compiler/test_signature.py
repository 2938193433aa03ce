"""A signature that a person has edited is held to @main before anything is run by it."""

from __future__ import annotations

from pathlib import Path

import onnx.parser
import pytest
import stepwell
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.driver import Way, find_target, read_module
from stepwell.signature import check_signature
from stepwell.text import print_module

MODEL = """<ir_version: 9, opset_import: ["" : 17]> g (uint8[2, 3] image, bool[3] mask, int64[2] at) =>
(float[2, 3] scores, uint8[2, 2] picked) {
  f = Cast<to = 1>(image)
  zero = Constant<value = float {0}>()
  scores = Where(mask, f, zero)
  picked = Gather<axis = 1>(image, at)
}"""


def text_at(level: str, target: str = "native") -> str:
    ctx = Context()
    module = read_module(ctx, onnx.parser.parse_model(MODEL).SerializeToString())
    Way(find_target(target)).lower(ctx, module, level)
    check_signature(module, converted=target == "wgsl")
    return print_module(module)


@pytest.mark.parametrize("target", ["native", "c", "opencl", "wgsl"])
@pytest.mark.parametrize("level", ["tensor", "buffers", "loops", "program"])
def test_what_the_compiler_writes_holds(level: str, target: str) -> None:
    assert "stepwell.signature" in text_at(level, target)


FORGED = {
    "shape": ('"image", type = tensor<2x3xui8>', '"image", type = tensor<2x4096xui8>', "'image' is tensor<2x4096xui8>"),
    "width": ('"image", type = tensor<2x3xui8>', '"image", type = tensor<2x3xui16>', "'image' is tensor<2x3xui16>"),
    "kind": ('"scores", type = tensor<2x3xf32>', '"scores", type = tensor<2x3xi32>', "'scores' is tensor<2x3xi32>"),
    "open": ('"at", type = tensor<2xi64>', '"at", type = tensor<?xi64>', "of which there are no programs"),
    "not a tensor": ('"at", type = tensor<2xi64>', '"at", type = i64', "the type of a tensor"),
    "no name": ('{name = "at", type', "{type", "has a name"),
    "other words": ("outputs = [", "results = [", "no array of outputs"),
}


@pytest.mark.parametrize("level", ["tensor", "program"])
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_one_is_an_error(name: str, level: str, tmp_path: Path) -> None:
    old, new, says = FORGED[name]
    refuse(text_at(level), old, new, says, tmp_path)


@pytest.mark.parametrize(("level", "says"), [("tensor", "4 tensors, and @main takes 3"), ("program", "'image'")])
def test_one_input_more(level: str, says: str, tmp_path: Path) -> None:
    refuse(text_at(level), "inputs = [", 'inputs = [{name = "x", type = tensor<2x3xui8>}, ', says, tmp_path)


def refuse(text: str, old: str, new: str, says: str, folder: Path) -> None:
    assert text.count(old) == 1
    path = folder / "model.mlir"
    path.write_text(text.replace(old, new))
    with pytest.raises(StepwellError) as caught:
        stepwell.compile(path)
    assert "stepwell.signature is not what @main is" in str(caught.value) and says in str(caught.value)


@pytest.mark.parametrize("target", ["native", "c"])
@pytest.mark.parametrize("level", ["loops", "program"])
def test_a_text_for_a_device_is_not_one_for_a_processor(level: str, target: str, tmp_path: Path) -> None:
    """Where an int64 is an int32 in memory, somebody must convert it."""
    path = tmp_path / "model.mlir"
    path.write_text(text_at(level, "wgsl"))
    with pytest.raises(StepwellError, match=r"there, and memref<[0-9x]+xi32> in @main"):
        stepwell.compile(path, target)


def test_pointers_are_counted(tmp_path: Path) -> None:
    text = text_at("llvm")
    more = ", ".join(f'{{name = "x{n}", type = tensor<1xf32>}}' for n in range(9))
    path = tmp_path / "model.mlir"
    path.write_text(text.replace("outputs = [", f"outputs = [{more}, "))
    with pytest.raises(StepwellError, match="it lists 14 tensors, and @main takes 7"):
        stepwell.compile(path)
