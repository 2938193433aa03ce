"""Packages in real Chromium, by WebGL 2: what goes wrong is said."""

from __future__ import annotations

from pathlib import Path

from packages import LOAD, package, said_by

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"


def test_a_shader_that_is_refused_is_named_with_its_line_and_node(tmp_path: Path) -> None:
    files = package(DIGITS, "image=1x1x8x8", tmp_path, "webgl")
    name = "kernel_matmul_0.frag"
    files[name] = files[name].replace(b"fetch(buffer0", b"unknown + fetch(buffer0", 1)
    line = files[name].split(b"unknown")[0].count(b"\n") + 1
    error = said_by(LOAD, files)["error"]
    assert f"{name}:{line}: 'unknown' : undeclared identifier" in error
    assert "kernel_matmul_0: node" in error  # the node of the model that it was made of


def test_a_browser_without_webgl_and_a_lost_context_are_said(tmp_path: Path) -> None:
    script = """
    import { load } from "./stepwell.js";
    const program = await load();
    const run = () => program.run({ image: new Float32Array(64) }).then(() => "", (error) => error.message);
    const right = await run();
    program.destroy();
    const lost = await run();
    OffscreenCanvas.prototype.getContext = () => null;
    say({ right, lost, none: await load().then(() => "", (error) => error.message) });
    """
    found = said_by(script, package(DIGITS, "image=1x1x8x8", tmp_path, "webgl"))
    assert found["right"] == "" and "the GPU was lost" in found["lost"]
    assert "no WebGL 2" in found["none"]
