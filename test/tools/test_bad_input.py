"""Whatever the tools are given: a clear error that names it, exit code 1 or 2, no traceback, no half output."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from requirements import require_device
from stepwell.registry import TARGETS
from stepwell.tools import main, opt, translate

DIGITS = Path(__file__).parent.parent.parent / "examples" / "digits" / "digits.onnx"


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What `stepwell run` says of an input that it must refuse."""
    code = main.main(["run", *map(str, arguments)])
    said = capsys.readouterr().err
    assert code == 1, said
    assert said.startswith("error: ") and "Traceback" not in said
    assert len(said.splitlines()) <= 12
    return said


def npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def save(path: Path, nodes: list[onnx.NodeProto], inputs: list[str] = ["x"], outputs: list[str] = ["y"]) -> Path:  # noqa: B006
    def info(name: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3])

    graph = helper.make_graph(nodes, "g", [info(n) for n in inputs], [info(n) for n in outputs])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


IMAGE = np.zeros((1, 1, 8, 8), np.float32)


def test_missing_file(capsys) -> None:
    assert "nowhere.onnx" in run(capsys, "nowhere.onnx")


@pytest.mark.parametrize("keep", [0, 1, 100, 8000])
def test_truncated_file(capsys, tmp_path: Path, keep: int) -> None:
    (tmp_path / "cut.onnx").write_bytes(DIGITS.read_bytes()[:keep])
    assert "cut.onnx" in run(capsys, tmp_path / "cut.onnx", "--shape", "image=1x1x8x8")


def test_random_bytes(capsys, tmp_path: Path) -> None:
    (tmp_path / "noise.onnx").write_bytes(np.random.default_rng(0).bytes(5000))
    assert "noise.onnx" in run(capsys, tmp_path / "noise.onnx")


def test_unknown_kind_of_file(capsys, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"TFL3")
    said = run(capsys, tmp_path / "model.tflite")
    assert "model.tflite" in said and ".onnx" in said


def test_cyclic_graph(capsys, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Add", ["x", "b"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="second"),
    ]
    said = run(capsys, save(tmp_path / "cycle.onnx", nodes, outputs=["a"]))
    assert "cycl" in said and "first" in said


def test_all_unknown_operators_at_once(capsys, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Frobnicate", ["x"], ["a"], name="node_a"),
        helper.make_node("Frobnicate", ["a"], ["b"], name="node_b"),
        helper.make_node("Wibble", ["b"], ["y"], name="node_c"),
    ]
    said = run(capsys, save(tmp_path / "unknown.onnx", nodes))
    for word in ("Frobnicate", "2", "Wibble", "node_a", "node_c"):
        assert word in said


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, ["'image'", "missing"]),
        ({"imgae": IMAGE}, ["'imgae'", "'image'"]),
        ({"image": IMAGE, "extra": IMAGE}, ["'extra'"]),
        ({"image": IMAGE.astype(np.float64)}, ["'image'", "float64", "float32"]),
        ({"image": IMAGE[0]}, ["'image'", "3 dims"]),
        ({"image": np.zeros((1, 1, 8, 9), np.float32)}, ["'image'", "9"]),
        ({"image": np.zeros((1, 3, 8, 8), np.float32)}, ["'image'", "3"]),
    ],
    ids=["missing", "misnamed", "one-too-many", "dtype", "rank", "last-dim", "channels"],
)
def test_wrong_inputs(capsys, tmp_path: Path, arrays: dict[str, np.ndarray], words: list[str]) -> None:
    said = run(capsys, DIGITS, "--inputs", npz(tmp_path / "in.npz", **arrays), "--output", tmp_path / "out.npz")
    for word in words:
        assert word in said
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("shape", ["image=nanx1x8x8", "image=1x1x8x-8", "image", "=1x1x8x8", "image=1xx8"])
def test_shapes_that_are_none(capsys, shape: str) -> None:
    assert shape in run(capsys, DIGITS, "--shape", shape)


def test_a_shape_for_an_input_that_is_not_there(capsys) -> None:
    assert "'imgae'" in run(capsys, DIGITS, "--shape", "imgae=1x1x8x8")


def test_a_shape_that_the_model_refuses(capsys) -> None:
    said = run(capsys, DIGITS, "--shape", "image=1x1x8x9")
    assert "image=1x1x8x9 does not fit input 'image'" in said and "fix: --shape image=1x1x8x8" in said
    assert "does not fit" in run(capsys, DIGITS, "--shape", "image=1x8")


def test_symbolic_dims_without_sizes(capsys) -> None:
    assert "--shape image=1x1x8x8" in run(capsys, DIGITS)


def test_inputs_that_are_no_npz(capsys, tmp_path: Path) -> None:
    (tmp_path / "in.npz").write_bytes(b"no archive")
    assert "in.npz" in run(capsys, DIGITS, "--inputs", tmp_path / "in.npz")
    np.save(tmp_path / "one.npy", IMAGE)
    assert "one.npy" in run(capsys, DIGITS, "--inputs", tmp_path / "one.npy")
    assert "none.npz" in run(capsys, DIGITS, "--inputs", tmp_path / "none.npz")


def test_an_npz_with_a_torn_member(capsys, tmp_path: Path) -> None:
    content = io.BytesIO()
    np.save(content, IMAGE)
    with zipfile.ZipFile(tmp_path / "in.npz", "w") as archive:
        archive.writestr("image.npy", content.getvalue()[:100])
    assert "in.npz" in run(capsys, DIGITS, "--inputs", tmp_path / "in.npz")


