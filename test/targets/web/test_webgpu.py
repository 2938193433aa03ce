"""Packages run by WebGPU in real Chromium: numbers against the native target's; what goes wrong is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import real_models
import stepwell
from onnx.utils import Extractor
from packages import LOAD, package, run_in_page, said_by
from stepwell.tools import main

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"
TOLERANCE = 1e-5


def test_digits_agree_with_the_native_target(tmp_path: Path) -> None:
    feeds = {"image": np.random.default_rng(0).random((3, 1, 8, 8), np.float32)}
    want = stepwell.compile(DIGITS).run(feeds)["logits"]
    got = run_in_page(package(DIGITS, "image=3x1x8x8", tmp_path), feeds)["logits"]
    np.testing.assert_allclose(got, want, rtol=TOLERANCE, atol=TOLERANCE)


def first_block(folder: Path) -> tuple[Path, str]:
    """mobilenet_v2 down to the end of its first block, and that tensor's name: what its fifth convolution takes."""
    model = onnx.load(real_models.fetch("mobilenet_v2_imagenet_dynamo_static"))
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    (end,) = [name for name in convolutions[3].input if any(name in node.output for node in model.graph.node)]
    block = Extractor(model).extract_model([model.graph.input[0].name], [end])
    onnx.save(block, folder / "block.onnx")
    return folder / "block.onnx", end


def test_the_first_block_of_mobilenet_agrees_with_the_native_target(tmp_path: Path) -> None:
    model, end = first_block(tmp_path)
    feeds, _ = real_models.recorded("mobilenet_v2_imagenet_dynamo_static")
    (name,) = feeds
    want = stepwell.compile(model).run(feeds)[end]
    shape = f"{name}={'x'.join(map(str, feeds[name].shape))}"
    got = run_in_page(package(model, shape, tmp_path / "page"), feeds)[end]
    np.testing.assert_allclose(got, want, atol=TOLERANCE * np.abs(want).max())


def test_control_flow_is_run_by_the_page(tmp_path: Path) -> None:
    """A recurrence over 149 steps, which the host counts."""
    feeds, want = real_models.recorded("silero_vad_16k_sequence")
    shapes = ";".join(f"{name}={'x'.join(map(str, array.shape))}" for name, array in feeds.items())
    got = run_in_page(package(real_models.fetch("silero_vad_16k_sequence"), shapes, tmp_path), feeds)
    real_models.assert_agrees({name: array.astype(np.float32) for name, array in got.items()}, want)


def test_a_shader_that_is_refused_is_named_with_its_line_and_node(tmp_path: Path) -> None:
    files = package(DIGITS, "image=1x1x8x8", tmp_path)
    name = "kernel_matmul_0.wgsl"
    files[name] = files[name].replace(b"+=", b"+= unknown +", 1)
    line = files[name].split(b"unknown")[0].count(b"\n") + 1
    error = said_by(LOAD, files)["error"]
    assert f"{name}:{line}:" in error and "unresolved value 'unknown'" in error
    assert "kernel_matmul_0: node" in error  # the node of the model that it was made of


def test_a_model_larger_than_the_device_is_refused_with_the_limit(tmp_path: Path) -> None:
    files = package(DIGITS, "image=1x1x8x8", tmp_path)
    files["manifest.json"] = json.dumps(json.loads(files["manifest.json"]) | {"arena_size": 1 << 50}).encode()
    assert "maxBufferSize of 1125899906842624" in said_by(LOAD, files)["error"]


def test_a_type_that_the_device_lacks_is_refused(tmp_path: Path) -> None:
    files = package(DIGITS, "image=1x1x8x8", tmp_path)
    files["manifest.json"] = json.dumps(json.loads(files["manifest.json"]) | {"requires": ["float16"]}).encode()
    assert "tensors of float16, which this device has not" in said_by(LOAD, files)["error"]


def test_a_browser_without_webgpu_says_so(tmp_path: Path) -> None:
    files = package(DIGITS, "image=1x1x8x8", tmp_path)
    script = 'Object.defineProperty(navigator, "gpu", { value: undefined });' + LOAD.replace("import {", "const {")
    script = script.replace('} from "./stepwell.js"', '} = await import("./stepwell.js")')
    assert "no WebGPU" in said_by(script, files)["error"]


def test_a_lost_device_and_wrong_feeds_are_said(tmp_path: Path) -> None:
    script = """
    import { load } from "./stepwell.js";
    const program = await load();
    const failed = (feeds) => program.run(feeds).then(() => "", (error) => error.message);
    const missing = await failed({});
    const wrong = await failed({ image: new Float32Array(3) });
    const right = await failed({ image: new Float32Array(64) });
    program.destroy();
    say({ missing, wrong, right, lost: await failed({ image: new Float32Array(64) }) });
    """
    found = said_by(script, package(DIGITS, "image=1x1x8x8", tmp_path))
    assert "input 'image' is missing: it takes a Float32Array(64)" in found["missing"]
    assert "Float32Array(3)" in found["wrong"] and found["right"] == ""
    assert "the GPU was lost" in found["lost"] and "load the model again" in found["lost"]


def test_the_page_runs_the_model(tmp_path: Path) -> None:
    """index.html, as it is opened: in a frame of the test's page, which presses its button."""
    script = """
    const frame = document.createElement("iframe");
    frame.src = "index.html";
    document.documentElement.append(frame);
    const said = () => frame.contentDocument?.getElementById("said")?.textContent ?? "";
    const until = async (done) => { while (!done(said())) await new Promise((go) => setTimeout(go, 20)); };
    await until((text) => text && text !== "loading");
    frame.contentDocument.getElementById("run").click();
    await until((text) => text !== "ready");
    say({ title: frame.contentDocument.getElementById("title").textContent, text: said() });
    """
    found = said_by(
        script.replace("document.body.append", "document.documentElement.append"),
        package(DIGITS, "image=1x1x8x8", tmp_path),
    )
    assert found["title"] == "image: float32[1x1x8x8] → logits: float32[1x10]"
    want = stepwell.compile(DIGITS).run({"image": np.zeros((1, 1, 8, 8), np.float32)})["logits"]
    numbers = [float(word) for word in found["text"].partition(": ")[2].split(", ")]
    np.testing.assert_allclose(numbers, want[0], rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("target", ["native", "opencl"])
def test_a_target_without_a_page_is_refused(target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "compile",
        str(DIGITS),
        "--target",
        target,
        "--shape",
        "image=1x1x8x8",
        "--page",
        "-o",
        str(tmp_path / "p"),
    ]
    assert main.main(words) == 1 and not (tmp_path / "p").exists()
    assert f"target '{target}' makes nothing that a page runs" in capsys.readouterr().err
