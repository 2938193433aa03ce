"""The plug-in of examples/plugin: what it adds is found, does what it says; its target agrees with the native one."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import numpy as np
import pytest
import stepwell
from golden import run_line, run_lines
from onnx import parser
from random_graphs import graph as drawn
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.driver import Way, find_target
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.registry import REGISTRY, Registry
from stepwell.text import parse_module

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "examples" / "plugin"
GOLDEN = sorted((PLUGIN / "test").glob("*.mlir"))
DIGITS = ROOT / "examples" / "digits"

SWISH = """
<ir_version: 9, opset_import: ["" : 20]>
swish (float[4, 33] x) => (float[4, 33] y) { s = Sigmoid(x)  y = Mul(s, x) }
"""


def test_its_entry_point_fills_the_tables(monkeypatch: pytest.MonkeyPatch):
    declared = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]["entry-points"]["stepwell.plugins"]
    entries = [importlib.metadata.EntryPoint(name, value, "stepwell.plugins") for name, value in declared.items()]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries if "plugins" in group else [])
    fresh = Registry()
    assert fresh.find("passes", "form-swish") and not fresh.plugin_errors
    assert fresh.load_dialect("swish").name == "swish"
    assert [fresh.load_pass(name).name for name in ("form-swish", "lower-swish")] == ["form-swish", "lower-swish"]
    assert fresh.load_target("python").name == "python"
    assert fresh.load_translation("python").target == "python"


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_golden(path: Path, tmp_path: Path):
    lines = run_lines(path)
    assert lines
    for line in lines:
        run_line(line, path, tmp_path / "t")


def test_the_level_lets_swish_stand_in_a_graph_and_not_below():
    text = """builtin.module attributes {stepwell.level = "graph"} {
      func.func @main(%x: tensor<4xf32> {stepwell.name = "x", stepwell.dims = [4 : i64]})
          -> (tensor<4xf32> {stepwell.name = "y", stepwell.dims = [4 : i64]}) {
        %y = swish.swish %x : tensor<4xf32>
        func.return %y : tensor<4xf32>
      }
    }"""
    ctx = Context()
    module = parse_module(ctx, text)
    run_passes(ctx, module, parse_passes("canonicalize"), verify_each=True)
    with pytest.raises(StepwellError, match="swish"):
        Way(find_target("native")).lower(ctx, module)  # nobody lowers it there
    module = parse_module(ctx, text)
    Way(find_target("python"), verify_each=True).lower(ctx, module)
    assert "swish.swish" not in str(module)


def test_swish_is_formed_on_the_way_and_gone_below():
    seen: list[str] = []

    class Watch:
        def before_pass(self, run): ...

        def after_pass(self, run):
            if "swish.swish" in str(run.module):
                seen.append(run.name)

        def pass_failed(self, run, error): ...

    program = stepwell.compile(parser.parse_model(SWISH), "python", hooks=[Watch()])
    x = np.linspace(-100, 100, 132, dtype=np.float32).reshape(4, 33)
    want = x.astype(np.float64) / (1 + np.exp(-x.astype(np.float64)))
    np.testing.assert_allclose(program.run({"x": x})["y"], want, rtol=1e-6, atol=1e-30)
    assert seen == ["form-swish"]


def test_python_and_native_say_the_same_of_a_digit():
    rows = np.loadtxt(DIGITS / "held_back.csv", delimiter=",", dtype=np.float32)
    image, label = rows[:1, :-1].reshape(1, 1, 8, 8) / np.float32(16), int(rows[0, -1])
    printed, native = (
        stepwell.compile(DIGITS / "digits.onnx", target).run({"image": image})["logits"]
        for target in ("python", "native")
    )
    assert printed.dtype == native.dtype and printed.argmax() == label
    np.testing.assert_allclose(printed, native, rtol=1e-4, atol=1e-4 * np.abs(native).max())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(25))
def test_python_gives_what_onnx_says(seed: int):
    graph = drawn(seed)
    try:
        outputs = stepwell.compile(graph.model, "python").run(graph.feeds)
    except StepwellError as refused:
        assert "cannot be printed as Python" in refused.what
        pytest.skip(refused.what)
    for name, want in graph.expected.items():
        assert (outputs[name].dtype, outputs[name].shape) == (want.dtype, want.shape)
        np.testing.assert_allclose(outputs[name], want, rtol=1e-4, atol=1e-4 * float(np.abs(want).max(initial=0)))


def test_what_python_cannot_print_is_said():
    from swish_plugin.emitter import print_python

    module = parse_module(Context(), "func.func @f(%a: f32) { %b = math.cbrt %a : f32  func.return }")
    with pytest.raises(StepwellError, match=r"math\.cbrt cannot be printed as Python"):
        print_python(module)


def test_source_is_python():
    module = import_onnx(ctx := Context(), parser.parse_model(SWISH))
    Way(find_target("python")).lower(ctx, module)
    translation = REGISTRY.load_translation("python")
    files = translation.write(ctx, module, None, "swish")
    assert list(files) == ["swish.py"]
    compile(files["swish.py"], "swish.py", "exec")