def test_an_npz_of_python_objects(capsys, tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", image=np.array([{"not": "numbers"}], dtype=object))
    assert "in.npz" in run(capsys, DIGITS, "--inputs", tmp_path / "in.npz")


def test_an_output_that_cannot_be_written(capsys, tmp_path: Path) -> None:
    said = run(capsys, DIGITS, "--shape", "image=1x1x8x8", "--output", tmp_path / "no" / "such" / "out.npz")
    assert "out.npz" in said


def test_an_output_replaces_the_old_one_whole(tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    out.write_bytes(b"old")
    assert main.main(["run", str(DIGITS), "--shape", "image=2x1x8x8", "--output", str(out)]) == 0
    with np.load(out) as outputs:
        assert outputs["logits"].shape == (2, 10)
    assert [p.name for p in tmp_path.iterdir()] == ["out.npz"]


@pytest.mark.parametrize("threads", ["0", "-1", "100000"])
def test_threads_that_cannot_be_had(capsys, threads: str) -> None:
    assert "threads" in run(capsys, DIGITS, "--shape", "image=1x1x8x8", "--threads", threads)


def test_an_unknown_target(capsys) -> None:
    said = run(capsys, DIGITS, "--target", "natvie")
    assert "'natvie'" in said and "'native'" in said


def test_wrong_usage_is_exit_code_2(capsys) -> None:
    assert main.main(["run"]) == 2
    assert main.main(["walk"]) == 2
    for tool in (opt, translate):
        with pytest.raises(SystemExit) as stop:
            tool.main(["--no-such-flag"])
        assert stop.value.code == 2
    capsys.readouterr()


def test_translate_refuses_clearly(capsys, tmp_path: Path) -> None:
    assert translate.main([str(DIGITS), "--to", "grpah"]) == 1
    assert "'graph'" in capsys.readouterr().err
    assert translate.main([str(DIGITS), "--to", "c", "-o", str(tmp_path / "no" / "model.c")]) == 1
    assert "error: " in capsys.readouterr().err


def test_a_dump_without_its_weights(capsys, tmp_path: Path) -> None:
    dump = tmp_path / "digits.mlir"
    assert translate.main([str(DIGITS), "--to", "graph", "-o", str(dump)]) == 0
    for file in tmp_path.glob("*.safetensors"):
        file.unlink()
    assert ".safetensors" in run(capsys, dump, "--shape", "image=1x1x8x8")


LARGE = ("xdsl", "numpy", "onnx", "llvmlite")
"""Packages that take a tenth of a second and more to import."""


@pytest.mark.parametrize("tool", ["opt", "translate", "main"])
def test_help_imports_nothing_large(tool: str) -> None:
    code = f"import sys, atexit\nfrom stepwell.tools import {tool} as tool\nsys.argv = ['tool', '--help']\n"
    code += f"atexit.register(lambda: print([name for name in {LARGE} if name in sys.modules]))\ntool.main()"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "usage" in said.lower() and said.endswith("[]\n")


# -- devices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--target", "wgls"], "did you mean 'wgsl'"),
        (["--target", "wgsl", "--threads", "4"], "target 'wgsl' has no option 'threads'"),
        (["--target", "cuda", "--cpu", "haswell"], "sm_80"),
        (["--target", "opencl", "--precision", "bf16"], "target 'opencl' has no option 'precision'"),
        (["--target", "hip", "--shape", "image=1x1x8x8"], "stepwell-translate MODEL --to hip"),
        (["--target", "msl", "--shape", "image=1x1x8x8"], "stepwell-translate MODEL --to msl"),
    ],
)
def test_what_a_device_does_not_take(capsys, arguments: list[str], says: str) -> None:
    assert says in run(capsys, DIGITS, *arguments)


@pytest.mark.parametrize("target", ["wgsl", "spirv", "opencl", "glsl"])
def test_an_input_that_does_not_fit_is_refused_on_a_device(capsys, tmp_path: Path, target: str) -> None:
    require_device(target)
    for name, array, says in (
        ("imag", IMAGE, "did you mean 'image'"),
        ("image", IMAGE[..., :7], "make dim 3 8"),
        ("image", IMAGE[0], "has 3 dims"),
        ("image", IMAGE.astype(np.float64), "convert it: x.astype('float32')"),
    ):
        fed = npz(tmp_path / "in.npz", **{name: array})
        assert says in run(capsys, DIGITS, "--target", target, "--inputs", fed)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--to", "device"], "target 'native' has no level 'device'"),
        (["--to", "llvm", "--target", "wgsl"], "it has graph, kernels, tensor"),
        (["--to", "wgls"], "did you mean 'wgsl'"),
    ],
)
def test_a_level_that_a_target_does_not_pass(capsys, arguments: list[str], says: str) -> None:
    assert translate.main([str(DIGITS), "--shape", "image=1x1x8x8", *arguments]) == 1
    said = capsys.readouterr()
    assert says in said.err and not said.out


def test_help_names_every_target(capsys) -> None:
    for command in ("run", "compile", "check"):
        assert main.main([command, "--help"]) == 0
        words = " ".join(capsys.readouterr().out.split())
        assert all(f"{name}," in words for name in TARGETS)
