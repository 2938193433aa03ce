"""Packages in real Chromium, by WebGPU: what goes wrong is said, and the page runs the model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import stepwell
from browser import text_of
from packages import LOAD, package, said_by
from stepwell.tools import main

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"
TOLERANCE = 1e-5


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
    const double = await failed({ image: new Float64Array(64) });
    const unknown = await failed({ picture: new Float32Array(64) });
    const nothing = await failed();
    const right = await failed({ image: new Float32Array(64) });
    program.destroy();
    say({ missing, wrong, double, unknown, nothing, right, lost: await failed({ image: new Float32Array(64) }) });
    """
    found = said_by(script, package(DIGITS, "image=1x1x8x8", tmp_path))
    takes = "it takes a Float32Array(64), of float32[1x1x8x8]"
    assert found["missing"] == found["nothing"] == f"input 'image' is missing: {takes}"
    assert found["wrong"] == f"input 'image' is Float32Array(3): {takes}" and found["right"] == ""
    assert found["double"] == f"input 'image' is Float64Array(64): {takes}"
    assert found["unknown"] == "the model has no input 'picture': it takes image"
    assert "the GPU was lost" in found["lost"] and "load the model again" in found["lost"]


def test_a_page_goes_on_by_webgl_where_there_is_no_webgpu(tmp_path: Path) -> None:
    script = """
    Object.defineProperty(navigator, "gpu", { value: undefined });
    const { load } = await import("./gpu/stepwell.js");
    const program = await load("gpu").catch(() => load("gl"));
    const { logits } = await program.run({ image: new Float32Array(64).fill(0.5) });
    say({ logits: Array.from(logits.data) });
    """
    files = {}
    for folder, target in (("gpu", "wgsl"), ("gl", "webgl")):
        made = package(DIGITS, "image=1x1x8x8", tmp_path / folder, target)
        files |= {f"{folder}/{name}": data for name, data in made.items()}
    want = stepwell.compile(DIGITS).run({"image": np.full((1, 1, 8, 8), 0.5, np.float32)})["logits"]
    np.testing.assert_allclose(said_by(script, files)["logits"], want[0], rtol=TOLERANCE, atol=TOLERANCE)


def test_a_package_is_loaded_from_any_folder_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    files = package(DIGITS, "image=1x1x8x8", tmp_path)
    site = {f"models/digits/{name}": data for name, data in files.items()}
    script = """
    import { load } from "./models/digits/stepwell.js";
    const failed = (folder) => load(folder).then(() => "", (error) => error.message);
    const program = await load("models/digits");
    const { logits } = await program.run({ image: new Float32Array(64) });
    say({ shape: logits.shape, elsewhere: await failed("models"), page: await failed("models/page/"),
          cut: await failed("models/cut/"), file: await failed("file:///tmp/") });
    """
    broken = {
        "models/page/manifest.json": b"<!doctype html>",
        "models/cut/manifest.json": files["manifest.json"],
        **{f"models/cut/{name}": files[name] for name in files if name.endswith(".wgsl")},
        "models/cut/weights.bin": files["weights.bin"][:-4],
    }
    found = said_by(script, {**site, **broken})
    assert found["shape"] == [1, 10]
    assert "/models/manifest.json cannot be fetched: 404" in found["elsewhere"]
    assert "/models/page/manifest.json is not the manifest of a package" in found["page"]
    size = len(files["weights.bin"])
    assert f"weights.bin has {size - 4} bytes where the manifest says {size}" in found["cut"]
    assert "opened from a file cannot fetch others (serve the folder" in found["file"]


def test_a_page_that_is_opened_from_a_file_says_what_to_do(tmp_path: Path) -> None:
    package(DIGITS, "image=1x1x8x8", tmp_path)
    said = text_of(tmp_path / "index.html").partition('id="said"')[2].partition("</pre>")[0]
    assert "opened from a file cannot fetch others: serve the folder, python3 -m http.server" in said


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
    found = said_by(script, package(DIGITS, "image=1x1x8x8", tmp_path))
    assert found["title"] == "image: float32[1x1x8x8] → logits: float32[1x10]"
    want = stepwell.compile(DIGITS).run({"image": np.zeros((1, 1, 8, 8), np.float32)})["logits"]
    numbers = [float(word) for word in found["text"].partition(": ")[2].split(", ")]
    np.testing.assert_allclose(numbers, want[0], rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("target", ["native", "opencl"])
def test_a_target_without_a_page_is_refused(target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compile", str(DIGITS), "--target", target, "--shape", "image=1x1x8x8", "--page"]
    assert main.main([*words, "-o", str(tmp_path / "p")]) == 1 and not (tmp_path / "p").exists()
    assert f"target '{target}' makes nothing that a page runs" in capsys.readouterr().err
